//! Detects the format of an unsuitable file, to tell the user how to convert the file.

use std::path::Path;

use x509_cert::{crl::CertificateList, der::Decode, spki::SubjectPublicKeyInfoRef, Certificate};

use super::decoded;

/// Number of bytes at the beginning of a file that decide its format.
const SAMPLE: usize = 4 << 10;
/// The length of an SNP report, in bytes.
const REPORT: usize = 1184;
/// The length of the header before the SNP report, in bytes. It is the same in an HCL report and in
/// the buffer of the ioctl.
const HEADER: usize = 32;
const CUT_REPORT: &str = "`tail -c +33 FILE | head -c 1184` extracts the report";

/// Returns the error for a file that is not `wanted`. The error states the apparent format of the
/// file, and a command that converts it.
pub(crate) fn mismatch(path: &Path, wanted: &str, bytes: &[u8]) -> anyhow::Error {
	let path = path.display();
	let count = bytes.len();
	match recognise(bytes) {
		None => anyhow::anyhow!("{path} is not {wanted}: {count} bytes of an unknown format"),
		Some((seen, "")) => anyhow::anyhow!("{path} is not {wanted}: it looks like {seen}"),
		Some((seen, conversion)) => {
			anyhow::anyhow!("{path} is not {wanted}: it looks like {seen}; {conversion}")
		},
	}
}

/// Returns the apparent format of bytes and a command that converts them. The command is empty if
/// no conversion exists.
fn recognise(bytes: &[u8]) -> Option<(String, &'static str)> {
	let known = |(seen, conversion): (&str, &'static str)| (seen.to_owned(), conversion);
	let first = bytes.first()?;
	if bytes.len() > 16 && bytes.iter().all(|byte| byte == first) {
		return Some((format!("{} bytes of {first:#04x}", bytes.len()), ""));
	}
	compressed(bytes)
		.or_else(|| hcl_or_ioctl(bytes))
		.or_else(|| of_tpm(bytes))
		.map(known)
		.or_else(|| text(bytes))
		.or_else(|| binary(bytes).map(known))
}

type Seen = (&'static str, &'static str);

fn compressed(bytes: &[u8]) -> Option<Seen> {
	const MAGICS: [(&[u8], Seen); 5] = [
		(b"\x1f\x8b", ("gzip", "`gunzip` decompresses it")),
		(b"\xfd7zXZ\0", ("xz", "`unxz` decompresses it")),
		(b"\x28\xb5\x2f\xfd", ("zstd", "`unzstd` decompresses it")),
		(b"BZh", ("bzip2", "`bunzip2` decompresses it")),
		(b"PK\x03\x04", ("a zip archive", "`unzip` extracts it")),
	];
	let magic = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic));
	let zlib = matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
	magic.map(|(_, seen)| *seen).or(zlib.then_some(("zlib", "`pigz -dz` decompresses it")))
}

/// Detects an SNP report with a header or padding.
fn hcl_or_ioctl(bytes: &[u8]) -> Option<Seen> {
	if bytes.len() <= REPORT {
		return None;
	}
	if bytes.starts_with(b"HCLA") {
		return Some(("an HCL report of Azure", CUT_REPORT));
	}
	let number =
		|at: usize| bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes);
	let is_version =
		|version: Option<u32>| version.is_some_and(|version| (1..16).contains(&version));
	if number(4) == Some(REPORT as u32) && is_version(number(HEADER)) {
		return Some(("the answer of the ioctl SNP_GET_REPORT", CUT_REPORT));
	}
	let padding = bytes.get(REPORT..)?;
	let is_padded = padding.iter().all(|byte| *byte == 0) && is_version(number(0));
	is_padded.then_some(("a report with padding", "`head -c 1184 FILE` extracts the report"))
}

