//! A tenant orders a VM of a registered image, logs in, and checks what was launched.

use std::{path::Path, time::Instant};

use serde_json::{json, Value};

use super::{seconds, Scene, CHALLENGE};
use crate::{
	commands::{self, number, text},
	events::{name, Event},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "vm boot",
	title: "A tenant orders a VM of an image, logs into it, and checks what was launched.",
};

/// The image, unless the command line names another. Its initrd simulates the secure processor.
pub const IMAGE: &str = "insecure-minimal";
/// The tenant: an account of the test chain that is neither a miner's nor a validator's.
const TENANT: &str = "//One";
const FLAVOUR: &str = "small";
/// The time limit from an order to a shell. Emulation of a processor takes most of it.
const SHELL: u64 = 240;

/// A VM, and everything that its tenant has for it.
#[derive(Clone, Debug)]
pub struct Guest {
	pub number: u64,
	pub key_file: String,
	config_key_file: String,
	identity: String,
	/// Seconds from the assignment to the confirmation of the first boot.
	pub boot_seconds: u64,
	/// Seconds from the order to the first command in the VM.
	pub shell_seconds: u64,
}

impl Guest {
	/// The command with which a person logs in, for the node at that address.
	pub fn login(&self, node: &str) -> String {
		format!("vm ssh {} --identity {} --node {node}", self.number, self.identity)
	}

	/// The numbers of the first boot, for the outcome.
	pub fn numbers(&self) -> Value {
		json!({ "vm_boot_seconds": self.boot_seconds, "order_to_ssh_seconds": self.shell_seconds })
	}

	/// Runs `hcc vm` on the VM, as its tenant.
	///
	/// ## Errors
	/// As [`commands::Hcc::json`].
	pub async fn act(&self, stage: &Stage<'_>, action: &str) -> Result<Value> {
		let id = self.number.to_string();
		stage.hcc.json(&["vm", action, &id, "--key-file", &self.key_file]).await
	}

	/// The VM as `hcc vm show` prints it.
	///
	/// ## Errors
	/// As [`commands::Hcc::json`].
	pub async fn show(&self, stage: &Stage<'_>) -> Result<Value> {
		stage.hcc.json(&["vm", "show", &self.number.to_string()]).await
	}

	/// Runs a command in the VM over SSH. The host key is that of the finalised boot row.
	///
	/// ## Errors
	/// [`Error::Failed`] if the VM does not answer, or if the command fails.
	pub async fn run(&self, stage: &Stage<'_>, command: &str) -> Result<String> {
		let id = self.number.to_string();
		let ssh = ["vm", "ssh", &id, "--identity", &self.identity, "--node", stage.node()];
		let arguments = [&ssh[..], &["--", command][..]].concat();
		commands::succeed(stage.hcc.program(), &arguments, seconds(60)).await
	}

	/// The console log that the miner's host keeps.
	///
	/// ## Errors
	/// As [`commands::Hcc::text`].
	pub async fn console(&self, stage: &Stage<'_>) -> Result<String> {
		let id = self.number.to_string();
		stage.hcc.text(&["vm", "logs", &id, "--config-key-file", &self.config_key_file]).await
	}

	/// Waits until the VM has booted that often and answers over SSH.
	///
	/// ## Errors
	/// [`Error::NotSeen`].
	pub async fn answers(&self, stage: &Stage<'_>, what: &str, boots: u64) -> Result<()> {
		let answers = stage.wait_until(what, seconds(SHELL), async || {
			// A node or a VM that does not answer now is asked again.
			let Ok(shown) = self.show(stage).await else { return Ok(false) };
			let runs = text(&shown, "/state")? == "running" && number(&shown, "/boots")? >= boots;
			Ok::<_, Error>(runs && self.run(stage, "true").await.is_ok())
		});
		let answered = answers.await;
		if answered.is_err() {
			// The console shows how far the VM has come.
			stage.story.quote(&self.console(stage).await.unwrap_or_default());
		}
		answered
	}
}

