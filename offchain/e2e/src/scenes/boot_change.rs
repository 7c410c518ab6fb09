//! The machine boots with another kernel command line.

use super::{code::BOOT_UNKNOWN, Scene, CHALLENGE};
use crate::{world::Stage, Error, Result};

pub const SCENE: Scene = Scene {
	name: "boot change",
	title: "The machine boots without its kernel's defences against processor flaws.",
};

/// The kernel argument that disables the defences against processor flaws.
const ARGUMENT: &str = "mitigations=off";

/// Reboots the machine with another kernel command line. All files are unchanged, so the IMA log
/// reveals nothing. But measured boot records the command line.
///
/// Reads the verdict in the best block. When the verdict is final, it may no longer be the last
/// one, because the machine has already answered again.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	stage.machine.reboot_with(ARGUMENT).await?;
	let what = "its evidence is rejected: it booted something unknown (BootUnknown)";
	stage
		.wait_until(what, CHALLENGE, async || {
			// If the node does not answer, it is queried again later.
			let shown = stage.shown_miner().await.unwrap_or_default();
			let last = shown.pointer("/chips/0/last").and_then(|all| all.as_array()?.last());
			let code = last.and_then(|incident| incident.get("code")?.as_u64());
			Ok::<_, Error>(code == Some(BOOT_UNKNOWN))
		})
		.await
}
