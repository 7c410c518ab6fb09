//! Contests the chip of this machine, which another miner has registered.

use std::time::Duration;

use anyhow::{bail, Context};
use hcc_chain::{api, AccountId32, Chain, Submitter};
use hcc_evidence::host::{challenge_nonce, contest_seq, ChipHash};

use crate::{
	agent_vm,
	attest::{boot_log_required_at, gather, submitted_log_at, Challenge},
	config::{certificate, Config},
	enrol::ensure_enrolled,
	guest::Guest,
	host::Host,
	lock::AgentLock,
	log_submission::{capacity, ensure_log_submitted},
	monitor::Monitor,
	register::{chip_of, ensure_miner, holder_of},
	run::run_locked,
};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// Interval between two reads of the contest's state.
const POLL_EVERY: Duration = Duration::from_secs(6);

/// Contests the chip of this machine and waits for the verdict. Then continues as `hcc-miner run`
/// does.
///
/// A contest takes more than an hour, because a verdict takes effect only after the period for
/// proofs. The chain challenges the chip as soon as this miner holds it, so the agent must be ready
/// to answer. If the agent is restarted, it continues to wait for the verdict.
pub async fn contest(config: Config, monitor: &Monitor) -> anyhow::Result<()> {
	let lock = AgentLock::take(&config.run_dir)?;
	let hot = config.hot()?;
	let own = config.miner(&hot)?;
	agent_vm::configured(&config)?;
	let host = Host::open(config.clone(), monitor)?;
	tokio::select! {
		contested = contest_chip(&host, &hot) => contested?,
		never = agent_vm::keep(&host, &own) => match never {},
	}
	drop(host);
	tracing::info!("this miner now holds the chip: answering its challenges");
	run_locked(config, lock, monitor).await
}

/// Contests the chip, unless this miner has already done so, and waits for the verdict.
async fn contest_chip(host: &Host, hot: &Submitter) -> anyhow::Result<()> {
	let chain = Chain::connect(&host.config.node).await?;
	let report = Guest::meet(&host.await_guest().await?).await?.report;
	let (chip, _) = chip_of(&report)?;
	let miner = ensure_miner(&chain, &host.config, hot).await?;
	match holder_of(&chain, chip).await? {
		None => {
			bail!("chip {} is not registered: register it with hcc-miner run", hex::encode(chip))
		},
		Some(holder) if holder == miner => {
			bail!("this miner already holds chip {}", hex::encode(chip))
		},
		Some(holder) => {
			tracing::info!(%holder, chip = hex::encode(chip), "another miner holds the chip")
		},
	}
	if state_of(&chain, &miner, chip).await?.is_none() {
		ensure_enrolled(&chain, host, hot, &miner).await?;
		submit(&chain, host, hot, &miner, chip).await?;
	}
	wait(host, &miner, chip).await
}

async fn submit(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<()> {
	let path = host.config.vcek.as_deref().context(
			"a contest needs the certificate of the chip's key: fetch it from AMD's key server and set vcek",
	)?;
	let vek = BoundedVec(certificate(path)?);
	let at = chain.finalised().await?;
	let (number, hash) = (at.block_number(), at.block_hash());
	let seq = contest_seq(number);
	let nonce = challenge_nonce(&chain.genesis(), &miner.0, &chip, seq, &hash.0);
	// A contest has no log checkpoint to continue from, so the evidence covers the whole IMA log.
	ensure_log_submitted(chain, host, hot, miner, chip, false).await?;
	let best = chain.best().await?;
	let challenge = Challenge {
		miner: *miner,
		chip,
		seq,
		nonce,
		checkpoint: None,
		submitted: submitted_log_at(&best, miner).await?,
		made: 0,
		deadline: u32::MAX,
		is_of_pause: false,
		boot_log_required: boot_log_required_at(&best).await?,
	};
	let capacity = capacity(chain, host).await?;
	let evidence = gather(host, chain.genesis(), capacity, challenge).await?;
	let call = api::tx().attestation().contest(chip, evidence.into(), vek);
	// The nonce of a contest is valid only for a few blocks.
	let receipt = hot.submit_raising_tip(chain, &call).await.context("contesting the chip")?;
	tracing::info!(block = %receipt.block, "contest submitted: waiting for the verdict");
	Ok(())
}

/// Returns the state of the miner's contest for a chip, or `None` if the miner does not contest it.
async fn state_of(
	chain: &Chain,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<Option<String>> {
	let at = chain.best().await?;
	let address = api::storage().attestation().open_contests();
	let Some(row) = at.storage().try_fetch(address, (chip,)).await? else { return Ok(None) };
	let contest = row.decode()?;
	Ok((contest.contender == *miner).then(|| format!("{:?}", contest.stage)))
}

/// Waits until the contest is settled. Reconnects if the node becomes unavailable.
async fn wait(host: &Host, miner: &AccountId32, chip: ChipHash) -> anyhow::Result<()> {
	let node = &host.config.node;
	let pulse = &host.monitor.attesting;
	let mut logged = String::new();
	let mut chain = pulse.waiting(Chain::connect_when_ready(node)).await;
	loop {
		pulse.beat();
		match state_of(&chain, miner, chip).await {
			Ok(Some(state)) => {
				if state != logged {
					tracing::info!(state, "state of the contest");
					logged = state;
				}
			},
			Ok(None) => match holder_of(&chain, chip).await {
				Ok(Some(holder)) if holder == *miner => return Ok(()),
				Ok(Some(holder)) => {
					bail!("the contest was rejected: {holder} still holds the chip")
				},
				Ok(None) => bail!(
						"no miner holds the chip: it was banned after evidence of two machines, or was removed"
				),
				Err(error) => chain = pulse.waiting(reconnect(node, error)).await,
			},
			Err(error) => chain = pulse.waiting(reconnect(node, error)).await,
		}
		tokio::time::sleep(POLL_EVERY).await;
	}
}

async fn reconnect(node: &str, error: anyhow::Error) -> Chain {
	tracing::warn!(error = format!("{error:#}"), "reconnecting");
	tokio::time::sleep(POLL_EVERY).await;
	Chain::connect_when_ready(node).await
}
