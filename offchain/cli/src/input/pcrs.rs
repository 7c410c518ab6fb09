//! PCR values in the formats of tpm2-tools and as JSON.
//!
//! A value that is given twice, or whose PCR is not quoted, is an error. Otherwise, the user could
//! believe that the value was checked.

use std::{
	fmt,
	path::{Path, PathBuf},
};

use anyhow::{bail, ensure, Context};
use hcc_evidence::tpm::{PcrBank, PcrSelection, PcrValues};
use serde::{
	de::{Error, MapAccess, SeqAccess, Visitor},
	Deserialize, Deserializer,
};

use super::{decoded, hexadecimal, mismatch, read, Limit};

/// A decoded file of PCR values.
pub(crate) enum PcrFile {
	/// Values with their bank and index.
	Named(PathBuf, PcrValues),
	/// Concatenated values in the order of the quote's selection.
	Packed(PathBuf, Vec<u8>),
}

impl PcrFile {
	/// Reads the values: JSON, YAML of `tpm2_pcrread`, or binary of `tpm2_quote` and
	/// `tpm2_pcrread`.
	pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
		let bytes = read(path, &Limit::PCRS)?;
		ensure!(!bytes.is_empty(), "{} is empty, expected PCR values", path.display());
		let in_file = || format!("in {}", path.display());
		let text = decoded(&bytes);
		let text = std::str::from_utf8(&text)
			.ok()
			.filter(|text| text.bytes().all(|byte| byte >= 0x20 || byte.is_ascii_whitespace()));
		let values = match text.map(str::trim_start) {
			Some(json) if json.starts_with(['{', '[']) => {
				json_values(json).with_context(in_file)?
			},
			Some(text) if text.contains(':') => yaml_values(text).with_context(in_file)?,
			Some(_) => return Err(mismatch(path, "a file of PCR values", &bytes)),
			None => match serialized(&bytes).with_context(in_file)? {
				Some(values) => values,
				None => return Ok(Self::Packed(path.to_owned(), bytes.clone())),
			},
		};
		ensure!(!values.0.is_empty(), "{} contains no PCR values", path.display());
		Ok(Self::Named(path.to_owned(), values))
	}

	/// Returns the values. Fails if the quote does not include the PCR of a value.
	pub(crate) fn values(&self, quoted: &[PcrSelection]) -> anyhow::Result<PcrValues> {
		let (path, values) = match self {
			Self::Named(path, values) => (path, values.clone()),
			Self::Packed(path, bytes) => (path, unpack(path, bytes, quoted)?),
		};
		for (bank, index, _) in &values.0 {
			let is_quoted = quoted.iter().any(|selection| {
				selection.bank == *bank && selection.indices().any(|quoted| quoted == *index)
			});
			ensure!(
				is_quoted,
				"{} has a value for PCR {index} of {}, which is not quoted and cannot be checked",
				path.display(),
				bank.name()
			);
		}
		Ok(values)
	}
}

/// Splits concatenated values (`-F values` of tpm2-tools) by the quote's selection of PCRs.
fn unpack(path: &Path, bytes: &[u8], quoted: &[PcrSelection]) -> anyhow::Result<PcrValues> {
	let places: Vec<_> = quoted
		.iter()
		.flat_map(|selection| selection.indices().map(move |index| (selection.bank, index)))
		.collect();
	let len: usize = places.iter().map(|(bank, _)| bank.digest_len()).sum();
	if len != bytes.len() {
		let count = places.len();
		let wanted = format!("the values of the {count} quoted PCRs, which have {len} bytes");
		return Err(mismatch(path, &wanted, bytes));
	}
	let mut values = PcrValues::default();
	let mut rest = bytes;
	for (bank, index) in places {
		let (value, after) = rest.split_at(bank.digest_len());
		insert(&mut values, bank, index, value.to_vec())?;
		rest = after;
	}
	Ok(values)
}