fn of_tpm(bytes: &[u8]) -> Option<Seen> {
	let sized = |bytes: &[u8]| {
		let (size, body) = bytes.split_first_chunk::<2>()?;
		(usize::from(u16::from_be_bytes(*size)) == body.len()).then(|| body.to_vec())
	};
	if bytes.starts_with(b"\xffTCG") {
		return Some(("a TPMS_ATTEST, such as a quote", ""));
	}
	if bytes.starts_with(b"\xba\xdc\xc0\xde") {
		let remedy = "`tpm2_readpublic -c FILE -f pem -o ak.pem` extracts a key";
		return Some(("a context of tpm2-tools", remedy));
	}
	if let Some(body) = sized(bytes) {
		if body.starts_with(b"\xffTCG") {
			return Some(("a TPM2B_ATTEST", "`tail -c +3 FILE` extracts the TPMS_ATTEST"));
		}
		if matches!(body.as_slice(), [0, 0x01 | 0x23, 0, 0x04 | 0x0b | 0x0c | 0x0d, ..]) {
			return Some(("a TPM2B_PUBLIC, a public key", ""));
		}
	}
	match bytes {
		[0, 0x01 | 0x23, 0, 0x04 | 0x0b | 0x0c | 0x0d, ..] => {
			Some(("a TPMT_PUBLIC, a public key", ""))
		},
		[0, 0x14 | 0x16 | 0x18, 0, 0x04 | 0x0b | 0x0c | 0x0d, ..] => Some(("a TPMT_SIGNATURE", "")),
		_ => None,
	}
}

fn text(bytes: &[u8]) -> Option<(String, &'static str)> {
	let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
	let text = decoded(sample);
	if text.iter().any(|byte| *byte < 0x20 && !byte.is_ascii_whitespace()) {
		return None;
	}
	let text = String::from_utf8_lossy(&text);
	let text = text.trim();
	if let Some((_, rest)) = text.split_once("-----BEGIN ") {
		let label = rest.split_once("-----").map_or(rest, |(label, _)| label);
		return Some((format!("PEM of {label}"), ""));
	}
	let seen = if text.is_empty() {
		("blank text", "")
	} else if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
		("an OpenSSH key", "`ssh-keygen -e -m PKCS8 -f FILE` converts it")
	} else if text.starts_with('{') || text.starts_with('[') {
		("JSON", "")
	} else if text.starts_with('<') {
		("HTML or XML, as a failed download gives", "")
	} else if is_ascii_log(text) {
		("an ASCII IMA log", "use binary_runtime_measurements from the same folder")
	} else if text.starts_with("00000000: ") || text.starts_with("0000: ") {
		("a hex dump", "`xxd -r FILE` converts it to binary")
	} else if is_hex(text) {
		("hexadecimal", "`xxd -r -p FILE` converts it to binary")
	} else if text.len() >= 16 && text.bytes().all(is_base64) {
		let url_safe = text.contains(['-', '_']);
		(
			"Base64",
			if url_safe {
				"`basenc -d --base64url FILE` converts it to binary"
			} else {
				"`base64 -d FILE` converts it to binary"
			},
		)
	} else {
		("text", "")
	};
	Some((seen.0.to_owned(), seen.1))
}

/// Returns `true` if the text begins like `ascii_runtime_measurements`: with a PCR, a digest and a
/// template.
fn is_ascii_log(text: &str) -> bool {
	let mut words = text.split_whitespace();
	let pcr = words.next().is_some_and(|pcr| pcr.parse::<u8>().is_ok_and(|pcr| pcr < 24));
	let digest = words.next().unwrap_or_default();
	let digest = matches!(digest.len(), 40 | 64 | 96 | 128) && is_hex(digest);
	pcr && digest && words.next().is_some()
}

fn is_hex(text: &str) -> bool {
	let text = text.strip_prefix("0x").unwrap_or(text);
	let mut digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b':');
	text.len() >= 8 && digits.all(|byte| byte.is_ascii_hexdigit())
}

