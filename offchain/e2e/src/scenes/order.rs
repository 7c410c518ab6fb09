//! Scene: a tenant orders a VM.

use super::{seconds, Scene, CHALLENGE};
use crate::{
	commands::number,
	events::{name, Event},
	world::Stage,
	Result,
};

pub const SCENE: Scene =
	Scene { name: "order", title: "A tenant orders a VM and sets an escrow aside for it." };

/// The tenant's account. It exists on test chains, and belongs neither to a miner nor to a
/// validator.
const TENANT: &str = "//One";
/// The image of test chains, whose launch measurements `insecure-vm` presents.
const IMAGE: &str = "insecure-vm";

/// A VM, and the file with the key of its tenant.
#[derive(Clone, Debug)]
pub struct Vm {
	pub number: u64,
	pub key_file: String,
}

/// Orders a VM once the host is live, and waits until the VM runs.
///
/// The machine cannot run an SEV-SNP guest. `insecure-vm` simulates the guest, and proves its boot
/// in the same way as a real guest.
pub async fn run(stage: Stage<'_>) -> Result<Vm> {
	let live = "the host is live: its evidence was accepted";
	stage.wait_for(live, 1, Event::is_accepted, CHALLENGE).await?;
	let priced = |event: &Event| event.is(name::PRICE);
	stage.wait_for("α has a price", 1, priced, CHALLENGE).await?;
	stage.story.quote(&stage.hcc.text(&["vm", "flavours"]).await?);
	let vm = place_order(&stage).await?;
	stage.say(&format!("VM {} is ordered, of 2 vCPUs and 8 GiB, for 10 α of escrow", vm.number));
	let assigned = |event: &Event| event.is(name::ASSIGNED);
	stage.wait_for("the chain draws a miner for it", 1, assigned, seconds(120)).await?;
	let booted = |event: &Event| event.is(name::BOOTED);
	stage
		.wait_for("the VM has proven its boot to the chain: it runs", 1, booted, seconds(120))
		.await?;
	let shown = stage.hcc.text(&["vm", "show", &vm.number.to_string()]).await?;
	stage.story.quote(&shown);
	Ok(vm)
}

/// Orders a VM, without waiting for a miner.
pub(super) async fn place_order(stage: &Stage<'_>) -> Result<Vm> {
	let key_file = stage.write("tenant.key", &format!("{TENANT}\n"))?;
	let config = stage.write("vm.json", "{\"version\":1,\"host_name\":\"demo\"}\n")?;
	let config_key = stage.file("config.key").display().to_string();
	let order = [
		["vm", "order"],
		["--flavour", "medium"],
		["--image", IMAGE],
		["--config", config.as_str()],
		["--config-key-file", config_key.as_str()],
		["--max-price", "0.1"],
		["--escrow", "10"],
		["--tier", "probation"],
		["--key-file", key_file.as_str()],
	];
	let ordered = stage.hcc.json(order.as_flattened()).await?;
	Ok(Vm { number: number(&ordered, "/vm")?, key_file })
}