fn insert(values: &mut PcrValues, bank: PcrBank, index: u8, value: Vec<u8>) -> anyhow::Result<()> {
	let name = bank.name();
	ensure!(values.get(bank, index).is_none(), "PCR {index} of {name} is given twice");
	let (seen, wanted) = (value.len(), bank.digest_len());
	ensure!(seen == wanted, "PCR {index} of {name} has {seen} bytes, expected {wanted}");
	values.0.push((bank, index, value));
	Ok(())
}

/// Inserts a PCR value. Its index and the value are given as text.
fn insert_text(
	values: &mut PcrValues,
	bank: PcrBank,
	index: &str,
	value: &str,
) -> anyhow::Result<()> {
	// Only the canonical spelling of an index is accepted: "07" and "+7" also parse as 7, and could
	// hide a duplicate.
	let number = index.parse().ok().filter(|number: &u8| *number < 32);
	let number = number.filter(|number| number.to_string() == index);
	let number = number.with_context(|| format!("{index:?} is not the number of a PCR"))?;
	let value = hexadecimal(value)
		.with_context(|| format!("PCR {index} of {} is not hexadecimal", bank.name()))?;
	insert(values, bank, number, value)
}

fn bank_of(name: &str) -> Option<PcrBank> {
	PcrBank::ALL.into_iter().find(|bank| bank.name().eq_ignore_ascii_case(name))
}

/// A JSON value. Its objects keep duplicate keys, so that duplicates can be detected.
enum Node {
	Text(String),
	List(Vec<Node>),
	Rows(Vec<(String, Node)>),
}

impl<'de> Deserialize<'de> for Node {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		deserializer.deserialize_any(NodeVisitor)
	}
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
	type Value = Node;

	fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("text, a list or an object")
	}

	fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
		Ok(Node::Text(text.to_owned()))
	}

	fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
		let mut nodes = Vec::new();
		while let Some(node) = list.next_element()? {
			nodes.push(node);
		}
		Ok(Node::List(nodes))
	}

	fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
		let mut rows = Vec::new();
		while let Some(row) = map.next_entry()? {
			rows.push(row);
		}
		Ok(Node::Rows(rows))
	}
}

/// Decodes a JSON object with one field for each bank. A bank is an object that maps indices to
/// values, or an array of values in the order of indices. A bank without the outer object has the
/// hash SHA-256.
fn json_values(json: &str) -> anyhow::Result<PcrValues> {
	let node: Node = serde_json::from_str(json).context("not JSON with PCR values")?;
	let mut values = PcrValues::default();
	let starts_with_letter = |key: &str| key.starts_with(|first: char| first.is_alphabetic());
	match node {
		Node::Rows(banks) if banks.iter().any(|(key, _)| starts_with_letter(key)) => {
			for (at, (name, node)) in banks.iter().enumerate() {
				let bank = bank_of(name).with_context(|| {
					format!("unknown bank {name}: expected sha1, sha256, sha384 or sha512")
				})?;
				let is_first = !banks.iter().take(at).any(|(of, _)| bank_of(of) == Some(bank));
				ensure!(is_first, "the bank {name} is given twice");
				json_bank(bank, node, &mut values)?;
			}
		},
		node => json_bank(PcrBank::Sha256, &node, &mut values)?,
	}
	Ok(values)
}

fn json_bank(bank: PcrBank, node: &Node, values: &mut PcrValues) -> anyhow::Result<()> {
	let mut add = |index: &str, node: &Node| match node {
		Node::Text(value) => insert_text(values, bank, index, value),
		Node::List(_) | Node::Rows(_) => bail!("PCR {index} of {} is not text", bank.name()),
	};
	match node {
		Node::List(nodes) => {
			for (index, node) in nodes.iter().enumerate() {
				add(&index.to_string(), node)?;
			}
		},
		Node::Rows(rows) => {
			for (index, node) in rows {
				add(index, node)?;
			}
		},
		Node::Text(_) => bail!("{} contains neither an array nor an object", bank.name()),
	}
	Ok(())
}

