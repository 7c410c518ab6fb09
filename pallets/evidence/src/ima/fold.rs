use super::{
	entry::{examine, extended, is_altered, Entry},
	replay::altered,
	Checkpoint, Files, Limits, Records,
};
use crate::{Check, RejectCode, Rejection};

/// The findings in a log that no quote covers yet. They take effect once a quote covers the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub struct LogFindings {
	/// The last entry of a forbidden file.
	pub forbidden: Option<u32>,
	/// The last entry of an unknown file.
	pub unknown: Option<u32>,
	/// The first entry with another fault, and its code.
	pub fault: Option<(u32, u16)>,
}

impl LogFindings {
	/// Returns `true` if there are no findings.
	pub fn is_empty(&self) -> bool {
		*self == Self::default()
	}

	/// Converts the findings to a result. Entries below `before` were accepted by an earlier list,
	/// so their files are outdated at worst.
	///
	/// ## Errors
	/// The same errors as [`super::replay`].
	pub fn check(&self, before: u32) -> Check {
		let reject = |code, entry| {
			let seen = "found in an earlier log submission";
			Err(Rejection::new(code, "file digest", seen, "an allowed file").at(entry))
		};
		if let Some(entry) = self.forbidden.filter(|entry| *entry >= before) {
			return reject(RejectCode::ImaForbiddenFile, entry);
		}
		if let Some((entry, code)) = self.fault {
			let code = RejectCode::from_number(code).unwrap_or(RejectCode::ImaEncoding);
			return reject(code, entry);
		}
		if let Some(entry) = self.unknown.filter(|entry| *entry >= before) {
			return reject(RejectCode::ImaUnknownFile, entry);
		}
		match self.forbidden.or(self.unknown) {
			Some(entry) => reject(RejectCode::ImaOutdatedFile, entry),
			None => Ok(()),
		}
	}

	fn note(&mut self, index: u32, entry: Entry) {
		let fault = match entry {
			Entry::Fine | Entry::Outdated => return,
			Entry::Forbidden => return self.forbidden = Some(index),
			Entry::Unknown => return self.unknown = Some(index),
			Entry::OtherPcr => RejectCode::ImaOtherPcr,
			Entry::Violation => RejectCode::ImaViolation,
			Entry::OtherHash(rejection) => rejection.code,
		};
		self.fault.get_or_insert((index, fault.number()));
	}
}

/// Replays a part of a log without a quote, and returns the checkpoint at its end.
///
/// The part begins at `from` and consists of whole records. Its findings are added to `findings`.
///
/// ## Errors
/// [`RejectCode::ImaEncoding`], [`RejectCode::ImaTemplate`], [`RejectCode::ImaTemplateHash`] and
/// [`RejectCode::ImaLimit`]: the part cannot be replayed.
pub fn fold<F: Files>(
	records: &[u8],
	from: &Checkpoint,
	findings: &mut LogFindings,
	files: &F,
	limits: Limits,
) -> Check<Checkpoint> {
	let too_long = |field, most: usize| Rejection::new(RejectCode::ImaLimit, field, "more", most);
	if records.len() > limits.bytes {
		return Err(too_long("log bytes", limits.bytes));
	}
	let mut at = from.clone();
	for record in Records::new(records, from.entries) {
		let record = record?;
		if record.index.saturating_sub(from.entries) >= limits.entries {
			return Err(too_long("log entries", limits.entries as usize));
		}
		if is_altered(&record) {
			return Err(altered(&record));
		}
		findings.note(record.index, examine(&record, Some(files)));
		if let Some(pcr10) = extended(at.bank, &at.pcr10, &record) {
			at.pcr10 = pcr10;
		}
		at.entries = record.index.saturating_add(1);
	}
	Ok(at)
}
