//! Scene: the miner's program is restored, and the machine reboots.

use super::{Scene, CHALLENGE};
use crate::{events::Event, world::Stage, Result};

pub const SCENE: Scene =
	Scene { name: "recovery", title: "The miner's program is restored, and the machine reboots." };

/// Restores the miner's program, and reboots the machine. Without a reboot, the measurement of the
/// altered program would stay in the IMA log. The reboot also ends the VM, which boots again after
/// evidence of the host is accepted. Returns the block in which evidence is accepted again.
pub async fn run(stage: Stage<'_>) -> Result<u64> {
	let accepted = stage.accepted();
	let digest = stage.machine.restore_miner().await?;
	stage.say(&format!("the restored program has the SHA-256 {digest}"));
	stage.machine.power_off().await?;
	let what = "evidence is accepted again";
	stage.wait_for(what, accepted + 1, Event::is_accepted, CHALLENGE).await?;
	let last = stage.last("the acceptance", Event::is_accepted)?;
	Ok(last.block().unwrap_or_default())
}
