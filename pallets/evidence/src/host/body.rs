use alloc::vec::Vec;

use super::MinerId;

/// The PCRs that a host's quote covers, in ascending order: firmware, boot loader and kernel (0 to
/// 9), IMA (10), keys of shim (14).
pub const QUOTED_PCRS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14];

/// The values of [`QUOTED_PCRS`] in the SHA-256 bank.
pub type PcrSet = [[u8; 32]; QUOTED_PCRS.len()];

/// The part of the measurement log that the chain has not seen, in whole records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct ImaDelta {
	/// The number of the first record, from 0.
	pub from_entry: u32,
	pub records: Vec<u8>,
}

/// The evidence of a host: a report of a guest on its chip and a quote of its TPM. Both are bound
/// to each other and to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct HostEvidence {
	/// The account whose challenge the evidence answers.
	pub miner: MinerId,
	/// The number of that challenge.
	pub seq: u64,
	/// ATTESTATION_REPORT, 1184 bytes.
	pub snp_report: Vec<u8>,
	/// TPMS_ATTEST of the quote.
	pub tpms_attest: Vec<u8>,
	/// TPMT_SIGNATURE of the quote.
	pub tpm_signature: Vec<u8>,
	pub pcr_values: PcrSet,
	pub ima_delta: ImaDelta,
	/// The UEFI event log, for evidence of a new boot.
	pub boot: Option<Vec<u8>>,
	/// The ed25519 key of the guest.
	pub guest_pk: [u8; 32],
	/// The signature of `guest_pk` over [`super::guest_statement`].
	pub guest_signature: [u8; 64],
}
