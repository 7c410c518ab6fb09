//! One VM: what the chain wants of it, and how that is done.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{anyhow, bail, ensure, Context};
use hcc_chain::{api, AccountId32, Chain, ChainAt, Submitter};
use hcc_evidence::{
	snp::REPORT_LEN,
	vm::{vm_host_data, VmEvidence, VmId, KEM_KEY_LEN},
};
use hccam::{
	connect,
	frame::{receive, send},
	vm::{BootShown, Question, ShowBoot, VERSION},
	Address,
};
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore},
	time::timeout,
};

use crate::{process::Process, tended::Failures};

type Vm = api::runtime_types::pallet_compute::types::Vm<AccountId32>;
pub(crate) type State = api::runtime_types::pallet_compute::types::State;
/// To how many miners a VM was given, and how often it was booted: a later boot is greater.
pub(crate) type Boot = (u32, u32);

/// How long a VM may take until its agent answers.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often its agent is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// For how long a VM that was launched counts as being launched, unless its agent answers before. Images that do not boot must not keep others from it.
const LAUNCHING: Duration = Duration::from_secs(10);

/// What is to be done with a VM now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
	Nothing,
	/// It waits for its miner to say that it boots, until that tick.
	BeginBoot {
		until: u32,
	},
	Act(Act),
	/// It runs and should not.
	End,
}

/// What is done with a VM by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
	/// It is to run, and to show that by an answer to this nonce.
	Show { nonce: [u8; 32] },
	/// It should run and does not.
	TellOfCrash,
}

/// What is tried with a VM, for which boot of it. Where something else is wanted, or the same for another boot, it is another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
	/// None where that does not matter.
	pub boot: Option<Boot>,
	pub wanted: Wanted,
}

impl Step {
	/// That a VM ends which is no more this miner's.
	pub(crate) const END: Self = Self { boot: None, wanted: Wanted::End };
}

/// What is to be done with a VM in that state and boot, where `runs` is the boot for which it runs here.
pub(crate) fn wanted(state: &State, boot: Boot, runs: Option<Boot>) -> Wanted {
	match state {
		State::Assigned { until } => Wanted::BeginBoot { until: *until },
		State::Booting { nonce, .. } => Wanted::Act(Act::Show { nonce: *nonce }),
		State::Running { .. } if runs != Some(boot) => Wanted::Act(Act::TellOfCrash),
		State::Stopped { .. } if runs.is_some() => Wanted::End,
		State::Running { .. }
		| State::Stopped { .. }
		| State::Pending { .. }
		| State::Terminated => Wanted::Nothing,
	}
}

/// A VM as a block has it.
pub(crate) struct Seen {
	pub id: VmId,
	pub state: State,
	pub boot: Boot,
	vm: Vm,
}

impl Seen {
	pub(crate) fn step(&self, wanted: Wanted) -> Step {
		Step { boot: Some(self.boot), wanted }
	}
}

/// A VM at a block; none where there is none of that number.
pub(crate) async fn seen_at(at: &ChainAt, id: VmId) -> anyhow::Result<Option<Seen>> {
	let vms = api::storage().compute().vms();
	let Some(row) = at.storage().try_fetch(vms, (id,)).await? else { return Ok(None) };
	let vm = row.decode()?;
	let boot = (vm.generation, vm.boot_counter);
	Ok(Some(Seen { id, state: vm.state.clone(), boot, vm }))
}

/// What it takes to do what the chain wants of VMs.
pub(crate) struct Keeper {
	pub chain: Chain,
	pub hot: Arc<Submitter>,
	pub launcher: PathBuf,
	/// Where it is remembered what runs.
	pub run_dir: PathBuf,
	/// How many VMs may be launched at once.
	pub launches: Arc<Semaphore>,
}

impl Keeper {
	pub(crate) fn process(&self, id: VmId) -> Process {
		Process::of(self.run_dir.join(format!("vm-{id}.json")))
	}

	/// Where the agent in a VM answers.
	pub(crate) fn address(&self, id: VmId) -> Address {
		Address::Unix(self.run_dir.join(format!("vm-{id}.sock")))
	}

	/// The VMs of which it is remembered that they run.
	pub(crate) fn remembered(&self) -> anyhow::Result<Vec<VmId>> {
		let mut ids = Vec::new();
		for entry in std::fs::read_dir(&self.run_dir)? {
			let name = entry?.file_name();
			let id = name.to_str().and_then(|name| name.strip_prefix("vm-")?.strip_suffix(".json"));
			ids.extend(id.and_then(|id| id.parse::<VmId>().ok()));
		}
		Ok(ids)
	}

