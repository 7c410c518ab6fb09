use crate::{
	bytes::{Reader, Short},
	tpm::PcrBank,
	Check, RejectCode, Rejection,
};

/// The longest template name and the longest template data that are decoded, in bytes. The kernel's
/// own limits are lower.
const MAX_NAME: u32 = 255;
const MAX_DATA: u32 = 1 << 20;
/// The length to which the template `ima` pads a file name, in bytes: IMA_EVENT_NAME_LEN_MAX + 1.
const PADDED_NAME: usize = 256;

/// The fields of templates, as the kernel's `ima_template.c` lists them.
const FIELDS: [&[u8]; 16] = [
	b"d",
	b"n",
	b"d-ng",
	b"d-ngv2",
	b"n-ng",
	b"sig",
	b"buf",
	b"d-modsig",
	b"modsig",
	b"evmsig",
	b"iuid",
	b"igid",
	b"imode",
	b"xattrnames",
	b"xattrlengths",
	b"xattrvalues",
];
/// The separator of fields in a format.
const SEPARATOR: u8 = b'|';

/// The supported templates. If the kernel runs with `ima_template_fmt=`, the format is the name of
/// the template.
///
/// PCR 10 proves the data of an entry, but not the name of its template. All templates with a known
/// file digest therefore begin with digest and name. Otherwise an attacker could give an entry
/// another template, in which a signature or a buffer passes as the digest of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
	/// `ima`, with a SHA-1 file digest and a short name.
	Ima,
	/// `ima-ng`, `ima-sig`, `ima-buf`, `ima-modsig`, `evm-sig` and formats that begin with
	/// `d-ng|n-ng`.
	DigestNg,
	/// `ima-ngv2`, `ima-sigv2` and formats that begin with `d-ngv2|n-ng`.
	DigestNgV2,
	/// Any other format. Its entries can be replayed, but have no known file digest.
	Other,
}

impl Template {
	/// Returns the template with this name, and `true` if its third field is the signature of the
	/// file.
	fn from_name(name: &[u8]) -> Option<(Self, bool)> {
		match name {
			b"ima" => Some((Self::Ima, false)),
			b"ima-ng" | b"ima-buf" | b"evm-sig" => Some((Self::DigestNg, false)),
			b"ima-sig" | b"ima-modsig" => Some((Self::DigestNg, true)),
			b"ima-ngv2" => Some((Self::DigestNgV2, false)),
			b"ima-sigv2" => Some((Self::DigestNgV2, true)),
			format => Self::from_format(format),
		}
	}

	fn from_format(format: &[u8]) -> Option<(Self, bool)> {
		let mut fields = format.split(|&byte| byte == SEPARATOR);
		if !fields.clone().all(|field| FIELDS.contains(&field)) {
			return None;
		}
		let template = match (fields.next(), fields.next()) {
			(Some(b"d-ng"), Some(b"n-ng")) => Self::DigestNg,
			(Some(b"d-ngv2"), Some(b"n-ng")) => Self::DigestNgV2,
			_ => return Some((Self::Other, false)),
		};
		Some((template, fields.next() == Some(&b"sig"[..])))
	}
}

/// One entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
	/// The number of the entry, from 0.
	pub index: u32,
	/// The PCR that the entry extended.
	pub pcr: u32,
	/// The digest of the template data that the kernel recorded: SHA-1, or the hash of the bank in
	/// a per-bank log. It is only a hint, and all zero for a violation.
	pub template_digest: &'a [u8],
	pub template: Template,
	/// `true` if the third field is the signature of the file.
	is_signed: bool,
	/// The template data: fields with their lengths. It is empty for [`Template::Ima`].
	data: &'a [u8],
	/// The field `d`, `d-ng` or `d-ngv2`: the digest of the file. All fields except `d` also
	/// contain the algorithm.
	digest_field: &'a [u8],
	/// The field `n` or `n-ng`: the name, without the final NUL. It is empty for
	/// [`Template::Other`].
	pub name: &'a [u8],
}

impl<'a> Record<'a> {
	/// Returns `true` if the kernel could not measure the file reliably, because the file was open
	/// for writing or was changed.
	pub fn is_violation(&self) -> bool {
		self.template_digest.iter().all(|&byte| byte == 0)
	}

