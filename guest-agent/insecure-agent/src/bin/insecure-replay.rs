//! A dishonest miner that submits old evidence again.

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use clap::Parser;
use hcc_chain::{
	api, evidence_in, keys::PassphraseSource, Body, Chain, ChainError, Included, Submitter,
};

/// INSECURE: submits the last evidence again, and prints the chain's errors.
#[derive(Parser)]
#[command(name = "insecure-replay", version)]
struct Cli {
	/// The WebSocket URL of a node.
	#[arg(long, default_value = "ws://127.0.0.1:9944")]
	node: String,
	/// The file with the miner's hot key.
	#[arg(long)]
	hot_key_file: PathBuf,
}

/// Maximum number of attempts to submit if the node fails.
const MAX_ATTEMPTS: u32 = 5;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
	let cli = Cli::parse();
	let hot = Submitter::from_file(&cli.hot_key_file, &PassphraseSource::default())?;
	let chain = Chain::connect(&cli.node).await?;
	let old = last_evidence(&chain).await?;
	println!("unchanged: {}", send(&chain, &hot, &old, old.seq).await?);
	let mut refused = String::new();
	for _ in 0..MAX_ATTEMPTS {
		let seq = wait_for_challenge(&chain, &old).await?;
		refused = send(&chain, &hot, &old, seq).await?;
		// `NoChallenge` means that the block of the challenge was replaced. Another challenge then
		// follows.
		if !refused.ends_with(".NoChallenge") {
			break;
		}
		tokio::time::sleep(Duration::from_secs(6)).await;
	}
	println!("relabelled: {refused}");
	Ok(())
}

/// Returns the last evidence in a finalised block.
async fn last_evidence(chain: &Chain) -> anyhow::Result<Included> {
	let mut number = chain.finalised_number().await?;
	while number > 0 {
		let at = chain.block(number).await?;
		let body = Body::fetch(&at).await?;
		if let Some(found) = evidence_in(chain, &at, &body).await?.pop() {
			return Ok(found);
		}
		number -= 1;
	}
	bail!("no block includes evidence")
}

/// Waits until a challenge to the same chip is open. Returns the number of the challenge.
async fn wait_for_challenge(chain: &Chain, old: &Included) -> anyhow::Result<u64> {
	for _ in 0..420 {
		let at = chain.best().await?;
		let address = api::storage().attestation().hosts();
		let host = at.storage().fetch(address, (old.chip,)).await?.decode()?;
		let tick = at.storage().fetch(api::storage().clock().current_tick(), ()).await?;
		let soon = tick.decode()? + 5;
		let fresh = host.challenge.filter(|open| open.subject.is_none() && open.deadline >= soon);
		if let Some(open) = fresh {
			return Ok(open.seq);
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	bail!("the chip is not challenged")
}

/// Submits the old evidence as an answer to challenge `seq`. Returns the chain's error.
async fn send(chain: &Chain, hot: &Submitter, old: &Included, seq: u64) -> anyhow::Result<String> {
	let mut evidence = old.evidence.clone();
	evidence.seq = seq;
	let call = api::tx().attestation().submit_evidence(evidence.into());
	let mut attempts = 0;
	loop {
		match hot.submit(chain, &call).await {
			Ok(_) => bail!("the chain has accepted the evidence twice"),
			Err(ChainError::Refused { pallet, error, .. }) => {
				return Ok(format!("{pallet}.{error}"))
			},
			// For a moment after its best block was replaced, a node cannot validate the evidence.
			Err(other) if attempts < MAX_ATTEMPTS => {
				eprintln!("retrying: {other}");
				attempts += 1;
				tokio::time::sleep(Duration::from_secs(3)).await;
			},
			Err(other) => return Err(other.into()),
		}
	}
}