/// Decodes the YAML that `tpm2_pcrread` prints. The output of `tpm2_quote` has the same content
/// under `pcrs`.
fn yaml_values(text: &str) -> anyhow::Result<PcrValues> {
	let has_section = text.lines().any(|line| line.trim_end() == "pcrs:");
	let mut in_section = !has_section;
	let mut bank: Option<(&str, Option<PcrBank>)> = None;
	let mut banks = Vec::new();
	let mut values = PcrValues::default();
	for (number, line) in text.lines().enumerate() {
		let at = || format!("line {}: {line:?}", number + 1);
		let content = line.trim();
		if has_section && !line.starts_with([' ', '\t']) && !content.is_empty() {
			in_section = content == "pcrs:";
			continue;
		}
		if !in_section || content.is_empty() || content == "---" || content.starts_with('#') {
			continue;
		}
		let (key, value) = content.split_once(':').with_context(at)?;
		let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
		let value = unquoted(value);
		if value.is_empty() {
			let name = key.trim().trim_matches(['"', '\'']);
			let known = bank_of(name);
			ensure!(known.is_none() || !banks.contains(&known), "{}: a bank twice", at());
			banks.push(known);
			bank = Some((name, known));
			continue;
		}
		match bank {
			Some((_, Some(bank))) => insert_text(&mut values, bank, &unquoted(key), &value),
			Some((name, None)) => Err(anyhow::anyhow!("unknown bank {name}")),
			None => Err(anyhow::anyhow!("a value before the name of a bank")),
		}
		.with_context(at)?;
	}
	Ok(values)
}

/// Sizes of structures in the memory of tpm2-tools, in bytes: TPML_PCR_SELECTION, TPML_DIGEST,
/// TPM2B_DIGEST.
const SELECTIONS: usize = 132;
const DIGESTS: usize = 532;
const DIGEST: usize = 66;

/// Decodes the format `-F serialized` of tpm2-tools: a TPML_PCR_SELECTION, a count, and that number
/// of TPML_DIGEST. All are in the layout of memory, with numbers in little-endian. Returns `None`
/// for another format.
fn serialized(bytes: &[u8]) -> anyhow::Result<Option<PcrValues>> {
	let word = |bytes: &[u8], at: usize| {
		let word = bytes.get(at..at.checked_add(4)?)?;
		word.try_into().ok().map(u32::from_le_bytes)
	};
	let Some(lists) = bytes.get(SELECTIONS.saturating_add(4)..) else { return Ok(None) };
	let (lists, rest) = (lists.chunks_exact(DIGESTS), lists.chunks_exact(DIGESTS).remainder());
	let selections = word(bytes, 0).filter(|count| *count <= 16);
	let fits = word(bytes, SELECTIONS).is_some_and(|count| count as usize == lists.len());
	let (Some(selections), true, true) = (selections, fits, rest.is_empty()) else {
		return Ok(None);
	};
	let mut digests = Vec::new();
	for list in lists {
		let count = word(list, 0).filter(|count| *count <= 8).context("a list has no count")?;
		for digest in list.get(4..).unwrap_or_default().chunks_exact(DIGEST).take(count as usize) {
			let (size, digest) = digest.split_first_chunk::<2>().context("a value is cut off")?;
			let digest =
				digest.get(..usize::from(u16::from_le_bytes(*size))).context("a long value")?;
			digests.push(digest.to_vec());
		}
	}
	let mut digests = digests.into_iter();
	let mut values = PcrValues::default();
	let selections =
		bytes.get(4..SELECTIONS).unwrap_or_default().chunks_exact(8).take(selections as usize);
	for selection in selections {
		let [low, high, size, bitmap @ ..] = selection else { bail!("a selection is cut off") };
		let bitmap = bitmap.get(..usize::from(*size)).context("a selection has a bad size")?;
		for index in (0..32u8).filter(|index| {
			let byte = bitmap.get(usize::from(index / 8)).copied().unwrap_or(0);
			(byte >> (index % 8)) & 1 == 1
		}) {
			let id = u16::from_le_bytes([*low, *high]);
			let bank =
				PcrBank::from_alg_id(id).with_context(|| format!("unknown bank {id:#06x}"))?;
			let digest = digests.next().context("it has fewer values than PCRs")?;
			insert(&mut values, bank, index, digest)?;
		}
	}
	ensure!(digests.next().is_none(), "it has more values than PCRs");
	Ok(Some(values))
}

