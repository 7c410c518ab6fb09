//! The machine's TPM hangs, and answers again.

use super::{order::Vm, vm_lifecycle::show, Scene, CHALLENGE};
use crate::{
	commands::{number, text},
	events::{name, Event},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene =
	Scene { name: "hung TPM", title: "The machine's TPM stops answering, and continues later." };

/// A part of the miner's message about a command that the TPM does not answer.
const TIMED_OUT: &str = "the TPM did not answer a command within";

/// Stops the TPM until the miner has reported that, and a VM has booted nevertheless. The miner
/// must answer a challenge afterwards, without a restart. Returns the number of its reports.
///
/// Waits for states of the best block: the miner has two minutes to answer the challenge at which
/// the TPM hangs. Another scene must reboot the VM during that time.
pub async fn run(stage: Stage<'_>, vm: &Vm) -> Result<u64> {
	let processes = stage.machine.miner_processes().await?;
	let boots = number(&show(&stage, vm).await?, "/boots")?;
	let console = stage.machine.console_length()?;
	let hung = stage.network.hang_tpm()?;
	stage.say("the TPM no longer answers");
	let reports = || -> Result<usize> {
		Ok(stage.machine.console_since(console)?.matches(TIMED_OUT).count())
	};
	let what = "the miner reports that the TPM does not answer";
	stage.wait_until(what, CHALLENGE, async || Ok::<_, Error>(reports()? > 0)).await?;
	let booted = async || {
		let shown = show(&stage, vm).await?;
		Ok::<_, Error>(text(&shown, "/state")? == "running" && number(&shown, "/boots")? > boots)
	};
	stage.wait_until("the VM boots while the TPM hangs", CHALLENGE, booted).await?;
	drop(hung);
	let block = number(&stage.shown_miner().await?, "/block")?;
	stage.say("the TPM answers again");
	let answered =
		|event: &Event| event.is(name::EVIDENCE) && event.block().is_some_and(|at| at > block);
	stage.wait_for("the miner answers a challenge", 1, answered, CHALLENGE).await?;
	let now = stage.machine.miner_processes().await?;
	stage.ensure(now == processes, || format!("the miner was process {processes}, now {now}"))?;
	let passed = stage.passed().await?;
	let accepted = async || Ok::<_, Error>(stage.passed().await? > passed);
	stage.wait_until("its evidence is accepted, without a restart", CHALLENGE, accepted).await?;
	Ok(reports()?.try_into().unwrap_or(u64::MAX))
}
