//! Messages between a host and the agent in a tenant's VM: configuration, evidence and confirmation
//! of a boot, usage after each billing interval, and the end of the VM.

use codec::{Decode, Encode};
use hcc_evidence::{
	host::{Genesis, Hash256},
	vm::{SignedConfirmation, SignedReceipt, VmId},
};

use crate::VersionRange;

/// The supported versions of these messages. Every change to a message needs a new version.
pub const VERSIONS: VersionRange = VersionRange::new(1, 2);

/// A request of the host. The agent answers each with one response of the matching type.
///
/// Version 2 adds requests to those of version 1, and changes none of them. [`VmRequest::since`]
/// gives the lowest version in which a request may be sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum VmRequest {
	/// Asks for evidence of a boot. The answer is a [`BootResponse`].
	#[codec(index = 0)]
	ShowBoot(BootRequest),
	/// Asks for a usage receipt. The answer is a [`UsageResponse`].
	#[codec(index = 1)]
	ReportUsage(UsageRequest),
	/// Gives the agent the VM's configuration, before the boot. The answer is a
	/// [`ConfigureResponse`].
	#[codec(index = 2)]
	Configure(Box<Configure>),
	/// Asks for the confirmation of the boot whose evidence was shown. The answer is a
	/// [`ConfirmResponse`].
	#[codec(index = 3)]
	Confirm(ConfirmRequest),
	/// Asks the VM to power off in order. The answer is a [`StopResponse`].
	#[codec(index = 4)]
	Stop,
}

impl VmRequest {
	/// Returns the lowest version of these messages that includes the request. A session of a lower
	/// version must not carry it.
	pub const fn since(&self) -> u8 {
		match self {
			Self::ShowBoot(_) | Self::ReportUsage(_) => 1,
			Self::Configure(_) | Self::Confirm(_) | Self::Stop => 2,
		}
	}
}

/// The configuration of a VM, with everything that its HOST_DATA binds and its tenant has signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Configure {
	pub genesis: Genesis,
	pub vm: VmId,
	/// The number of times that the VM was assigned to a miner.
	pub generation: u32,
	/// The root over the holders of shares of the disk key.
	pub holders_root: Hash256,
	/// The configuration, in the format of the crate `hcc-vm-config`.
	pub config: Vec<u8>,
	/// The account of the tenant.
	pub tenant: [u8; 32],
	/// The number of the order, among those of the tenant.
	pub order_nonce: u64,
	/// The revision of the configuration.
	pub revision: u32,
	/// The ed25519 key that the order names as the signer of configurations.
	pub signer: [u8; 32],
	/// The signature over [`hcc_evidence::vm::config::config_revision_statement`].
	pub signature: [u8; 64],
}

/// The agent's answer to [`Configure`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ConfigureResponse {
	/// The configuration is the one that HOST_DATA binds. The VM boots with it.
	#[codec(index = 0)]
	Configured,
	/// The agent refuses the configuration, and continues to wait for another one.
	#[codec(index = 1)]
	Refused { code: u16, message: String },
}

/// The boot that the agent must attest. The chain has opened this boot.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BootRequest {
	pub genesis: Genesis,
	pub vm: VmId,
	/// The number of miners that the VM was assigned to so far.
	pub generation: u32,
	/// The boot counter of the VM.
	pub counter: u32,
	/// The nonce that the chain has drawn for this boot.
	pub nonce: Hash256,
}

/// The agent's answer to a [`BootRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BootResponse {
	#[codec(index = 0)]
	Evidence {
		/// The ATTESTATION_REPORT whose REPORT_DATA covers the boot and the keys below.
		snp_report: Vec<u8>,
		/// The agent's ed25519 key, generated at this boot.
		guest_pk: [u8; 32],
		/// The agent's X-Wing key, generated at this boot.
		kem_pk: Vec<u8>,
		/// SHA-256 of the SSH host key.
		ssh_host_key_hash: [u8; 32],
	},
	/// The agent cannot answer.
	#[codec(index = 1)]
	Failed { message: String },
}

/// The boot that the host asks an agent to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConfirmRequest {
	pub vm: VmId,
	/// The number of times that the VM was assigned to a miner.
	pub generation: u32,
	/// The boot counter of the VM.
	pub counter: u32,
}

/// The agent's answer to a [`ConfirmRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ConfirmResponse {
	/// The confirmation, signed by the key of the boot. A repeated request returns the same one.
	#[codec(index = 0)]
	Confirmed(SignedConfirmation),
	/// The agent has shown no evidence of that boot.
	#[codec(index = 1)]
	Refused { code: u16, message: String },
}

/// The billing interval for which the host asks for a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct UsageRequest {
	pub genesis: Genesis,
	pub interval: u32,
}

/// The agent's answer to a [`UsageRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum UsageResponse {
	/// The receipt, signed by the key of the boot.
	#[codec(index = 0)]
	Receipt(SignedReceipt),
	/// The agent cannot answer.
	#[codec(index = 1)]
	Failed { message: String },
}

/// The agent's answer to [`VmRequest::Stop`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum StopResponse {
	/// The VM powers off. The host still has to set a time limit.
	#[codec(index = 0)]
	Stopping,
	/// The agent cannot power off now.
	#[codec(index = 1)]
	Refused { code: u16, message: String },
}

#[cfg(test)]
mod tests {
	use std::time::Duration;

	use hcc_evidence::vm::Confirmation;

