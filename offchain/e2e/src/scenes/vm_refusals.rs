//! The host alters what a VM boots, and the firmware refuses it.

use std::{
	fs,
	path::Path,
	time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{seconds, vm_boot::Guest, Scene};
use crate::{rig::FIRST_WORDS, world::Stage, Error, Result};

pub const SCENE: Scene = Scene {
	name: "vm refusals",
	title: "The host alters the command line and the image of the VM: it does not boot.",
};

/// The time limit of an unaltered launch.
const BOOT: Duration = seconds(90);
/// The host of the scene is emulated, so the time of a launch varies. An altered launch counts as
/// refused if it prints nothing within this multiple of the time of the unaltered launch.
const PATIENCE: u32 = 2;
/// The minimum time after which an altered launch counts as refused.
const LEAST: Duration = seconds(30);
/// An argument that makes the kernel run a shell of the initrd instead of its `/init`.
const SHELL: &str = "init=/bin/sh";

/// Stops the VM, and launches copies of its domain without the miner, as a dishonest host can. Then
/// damages the stored image: the miner must refuse to launch the VM until the image is restored.
///
/// `scripts/image-attacks` alters kernel and initrd as well.
pub async fn run(stage: Stage<'_>, guest: &Guest) -> Result<()> {
	let domain = stage.rig().domain(guest.number).await?;
	guest.act(&stage, "stop").await?;
	let gone = async || Ok::<_, Error>(stage.rig().processes(guest.number) == 0);
	stage.wait_until("the VM has stopped", seconds(180), gone).await?;
	let began = Instant::now();
	let boots = launch(&stage, &domain, "unaltered", BOOT).await?;
	stage.ensure(boots, || "the unaltered launch does not boot".into())?;
	let patience = LEAST.max(began.elapsed() * PATIENCE);
	let altered = domain.replace("</cmdline>", &format!(" {SHELL}</cmdline>"));
	stage.ensure(altered != domain, || format!("the domain has no command line: {domain}"))?;
	let boots = launch(&stage, &altered, "altered", patience).await?;
	stage.ensure(!boots, || "the VM boots with another command line".into())?;
	stage.say("the VM does not boot with another command line");
	damaged_image(&stage, guest).await
}

/// Launches a copy of a domain. Returns true if its agent prints something within the time limit.
async fn launch(stage: &Stage<'_>, domain: &str, name: &str, limit: Duration) -> Result<bool> {
	let console = stage.rig().create(domain, name).await?;
	let printed = stage
		.wait_until(&format!("{name}: the VM prints"), limit, async || {
			let text = fs::read(&console).unwrap_or_default();
			Ok::<_, Error>(String::from_utf8_lossy(&text).contains(FIRST_WORDS))
		})
		.await;
	stage.rig().destroy(name).await?;
	match printed {
		Ok(()) => Ok(true),
		Err(Error::NotSeen { .. }) => Ok(false),
		Err(error) => Err(error),
	}
}

/// The code in the log of a miner that does not launch a damaged image.
const MISMATCH: &str = "\"image-mismatch\"";
/// The time limit for this line of the log.
const REFUSAL: Duration = seconds(90);

/// Damages the image that the miner has stored. The miner must not launch the VM of it.
async fn damaged_image(stage: &Stage<'_>, guest: &Guest) -> Result<()> {
	let initrd = stage.file("shared").join("images").join(stage.vm_image()).join("initrd");
	let genuine = fs::read(&initrd).map_err(Error::file(&initrd))?;
	let mut damaged = genuine.clone();
	if let Some(byte) = damaged.last_mut() {
		*byte ^= 1;
	}
	fs::write(&initrd, damaged).map_err(Error::file(&initrd))?;
	let boots = crate::commands::number(&guest.show(stage).await?, "/boots")?;
	let console = stage.file("logs").join("console.log");
	let before = refusals(&console)?;
	guest.act(stage, "start").await?;
	let refused = async || refusals(&console).map(|count| count > before);
	let what = "the miner refuses to launch an image with a wrong byte";
	tokio::select! {
		refused = stage.wait_until(what, REFUSAL, refused) => refused?,
		launched = never_launched(stage, guest) => launched?,
	}
	fs::write(&initrd, genuine).map_err(Error::file(&initrd))?;
	guest.answers(stage, "the restored image boots", boots + 1).await
}

/// Counts the refusals in the console log of the miner's host.
fn refusals(console: &Path) -> Result<usize> {
	let log = fs::read(console).map_err(Error::file(console))?;
	Ok(String::from_utf8_lossy(&log).matches(MISMATCH).count())
}

/// Returns an error as soon as the VM has a process.
async fn never_launched(stage: &Stage<'_>, guest: &Guest) -> Result<()> {
	loop {
		let processes = stage.rig().processes(guest.number);
		stage.ensure(processes == 0, || "the miner launched an image with a wrong byte".into())?;
		sleep(Duration::from_millis(100)).await;
	}
}
