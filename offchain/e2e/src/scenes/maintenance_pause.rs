//! The operator takes a host out of service, and reboots it.

use std::future::Future;

use super::{
	order::{place_order, Vm},
	seconds,
	vm_lifecycle::{act, show},
	Scene, CHALLENGE,
};
use crate::{
	commands::{number, text},
	events::{name, Event},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "maintenance",
	title: "The operator drains the host with hcc-miner drain, and reboots it.",
};

/// A part of the message of `hcc-miner drain` while a VM runs.
const WAITS: &str = "waiting until no VM runs";

/// Drains the host of a VM. Its chip is paused once the VM has left. The host reboots within the
/// pause, after `meanwhile`, and does not lose score. Returns a VM that is ordered afterwards.
///
/// The test chain challenges often, and no pause begins during a challenge. So the first attempts
/// of `hcc-miner drain` may fail.
pub async fn run(
	stage: Stage<'_>,
	vm: &Vm,
	meanwhile: impl Future<Output = Result<()>>,
) -> Result<Vm> {
	stage.machine.begin_drain().await?;
	let waits = async || Ok::<_, Error>(stage.machine.drain_log().await?.contains(WAITS));
	let what = "the miner takes no new VMs, and waits for the VM to leave";
	stage.wait_until(what, seconds(120), waits).await?;
	act(&stage, vm, "terminate", &[]).await?;
	stage.say("the tenant terminates the VM");
	let is_pause = |event: &Event| event.is(name::PAUSED);
	let what = "the chip is paused: no other challenge is made";
	stage.wait_for(what, 1, is_pause, seconds(900)).await?;
	let paused = Paused::of(&stage)?;
	let drained = async || stage.machine.is_drained().await;
	stage.wait_until("hcc-miner drain has ended well", seconds(60), drained).await?;
	let passed = stage.passed().await?;
	meanwhile.await?;
	let block = number(&stage.shown_miner().await?, "/block")?;
	stage.machine.reboot().await?;
	stage.say("the machine has rebooted within the pause");
	let undone = async || stage.machine.undo_drain().await;
	stage.wait_until("hcc-miner drain --undo ends the maintenance", seconds(120), undone).await?;
	let answered = async || Ok::<_, Error>(stage.passed().await? > passed);
	stage.wait_until("its evidence for the pause is accepted", CHALLENGE, answered).await?;
	let ordinary = async || Ok::<_, Error>(stage.passed().await? > passed + 1);
	stage.wait_until("it passes an ordinary challenge", CHALLENGE, ordinary).await?;
	let new = place_order(&stage).await?;
	let runs = async || Ok::<_, Error>(text(&show(&stage, &new).await?, "/state")? == "running");
	stage.wait_until("a new VM runs on the host", seconds(240), runs).await?;
	paused.ensure_harmless(&stage, block).await?;
	Ok(new)
}

/// The challenge of a pause, and the score before it.
#[derive(Debug)]
struct Paused {
	seq: u64,
	score: u64,
}

impl Paused {
	fn of(stage: &Stage<'_>) -> Result<Self> {
		let pause = stage.last("the pause", |event| event.is(name::PAUSED))?;
		// The same block makes the challenge that ends the pause.
		let made = |event: &Event| event.is(name::CHALLENGED) && event.block() == pause.block();
		let seq = stage.last("the challenge of the pause", made)?.challenge().unwrap_or_default();
		let before = |event: &Event| event.is(name::VERDICT) && event.block() <= pause.block();
		let score = stage.last("a verdict", before)?.number("after").unwrap_or_default();
		Ok(Self { seq, score })
	}

	/// Checks that the miner answered the pause after block `rebooted`, that all verdicts since
	/// then are acceptances, and that the score is no lower.
	async fn ensure_harmless(&self, stage: &Stage<'_>, rebooted: u64) -> Result<()> {
		let since = |event: &Event| event.challenge() >= Some(self.seq);
		let what = "the verdicts on the pause and on the challenge after it are final";
		let accepted = |event: &Event| event.is_accepted() && since(event);
		stage.wait_for(what, 2, accepted, seconds(60)).await?;
		let answered =
			|event: &Event| event.is(name::EVIDENCE) && event.challenge() == Some(self.seq);
		let answer = stage.first("the answer to the pause", answered)?;
		stage.ensure(answer.block() > Some(rebooted), || {
			format!("the pause was answered before the reboot in block {rebooted}: {answer:?}")
		})?;
		let verdicts = stage.chain.all(|event| event.is(name::VERDICT) && since(event));
		let score = verdicts.last().and_then(|event| event.number("after")).unwrap_or_default();
		let harmless = verdicts.iter().all(Event::is_accepted) && score >= self.score;
		stage.ensure(harmless, || format!("{self:?}, then the score was {score}: {verdicts:?}"))?;
		stage.say(&format!("the score was {} before the pause, and is {score}", self.score));
		Ok(())
	}
}
