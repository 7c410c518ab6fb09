//! Lists of digests, in the formats of `sha256sum`, `sha384sum` and `sha512sum`.
//!
//! Reads the plain format, `--tag`, `--zero`, and CHECKSUM files with a PGP clear-text signature.
//! The PGP signature is not verified. File names serve only human readers, so they may contain any
//! bytes. A line in any other format is an error, because the list would be incomplete without it.

use std::path::Path;

use anyhow::{bail, ensure, Context};
use hcc_evidence::ima::{DigestList, FileVerdict, HashAlgorithm};

use super::{decoded, hexadecimal, read, Limit};

const ALGORITHMS: [HashAlgorithm; 3] =
	[HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];

/// Reads a list of digests. A `!` at the beginning of a line marks a forbidden file.
pub(crate) fn digest_list(path: &Path) -> anyhow::Result<DigestList> {
	let bytes = read(path, &Limit::CHECKSUMS)?;
	let list = parse(&decoded(&bytes)).with_context(|| format!("in {}", path.display()))?;
	ensure!(!list.is_empty(), "{} contains no digests", path.display());
	Ok(list)
}

/// The parts of a file with a PGP clear-text signature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
	/// Text outside of the PGP message.
	Plain,
	/// The headers before the signed text.
	Headers,
	/// The signed text, in which leading dashes are escaped.
	Signed,
	/// The PGP signature after the signed text.
	Signature,
}

fn parse(bytes: &[u8]) -> anyhow::Result<DigestList> {
	let mut list = DigestList::default();
	let mut part = Part::Plain;
	// With --zero, lines end in NUL, and names are not escaped.
	let is_zero = bytes.contains(&0);
	let end = if is_zero { 0 } else { b'\n' };
	for (number, line) in bytes.split(|byte| *byte == end).enumerate() {
		let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
		let line = if is_zero { line } else { line.strip_suffix(b"\r").unwrap_or(line) };
		let content = in_part(&mut part, line);
		let Some(content) = content.filter(|content| !is_skipped(content)) else { continue };
		let (digest, verdict) = entry(content, is_zero).with_context(|| {
			let shown = content.get(..120).unwrap_or(content).escape_ascii();
			format!("line {} cannot be read: {shown}", number + 1)
		})?;
		list.insert(digest, verdict);
	}
	ensure!(part == Part::Plain, "the PGP armour has no end");
	Ok(list)
}

/// Tracks the current part of a PGP message (RFC 9580, section 7). Returns the content of the line,
/// or `None` if the line belongs to PGP's framing.
fn in_part<'a>(part: &mut Part, line: &'a [u8]) -> Option<&'a [u8]> {
	let (next, content) = match (*part, line.trim_ascii_end()) {
		(Part::Plain, b"-----BEGIN PGP SIGNED MESSAGE-----") => (Part::Headers, None),
		(Part::Plain | Part::Signed, b"-----BEGIN PGP SIGNATURE-----") => (Part::Signature, None),
		(Part::Headers, b"") => (Part::Signed, None),
		(Part::Signature, b"-----END PGP SIGNATURE-----") => (Part::Plain, None),
		(Part::Headers | Part::Signature, _) => (*part, None),
		(Part::Signed, _) => (*part, Some(line.strip_prefix(b"- ").unwrap_or(line))),
		(Part::Plain, _) => (*part, Some(line)),
	};
	*part = next;
	content
}

/// Returns `true` for a blank line and for a comment.
fn is_skipped(line: &[u8]) -> bool {
	line.trim_ascii().is_empty() || line.starts_with(b"#")
}

type Entry = ((HashAlgorithm, Vec<u8>), FileVerdict);

fn entry(line: &[u8], is_zero: bool) -> anyhow::Result<Entry> {
	let (line, verdict) = match line.trim_ascii_start().strip_prefix(b"!") {
		Some(rest) => (rest.trim_ascii_start(), FileVerdict::Forbidden),
		None => (line.trim_ascii_start(), FileVerdict::Allowed),
	};
	// A leading backslash marks an escaped name.
	let (line, is_escaped) = match line.strip_prefix(b"\\") {
		Some(rest) if !is_zero => (rest, true),
		_ => (line, false),
	};
	let (tag, digest, name) = tagged(line).unwrap_or_else(|| untagged(line));
	if is_escaped {
		check_escapes(name)?;
	}
	let digest = std::str::from_utf8(digest).ok().and_then(|digest| hexadecimal(digest).ok());
	let digest = digest.context("it has no digest in hexadecimal")?;
	let algorithm = ALGORITHMS.into_iter().find(|known| known.digest_len() == digest.len());
	let algorithm = algorithm.with_context(|| {
		let len = digest.len();
		format!("a digest of {len} bytes is not of sha256, sha384 or sha512")
	})?;
	if let Some(tag) = tag {
		let tag = String::from_utf8_lossy(tag);
		// OpenSSL 3 writes SHA2-256 for SHA-256.
		let name = tag.to_ascii_lowercase().replace("sha2-", "sha");
		ensure!(name == algorithm.name(), "{tag} is not sha256, sha384 or sha512");
	}
	Ok(((algorithm, digest), verdict))
}