/// Registers the image and orders a VM of it. Waits for a shell, and compares the launch
/// measurement on the chain with that of the image's bytes.
pub async fn run(stage: Stage<'_>) -> Result<Guest> {
	let live = "the host is live: its evidence was accepted";
	stage.wait_for(live, 1, Event::is_accepted, CHALLENGE).await?;
	let priced = |event: &Event| event.is(name::PRICE);
	stage.wait_for("α has a price", 1, priced, CHALLENGE).await?;
	let key_file = stage.write("tenant.key", &format!("{TENANT}\n"))?;
	let (name, image) = (stage.vm_image(), stage.vm_image_folder()?);
	let register = ["image", "register", image.as_str(), "--key-file", key_file.as_str()];
	let registered = stage.hcc.json(&register).await?;
	stage.say(&format!("the image {name} is registered: {}", text(&registered, "/id")?));
	let guest = order(&stage, &image, key_file).await?;
	is_the_image(&stage, &guest, &image).await?;
	let uname = guest.run(&stage, "uname -srm").await?;
	stage.story.quote(&format!("$ hcc vm ssh {} -- uname -srm\n{}", guest.number, uname.trim()));
	stage.ensure(uname.starts_with("Linux "), || format!("uname printed {uname:?}"))?;
	// The miner's host runs another kernel. An answer of its own would not come from the VM.
	let host = stage.machine.succeed("uname -r").await?;
	stage.ensure(!uname.contains(host.trim()), || format!("the host answered: {uname}"))?;
	Ok(guest)
}

/// Orders a VM, and waits until it runs a command.
async fn order(stage: &Stage<'_>, image: &str, key_file: String) -> Result<Guest> {
	let identity = stage.file("id_ed25519").display().to_string();
	let make_key = ["-q", "-t", "ed25519", "-N", "", "-C", "tenant", "-f", identity.as_str()];
	stage.run(Path::new("ssh-keygen"), &make_key, seconds(30)).await?;
	let public = format!("{identity}.pub");
	let config_key_file = stage.file("config.key").display().to_string();
	let began = Instant::now();
	let order = [
		["vm", "order"],
		["--flavour", FLAVOUR],
		["--image", image],
		["--ssh-key", public.as_str()],
		["--config-key-file", config_key_file.as_str()],
		["--max-price", "0.1"],
		["--escrow", "10"],
		["--tier", "probation"],
		["--key-file", key_file.as_str()],
	];
	let ordered = stage.hcc.json(order.as_flattened()).await?;
	let number = number(&ordered, "/vm")?;
	stage.say(&format!("VM {number} is ordered"));
	let assigned = |event: &Event| event.is(name::ASSIGNED);
	stage.wait_for("the chain draws a miner for it", 1, assigned, seconds(120)).await?;
	let assigned = Instant::now();
	let mut guest =
		Guest { number, key_file, config_key_file, identity, boot_seconds: 0, shell_seconds: 0 };
	let booted = |event: &Event| event.is(name::BOOTED);
	stage.wait_for("it has proven its boot to the chain", 1, booted, seconds(SHELL)).await?;
	guest.boot_seconds = assigned.elapsed().as_secs();
	guest.answers(stage, "its tenant runs a command in it", 1).await?;
	guest.shell_seconds = began.elapsed().as_secs();
	stage.say(&format!("from the order to the shell: {} s", guest.shell_seconds));
	Ok(guest)
}

/// Compares the launch measurement on the chain with that of the image's bytes.
async fn is_the_image(stage: &Stage<'_>, guest: &Guest, image: &str) -> Result<()> {
	let shown = guest.show(stage).await?;
	let (launched, vcpus) = (text(&shown, "/measurement")?, number(&shown, "/vcpus")?.to_string());
	let (exit, measured) =
		stage.hcc.offline(&["image", "measure", image, "--vcpus", &vcpus]).await?;
	let computed = text(&measured, "/measurement")?;
	stage.ensure(exit == Some(0) && computed == launched, || {
		format!("the chain has measurement {launched}, the image's bytes give {computed}")
	})?;
	stage.say(&format!("the bytes of the image give the measurement of its report: {computed}"));
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::scenario::Rented;

	#[test]
	fn outcome_has_seconds_of_boot_and_of_shell() {
		let guest = Guest {
			number: 3,
			key_file: "tenant.key".into(),
			config_key_file: "config.key".into(),
			identity: "id".into(),
			boot_seconds: 20,
			shell_seconds: 60,
		};
		let wanted = json!({ "vm_boot_seconds": 20, "order_to_ssh_seconds": 60, "seconds": 300 });
		assert_eq!(Rented::Guest(guest).numbers(300), wanted);
	}
}
