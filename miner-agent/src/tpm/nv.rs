//! The contents of the TPM's non-volatile memory at the index of the certificate. Some vendors
//! leave it empty, pad the certificate, or store it in another format.

use hcc_evidence::tpm::certificate_in_nv;

/// The first bytes of the contents if AMD's firmware TPM has compressed the certificate.
const AMD_ZLIB: [u8; 4] = [0x10, 0x01, 0x00, 0x00];
/// The first two bytes of the TCG's header, the length of the header, and the tag of a full
/// certificate. The tag may follow the header.
const TCG_HEADER: [u8; 2] = [0x10, 0x01];
const TCG_HEADER_LEN: usize = 5;
const FULL_CERTIFICATE: [u8; 2] = [0x10, 0x02];
const GZIP: [u8; 2] = [0x1f, 0x8b];
const PEM: &[u8] = b"-----BEGIN";
/// The DER tag of a SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// A lower limit for the length of a certificate, in bytes. The names and the key alone are longer.
const SHORTEST: usize = 128;

/// Contents that are not a certificate, or that contain it in another format than DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NvError {
	/// The contents are empty: the vendor has stored no certificate.
	#[error("nothing")]
	Nothing,
	/// The memory was reserved but never written: all bytes are equal.
	#[error("only bytes 0x{0:02x}")]
	Erased(u8),
	/// An empty SEQUENCE: a placeholder.
	#[error("an empty SEQUENCE")]
	EmptySequence,
	/// A SEQUENCE that is too short for a certificate: a placeholder or another object.
	#[error("a SEQUENCE of {0} bytes, too short for a certificate")]
	ShortSequence(usize),
	/// The certificate is truncated: its length field exceeds the contents.
	#[error("a certificate that is cut off after {seen} of {wanted} bytes")]
	CutOff { seen: usize, wanted: usize },
	/// The contents are compressed with gzip.
	#[error("gzip data")]
	Gzip,
	/// The contents are compressed with zlib, as AMD's firmware TPMs do.
	#[error("zlib data, the form of AMD's firmware TPMs")]
	Zlib,
	/// The certificate is in PEM instead of DER.
	#[error("PEM text instead of DER")]
	Pem,
	/// The contents have an unknown format.
	#[error("no certificate in DER")]
	Other,
}

impl NvError {
	/// Returns the remedy for these contents.
	pub fn remedy(&self) -> &'static str {
		match self {
			Self::Nothing
			| Self::Erased(_)
			| Self::EmptySequence
			| Self::ShortSequence(_)
			| Self::CutOff { .. }
			| Self::Other => {
				"ask the TPM's vendor for the certificate, and set ek_cert to its file; firmware \
				TPMs download theirs"
			},
			Self::Gzip => "decompress it with gunzip, and set ek_cert to the result",
			Self::Zlib => {
				"decompress it without its header of 4 bytes, or fetch the certificate from AMD, \
				and set ek_cert to the result"
			},
			Self::Pem => "set ek_cert to a file with this text",
		}
	}
}

/// Returns the certificate in the contents, in DER and without header and padding.
///
/// ## Errors
/// Returns a description of the contents if they are not a certificate in DER.
pub(super) fn certificate(contents: &[u8]) -> Result<&[u8], NvError> {
	let Some((first, rest)) = contents.split_first() else { return Err(NvError::Nothing) };
	if matches!(*first, 0x00 | 0xff) && rest.iter().all(|byte| byte == first) {
		return Err(NvError::Erased(*first));
	}
	other_form(contents)?;
	let body = if contents.starts_with(&TCG_HEADER) {
		let rest = contents.get(TCG_HEADER_LEN..).unwrap_or_default();
		rest.strip_prefix(&FULL_CERTIFICATE).unwrap_or(rest)
	} else {
		contents
	};
	other_form(body)?;
	match certificate_in_nv(contents) {
		Ok([_, _]) => Err(NvError::EmptySequence),
		Ok(der) if der.len() < SHORTEST => Err(NvError::ShortSequence(der.len())),
		Ok(der) => Ok(der),
		Err(_) => Err(cut_off(body).unwrap_or(NvError::Other)),
	}
}

