//! Domain tags, which separate the hashed and signed statements of the protocol.
//!
//! A statement starts with its tag, padded with zeroes to 16 bytes, and the genesis hash of the
//! chain. A statement of one chain or purpose is therefore never valid for another. A layout never
//! changes: a new layout gets a new tag. `docs/protocol.md` specifies each layout.

/// A tag, padded with zeroes.
pub type Tag = [u8; 16];

/// The nonce of a challenge.
pub const CHALLENGE: Tag = *b"hcc/challenge/v1";
/// The extraData of a host's TPM quote.
pub const QUOTE: Tag = *b"hcc/quote/v1\0\0\0\0";
/// The REPORT_DATA of a host's SNP report.
pub const HOST: Tag = *b"hcc/host/v1\0\0\0\0\0";
/// The statement that a guest signs over a host's whole evidence.
pub const EVIDENCE: Tag = *b"hcc/evidence/v1\0";
/// The values that are derived from the seed of a TPM credential.
pub const CREDENTIAL: Tag = *b"hcc/cred/v1\0\0\0\0\0";
/// The hash of a finding, for which validators vote.
pub const VERDICT: Tag = *b"hcc/verdict/v1\0\0";
/// The identifier of a subject: one piece of evidence for one challenge, which validators judge.
pub const SUBJECT: Tag = *b"hcc/subject/v1\0\0";
/// The identifier of a log submission: a part of a measurement log.
pub const LOG: Tag = *b"hcc/log/v1\0\0\0\0\0\0";
/// The nonce of a VM's boot.
pub const BOOT: Tag = *b"hcc/boot/v1\0\0\0\0\0";
/// The REPORT_DATA of a VM's SNP report.
pub const VM: Tag = *b"hcc/vm/v1\0\0\0\0\0\0\0";
/// The HOST_DATA of a VM.
pub const ORDER: Tag = *b"hcc/order/v1\0\0\0\0";
/// The statement that a tenant signs over a revision of the configuration of an order.
pub const CONFIG_V2: Tag = *b"hcc/config/v2\0\0\0";
/// The statement by which a guest confirms its boot.
pub const CONFIRMATION: Tag = *b"hcc/confirm/v1\0\0";
/// The statement that a guest signs over a usage receipt.
pub const RECEIPT: Tag = *b"hcc/receipt/v1\0\0";
/// The statement that a tenant signs to read the console log of a VM.
pub const CONSOLE: Tag = *b"hcc/console/v1\0\0";
/// HOST_DATA of a host's attestation agent.
pub const AGENT: Tag = *b"hcc/agent/v1\0\0\0\0";
/// The hash of a chip. It has no genesis hash, because a chip has the same history on all chains.
pub const CHIP: Tag = *b"hcc/chip/v1\0\0\0\0\0";
/// The id of an image. It has no genesis hash, because an image is the same on all chains.
pub const IMAGE: Tag = *b"hcc/image/v1\0\0\0\0";
/// The statement that an image was rebuilt from its sources.
pub const REBUILD: Tag = *b"hcc/rebuild/v1\0\0";

/// All tags.
pub const ALL: &[Tag] = &[
	CHALLENGE,
	QUOTE,
	HOST,
	EVIDENCE,
	CREDENTIAL,
	VERDICT,
	SUBJECT,
	LOG,
	BOOT,
	VM,
	ORDER,
	CONFIG_V2,
	CONFIRMATION,
	RECEIPT,
	CONSOLE,
	AGENT,
	CHIP,
	IMAGE,
	REBUILD,
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
