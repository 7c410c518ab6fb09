//! The kernel's IMA log.

use std::{fs, io, ops::Range, path::Path};

use hcc_evidence::{
	host::Hash256,
	ima::{fold, Checkpoint, DigestList, Limits, LogFindings, Records},
	tpm::PcrBank,
};

/// Reasons why the IMA log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
	/// The log cannot be read. Mount securityfs, and run the agent as root.
	#[error("cannot read {path}: {error}")]
	Unreadable { path: String, error: io::Error },
	/// The file is not an IMA log. Either the path names another file, or the kernel is big-endian
	/// and runs without `ima_canonical_fmt`.
	#[error("{path} is not an IMA log: {reason}")]
	Malformed { path: String, reason: String },
	/// The log has fewer entries than the chain has accepted, although the TPM was not reset.
	#[error("the log has {seen} entries, but the chain has accepted {known}")]
	Short { seen: u32, known: u32 },
}

/// Maximum size of the part of a log in one transaction: bytes and entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
	pub bytes: usize,
	pub entries: u32,
}

/// An IMA log that consists of whole records.
pub(crate) struct Log {
	bytes: Vec<u8>,
	/// Offset of the end of each record.
	ends: Vec<usize>,
}

impl Log {
	/// Reads the kernel's current log.
	pub(crate) fn read(path: &Path) -> Result<Self, LogError> {
		let shown = || path.display().to_string();
		let bytes =
			fs::read(path).map_err(|error| LogError::Unreadable { path: shown(), error })?;
		Self::parse(bytes).map_err(|reason| LogError::Malformed { path: shown(), reason })
	}

	/// Splits bytes into records.
	pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, String> {
		let mut ends = Vec::new();
		let mut records = Records::new(&bytes, 0);
		while let Some(record) = records.next() {
			record.map_err(|why| why.to_string())?;
			ends.push(bytes.len() - records.rest().len());
		}
		Ok(Self { bytes, ends })
	}

	/// Returns the number of entries.
	pub(crate) fn entries(&self) -> u32 {
		u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
	}

	/// Returns the records of a range of entries, or `None` if the log does not have all of them.
	pub(crate) fn records(&self, entries: Range<u32>) -> Option<&[u8]> {
		self.bytes.get(self.offset_of(entries.start)?..self.offset_of(entries.end)?)
	}

	/// Returns the records from entry `known` on.
	///
	/// ## Errors
	/// [`LogError::Short`] if the log ends before that entry.
	pub(crate) fn from(&self, known: u32) -> Result<&[u8], LogError> {
		let seen = self.entries();
		self.records(known..seen).ok_or(LogError::Short { seen, known })
	}

	/// Returns the offset of an entry's record. For the entry after the last one, this is the
	/// length of the log.
	fn offset_of(&self, entry: u32) -> Option<usize> {
		match entry.checked_sub(1) {
			None => Some(0),
			Some(before) => self.ends.get(before as usize).copied(),
		}
	}

	/// Returns true if the log from an entry to its end fits into one transaction.
	pub(crate) fn fits(&self, from: u32, capacity: Capacity) -> bool {
		self.from(from).is_ok_and(|rest| rest.len() <= capacity.bytes)
			&& self.entries().saturating_sub(from) <= capacity.entries
	}

	/// Returns the range of entries from `from` on that fits into one transaction.
	///
	/// If the log has an entry `from`, the range contains it, even if this entry alone is too
	/// large.
	pub(crate) fn part(&self, from: u32, capacity: Capacity) -> Range<u32> {
		let most = self.entries().min(from.saturating_add(capacity.entries));
		let start = self.offset_of(from).unwrap_or(self.bytes.len());
		let fits =
			|entry: &u32| self.offset_of(*entry).is_some_and(|end| end - start <= capacity.bytes);
		let end = (from + 1..=most).take_while(fits).last().unwrap_or(from + 1);
		from..end.min(self.entries())
	}

	/// Returns the ranges of entries that must be submitted before one piece of evidence can cover
	/// the rest of the log.
	pub(crate) fn parts_before_evidence(&self, capacity: Capacity) -> Vec<Range<u32>> {
		let (mut at, mut parts) = (0, Vec::new());
		while !self.fits(at, capacity) {
			let part = self.part(at, capacity);
			at = part.end;
			parts.push(part);
		}
		parts
	}

