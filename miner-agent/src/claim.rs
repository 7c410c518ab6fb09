//! Takes a chip back that another miner has registered, by showing it.

use std::time::Duration;

use anyhow::{bail, Context};
use hcc_chain::{api, AccountId32, Chain, Submitter};
use hcc_evidence::host::{challenge_nonce, claim_seq, ChipHash};

use crate::{
	attest::{gather, handed_in_at, Challenge},
	config::{certificate, Config},
	enrol::ensure_enrolled,
	guest::Guest,
	hand_in::{capacity, ensure_handed_in},
	host::Host,
	register::{chip_of, ensure_miner, holder_of},
	run::run,
};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// How often to look what has become of the claim.
const LOOK_EVERY: Duration = Duration::from_secs(6);

/// Claims the chip of this machine, and waits until that is settled: more than an hour, since verdicts can be proven false that long. Then goes on as
/// [`run`], since a chip that changes hands is challenged at once. Goes on waiting if it was stopped.
pub async fn claim(config: Config) -> anyhow::Result<()> {
	let hot = config.hot()?;
	let host = Host::open(config.clone())?;
	let chain = Chain::connect(&host.config.node).await?;
	let report = Guest::meet(&host.guest).await?.report;
	let (chip, _) = chip_of(&report)?;
	let miner = ensure_miner(&chain, &host.config, &hot).await?;
	match holder_of(&chain, chip).await? {
		None => bail!("nobody has registered chip {}: hcc-miner run does", hex::encode(chip)),
		Some(holder) if holder == miner => bail!("chip {} is yours already", hex::encode(chip)),
		Some(holder) => tracing::info!(%holder, chip = hex::encode(chip), "another miner has it"),
	}
	if state_of(&chain, &miner, chip).await?.is_none() {
		ensure_enrolled(&chain, &host, &hot, &miner).await?;
		submit(&chain, &host, &hot, &miner, chip).await?;
	}
	wait(&host.config.node, &miner, chip).await?;
	drop(host);
	tracing::info!("the chip is yours: answering its challenges");
	run(config).await
}

async fn submit(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<()> {
	let path = host.config.vcek.as_deref().context(
		"a claim needs the certificate of the chip's key: give it as vcek (AMD's key server has it)",
	)?;
	let vek = BoundedVec(certificate(path)?);
	let at = chain.finalised().await?;
	let (number, hash) = (at.block_number(), at.block_hash());
	let seq = claim_seq(number);
	let nonce = challenge_nonce(&chain.genesis(), &miner.0, &chip, seq, &hash.0);
	// Nothing is known of this machine to whoever holds the chip now.
	ensure_handed_in(chain, host, hot, miner, chip).await?;
	let handed_in = handed_in_at(&chain.best().await?, miner).await?;
	let challenge = Challenge { miner: *miner, chip, seq, nonce, checkpoint: None, handed_in };
	let capacity = capacity(chain, host).await?;
	let evidence = gather(host, chain.genesis(), capacity, challenge).await?;
	let call = api::tx().attestation().claim(chip, evidence.into(), vek);
	let receipt = hot.submit(chain, &call).await.context("claiming the chip")?;
	tracing::info!(block = %receipt.block, "claimed: the validators judge");
	Ok(())
}

/// How far that miner's claim to the chip has come; none where there is none.
async fn state_of(
	chain: &Chain,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<Option<String>> {
	let at = chain.best().await?;
	let address = api::storage().attestation().open_claims();
	let Some(row) = at.storage().try_fetch(address, (chip,)).await? else { return Ok(None) };
	let claim = row.decode()?;
	Ok((claim.claimant == *miner).then(|| format!("{:?}", claim.contest)))
}

/// Waits until the claim is settled. The node may go and come back.
async fn wait(node: &str, miner: &AccountId32, chip: ChipHash) -> anyhow::Result<()> {
	let mut told = String::new();
	let mut chain = Chain::connect_when_ready(node).await;
	loop {
		match state_of(&chain, miner, chip).await {
			Ok(Some(state)) => {
				if state != told {
					tracing::info!(state, "the claim");
					told = state;
				}
			},
			Ok(None) => match holder_of(&chain, chip).await {
				Ok(Some(holder)) if holder == *miner => return Ok(()),
				Ok(Some(holder)) => bail!("the claim was refused: the chip stays with {holder}"),
				Ok(None) => bail!(
					"nobody has the chip: it was shown in two places and is banned, or was given up"
				),
				Err(error) => chain = reconnect(node, error).await,
			},
			Err(error) => chain = reconnect(node, error).await,
		}
		tokio::time::sleep(LOOK_EVERY).await;
	}
}

async fn reconnect(node: &str, error: anyhow::Error) -> Chain {
	tracing::warn!(error = format!("{error:#}"), "connecting again");
	tokio::time::sleep(LOOK_EVERY).await;
	Chain::connect_when_ready(node).await
}
