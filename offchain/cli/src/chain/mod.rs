//! What the chain knows of miners, and what it finds.

mod fetch;
mod price;
mod show;
mod watch;
mod watch_vms;

pub(crate) use fetch::Evidence;
pub(crate) use price::{usd, Price};
pub(crate) use show::Miner;
pub(crate) use watch::Watch;

use hcc_chain::{api::runtime_types::hcc_primitives::conduct::Conduct, Chain};
use hcc_evidence::RejectCode;
use serde_json::{json, Value};

/// The URL that commands connect to unless told otherwise.
pub(crate) const NODE: &str = "ws://127.0.0.1:9944";

/// Runs a command that talks to a node.
pub(crate) fn connected<T>(
	node: &str,
	act: impl AsyncFnOnce(Chain) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
	let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
	runtime.block_on(async { act(Chain::connect(node).await?).await })
}

/// A chip's conduct, as JSON.
fn conduct(conduct: &Conduct) -> Value {
	match conduct {
		Conduct::Passed => json!({ "conduct": "passed" }),
		Conduct::Failed(code) => {
			let known = RejectCode::from_number(*code);
			json!({
				"conduct": "failed",
				"code": code,
				"name": known.map(RejectCode::name),
				"meaning": known.map(RejectCode::text),
			})
		},
		Conduct::Missed => json!({ "conduct": "missed" }),
	}
}

/// A chip's conduct, for people.
fn conduct_in_words(conduct: &Conduct) -> String {
	match conduct {
		Conduct::Passed => "accepted".into(),
		Conduct::Failed(code) => match RejectCode::from_number(*code) {
			Some(known) => format!("rejected: {} ({code} {})", known.text(), known.name()),
			None => format!("rejected: {code}"),
		},
		Conduct::Missed => "no answer in time".into(),
	}
}