	/// Says that these VMs boot, of all at once: each has a deadline for that.
	pub(crate) async fn begin_boots(&self, ids: &[VmId]) -> Failures {
		let calls: Vec<_> = ids.iter().map(|id| api::tx().compute().boot(*id)).collect();
		let outcomes = match self.hot.submit_each(&self.chain, &calls).await {
			Ok(outcomes) => outcomes,
			Err(error) => {
				let failed = |id: &VmId| (*id, anyhow!("beginning the boot: {error}"));
				return ids.iter().map(failed).collect();
			},
		};
		let mut failures = Failures::new();
		for (id, outcome) in ids.iter().copied().zip(outcomes) {
			match outcome {
				Ok(_) => tracing::info!(vm = id, "boot begun"),
				Err(error) => {
					failures.push((id, anyhow::Error::new(error).context("beginning the boot")));
				},
			}
		}
		failures
	}

	pub(crate) async fn act(&self, at: &ChainAt, seen: &Seen, act: Act) -> anyhow::Result<()> {
		match act {
			Act::Show { nonce } => self.show(at, seen, nonce).await,
			Act::TellOfCrash => self.tell_of_crash(seen.id).await,
		}
	}

	/// Has a VM run for its boot, and shows that to the chain.
	async fn show(&self, at: &ChainAt, seen: &Seen, nonce: [u8; 32]) -> anyhow::Result<()> {
		let launching = self.ensure_launched(at, seen).await?;
		let question = ShowBoot {
			version: VERSION,
			genesis: self.chain.genesis(),
			vm: seen.id,
			generation: seen.vm.generation,
			counter: seen.vm.boot_counter,
			nonce,
		};
		let address = self.address(seen.id);
		let asking = held_while(launching, LAUNCHING, ask(&address, &question));
		let shown = timeout(PATIENCE, asking).await.context("the VM's agent does not answer")??;
		let evidence = evidence_of(seen.id, seen.boot, shown)?;
		let call = api::tx().compute().attest(evidence.into());
		let receipt = self.hot.submit(&self.chain, &call).await.context("showing the boot")?;
		tracing::info!(vm = seen.id, block = %receipt.block, "it runs");
		Ok(())
	}

	async fn tell_of_crash(&self, id: VmId) -> anyhow::Result<()> {
		let call = api::tx().compute().report_crash(id);
		self.hot.submit(&self.chain, &call).await.context("telling of a crash")?;
		tracing::warn!(vm = id, "it has crashed: it boots again");
		Ok(())
	}

	/// Ends a VM that is stopped, or is another's by now.
	pub(crate) async fn end(&self, id: VmId) -> anyhow::Result<()> {
		self.process(id).end().await?;
		tracing::info!(vm = id, "ended: it is stopped, or no more this miner's");
		Ok(())
	}

	/// Launches a VM for its boot, unless that runs already; what ran before of it ends. Gives the leave to launch it, if it was.
	async fn ensure_launched(
		&self,
		at: &ChainAt,
		seen: &Seen,
	) -> anyhow::Result<Option<OwnedSemaphorePermit>> {
		let Seen { id, boot, vm, .. } = seen;
		let process = self.process(*id);
		if process.runs_for() == Some(*boot) {
			return Ok(None);
		}
		process.end().await.context("ending what ran before")?;
		let orders = api::storage().compute().orders();
		let order = at.storage().fetch(orders, (*id,)).await?.decode()?;
		let host_data = vm_host_data(
			&self.chain.genesis(),
			*id,
			vm.generation,
			&order.config.hash,
			&order.holders_root,
		);
		let launches = self.launches.clone();
		let leave = launches.acquire_owned().await.context("nothing is launched any more")?;
		let options = [
			("--vm", id.to_string()),
			("--generation", vm.generation.to_string()),
			("--boot", vm.boot_counter.to_string()),
			("--image", hex::encode(order.measurement)),
			("--host-data", hex::encode(host_data)),
			("--vcpus", vm.allotted.vcpus.to_string()),
			("--memory", vm.allotted.memory.to_string()),
			("--disk", vm.allotted.disk.to_string()),
			("--listen", self.address(*id).to_string()),
		];
		let arguments: Vec<_> =
			options.into_iter().flat_map(|(name, value)| [name.to_string(), value]).collect();
		let starting = process.start(&self.launcher, &arguments, *boot);
		starting.await.with_context(|| self.launcher.display().to_string())?;
		tracing::info!(vm = id, generation = vm.generation, boot = vm.boot_counter, "launched");
		Ok(Some(leave))
	}
}

/// What a VM's agent shows of a boot, as the chain takes it. Each byte costs, and what a VM shows is up to its tenant.
fn evidence_of(id: VmId, boot: Boot, shown: BootShown) -> anyhow::Result<VmEvidence> {
	let (generation, boot_counter) = boot;
	let (snp_report, guest_pk, kem_pk, ssh_host_key_hash) = match shown {
		BootShown::Evidence { snp_report, guest_pk, kem_pk, ssh_host_key_hash } => {
			(snp_report, guest_pk, kem_pk, ssh_host_key_hash)
		},
		BootShown::Failed { message } => bail!("the VM's agent failed: {message}"),
	};
	ensure!(
		snp_report.len() == REPORT_LEN && kem_pk.len() == KEM_KEY_LEN,
		"the VM's agent shows a report of {} bytes and a key of {}",
		snp_report.len(),
		kem_pk.len()
	);
	Ok(VmEvidence {
		vm: id,
		generation,
		boot_counter,
		snp_report,
		guest_pk,
		kem_pk,
		ssh_host_key_hash,
	})
}

