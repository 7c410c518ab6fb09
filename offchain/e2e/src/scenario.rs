//! The order of the scenes. Some scenes are played concurrently.

use std::path::Path;

use serde_json::Value;
use tokio::try_join;

use crate::{
	outcome::{self, Numbers},
	scenes::{
		boot_change, charges, earnings, enrolment, event_flood, evidence, explorer, false_vote,
		full_disk, node_loss,
		order::{self, Vm},
		preflight, price, recovery, replay, settlement, tampering, verification, vm_lifecycle,
	},
	world::World,
	Result,
};

/// The number of validators in the demo. A single validator reaches verdicts fastest.
pub const DEMO_VALIDATORS: usize = 1;
/// The number of validators for all scenes. If one of the four is absent, the other three still
/// reach verdicts.
pub const ALL_VALIDATORS: usize = 4;

/// The overview that is printed before the demo.
pub const OPENING: &str = "\
A chain checks a machine that it does not trust. You will see this, in about four minutes:

  1. A machine starts under QEMU. Its kernel measures every program, and its TPM signs the result.
     It registers on a chain with one validator.
  2. The chain challenges the machine at random. The validator checks the machine's evidence, and
     its score rises.
  3. A tenant orders a VM. It runs on the machine, and the tenant pays by the minute.
  4. One byte is added to a program on the machine. The next evidence is rejected, and the score
     falls.
  5. You check both verdicts yourself, without the chain.

Kernel, TPM protocol, evidence and chain are real. Two parts are simulated, so that this computer
needs no SEV-SNP processor: the SEV-SNP reports, and the tenant's VM.
";

/// The suggestions that are printed after the demo, if the network is stopped.
pub const TRY_NEXT: &str = "
That was the whole story. Try next:

  scripts/demo.sh --keep    the same, and the network keeps running: then try the commands that
                            it names at the end
  make e2e                  all scenes: a lost node, a dishonest validator, payment and refunds
  hcc devnet up             a network of your own (hcc is in the folder of the built programs)
  docs/architecture.md      how it works
";

/// Returns the suggestions that are printed after the demo, if the network keeps running.
pub fn try_now(world: &World<'_>, vm: &Vm) -> Result<String> {
	let (hcc, node, miner) = (world.program("hcc"), world.node(), world.miner()?);
	let hcc = hcc.display();
	Ok(format!(
		"
The network keeps running. Press Ctrl-C to stop it. Try in another terminal:

  {hcc} watch --node {node}
  {hcc} miner show {miner} --node {node}
  {hcc} vm show {} --node {node}
  {hcc} evidence fetch --out evidence --node {node}; {hcc} verify evidence --bundle evidence
",
		vm.number
	))
}

/// Plays the scenes of the short story. Returns the tenant's VM.
///
/// ## Errors
/// The error of the first scene that fails.
pub async fn demo(world: &World<'_>) -> Result<Vm> {
	try_join!(world.play(enrolment::SCENE, enrolment::run), world.play(price::SCENE, price::run),)?;
	let score = world.play(evidence::SCENE, |stage| evidence::run(stage, 1)).await?;
	let vm = world.play(order::SCENE, order::run).await?;
	world.play(tampering::SCENE, |stage| tampering::run(stage, score)).await?;
	world.play(verification::SCENE, verification::run).await?;
	Ok(vm)
}

/// Plays all scenes. Returns their outcome. `client` is the script of a client from npm.
///
/// ## Errors
/// The error of the first scene that fails.
pub async fn all(world: &World<'_>, client: Option<&Path>) -> Result<Value> {
	try_join!(world.play(enrolment::SCENE, enrolment::run), world.play(price::SCENE, price::run),)?;
	let (score_before, vm) = try_join!(attest(world, client), rent(world))?;
	world.play(charges::SCENE, charges::run).await?;
	let tamper = world.play(tampering::SCENE, |stage| tampering::run(stage, score_before));
	let score_after = tamper.await?;
	let ((), recovered) = try_join!(
		world.play(verification::SCENE, verification::run),
		world.play(recovery::SCENE, recovery::run),
	)?;
	// Earlier intervals are settled while the miner cheats, because cheating does not affect
	// earlier evidence.
	try_join!(
		world.play(replay::SCENE, replay::run),
		world.play(earnings::SCENE, |stage| earnings::run(stage, &vm, recovered)),
	)?;
	world.play(boot_change::SCENE, boot_change::run).await?;
	world.play(false_vote::SCENE, false_vote::run).await?;
	let claimed = world.play(settlement::SCENE, |stage| settlement::run(stage, &vm)).await?;
	let (blocks, seconds) = (outcome::blocks(world).await?, world.story.seconds());
	let numbers = Numbers { blocks, score_before, score_after, claimed, seconds };
	Ok(outcome::summary(&world.chain, numbers))
}

/// Plays the attestation of the machine, before and after the loss of a validator's node. Returns
/// the chip's score before the loss.
async fn attest(world: &World<'_>, client: Option<&Path>) -> Result<u64> {
	let score = world.play(evidence::SCENE, |stage| evidence::run(stage, 2)).await?;
	world.play(preflight::SCENE, preflight::run).await?;
	if let Some(client) = client {
		world.play(explorer::SCENE, |stage| explorer::run(stage, client, score)).await?;
	}
	world.play(node_loss::SCENE, node_loss::run).await?;
	try_join!(
		world.play(event_flood::SCENE, event_flood::run),
		world.play(full_disk::SCENE, full_disk::run),
	)?;
	Ok(score)
}

/// Plays the order of a VM, and every command of the tenant on the VM. Returns the VM.
async fn rent(world: &World<'_>) -> Result<Vm> {
	let vm = world.play(order::SCENE, order::run).await?;
	world.play(vm_lifecycle::SCENE, |stage| vm_lifecycle::run(stage, &vm)).await?;
	Ok(vm)
}
