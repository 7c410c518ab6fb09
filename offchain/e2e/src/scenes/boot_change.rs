//! The machine boots with another kernel command line.

use super::{code::BOOT_UNKNOWN, Scene, CHALLENGE};
use crate::{world::Stage, Error, Result};

pub const SCENE: Scene = Scene {
	name: "boot change",
	title: "The machine boots without its kernel's defences against processor flaws.",
};

/// The argument that turns those defences off.
const ARGUMENT: &str = "mitigations=off";

/// Reboots the machine with another command line. Every file is as it should be, so that the
/// kernel's log shows nothing. The firmware has measured the command line.
///
/// Looks at the best block: when the verdict is final, the machine has already answered again.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	stage.machine.reboot_with(ARGUMENT).await?;
	let what = "its evidence is rejected: it booted something unknown (BootUnknown)";
	stage
		.wait_until(what, CHALLENGE, async || {
			// A node that does not answer now is asked again.
			let shown = stage.shown_miner().await.unwrap_or_default();
			let last = shown.pointer("/chips/0/last").and_then(|all| all.as_array()?.last());
			let code = last.and_then(|incident| incident.get("code")?.as_u64());
			Ok::<_, Error>(code == Some(BOOT_UNKNOWN))
		})
		.await
}
