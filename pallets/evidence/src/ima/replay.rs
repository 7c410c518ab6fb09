use alloc::{string::String, vec::Vec};

use super::{
	entry::{examine, extended, extended_padded, is_altered, is_of_pcr10, name, Entry, MAX_SHOWN},
	Files, Record, Records,
};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// The PCR that IMA extends.
pub const IMA_PCR: u8 = 10;

/// A position in a log from which replay continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
	pub bank: PcrBank,
	pub pcr10: Vec<u8>,
	/// The number of entries before this position.
	pub entries: u32,
}

impl Checkpoint {
	/// Returns the start of every log, where PCR 10 is zero.
	pub fn boot(bank: PcrBank) -> Self {
		Self { bank, pcr10: alloc::vec![0; bank.digest_len()], entries: 0 }
	}
}

/// The maximum size of a log that is replayed. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
	pub bytes: usize,
	pub entries: u32,
}

/// The treatment of violations: entries of files that the kernel could not measure reliably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violations {
	/// Violations are counted only.
	Count,
	/// A violation is a reason to reject.
	Reject,
}

/// The result of a replay that leads to the quoted PCR 10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
	/// The position that the quote proves. The next log continues from this position.
	pub checkpoint: Checkpoint,
	/// The number of entries that the quote covers: the entries of PCR 10 up to the position.
	pub proven: u32,
	/// The number of all other entries, which the quote does not prove: entries of other PCRs, and
	/// entries that the kernel added after the quote.
	pub unproven: u32,
	/// The number of violations among the proven entries.
	pub violations: u32,
	/// The number of entries up to the position that extended a PCR other than 10.
	pub other_pcrs: u32,
}

/// The treatment of entries that extended a PCR other than 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OtherPcrs {
	Count,
	Reject,
}

/// Replays `log` from the checkpoint `from` until PCR 10 is `quoted`. Judges the files of the
/// entries up to that position.
///
/// The log may have entries after the quoted position, because the kernel continues to measure
/// while the TPM quotes. These entries are not judged. If one of them is incomplete or has an
/// unknown template, the rest of the log counts as one entry.
///
/// The log cannot have fewer entries than the quote covers. An empty log is accepted only if the
/// checkpoint has the quoted value and is not the start of the log. Entries of other PCRs are only
/// counted, because the quoted PCR 10 does not prove them.
///
/// ## Errors
/// Classes [`crate::RejectClass::ImaReplay`], [`crate::RejectClass::ImaUnknown`] and
/// [`crate::RejectClass::ImaForbidden`]; [`RejectCode::ImaEncoding`], [`RejectCode::ImaLimit`].
pub fn replay<F: Files>(
	log: &[u8],
	from: &Checkpoint,
	quoted: &[u8],
	files: Option<&F>,
	violations: Violations,
	limits: Limits,
) -> Check<Replayed> {
	replay_with(log, from, quoted, files, (violations, OtherPcrs::Count), limits)
}

/// Replays like [`replay`], and rejects violations and entries of other PCRs.
pub(crate) fn replay_strictly<F: Files>(
	log: &[u8],
	from: &Checkpoint,
	quoted: &[u8],
	files: &F,
	limits: Limits,
) -> Check<Replayed> {
	let rules = (Violations::Reject, OtherPcrs::Reject);
	replay_with(log, from, quoted, Some(files), rules, limits)
}

fn replay_with<F: Files>(
	log: &[u8],
	from: &Checkpoint,
	quoted: &[u8],
	files: Option<&F>,
	rules: (Violations, OtherPcrs),
	limits: Limits,
) -> Check<Replayed> {
	if log.len() > limits.bytes {
		return Err(Rejection::new(RejectCode::ImaLimit, "log bytes", log.len(), limits.bytes));
	}
	let mut state = State::new(from, quoted, rules);
	for record in Records::new(log, from.entries) {
		let record = match record {
			// The iterator ends after this entry, because the start of a further entry is unknown.
			Err(_unproven) if state.reached => {
				state.unproven = state.unproven.saturating_add(1);
				break;
			},
			record => record?,
		};
		let seen = record.index.saturating_sub(from.entries);
		if seen >= limits.entries {
			return Err(Rejection::new(
				RejectCode::ImaLimit,
				"log entries",
				"more",
				limits.entries,
			));
		}
		state.step(&record, files);
	}
	let fits_padded = !state.reached && state.altered.is_none() && leads_padded(log, from, quoted);
	state.finish(fits_padded)
}

/// Returns `true` if the log leads to the quoted value in a kernel before 5.8.
fn leads_padded(log: &[u8], from: &Checkpoint, quoted: &[u8]) -> bool {
	let mut pcr10 = from.pcr10.clone();
	Records::new(log, from.entries).map_while(Result::ok).any(|record| {
		if let Some(next) = extended_padded(from.bank, &pcr10, &record) {
			pcr10 = next;
		}
		pcr10 == quoted
	})
}

