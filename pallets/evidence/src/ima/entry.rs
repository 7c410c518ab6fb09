//! What one entry of a log means, and what it makes of PCR 10.

use alloc::{string::String, vec::Vec};

use super::{FileVerdict, Files, HashAlgorithm, Record, IMA_PCR};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// The name of the entry that the kernel makes before it measures any file.
pub(super) const BOOT_AGGREGATE: &[u8] = b"boot_aggregate";
/// How much of a name or a digest a witness shows.
pub(super) const MAX_SHOWN: usize = 256;

/// What an entry means.
pub(super) enum Entry {
	/// A file that is allowed, or one that is not judged.
	Fine,
	/// It extended another PCR than 10. Proven by nothing, it could name whatever file it likes.
	OtherPcr,
	/// The kernel could not tell what was in the file.
	Violation,
	Unknown,
	Forbidden,
	Outdated,
	/// The file was measured by a hash that no list is kept in.
	OtherHash(Rejection),
}

/// Tells what an entry means; files are judged where there is somebody who knows them.
pub(super) fn examine<F: Files>(record: &Record<'_>, files: Option<&F>) -> Entry {
	if record.pcr != u32::from(IMA_PCR) {
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

/// PCR 10 after an entry; none where that extended another PCR.
pub(super) fn extended(bank: PcrBank, pcr10: &[u8], record: &Record<'_>) -> Option<Vec<u8>> {
	if record.pcr != u32::from(IMA_PCR) {
		return None;
	}
	let hash = if record.is_violation() {
		alloc::vec![0xff; bank.digest_len()]
	} else {
		record.template_hash(bank)
	};
	Some(bank.hash(&[pcr10, &hash]))
}

/// Whether an entry's recorded digest is not that of its data.
pub(super) fn is_altered(record: &Record<'_>) -> bool {
	record.pcr == u32::from(IMA_PCR)
		&& !record.is_violation()
		&& record.template_hash(PcrBank::Sha1) != record.template_digest
}

/// Judges the file of an entry. The kernel's own first entry is no file: what it covers is the quote's PCRs 0 to 9.
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

/// The name, safe to print: it is chosen by whoever put the file there.
pub(super) fn name(record: &Record<'_>) -> String {
	record.name.escape_ascii().take(MAX_SHOWN).map(char::from).collect()
}
