//! Commands that read the chain.

mod fetch;
mod follow;
mod price;
mod show;
mod watch;
mod watch_vms;

pub(crate) use fetch::Evidence;
pub(crate) use price::{usd, Price};
pub(crate) use show::Miner;
pub(crate) use watch::Watch;

use hcc_chain::{api::runtime_types::hcc_primitives::challenge::ChallengeOutcome, Chain};
use hcc_evidence::RejectCode;
use serde_json::{json, Value};

/// The default URL of the node.
pub(crate) const NODE: &str = "ws://127.0.0.1:9944";

/// Connects to a node and runs a command with it.
pub(crate) fn connected<T>(
	node: &str,
	act: impl AsyncFnOnce(Chain) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
	let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
	runtime.block_on(async { act(Chain::connect(node).await?).await })
}

/// Encodes a challenge outcome as JSON.
fn outcome(outcome: &ChallengeOutcome) -> Value {
	match outcome {
		ChallengeOutcome::Passed => json!({ "outcome": "passed" }),
		ChallengeOutcome::Failed(code) => {
			let known = RejectCode::from_number(*code);
			json!({
				"outcome": "failed",
				"code": code,
				"name": known.map(RejectCode::name),
				"meaning": known.map(RejectCode::text),
			})
		},
		ChallengeOutcome::Missed => json!({ "outcome": "missed" }),
	}
}

/// Describes a challenge outcome in words.
fn outcome_text(outcome: &ChallengeOutcome) -> String {
	match outcome {
		ChallengeOutcome::Passed => "accepted".into(),
		ChallengeOutcome::Failed(code) => match RejectCode::from_number(*code) {
			Some(known) => format!("rejected: {} ({code} {})", known.text(), known.name()),
			None => format!("rejected: {code}"),
		},
		ChallengeOutcome::Missed => "no answer in time".into(),
	}
}

#[cfg(test)]
mod tests {
	/// Returns each text in `source` between `start` and the next quotation mark. Ignores white
	/// space.
	fn names(source: &str, start: &str) -> Vec<String> {
		let source: String = source.split_whitespace().collect();
		let parts = source.split(start).skip(1);
		parts.filter_map(|part| part.split_once('"')).map(|(name, _)| name.to_owned()).collect()
	}

	#[test]
	fn every_event_is_documented() {
		let document = include_str!("../../../../docs/events.md");
		let sources = [include_str!("watch.rs"), include_str!("watch_vms.rs")];
		let mut count = 0;
		for source in sources {
			for start in [r#""event":""#, r#"["event"]=json!(""#, r#"entry(""#] {
				for name in names(source, start) {
					assert!(document.contains(&format!("| `{name}` |")), "{name}");
					count += 1;
				}
			}
		}
		assert!(count > 40, "{count}");
	}
}
