//! Health and readiness of the agent, and the metrics that depend on the node.

use std::{convert::Infallible, time::Duration};

use hcc_chain::{AccountId32, Chain};
use hcc_service::{Condition, Health, Pulse};
use tokio::time::timeout;

use crate::{metrics::Metrics, node::finalised_now};

/// Interval of checks.
const CHECK_EVERY: Duration = Duration::from_secs(6);
/// Time limit of a check.
const CHECK_LIMIT: Duration = Duration::from_secs(40);
/// Time for which a result of a check counts.
const FRESH: Duration = Duration::from_secs(120);
/// Time limit of one turn of the other loops. A TPM may take five minutes for a key, and a
/// transaction two.
const TURN_LIMIT: Duration = Duration::from_secs(900);

/// The health and the metrics of the agent.
#[derive(Clone)]
pub struct Monitor {
	pub health: Health,
	pub metrics: Metrics,
	/// The loop that answers challenges.
	pub(crate) attesting: Pulse,
	/// A node answers, and its last finalised block is recent.
	node: Condition,
	/// The host is registered and enrolled, and answers challenges.
	host: Condition,
}

impl Default for Monitor {
	fn default() -> Self {
		let health = Health::default();
		Self {
			attesting: health.watch("attest", TURN_LIMIT),
			node: health.condition("node", FRESH),
			host: health.condition("host", TURN_LIMIT),
			metrics: Metrics::default(),
			health,
		}
	}
}

impl Monitor {
	/// Adds the loop that maintains VMs.
	pub(crate) fn watch_vms(&self) -> Pulse {
		self.health.watch("vms", TURN_LIMIT)
	}

	/// Notes that the host answers challenges.
	pub(crate) fn host_works(&self) {
		self.attesting.beat();
		self.host.set(Ok(()));
	}

	/// Notes that the host cannot answer challenges.
	pub(crate) fn host_failed(&self, error: &anyhow::Error) {
		self.metrics.failures.inc();
		self.host.set(Err(format!("{error:#}")));
	}

	/// Checks the nodes without end.
	pub(crate) async fn watch_node(&self, urls: &str, hot: AccountId32) -> Infallible {
		let pulse = self.health.watch("monitor", FRESH);
		let mut chain = None;
		loop {
			pulse.beat();
			let checked = timeout(CHECK_LIMIT, self.check(&mut chain, urls, &hot)).await;
			let result = match checked {
				Ok(Ok(result)) => result,
				Ok(Err(error)) => Err(format!("{error:#}")),
				Err(_) => Err("no node answers".into()),
			};
			if result.is_err() {
				// Another node may have taken over.
				chain = None;
			}
			self.node.set(result);
			tokio::time::sleep(CHECK_EVERY).await;
		}
	}

	/// Reads the state of a node. Returns the reason why it does not suffice.
	async fn check(
		&self,
		known: &mut Option<Chain>,
		urls: &str,
		hot: &AccountId32,
	) -> anyhow::Result<Result<(), String>> {
		let chain = match known {
			Some(chain) => chain.clone(),
			None => known.insert(Chain::connect(urls).await?).clone(),
		};
		let (best, finalised) =
			(chain.best().await?.block_number(), chain.finalised_number().await?);
		let lag = best.saturating_sub(finalised);
		self.metrics.finality_lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
		self.metrics.balance.set(chain.balance(hot).await?);
		Ok(finalised_now(&chain).await?.map(drop).map_err(|behind| behind.to_string()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn host_that_fails_is_alive_and_not_ready() {
		let monitor = Monitor::default();
		monitor.node.set(Ok(()));
		monitor.host_works();
		assert!(monitor.health.unready().is_empty());
		monitor.host_failed(&anyhow::anyhow!("no guest agent"));
		assert_eq!(monitor.health.unready(), ["host: no guest agent"]);
		assert!(monitor.health.stalled().is_empty());
		assert_eq!(monitor.metrics.failures.get(), 1);
	}

	#[tokio::test]
	async fn missing_node_is_not_ready() {
		let monitor = Monitor::default();
		monitor.host_works();
		// Port 1 of the loopback interface refuses connections.
		let watching = monitor.watch_node("ws://127.0.0.1:1", AccountId32([1; 32]));
		assert!(timeout(Duration::from_millis(500), watching).await.is_err(), "it never ends");
		let reasons = monitor.health.unready();
		assert!(matches!(&reasons[..], [one] if one.starts_with("node: ")), "{reasons:?}");
	}
}
