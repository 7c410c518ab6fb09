//! What a host and the agent in its guest say to each other: SCALE in frames, one answer to each question.

use codec::{Decode, Encode};
use hcc_evidence::host::{
	BootState, ChipHash, FoldedLog, Genesis, Hash256, ImaDelta, MinerId, PcrSet,
};

/// The version of these messages. A change of them is a new version.
pub const VERSION: u8 = 2;

/// What the host asks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Request {
	/// Who are you, and on which chip? Comes first.
	Hello { version: u8 },
	/// Have this bound by a report, and sign it.
	Attest(Box<Attest>),
}

/// What a host has gathered for a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Attest {
	pub genesis: Genesis,
	pub miner: MinerId,
	pub chip: ChipHash,
	pub seq: u64,
	pub nonce: Hash256,
	/// The attestation key: TPMT_PUBLIC.
	pub ak: Vec<u8>,
	/// TPMS_ATTEST of the quote.
	pub tpms_attest: Vec<u8>,
	/// TPMT_SIGNATURE of the quote.
	pub tpm_signature: Vec<u8>,
	pub pcr_values: PcrSet,
	pub ima_delta: ImaDelta,
	/// Where the chain takes the log up.
	pub checkpoint: Option<BootState>,
	/// The log up to where this takes it up, where that was handed in before.
	pub log: Option<FoldedLog>,
	/// The UEFI event log, where it is wanted.
	pub boot: Option<Vec<u8>>,
}

/// What the agent answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Response {
	Guest {
		/// ed25519; made when the agent started.
		guest_pk: [u8; 32],
		/// A report that binds nothing: it tells chip and firmware.
		report: Vec<u8>,
	},
	Evidence {
		/// ATTESTATION_REPORT.
		snp_report: Vec<u8>,
		/// By the guest's key over the whole evidence.
		guest_signature: [u8; 64],
	},
	/// What the host gathered does not hold; the agent stops.
	Refused {
		/// The reject code.
		code: u16,
		message: String,
	},
	/// The agent cannot answer: its secure processor failed, or it does not understand.
	Failed { message: String },
}
