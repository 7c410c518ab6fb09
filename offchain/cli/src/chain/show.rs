use anyhow::Context;
use hcc_chain::{api, AccountId32, ChainAt};
use serde_json::{json, Value};

use super::{connected, outcome, outcome_text, NODE};
use crate::{
	exit::{Exit, Failure},
	output::outln,
};

/// Display miners.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Miner {
	/// Show a miner: its bond, its TPM, and its chips with scores and last verdicts.
	Show(Show),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
	/// The miner's account in SS58.
	#[arg(value_name = "ACCOUNT")]
	account: String,
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON.
	#[arg(long)]
	json: bool,
}

impl Miner {
	pub(crate) fn run(&self) -> anyhow::Result<Exit> {
		match self {
			Self::Show(show) => show.run(),
		}
	}
}

type Record = api::runtime_types::pallet_reputation::types::Record<AccountId32>;

impl Show {
	fn run(&self) -> anyhow::Result<Exit> {
		let account: AccountId32 =
			self.account.parse().ok().context("the account is not an SS58 address")?;
		connected(&self.node, async |chain| {
			let at = chain.best().await?;
			let shown = describe(&at, &account).await?;
			if self.json {
				outln!("{}", serde_json::to_string_pretty(&shown)?);
			} else {
				print(&shown);
			}
			Ok(Exit::Done)
		})
	}
}

async fn describe(at: &ChainAt, miner: &AccountId32) -> anyhow::Result<Value> {
	let storage = at.storage();
	let miners = api::storage().registry().miners();
	let Some(row) = storage.try_fetch(miners, (*miner,)).await? else {
		return Err(Failure::error(Exit::NotFound, format!("{miner} is not a miner")));
	};
	let row = row.decode()?;
	let tpm = storage.try_fetch(api::storage().registry().tpms(), (*miner,)).await?;
	let tpm = tpm.map(|tpm| tpm.decode()).transpose()?;
	let mut chips = Vec::new();
	for chip in &row.chips.0 {
		chips.push(describe_chip(at, chip).await?);
	}
	Ok(json!({
		"miner": miner.to_string(),
		"hot": row.hot.to_string(),
		"bond": row.bond.to_string(),
		"leaves_at_tick": row.withdrawable,
		"endorsement_key": tpm.map(|tpm| hex::encode(tpm.ek)),
		"chips": chips,
		"block": at.block_number(),
	}))
}

async fn describe_chip(at: &ChainAt, chip: &[u8; 32]) -> anyhow::Result<Value> {
	let storage = at.storage();
	let records = api::storage().reputation().records();
	let record = storage.try_fetch(records, (*chip,)).await?;
	let record = record.map(|record| record.decode()).transpose()?;
	let hosts = api::storage().attestation().hosts();
	let host = storage.try_fetch(hosts, (*chip,)).await?;
	let host = host.map(|host| host.decode()).transpose()?;
	Ok(json!({
		"chip": hex::encode(chip),
		"tier": host.as_ref().map(|host| format!("{:?}", host.tier).to_lowercase()),
		"score": record.as_ref().map(|record| record.score.value),
		"strikes": record.as_ref().map(|record| record.score.strikes),
		"passed": record.as_ref().map_or(0, |record| record.passed),
		"failed": record.as_ref().map_or(0, |record| record.failed),
		"missed": record.as_ref().map_or(0, |record| record.missed),
		"log_entries": host
			.as_ref()
			.and_then(|host| host.checkpoint.as_ref())
			.map(|boot| boot.0.entries),
		"slashes": record.as_ref().map(slashes).unwrap_or_default(),
		"challenged": host.as_ref().is_some_and(|host| host.challenge.is_some()),
		"last": record.as_ref().map(incidents).unwrap_or_default(),
	}))
}

/// Returns the pending slashes of a chip, oldest first.
fn slashes(record: &Record) -> Vec<Value> {
	let shown = record.slashes.0.iter().map(|slash| {
		json!({
			"miner": slash.miner.to_string(),
			"seq": slash.seq,
			"part_per_billion": slash.part.0,
			"due_at_tick": slash.due,
		})
	});
	shown.collect()
}

/// Returns the recorded incidents of a chip, oldest first.
fn incidents(record: &Record) -> Vec<Value> {
	let mut shown = Vec::new();
	for incident in &record.last.0 {
		let mut row = outcome(&incident.outcome);
		row["seq"] = json!(incident.seq);
		row["tick"] = json!(incident.at);
		row["change"] = json!(incident.change);
		row["text"] = json!(outcome_text(&incident.outcome));
		shown.push(row);
	}
	shown
}

fn print(shown: &Value) {
	let text = |value: &Value| match value {
		Value::Null => "none".to_string(),
		Value::String(text) => text.clone(),
		other => other.to_string(),
	};
	outln!("miner            {}", text(&shown["miner"]));
	outln!("hot key          {}", text(&shown["hot"]));
	outln!("bond             {} (10⁻⁹ α)", text(&shown["bond"]));
	outln!("endorsement key  {}", text(&shown["endorsement_key"]));
	for chip in shown["chips"].as_array().into_iter().flatten() {
		outln!("chip             {}", text(&chip["chip"]));
		outln!("  score          {} of 1000, tier {}", text(&chip["score"]), text(&chip["tier"]));
		for slash in chip["slashes"].as_array().into_iter().flatten() {
			let part = slash["part_per_billion"].as_f64().unwrap_or_default() / 1e7;
			let (miner, due) = (text(&slash["miner"]), text(&slash["due_at_tick"]));
			outln!("  slash          {part} % of the bond of {miner} at tick {due}");
		}
		outln!(
			"  evidence       {} accepted, {} rejected, {} missed; {} strikes",
			text(&chip["passed"]),
			text(&chip["failed"]),
			text(&chip["missed"]),
			text(&chip["strikes"])
		);
		for row in chip["last"].as_array().into_iter().flatten() {
			let change = row["change"].as_i64().unwrap_or(0);
			outln!("  #{:<5} {change:+5}  {}", text(&row["seq"]), text(&row["text"]));
		}
	}
}