	/// Returns true if the first `entries` entries of the log result in the given value of PCR 10.
	pub(crate) fn leads_to(&self, pcr10: &Hash256, entries: u32) -> bool {
		let Some(records) = self.records(0..entries) else { return false };
		let (limits, no_rules) = (Limits { bytes: records.len(), entries }, DigestList::default());
		let start = Checkpoint::boot(PcrBank::Sha256);
		let folded = fold(records, &start, &mut LogFindings::default(), &no_rules, limits);
		folded.is_ok_and(|at| at.pcr10 == *pcr10)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn record(name: &str) -> Vec<u8> {
		let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
		let digest = field(&[&b"sha256:\0"[..], &[7; 32]].concat());
		let data = [digest, field(&[name.as_bytes(), &[0]].concat())].concat();
		let hint = PcrBank::Sha1.hash(&[&data]);
		[&10u32.to_le_bytes()[..], &hint, &field(b"ima-ng"), &field(&data)].concat()
	}

	fn log(names: &[&str]) -> Log {
		Log::parse(names.iter().flat_map(|name| record(name)).collect()).expect("a log")
	}

	#[test]
	fn parts_fit_and_cover_log() {
		let log = log(&["a", "bb", "ccc", "dddd", "e"]);
		let len = record("a").len();
		for (bytes, entries) in [(len, 5), (3 * len, 5), (10 * len, 2), (10 * len, 5), (1, 1)] {
			let (mut at, mut whole) = (0, Vec::new());
			while at < log.entries() {
				let part = log.part(at, Capacity { bytes, entries });
				assert!(part.end > at && part.end - part.start <= entries);
				let records = log.records(part.clone()).expect("within the log");
				assert!(records.len() <= bytes || part.end == at + 1);
				whole.extend_from_slice(records);
				at = part.end;
			}
			assert_eq!(whole, log.bytes);
		}
	}

	#[test]
	fn evidence_covers_rest_after_parts() {
		let log = log(&["a", "b", "c", "d", "e"]);
		let capacity = |entries| Capacity { bytes: 1 << 20, entries };
		assert!(log.parts_before_evidence(capacity(5)).is_empty());
		assert_eq!(log.parts_before_evidence(capacity(2)), [0..2, 2..4]);
		assert_eq!(log.parts_before_evidence(capacity(1)).len(), 4);
	}

	#[test]
	fn prefix_leads_to_its_pcr10() {
		let log = log(&["a", "bb", "ccc"]);
		let mut pcr10 = PcrBank::Sha256.hash(&[&[0; 32], &PcrBank::Sha256.hash(&[data("a")])]);
		assert!(log.leads_to(&pcr10.clone().try_into().expect("32 bytes"), 1));
		assert!(!log.leads_to(&pcr10.clone().try_into().expect("32 bytes"), 2));
		pcr10[0] ^= 1;
		assert!(!log.leads_to(&pcr10.try_into().expect("32 bytes"), 1));
		assert!(!log.leads_to(&[0; 32], 4), "longer than the log");
	}

	fn data(name: &str) -> &'static [u8] {
		let record = record(name);
		let start = 4 + 20 + 4 + b"ima-ng".len() + 4;
		record[start..].to_vec().leak()
	}

	#[test]
	fn rest_fits_within_capacity() {
		let log = log(&["a", "b", "c"]);
		let len = record("a").len();
		assert!(log.fits(1, Capacity { bytes: 2 * len, entries: 2 }));
		assert!(!log.fits(1, Capacity { bytes: 2 * len - 1, entries: 2 }));
		assert!(!log.fits(1, Capacity { bytes: 2 * len, entries: 1 }));
		assert!(log.fits(3, Capacity { bytes: 0, entries: 0 }));
		assert!(!log.fits(4, Capacity { bytes: 0, entries: 0 }), "the log is shorter");
	}

	#[test]
	fn malformed_log_rejected() {
		assert!(Log::parse(b"no log at all, and long enough".to_vec()).is_err());
		assert!(Log::parse(record("a")[..40].to_vec()).is_err());
	}
}
