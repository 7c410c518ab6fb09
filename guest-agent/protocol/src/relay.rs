//! Messages between a client, such as `hcc vm ssh`, and a miner's relay.
//!
//! After [`RelayResponse::Open`] the session ends, and the stream carries the bytes of the service.
//! A relay is not trusted: SSH protects itself, and the console log is the host's word.

use codec::{Decode, Encode};
use hcc_evidence::{
	host::{Genesis, Hash256},
	vm::VmId,
};

use crate::VersionRange;

/// The supported versions of these messages. Every change to a message needs a new version.
pub const VERSIONS: VersionRange = VersionRange::new(1, 1);

/// The vsock port of SSH in a VM.
pub const SSH_PORT: u32 = 22;
/// The maximum length of any message here, in bytes. A relay reads requests of unknown clients.
pub const MAX_MESSAGE: u32 = 128;

/// The first message of a client: the service that it wants to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RelayRequest {
	pub genesis: Genesis,
	pub vm: VmId,
	pub service: Service,
}

/// A service of a VM that a relay leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Service {
	/// SSH, at vsock port [`SSH_PORT`].
	#[codec(index = 0)]
	Ssh,
	/// The console log that the host keeps. Needs a [`ConsoleProof`].
	#[codec(index = 1)]
	Logs {
		/// True to receive later lines as well, until the client closes the stream.
		follow: bool,
	},
	/// A port that the VM's configuration publishes, at the vsock port of the same number.
	#[codec(index = 2)]
	Port(u16),
}

/// The relay's answer to a [`RelayRequest`] and to a [`ConsoleProof`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RelayResponse {
	/// The service is reached. Its bytes follow.
	#[codec(index = 0)]
	Open,
	/// The relay does not lead to the service, and closes the stream.
	#[codec(index = 1)]
	Refused(Refusal),
	/// The client must send a [`ConsoleProof`] for this nonce.
	#[codec(index = 2)]
	Prove { nonce: Hash256 },
}

/// The proof that a client may read a console log: its host sees the log, but others must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConsoleProof {
	/// The ed25519 signature over [`hcc_evidence::vm::console_statement`], with the key that signed
	/// the VM's configuration.
	pub signature: [u8; 64],
}

/// Reasons for which a relay refuses a connection. Each has a stable code, its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum Refusal {
	/// Cause: the host's VMs belong to another chain. Remedy: use a node of the VM's chain.
	#[error("the relay serves another chain")]
	#[codec(index = 1)]
	WrongChain,
	/// Cause: the host has never run this VM, or has ended it. Remedy: check the number; wait for
	/// the next boot; `hcc vm show` names the miner.
	#[error("the host does not know this VM")]
	#[codec(index = 2)]
	UnknownVm,
	/// Cause: the VM crashed. Remedy: wait; its miner reports the crash, and it boots again.
	#[error("the VM does not run on this host at present")]
	#[codec(index = 3)]
	NotRunning,
	/// Cause: the VM's configuration does not publish the port, or the host keeps no console log.
	/// Remedy: publish the port, or forward it through SSH.
	#[error("the VM does not publish this service")]
	#[codec(index = 4)]
	NotPublished,
	/// Cause: the VM has the maximum number of connections. Remedy: close some, or wait.
	#[error("the VM has too many connections")]
	#[codec(index = 5)]
	TooManyForVm,
	/// Cause: the relay has the maximum number of connections. Remedy: wait.
	#[error("the relay has too many connections")]
	#[codec(index = 6)]
	TooMany,
	/// Cause: the VM runs, but does not accept the connection: it still boots, or the service is
	/// not started. Remedy: wait, and check the image.
	#[error("the VM does not accept the connection")]
	#[codec(index = 7)]
	Unreachable,
	/// Cause: the signature for the console log is not valid for the key that signed the VM's
	/// configuration. Remedy: use that key.
	#[error("the key is not the one that signed the VM's configuration")]
	#[codec(index = 8)]
	NotTheTenant,
}

impl Refusal {
	/// All refusals.
	pub const ALL: [Self; 8] = [
		Self::WrongChain,
		Self::UnknownVm,
		Self::NotRunning,
		Self::NotPublished,
		Self::TooManyForVm,
		Self::TooMany,
		Self::Unreachable,
		Self::NotTheTenant,
	];

	/// Returns the stable code.
	pub const fn code(self) -> u8 {
		match self {
			Self::WrongChain => 1,
			Self::UnknownVm => 2,
			Self::NotRunning => 3,
			Self::NotPublished => 4,
			Self::TooManyForVm => 5,
			Self::TooMany => 6,
			Self::Unreachable => 7,
			Self::NotTheTenant => 8,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn messages_have_fixed_bytes() {
		let start = [&[1u8; 32][..], &2u64.to_le_bytes()].concat();
		for (service, bytes) in [
			(Service::Ssh, &[0u8][..]),
			(Service::Logs { follow: true }, &[1, 1][..]),
			(Service::Port(443), &[2, 0xbb, 1][..]),
		] {
			let request = RelayRequest { genesis: [1; 32], vm: 2, service };
			assert_eq!(request.encode(), [&start[..], bytes].concat());
		}
		assert_eq!(RelayResponse::Open.encode(), [0]);
		let prove = RelayResponse::Prove { nonce: [3; 32] };
		assert_eq!(prove.encode(), [&[2u8][..], &[3; 32]].concat());
		assert_eq!(ConsoleProof { signature: [4; 64] }.encode(), [4; 64]);
	}

	#[test]
	fn refusals_have_distinct_codes_and_texts() {
		let mut texts: Vec<_> = Refusal::ALL.iter().map(ToString::to_string).collect();
		for refusal in Refusal::ALL {
			assert_eq!(RelayResponse::Refused(refusal).encode(), [1, refusal.code()]);
		}
		texts.sort();
		texts.dedup();
		assert_eq!(texts.len(), Refusal::ALL.len());
	}

	#[test]
	fn messages_fit_limit() {
		let proof = ConsoleProof { signature: [0; 64] };
		let request = RelayRequest { genesis: [0; 32], vm: 0, service: Service::Port(0) };
		assert!(proof.encoded_size().max(request.encoded_size()) <= MAX_MESSAGE as usize);
	}
}
