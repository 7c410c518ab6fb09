//! Takes a chip back that another miner has registered, by showing it.

use std::time::Duration;

use anyhow::{bail, Context};
use hcc_chain::{api, AccountId32, Chain, Submitter};
use hcc_evidence::host::{challenge_nonce, ChipHash};

use crate::{
	attest::{gather, Challenge},
	config::{certificate, Config},
	enrol::ensure_enrolled,
	guest::Guest,
	host::Host,
	register::{chip_of, ensure_miner, holder_of},
};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// How often to look what has become of the claim.
const LOOK_EVERY: Duration = Duration::from_secs(6);

/// Claims the chip of this machine, and waits until that is settled: more than an hour, since verdicts can be proven false that long.
pub async fn claim(config: Config) -> anyhow::Result<()> {
	let hot = config.hot()?;
	let host = Host::open(config)?;
	let chain = Chain::connect(&host.config.node).await?;
	let report = Guest::meet(&host.guest).await?.report;
	let (chip, _) = chip_of(&report)?;
	let miner = ensure_miner(&chain, &host.config, &hot).await?;
	match holder_of(&chain, chip).await? {
		None => bail!("nobody has registered chip {}: hcc-miner run does", hex::encode(chip)),
		Some(holder) if holder == miner => bail!("chip {} is yours already", hex::encode(chip)),
		Some(holder) => tracing::info!(%holder, chip = hex::encode(chip), "another miner has it"),
	}
	ensure_enrolled(&chain, &host, &hot, &miner).await?;
	submit(&chain, &host, &hot, &miner, chip).await?;
	wait(&chain, &miner, chip).await
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
	let nonce = challenge_nonce(&chain.genesis(), &miner.0, &chip, number, &hash.0);
	let challenge = Challenge { miner: *miner, chip, seq: number, nonce, checkpoint: None };
	let evidence = gather(host, chain.genesis(), challenge).await?;
	let call = api::tx().attestation().claim(chip, evidence.into(), vek);
	let receipt = hot.submit(chain, &call).await.context("claiming the chip")?;
	tracing::info!(block = %receipt.block, "claimed: the validators judge");
	Ok(())
}

async fn wait(chain: &Chain, miner: &AccountId32, chip: ChipHash) -> anyhow::Result<()> {
	let mut told = String::new();
	loop {
		tokio::time::sleep(LOOK_EVERY).await;
		let at = chain.best().await?;
		let address = api::storage().attestation().open_claims();
		let claim = match at.storage().try_fetch(address, (chip,)).await? {
			Some(row) => Some(row.decode()?).filter(|claim| claim.claimant == *miner),
			None => None,
		};
		let Some(claim) = claim else { break };
		let state = format!("{:?}", claim.contest);
		if state != told {
			tracing::info!(state, "the claim");
			told = state;
		}
	}
	match holder_of(chain, chip).await? {
		Some(holder) if holder == *miner => {
			tracing::info!("the chip is yours: start hcc-miner run");
			Ok(())
		},
		Some(holder) => bail!("the claim was refused: the chip stays with {holder}"),
		None => {
			bail!("nobody has the chip: it was shown in two places and is banned, or was given up")
		},
	}
}
