use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use hcc_chain::{api, AccountId32, Chain, ChainAt, ChainError, Nodes, Price, Submitter};
use hcc_service::{Health, Pulse};

use super::{combine, Fetcher, Source};
use crate::{finality::block_number, metrics::Metrics};

/// Interval at which the feed checks if a report is due.
const POLL_INTERVAL: Duration = Duration::from_secs(6);
/// Pause after a failure of the node or of a report.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);
/// Pause after an attempt that led to no report, because many sources limit the number of requests.
const NO_REPORT_PAUSE: Duration = Duration::from_secs(30);
/// Time limit of one turn, for the health of the process.
const TURN_LIMIT: Duration = Duration::from_secs(600);
/// Time that a source has for its whole answer.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(5);

/// Reports the price to the chain that the sources give.
pub struct Feed {
	nodes: Arc<Nodes>,
	/// The validator for which the worker signs.
	validator: AccountId32,
	submitter: Arc<Submitter>,
	sources: Vec<Source>,
	/// Number of blocks between reports.
	every: u64,
	fetcher: Fetcher,
	metrics: Metrics,
}

impl Feed {
	pub fn new(
		nodes: Arc<Nodes>,
		validator: AccountId32,
		submitter: Arc<Submitter>,
		sources: Vec<Source>,
		every: u64,
		metrics: Metrics,
	) -> anyhow::Result<Self> {
		let fetcher = Fetcher::new(SOURCE_TIMEOUT)?;
		Ok(Self { nodes, validator, submitter, sources, every, fetcher, metrics })
	}

	/// Reports prices and never returns. Retries after failures of nodes and sources.
	pub async fn run(&self, health: &Health) {
		if self.sources.is_empty() {
			tracing::warn!("no sources of prices are configured: no prices are reported");
			return std::future::pending().await;
		}
		let pulse = health.watch("prices", TURN_LIMIT);
		loop {
			let chain = pulse.waiting(self.nodes.chain()).await;
			if let Err(error) = self.follow(&chain, &pulse).await {
				self.metrics.failures.inc();
				tracing::warn!(error = format!("{error:#}"), "cannot report prices: retrying");
				pulse.waiting(self.nodes.check(&chain)).await;
				tokio::time::sleep(FAILURE_PAUSE).await;
			}
		}
	}

	async fn follow(&self, chain: &Chain, pulse: &Pulse) -> anyhow::Result<()> {
		loop {
			pulse.beat();
			let at = chain.finalised().await?;
			if self.is_feeder(&at).await? {
				let last = last_report(&chain.best().await?, &self.validator).await?;
				let is_due = last.is_none_or(|last| at.block_number() >= last + self.every);
				if is_due && !self.report(chain, at.block_number()).await? {
					tokio::time::sleep(NO_REPORT_PAUSE).await;
					continue;
				}
			}
			tokio::time::sleep(POLL_INTERVAL).await;
		}
	}

	/// Returns `true` if this worker signs for its validator, and the validator is active.
	async fn is_feeder(&self, at: &ChainAt) -> anyhow::Result<bool> {
		let address = api::storage().validators().worker_of();
		let named = at.storage().try_fetch(address, (self.validator,)).await?;
		let Some(named) = named else { return Ok(false) };
		if named.decode()? != self.submitter.account() {
			return Ok(false);
		}
		let active = at.storage().fetch(api::storage().session().validators(), ()).await?;
		Ok(active.decode()?.contains(&self.validator))
	}

	/// Reports the price at a block. Returns `true` if the chain accepted the report.
	async fn report(&self, chain: &Chain, block: u64) -> anyhow::Result<bool> {
		let Some(price) = self.price().await else { return Ok(false) };
		let call = api::tx().oracle().report(self.validator, price, block_number(block)?);
		match self.submitter.submit(chain, &call).await {
			Ok(_) => {
				self.metrics.prices.inc();
				tracing::info!(price, block, "reported the price of one α, in 10⁻⁹ USD");
				Ok(true)
			},
			Err(error @ ChainError::Refused { .. }) => {
				self.metrics.failures.inc();
				tracing::warn!(%error, price, "the chain refused the price");
				Ok(false)
			},
			Err(error) => Err(error.into()),
		}
	}

	/// Returns the price on which the sources agree. Returns `None` if too few sources answer or
	/// agree.
	pub async fn price(&self) -> Option<Price> {
		let asked = self.sources.iter().map(|source| async move {
			let found = self.fetcher.fetch(source).await;
			if let Err(why) = &found {
				self.metrics.source_failures.inc();
				tracing::warn!(host = source.host(), %why, "a source returned no price");
			}
			found.ok()
		});
		let found: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
		let price = combine(&found, self.sources.len());
		if price.is_none() {
			let (answers, sources) = (found.len(), self.sources.len());
			tracing::error!(answers, sources, ?found, "the sources do not agree on a price");
		}
		price
	}
}

/// Returns the block of the feeder's last report.
async fn last_report(at: &ChainAt, feeder: &AccountId32) -> anyhow::Result<Option<u64>> {
	let address = api::storage().oracle().reports();
	let Some(row) = at.storage().try_fetch(address, ()).await? else { return Ok(None) };
	let reports = row.decode()?.0;
	let own = reports.into_iter().find(|report| report.feeder == *feeder);
	Ok(own.map(|report| report.block.into()))
}
