use alloc::{string::String, vec::Vec};

use super::{
	entry::{examine, extended, is_altered, name, Entry, MAX_SHOWN},
	Files, Record, Records,
};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// The PCR that IMA extends.
pub const IMA_PCR: u8 = 10;

/// Where a log is taken up: what PCR 10 was, after how many entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
	pub bank: PcrBank,
	pub pcr10: Vec<u8>,
	/// Entries before this point.
	pub entries: u32,
}

impl Checkpoint {
	/// The start of every log: PCR 10 is zero.
	pub fn boot(bank: PcrBank) -> Self {
		Self { bank, pcr10: alloc::vec![0; bank.digest_len()], entries: 0 }
	}
}

/// How much of a log is looked at. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
	pub bytes: usize,
	pub entries: u32,
}

/// What to do about violations: entries where the kernel could not tell what was in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violations {
	/// Counted only.
	Count,
	/// A reason to reject.
	Reject,
}

/// A log that leads to the quoted PCR 10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
	/// Where the quote stands: the next log is taken up here.
	pub checkpoint: Checkpoint,
	/// Entries of the log that the quote covers.
	pub proven: u32,
	/// Entries after those: the kernel wrote them after the quote. They prove nothing.
	pub unproven: u32,
	/// Violations among the proven entries.
	pub violations: u32,
	/// Entries that extended another PCR than 10, hence are proven by nothing here.
	pub other_pcrs: u32,
}

/// Replays `log` from `from` on until PCR 10 is `quoted`, and judges the files of the entries up to there.
///
/// The log may run ahead of the quote, since the kernel goes on while the TPM quotes; it can never be behind. No entry at all is enough
/// only where the checkpoint is already what is quoted, and is not the start of the log.
///
/// ## Errors
/// Classes [`crate::RejectClass::ImaReplay`], [`crate::RejectClass::ImaUnknown`], [`crate::RejectClass::ImaForbidden`];
/// [`RejectCode::ImaEncoding`], [`RejectCode::ImaLimit`].
pub fn replay<F: Files>(
	log: &[u8],
	from: &Checkpoint,
	quoted: &[u8],
	files: Option<&F>,
	violations: Violations,
	limits: Limits,
) -> Check<Replayed> {
	if log.len() > limits.bytes {
		return Err(Rejection::new(RejectCode::ImaLimit, "log bytes", log.len(), limits.bytes));
	}
	let mut state = State::new(from, quoted, violations);
	for record in Records::new(log, from.entries) {
		let record = record?;
		let seen = record.index.saturating_sub(from.entries);
		if seen >= limits.entries {
			return Err(Rejection::new(
				RejectCode::ImaLimit,
				"log entries",
				"more",
				limits.entries,
			));
		}
		state.step(&record, files)?;
	}
	state.finish()
}

struct State<'a> {
	bank: PcrBank,
	quoted: &'a [u8],
	violations_are: Violations,
	pcr10: Vec<u8>,
	reached: bool,
	/// The first reason to reject among the entries so far: it counts only once the quote covers its entry.
	failure: Option<Rejection>,
	/// The first entry of a file that was allowed before.
	outdated: Option<Rejection>,
	/// The first entry whose recorded digest is not that of its data.
	altered: Option<Rejection>,
	first: u32,
	proven: u32,
	unproven: u32,
	violations: u32,
	other_pcrs: u32,
}

impl<'a> State<'a> {
	fn new(from: &Checkpoint, quoted: &'a [u8], violations_are: Violations) -> Self {
		Self {
			bank: from.bank,
			quoted,
			violations_are,
			pcr10: from.pcr10.clone(),
			// At the start of the log nothing was measured yet: the kernel's own first entry must be there.
			reached: from.entries > 0 && from.pcr10 == quoted,
			failure: None,
			outdated: None,
			altered: None,
			first: from.entries,
			proven: 0,
			unproven: 0,
			violations: 0,
			other_pcrs: 0,
		}
	}

