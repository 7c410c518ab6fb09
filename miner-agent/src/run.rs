//! The main loop of the agent: registration, enrolment, then challenges and VMs.

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
	host::Host,
	log_submission::{capacity, ensure_log_submitted},
	offer::ensure_offered,
	register::{chip_of, ensure_registered},
	vms::Vms,
};

/// Interval between two reads of the open challenge.
const POLL_EVERY: Duration = Duration::from_secs(2);
/// Interval between two checks whether the log must be submitted in parts.
const CHECK_LOG_EVERY: Duration = Duration::from_secs(60);
/// Delay after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Runs until it is stopped. Reconnects when the node or the guest becomes unavailable.
pub async fn run(config: Config) -> anyhow::Result<()> {
	let hot = Arc::new(config.hot()?);
	let host = Host::open(config)?;
	// VMs continue while the node is unavailable.
	let mut vms = Vms::new(&host.config)?;
	loop {
		let chain = Chain::connect_when_ready(&host.config.node).await;
		if let Err(error) = serve(&chain, &host, &hot, &mut vms).await {
			tracing::warn!(error = format!("{error:#}"), "retrying");
			// The tasks use a connection that may be lost.
			vms.cancel_tasks().await;
			tokio::time::sleep(AFTER_FAILURE).await;
		}
	}
}

async fn serve(
	chain: &Chain,
	host: &Host,
	hot: &Arc<Submitter>,
	vms: &mut Vms,
) -> anyhow::Result<()> {
	let report = Guest::meet(&host.guest).await?.report;
	let (chip, _) = chip_of(&report)?;
	let miner = ensure_registered(chain, &host.config, hot, &report).await?;
	// The chain challenges the chip as soon as the TPM is enrolled, so the log must be submitted
	// first.
	ensure_log_submitted(chain, host, hot, &miner, chip, false).await?;
	ensure_enrolled(chain, host, hot, &miner).await?;
	tracing::info!(%miner, chip = hex::encode(chip), "ready");
	answer_beside(
		answer_challenges(chain, host, hot, &miner, chip),
		ensure_offered(chain, &host.config, &miner),
		vms.maintain(chain, hot, &miner),
	)
	.await
}

/// Answers challenges until that fails, regardless of the outcome of the other work.
///
/// A failed or slow change of the offer and a VM that boots must not delay evidence of the host.
async fn answer_beside(
	answering: impl Future<Output = anyhow::Result<()>>,
	offering: impl Future<Output = anyhow::Result<()>>,
	maintenance: impl Future<Output = ()>,
) -> anyhow::Result<()> {
	let offering = async {
		if let Err(error) = offering.await {
			// The previous offer remains in effect.
			tracing::error!(
				error = format!("{error:#}"),
				"the chain's offer differs from the configuration"
			);
		}
	};
	let background = async { tokio::join!(offering, maintenance) };
	let mut answering = std::pin::pin!(answering);
	let mut background = std::pin::pin!(background);
	tokio::select! {
		ended = &mut answering => return ended,
		_ = &mut background => {},
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
	let mut last_check = Instant::now();
	loop {
		// The log grows and policy can become stricter. Parts are submitted before a challenge
		// needs them.
		if last_check.elapsed() > CHECK_LOG_EVERY {
			ensure_log_submitted(chain, host, hot, miner, chip, false).await?;
			last_check = Instant::now();
		}
		if open_challenge(chain, miner, chip).await?.is_some() {
			ensure_log_submitted(chain, host, hot, miner, chip, true).await?;
		}
		if let Some(challenge) = open_challenge(chain, miner, chip).await? {
			let seq = challenge.seq;
			tracing::info!(seq, "challenged");
			let evidence = gather(host, chain.genesis(), capacity, challenge).await?;
			let (bytes, log) = (evidence.encoded_size(), evidence.ima_delta.records.len());
			let block = submit(chain, hot, evidence).await?;
			tracing::info!(seq, bytes, log, %block, "evidence included");
		}
		tokio::time::sleep(POLL_EVERY).await;
	}
}

#[cfg(test)]
mod tests {
	use std::future::{pending, ready};

	use super::*;

	const TIMEOUT: Duration = Duration::from_secs(10);

	/// Returns the error of [`answer_beside`] if the challenges end shortly after the start.
	async fn outcome_with(
		offering: impl Future<Output = anyhow::Result<()>>,
		maintenance: impl Future<Output = ()>,
	) -> String {
		let answering = async {
			tokio::time::sleep(Duration::from_millis(20)).await;
			Err(anyhow::anyhow!("the node became unavailable"))
		};
		let ended =
			tokio::time::timeout(TIMEOUT, answer_beside(answering, offering, maintenance)).await;
		ended.expect("it ends in time").expect_err("the answers failed").to_string()
	}

	#[tokio::test]
	async fn challenges_answered_if_offer_fails() {
		let failing = ready(Err(anyhow::anyhow!("changing it needs the owner's key")));
		assert_eq!(outcome_with(failing, pending()).await, "the node became unavailable");
	}

	#[tokio::test]
	async fn challenges_answered_while_offer_is_slow() {
		assert_eq!(outcome_with(pending(), pending()).await, "the node became unavailable");
	}

	#[tokio::test]
	async fn challenges_answered_after_vm_work_ends() {
		assert_eq!(outcome_with(ready(Ok(())), ready(())).await, "the node became unavailable");
	}
}
