//! The outcome of a verification, in human-readable form and as JSON.

use hcc_evidence::{host::Need, verdict::Value as Seen, RejectCode, Rejection, UnixSeconds};
use serde_json::{json, Map, Value};

use crate::{exit::Exit, input, output::outln};

/// The verdict of a verification.
pub(crate) enum VerificationResult {
	Accepted,
	Rejected(Rejection),
	/// The verifier could not reach a verdict, because an input is missing.
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
	/// Returns the exit code.
	pub(crate) fn exit(&self) -> Exit {
		match self.result {
			VerificationResult::Accepted => Exit::Done,
			VerificationResult::Rejected(_) => Exit::Rejected,
			VerificationResult::Undecided(_) => Exit::Undecided,
		}
	}

	/// Converts the times in a rejection to RFC 3339.
	pub(crate) fn with_dates(mut self) -> Self {
		if let VerificationResult::Rejected(rejection) = &mut self.result {
			let codes = [RejectCode::CertificateValidity, RejectCode::EkCertificateValidity];
			if codes.contains(&rejection.code) {
				rejection.seen = dated(&rejection.seen);
				rejection.wanted = dated(&rejection.wanted);
			}
		}
		self
	}

	/// Returns the outcome as one JSON object, which always has the same keys.
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
	pub(crate) fn print(&self, as_json: bool) {
		if as_json {
			outln!("{}", self.to_json());
			return;
		}
		match &self.result {
			VerificationResult::Accepted => outln!("accepted"),
			VerificationResult::Undecided(need) => outln!("undecided: {}", missing_input(*need)),
			VerificationResult::Rejected(rejection) => {
				outln!("rejected: {rejection}");
				outln!("  class {:?}, code {}", rejection.class(), rejection.code.number());
			},
		}
		let mut rows = Vec::new();
		flatten("", &Value::Object(self.claims.clone()), &mut rows);
		let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
		for (key, value) in rows {
			outln!("  {key:width$}  {value}");
		}
	}
}

/// Converts a point in time, or both limits of a period, from seconds since 1970 to RFC 3339.
fn dated(value: &Seen) -> Seen {
	let date = |text: &str| text.parse().ok().map(|seconds| input::rfc3339(UnixSeconds(seconds)));
	let text = value.to_string();
	let period =
		text.split_once(" to ").and_then(|(first, last)| Some((date(first)?, date(last)?)));
	match (period, date(&text)) {
		(Some((first, last)), _) => Seen::from(format!("{first} to {last}")),
		(None, Some(date)) => Seen::from(date),
		(None, None) => value.clone(),
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