	use super::*;

	#[test]
	fn requests_have_fixed_bytes() {
		let boot =
			BootRequest { genesis: [1; 32], vm: 2, generation: 3, counter: 4, nonce: [5; 32] };
		let numbers = [&2u64.to_le_bytes()[..], &3u32.to_le_bytes(), &4u32.to_le_bytes()].concat();
		assert_eq!(
			VmRequest::ShowBoot(boot).encode(),
			[&[0u8][..], &[1; 32], &numbers, &[5; 32]].concat()
		);
		let usage = UsageRequest { genesis: [1; 32], interval: 2 };
		assert_eq!(
			VmRequest::ReportUsage(usage).encode(),
			[&[1u8][..], &[1; 32], &2u32.to_le_bytes()].concat()
		);
	}

	fn configure() -> Configure {
		Configure {
			genesis: [1; 32],
			vm: 2,
			generation: 3,
			holders_root: [4; 32],
			config: b"{}".to_vec(),
			tenant: [5; 32],
			order_nonce: 6,
			revision: 7,
			signer: [8; 32],
			signature: [9; 64],
		}
	}

	#[test]
	fn requests_of_version_two_have_fixed_bytes() {
		let numbers = [&2u64.to_le_bytes()[..], &3u32.to_le_bytes()].concat();
		// A byte of 8 is a compact length of 2.
		let config = [&[8u8][..], b"{}"].concat();
		let order = [&6u64.to_le_bytes()[..], &7u32.to_le_bytes()].concat();
		assert_eq!(
			VmRequest::Configure(Box::new(configure())).encode(),
			[
				&[2u8][..],
				&[1; 32],
				&numbers,
				&[4; 32],
				&config,
				&[5; 32],
				&order,
				&[8; 32],
				&[9; 64]
			]
			.concat()
		);
		let confirm = ConfirmRequest { vm: 2, generation: 3, counter: 4 };
		assert_eq!(
			VmRequest::Confirm(confirm).encode(),
			[&[3u8][..], &numbers, &4u32.to_le_bytes()].concat()
		);
		assert_eq!(VmRequest::Stop.encode(), [4]);
	}

	#[test]
	fn responses_of_version_two_have_fixed_bytes() {
		let refused = [1, 3, 0, 4, b'x'];
		let (code, message) = (3, String::from("x"));
		assert_eq!(ConfigureResponse::Configured.encode(), [0]);
		let answer = ConfigureResponse::Refused { code, message: message.clone() };
		assert_eq!(answer.encode(), refused);
		let answer = ConfirmResponse::Refused { code, message: message.clone() };
		assert_eq!(answer.encode(), refused);
		assert_eq!(StopResponse::Stopping.encode(), [0]);
		assert_eq!(StopResponse::Refused { code, message }.encode(), refused);
		let confirmation = Confirmation {
			vm: 2,
			generation: 3,
			boot_counter: 4,
			key_commit: None,
			token_root: [5; 32],
			stamp: 6,
		};
		let signed = SignedConfirmation { confirmation, signature: [7; 64] };
		let numbers = [&2u64.to_le_bytes()[..], &3u32.to_le_bytes(), &4u32.to_le_bytes()].concat();
		assert_eq!(
			ConfirmResponse::Confirmed(signed).encode(),
			[&[0u8][..], &numbers, &[0], &[5; 32], &6u64.to_le_bytes(), &[7; 64]].concat()
		);
	}

	#[test]
	fn requests_name_their_first_version() {
		let boot =
			BootRequest { genesis: [1; 32], vm: 2, generation: 3, counter: 4, nonce: [5; 32] };
		assert_eq!(VmRequest::ShowBoot(boot).since(), 1);
		let usage = UsageRequest { genesis: [1; 32], interval: 2 };
		assert_eq!(VmRequest::ReportUsage(usage).since(), 1);
		assert_eq!(VmRequest::Configure(Box::new(configure())).since(), 2);
		let confirm = ConfirmRequest { vm: 2, generation: 3, counter: 4 };
		assert_eq!(VmRequest::Confirm(confirm).since(), 2);
		assert_eq!(VmRequest::Stop.since(), 2);
	}

	/// Run time of the fuzz target in `cargo test`.
	const TEST_TIME: Duration = Duration::from_secs(1);

	#[test]
	fn decoded_request_encodes_to_same_bytes() {
		bolero::check!().with_type::<Vec<u8>>().with_test_time(TEST_TIME).for_each(|bytes| {
			let mut rest = &bytes[..];
			if let Ok(request) = VmRequest::decode(&mut rest) {
				let read = bytes.len() - rest.len();
				assert_eq!(request.encode(), bytes[..read]);
			}
		});
	}

	#[test]
	fn responses_have_fixed_bytes() {
		// SCALE encodes a length of 1 as the byte 4.
		let evidence = BootResponse::Evidence {
			snp_report: vec![1],
			guest_pk: [2; 32],
			kem_pk: vec![3],
			ssh_host_key_hash: [4; 32],
		};
		assert_eq!(evidence.encode(), [&[0u8][..], &[4, 1], &[2; 32], &[4, 3], &[4; 32]].concat());
		let failed = BootResponse::Failed { message: "x".into() };
		assert_eq!(failed.encode(), [1, 4, b'x']);
		let failed = UsageResponse::Failed { message: "x".into() };
		assert_eq!(failed.encode(), [1, 4, b'x']);
	}
}
