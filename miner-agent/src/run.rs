//! The agent at work: registered, enrolled, and ready for the next challenge.

use std::{
	future::Future,
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
	tracing::info!(%miner, chip = hex::encode(chip), "ready");
	at_work(
		answer_challenges(chain, host, hot, &miner, chip),
		ensure_offered(chain, &host.config, &miner),
		vms.tend_always(chain, hot, &miner),
	)
	.await
}

/// Answers challenges until that ends, whatever becomes of the rest beside it: neither an offer that cannot be changed, or not soon, nor a VM that boots keeps the
/// chip from proving itself.
async fn at_work(
	answering: impl Future<Output = anyhow::Result<()>>,
	offering: impl Future<Output = anyhow::Result<()>>,
	tending: impl Future<Output = ()>,
) -> anyhow::Result<()> {
	let offering = async {
		if let Err(error) = offering.await {
			// What tenants are offered is as before.
			tracing::error!(error = format!("{error:#}"), "the offer is another than configured");
		}
	};
	let beside = async { tokio::join!(offering, tending) };
	let mut answering = std::pin::pin!(answering);
	let mut beside = std::pin::pin!(beside);
	tokio::select! {
		ended = &mut answering => return ended,
		_ = &mut beside => {},
	}
	answering.await
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

#[cfg(test)]
mod tests {
	use std::future::{pending, ready};

	use super::*;

	const PATIENCE: Duration = Duration::from_secs(10);

	/// What comes of it where challenges are answered a moment later, until there is none to ask any more.
	async fn answered(
		offering: impl Future<Output = anyhow::Result<()>>,
		tending: impl Future<Output = ()>,
	) -> String {
		let answering = async {
			tokio::time::sleep(Duration::from_millis(20)).await;
			Err(anyhow::anyhow!("answered, and the node is gone"))
		};
		let ended = tokio::time::timeout(PATIENCE, at_work(answering, offering, tending)).await;
		ended.expect("nothing holds it up").expect_err("it ends so").to_string()
	}

	#[tokio::test]
	async fn an_offer_that_fails_keeps_no_challenge_from_being_answered() {
		let failing = ready(Err(anyhow::anyhow!("only the owner's key changes it")));
		assert_eq!(answered(failing, pending()).await, "answered, and the node is gone");
	}

	#[tokio::test]
	async fn an_offer_that_takes_long_keeps_no_challenge_from_being_answered() {
		assert_eq!(answered(pending(), pending()).await, "answered, and the node is gone");
	}

	#[tokio::test]
	async fn vms_that_are_tended_no_more_keep_no_challenge_from_being_answered() {
		assert_eq!(answered(ready(Ok(())), ready(())).await, "answered, and the node is gone");
	}
}
