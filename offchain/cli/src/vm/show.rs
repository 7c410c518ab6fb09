use anyhow::Context;
use hcc_chain::{api, view, AccountId32, Chain, ChainAt};
use serde_json::{json, Value};

use super::{alpha, usd_per_hour, Common, Row, State};
use crate::{
	chain::connected,
	exit::{Exit, Failure},
	output::outln,
};

type Settlement = api::runtime_types::pallet_compute::types::Settlement;
type Flavour = api::runtime_types::pallet_compute::types::Flavour;

#[derive(Debug, clap::Args)]
pub(crate) struct Flavours {
	#[command(flatten)]
	common: Common,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
	/// The tenant's account, in SS58.
	tenant: AccountId32,
	#[command(flatten)]
	common: Common,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
	/// The VM's number.
	vm: u64,
	#[command(flatten)]
	common: Common,
}

impl Flavours {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		connected(&self.common.node, async |chain| {
			let at = chain.best().await?;
			let mut rows = Vec::new();
			for (number, flavour) in flavours(&at).await? {
				let quote: Option<(u64, Option<u128>)> =
					view(&at, "Compute", "quote", number).await?;
				let (usd, units) = quote.context("the flavour no longer exists")?;
				let name = String::from_utf8_lossy(&flavour.name.0).into_owned();
				let allotted = flavour.allotted;
				rows.push(json!({
					"flavour": number,
					"name": name,
					"vcpus": allotted.vcpus,
					"memory_mib": allotted.memory,
					"disk_gib": allotted.disk,
					"egress_mib_per_hour": allotted.egress,
					"usd_per_hour": format!("{}.{:06}", usd / 1_000_000, usd % 1_000_000),
					"alpha_per_hour": units.map(alpha),
				}));
			}
			if self.common.json {
				outln!("{}", serde_json::to_string_pretty(&rows)?);
				return Ok(());
			}
			for row in &rows {
				outln!(
					"{:>5}  {:<10} {:>3} vCPUs {:>7} MiB {:>6} GiB disk  {} USD/h  {} α/h",
					row["flavour"],
					text(&row["name"]),
					row["vcpus"],
					row["memory_mib"],
					row["disk_gib"],
					text(&row["usd_per_hour"]),
					text(&row["alpha_per_hour"]),
				);
			}
			Ok(())
		})
	}
}

impl List {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		connected(&self.common.node, async |chain| {
			let at = chain.best().await?;
			let rented = api::storage().compute().vms_of_tenant();
			let mut keys = at.storage().iter(rented, (self.tenant,)).await?;
			let mut ids: Vec<u64> = Vec::new();
			while let Some(key) = keys.next().await {
				let (_, id) = key?.key()?.decode()?;
				ids.push(id);
			}
			ids.sort_unstable();
			let mut rows = Vec::new();
			for id in ids {
				rows.extend(describe(&at, id).await?);
			}
			if self.common.json {
				outln!("{}", serde_json::to_string_pretty(&rows)?);
			} else {
				for row in &rows {
					let (state, escrow) = (text(&row["state"]), text(&row["escrow"]));
					let usd = text(&row["usd_per_hour"]);
					outln!("{:>5}  {state:<10}  {usd} USD/h  escrow {escrow} α", row["vm"]);
				}
			}
			Ok(())
		})
	}
}

impl Show {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		connected(&self.common.node, async |chain| {
			let at = chain.best().await?;
			let row = describe(&at, self.vm).await?;
			let Some(row) = row else {
				let message = format!("VM {} does not exist, or was terminated", self.vm);
				return Err(Failure::error(Exit::NotFound, message));
			};
			if self.common.json {
				outln!("{}", serde_json::to_string_pretty(&row)?);
			} else {
				print(&row);
			}
			Ok(())
		})
	}
}

/// Returns the flavours, in ascending order of their numbers.
pub(super) async fn flavours(at: &ChainAt) -> anyhow::Result<Vec<(u16, Flavour)>> {
	let mut rows = at.storage().iter(api::storage().compute().flavours(), ()).await?;
	let mut flavours = Vec::new();
	while let Some(row) = rows.next().await {
		let row = row?;
		let (number,) = row.key()?.decode()?;
		flavours.push((number, row.value().decode()?));
	}
	flavours.sort_unstable_by_key(|(number, _)| *number);
	Ok(flavours)
}

/// Returns the number of the flavour whose number or name is `wanted`.
pub(super) fn named(known: &[(u16, Flavour)], wanted: &str) -> anyhow::Result<u16> {
	let matches = |(number, flavour): &&(u16, Flavour)| {
		number.to_string() == wanted || flavour.name.0 == wanted.as_bytes()
	};
	let found = known.iter().find(matches).map(|(number, _)| *number);
	found.with_context(|| format!("unknown flavour {wanted}: hcc vm flavours lists them"))
}

/// Returns the state of a VM as a word.
pub(super) async fn state(chain: &Chain, id: u64) -> anyhow::Result<String> {
	let at = chain.best().await?;
	let vm = at.storage().try_fetch(api::storage().compute().vms(), (id,)).await?;
	Ok(match vm {
		Some(vm) => word(&vm.decode()?.state).into(),
		None => "terminated".into(),
	})
}