	/// Returns the hash algorithm of the recorded template digest.
	pub(super) fn digest_bank(&self) -> PcrBank {
		let len = self.template_digest.len();
		let known = PcrBank::ALL.into_iter().find(|bank| bank.digest_len() == len);
		known.unwrap_or(PcrBank::Sha1)
	}

	/// Returns `true` if the recorded template digest is not the digest of the data.
	pub fn is_altered(&self) -> bool {
		!self.is_violation() && self.template_hash(self.digest_bank()) != self.template_digest
	}

	/// Returns the template hash, recomputed from the data.
	pub fn template_hash(&self, bank: PcrBank) -> alloc::vec::Vec<u8> {
		match self.template {
			Template::Ima => {
				let padding = [0; PADDED_NAME];
				let missing = PADDED_NAME.saturating_sub(self.name.len());
				let padding = padding.get(..missing).unwrap_or_default();
				bank.hash(&[self.digest_field, self.name, padding])
			},
			Template::DigestNg | Template::DigestNgV2 | Template::Other => bank.hash(&[self.data]),
		}
	}

	/// Returns the third field of `ima-sig`, `ima-sigv2` and similar templates, the value of
	/// `security.ima`. Returns `None` if it is missing or empty.
	pub fn signature(&self) -> Option<&'a [u8]> {
		if !self.is_signed {
			return None;
		}
		let mut at = Reader::new(self.data);
		let mut field = || {
			let len = at.u32_le().ok()?;
			at.take(len as usize).ok()
		};
		let (_digest, _name) = (field()?, field()?);
		field().filter(|signature| !signature.is_empty())
	}

	/// Returns the algorithm and the bytes of the file's digest.
	pub fn file_digest(&self) -> Check<(&'a str, &'a [u8])> {
		let malformed = |seen: &'static str| {
			Rejection::new(RejectCode::ImaEncoding, "file digest", seen, "algorithm and digest")
				.at(self.index)
		};
		match self.template {
			Template::Ima => return Ok(("sha1", self.digest_field)),
			Template::Other => {
				let (seen, wanted) = ("not the first field", "a template such as ima-ng");
				let code = RejectCode::ImaFileHash;
				return Err(Rejection::new(code, "file digest", seen, wanted).at(self.index));
			},
			Template::DigestNg | Template::DigestNgV2 => {},
		}
		let end = self
			.digest_field
			.iter()
			.position(|&byte| byte == 0)
			.ok_or_else(|| malformed("no algorithm"))?;
		let (prefix, rest) = self.digest_field.split_at(end);
		let prefix = core::str::from_utf8(prefix)
			.ok()
			.and_then(|prefix| prefix.strip_suffix(':'))
			.ok_or_else(|| malformed("no algorithm"))?;
		let algorithm = match self.template {
			Template::DigestNgV2 => {
				// "ima:sha256" is a digest of the file. "verity:sha256" is a digest of its
				// fs-verity descriptor, so it must not pass as a file digest.
				prefix.strip_prefix("ima:").unwrap_or(prefix)
			},
			Template::Ima | Template::DigestNg | Template::Other => prefix,
		};
		Ok((algorithm, rest.get(1..).unwrap_or_default()))
	}
}

/// An iterator over the entries of a log. It ends after an error.
///
/// The template digests of `binary_runtime_measurements` have 20 bytes. In a per-bank log, they
/// have the digest length of the bank, which follows from the first entry.
#[derive(Clone, Debug)]
pub struct Records<'a> {
	at: Reader<'a>,
	index: u32,
	digest_len: usize,
	ended: bool,
}

impl<'a> Records<'a> {
	/// Starts at the beginning of `bytes`. The first entry has the number `first`.
	pub fn new(bytes: &'a [u8], first: u32) -> Self {
		let digest_len = PcrBank::ALL
			.map(PcrBank::digest_len)
			.into_iter()
			.find(|len| has_template(bytes, *len))
			.unwrap_or(PcrBank::Sha1.digest_len());
		Self { at: Reader::new(bytes), index: first, digest_len, ended: false }
	}

