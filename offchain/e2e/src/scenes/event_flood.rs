//! Scene: a node does not return the events of every second block.

use std::time::Duration;

use super::{seconds, Scene};
use crate::{
	events::Event,
	metrics::{name, Page},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "event flood",
	title: "Blocks are full of events, which a validator's node does not return.",
};

/// Number of blocks for which the scene observes the worker.
const BLOCKS: u64 = 25;
/// The time limit of an acceptance. The machine may be tampered with and restored before it.
const ACCEPTANCE: Duration = seconds(600);
/// The maximum interval between two statements of a worker, in blocks.
const STATEMENT_INTERVAL: u64 = 10;

/// Counters in the metrics of a worker.
#[derive(Clone, Copy, Debug)]
struct Counters {
	block: u64,
	votes: u64,
	/// Transactions that state the last finalised block: separate statements, and calls with votes.
	statements: u64,
	/// Pieces of evidence on which the worker did not vote, and skipped blocks.
	failures: u64,
}

impl Counters {
	fn of(page: &Page) -> Result<Self> {
		let votes = page.value(name::VOTES)?;
		Ok(Self {
			block: page.value(name::BLOCK)?,
			votes,
			statements: page.value(name::STATEMENTS)? + votes,
			failures: page.sum(name::DIFFERENCES)? + page.value(name::SKIPPED_BLOCKS)?,
		})
	}

	/// Returns `true` if the worker has processed blocks, voted, and made statements since
	/// `before`.
	fn kept_up(&self, before: &Self) -> bool {
		self.block >= before.block + BLOCKS
			&& self.votes > before.votes
			&& self.statements >= before.statements + BLOCKS / STATEMENT_INTERVAL
	}
}

/// Makes the last validator's node refuse the events of every second block. The worker of this
/// validator must judge all evidence and make its statements nevertheless.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let number = stage.validators();
	let before = Counters::of(&stage.metrics(number).await?)?;
	let accepted = stage.accepted();
	stage.proxy()?.set_flood(true);
	stage.say("the node refuses the events of every second block");
	let what = "evidence is accepted during the flood";
	stage.wait_for(what, accepted + 1, Event::is_accepted, ACCEPTANCE).await?;
	stage
		.wait_until("its worker votes and states finality", seconds(400), async || {
			let now = Counters::of(&stage.metrics(number).await?)?;
			Ok::<_, Error>(now.kept_up(&before))
		})
		.await?;
	stage.proxy()?.set_flood(false);
	let after = Counters::of(&stage.metrics(number).await?)?;
	stage.ensure(after.failures == before.failures, || {
		format!("the worker did not judge all evidence: {before:?}, then {after:?}")
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn worker_must_follow_vote_and_state() {
		let before = Counters { block: 100, votes: 5, statements: 9, failures: 0 };
		let good = Counters { block: 125, votes: 6, statements: 11, failures: 0 };
		assert!(good.kept_up(&before));
		for bad in [
			Counters { block: 124, ..good },
			Counters { votes: 5, ..good },
			Counters { statements: 10, ..good },
		] {
			assert!(!bad.kept_up(&before), "{bad:?}");
		}
	}
}
