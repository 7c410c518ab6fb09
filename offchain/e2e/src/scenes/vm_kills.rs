//! Agent, libvirtd and QEMU are killed while a VM boots and runs.

use std::time::Duration;

use tokio::time::sleep;

use super::{seconds, vm_boot::Guest, Scene};
use crate::{
	commands::{number, text},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "vm kills",
	title: "The miner's agent, libvirtd and QEMU are killed while a VM boots and runs.",
};

/// The number of kills, unless the command line names another.
pub const KILLS: u32 = 10;
/// The time by which each kill of a boot is later than the one before it. The kills cover a boot
/// from the tenant's wish to the shell.
const STEP: Duration = Duration::from_secs(6);
/// The number of kills during one boot.
const BURST: u32 = 5;
/// The time by which the kills of a burst are later than those of the burst before it.
const SHIFT: Duration = Duration::from_millis(350);
/// The number of bursts after which the times repeat. All shifts together are about one step.
const SHIFTS: u32 = 16;
/// The number of crashes of a VM that its miner can report on one day, by the chain's rules. The VM
/// waits after further crashes until its tenant reboots it.
const REPORTED_CRASHES: u32 = 4;

/// A program that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
	Agent,
	Libvirtd,
	Qemu,
}

const VICTIMS: [Victim; 3] = [Victim::Agent, Victim::Libvirtd, Victim::Qemu];

/// Reboots the VM and kills programs at later steps each time, `kills` times in all. The VM must
/// answer again after each boot, and it must never have two processes.
pub async fn run(stage: Stage<'_>, guest: &Guest, kills: u32) -> Result<()> {
	let mut victims = (0..kills).zip(VICTIMS.into_iter().cycle());
	let mut crashes = 0;
	loop {
		let next: Vec<_> = victims.by_ref().take(BURST as usize).collect();
		let Some((last, _)) = next.last().copied() else { return Ok(()) };
		let boots = number(&guest.show(&stage).await?, "/boots")?;
		guest.act(&stage, "reboot").await?;
		let killing = async {
			for (kill, victim) in next {
				sleep(pause_before(kill)).await;
				let crashed = kill_one(&stage, guest, kill, victim).await?;
				crashes += u32::from(crashed);
				if crashed && crashes > REPORTED_CRASHES {
					// The miner can no longer report crashes today.
					guest.act(&stage, "reboot").await?;
				}
			}
			let what = format!("after kill {} the VM answers again", last + 1);
			guest.answers(&stage, &what, boots + 1).await
		};
		tokio::select! {
			answered = killing => answered?,
			doubled = twice(&stage, guest) => doubled?,
		}
	}
}

/// The time before a kill, since the tenant's wish or the kill before it.
fn pause_before(kill: u32) -> Duration {
	if kill.is_multiple_of(BURST) {
		STEP + SHIFT * (kill / BURST % SHIFTS)
	} else {
		STEP
	}
}

/// Kills a program. Returns true if the VM has crashed by it after its boot was complete.
async fn kill_one(stage: &Stage<'_>, guest: &Guest, kill: u32, victim: Victim) -> Result<bool> {
	let runs = text(&guest.show(stage).await?, "/state")? == "running";
	let killed = victim.kill(stage, guest).await?;
	let word = if killed { "is killed" } else { "does not run" };
	let state = if runs { "runs" } else { "boots" };
	stage.say(&format!("kill {}: {victim:?} {word} while the VM {state}", kill + 1));
	Ok(killed && runs && victim == Victim::Qemu)
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

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn bursts_cover_all_of_a_boot() {
		let first = |burst: u32| pause_before(burst * BURST);
		assert_eq!((first(0), first(1), first(SHIFTS)), (STEP, STEP + SHIFT, STEP));
		assert_eq!(pause_before(BURST + 1), STEP);
		assert!(SHIFT * SHIFTS < STEP && SHIFT * (SHIFTS + 2) > STEP, "no step is left out");
	}
}
