//! `hcc emission`: eras, emission and payouts.

use anyhow::Context;
use hcc_chain::{api, view, AccountId32, ChainAt};
use serde_json::{json, Value};

use crate::{
	chain::{connected, NODE},
	exit::Exit,
	key::KeyArgs,
	output::outln,
	vm::alpha,
};

/// Display eras, emission and payouts, or pay out a miner's emission.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Emission {
	Show(Show),
	Payout(Payout),
}

/// Show the current era, past eras, and the emission of all eras.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
	/// Also show the amounts that this miner is owed.
	#[arg(long, value_name = "ACCOUNT")]
	miner: Option<AccountId32>,
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON. Amounts are strings, in α.
	#[arg(long)]
	json: bool,
}

/// Pay a miner its part of each past era. Any account may sign and pay the fees.
#[derive(Debug, clap::Args)]
pub(crate) struct Payout {
	/// The miner's account.
	#[arg(long, value_name = "ACCOUNT")]
	miner: AccountId32,
	#[command(flatten)]
	key: KeyArgs,
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON.
	#[arg(long)]
	json: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Emission) -> anyhow::Result<Exit> {
	match command {
		Emission::Show(args) => args.run(),
		Emission::Payout(args) => args.run(),
	}?;
	Ok(Exit::Done)
}

type Closed = api::runtime_types::pallet_emission::types::ClosedEra;

/// Returns the past eras that can be paid out, in ascending order.
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

/// Returns the amount owed to a miner for an era and, for a past era, its payable part.
async fn owed(at: &ChainAt, era: u32, miner: &AccountId32) -> anyhow::Result<(u128, Option<u128>)> {
	Ok(view(at, "Emission", "owed_to", (era, miner.0)).await?)
}

impl Show {
	fn run(&self) -> anyhow::Result<()> {
		connected(&self.node, async |chain| {
			let at = chain.best().await?;
			let era = at.storage().fetch(api::storage().emission().current_era(), ()).await?;
			let era = era.decode()?;
			let totals =
				at.storage().fetch(api::storage().emission().emission_totals(), ()).await?;
			let totals = totals.decode()?;
			let budget: u128 = view(&at, "Emission", "budget", ()).await?;
			let (initial, minted, burned): (u128, u128, u128) =
				view(&at, "Issuance", "issuance", ()).await?;
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
					"paid_out": alpha(closed.paid_out),
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
				"from_paid_slot": era.from,
				"until_paid_slot": era.from.saturating_add(era.length),
				"budget": alpha(budget),
				"owed": alpha(era.owed),
				"eras": eras,
				"budgets": alpha(totals.budgets),
				"paid_out": alpha(totals.paid_out),
				"payable": alpha(totals.payable),
				"validators": alpha(totals.validators),
				"treasury": alpha(totals.treasury),
				"burned": alpha(totals.burned),
				"initial": alpha(initial),
				"made": alpha(minted),
				"destroyed": alpha(burned),
				"issued": alpha((initial + minted).saturating_sub(burned)),
			});
			if let Some(miner) = &self.miner {
				let (owed, _) = owed(&at, era.index, miner).await?;
				shown["miner_owed"] = json!(alpha(owed));
			}
			if self.json {
				outln!("{}", serde_json::to_string_pretty(&shown)?);
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
	outln!(
		"era {} until paid slot {}: budget {} α, owed to miners so far {} α",
		shown["era"],
		shown["until_paid_slot"],
		text(&shown["budget"]),
		text(&shown["owed"])
	);
	for row in shown["eras"].as_array().into_iter().flatten() {
		outln!(
			"  era {:>5}: {} α; miners {} (paid out {}), validators {}, treasury {}, burned {}",
			row["era"],
			text(&row["budget"]),
			text(&row["miners"]),
			text(&row["paid_out"]),
			text(&row["validators"]),
			text(&row["treasury"]),
			text(&row["burned"])
		);
		if let Some(part) = row["miner_part"].as_str() {
			outln!("             payable to the miner: {part} α");
		}
	}
	outln!(
		"all eras: {} α; paid out to miners {}, payable {}, validators {}, treasury {}, burned {}",
		text(&shown["budgets"]),
		text(&shown["paid_out"]),
		text(&shown["payable"]),
		text(&shown["validators"]),
		text(&shown["treasury"]),
		text(&shown["burned"])
	);
	outln!(
		"total issuance {} α: {} from genesis and {} minted, less {} burned",
		text(&shown["issued"]),
		text(&shown["initial"]),
		text(&shown["made"]),
		text(&shown["destroyed"])
	);
}

impl Payout {
	fn run(&self) -> anyhow::Result<()> {
		let submitter = self.key.submitter()?;
		connected(&self.node, async |chain| {
			let at = chain.best().await?;
			let mut paid_out = Vec::new();
			for (era, _) in closed_eras(&at).await? {
				let (_, part) = owed(&at, era, &self.miner).await?;
				let Some(part) = part.filter(|part| *part > 0) else { continue };
				let call = api::tx().emission().payout(era, self.miner);
				submitter.submit(&chain, &call).await.with_context(|| format!("era {era}"))?;
				if !self.json {
					outln!("era {era}: {} α", alpha(part));
				}
				paid_out.push(json!({ "era": era, "amount": alpha(part) }));
			}
			if self.json {
				outln!("{}", serde_json::to_string_pretty(&paid_out)?);
			} else if paid_out.is_empty() {
				outln!("nothing is owed to {} for past eras", self.miner);
			}
			Ok(())
		})
	}
}
