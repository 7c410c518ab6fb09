//! A tenant tops a VM up, reboots, stops, resizes and starts it.

use serde_json::Value;

use super::{order::Vm, seconds, Scene};
use crate::{
	amount::Alpha,
	commands::{number, text},
	events::{name, Event},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "lifecycle",
	title: "The tenant tops the VM up, reboots, stops, resizes and starts it.",
};

/// The amount that is added to the escrow.
const TOP_UP: Alpha = Alpha::from_units(2_500_000_000);
/// The maximum charge between the reads of the escrow before and after the top-up.
const MAX_CHARGE: Alpha = Alpha::from_units(100_000_000);

/// Uses every command of a tenant once, and checks each effect on the chain.
pub async fn run(stage: Stage<'_>, vm: &Vm) -> Result<()> {
	only_vm(&stage, vm).await?;
	let before = escrow(&show(&stage, vm).await?)?;
	act(&stage, vm, "top-up", &["2.5"]).await?;
	let after = escrow(&show(&stage, vm).await?)?;
	let added = after.saturating_sub(before);
	let least = TOP_UP.saturating_sub(MAX_CHARGE);
	stage.ensure(added > least && added <= TOP_UP, || {
		format!("the escrow was {before} α and is {after} α after a top-up of {TOP_UP} α")
	})?;
	act(&stage, vm, "reboot", &[]).await?;
	let booted = |event: &Event| event.is(name::BOOTED);
	let what = "it is topped up, and has rebooted as its tenant wished";
	stage.wait_for(what, 2, booted, seconds(240)).await?;
	ensure_boots(&stage, vm, 2).await?;
	act(&stage, vm, "stop", &[]).await?;
	let state = show(&stage, vm).await?;
	stage.ensure(text(&state, "/state")? == "stopped", || format!("it is not stopped: {state}"))?;
	stage.say("it is stopped");
	act(&stage, vm, "resize", &["--flavour", "medium", "--max-price", "0.1"]).await?;
	act(&stage, vm, "start", &[]).await?;
	stage.wait_for("the miner has booted it again", 3, booted, seconds(180)).await?;
	ensure_boots(&stage, vm, 3).await?;
	let paid = stage.chain.count(|event| event.is(name::DISK_PAID));
	stage.ensure(paid > 0, || "its disk was not paid for while it was stopped".into())
}

/// Runs a subcommand of `hcc vm` on the VM, as its tenant.
pub(super) async fn act(stage: &Stage<'_>, vm: &Vm, action: &str, more: &[&str]) -> Result<Value> {
	let id = vm.number.to_string();
	let (first, last) = (["vm", action, id.as_str()], ["--key-file", vm.key_file.as_str()]);
	let all = [&first[..], more, &last[..]].concat();
	stage.hcc.json(&all).await
}

/// The VM at the best block, as `hcc vm show` prints it.
pub(super) async fn show(stage: &Stage<'_>, vm: &Vm) -> Result<Value> {
	stage.hcc.json(&["vm", "show", &vm.number.to_string()]).await
}

fn escrow(shown: &Value) -> Result<Alpha> {
	let amount = text(shown, "/escrow")?.parse::<Alpha>();
	amount.map_err(|error| Error::Unexpected(error.to_string()))
}

/// Checks that `hcc vm list` shows this VM and no other.
async fn only_vm(stage: &Stage<'_>, vm: &Vm) -> Result<()> {
	let ordered = stage.first("an order", |event| event.is(name::ORDERED))?;
	let tenant = ordered.text("tenant").unwrap_or_default();
	let listed = stage.hcc.json(&["vm", "list", tenant]).await?;
	let numbers: Vec<_> = listed
		.as_array()
		.into_iter()
		.flatten()
		.filter_map(|row| row.get("vm").and_then(Value::as_u64))
		.collect();
	stage.ensure(numbers == [vm.number], || format!("hcc vm list shows VMs {numbers:?}"))
}

async fn ensure_boots(stage: &Stage<'_>, vm: &Vm, boots: u64) -> Result<()> {
	let shown = show(stage, vm).await?;
	let runs = text(&shown, "/state")? == "running" && number(&shown, "/boots")? == boots;
	stage.ensure(runs, || format!("it does not run at boot {boots}: {shown}"))
}
