//! Messages between a miner's host and the guest agent beside it, `hccam`.

use codec::{Decode, Encode};
use hcc_evidence::host::{
	BootState, ChipHash, FoldedLog, Genesis, Hash256, ImaDelta, MinerId, PcrSet,
};

use crate::VersionRange;

/// The supported versions of these messages. Every change to a message needs a new version.
pub const VERSIONS: VersionRange = VersionRange::new(1, 1);

/// A request of the host. The agent answers each with one [`GuestResponse`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum GuestRequest {
	/// Asks for the agent's key and the chip that it runs on.
	#[codec(index = 0)]
	Identify,
	/// Asks for a report that is bound to the gathered evidence, and for the guest's signature.
	#[codec(index = 1)]
	Attest(Box<GatheredEvidence>),
}

/// The evidence that a host has gathered for a challenge, before the guest binds it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GatheredEvidence {
	pub genesis: Genesis,
	pub miner: MinerId,
	pub chip: ChipHash,
	/// The sequence number of the challenge.
	pub seq: u64,
	/// The nonce of the challenge.
	pub nonce: Hash256,
	/// The TPM's attestation key: TPMT_PUBLIC.
	pub ak: Vec<u8>,
	/// The quote: TPMS_ATTEST.
	pub tpms_attest: Vec<u8>,
	/// The signature of the quote: TPMT_SIGNATURE.
	pub tpm_signature: Vec<u8>,
	pub pcr_values: PcrSet,
	/// The part of the IMA log that this evidence contains.
	pub ima_delta: ImaDelta,
	/// The log checkpoint, if the chain has one for this host.
	pub checkpoint: Option<BootState>,
	/// The log submission: the state of the log before `ima_delta`, if the miner has submitted that
	/// part in advance.
	pub log: Option<FoldedLog>,
	/// The UEFI event log, if this evidence must include it.
	pub boot: Option<Vec<u8>>,
}

/// The agent's answer to a [`GuestRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum GuestResponse {
	/// Answers `Identify`.
	#[codec(index = 0)]
	Identity {
		/// The agent's ed25519 key. The agent generates it at each start.
		guest_pk: [u8; 32],
		/// The ATTESTATION_REPORT with a REPORT_DATA of zeroes. The report identifies the chip and
		/// the firmware.
		report: Vec<u8>,
	},
	/// Answers `Attest`.
	#[codec(index = 1)]
	Evidence {
		/// The ATTESTATION_REPORT whose REPORT_DATA covers the gathered evidence.
		snp_report: Vec<u8>,
		/// The signature by `guest_pk` over the whole evidence.
		guest_signature: [u8; 64],
	},
	/// The gathered evidence fails a check, or the request cannot be read. The agent continues.
	#[codec(index = 2)]
	Refused {
		/// The reject code, or 0 if the request cannot be read.
		code: u16,
		message: String,
	},
	/// The agent cannot answer, because its secure processor failed. The agent stops after this
	/// answer.
	#[codec(index = 3)]
	Failed { message: String },
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn small_messages_have_fixed_bytes() {
		assert_eq!(GuestRequest::Identify.encode(), [0]);
		// SCALE encodes a length of 1 as the byte 4, and a length of 2 as the byte 8.
		let identity = GuestResponse::Identity { guest_pk: [7; 32], report: vec![8, 9] };
		assert_eq!(identity.encode(), [&[0u8][..], &[7; 32], &[8, 8, 9]].concat());
		let evidence = GuestResponse::Evidence { snp_report: vec![8], guest_signature: [7; 64] };
		assert_eq!(evidence.encode(), [&[1u8][..], &[4, 8], &[7; 64]].concat());
		let refused = GuestResponse::Refused { code: 0x0102, message: "x".into() };
		assert_eq!(refused.encode(), [2, 2, 1, 4, b'x']);
		let failed = GuestResponse::Failed { message: "x".into() };
		assert_eq!(failed.encode(), [3, 4, b'x']);
	}
}