pub(super) fn word(state: &State) -> &'static str {
	match state {
		State::Pending { .. } => "pending",
		State::Assigned { .. } => "assigned",
		State::Booting { .. } => "booting",
		State::Attested { .. } => "attested",
		State::Running { .. } => "running",
		State::Stopped { .. } => "stopped",
		State::Terminated => "terminated",
	}
}

fn until(state: &State) -> Option<u32> {
	match state {
		State::Pending { until, .. }
		| State::Assigned { until }
		| State::Booting { until, .. }
		| State::Attested { until, .. }
		| State::Stopped { until, .. } => Some(*until),
		State::Running { .. } | State::Terminated => None,
	}
}

async fn describe(at: &ChainAt, id: u64) -> anyhow::Result<Option<Value>> {
	let compute = api::storage().compute();
	let Some(vm) = at.storage().try_fetch(compute.vms(), (id,)).await? else { return Ok(None) };
	let vm: Row = vm.decode()?;
	let boot = at.storage().try_fetch(compute.boots(), (id,)).await?;
	let boot = boot.map(|boot| boot.decode()).transpose()?;
	let order = at.storage().try_fetch(compute.orders(), (id,)).await?;
	let order = order.map(|order| order.decode()).transpose()?;
	let settled = at.storage().try_fetch(compute.settlements(), (id,)).await?;
	let settled = settled.map(|all| all.decode()).transpose()?;
	let settled: Vec<_> = settled.iter().flat_map(|all| &all.0).map(settlement).collect();
	let unsettled: Vec<_> = vm
		.charges
		.0
		.iter()
		.map(|charge| {
			json!({
				"first": charge.first,
				"last": charge.last,
				"slots": charge.slots,
				"amount": alpha(charge.amount),
				"usd_per_alpha": crate::chain::usd(charge.price),
			})
		})
		.collect();
	Ok(Some(json!({
		"vm": id,
		"tenant": vm.tenant.to_string(),
		"state": word(&vm.state),
		"until_tick": until(&vm.state),
		"vcpus": vm.allotted.vcpus,
		"memory_mib": vm.allotted.memory,
		"disk_gib": vm.allotted.disk,
		"egress_mib_per_hour": vm.allotted.egress,
		"miner": vm.place.as_ref().map(|place| place.miner.to_string()),
		"chip": vm.place.as_ref().and_then(|place| place.chip).map(hex::encode),
		"usd_per_hour": vm.place.as_ref().map(|place| usd_per_hour(place.rate)),
		"generation": vm.generation,
		"boots": vm.boot_counter,
		"escrow": alpha(vm.escrow),
		"deposit": alpha(vm.deposit),
		"settled": settled,
		"unsettled": unsettled,
		"image": order.as_ref().map(|order| hex::encode(order.image)),
		"measurement": order.as_ref().map(|order| hex::encode(order.measurement)),
		"config_revision": order.as_ref().map(|order| order.config.revision),
		"config_sha256": order.as_ref().map(|order| hex::encode(order.config.hash)),
		"guest_pk": boot.as_ref().map(|boot| hex::encode(boot.guest_pk)),
		"ssh_host_key_sha256": boot.as_ref().map(|boot| hex::encode(boot.ssh_host_key_hash)),
		"block": at.block_number(),
	})))
}

fn settlement(row: &Settlement) -> Value {
	json!({
		"first": row.first,
		"last": row.last,
		"slots": row.slots,
		"chip": hex::encode(row.chip),
		"paid": alpha(row.paid),
		"refunded": alpha(row.refunded),
		"burned": alpha(row.burned),
		"usd_per_alpha": crate::chain::usd(row.price),
	})
}

fn text(value: &Value) -> String {
	match value {
		Value::Null => "none".into(),
		Value::String(text) => text.clone(),
		other => other.to_string(),
	}
}

fn print(row: &Value) {
	outln!("VM            {}", row["vm"]);
	outln!("state         {}", text(&row["state"]));
	outln!("tenant        {}", text(&row["tenant"]));
	outln!(
		"allotted      {} vCPUs, {} MiB, {} GiB disk, {} MiB an hour of egress",
		row["vcpus"],
		row["memory_mib"],
		row["disk_gib"],
		row["egress_mib_per_hour"]
	);
	outln!("image         {}", text(&row["image"]));
	outln!("miner         {}", text(&row["miner"]));
	outln!("chip          {}", text(&row["chip"]));
	outln!("price         {} USD an hour", text(&row["usd_per_hour"]));
	outln!("boots         {}", row["boots"]);
	outln!("escrow        {} α, deposit {} α", text(&row["escrow"]), text(&row["deposit"]));
	outln!("SSH host key  {} (SHA-256)", text(&row["ssh_host_key_sha256"]));
	for one in row["settled"].as_array().into_iter().flatten() {
		outln!(
			"  interval {:>6} to {:>6}  {} α for {} slots, {} α refunded",
			one["first"],
			one["last"],
			text(&one["paid"]),
			one["slots"],
			text(&one["refunded"])
		);
	}
	for charge in row["unsettled"].as_array().into_iter().flatten() {
		outln!(
			"  interval {:>6} to {:>6}  {} α for {} slots, unsettled",
			charge["first"],
			charge["last"],
			text(&charge["amount"]),
			charge["slots"]
		);
	}
}
