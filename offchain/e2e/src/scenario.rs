//! The order of the scenes. Some scenes are played concurrently.

use std::path::Path;

use serde_json::{json, Value};
use tokio::{sync::Notify, try_join};

use crate::{
	outcome::{self, Numbers},
	scenes::{
		agent_vm, boot_change, charges, earnings, enrolment, event_flood, evidence, explorer,
		false_vote, full_disk, hung_tpm, maintenance_pause, node_loss,
		order::{self, Vm},
		preflight, price, recovery, replay, settlement, tampering, verification,
		vm_boot::{self, Guest},
		vm_kills, vm_lifecycle, vm_refusals,
	},
	world::World,
	Result,
};

/// The number of validators in the demo. A single validator reaches verdicts fastest.
pub const DEMO_VALIDATORS: usize = 1;
/// The number of validators for all scenes. If one of the four is absent, the other three still
/// reach verdicts.
pub const ALL_VALIDATORS: usize = 4;

/// An overview of the demo, up to the tenant's VM.
const OPENING: &str = "\
A chain checks a machine that it does not trust. You will see this, in a few minutes:

  1. A machine starts under QEMU. Its kernel measures every program, and its TPM signs the result.
     It registers on a chain with one validator.
  2. The chain challenges the machine at random. The validator checks the machine's evidence, and
     its score rises.
";
/// The end of the overview.
const TAMPERING: &str = "  4. One byte is added to a program on the machine. The next evidence is rejected, and the score
     falls.
  5. You check both verdicts yourself, without the chain.
";
/// The tenant's VM, and what is simulated.
const REAL_VM: [&str; 2] = [
	"  3. A tenant orders a VM, and logs into it. Its firmware boots only the image that the tenant has
     chosen, and the tenant pays by the minute.
",
	"
Kernel, TPM protocol, evidence, VM and chain are real. One part is simulated, because this computer
needs no SEV-SNP processor: the SEV-SNP reports.
",
];
/// The same without VMs.
const SIMULATED_VM: [&str; 2] = [
	"  3. A tenant orders a VM. It runs on the machine, and the tenant pays by the minute.
",
	"
Kernel, TPM protocol, evidence and chain are real. Two parts are simulated, because this computer
needs no SEV-SNP processor: the SEV-SNP reports, and the tenant's VM.
",
];

/// An overview of the demo, with a real VM or a simulated one.
pub fn opening(vms: bool) -> String {
	let [vm, simulated] = if vms { REAL_VM } else { SIMULATED_VM };
	[OPENING, vm, TAMPERING, simulated].concat()
}

/// The rented object of the demo.
#[derive(Clone, Debug)]
pub enum Rented {
	/// A VM, into which the tenant can log.
	Guest(Guest),
	/// A program that stands for a VM.
	Program(Vm),
}

impl Rented {
	/// Returns the outcome of the demo. `seconds` is the duration of the demo.
	pub fn numbers(&self, seconds: u64) -> Value {
		let mut numbers = match self {
			Self::Guest(guest) => guest.numbers(),
			Self::Program(_) => json!({}),
		};
		numbers["seconds"] = json!(seconds);
		numbers
	}
}

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
pub fn try_now(world: &World<'_>, rented: &Rented) -> Result<String> {
	let (hcc, node, miner) = (world.program("hcc"), world.node(), world.miner()?);
	let hcc = hcc.display();
	let (number, login) = match rented {
		Rented::Guest(guest) => (guest.number, format!("  {hcc} {}\n", guest.login(node))),
		Rented::Program(vm) => (vm.number, String::new()),
	};
	Ok(format!(
		"
The network keeps running. Press Ctrl-C to stop it. Try in another terminal:

  {hcc} watch --node {node}
  {hcc} miner show {miner} --node {node}
  {hcc} vm show {number} --node {node}
  {hcc} evidence fetch --out evidence --node {node}; {hcc} verify evidence --bundle evidence
{login}"
	))
}

/// Plays the scenes of the short story. Returns the tenant's VM, which is a real one with `vms`.
///
/// ## Errors
/// Any of a scene.
pub async fn demo(world: &World<'_>, vms: bool) -> Result<Rented> {
	try_join!(world.play(enrolment::SCENE, enrolment::run), world.play(price::SCENE, price::run),)?;
	let score = world.play(evidence::SCENE, |stage| evidence::run(stage, 1)).await?;
	let rented = if vms {
		Rented::Guest(world.play(vm_boot::SCENE, vm_boot::run).await?)
	} else {
		Rented::Program(world.play(order::SCENE, order::run).await?)
	};
	world.play(tampering::SCENE, |stage| tampering::run(stage, score)).await?;
	world.play(verification::SCENE, verification::run).await?;
	Ok(rented)
}

