use alloc::vec::Vec;

use crate::{
	bytes::{Reader, Short},
	tpm::PcrBank,
	Check, RejectCode, Rejection,
};

/// The type of events that extend no PCR.
pub const EV_NO_ACTION: u32 = 3;

/// The signature at the beginning of a header event's data.
const SPEC_ID: &[u8] = b"Spec ID Event03\0";

/// The maximum number of hash algorithms in a log. The specification defines fewer algorithms.
const MAX_ALGORITHMS: u32 = 8;

/// One event of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
	/// The number of the event, from 0. A header is event 0.
	pub index: u32,
	pub pcr: u32,
	pub kind: u32,
	/// The digests that extended the PCR, for each known bank.
	pub digests: Vec<(PcrBank, &'a [u8])>,
	/// The measured data, or a description of the measured data. Only the digests are proven.
	pub data: &'a [u8],
}

/// The layout of the events.
#[derive(Clone, Debug)]
enum Format {
	/// TCG_PCR_EVENT2. The header declares the algorithms: TPM_ALG_ID and digest length.
	CryptoAgile(Vec<(u16, usize)>),
	/// TCG_PCClientPCREvent for all events, with SHA-1 only.
	Sha1,
}

/// An iterator over the events of a log. The iterator ends after an error. It also ends before
/// zeroes that pad the log to the size of its table.
#[derive(Clone, Debug)]
pub struct Events<'a> {
	at: Reader<'a>,
	format: Format,
	index: u32,
	ended: bool,
}

impl<'a> Events<'a> {
	/// Decodes the header of the log in `bytes`. A log without a header has SHA-1 digests only.
	///
	/// ## Errors
	/// [`RejectCode::BootLogEncoding`].
	pub fn new(bytes: &'a [u8]) -> Check<Self> {
		let mut at = Reader::new(bytes);
		match header(&mut at) {
			Ok(Header::SpecId(algorithms)) => {
				Ok(Self { at, format: Format::CryptoAgile(algorithms), index: 1, ended: false })
			},
			Ok(Header::None) => {
				let at = Reader::new(bytes);
				Ok(Self { at, format: Format::Sha1, index: 0, ended: false })
			},
			Ok(Header::Malformed) => Err(malformed(0, "a bad Spec ID Event03")),
			Err(Short) => Err(malformed(0, "incomplete")),
		}
	}

	/// Returns `true` if only padding follows. An event of zeroes counts as padding too. It has no
	/// digest and extends nothing.
	fn is_padding(&self) -> bool {
		self.index > 0 && self.at.rest().iter().all(|&byte| byte == 0)
	}

	fn read(&mut self) -> Result<Check<Event<'a>>, Short> {
		let pcr = self.at.u32_le()?;
		let kind = self.at.u32_le()?;
		let digests = match &self.format {
			Format::Sha1 => alloc::vec![(PcrBank::Sha1, self.at.take(20)?)],
			Format::CryptoAgile(algorithms) => match digests(&mut self.at, algorithms)? {
				Ok(digests) => digests,
				Err(seen) => return Ok(Err(malformed(self.index, seen))),
			},
		};
		let len = self.at.u32_le()?;
		let data = self.at.take(len as usize)?;
		Ok(Ok(Event { index: self.index, pcr, kind, digests, data }))
	}
}

/// Decodes a TPML_DIGEST_VALUES: at most one digest of each declared algorithm. Digests of unknown
/// algorithms are skipped.
#[allow(clippy::type_complexity)]
fn digests<'a>(
	at: &mut Reader<'a>,
	algorithms: &[(u16, usize)],
) -> Result<Result<Vec<(PcrBank, &'a [u8])>, &'static str>, Short> {
	let count = at.u32_le()?;
	if count as usize > algorithms.len() {
		return Ok(Err("more digests than algorithms"));
	}
	let mut digests = Vec::new();
	for _ in 0..count {
		let id = at.array().map(u16::from_le_bytes)?;
		let Some(&(_, len)) = algorithms.iter().find(|(known, _)| *known == id) else {
			return Ok(Err("a digest of an undeclared algorithm"));
		};
		let digest = at.take(len)?;
		if let Some(bank) = PcrBank::from_alg_id(id) {
			if digests.iter().any(|(of, _)| *of == bank) {
				return Ok(Err("two digests of one algorithm"));
			}
			digests.push((bank, digest));
		}
	}
	Ok(Ok(digests))
}

impl<'a> Iterator for Events<'a> {
	type Item = Check<Event<'a>>;

	fn next(&mut self) -> Option<Self::Item> {
		if self.ended || self.at.is_empty() || self.is_padding() {
			return None;
		}
		let event = self.read().unwrap_or_else(|Short| Err(malformed(self.index, "incomplete")));
		match (&event, self.index.checked_add(1)) {
			(Ok(_), Some(next)) => self.index = next,
			(Ok(_), None) | (Err(_), _) => self.ended = true,
		}
		Some(event)
	}
}

fn malformed(index: u32, seen: &'static str) -> Rejection {
	Rejection::new(RejectCode::BootLogEncoding, "event log", seen, "TCG_PCR_EVENT2").at(index)
}

/// Returns the rejection of an event that has no digest of a required bank.
pub(super) fn missing_bank(event: &Event<'_>, wanted: PcrBank) -> Rejection {
	let banks: Vec<_> = event.digests.iter().map(|(bank, _)| bank.name()).collect();
	let seen = if banks.is_empty() { "none".into() } else { banks.join("+") };
	Rejection::new(RejectCode::BootLogBank, "digests", seen, wanted.name()).at(event.index)
}

/// The kind of the first event in a log.
enum Header {
	/// A TCG_EfiSpecIDEvent, with the algorithms of the log.
	SpecId(Vec<(u16, usize)>),
	/// An ordinary event, so the log has no header.
	None,
	/// A TCG_EfiSpecIDEvent that contradicts itself.
	Malformed,
}

/// Decodes a TCG_EfiSpecIDEvent within a TCG_PCClientPCREvent.
fn header(at: &mut Reader<'_>) -> Result<Header, Short> {
	let _pcr = at.u32_le()?;
	let kind = at.u32_le()?;
	let _digest = at.take(20)?;
	let len = at.u32_le()?;
	let mut data = Reader::new(at.take(len as usize)?);
	if kind != EV_NO_ACTION || !data.rest().starts_with(SPEC_ID) {
		return Ok(Header::None);
	}
	// Skips the signature, platform class, version, errata and size of UINTN.
	data.take(SPEC_ID.len())?;
	data.take(8)?;
	let count = data.u32_le()?;
	if count > MAX_ALGORITHMS {
		return Ok(Header::Malformed);
	}
	let mut algorithms = Vec::new();
	for _ in 0..count {
		let id = data.array().map(u16::from_le_bytes)?;
		let len = usize::from(data.array().map(u16::from_le_bytes)?);
		// A wrong length would shift all following digests.
		if PcrBank::from_alg_id(id).is_some_and(|bank| bank.digest_len() != len) {
			return Ok(Header::Malformed);
		}
		algorithms.push((id, len));
	}
	Ok(Header::SpecId(algorithms))
}
