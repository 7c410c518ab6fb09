//! Readiness of the worker, and the metrics that depend on the node.

use std::{convert::Infallible, sync::Arc, time::Duration};

use hcc_chain::{Chain, Nodes};
use hcc_service::{Condition, Health};
use tokio::time::timeout;

use crate::worker::Worker;

/// Interval of checks.
const CHECK_EVERY: Duration = Duration::from_secs(6);
/// Time limit of a check.
const CHECK_LIMIT: Duration = Duration::from_secs(20);
/// Time for which a result counts.
const FRESH: Duration = Duration::from_secs(60);
/// Maximum number of finalised blocks that are not processed yet.
const MAX_LAG: u64 = 10;

/// The conditions of the worker's readiness.
pub(crate) struct Readiness {
	/// A node answers, and has synced.
	node: Condition,
	/// The finalised blocks are processed.
	in_step: Condition,
	/// The validator has appointed this worker.
	appointed: Condition,
}

impl Readiness {
	pub(crate) fn new(health: &Health) -> Self {
		Self {
			node: health.condition("node", FRESH),
			in_step: health.condition("in step", FRESH),
			appointed: health.condition("appointed", FRESH),
		}
	}
}

/// The state that a check reads.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
	is_syncing: bool,
	best: u64,
	finalised: u64,
	/// The last block that was processed.
	cursor: Option<u64>,
	is_appointed: bool,
	/// The free balance of the worker's account, in α.
	balance: f64,
}

impl Worker {
	/// Checks the readiness without end.
	pub async fn monitor(self: Arc<Self>, health: Health) -> Infallible {
		let pulse = health.watch("monitor", FRESH);
		loop {
			pulse.beat();
			match timeout(CHECK_LIMIT, self.see(&self.nodes)).await {
				Ok(Ok(seen)) => self.show(&seen),
				Ok(Err(error)) => self.readiness.node.set(Err(format!("{error:#}"))),
				Err(_) => self.readiness.node.set(Err("no node answers".into())),
			}
			tokio::time::sleep(CHECK_EVERY).await;
		}
	}

	async fn see(&self, nodes: &Nodes) -> anyhow::Result<Seen> {
		let chain: Chain = nodes.chain().await;
		let best = chain.best().await?.block_number();
		Ok(Seen {
			is_syncing: chain.is_syncing().await?,
			best,
			finalised: chain.finalised_number().await?,
			cursor: self.state.on(|state| state.cursor()).await?,
			is_appointed: self.is_named(&chain).await?,
			balance: chain.balance(&self.submitter.account()).await?,
		})
	}

	fn show(&self, seen: &Seen) {
		let lag = seen.best.saturating_sub(seen.finalised);
		self.metrics.finality_lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
		self.metrics.balance.set(seen.balance);
		self.readiness.node.set(node(seen));
		self.readiness.in_step.set(in_step(seen));
		let appointed = if seen.is_appointed {
			Ok(())
		} else {
			Err("the validator has not appointed this worker".into())
		};
		self.readiness.appointed.set(appointed);
	}
}

fn node(seen: &Seen) -> Result<(), String> {
	if seen.is_syncing {
		return Err("the node is syncing".into());
	}
	Ok(())
}

fn in_step(seen: &Seen) -> Result<(), String> {
	let Some(cursor) = seen.cursor else { return Err("no block is processed yet".into()) };
	let lag = seen.finalised.saturating_sub(cursor);
	if lag > MAX_LAG {
		return Err(format!("{lag} finalised blocks are not processed yet"));
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	const SEEN: Seen = Seen {
		is_syncing: false,
		best: 105,
		finalised: 100,
		cursor: Some(100),
		is_appointed: true,
		balance: 1.0,
	};

	#[test]
	fn worker_that_lags_is_not_in_step() {
		let at = |cursor| in_step(&Seen { cursor, ..SEEN });
		assert!(at(Some(100)).is_ok() && at(Some(100 - MAX_LAG)).is_ok());
		assert!(at(Some(99 - MAX_LAG)).is_err_and(|reason| reason.starts_with("11 ")));
		assert!(at(None).is_err(), "nothing is processed");
	}

	#[test]
	fn syncing_node_is_not_ready() {
		assert!(node(&SEEN).is_ok());
		assert!(node(&Seen { is_syncing: true, ..SEEN }).is_err());
	}
}