#[cfg(test)]
mod tests {
	use super::*;

	const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

	fn json(text: &str) -> anyhow::Result<PcrValues> {
		json_values(&text.replace('Z', ZERO))
	}

	fn yaml(text: &str) -> anyhow::Result<PcrValues> {
		yaml_values(&text.replace('Z', ZERO))
	}

	#[test]
	fn forms_of_json_are_read() {
		for text in [
			r#"{"sha256": {"0": "Z", "1": "0xZ"}}"#,
			r#"{"0": "Z", "1": "Z"}"#,
			r#"["Z", "Z"]"#,
			r#"{"SHA256": ["Z", "Z"], "sha1": {}}"#,
		] {
			assert_eq!(json(text).expect("values").0.len(), 2, "{text}");
		}
	}

	#[test]
	fn contradictions_are_errors() {
		for text in [
			r#"{"7": "Z", "7": "Z"}"#,
			r#"{"sha256": {"7": "Z", "07": "Z"}}"#,
			r#"{"sha256": {"+7": "Z"}}"#,
			r#"{"07": "Z"}"#,
			r#"{"sha256": {"7": "Z"}, "sha256": {"8": "Z"}}"#,
			r#"{"sha256": {"7": "Z"}, "SHA256": {"8": "Z"}}"#,
			r#"{"sha256": {"32": "Z"}}"#,
			r#"{"sha256": {"7": "00"}}"#,
			r#"{"sha256": {"7": 0}}"#,
			r#"{"sm3_256": {"7": "Z"}}"#,
		] {
			assert!(json(text).is_err(), "{text}");
		}
		for text in [
			"sha256:\n  7 : 0xZ\n  7 : 0xZ",
			"sha256:\n  07: 0xZ",
			"sha256:\n  7 : 0xZ\nsha256:\n  8 : 0xZ",
			"  7 : 0xZ",
			"sm3_256:\n  7 : 0xZ",
			"sha256:\n  7 0xZ",
		] {
			assert!(yaml(text).is_err(), "{text}");
		}
	}

	#[test]
	fn forms_of_yaml_are_read() {
		for text in [
			"  sha1:\n  sha256:\n    0 : 0xZ\n    10: 0xZ\n",
			"---\r\nsha256 :\r\n  0  : Z\r\n  10 : Z\r\n",
			"quoted: ff\nsignature:\n  alg: rsassa\n  sig: 00\npcrs:\n  sha256:\n    0 : 0xZ\n    10: 0xZ\ncalcDigest: 00\n",
		] {
			assert_eq!(yaml(text).expect("values").0.len(), 2, "{text}");
		}
	}

	#[test]
	fn unquoted_value_is_an_error() {
		let quoted = [PcrSelection { bank: PcrBank::Sha256, mask: 0b10 }];
		let file = |text| PcrFile::Named("f".into(), json(text).expect("values"));
		assert!(file(r#"{"1": "Z"}"#).values(&quoted).is_ok());
		assert!(file(r#"{"1": "Z", "4": "Z"}"#).values(&quoted).is_err());
		let packed = |len| PcrFile::Packed("f".into(), vec![1; len]).values(&quoted);
		assert_eq!(packed(32).expect("one value").0, [(PcrBank::Sha256, 1, vec![1; 32])]);
		assert!(packed(31).is_err() && packed(64).is_err());
	}
}