/// Plays all scenes. Returns their outcome. `client` is the script of a client from npm.
///
/// ## Errors
/// The error of the first scene that fails.
pub async fn all(world: &World<'_>, client: Option<&Path>) -> Result<Value> {
	try_join!(world.play(enrolment::SCENE, enrolment::run), world.play(price::SCENE, price::run),)?;
	let (score_before, (vm, tpm_timeouts), (), ()) = try_join!(
		attest(world, client),
		rent(world),
		world.play(node_loss::SCENE, node_loss::run),
		world.play(full_disk::SCENE, full_disk::run),
	)?;
	world.play(charges::SCENE, charges::run).await?;
	let ((), restored) = try_join!(
		world.play(event_flood::SCENE, event_flood::run),
		tamper(world, score_before, &vm),
	)?;
	let Restored { score_after, recovered, vm } = restored;
	world.play(earnings::SCENE, |stage| earnings::run(stage, &vm, recovered)).await?;
	world.play(boot_change::SCENE, boot_change::run).await?;
	world.play(false_vote::SCENE, false_vote::run).await?;
	let claimed = world.play(settlement::SCENE, |stage| settlement::run(stage, &vm)).await?;
	let (blocks, seconds) = (outcome::blocks(world).await?, world.story.seconds());
	let numbers = Numbers { blocks, score_before, score_after, tpm_timeouts, claimed, seconds };
	Ok(outcome::summary(&world.chain, numbers))
}

/// Plays the scenes with VMs, with that number of kills. `with_agent` states that hccam runs in a
/// VM of its own. Returns the outcome.
///
/// ## Errors
/// Any of a scene.
pub async fn vms(world: &World<'_>, kills: u32, with_agent: bool) -> Result<Value> {
	try_join!(world.play(enrolment::SCENE, enrolment::run), world.play(price::SCENE, price::run),)?;
	if with_agent {
		world.play(agent_vm::SCENE, agent_vm::run).await?;
	}
	let guest = world.play(vm_boot::SCENE, vm_boot::run).await?;
	world.play(vm_refusals::SCENE, |stage| vm_refusals::run(stage, &guest)).await?;
	world.play(vm_kills::SCENE, |stage| vm_kills::run(stage, &guest, kills)).await?;
	let mut outcome = guest.numbers();
	outcome["kills"] = json!(kills);
	outcome["agent_vm"] = json!(with_agent);
	outcome["seconds"] = json!(world.story.seconds());
	Ok(outcome)
}

/// Plays the attestation of the machine. Returns the score then.
async fn attest(world: &World<'_>, client: Option<&Path>) -> Result<u64> {
	let score = world.play(evidence::SCENE, |stage| evidence::run(stage, 2)).await?;
	if let Some(client) = client {
		world.play(explorer::SCENE, |stage| explorer::run(stage, client, score)).await?;
	}
	Ok(score)
}

/// Plays the order of a VM and every command on it, while the TPM hangs. Returns the VM, and the
/// number of times that the miner reported the TPM.
async fn rent(world: &World<'_>) -> Result<(Vm, u64)> {
	let vm = world.play(order::SCENE, order::run).await?;
	// It needs the TPM.
	world.play(preflight::SCENE, preflight::run).await?;
	let (timeouts, ()) = try_join!(
		world.play(hung_tpm::SCENE, |stage| hung_tpm::run(stage, &vm)),
		world.play(vm_lifecycle::SCENE, |stage| vm_lifecycle::run(stage, &vm)),
	)?;
	Ok((vm, timeouts))
}

/// The host after it was tampered with, restored and maintained.
struct Restored {
	/// The score after the evidence about the tampering was rejected.
	score_after: u64,
	/// The block in which evidence was accepted again.
	recovered: u64,
	/// The VM that was ordered afterwards.
	vm: Vm,
}

/// Plays the tampering with the host of a VM, its recovery and its maintenance.
async fn tamper(world: &World<'_>, score_before: u64, vm: &Vm) -> Result<Restored> {
	let tamper = world.play(tampering::SCENE, |stage| tampering::run(stage, score_before));
	let score_after = tamper.await?;
	let rebooted = Notify::new();
	let ((), recovered, vm) = try_join!(
		world.play(verification::SCENE, verification::run),
		world.play(recovery::SCENE, |stage| recovery::run(stage, &rebooted)),
		maintain(world, vm, &rebooted),
	)?;
	Ok(Restored { score_after, recovered, vm })
}

/// Plays the maintenance of the host once it has `rebooted`: preparations take time until its
/// evidence is accepted. Old evidence is replayed during the pause, when a challenge is open that
/// the miner does not answer. Returns the VM that is ordered afterwards.
async fn maintain(world: &World<'_>, vm: &Vm, rebooted: &Notify) -> Result<Vm> {
	rebooted.notified().await;
	let replay = world.play(replay::SCENE, replay::run);
	let maintenance =
		world.play(maintenance_pause::SCENE, |stage| maintenance_pause::run(stage, vm, replay));
	maintenance.await
}
