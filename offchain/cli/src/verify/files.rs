//! Reads the files that the user names.

use std::{fs, io::Read, path::Path};

use anyhow::{bail, Context};
use hcc_evidence::tpm::{PcrBank, PcrValues};
use serde_json::Value;

/// The largest file that is accepted, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
	let file = fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
	let mut bytes = Vec::new();
	file.take(MAX_FILE + 1)
		.read_to_end(&mut bytes)
		.with_context(|| format!("cannot read {}", path.display()))?;
	if bytes.len() as u64 > MAX_FILE {
		bail!("{} is larger than {MAX_FILE} bytes", path.display());
	}
	Ok(bytes)
}

/// Reads a file in DER, or the first object of a file in PEM.
pub(crate) fn read_der_or_pem(path: &Path) -> anyhow::Result<Vec<u8>> {
	let bytes = read(path)?;
	if !bytes.starts_with(b"-----BEGIN ") {
		return Ok(bytes);
	}
	let pem = pem::parse(&bytes).with_context(|| format!("{} is not valid PEM", path.display()))?;
	Ok(pem.into_contents())
}

/// Parses an argument in hexadecimal.
pub(crate) fn hex_bytes(text: &str) -> Result<HexBytes, String> {
	hex::decode(text.trim_start_matches("0x")).map(HexBytes).map_err(|error| error.to_string())
}

/// Bytes of an argument in hexadecimal.
#[derive(Clone, Debug)]
pub(crate) struct HexBytes(pub(crate) Vec<u8>);

/// Reads PCR values from JSON.
///
/// The format is an object of banks. Each bank is an object from index to value, or an array of
/// values by index. A single bank without the outer object is SHA-256.
pub(crate) fn pcr_values(path: &Path) -> anyhow::Result<PcrValues> {
	let json: Value = serde_json::from_slice(&read(path)?)
		.with_context(|| format!("{} is not JSON with PCR values", path.display()))?;
	let mut values = PcrValues::default();
	match &json {
		Value::Array(_) => bank(PcrBank::Sha256, &json, &mut values)?,
		Value::Object(rows) if rows.keys().all(|key| key.parse::<u8>().is_ok()) => {
			bank(PcrBank::Sha256, &json, &mut values)?;
		},
		Value::Object(banks) => {
			for (name, of_bank) in banks {
				let known = PcrBank::ALL.into_iter().find(|known| known.name() == name);
				let known = known.with_context(|| {
					format!("unknown bank {name}: expected sha1, sha256, sha384 or sha512")
				})?;
				bank(known, of_bank, &mut values)?;
			}
		},
		_ => bail!("{} contains neither an array nor an object", path.display()),
	}
	Ok(values)
}

fn bank(bank: PcrBank, json: &Value, values: &mut PcrValues) -> anyhow::Result<()> {
	let mut insert = |index: u8, value: &Value| {
		let text = value.as_str().context("a PCR value is not a string")?;
		let bytes = hex::decode(text.trim_start_matches("0x"))
			.with_context(|| format!("{} PCR {index} is not hexadecimal", bank.name()))?;
		values.0.push((bank, index, bytes));
		Ok::<_, anyhow::Error>(())
	};
	match json {
		Value::Array(rows) => {
			for (index, value) in rows.iter().enumerate() {
				insert(u8::try_from(index).context("too many PCR values")?, value)?;
			}
		},
		Value::Object(rows) => {
			for (index, value) in rows {
				let index = index.parse().with_context(|| format!("{index} is not a PCR index"))?;
				insert(index, value)?;
			}
		},
		_ => bail!("{} contains neither an array nor an object", bank.name()),
	}
	Ok(())
}