/// Does it holding `leave`, but no longer than `most`: then goes on without.
async fn held_while<T>(
	leave: Option<OwnedSemaphorePermit>,
	most: Duration,
	work: impl Future<Output = T>,
) -> T {
	let mut work = std::pin::pin!(work);
	if let Ok(done) = timeout(most, work.as_mut()).await {
		return done;
	}
	drop(leave);
	work.await
}

/// Asks the agent in a VM, as soon as it listens.
async fn ask(address: &Address, question: &ShowBoot) -> anyhow::Result<BootShown> {
	loop {
		match connect(address).await {
			Ok(mut stream) => {
				send(&mut stream, &Question::ShowBoot(question.clone())).await?;
				let answer = receive(&mut stream).await?;
				return answer.context("the VM's agent gave no answer");
			},
			Err(error) => {
				tracing::debug!(%address, %error, "not yet");
				tokio::time::sleep(TRY_EVERY).await;
			},
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_is_wanted_follows_from_the_state_and_from_what_runs() {
		let (before, boot) = ((1, 1), (1, 2));
		let assigned = State::Assigned { until: 9 };
		assert_eq!(wanted(&assigned, boot, None), Wanted::BeginBoot { until: 9 });
		let booting = State::Booting { nonce: [7; 32], fee: 0, since: 3, until: 9 };
		let show = Wanted::Act(Act::Show { nonce: [7; 32] });
		assert_eq!(wanted(&booting, boot, None), show);
		assert_eq!(wanted(&booting, boot, Some(boot)), show);
		let running = State::Running { since: 3 };
		assert_eq!(wanted(&running, boot, Some(boot)), Wanted::Nothing);
		let crashed = Wanted::Act(Act::TellOfCrash);
		assert_eq!(wanted(&running, boot, Some(before)), crashed);
		assert_eq!(wanted(&running, boot, None), crashed);
		assert_eq!(wanted(&State::Terminated, boot, Some(boot)), Wanted::Nothing);
	}

	fn shown(report: usize, key: usize) -> BootShown {
		BootShown::Evidence {
			snp_report: vec![1; report],
			guest_pk: [2; 32],
			kem_pk: vec![3; key],
			ssh_host_key_hash: [4; 32],
		}
	}

	#[test]
	fn what_a_vm_shows_is_sent_only_if_it_has_the_right_sizes() {
		let (report, key) = (REPORT_LEN, KEM_KEY_LEN);
		let evidence = evidence_of(7, (2, 3), shown(report, key)).expect("of the right sizes");
		assert_eq!((evidence.vm, evidence.generation, evidence.boot_counter), (7, 2, 3));
		assert_eq!(evidence.snp_report, vec![1; report]);
		assert_eq!(evidence.kem_pk, vec![3; key]);
		assert_eq!((evidence.guest_pk, evidence.ssh_host_key_hash), ([2; 32], [4; 32]));
		for (report, key) in [(report + 1, key), (report - 1, key), (report, key + 1), (report, 0)]
		{
			assert!(evidence_of(7, (2, 3), shown(report, key)).is_err(), "{report} {key}");
		}
	}

	#[test]
	fn what_a_vm_does_not_show_is_not_sent() {
		let failed = BootShown::Failed { message: "no report".into() };
		let error = evidence_of(7, (2, 3), failed).expect_err("there is none");
		assert!(error.to_string().contains("no report"));
	}

	#[tokio::test]
	async fn a_guest_that_hangs_keeps_no_other_from_its_launch_for_long() {
		let launches = Arc::new(Semaphore::new(1));
		let leave = launches.clone().acquire_owned().await.expect("there is one");
		let most = Duration::from_millis(20);
		let hangs = held_while(Some(leave), most, std::future::pending::<()>());
		let hanging = tokio::spawn(hangs);
		let next = timeout(Duration::from_secs(10), launches.acquire_owned()).await;
		assert!(next.expect("in time").is_ok());
		assert!(!hanging.is_finished(), "it is still waited for");
		hanging.abort();
	}

	#[tokio::test]
	async fn a_guest_that_answers_makes_room_at_once() {
		let launches = Arc::new(Semaphore::new(1));
		let leave = launches.clone().acquire_owned().await.expect("there is one");
		let hour = Duration::from_secs(3_600);
		assert_eq!(held_while(Some(leave), hour, std::future::ready(5)).await, 5);
		assert_eq!(launches.available_permits(), 1);
	}
}
