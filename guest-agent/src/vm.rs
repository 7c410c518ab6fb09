//! What a host and the agent in a tenant's VM say to each other, at boot and later: frames, as with the host's own agent.

use codec::{Decode, Encode};
use hcc_evidence::{
	host::{Genesis, Hash256},
	vm::{SignedReceipt, VmId},
};

/// The version of these messages. A change of them is a new version.
pub const VERSION: u8 = 2;

/// What the host asks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Question {
	ShowBoot(ShowBoot),
	TellUse(TellUse),
}

/// What the host asks of a VM that has booted: to show that, for the boot that the chain has opened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ShowBoot {
	pub version: u8,
	pub genesis: Genesis,
	pub vm: VmId,
	pub generation: u32,
	pub counter: u32,
	pub nonce: Hash256,
}

/// What the agent answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BootShown {
	Evidence {
		/// ATTESTATION_REPORT.
		snp_report: Vec<u8>,
		/// ed25519; made at this boot.
		guest_pk: [u8; 32],
		/// X-Wing; made at this boot.
		kem_pk: Vec<u8>,
		/// SHA-256.
		ssh_host_key_hash: [u8; 32],
	},
	/// The agent cannot answer.
	Failed { message: String },
}

/// What the host asks of a VM when a billing interval is over: what it got.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TellUse {
	pub version: u8,
	pub genesis: Genesis,
	pub interval: u32,
}

/// What the agent answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum UseTold {
	Receipt(SignedReceipt),
	/// The agent cannot answer.
	Failed {
		message: String,
	},
}
