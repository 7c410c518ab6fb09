//! `hcc emission`: eras, what they bring, who is owed what.

use std::path::PathBuf;

use anyhow::{bail, Context};
use hcc_chain::{api, view, AccountId32, ChainAt, Submitter};
use serde_json::{json, Value};

use crate::{
	chain::{connected, NODE},
	vm::alpha,
};

/// Look at new α: eras, what they bring, who is owed what.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Emission {
	Show(Show),
	Claim(Claim),
}

/// Show the era of now, those that are over, and all that eras have brought.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
	/// Show what this miner is owed as well.
	#[arg(long, value_name = "ACCOUNT")]
	miner: Option<AccountId32>,
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON. Amounts are strings, in α.
	#[arg(long)]
	json: bool,
}

/// Give a miner what it is owed, of every era that is over.
#[derive(Debug, clap::Args)]
pub(crate) struct Claim {
	/// The miner's account.
	#[arg(long, value_name = "ACCOUNT")]
	miner: AccountId32,
	/// A file with the secret URI of the account that pays the fees: anybody's.
	#[arg(long, value_name = "FILE")]
	key_file: PathBuf,
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON.
	#[arg(long)]
	json: bool,
}

/// Runs the command and gives the exit code.
pub(crate) fn run(command: &Emission) -> anyhow::Result<u8> {
	match command {
		Emission::Show(args) => args.run(),
		Emission::Claim(args) => args.run(),
	}?;
	Ok(0)
}

type Closed = api::runtime_types::pallet_emission::types::ClosedEra;

/// The eras of which something can be claimed, by number.
async fn closed_eras(at: &ChainAt) -> anyhow::Result<Vec<(u32, Closed)>> {
	let mut rows = at.storage().iter(api::storage().emission().eras(), ()).await?;
	let mut eras = Vec::new();
	while let Some(row) = rows.next().await {
		let row = row?;
		let (era,) = row.key()?.decode()?;
		eras.push((era, row.value().decode()?));
	}
	eras.sort_unstable_by_key(|(era, _)| *era);
	Ok(eras)
}

/// What a miner is owed for an era, and what it has for that where the era is over.
async fn owed(at: &ChainAt, era: u32, miner: &AccountId32) -> anyhow::Result<(u128, Option<u128>)> {
	Ok(view(at, "Emission", "owed_to", (era, miner.0)).await?)
}

impl Show {
	fn run(&self) -> anyhow::Result<()> {
		connected(&self.node, async |chain| {
			let at = chain.best().await?;
			let era = at.storage().fetch(api::storage().emission().current_era(), ()).await?;
			let era = era.decode()?;
			let brought = at.storage().fetch(api::storage().emission().brought(), ()).await?;
			let brought = brought.decode()?;
			let budget: u128 = view(&at, "Emission", "budget", ()).await?;
			let (initial, made, destroyed): (u128, u128, u128) =
				view(&at, "Emission", "issuance", ()).await?;
			let mut eras = Vec::new();
			for (number, closed) in closed_eras(&at).await? {
				let of = closed.division;
				let mut row = json!({
					"era": number,
					"budget": alpha(of.budget),
					"miners": alpha(of.miners),
					"validators": alpha(of.validators),
					"treasury": alpha(of.treasury),
					"burned": alpha(of.burned),
					"owed": alpha(of.total_owed),
					"claimed": alpha(closed.claimed),
				});
				if let Some(miner) = &self.miner {
					let (owed, part) = owed(&at, number, miner).await?;
					row["miner_owed"] = json!(alpha(owed));
					row["miner_part"] = json!(part.map(alpha));
				}
				eras.push(row);
			}
			let mut shown = json!({
				"era": era.index,
				"from_tick": era.from,
				"until_tick": era.from.saturating_add(era.length),
				"budget": alpha(budget),
				"owed": alpha(era.owed),
				"eras": eras,
				"budgets": alpha(brought.budgets),
				"claimed": alpha(brought.claimed),
				"claimable": alpha(brought.claimable),
				"validators": alpha(brought.validators),
				"treasury": alpha(brought.treasury),
				"burned": alpha(brought.burned),
				"initial": alpha(initial),
				"made": alpha(made),
				"destroyed": alpha(destroyed),
				"issued": alpha((initial + made).saturating_sub(destroyed)),
			});
			if let Some(miner) = &self.miner {
				let (owed, _) = owed(&at, era.index, miner).await?;
				shown["miner_owed"] = json!(alpha(owed));
			}
			if self.json {
				println!("{}", serde_json::to_string_pretty(&shown)?);
			} else {
				print(&shown);
			}
			Ok(())
		})
	}
}

fn text(value: &Value) -> &str {
	value.as_str().unwrap_or("none")
}

fn print(shown: &Value) {
	println!(
		"era {} until tick {}: a budget of {} α, of which miners are owed {} so far",
		shown["era"],
		shown["until_tick"],
		text(&shown["budget"]),
		text(&shown["owed"])
	);
	for row in shown["eras"].as_array().into_iter().flatten() {
		println!(
			"  era {:>5}: {} α; miners {} (claimed {}), validators {}, treasury {}, burned {}",
			row["era"],
			text(&row["budget"]),
			text(&row["miners"]),
			text(&row["claimed"]),
			text(&row["validators"]),
			text(&row["treasury"]),
			text(&row["burned"])
		);
		if let Some(part) = row["miner_part"].as_str() {
			println!("             the miner can have {part} α");
		}
	}
	println!(
		"all eras: {} α; miners {} and {} to be claimed, validators {}, treasury {}, burned {}",
		text(&shown["budgets"]),
		text(&shown["claimed"]),
		text(&shown["claimable"]),
		text(&shown["validators"]),
		text(&shown["treasury"]),
		text(&shown["burned"])
	);
	println!(
		"there are {} α: {} from the start and {} made, less {} destroyed",
		text(&shown["issued"]),
		text(&shown["initial"]),
		text(&shown["made"]),
		text(&shown["destroyed"])
	);
}

impl Claim {
	fn run(&self) -> anyhow::Result<()> {
		let uri = std::fs::read_to_string(&self.key_file)
			.with_context(|| format!("cannot read {}", self.key_file.display()))?;
		let submitter =
			Submitter::from_uri(&uri).with_context(|| format!("in {}", self.key_file.display()))?;
		connected(&self.node, async |chain| {
			let at = chain.best().await?;
			let mut claimed = Vec::new();
			for (era, _) in closed_eras(&at).await? {
				let (_, part) = owed(&at, era, &self.miner).await?;
				let Some(part) = part.filter(|part| *part > 0) else { continue };
				let call = api::tx().emission().claim(era, self.miner);
				submitter.submit(&chain, &call).await.with_context(|| format!("era {era}"))?;
				if !self.json {
					println!("era {era}: {} α", alpha(part));
				}
				claimed.push(json!({ "era": era, "amount": alpha(part) }));
			}
			if self.json {
				println!("{}", serde_json::to_string_pretty(&claimed)?);
			} else if claimed.is_empty() {
				bail!("{} is owed nothing for an era that is over", self.miner);
			}
			Ok(())
		})
	}
}
