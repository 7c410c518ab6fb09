//! Files and arguments of the user. All have a maximum size, and all usual formats are accepted.

mod certificates;
mod checksums;
mod format;
mod keys;
mod moment;
mod pcrs;
mod rfc7468;
mod signature;

use std::{borrow::Cow, fs, io::Read, path::Path};

use anyhow::{bail, Context};

pub(crate) use certificates::{authority, crl_of, crls, leaf, Authority};
pub(crate) use checksums::digest_list;
pub(crate) use format::{mismatch, starts_like_ima_log};
pub(crate) use keys::{attestation_key, public_key};
pub(crate) use moment::{instant, rfc3339};
pub(crate) use pcrs::PcrFile;
pub(crate) use signature::quote_signature;

/// The maximum size of one kind of input file.
pub(crate) struct Limit {
	bytes: u64,
	of: &'static str,
}

impl Limit {
	pub(crate) const KEY: Self = Self { bytes: 1 << 20, of: "a key or a certificate" };
	pub(crate) const CRL: Self = Self { bytes: 1 << 20, of: "revocation lists" };
	pub(crate) const REPORT: Self = Self { bytes: 1 << 20, of: "a report" };
	pub(crate) const QUOTE: Self = Self { bytes: 1 << 20, of: "a quote or its signature" };
	pub(crate) const PCRS: Self = Self { bytes: 1 << 20, of: "PCR values" };
	pub(crate) const POLICY: Self = Self { bytes: 16 << 20, of: "a policy" };
	pub(crate) const CHECKSUMS: Self = Self { bytes: 64 << 20, of: "a list of digests" };
	pub(crate) const IMA_LOG: Self = Self { bytes: 128 << 20, of: "an IMA log" };
	pub(crate) const BOOT_LOG: Self = Self { bytes: 16 << 20, of: "an event log" };
	pub(crate) const BUNDLE: Self = Self { bytes: 64 << 20, of: "evidence" };
	pub(crate) const CONFIG: Self = Self { bytes: 16 << 20, of: "a VM's configuration" };
}

/// Reads a whole file. Fails if the file is longer than the limit.
pub(crate) fn read(path: &Path, limit: &Limit) -> anyhow::Result<Vec<u8>> {
	let file = fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
	let mut bytes = Vec::new();
	file.take(limit.bytes.saturating_add(1))
		.read_to_end(&mut bytes)
		.with_context(|| format!("cannot read {}", path.display()))?;
	if bytes.len() as u64 > limit.bytes {
		let (max, of) = (limit.bytes, limit.of);
		bail!("{} is larger than {max} bytes, the limit for {of}", path.display());
	}
	Ok(bytes)
}

/// Reads a whole text file. The encoding is UTF-8, or the one that a byte order mark indicates.
pub(crate) fn read_text(path: &Path, limit: &Limit) -> anyhow::Result<String> {
	let bytes = read(path, limit)?;
	String::from_utf8(decoded(&bytes).into_owned())
		.map_err(|_| mismatch(path, "UTF-8 text", &bytes))
}

/// Removes a byte order mark. Converts UTF-16 with a byte order mark to UTF-8.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
	let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
		let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
		char::decode_utf16(units)
			.map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
			.collect::<String>()
			.into_bytes()
	};
	if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
		Cow::Borrowed(rest)
	} else if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
		Cow::Owned(utf16(rest, u16::from_le_bytes))
	} else if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
		Cow::Owned(utf16(rest, u16::from_be_bytes))
	} else {
		Cow::Borrowed(bytes)
	}
}

/// Bytes of an argument in hexadecimal.
#[derive(Clone, Debug)]
pub(crate) struct HexBytes(pub(crate) Vec<u8>);

/// Parses an argument in hexadecimal.
pub(crate) fn hex_bytes(text: &str) -> Result<HexBytes, String> {
	hexadecimal(text).map(HexBytes).map_err(|error| error.to_string())
}

/// Decodes hexadecimal with or without the prefix 0x.
pub(crate) fn hexadecimal(text: &str) -> Result<Vec<u8>, hex::FromHexError> {
	hex::decode(text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn endless_file_is_an_error_with_name_and_limit() {
		let error = read(Path::new("/dev/zero"), &Limit::KEY).expect_err("too long").to_string();
		assert_eq!(
			error,
			"/dev/zero is larger than 1048576 bytes, the limit for a key or a certificate"
		);
		assert!(read(Path::new("/dev/null"), &Limit::KEY).expect("empty").is_empty());
		assert!(read(Path::new("/"), &Limit::KEY).is_err(), "a folder");
	}

	#[test]
	fn byte_order_marks_are_removed() {
		assert_eq!(*decoded(b"\xef\xbb\xbfab"), *b"ab");
		assert_eq!(*decoded(b"\xff\xfea\0b\0"), *b"ab");
		assert_eq!(*decoded(b"\xfe\xff\0a\0b"), *b"ab");
		assert_eq!(*decoded(b"\xe4b"), *b"\xe4b");
	}
}
