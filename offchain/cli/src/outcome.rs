//! The outcome of a verification, in human-readable form and as JSON.

use std::io::Write;

use hcc_evidence::{host::Need, Rejection};
use serde_json::{json, Map, Value};

/// The verdict of a verification.
pub(crate) enum VerificationResult {
	Accepted,
	Rejected(Rejection),
	/// The verifier lacks an input.
	Undecided(Need),
}

impl From<Result<(), Rejection>> for VerificationResult {
	fn from(result: Result<(), Rejection>) -> Self {
		match result {
			Ok(()) => Self::Accepted,
			Err(rejection) => Self::Rejected(rejection),
		}
	}
}

/// The outcome of one verification: the verdict, and the claims that could be read.
pub(crate) struct Outcome {
	pub(crate) result: VerificationResult,
	pub(crate) claims: Map<String, Value>,
}

impl Outcome {
	/// Returns the exit code: 0 accepted, 2 rejected, 3 undecided.
	pub(crate) fn exit_code(&self) -> u8 {
		match self.result {
			VerificationResult::Accepted => 0,
			VerificationResult::Rejected(_) => 2,
			VerificationResult::Undecided(_) => 3,
		}
	}

	/// Returns one JSON object, which always has the same keys.
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
		match &self.result {
			VerificationResult::Accepted => plain("accepted", None),
			VerificationResult::Undecided(need) => {
				plain("undecided", Some(missing_input(*need).into()))
			},
			VerificationResult::Rejected(rejection) => json!({
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

	/// Prints the outcome as a table, or as a line of JSON.
	pub(crate) fn print(&self, as_json: bool) -> anyhow::Result<()> {
		let mut out = std::io::stdout().lock();
		if as_json {
			writeln!(out, "{}", self.to_json())?;
			return Ok(());
		}
		match &self.result {
			VerificationResult::Accepted => writeln!(out, "accepted")?,
			VerificationResult::Undecided(need) => {
				writeln!(out, "undecided: {}", missing_input(*need))?
			},
			VerificationResult::Rejected(rejection) => {
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

/// Describes the missing input.
fn missing_input(need: Need) -> &'static str {
	match need {
		Need::RevocationList => "a certificate revocation list that has not expired",
	}
}

/// Flattens nested objects to dotted names.
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
