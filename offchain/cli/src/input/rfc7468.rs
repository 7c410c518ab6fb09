//! PEM as RFC 7468 defines it. The objects may have text before, after and between them.

use anyhow::{bail, Context};

use super::decoded;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// An object in PEM.
pub(super) struct Block {
	pub(super) label: String,
	pub(super) der: Vec<u8>,
}

/// Returns the PEM objects in a file. Returns `None` if the file has none.
pub(super) fn blocks(bytes: &[u8]) -> anyhow::Result<Option<Vec<Block>>> {
	let text = decoded(bytes);
	// The text around the objects may have any encoding, but the objects are ASCII.
	let text = String::from_utf8_lossy(&text);
	let mut blocks = Vec::new();
	let mut rest = &*text;
	while let Some((_, after)) = rest.split_once(BEGIN) {
		let unclosed = || format!("PEM object {} has no end", blocks.len() + 1);
		let (label, after) = after.split_once(DASHES).with_context(unclosed)?;
		let (body, after) = after.split_once(END).with_context(unclosed)?;
		let (end, after) = after.split_once(DASHES).with_context(unclosed)?;
		if body.contains(BEGIN) || end != label {
			bail!("PEM object {} ({label}) ends as {end}", blocks.len() + 1);
		}
		let der = decode(label, body)
			.with_context(|| format!("PEM object {} ({label})", blocks.len() + 1))?;
		blocks.push(Block { label: label.to_owned(), der });
		rest = after;
	}
	Ok((!blocks.is_empty()).then_some(blocks))
}

/// Decodes the Base64 of an object. Skips blank lines and the headers of RFC 1421.
fn decode(label: &str, body: &str) -> anyhow::Result<Vec<u8>> {
	let lines = body.lines().map(str::trim);
	let lines: Vec<_> = lines.filter(|line| !line.is_empty() && !line.contains(':')).collect();
	let normal = format!("{BEGIN}{label}{DASHES}\n{}\n{END}{label}{DASHES}\n", lines.join("\n"));
	Ok(::pem::parse(normal)?.into_contents())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn found(text: impl AsRef<[u8]>) -> Vec<(String, Vec<u8>)> {
		let blocks = blocks(text.as_ref()).expect("PEM").expect("objects");
		blocks.into_iter().map(|block| (block.label, block.der)).collect()
	}

	#[test]
	fn text_around_objects_is_skipped() {
		let one = "-----BEGIN A-----\nAQID\n-----END A-----\n";
		let two = "-----BEGIN B C-----\r\nBA==\r\n-----END B C-----";
		let both = vec![("A".to_owned(), vec![1, 2, 3]), ("B C".to_owned(), vec![4])];
		for between in ["", "\n", "subject=CN = x\n", "# a: b\n\n", "\u{feff}"] {
			assert_eq!(
				found(format!("{between}{one}{between}{two}{between}")),
				both,
				"{between:?}"
			);
		}
		let latin1 = [b"\xe4\n", one.as_bytes(), b"\xe4\n", two.as_bytes()].concat();
		assert_eq!(found(latin1), both);
		let utf16: Vec<u8> = one.encode_utf16().flat_map(u16::to_le_bytes).collect();
		assert_eq!(found([&b"\xff\xfe"[..], &utf16].concat()), both[..1]);
	}

	#[test]
	fn blank_lines_and_headers_are_skipped() {
		let body = "-----BEGIN A-----\nComment: x\n\nAQ\n  ID\n\n-----END A-----";
		assert_eq!(found(body), [("A".to_owned(), vec![1, 2, 3])]);
	}

	#[test]
	fn malformed_objects_are_errors() {
		assert!(blocks(b"\x30\x03\x02\x01\x00").expect("DER").is_none());
		for bad in [
			"-----BEGIN A-----\nAQID\n",
			"-----BEGIN A-----\nAQID\n-----END B-----",
			"-----BEGIN A-----\nA?ID\n-----END A-----",
			"-----BEGIN A-----\nAQID\n-----BEGIN A-----\nAQID\n-----END A-----",
		] {
			assert!(blocks(bad.as_bytes()).is_err(), "{bad}");
		}
	}
}