type Columns<'a> = (Option<&'a [u8]>, &'a [u8], &'a [u8]);

/// Splits a line of `--tag` or of `openssl dgst`: `SHA256 (NAME) = DIGEST`.
fn tagged(line: &[u8]) -> Option<Columns<'_>> {
	let open = line.iter().position(|byte| *byte == b'(')?;
	let close = line.iter().rposition(|byte| *byte == b')')?;
	let tag = line.get(..open)?.trim_ascii_end();
	// The text before the bracket is longer if it is the digest of a plain line whose name has
	// brackets.
	let is_tag = (1..32).contains(&tag.len())
		&& tag.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-/".contains(byte));
	let digest = line.get(close.checked_add(1)?..)?.trim_ascii().strip_prefix(b"=")?;
	let name = line.get(open.checked_add(1)?..close)?;
	is_tag.then_some((Some(tag), digest.trim_ascii(), name))
}

/// Splits a plain line. It has a digest, a space, a second space or an asterisk, and a name. The
/// name may be missing.
fn untagged(line: &[u8]) -> Columns<'_> {
	let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
	let (digest, name) = line.split_at(end);
	(None, digest, name)
}

/// Checks that a backslash is followed by `\`, `n` or `r`.
fn check_escapes(name: &[u8]) -> anyhow::Result<()> {
	let mut bytes = name.iter();
	while let Some(byte) = bytes.next() {
		if *byte == b'\\' && !matches!(bytes.next(), Some(b'\\' | b'n' | b'r')) {
			bail!("its name has an unknown escape");
		}
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use hcc_evidence::ima::Files;

	use super::*;

	const A: [u8; 32] = [0xaa; 32];
	const B: [u8; 32] = [0xbb; 32];

	/// Reads a list in which the letters A and B stand for digests.
	fn list(text: &[u8]) -> anyhow::Result<DigestList> {
		let mut bytes = Vec::new();
		for byte in text {
			match byte {
				b'@' => bytes.extend(hex::encode(A).bytes()),
				b'%' => bytes.extend(hex::encode_upper(B).bytes()),
				byte => bytes.push(*byte),
			}
		}
		parse(&decoded(&bytes))
	}

	fn verdict(list: &DigestList, digest: [u8; 32]) -> FileVerdict {
		list.judge(HashAlgorithm::Sha256, &digest)
	}

	#[test]
	fn output_of_checksum_programs_is_read() {
		for text in [
			&b"@  a\n%  b\n"[..],
			b"@ *a\r\n% *b\r\n",
			b"\xef\xbb\xbf@  a\n%  b",
			b"\\@  system-systemd\\\\x2dcryptsetup.slice\n\\%  a\\nb\\rc\n",
			b"@  caf\xe9\n%  \xff\xfe\n",
			b"SHA256 (a) = @\nSHA256 (b (1) = 2) = %\n",
			b"\\SHA256 (a\\\\b) = @\nSHA2-256(b)= %\n",
			b"@  a\nb\0%  c\\d\0",
			b"SHA256 (a\n) = @\0SHA256 (b) = %\0",
			b"# a: 12 bytes\n\nSHA256 (a) = @\n# b: 13 bytes\nSHA256 (b) = %\n",
			b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# a\n@  a\n- %  b\n-----BEGIN PGP SIGNATURE-----\n\niQ=\n-----END PGP SIGNATURE-----\n",
			b"@\n%\n",
			b"@  (a) = \n%  (b) = c\n",
		] {
			let list = list(text).unwrap_or_else(|why| panic!("{why:#}: {}", text.escape_ascii()));
			assert_eq!(list.len(), 2, "{}", text.escape_ascii());
			assert_eq!(verdict(&list, A), FileVerdict::Allowed, "{}", text.escape_ascii());
			assert_eq!(verdict(&list, B), FileVerdict::Allowed, "{}", text.escape_ascii());
		}
	}

	#[test]
	fn forbidden_files_are_marked_in_every_format() {
		for text in [&b"@  a\n!%  b\n"[..], b"@  a\n!SHA256 (b) = %", b"@  a\n!\\%  b\\\\c"] {
			let list = list(text).expect("a list");
			assert_eq!(verdict(&list, B), FileVerdict::Forbidden, "{}", text.escape_ascii());
		}
	}

	#[test]
	fn unreadable_line_is_an_error_with_its_number() {
		for bad in [
			&b"hello"[..],
			b"\\@  a\\x",
			b"aa  a",
			b"MD5 (a) = 00000000000000000000000000000000",
			b"SHA512 (a) = @",
			b"SHA3-256 (a) = @",
			b"@- a",
			b"BLAKE2b (a) = @@",
		] {
			let error = list(&[b"@  a\n", bad, b"\n%  b\n"].concat()).expect_err("unreadable");
			let error = format!("{error:#}");
			assert!(error.starts_with("line 2 cannot be read"), "{error}");
		}
		let unsigned = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n@  a\n";
		assert!(list(unsigned).is_err(), "no end");
	}
}
