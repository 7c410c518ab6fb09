//! Messages between a host and the agent in a tenant's VM, at boot and after each billing interval.

use codec::{Decode, Encode};
use hcc_evidence::{
	host::{Genesis, Hash256},
	vm::{SignedReceipt, VmId},
};

use crate::VersionRange;

/// The supported versions of these messages. Every change to a message needs a new version.
pub const VERSIONS: VersionRange = VersionRange::new(1, 1);

/// A request of the host. The agent answers each with one response of the matching type.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum VmRequest {
	/// Asks for evidence of a boot. The answer is a [`BootResponse`].
	#[codec(index = 0)]
	ShowBoot(BootRequest),
	/// Asks for a usage receipt. The answer is a [`UsageResponse`].
	#[codec(index = 1)]
	ReportUsage(UsageRequest),
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

#[cfg(test)]
mod tests {
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
