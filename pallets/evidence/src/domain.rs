//! The tags by which hashed and signed statements of the protocol are kept apart.
//!
//! A statement starts with its tag, padded with zeroes to 16 bytes, and the genesis hash of the chain, so that nothing said on one chain
//! or for one purpose can be taken for anything else. A layout never changes: it gets a new tag.

/// A tag, padded.
pub type Tag = [u8; 16];

/// The nonce of a challenge.
pub const CHALLENGE: Tag = *b"hcc/challenge/v1";
/// extraData of a host's TPM quote.
pub const QUOTE: Tag = *b"hcc/quote/v1\0\0\0\0";
/// REPORT_DATA of a host's SNP report.
pub const HOST: Tag = *b"hcc/host/v1\0\0\0\0\0";
/// What the guest signs: a whole evidence.
pub const EVIDENCE: Tag = *b"hcc/evidence/v1\0";
/// What a credential for a TPM is made from.
pub const CREDENTIAL: Tag = *b"hcc/cred/v1\0\0\0\0\0";
/// What validators vote for: a finding.
pub const VERDICT: Tag = *b"hcc/verdict/v1\0\0";
/// What validators judge: the identifier of one evidence for one challenge.
pub const SUBJECT: Tag = *b"hcc/subject/v1\0\0";
/// A part of a measurement log that was handed in.
pub const LOG: Tag = *b"hcc/log/v1\0\0\0\0\0\0";
/// The nonce of a VM's boot.
pub const BOOT: Tag = *b"hcc/boot/v1\0\0\0\0\0";
/// REPORT_DATA of a VM's SNP report.
pub const VM: Tag = *b"hcc/vm/v1\0\0\0\0\0\0\0";
/// HOST_DATA of a VM.
pub const ORDER: Tag = *b"hcc/order/v1\0\0\0\0";
/// What a tenant signs: the configuration of a VM.
pub const CONFIG: Tag = *b"hcc/config/v1\0\0\0";
/// What a guest signs: a receipt of use.
pub const RECEIPT: Tag = *b"hcc/receipt/v1\0\0";
/// A chip's hash; without a genesis hash, since chips outlive chains.
pub const CHIP: Tag = *b"hcc/chip/v1\0\0\0\0\0";

/// Every tag.
pub const ALL: &[Tag] = &[
	CHALLENGE, QUOTE, HOST, EVIDENCE, CREDENTIAL, VERDICT, SUBJECT, LOG, BOOT, VM, ORDER, CONFIG,
	RECEIPT, CHIP,
];

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tags_are_distinct() {
		for (at, tag) in ALL.iter().enumerate() {
			assert!(!ALL[..at].contains(tag));
		}
	}
}
