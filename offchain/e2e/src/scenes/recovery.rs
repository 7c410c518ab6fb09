//! Scene: the miner's program is restored, and the machine reboots.

use tokio::sync::Notify;

use super::{Scene, CHALLENGE};
use crate::{events::Event, world::Stage, Result};

pub const SCENE: Scene =
	Scene { name: "recovery", title: "The miner's program is restored, and the machine reboots." };

/// Restores the program. A measurement stays in the log until the machine reboots, which notifies
/// `rebooted`. Its VM crashes with it.
/// Returns the block in which evidence is accepted again.
pub async fn run(stage: Stage<'_>, rebooted: &Notify) -> Result<u64> {
	let accepted = stage.accepted();
	let digest = stage.machine.restore_miner().await?;
	stage.say(&format!("the restored program has the SHA-256 {digest}"));
	stage.machine.reboot().await?;
	rebooted.notify_one();
	let what = "evidence is accepted again";
	stage.wait_for(what, accepted + 1, Event::is_accepted, CHALLENGE).await?;
	let last = stage.last("the acceptance", Event::is_accepted)?;
	Ok(last.block().unwrap_or_default())
}
