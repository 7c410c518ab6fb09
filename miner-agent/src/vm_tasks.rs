//! Concurrent tasks for VMs: at most one task for each VM, and no VM waits for another.

use std::{
	collections::BTreeMap,
	future::Future,
	time::{Duration, Instant},
};

use hcc_evidence::vm::VmId;
use tokio::task::{Id, JoinSet};

use crate::{launcher::LauncherError, retry::RetryPolicy, vm::Step};

/// Delay before the state of a VM is read again after a failure to read it.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(20);

/// The errors of a task, each with the VM that it concerns.
pub(crate) type Failures = Vec<(VmId, anyhow::Error)>;

/// The tasks for VMs, and the last failures of VMs. The tasks are cancelled when this value is
/// dropped.
#[derive(Default)]
pub(crate) struct VmTasks {
	tasks: JoinSet<Failures>,
	/// The VMs that have a task, with the id and the step of the task.
	busy: BTreeMap<VmId, (Id, Step)>,
	/// The last failure of each VM.
	failed: BTreeMap<VmId, Failed>,
	/// VMs whose state could not be read, with the time of the next attempt.
	unreadable: BTreeMap<VmId, Instant>,
}

/// A failed step of a VM. The failure has no effect once the chain requires another step.
struct Failed {
	step: Step,
	/// Number of failures for each retry policy.
	times: BTreeMap<RetryPolicy, u32>,
	/// The time of the next attempt, or `None` if the step is not retried.
	until: Option<Instant>,
}

impl VmTasks {
	/// Returns true if a task can start for a VM.
	pub(crate) fn is_free(&self, id: VmId) -> bool {
		let waits = self.unreadable.get(&id).is_some_and(|until| Instant::now() < *until);
		!waits && !self.busy.contains_key(&id)
	}

	/// Returns true if a step has failed and must not be retried yet.
	pub(crate) fn is_delayed(&self, id: VmId, step: &Step) -> bool {
		let failed = self.failed.get(&id).filter(|failed| failed.step == *step);
		failed.is_some_and(|failed| failed.until.is_none_or(|until| Instant::now() < until))
	}

	/// Starts one task for the given steps. Each step is of a free VM. These VMs are busy until the
	/// task ends.
	pub(crate) fn begin(
		&mut self,
		steps: &[(VmId, Step)],
		work: impl Future<Output = Failures> + Send + 'static,
	) {
		let task = self.tasks.spawn(work).id();
		self.busy.extend(steps.iter().map(|(id, step)| (*id, (task, *step))));
	}

	/// Processes the results of finished tasks.
	pub(crate) fn settle(&mut self) {
		self.unreadable.retain(|_, until| Instant::now() < *until);
		while let Some(ended) = self.tasks.try_join_next_with_id() {
			let (task, failures) = match ended {
				Ok((task, failures)) => (task, failures),
				Err(error) => (error.id(), self.failures_of_task(error.id(), &error)),
			};
			self.settle_task(task, failures);
		}
	}

	fn settle_task(&mut self, task: Id, failures: Failures) {
		let all = std::mem::take(&mut self.busy).into_iter();
		let (ended, busy): (BTreeMap<_, _>, BTreeMap<_, _>) =
			all.partition(|(_, (of, _))| *of == task);
		self.busy = busy;
		let mut failures: BTreeMap<VmId, anyhow::Error> = failures.into_iter().collect();
		for (id, (_, step)) in ended {
			match failures.remove(&id) {
				Some(error) => self.record_failure(id, step, &error),
				None => {
					self.failed.remove(&id);
				},
			}
		}
	}

	/// Records the failure of a step, and delays its next attempt.
	fn record_failure(&mut self, id: VmId, step: Step, error: &anyhow::Error) {
		let code = error.downcast_ref::<LauncherError>().map(LauncherError::code);
		let (policy, error) = (RetryPolicy::of(error), format!("{error:#}"));
		if policy == RetryPolicy::Immediately {
			tracing::info!(vm = id, error, "retrying immediately");
			return;
		}
		let before = self.failed.remove(&id).filter(|failed| failed.step == step);
		let mut times = before.map(|failed| failed.times).unwrap_or_default();
		let count = times.entry(policy).or_default();
		*count = count.saturating_add(1);
		let delay = policy.delay(*count);
		match delay {
			Some(delay) => {
				let seconds = delay.as_secs();
				tracing::warn!(vm = id, code, error, seconds, "retrying later");
			},
			None => tracing::error!(vm = id, code, error, "not retried for this boot"),
		}
		let until = delay.map(|delay| Instant::now() + delay);
		self.failed.insert(id, Failed { step, times, until });
	}

