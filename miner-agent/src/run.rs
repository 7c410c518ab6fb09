//! The agent at work: registered, enrolled, and ready for the next challenge.

use std::{
	sync::Arc,
	time::{Duration, Instant},
};

use codec::Encode;
use hcc_chain::{AccountId32, Chain, Submitter};
use hcc_evidence::host::ChipHash;

use crate::{
	attest::{gather, open_challenge, submit},
	config::Config,
	enrol::ensure_enrolled,
	guest::Guest,
	hand_in::{capacity, ensure_handed_in},
	host::Host,
	offer::ensure_offered,
	register::{chip_of, ensure_registered},
	vms::Vms,
};

/// How often to look for a challenge.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often to look whether the log must be handed in.
const HAND_IN_EVERY: Duration = Duration::from_secs(60);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Works until it is stopped. Node and guest may go and come back.
pub async fn run(config: Config) -> anyhow::Result<()> {
	let hot = Arc::new(config.hot()?);
	let host = Host::open(config)?;
	// What runs goes on while the node is away.
	let mut vms = Vms::new(&host.config)?;
	loop {
		let chain = Chain::connect_when_ready(&host.config.node).await;
		if let Err(error) = work(&chain, &host, &hot, &mut vms).await {
			tracing::warn!(error = format!("{error:#}"), "trying again");
			// What goes on goes on by a connection that may be gone.
			vms.rest().await;
			tokio::time::sleep(AFTER_FAILURE).await;
		}
	}
}

async fn work(
	chain: &Chain,
	host: &Host,
	hot: &Arc<Submitter>,
	vms: &mut Vms,
) -> anyhow::Result<()> {
	let report = Guest::meet(&host.guest).await?.report;
	let (chip, _) = chip_of(&report)?;
	let miner = ensure_registered(chain, &host.config, hot, &report).await?;
	// Before the chip is challenged, which it is as soon as the TPM is enrolled.
	ensure_handed_in(chain, host, hot, &miner, chip).await?;
	ensure_enrolled(chain, host, hot, &miner).await?;
	if let Err(error) = ensure_offered(chain, &host.config, &miner).await {
		// What tenants are offered is as before; the chip must prove itself all the same.
		tracing::error!(error = format!("{error:#}"), "the offer is another than configured");
	}
	tracing::info!(%miner, chip = hex::encode(chip), "ready");
	// A VM that boots holds up no challenge.
	tokio::try_join!(
		answer_challenges(chain, host, hot, &miner, chip),
		vms.tend_always(chain, hot, &miner)
	)?;
	Ok(())
}

async fn answer_challenges(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<()> {
	let capacity = capacity(chain, host).await?;
	let mut handed_in = Instant::now();
	loop {
		// Ahead of the challenge that will want it: the log grows, and lists of files become stricter.
		if handed_in.elapsed() > HAND_IN_EVERY {
			ensure_handed_in(chain, host, hot, miner, chip).await?;
			handed_in = Instant::now();
		}
		if open_challenge(chain, miner, chip).await?.is_some() {
			ensure_handed_in(chain, host, hot, miner, chip).await?;
		}
		if let Some(challenge) = open_challenge(chain, miner, chip).await? {
			let seq = challenge.seq;
			tracing::info!(seq, "challenged");
			let evidence = gather(host, chain.genesis(), capacity, challenge).await?;
			let (bytes, log) = (evidence.encoded_size(), evidence.ima_delta.records.len());
			let block = submit(chain, hot, evidence).await?;
			tracing::info!(seq, bytes, log, %block, "evidence included");
		}
		tokio::time::sleep(LOOK_EVERY).await;
	}
}
