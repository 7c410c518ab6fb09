//! hccam runs in a VM of its own, which is killed.

use super::{seconds, Scene, CHALLENGE};
use crate::{
	events::{name, Event},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "agent vm",
	title: "The miner runs hccam in a VM of its own, and launches it again when it is killed.",
};

/// The time limit of a launch, from the end of the process to the next one.
const LAUNCH: u64 = 120;

/// Checks that hccam runs in its VM only. Then kills the VM: the miner must launch it again, and
/// its evidence must be accepted.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	stage.wait_for("evidence by hccam's VM is accepted", 1, Event::is_accepted, CHALLENGE).await?;
	let beside = stage.machine.run("pidof hccam").await?;
	stage.ensure(beside.code != 0, || "hccam runs on the host itself".into())?;
	let before = stage.rig().agent_process();
	let before = before.ok_or_else(|| Error::Unexpected("hccam has no VM".into()))?;
	before.kill()?;
	let launched = async || {
		let now = stage.rig().agent_process();
		Ok::<_, Error>(now.is_some_and(|now| now.id != before.id))
	};
	stage.wait_until("its VM was killed and is launched again", seconds(LAUNCH), launched).await?;
	// The first evidence after the launch may have been signed before the kill.
	let is_sent = |event: &Event| event.is(name::EVIDENCE);
	let wanted = stage.chain.count(is_sent) + 2;
	stage.wait_for("the new hccam has signed evidence", wanted, is_sent, CHALLENGE * 2).await?;
	let challenge = stage.last("evidence", is_sent)?.challenge();
	let is_accepted = |event: &Event| event.is_accepted() && event.challenge() == challenge;
	stage.wait_for("this evidence is accepted", 1, is_accepted, CHALLENGE).await
}