	/// Delays a VM whose state could not be read.
	pub(crate) fn postpone(&mut self, id: VmId, error: &anyhow::Error) {
		tracing::warn!(
			vm = id,
			error = format!("{error:#}"),
			"cannot read the VM's state: retrying later"
		);
		self.unreadable.insert(id, Instant::now() + READ_AGAIN_AFTER);
	}

	/// Removes the failures of VMs for which `is_known` returns false.
	pub(crate) fn retain_failures(&mut self, is_known: impl Fn(VmId) -> bool) {
		self.failed.retain(|id, _| is_known(*id));
	}

	/// Cancels all tasks, and waits until they have ended.
	pub(crate) async fn end(&mut self) {
		self.tasks.shutdown().await;
		self.busy.clear();
	}

	/// Returns a failure for each VM of a task that was cancelled or panicked.
	fn failures_of_task(&self, task: Id, error: &tokio::task::JoinError) -> Failures {
		let of_task = self.busy.iter().filter(|(_, (of, _))| *of == task);
		of_task
			.map(|(id, _)| (*id, anyhow::anyhow!("the task did not complete: {error}")))
			.collect()
	}
}

#[cfg(test)]
mod tests {
	use std::future::{pending, ready};

	use anyhow::Context;
	use hcc_chain::ChainError;

	use super::*;
	use crate::vm::{Act, Wanted};

	const ATTEST_BOOT: Act = Act::AttestBoot { nonce: [7; 32] };

	/// Returns a step of the VM's boot with this counter.
	fn step(boot: u32, act: Act) -> Step {
		Step { boot: Some((1, boot)), wanted: Wanted::Act(act) }
	}

	fn attest_steps(ids: &[VmId]) -> Vec<(VmId, Step)> {
		ids.iter().map(|id| (*id, step(1, ATTEST_BOOT))).collect()
	}

	fn refused(error: &str) -> anyhow::Error {
		let (pallet, meaning) = ("Compute".into(), String::new());
		anyhow::Error::new(ChainError::Refused { pallet, error: error.into(), meaning })
	}

	async fn panicking() -> Failures {
		panic!("deliberate")
	}

	/// Waits until at most the given number of tasks is left.
	async fn settled(vms: &mut VmTasks, left: usize) {
		let deadline = Instant::now() + Duration::from_secs(10);
		while vms.tasks.len() > left {
			assert!(Instant::now() < deadline, "the tasks still run");
			tokio::time::sleep(Duration::from_millis(5)).await;
			vms.settle();
		}
	}

	/// Runs a step that fails.
	async fn fail(vms: &mut VmTasks, step: Step, error: anyhow::Error) {
		vms.begin(&[(1, step)], ready(vec![(1, error)]));
		settled(vms, 0).await;
	}

	#[tokio::test]
	async fn hanging_vm_does_not_delay_others() {
		let mut vms = VmTasks::default();
		vms.begin(&attest_steps(&[1]), pending());
		vms.begin(&attest_steps(&[2, 3]), ready(Vec::new()));
		assert!(!vms.is_free(2), "one task for each VM");
		settled(&mut vms, 1).await;
		assert!(!vms.is_free(1));
		assert!(vms.is_free(2) && vms.is_free(3));
	}

	#[tokio::test]
	async fn failed_step_is_delayed() {
		let mut vms = VmTasks::default();
		let failed = ready(vec![(1, anyhow::anyhow!("it does not boot"))]);
		vms.begin(&attest_steps(&[1, 2]), failed);
		settled(&mut vms, 0).await;
		assert!(vms.is_delayed(1, &step(1, ATTEST_BOOT)));
		assert!(!vms.is_delayed(2, &step(1, ATTEST_BOOT)), "its step succeeded");
		let failed = vms.failed.get_mut(&1).expect("the failure is recorded");
		failed.until = Some(Instant::now());
		assert!(!vms.is_delayed(1, &step(1, ATTEST_BOOT)), "the delay has passed");
	}

