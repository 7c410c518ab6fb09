//! The end of the VMs' bill: refunds, an era that closes, and the miner's claim.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{order::Vm, seconds, Scene};
use crate::{
	amount::Alpha,
	events::{name, Event},
	world::Stage,
	Result,
};

pub const SCENE: Scene = Scene {
	name: "settlement",
	title: "The bill: what the VMs have cost, and what the miner gets.",
};

/// The number of VMs that were ordered.
const VMS: usize = 2;

/// Waits until all charges are settled, and claims the miner's emission. Returns the claimed
/// amount.
///
/// Intervals in which the host was attested were paid. Intervals in which the altered program ran
/// are refunded.
pub async fn run(stage: Stage<'_>, vm: &Vm) -> Result<Alpha> {
	let terminated = |event: &Event| event.is(name::TERMINATED);
	let what = "both VMs are terminated: the tenant has the rest of the escrow back";
	stage.wait_for(what, VMS, terminated, seconds(60)).await?;
	let refunded = |event: &Event| event.is(name::REFUNDED);
	let what = "an interval is refunded: the host was not attested in it";
	stage.wait_for(what, 1, refunded, seconds(600)).await?;
	let what = "an era is over: the part of its budget that is not owed is burned";
	stage.wait_for(what, 1, pays_miners, seconds(600)).await?;
	let claimed = claim(&stage, vm).await?;
	stage.story.quote(&stage.hcc.text(&["emission", "show"]).await?);
	ensure_reported_prices(&stage)?;
	Ok(claimed)
}

/// Returns true if the event closes an era for which miners are owed an amount.
fn pays_miners(event: &Event) -> bool {
	event.is(name::ERA_CLOSED) && event.amount("miners").is_some_and(|amount| !amount.is_zero())
}

/// Claims the miner's emission. Any account may do so. Here, the tenant claims it and pays the fee.
async fn claim(stage: &Stage<'_>, vm: &Vm) -> Result<Alpha> {
	// The claimed amount may be larger than `least`, because an era may close in the meantime.
	let closed = stage.chain.all(|event| event.is(name::ERA_CLOSED));
	let least: Alpha = closed.iter().filter_map(|event| event.amount("miners")).sum();
	let miner = stage.miner()?;
	let claim = ["emission", "payout", "--miner", &miner, "--key-file", &vm.key_file];
	let rows = stage.hcc.json(&claim).await?;
	let claimed = sum(&rows);
	stage.ensure(!claimed.is_zero() && claimed >= least, || {
		format!("the miner is owed {least} α at least, and claims {rows}")
	})?;
	stage.say(&format!("the miner has its part of new α: {claimed} α"));
	Ok(claimed)
}

/// Returns the sum of the amounts in all rows.
fn sum(rows: &Value) -> Alpha {
	let amounts =
		rows.as_array().into_iter().flatten().filter_map(|row| row.get("amount")?.as_str());
	amounts.filter_map(|amount| amount.parse::<Alpha>().ok()).sum()
}

/// Checks that the price of every charge was a price of the chain.
fn ensure_reported_prices(stage: &Stage<'_>) -> Result<()> {
	let usd = |wanted: &'static str| -> BTreeSet<String> {
		let events = stage.chain.all(|event| event.is(wanted));
		events.iter().filter_map(|event| event.text("usd").map(str::to_owned)).collect()
	};
	let (prices, charged) = (usd(name::PRICE), usd(name::CHARGED));
	let unknown: Vec<_> = charged.difference(&prices).collect();
	stage.ensure(unknown.is_empty() && !charged.is_empty(), || {
		format!("charged at {charged:?} USD; reported prices: {prices:?}")
	})
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	#[test]
	fn claims_are_added_to_the_last_digit() {
		let rows =
			json!([{ "era": 1, "amount": "0.000000001" }, { "era": 2, "amount": "3.100000000" }]);
		assert_eq!(sum(&rows).to_string(), "3.100000001");
		assert!(sum(&json!([])).is_zero());
	}

	#[test]
	fn an_era_without_a_miners_part_is_not_the_one() {
		let event = |miners: &str| {
			let line = format!(r#"{{"event":"era_closed","miners":"{miners}"}}"#);
			Event::parse(&line).expect("it is JSON")
		};
		assert!(pays_miners(&event("0.000000001")));
		assert!(!pays_miners(&event("0.000000000")));
	}
}
