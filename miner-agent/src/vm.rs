//! One VM: determines the next step that the chain requires, and carries it out.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{anyhow, bail, ensure, Context};
use hcc_chain::{api, AccountId32, Chain, ChainAt, Submitter};
use hcc_evidence::{
	snp::REPORT_LEN,
	vm::{vm_host_data, VmEvidence, VmId, KEM_KEY_LEN},
};
use hcc_guest_protocol::{
	connect,
	vm::{BootRequest, BootResponse, VmRequest, VERSIONS},
	Address, Session,
};
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore},
	time::timeout,
};

use crate::{
	process::{adopt, Process},
	vm_tasks::Failures,
};

type Vm = api::runtime_types::pallet_compute::types::Vm<AccountId32>;
pub(crate) type State = api::runtime_types::pallet_compute::types::VmState;
/// The generation and the boot counter of a VM. A later boot compares as greater.
pub(crate) type Boot = (u32, u32);

/// Time limit for the answer of a VM's agent.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Interval between two attempts to reach the agent in a VM.
const CONNECT_EVERY: Duration = Duration::from_millis(500);
/// Maximum time for which a launch counts towards the limit of concurrent launches. A VM that does
/// not boot must not block other launches for longer.
const MAX_LAUNCH: Duration = Duration::from_secs(10);

/// The next step for a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
	Nothing,
	/// The miner must call `boot` before this tick.
	BeginBoot {
		until: u32,
	},
	Act(Act),
	/// The VM runs on this host, but must not run. It must be ended.
	End,
}

/// Steps that one task carries out for one VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
	/// The VM must be launched, and evidence of its boot must be submitted that contains this
	/// nonce.
	AttestBoot { nonce: [u8; 32] },
	/// The VM must run on this host, but does not run. The crash must be reported.
	ReportCrash,
}

/// A step for a boot of a VM. Retries of a step are counted separately for each boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
	/// The boot, or `None` if the step does not depend on it.
	pub boot: Option<Boot>,
	pub wanted: Wanted,
}

impl Step {
	/// Ends a VM that is no longer assigned to this miner.
	pub(crate) const END: Self = Self { boot: None, wanted: Wanted::End };
}

/// Returns the next step of a VM. `runs` is the boot for which it runs on this host.
pub(crate) fn wanted(state: &State, boot: Boot, runs: Option<Boot>) -> Wanted {
	match state {
		State::Assigned { until } => Wanted::BeginBoot { until: *until },
		State::Booting { nonce, .. } => Wanted::Act(Act::AttestBoot { nonce: *nonce }),
		State::Running { .. } if runs != Some(boot) => Wanted::Act(Act::ReportCrash),
		State::Stopped { .. } if runs.is_some() => Wanted::End,
		State::Running { .. }
		| State::Stopped { .. }
		| State::Pending { .. }
		| State::Terminated => Wanted::Nothing,
	}
}

/// A VM in the state of a block.
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

/// Reads a VM from a block's state. Returns `None` if the VM does not exist.
pub(crate) async fn seen_at(at: &ChainAt, id: VmId) -> anyhow::Result<Option<Seen>> {
	let vms = api::storage().compute().vms();
	let Some(row) = at.storage().try_fetch(vms, (id,)).await? else { return Ok(None) };
	let vm = row.decode()?;
	let boot = (vm.generation, vm.boot_counter);
	Ok(Some(Seen { id, state: vm.state.clone(), boot, vm }))
}

/// Carries out steps for VMs.
pub(crate) struct VmDriver {
	pub chain: Chain,
	pub hot: Arc<Submitter>,
	pub launcher: PathBuf,
	/// The folder of the records and sockets of VMs.
	pub run_dir: PathBuf,
	/// Limits concurrent launches.
	pub launches: Arc<Semaphore>,
}

impl VmDriver {
	pub(crate) fn process(&self, id: VmId) -> Process {
		Process::of(self.run_dir.join(format!("vm-{id}.json")))
	}

	/// Returns the address at which the agent in a VM listens.
	pub(crate) fn address(&self, id: VmId) -> Address {
		Address::Unix(self.run_dir.join(format!("vm-{id}.sock")))
	}

	/// Records the VMs that run without a record. Otherwise, the agent would start a VM twice if
	/// its record was lost.
	pub(crate) fn adopt_running(&self, is_free: impl Fn(VmId) -> bool) -> anyhow::Result<()> {
		adopt(&self.run_dir, |file| {
			file.file_name().and_then(|name| id_of(name.to_str()?)).is_some_and(&is_free)
		})
	}

