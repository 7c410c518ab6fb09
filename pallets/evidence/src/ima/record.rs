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

/// The supported templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
	/// `ima`, with a SHA-1 file digest and a short name.
	Ima,
	/// `ima-ng`, `ima-sig`, `ima-buf` and `ima-modsig`, with the file digest `d-ng`.
	DigestNg,
	/// `ima-ngv2` and `ima-sigv2`, with the file digest `d-ngv2`.
	DigestNgV2,
}

impl Template {
	fn from_name(name: &[u8]) -> Option<Self> {
		match name {
			b"ima" => Some(Self::Ima),
			b"ima-ng" | b"ima-sig" | b"ima-buf" | b"ima-modsig" => Some(Self::DigestNg),
			b"ima-ngv2" | b"ima-sigv2" => Some(Self::DigestNgV2),
			_ => None,
		}
	}
}

/// One entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
	/// The number of the entry, from 0.
	pub index: u32,
	/// The PCR that the entry extended.
	pub pcr: u32,
	/// The SHA-1 digest of the template data that the kernel recorded. It is only a hint, and all
	/// zero for a violation.
	pub template_digest: [u8; 20],
	pub template: Template,
	/// The template data: fields with their lengths. It is empty for [`Template::Ima`].
	data: &'a [u8],
	/// The field `d`, `d-ng` or `d-ngv2`: the digest of the file, with its algorithm unless it is
	/// `d`.
	digest_field: &'a [u8],
	/// The field `n` or `n-ng`: the name, without the final NUL.
	pub name: &'a [u8],
}

impl<'a> Record<'a> {
	/// Returns `true` if the kernel could not measure the file reliably, because it was open for
	/// writing or was changed.
	pub fn is_violation(&self) -> bool {
		self.template_digest == [0; 20]
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
			Template::DigestNg | Template::DigestNgV2 => bank.hash(&[self.data]),
		}
	}

	/// Returns the third field of `ima-sig` and `ima-sigv2`, the value of `security.ima`. Returns
	/// `None` if it is missing or empty.
	pub fn signature(&self) -> Option<&'a [u8]> {
		if self.template == Template::Ima {
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
		if self.template == Template::Ima {
			return Ok(("sha1", self.digest_field));
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
			Template::Ima | Template::DigestNg => prefix,
		};
		Ok((algorithm, rest.get(1..).unwrap_or_default()))
	}
}

/// An iterator over the entries of a log. It ends after an error.
#[derive(Clone, Debug)]
pub struct Records<'a> {
	at: Reader<'a>,
	index: u32,
	ended: bool,
}

impl<'a> Records<'a> {
	/// Starts at the beginning of `bytes`. The first entry has the number `first`.
	pub fn new(bytes: &'a [u8], first: u32) -> Self {
		Self { at: Reader::new(bytes), index: first, ended: false }
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
		let template_digest = self.at.array()?;
		let name_len = self.at.u32_le()?;
		if name_len > MAX_NAME {
			return Ok(Err(self.malformed("template name", "too long")));
		}
		let name = self.at.take(name_len as usize)?;
		let Some(template) = Template::from_name(name) else {
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
			Template::DigestNg | Template::DigestNgV2 => {
				let len = self.at.u32_le()?;
				if len > MAX_DATA {
					return Ok(Err(self.malformed("template data", "too long")));
				}
				let data = self.at.take(len as usize)?;
				match fields(data) {
					Ok((digest, name)) => (data, digest, name),
					Err(Short) => return Ok(Err(self.malformed("template data", "cut off"))),
				}
			},
		};
		Ok(Ok(Record {
			index: self.index,
			pcr,
			template_digest,
			template,
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
		let record = self.read().unwrap_or_else(|Short| Err(self.malformed("record", "cut off")));
		match (&record, self.index.checked_add(1)) {
			(Ok(_), Some(next)) => self.index = next,
			(Ok(_), None) | (Err(_), _) => self.ended = true,
		}
		Some(record)
	}
}
