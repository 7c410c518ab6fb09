use std::path::PathBuf;

use anyhow::Context;
use hcc_chain::{api, evidence_in, Body, Chain, ChainAt, Included};
use hcc_evidence::host::PolicyQuery;
use serde_json::json;

use super::{connected, NODE};
use crate::{
	bundle::Bundle,
	exit::{Exit, Failure},
	output::outln,
};

/// Number of recent blocks that are searched for evidence. Only archive nodes keep the state of
/// older blocks.
const SEARCHED_BLOCKS: u64 = 250;

/// Fetch evidence from the chain.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Evidence {
	/// Write evidence from a block to a file, together with its pinned context and policy. The file
	/// is the input of `hcc verify evidence`.
	Fetch(Fetch),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Fetch {
	/// The chip that made the evidence, in hexadecimal [default: any chip].
	#[arg(long, value_name = "HEX")]
	chip: Option<String>,
	/// The number of the challenge [default: the last challenge that was answered].
	#[arg(long)]
	seq: Option<u64>,
	/// The file to write.
	#[arg(long, value_name = "FILE")]
	out: PathBuf,
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

impl Evidence {
	pub(crate) fn run(&self) -> anyhow::Result<Exit> {
		match self {
			Self::Fetch(fetch) => connected(&fetch.node, async |chain| {
				let bundle = fetch.bundle(&chain).await?;
				bundle.write(&fetch.out)?;
				if fetch.json {
					let context = &bundle.context;
					outln!(
						"{}",
						json!({
							"file": fetch.out,
							"chip": hex::encode(context.chip),
							"seq": context.seq,
						})
					);
				}
				Ok(Exit::Done)
			}),
		}
	}
}

impl Fetch {
	fn matches(&self, included: &Included) -> bool {
		let chip = self.chip.as_ref();
		chip.is_none_or(|chip| chip.trim_start_matches("0x") == hex::encode(included.chip))
			&& self.seq.is_none_or(|seq| seq == included.seq)
	}

	async fn bundle(&self, chain: &Chain) -> anyhow::Result<Bundle> {
		let last = chain.finalised_number().await?;
		for number in (last.saturating_sub(SEARCHED_BLOCKS).max(1)..=last).rev() {
			let at = chain.block(number).await?;
			let found = evidence_in(chain, &at, &Body::fetch(&at).await?).await?;
			if let Some(included) = found.into_iter().find(|included| self.matches(included)) {
				return pinned(chain, &at, included).await;
			}
		}
		let message = format!("no such evidence in the last {SEARCHED_BLOCKS} finalised blocks");
		Err(Failure::error(Exit::NotFound, message))
	}
}

/// Adds the context and the policy that the block `at` pinned for the evidence.
async fn pinned(chain: &Chain, at: &ChainAt, included: Included) -> anyhow::Result<Bundle> {
	let address = api::storage().attestation().contexts();
	let context = at.storage().fetch(address, (included.subject,)).await?.decode()?.0;
	let query = PolicyQuery::of(&included.evidence);
	let call = api::runtime_apis().evidence_api().policy_extract(context.revision, query.into());
	let policy = at.runtime_apis().call(call).await?;
	let policy = policy.context("the chain had no policy when the evidence was included")?.0;
	Ok(Bundle { genesis: chain.genesis(), evidence: included.evidence, context, policy })
}