	/// Returns the VMs that have a record.
	pub(crate) fn recorded(&self) -> anyhow::Result<Vec<VmId>> {
		let mut ids = Vec::new();
		for entry in std::fs::read_dir(&self.run_dir)? {
			ids.extend(entry?.file_name().to_str().and_then(id_of));
		}
		Ok(ids)
	}

	/// Calls `boot` for all given VMs in one batch, because each call has a deadline.
	pub(crate) async fn begin_boots(&self, ids: &[VmId]) -> Failures {
		let calls: Vec<_> = ids.iter().map(|id| api::tx().compute().boot(*id)).collect();
		let outcomes = match self.hot.submit_each(&self.chain, &calls).await {
			Ok(outcomes) => outcomes,
			Err(error) => {
				let failed = |id: &VmId| (*id, anyhow!("calling boot: {error}"));
				return ids.iter().map(failed).collect();
			},
		};
		let mut failures = Failures::new();
		for (id, outcome) in ids.iter().copied().zip(outcomes) {
			match outcome {
				// The call also succeeds if the chain does not allow the boot. The chain then ends
				// the assignment.
				Ok(_) => tracing::info!(vm = id, "boot called"),
				Err(error) => {
					failures.push((id, anyhow::Error::new(error).context("calling boot")));
				},
			}
		}
		failures
	}

	pub(crate) async fn act(&self, at: &ChainAt, seen: &Seen, act: Act) -> anyhow::Result<()> {
		match act {
			Act::AttestBoot { nonce } => self.attest_boot(at, seen, nonce).await,
			Act::ReportCrash => self.report_crash(seen.id).await,
		}
	}

	/// Launches a VM for its boot, and submits evidence of the boot to the chain.
	async fn attest_boot(&self, at: &ChainAt, seen: &Seen, nonce: [u8; 32]) -> anyhow::Result<()> {
		let launching = self.ensure_launched(at, seen).await?;
		let request = VmRequest::ShowBoot(BootRequest {
			genesis: self.chain.genesis(),
			vm: seen.id,
			generation: seen.vm.generation,
			counter: seen.vm.boot_counter,
			nonce,
		});
		let address = self.address(seen.id);
		let asking = hold_permit_while(launching, MAX_LAUNCH, ask(&address, &request));
		let answer = timeout(TIMEOUT, asking).await.context("the VM's agent does not answer")??;
		let evidence = evidence_of(seen.id, seen.boot, answer)?;
		let call = api::tx().compute().attest(evidence.into());
		let receipt =
			self.hot.submit(&self.chain, &call).await.context("submitting evidence of the boot")?;
		tracing::info!(vm = seen.id, block = %receipt.block, "evidence of the boot included");
		Ok(())
	}

	async fn report_crash(&self, id: VmId) -> anyhow::Result<()> {
		let call = api::tx().compute().report_crash(id);
		let reporting = self.hot.submit_raising_tip(&self.chain, &call);
		reporting.await.context("reporting a crash")?;
		tracing::warn!(vm = id, "crash reported: the VM boots again");
		Ok(())
	}

	/// Ends a VM that is stopped or assigned to another miner.
	pub(crate) async fn end(&self, id: VmId) -> anyhow::Result<()> {
		self.process(id).end().await?;
		tracing::info!(vm = id, "VM ended: it is stopped or assigned to another miner");
		Ok(())
	}

	/// Launches a VM for its current boot, unless it already runs for this boot. First ends the
	/// process of a previous boot. Returns a launch permit if the VM was launched.
	async fn ensure_launched(
		&self,
		at: &ChainAt,
		seen: &Seen,
	) -> anyhow::Result<Option<OwnedSemaphorePermit>> {
		let Seen { id, boot, vm, .. } = seen;
		let process = self.process(*id);
		if process.running_boot() == Some(*boot) {
			return Ok(None);
		}
		process.end().await.context("ending the previous boot")?;
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
		let permit = launches.acquire_owned().await.context("launches have ended")?;
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
		Ok(Some(permit))
	}
}

/// Returns the id of the VM in the name of a record file.
fn id_of(name: &str) -> Option<VmId> {
	name.strip_prefix("vm-")?.strip_suffix(".json")?.parse().ok()
}

