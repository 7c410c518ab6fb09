//! A dishonest validator. It votes for a rejection of the next evidence without judging it.

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use clap::Parser;
use hcc_chain::{api, keys::PassphraseSource, Chain, ChainError, Submitter, H256};
use hcc_evidence::{host::finding_hash, RejectCode};

/// INSECURE: votes for a rejection of the next evidence, before any validator has time to judge the
/// evidence.
#[derive(Parser)]
#[command(name = "insecure-liar", version)]
struct Cli {
	/// The WebSocket URL of a node.
	#[arg(long, default_value = "ws://127.0.0.1:9944")]
	node: String,
	/// The file with the validator's worker key.
	#[arg(long)]
	key_file: PathBuf,
}

/// The reject code of the false vote.
const FALSE_CODE: RejectCode = RejectCode::ImaForbiddenFile;
/// Maximum time to wait for evidence, in steps of a quarter of a second.
const MAX_POLLS: u32 = 1_800;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
	let cli = Cli::parse();
	let worker = Submitter::from_file(&cli.key_file, &PassphraseSource::default())?;
	let chain = Chain::connect(&cli.node).await?;
	for _ in 0..MAX_POLLS {
		if let Some(subject) = subject_without_votes(&chain).await? {
			match vote_falsely(&chain, &worker, subject).await {
				Ok(()) => {
					println!("voted falsely on {subject:?}");
					return Ok(());
				},
				// The honest worker with the same key voted first, or used the same nonce. The
				// false vote may succeed on the next subject.
				Err(error) => eprintln!("the false vote failed: {error}"),
			}
		}
		tokio::time::sleep(Duration::from_millis(250)).await;
	}
	bail!("no evidence was submitted in time")
}

/// Returns a subject that has no votes yet.
async fn subject_without_votes(chain: &Chain) -> anyhow::Result<Option<H256>> {
	let at = chain.best().await?;
	let mut subjects = at.storage().iter(api::storage().verdicts().subjects(), ()).await?;
	while let Some(row) = subjects.next().await {
		let row = row?;
		if row.value().decode()?.votes.0.is_empty() {
			let (subject,) = row.key()?.decode()?;
			return Ok(Some(subject));
		}
	}
	Ok(None)
}

async fn vote_falsely(chain: &Chain, worker: &Submitter, subject: H256) -> Result<(), ChainError> {
	use api::runtime_types::{
		bounded_collections::bounded_vec::BoundedVec, hcc_primitives::finding::Finding,
		pallet_verdicts::types::Vote,
	};
	let code = FALSE_CODE.number();
	let vote = Vote {
		subject,
		hash: H256(finding_hash(&chain.genesis(), code, &[])),
		finding: Some(Finding { code, claims: BoundedVec(Vec::new()) }),
	};
	let finalised = u32::try_from(chain.finalised_number().await?)
		.map_err(|_| ChainError::Incompatible("block numbers have 32 bits".into()))?;
	// On test chains, the worker key is the validator's own key.
	let call = api::tx().verdicts().vote(worker.account(), BoundedVec(vec![vote]), finalised);
	worker.submit(chain, &call).await.map(drop)
}
