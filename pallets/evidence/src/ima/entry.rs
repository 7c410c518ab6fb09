//! The judgement of one log entry, and its effect on PCR 10.

use alloc::{string::String, vec::Vec};

use super::{FileVerdict, Files, HashAlgorithm, Record, IMA_PCR};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// The name of the entry that the kernel adds before it measures any file.
pub(super) const BOOT_AGGREGATE: &[u8] = b"boot_aggregate";
/// The maximum length of a name or a digest in a witness, in bytes.
pub(super) const MAX_SHOWN: usize = 256;

/// The judgement of a log entry.
pub(super) enum Entry {
	/// The file is allowed, or files are not judged.
	Fine,
	/// The entry extended a PCR other than 10. The quoted PCR 10 does not prove the entry, so the
	/// entry could name any file.
	OtherPcr,
	/// The kernel could not measure the file reliably.
	Violation,
	Unknown,
	Forbidden,
	Outdated,
	/// The file was measured with a hash algorithm that file lists do not use.
	OtherHash(Rejection),
}

/// Judges an entry. Without `files`, every file counts as allowed.
pub(super) fn examine<F: Files>(record: &Record<'_>, files: Option<&F>) -> Entry {
	if !is_of_pcr10(record) {
		return Entry::OtherPcr;
	}
	if record.is_violation() {
		return Entry::Violation;
	}
	match files.map_or(Ok(FileVerdict::Allowed), |files| judge(record, files)) {
		Ok(FileVerdict::Allowed) => Entry::Fine,
		Ok(FileVerdict::Unknown) => Entry::Unknown,
		Ok(FileVerdict::Forbidden) => Entry::Forbidden,
		Ok(FileVerdict::Outdated) => Entry::Outdated,
		Err(rejection) => Entry::OtherHash(rejection),
	}
}

/// Returns `true` if the entry extended PCR 10, so that a quote of PCR 10 can prove the entry.
pub(super) fn is_of_pcr10(record: &Record<'_>) -> bool {
	record.pcr == u32::from(IMA_PCR)
}

/// Returns PCR 10 after an entry, or `None` if the entry extended another PCR.
pub(super) fn extended(bank: PcrBank, pcr10: &[u8], record: &Record<'_>) -> Option<Vec<u8>> {
	if !is_of_pcr10(record) {
		return None;
	}
	let hash = if record.is_violation() {
		alloc::vec![0xff; bank.digest_len()]
	} else {
		record.template_hash(bank)
	};
	Some(bank.hash(&[pcr10, &hash]))
}

/// Returns PCR 10 after an entry in a kernel before 5.8, which extends every bank with the SHA-1
/// template digest, padded with zeroes.
pub(super) fn extended_padded(bank: PcrBank, pcr10: &[u8], record: &Record<'_>) -> Option<Vec<u8>> {
	if !is_of_pcr10(record) {
		return None;
	}
	if record.is_violation() {
		return extended(bank, pcr10, record);
	}
	let mut padded = record.template_hash(PcrBank::Sha1);
	padded.resize(bank.digest_len(), 0);
	Some(bank.hash(&[pcr10, &padded]))
}

/// Returns `true` if an entry of PCR 10 does not have the digest that the kernel recorded.
pub(super) fn is_altered(record: &Record<'_>) -> bool {
	is_of_pcr10(record) && record.is_altered()
}

/// Judges the file of an entry. The kernel's own first entry does not name a file. Its digest
/// covers PCRs 0 to 9, which the quote proves.
fn judge<F: Files>(record: &Record<'_>, files: &F) -> Check<FileVerdict> {
	if record.index == 0 && record.name == BOOT_AGGREGATE {
		return Ok(FileVerdict::Allowed);
	}
	let (name, digest) = record.file_digest()?;
	match HashAlgorithm::from_name(name) {
		Some(algorithm) if algorithm.digest_len() == digest.len() => {
			Ok(files.judge_entry(record.index, algorithm, digest))
		},
		_ => {
			let seen: String = name.chars().take(MAX_SHOWN).collect();
			let wanted = "sha256, sha384 or sha512";
			Err(Rejection::new(RejectCode::ImaFileHash, "file digest", seen, wanted)
				.at(record.index))
		},
	}
}

/// Returns the file name, escaped and shortened. It can contain any bytes, because the creator of
/// the file chose it.
pub(super) fn name(record: &Record<'_>) -> String {
	record.name.escape_ascii().take(MAX_SHOWN).map(char::from).collect()
}