/// Detects the formats other than DER in which vendors store a certificate.
fn other_form(bytes: &[u8]) -> Result<(), NvError> {
	let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
	if text.starts_with(PEM) {
		return Err(NvError::Pem);
	}
	if bytes.starts_with(&GZIP) {
		return Err(NvError::Gzip);
	}
	// The first two bytes of zlib data are a multiple of 31. The first byte, 0x78, stands for
	// deflate with a window of 32 KiB.
	let is_zlib =
		matches!(bytes, [0x78, flags, ..] if (0x7800 + u32::from(*flags)).is_multiple_of(31));
	if is_zlib || bytes.starts_with(&AMD_ZLIB) {
		return Err(NvError::Zlib);
	}
	Ok(())
}

/// Returns the error for a certificate that is longer than the contents.
fn cut_off(body: &[u8]) -> Option<NvError> {
	let wanted = match body {
		[SEQUENCE, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
		[SEQUENCE, 0x81, len, ..] => 3 + usize::from(*len),
		_ => return None,
	};
	(wanted > body.len()).then_some(NvError::CutOff { seen: body.len(), wanted })
}

#[cfg(test)]
mod tests {
	use std::{env, fs, path::Path};

	use super::*;

	/// Returns a file of the field cases, or `None` if the file is missing. `HCC_FIELD` names the
	/// folder of the field cases. The default is `shared/field` beside the project.
	fn field_case(name: &str) -> Option<Vec<u8>> {
		let beside = || {
			let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
			above.map(|folder| folder.join("shared/field")).find(|folder| folder.is_dir())
		};
		let folder = env::var_os("HCC_FIELD").map(Into::into).or_else(beside)?;
		Some(fs::read(folder.join("preflight").join(name)).expect("the folder is complete"))
	}

	#[test]
	fn field_cases_are_read_or_named() {
		if field_case("nv-header").is_none() {
			eprintln!("skipped: shared/field is absent");
			return;
		}
		let named = [
			("nv-empty-sequence", NvError::EmptySequence),
			("nv-sequence-of-5-bytes", NvError::ShortSequence(5)),
			("nv-all-ff", NvError::Erased(0xff)),
			("nv-gzip", NvError::Gzip),
			("nv-zlib-amd", NvError::Zlib),
			("nv-pem", NvError::Pem),
		];
		for (name, error) in named {
			let contents = field_case(name).expect("the folder is complete");
			assert_eq!(certificate(&contents), Err(error), "{name}");
		}
		let forms = ["nv-header", "nv-padded-00", "nv-padded-ff"].map(|name| {
			let contents = field_case(name).expect("the folder is complete");
			certificate(&contents).map(<[u8]>::to_vec).unwrap_or_else(|why| panic!("{name}: {why}"))
		});
		assert_eq!(forms[0].len(), 854);
		assert!(forms.iter().all(|form| *form == forms[0]), "one certificate in three forms");
	}

	/// Returns a SEQUENCE of 300 bytes, which stands for a certificate.
	fn sequence() -> Vec<u8> {
		[&[SEQUENCE, 0x82, 0x01, 0x28][..], &[5; 296]].concat()
	}

	#[test]
	fn certificate_found_behind_header_and_before_padding() {
		let der = sequence();
		let with = |before: &[u8], after: &[u8]| [before, &der, after].concat();
		let headers: [&[u8]; 3] =
			[&[], &[0x10, 0x01, 0x00, 0x01, 0x2c], &[0x10, 0x01, 0x00, 0x01, 0x2e, 0x10, 0x02]];
		for header in headers {
			for padding in [&[][..], &[0; 50], &[0xff; 50]] {
				let contents = with(header, padding);
				assert_eq!(certificate(&contents), Ok(&der[..]), "{header:?} {padding:?}");
			}
		}
	}

	#[test]
	fn other_contents_are_named() {
		let of = |bytes: &[u8]| certificate(bytes).expect_err("no certificate");
		assert_eq!(of(&[]), NvError::Nothing);
		assert_eq!(of(&[0; 9]), NvError::Erased(0));
		assert_eq!(of(&[0x78, 0x9c, 1, 2]), NvError::Zlib);
		assert_eq!(of(&[0x78, 0xda, 1, 2]), NvError::Zlib);
		assert_eq!(of(&[0x10, 0x01, 0x00, 0x01, 0x02, 0x1f, 0x8b, 8]), NvError::Gzip);
		assert_eq!(of("\u{feff}\n-----BEGIN CERTIFICATE-----".as_bytes()), NvError::Pem);
		assert_eq!(of(&sequence()[..200]), NvError::CutOff { seen: 200, wanted: 300 });
		assert_eq!(of(b"hello"), NvError::Other);
	}
}
