//! What a verification came to, for people and for programs.

use std::io::Write;

use hcc_evidence::{host::Need, Rejection};
use serde_json::{json, Map, Value};

/// What a verification comes to.
pub(crate) enum Judgement {
	Accepted,
	Rejected(Rejection),
	/// Something is lacking to judge by.
	Undecided(Need),
}

impl From<Result<(), Rejection>> for Judgement {
	fn from(result: Result<(), Rejection>) -> Self {
		match result {
			Ok(()) => Self::Accepted,
			Err(rejection) => Self::Rejected(rejection),
		}
	}
}

/// The result of one verification: a verdict, and whatever of the evidence could be read.
pub(crate) struct Outcome {
	pub(crate) judgement: Judgement,
	pub(crate) claims: Map<String, Value>,
}

impl Outcome {
	/// The exit code: 0 accepted, 2 rejected, 3 undecided.
	pub(crate) fn exit_code(&self) -> u8 {
		match self.judgement {
			Judgement::Accepted => 0,
			Judgement::Rejected(_) => 2,
			Judgement::Undecided(_) => 3,
		}
	}

	/// One JSON object, the same keys always.
	pub(crate) fn to_json(&self) -> Value {
		let claims = Value::Object(self.claims.clone());
		let plain = |verdict: &str, message: Option<String>| {
			json!({
				"verdict": verdict,
				"code": null,
				"name": null,
				"class": null,
				"field": null,
				"entry": null,
				"seen": null,
				"wanted": null,
				"message": message,
				"claims": claims,
			})
		};
		match &self.judgement {
			Judgement::Accepted => plain("accepted", None),
			Judgement::Undecided(need) => plain("undecided", Some(lacking(*need).into())),
			Judgement::Rejected(rejection) => json!({
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
		match &self.judgement {
			Judgement::Accepted => writeln!(out, "accepted")?,
			Judgement::Undecided(need) => writeln!(out, "undecided: {}", lacking(*need))?,
			Judgement::Rejected(rejection) => {
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

/// What is lacking, for people.
fn lacking(need: Need) -> &'static str {
	match need {
		Need::RevocationList => "a revocation list that is still current",
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