	/// Returns the length of the template digests: 20 bytes, or more in a per-bank log.
	pub const fn digest_len(&self) -> usize {
		self.digest_len
	}

	/// Returns the bytes that are not read yet.
	pub const fn rest(&self) -> &'a [u8] {
		self.at.rest()
	}

	fn malformed(&self, field: &'static str, seen: &'static str) -> Rejection {
		Rejection::new(RejectCode::ImaEncoding, field, seen, "a whole record").at(self.index)
	}

	fn read(&mut self) -> Result<Check<Record<'a>>, Short> {
		let pcr = self.at.u32_le()?;
		let template_digest = self.at.take(self.digest_len)?;
		let name_len = self.at.u32_le()?;
		if name_len > MAX_NAME {
			return Ok(Err(self.malformed("template name", "too long")));
		}
		let name = self.at.take(name_len as usize)?;
		let Some((template, is_signed)) = Template::from_name(name) else {
			let seen = alloc::string::String::from_utf8_lossy(name).into_owned();
			let rejection =
				Rejection::new(RejectCode::ImaTemplate, "template name", seen, "a known template");
			return Ok(Err(rejection.at(self.index)));
		};
		let (data, digest_field, name) = match template {
			Template::Ima => match self.read_ima()? {
				Ok(fields) => fields,
				Err(rejection) => return Ok(Err(rejection)),
			},
			Template::DigestNg | Template::DigestNgV2 | Template::Other => {
				let len = self.at.u32_le()?;
				if len > MAX_DATA {
					return Ok(Err(self.malformed("template data", "too long")));
				}
				let data = self.at.take(len as usize)?;
				let fields = match template {
					Template::Other => Ok(Default::default()),
					Template::Ima | Template::DigestNg | Template::DigestNgV2 => fields(data),
				};
				match fields {
					Ok((digest, name)) => (data, digest, name),
					Err(Short) => return Ok(Err(self.malformed("template data", "incomplete"))),
				}
			},
		};
		Ok(Ok(Record {
			index: self.index,
			pcr,
			template_digest,
			template,
			is_signed,
			data,
			digest_field,
			name,
		}))
	}

	/// Reads the data of the template `ima`: a digest of 20 bytes, the length of the name, and the
	/// name.
	#[allow(clippy::type_complexity)]
	fn read_ima(&mut self) -> Result<Check<(&'a [u8], &'a [u8], &'a [u8])>, Short> {
		let digest = self.at.take(20)?;
		let len = self.at.u32_le()?;
		if len > MAX_NAME {
			return Ok(Err(self.malformed("file name", "too long")));
		}
		let name = self.at.take(len as usize)?;
		Ok(Ok((&[], digest, name)))
	}
}

/// Returns `true` if the first entry has a known template after a digest of this length.
fn has_template(log: &[u8], digest_len: usize) -> bool {
	first_template(log, digest_len).is_ok_and(|name| Template::from_name(name).is_some())
}

fn first_template(log: &[u8], digest_len: usize) -> Result<&[u8], Short> {
	let mut at = Reader::new(log);
	at.u32_le()?;
	at.take(digest_len)?;
	let len = at.u32_le()?;
	at.take(len as usize)
}

/// Returns digest and name, the first two fields of every template with field lengths.
fn fields(data: &[u8]) -> Result<(&[u8], &[u8]), Short> {
	let mut at = Reader::new(data);
	let len = at.u32_le()?;
	let digest = at.take(len as usize)?;
	let len = at.u32_le()?;
	let name = at.take(len as usize)?;
	Ok((digest, name.strip_suffix(&[0]).unwrap_or(name)))
}

impl<'a> Iterator for Records<'a> {
	type Item = Check<Record<'a>>;

	fn next(&mut self) -> Option<Self::Item> {
		if self.ended || self.at.is_empty() {
			return None;
		}
		let record =
			self.read().unwrap_or_else(|Short| Err(self.malformed("record", "incomplete")));
		match (&record, self.index.checked_add(1)) {
			(Ok(_), Some(next)) => self.index = next,
			(Ok(_), None) | (Err(_), _) => self.ended = true,
		}
		Some(record)
	}
}