	fn step<F: Files>(&mut self, record: &Record<'_>, files: Option<&F>) -> Check {
		if self.reached {
			self.unproven = self.unproven.saturating_add(1);
			return Ok(());
		}
		self.proven = self.proven.saturating_add(1);
		if self.altered.is_none() && is_altered(record) {
			self.altered = Some(altered(record));
		}
		self.judge(examine(record, files), record, files.is_some());
		if let Some(pcr10) = extended(self.bank, &self.pcr10, record) {
			self.pcr10 = pcr10;
			self.reached = self.pcr10 == self.quoted;
		}
		Ok(())
	}

	/// Takes down what an entry means. Where files are not judged, an entry of another PCR is only counted.
	fn judge(&mut self, entry: Entry, record: &Record<'_>, files: bool) {
		match entry {
			Entry::Fine => {},
			Entry::OtherPcr => {
				self.other_pcrs = self.other_pcrs.saturating_add(1);
				if files {
					self.fail(|| {
						Rejection::new(RejectCode::ImaOtherPcr, "pcr", record.pcr, IMA_PCR)
							.at(record.index)
					});
				}
			},
			Entry::Violation => {
				self.violations = self.violations.saturating_add(1);
				if self.violations_are == Violations::Reject {
					self.fail(|| violation(record));
				}
			},
			Entry::Unknown => self.fail(|| refused(RejectCode::ImaUnknownFile, record)),
			Entry::Forbidden => {
				// Worse than whatever came before: an unknown file must not hide it.
				if self.failure.as_ref().is_none_or(|f| f.code != RejectCode::ImaForbiddenFile) {
					self.failure = Some(refused(RejectCode::ImaForbiddenFile, record));
				}
			},
			// Whatever else there is, is worse.
			Entry::Outdated => {
				self.outdated.get_or_insert_with(|| refused(RejectCode::ImaOutdatedFile, record));
			},
			Entry::OtherHash(rejection) => self.fail(|| rejection),
		}
	}

	/// Remembers the first reason; those after it are not even put into words.
	fn fail(&mut self, rejection: impl FnOnce() -> Rejection) {
		self.failure.get_or_insert_with(rejection);
	}

	fn finish(self) -> Check<Replayed> {
		// An altered entry is the better witness, whether or not the log still leads to the PCR.
		if let Some(altered) = self.altered {
			return Err(altered);
		}
		if !self.reached {
			return Err(Rejection::new(
				RejectCode::ImaPcr,
				"pcr10",
				self.pcr10.as_slice(),
				self.quoted,
			));
		}
		if let Some(failure) = self.failure.or(self.outdated) {
			return Err(failure);
		}
		Ok(Replayed {
			checkpoint: Checkpoint {
				bank: self.bank,
				pcr10: self.pcr10,
				entries: self.first.saturating_add(self.proven),
			},
			proven: self.proven,
			unproven: self.unproven,
			violations: self.violations,
			other_pcrs: self.other_pcrs,
		})
	}
}

pub(super) fn altered(record: &Record<'_>) -> Rejection {
	let seen = record.template_hash(PcrBank::Sha1);
	Rejection::new(
		RejectCode::ImaTemplateHash,
		"template digest",
		seen.as_slice(),
		&record.template_digest,
	)
	.at(record.index)
}

fn violation(record: &Record<'_>) -> Rejection {
	Rejection::new(RejectCode::ImaViolation, "template digest", name(record), "no violation")
		.at(record.index)
}

/// The witness for a file that is not allowed.
fn refused(code: RejectCode, record: &Record<'_>) -> Rejection {
	let mut seen = String::new();
	if let Ok((algorithm, digest)) = record.file_digest() {
		seen.push_str(algorithm);
		seen.push(':');
		for byte in digest.iter().take(MAX_SHOWN) {
			for digit in [byte >> 4, byte & 0xf] {
				seen.extend(char::from_digit(digit.into(), 16));
			}
		}
		seen.push(' ');
	}
	seen.push_str(&name(record));
	Rejection::new(code, "file digest", seen, "an allowed file").at(record.index)
}