	#[tokio::test]
	async fn refused_boot_stops_and_new_boot_starts() {
		let mut vms = VmTasks::default();
		for _ in 0..3 {
			fail(&mut vms, step(1, ATTEST_BOOT), refused("EvidenceRefused")).await;
			assert!(vms.is_delayed(1, &step(1, ATTEST_BOOT)));
		}
		let failed = vms.failed.get(&1).expect("the failure is recorded");
		assert!(failed.until.is_none(), "the step is not retried");
		assert!(vms.is_free(1) && !vms.is_delayed(1, &step(2, ATTEST_BOOT)), "another boot");
		assert!(!vms.is_delayed(1, &step(1, Act::ReportCrash)), "another step of this boot");
	}

	#[tokio::test]
	async fn failures_counted_by_policy() {
		let mut vms = VmTasks::default();
		for _ in 0..5 {
			fail(&mut vms, step(1, ATTEST_BOOT), anyhow::anyhow!("no answer")).await;
		}
		fail(&mut vms, step(1, ATTEST_BOOT), refused("EvidenceRefused")).await;
		assert!(vms.failed.get(&1).is_some_and(|failed| failed.until.is_some()));
	}

	#[tokio::test]
	async fn success_clears_failures() {
		let mut vms = VmTasks::default();
		fail(&mut vms, step(1, ATTEST_BOOT), refused("TierTooLow")).await;
		assert!(vms.is_delayed(1, &step(1, ATTEST_BOOT)));
		vms.begin(&attest_steps(&[1]), ready(Vec::new()));
		settled(&mut vms, 0).await;
		assert!(!vms.is_delayed(1, &step(1, ATTEST_BOOT)));
		fail(&mut vms, step(1, ATTEST_BOOT), refused("TierTooLow")).await;
		vms.retain_failures(|id| id == 2);
		assert!(vms.failed.is_empty(), "the VM is unknown");
	}

	#[tokio::test]
	async fn unreadable_vm_is_delayed() {
		let mut vms = VmTasks::default();
		vms.postpone(1, &anyhow::anyhow!("the node is unavailable"));
		assert!(!vms.is_free(1) && vms.is_free(2));
		vms.unreadable.insert(1, Instant::now());
		vms.settle();
		assert!(vms.is_free(1) && vms.unreadable.is_empty());
	}

	#[tokio::test]
	async fn panic_fails_all_vms_of_task() {
		let mut vms = VmTasks::default();
		vms.begin(&attest_steps(&[1, 2]), panicking());
		settled(&mut vms, 0).await;
		assert!(
			vms.is_delayed(1, &step(1, ATTEST_BOOT)) && vms.is_delayed(2, &step(1, ATTEST_BOOT))
		);
		assert!(vms.busy.is_empty());
	}

	#[tokio::test]
	async fn replaced_step_is_not_delayed() {
		let mut vms = VmTasks::default();
		let other = Err::<(), _>(ChainError::NotIncluded("the pool is full".into()));
		let other = other.context("submitting evidence of the boot").expect_err("an error");
		fail(&mut vms, step(1, ATTEST_BOOT), other).await;
		assert!(vms.is_delayed(1, &step(1, ATTEST_BOOT)));
		let replaced =
			anyhow::Error::new(ChainError::replaced()).context("submitting evidence of the boot");
		fail(&mut vms, step(2, ATTEST_BOOT), replaced).await;
		assert!(!vms.is_delayed(1, &step(2, ATTEST_BOOT)));
	}

	#[tokio::test]
	async fn cancelled_tasks_free_their_vms() {
		let mut vms = VmTasks::default();
		vms.begin(&attest_steps(&[1]), pending());
		vms.end().await;
		assert!(vms.is_free(1) && vms.tasks.is_empty());
	}
}
