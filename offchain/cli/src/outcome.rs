//! What a verification came to, for people and for programs.

use std::io::Write;

use hcc_evidence::Rejection;
use serde_json::{json, Map, Value};

/// The result of one verification: a verdict, and whatever of the evidence could be read.
pub(crate) struct Outcome {
	pub(crate) result: Result<(), Rejection>,
	pub(crate) claims: Map<String, Value>,
}

impl Outcome {
	/// The exit code: 0 accepted, 2 rejected.
	pub(crate) fn exit_code(&self) -> u8 {
		match self.result {
			Ok(()) => 0,
			Err(_) => 2,
		}
	}

	/// One JSON object, the same keys always.
	pub(crate) fn to_json(&self) -> Value {
		let claims = Value::Object(self.claims.clone());
		match &self.result {
			Ok(()) => json!({
				"verdict": "accepted",
				"code": null,
				"name": null,
				"class": null,
				"field": null,
				"entry": null,
				"seen": null,
				"wanted": null,
				"message": null,
				"claims": claims,
			}),
			Err(rejection) => json!({
				"verdict": "rejected",
				"code": rejection.code.number(),
				"name": rejection.code.name(),
				"class": format!("{:?}", rejection.class()),
				"field": rejection.field,
				"entry": rejection.entry,
				"seen": rejection.seen.to_string(),
				"wanted": rejection.wanted.to_string(),
				"message": rejection.to_string(),
				"claims": claims,
			}),
		}
	}

	/// Prints the outcome: a table, or a line of JSON.
	pub(crate) fn print(&self, as_json: bool) -> anyhow::Result<()> {
		let mut out = std::io::stdout().lock();
		if as_json {
			writeln!(out, "{}", self.to_json())?;
			return Ok(());
		}
		match &self.result {
			Ok(()) => writeln!(out, "accepted")?,
			Err(rejection) => {
				writeln!(out, "rejected: {rejection}")?;
				writeln!(out, "  class {:?}, code {}", rejection.class(), rejection.code.number())?;
			},
		}
		let mut rows = Vec::new();
		flatten("", &Value::Object(self.claims.clone()), &mut rows);
		let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
		for (key, value) in rows {
			writeln!(out, "  {key:width$}  {value}")?;
		}
		Ok(())
	}
}

/// Nested objects as dotted names.
fn flatten(prefix: &str, value: &Value, rows: &mut Vec<(String, String)>) {
	match value {
		Value::Object(fields) => {
			for (key, value) in fields {
				let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
				flatten(&key, value, rows);
			}
		},
		Value::String(text) => rows.push((prefix.to_owned(), text.clone())),
		other => rows.push((prefix.to_owned(), other.to_string())),
	}
}