/// Converts the answer of a VM's agent to evidence.
///
/// Checks the lengths in the answer. The tenant controls the answer, and the miner's fee grows with
/// its length.
fn evidence_of(id: VmId, boot: Boot, answer: BootResponse) -> anyhow::Result<VmEvidence> {
	let (generation, boot_counter) = boot;
	let (snp_report, guest_pk, kem_pk, ssh_host_key_hash) = match answer {
		BootResponse::Evidence { snp_report, guest_pk, kem_pk, ssh_host_key_hash } => {
			(snp_report, guest_pk, kem_pk, ssh_host_key_hash)
		},
		BootResponse::Failed { message } => bail!("the VM's agent failed: {message}"),
	};
	ensure!(
		snp_report.len() == REPORT_LEN && kem_pk.len() == KEM_KEY_LEN,
		"the VM's agent sent a report of {} bytes and a key of {}",
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

/// Does the work. Holds a permit during the work, for at most `max`.
async fn hold_permit_while<T>(
	permit: Option<OwnedSemaphorePermit>,
	max: Duration,
	work: impl Future<Output = T>,
) -> T {
	let mut work = std::pin::pin!(work);
	if let Ok(done) = timeout(max, work.as_mut()).await {
		return done;
	}
	drop(permit);
	work.await
}

/// Sends a request to the agent in a VM as soon as the agent listens.
async fn ask(address: &Address, request: &VmRequest) -> anyhow::Result<BootResponse> {
	loop {
		match connect(address).await {
			Ok(stream) => {
				let mut session = Session::connect(stream, VERSIONS).await?;
				session.send(request).await?;
				let response = session.receive().await?;
				return response.context("the VM's agent closed the session without an answer");
			},
			Err(error) => {
				tracing::debug!(%address, %error, "the VM's agent does not listen yet");
				tokio::time::sleep(CONNECT_EVERY).await;
			},
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn step_follows_from_state_and_running_boot() {
		let (before, boot) = ((1, 1), (1, 2));
		let assigned = State::Assigned { until: 9 };
		assert_eq!(wanted(&assigned, boot, None), Wanted::BeginBoot { until: 9 });
		let booting = State::Booting { nonce: [7; 32], fee: 0, since: 3, until: 9 };
		let attest_boot = Wanted::Act(Act::AttestBoot { nonce: [7; 32] });
		assert_eq!(wanted(&booting, boot, None), attest_boot);
		assert_eq!(wanted(&booting, boot, Some(boot)), attest_boot);
		let running = State::Running { since: 3 };
		assert_eq!(wanted(&running, boot, Some(boot)), Wanted::Nothing);
		let crashed = Wanted::Act(Act::ReportCrash);
		assert_eq!(wanted(&running, boot, Some(before)), crashed);
		assert_eq!(wanted(&running, boot, None), crashed);
		assert_eq!(wanted(&State::Terminated, boot, Some(boot)), Wanted::Nothing);
	}

	fn answer(report: usize, key: usize) -> BootResponse {
		BootResponse::Evidence {
			snp_report: vec![1; report],
			guest_pk: [2; 32],
			kem_pk: vec![3; key],
			ssh_host_key_hash: [4; 32],
		}
	}

	#[test]
	fn evidence_needs_exact_lengths() {
		let (report, key) = (REPORT_LEN, KEM_KEY_LEN);
		let evidence = evidence_of(7, (2, 3), answer(report, key)).expect("the lengths are right");
		assert_eq!((evidence.vm, evidence.generation, evidence.boot_counter), (7, 2, 3));
		assert_eq!(evidence.snp_report, vec![1; report]);
		assert_eq!(evidence.kem_pk, vec![3; key]);
		assert_eq!((evidence.guest_pk, evidence.ssh_host_key_hash), ([2; 32], [4; 32]));
		for (report, key) in [(report + 1, key), (report - 1, key), (report, key + 1), (report, 0)]
		{
			assert!(evidence_of(7, (2, 3), answer(report, key)).is_err(), "{report} {key}");
		}
	}

	#[test]
	fn failed_answer_gives_no_evidence() {
		let failed = BootResponse::Failed { message: "no report".into() };
		let error = evidence_of(7, (2, 3), failed).expect_err("there is none");
		assert!(error.to_string().contains("no report"));
	}

	#[tokio::test]
	async fn hanging_guest_releases_launch_permit() {
		let launches = Arc::new(Semaphore::new(1));
		let permit = launches.clone().acquire_owned().await.expect("there is one");
		let max = Duration::from_millis(20);
		let hangs = hold_permit_while(Some(permit), max, std::future::pending::<()>());
		let hanging = tokio::spawn(hangs);
		let next = timeout(Duration::from_secs(10), launches.acquire_owned()).await;
		assert!(next.expect("in time").is_ok());
		assert!(!hanging.is_finished(), "the task still waits for it");
		hanging.abort();
	}

	#[tokio::test]
	async fn answering_guest_releases_permit_immediately() {
		let launches = Arc::new(Semaphore::new(1));
		let permit = launches.clone().acquire_owned().await.expect("there is one");
		let hour = Duration::from_secs(3_600);
		assert_eq!(hold_permit_while(Some(permit), hour, std::future::ready(5)).await, 5);
		assert_eq!(launches.available_permits(), 1);
	}
}