struct State<'a> {
	bank: PcrBank,
	quoted: &'a [u8],
	violations_are: Violations,
	other_pcrs_are: OtherPcrs,
	pcr10: Vec<u8>,
	reached: bool,
	/// The first reason to reject among the entries so far. A forbidden file replaces any other
	/// reason. The reason counts only if the quote covers its entry.
	failure: Option<Rejection>,
	/// The first entry of a file that is no longer allowed.
	outdated: Option<Rejection>,
	/// The first entry whose recorded digest is not the digest of its data.
	altered: Option<Rejection>,
	/// The number of log entries up to the quoted position, or up to the last read entry before it.
	position: u32,
	proven: u32,
	unproven: u32,
	violations: u32,
	other_pcrs: u32,
}

impl<'a> State<'a> {
	fn new(from: &Checkpoint, quoted: &'a [u8], rules: (Violations, OtherPcrs)) -> Self {
		let (violations_are, other_pcrs_are) = rules;
		Self {
			bank: from.bank,
			quoted,
			violations_are,
			other_pcrs_are,
			pcr10: from.pcr10.clone(),
			// At the start of a log, nothing is measured yet. The log must have at least the
			// kernel's own first entry.
			reached: from.entries > 0 && from.pcr10 == quoted,
			failure: None,
			outdated: None,
			altered: None,
			position: from.entries,
			proven: 0,
			unproven: 0,
			violations: 0,
			other_pcrs: 0,
		}
	}

	fn step<F: Files>(&mut self, record: &Record<'_>, files: Option<&F>) {
		if self.reached {
			self.unproven = self.unproven.saturating_add(1);
			return;
		}
		self.position = record.index.saturating_add(1);
		if is_of_pcr10(record) {
			self.proven = self.proven.saturating_add(1);
		} else {
			self.unproven = self.unproven.saturating_add(1);
		}
		if self.altered.is_none() && is_altered(record) {
			self.altered = Some(altered(record));
		}
		self.judge(examine(record, files), record);
		if let Some(pcr10) = extended(self.bank, &self.pcr10, record) {
			self.pcr10 = pcr10;
			self.reached = self.pcr10 == self.quoted;
		}
	}

	fn judge(&mut self, entry: Entry, record: &Record<'_>) {
		match entry {
			Entry::Fine => {},
			Entry::OtherPcr => {
				self.other_pcrs = self.other_pcrs.saturating_add(1);
				if self.other_pcrs_are == OtherPcrs::Reject {
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
				// This is the most severe reason. An earlier unknown file must not hide it.
				if self.failure.as_ref().is_none_or(|f| f.code != RejectCode::ImaForbiddenFile) {
					self.failure = Some(refused(RejectCode::ImaForbiddenFile, record));
				}
			},
			// Any other reason is more severe and takes precedence.
			Entry::Outdated => {
				self.outdated.get_or_insert_with(|| refused(RejectCode::ImaOutdatedFile, record));
			},
			Entry::OtherHash(rejection) => self.fail(|| rejection),
		}
	}

	/// Stores the first reason to reject. Rejections for later reasons are not created, because
	/// creating them costs time.
	fn fail(&mut self, rejection: impl FnOnce() -> Rejection) {
		self.failure.get_or_insert_with(rejection);
	}

	fn finish(self, fits_padded: bool) -> Check<Replayed> {
		// An altered entry is a more precise witness than the PCR value, so it comes first.
		if let Some(altered) = self.altered {
			return Err(altered);
		}
		if !self.reached {
			let code = RejectCode::ImaPcr;
			if fits_padded {
				let seen = "the result of padded SHA-1 digests, which kernels before 5.8 extend";
				return Err(Rejection::new(code, "pcr10", seen, "digests of the quoted bank"));
			}
			return Err(Rejection::new(code, "pcr10", self.pcr10.as_slice(), self.quoted));
		}
		if let Some(failure) = self.failure.or(self.outdated) {
			return Err(failure);
		}
		Ok(Replayed {
			checkpoint: Checkpoint { bank: self.bank, pcr10: self.pcr10, entries: self.position },
			proven: self.proven,
			unproven: self.unproven,
			violations: self.violations,
			other_pcrs: self.other_pcrs,
		})
	}
}

pub(super) fn altered(record: &Record<'_>) -> Rejection {
	let seen = record.template_hash(record.digest_bank());
	Rejection::new(
		RejectCode::ImaTemplateHash,
		"template digest",
		seen.as_slice(),
		record.template_digest,
	)
	.at(record.index)
}

fn violation(record: &Record<'_>) -> Rejection {
	Rejection::new(RejectCode::ImaViolation, "template digest", name(record), "no violation")
		.at(record.index)
}

/// Creates the rejection of a file that is not allowed.
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
