//! Scene: the miner is paid for a billing interval, and is owed emission for it.

use serde_json::Value;

use super::{order::Vm, seconds, vm_lifecycle::act, Scene};
use crate::{
	amount::Alpha,
	events::{name, Event},
	world::Stage,
	Result,
};

pub const SCENE: Scene = Scene {
	name: "earnings",
	title: "The first VM's intervals are paid, and the tenant terminates the second one.",
};

/// Waits for a payment after block `recovered`, then terminates the VM that still runs.
///
/// The miner is owed emission only if its chip is in good standing when the interval is settled. An
/// interval is settled once its verdicts can no longer be proven false.
pub async fn run(stage: Stage<'_>, vm: &Vm, recovered: u64) -> Result<()> {
	let receipt = |event: &Event| event.is(name::RECEIPT);
	let what = "the VM has reported its use, signed by the key of its boot";
	stage.wait_for(what, 1, receipt, seconds(120)).await?;
	let settled = |event: &Event| {
		event.is(name::SETTLED) && event.block().is_some_and(|block| block > recovered)
	};
	let what = "an interval is paid: the host was attested in it";
	stage.wait_for(what, 1, settled, seconds(600)).await?;
	let miner = stage.miner()?;
	let shown = stage.hcc.json(&["emission", "show", "--miner", &miner]).await?;
	stage.ensure(is_owed(&shown), || format!("the miner is owed no new α: {shown}"))?;
	stage.say("the miner is owed new α for it");
	act(&stage, vm, "terminate", &[]).await.map(drop)
}

/// Returns true if the miner is owed an amount for the current era or for an earlier era.
fn is_owed(shown: &Value) -> bool {
	let eras = shown.get("eras").and_then(Value::as_array).into_iter().flatten();
	let amounts =
		std::iter::once(shown).chain(eras).filter_map(|row| row.get("miner_owed")?.as_str());
	amounts.filter_map(|amount| amount.parse::<Alpha>().ok()).any(|amount| !amount.is_zero())
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	#[test]
	fn amounts_of_all_eras_count_as_owed() {
		let zero = "0.000000000";
		let shown = |now: &str, before: &str| {
			let eras = json!([{ "miner_owed": zero }, { "miner_owed": before }]);
			json!({ "miner_owed": now, "eras": eras })
		};
		assert!(is_owed(&shown("0.000000001", zero)));
		assert!(is_owed(&shown(zero, "0.000000001")));
		assert!(!is_owed(&shown(zero, zero)));
		assert!(!is_owed(&json!({})));
	}
}
