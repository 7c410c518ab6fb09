use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use hcc_chain::{api, AccountId32, Chain, ChainAt, ChainError, Price, Submitter};

use super::{combine, Fetcher, Source};
use crate::metrics::Metrics;

/// How often to look whether a report is due.
const LOOK_EVERY: Duration = Duration::from_secs(6);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// How long to leave the sources alone where nothing came of it: many of them count how often they are asked.
const AFTER_NO_REPORT: Duration = Duration::from_secs(30);
/// How long a source may take for its whole answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reports to the chain what sources say.
pub struct Feed {
	node: String,
	submitter: Arc<Submitter>,
	sources: Vec<Source>,
	/// After how many blocks to report again.
	every: u64,
	fetcher: Fetcher,
	metrics: Metrics,
}

impl Feed {
	pub fn new(
		node: String,
		submitter: Arc<Submitter>,
		sources: Vec<Source>,
		every: u64,
		metrics: Metrics,
	) -> anyhow::Result<Self> {
		let fetcher = Fetcher::new(PATIENCE)?;
		Ok(Self { node, submitter, sources, every, fetcher, metrics })
	}

	/// Feeds until it is stopped. Node and sources may go and come back.
	pub async fn run(&self) {
		if self.sources.is_empty() {
			tracing::warn!("no sources of prices are configured: this validator reports none");
			return std::future::pending().await;
		}
		loop {
			let chain = Chain::connect_when_ready(&self.node).await;
			if let Err(error) = self.follow(&chain).await {
				self.metrics.failures.inc();
				tracing::warn!(error = format!("{error:#}"), "feeding prices: trying again");
				tokio::time::sleep(AFTER_FAILURE).await;
			}
		}
	}

	async fn follow(&self, chain: &Chain) -> anyhow::Result<()> {
		loop {
			let at = chain.finalised().await?;
			if let Some(feeder) = self.feeder(&at).await? {
				let last = last_report(&chain.best().await?, &feeder).await?;
				let is_due = last.is_none_or(|last| at.block_number() >= last + self.every);
				if is_due && !self.report(chain, at.block_number()).await? {
					tokio::time::sleep(AFTER_NO_REPORT).await;
					continue;
				}
			}
			tokio::time::sleep(LOOK_EVERY).await;
		}
	}

	/// The validator for which this worker signs, if it is in office.
	async fn feeder(&self, at: &ChainAt) -> anyhow::Result<Option<AccountId32>> {
		let address = api::storage().validators().validator_of();
		let worker = self.submitter.account();
		let Some(row) = at.storage().try_fetch(address, (worker,)).await? else { return Ok(None) };
		let validator = row.decode()?;
		let active = at.storage().fetch(api::storage().session().validators(), ()).await?;
		Ok(active.decode()?.contains(&validator).then_some(validator))
	}

	/// Reports for that block. Tells whether the chain has taken it.
	async fn report(&self, chain: &Chain, block: u64) -> anyhow::Result<bool> {
		let Some(price) = self.price().await else { return Ok(false) };
		let number = u32::try_from(block)
			.map_err(|_| ChainError::Incompatible("block numbers have 32 bits".into()))?;
		match self.submitter.submit(chain, &api::tx().oracle().report(price, number)).await {
			Ok(_) => {
				self.metrics.prices.inc();
				tracing::info!(price, block, "reported what one α is worth, in 10⁻⁹ USD");
				Ok(true)
			},
			Err(error @ ChainError::Refused { .. }) => {
				self.metrics.failures.inc();
				tracing::warn!(%error, price, "the chain refuses the price");
				Ok(false)
			},
			Err(error) => Err(error.into()),
		}
	}

	/// What the sources say together; none where too few of them do, or they differ.
	pub async fn price(&self) -> Option<Price> {
		let asked = self.sources.iter().map(|source| async move {
			let found = self.fetcher.fetch(source).await;
			if let Err(why) = &found {
				self.metrics.source_failures.inc();
				tracing::warn!(host = source.host(), %why, "a source gives no price");
			}
			found.ok()
		});
		let found: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
		let price = combine(&found, self.sources.len());
		if price.is_none() {
			let (answers, sources) = (found.len(), self.sources.len());
			tracing::error!(answers, sources, ?found, "the sources agree on no price");
		}
		price
	}
}

/// The block for which the feeder has last reported.
async fn last_report(at: &ChainAt, feeder: &AccountId32) -> anyhow::Result<Option<u64>> {
	let address = api::storage().oracle().reports();
	let Some(row) = at.storage().try_fetch(address, ()).await? else { return Ok(None) };
	let reports = row.decode()?.0;
	let own = reports.into_iter().find(|report| report.feeder == *feeder);
	Ok(own.map(|report| report.block.into()))
}