fn is_base64(byte: u8) -> bool {
	byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/-_=".contains(&byte)
}

fn binary(bytes: &[u8]) -> Option<Seen> {
	if Certificate::from_der(bytes).is_ok() {
		return Some(("a certificate in DER", ""));
	}
	if CertificateList::from_der(bytes).is_ok() {
		return Some(("a certificate revocation list in DER", ""));
	}
	if SubjectPublicKeyInfoRef::from_der(bytes).is_ok() {
		return Some(("a public key in DER", ""));
	}
	if bytes.get(HEADER..).is_some_and(|rest| rest.starts_with(b"Spec ID Event03")) {
		return Some(("a firmware event log", ""));
	}
	if starts_like_ima_log(bytes) {
		return Some(("a binary IMA log", ""));
	}
	if bytes.len() == REPORT && matches!(bytes, [1..=15, 0, 0, 0, ..]) {
		return Some(("an SNP report", ""));
	}
	matches!(bytes, [0x30, 0x80..=0x84, ..]).then_some(("other or truncated DER", ""))
}

/// Returns `true` if the bytes begin like a binary IMA log: with a PCR, a digest, and the name of a
/// template. The digest has the length of SHA-1 or of the log's bank.
pub(crate) fn starts_like_ima_log(bytes: &[u8]) -> bool {
	let number = |at: usize| {
		let field = bytes.get(at..at.checked_add(4)?)?;
		field.try_into().ok().map(u32::from_le_bytes)
	};
	let name = |digest: usize| {
		let at = digest.checked_add(4)?;
		let len = number(at).filter(|len| (3..=255).contains(len))?;
		let from = at.checked_add(4)?;
		bytes.get(from..from.checked_add(len as usize)?)
	};
	number(0).is_some_and(|pcr| pcr < 24)
		&& [20, 32, 48, 64]
			.into_iter()
			.filter_map(name)
			.any(|name| name.is_ascii() && name.iter().all(u8::is_ascii_graphic))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn seen(bytes: &[u8]) -> String {
		mismatch(Path::new("f"), "a report", bytes).to_string()
	}

	#[test]
	fn usual_formats_are_recognised() {
		let report = [&[3u8, 0, 0, 0][..], &[7; REPORT - 4]].concat();
		let hex = hex::encode(&report);
		let log = "10 478c5281f8dca8148a8cbfa347b898cc4f6c87d3 ima-sig sha256:00 boot_aggregate";
		let ioctl = [&[0u8, 0, 0, 0, 0xa0, 4, 0, 0][..], &[0; 24], &report, &[0; 2784]].concat();
		assert_eq!(ioctl.len(), 4000);
		let cases: [(&[u8], &str); 16] = [
			(b"HCLA", "text"),
			(&[&b"HCLA"[..], &[0; 28], &report].concat(), "HCL report"),
			(&ioctl, "tail -c +33"),
			(&[&report[..], &[0; 32]].concat(), "head -c 1184"),
			(hex.as_bytes(), "xxd -r -p"),
			(b"AwAAAAcHBwcHBwcHBwcHBw==\n", "base64 -d"),
			(b"AwAAAAcHBwcHBwcH-_cHBw==\n", "base64url"),
			(log.as_bytes(), "binary_runtime_measurements"),
			(b"{\"report\": 1}", "JSON"),
			(b"-----BEGIN CERTIFICATE-----\nAA==", "PEM of CERTIFICATE"),
			(b"\x1f\x8b\x08", "gunzip"),
			(b"<html>", "failed download"),
			(&[0xff; 1184], "1184 bytes of 0xff"),
			(&report, "an SNP report"),
			(b"\x00\x03\x01", "3 bytes of an unknown format"),
			(b"", "0 bytes"),
		];
		for (bytes, wanted) in cases {
			assert!(seen(bytes).contains(wanted), "{wanted}: {}", seen(bytes));
		}
	}
}
