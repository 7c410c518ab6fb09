//! Agent, libvirtd and QEMU are killed while a VM boots and runs.

use std::time::Duration;

use tokio::time::sleep;

use super::{seconds, vm_boot::Guest, Scene};
use crate::{commands::number, world::Stage, Error, Result};

pub const SCENE: Scene = Scene {
	name: "vm kills",
	title: "The miner's agent, libvirtd and QEMU are killed ten times while a VM boots and runs.",
};

/// The number of kills.
pub const KILLS: u32 = 10;
/// The time by which each kill of a boot is later than the one before it. The kills cover a boot
/// from the tenant's wish to the shell.
const STEP: Duration = Duration::from_secs(6);

/// A program that is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
	Agent,
	Libvirtd,
	Qemu,
}

const VICTIMS: [Victim; 3] = [Victim::Agent, Victim::Libvirtd, Victim::Qemu];

/// Reboots the VM and kills a program at a later step each time. The VM must answer again each
/// time, and it must never have two processes.
pub async fn run(stage: Stage<'_>, guest: &Guest) -> Result<()> {
	for (kill, victim) in (0..KILLS).zip(VICTIMS.into_iter().cycle()) {
		let boots = number(&guest.show(&stage).await?, "/boots")?;
		guest.act(&stage, "reboot").await?;
		let pause = STEP * (kill / 3 + 1);
		sleep(pause).await;
		let killed = victim.kill(&stage, guest).await?;
		let word = if killed { "is killed" } else { "does not run" };
		let late = pause.as_secs();
		stage.say(&format!("kill {}: {victim:?} {word} {late} s after the wish", kill + 1));
		let what = format!("after kill {} the VM answers again", kill + 1);
		let answers = guest.answers(&stage, &what, boots + 1);
		tokio::select! {
			answered = answers => answered?,
			doubled = twice(&stage, guest) => doubled?,
		}
	}
	Ok(())
}

/// Returns an error as soon as the VM has two processes.
async fn twice(stage: &Stage<'_>, guest: &Guest) -> Result<()> {
	loop {
		let processes = stage.rig().processes(guest.number);
		stage.ensure(processes < 2, || format!("the VM runs {processes} times"))?;
		sleep(Duration::from_millis(100)).await;
	}
}

impl Victim {
	/// Kills the program. Returns false if there is no process to kill at this step.
	async fn kill(self, stage: &Stage<'_>, guest: &Guest) -> Result<bool> {
		match self {
			Self::Agent => {
				stage.machine.kill_miner().await?;
				Ok(true)
			},
			Self::Libvirtd => {
				stage.rig().kill_libvirtd()?;
				let back = async || Ok::<_, Error>(stage.rig().answers().await);
				stage.wait_until("libvirtd runs again", seconds(30), back).await?;
				Ok(true)
			},
			// Between the old and the new process of a reboot there is none.
			Self::Qemu => stage.rig().kill_vm(guest.number),
		}
	}
}
