//! The wait for a VM: from its order to a boot in a final block.

use std::{
	fmt,
	time::{Duration, Instant},
};

use anyhow::Context;
use hcc_chain::{api, Chain, ChainAt};
use serde_json::{json, Value};
use tokio::time::sleep;

use super::{show::word, State};
use crate::exit::{Exit, Failure};

/// Interval between two reads of the state.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Time limit of a wait.
const LIMIT: Duration = Duration::from_secs(1_800);
/// The last stage: SSH accepts the host key of this block.
const FINAL: &str = "final";
/// The stage of a VM whose row the chain has removed.
const TERMINATED: &str = "terminated";

/// A state that the VM has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stage {
	state: &'static str,
	/// The time since the order.
	after: Duration,
}

impl Stage {
	/// Returns the stage as JSON.
	pub(super) fn to_json(&self) -> Value {
		json!({ "state": self.state, "seconds": self.after.as_secs() })
	}
}

impl fmt::Display for Stage {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{:>5} s  {}", self.after.as_secs(), self.state)
	}
}

/// The stages so far.
struct Progress {
	began: Instant,
	stages: Vec<Stage>,
}

impl Progress {
	/// Notes a state. Returns its stage if it is a new one.
	fn note(&mut self, state: &'static str) -> Option<&Stage> {
		if self.stages.last().is_some_and(|last| last.state == state) {
			return None;
		}
		self.stages.push(Stage { state, after: self.began.elapsed() });
		self.stages.last()
	}
}

/// Waits until a VM runs in a final block. Shows each stage, and returns all.
///
/// ## Errors
/// Fails if the VM stops or is terminated, and after the time limit.
pub(super) async fn until_final(
	chain: &Chain,
	vm: u64,
	mut show: impl FnMut(&Stage),
) -> anyhow::Result<Vec<Stage>> {
	let mut progress = Progress { began: Instant::now(), stages: Vec::new() };
	let ordered = || format!("VM {vm} is ordered; the wait for it failed");
	while progress.began.elapsed() < LIMIT {
		let state = stage_of(chain, vm).await.with_context(ordered)?;
		if let Some(stage) = progress.note(state) {
			show(stage);
		}
		match state {
			FINAL => return Ok(progress.stages),
			"stopped" | TERMINATED => {
				let message = format!("VM {vm} is {state} before it ran");
				return Err(Failure::error(Exit::NotReady, message));
			},
			_ => sleep(POLL_EVERY).await,
		}
	}
	let message = format!("VM {vm} does not run after {} minutes", LIMIT.as_secs() / 60);
	Err(Failure::error(Exit::NotReady, message))
}

/// Returns the stage of a VM: its state in the best block, or [`FINAL`] if it also runs in the last
/// finalised one.
async fn stage_of(chain: &Chain, vm: u64) -> anyhow::Result<&'static str> {
	let Some(best) = state_at(&chain.best().await?, vm).await? else { return Ok(TERMINATED) };
	if let State::Running { .. } = best {
		let finalised = state_at(&chain.finalised().await?, vm).await?;
		if matches!(finalised, Some(State::Running { .. })) {
			return Ok(FINAL);
		}
	}
	Ok(word(&best))
}

async fn state_at(at: &ChainAt, vm: u64) -> anyhow::Result<Option<State>> {
	let row = at.storage().try_fetch(api::storage().compute().vms(), (vm,)).await?;
	Ok(row.map(|row| row.decode()).transpose()?.map(|vm| vm.state))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn each_state_is_a_stage_once_in_a_row() {
		let mut progress = Progress { began: Instant::now(), stages: Vec::new() };
		// A boot that fails leads to another search.
		let states = ["pending", "pending", "assigned", "booting", "booting", "pending"];
		let shown = states.into_iter().filter(|state| progress.note(state).is_some()).count();
		assert_eq!(shown, 4);
		let noted: Vec<_> = progress.stages.iter().map(|stage| stage.state).collect();
		assert_eq!(noted, ["pending", "assigned", "booting", "pending"]);
		assert_eq!(progress.stages[0].to_json(), json!({ "state": "pending", "seconds": 0 }));
	}
}
