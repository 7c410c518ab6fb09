//! What goes on with VMs, side by side: no VM waits for another, and with each goes on one thing at a time.

use std::{
	collections::BTreeMap,
	future::Future,
	time::{Duration, Instant},
};

use hcc_evidence::vm::VmId;
use tokio::task::{Id, JoinSet};

use crate::{again::Again, vm::Step};

/// How long to wait until a VM is looked at again that could not be.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// What failed, and with which VM.
pub(crate) type Failures = Vec<(VmId, anyhow::Error)>;

/// The VMs with which something goes on, and what failed with others. What goes on ends with this.
#[derive(Default)]
pub(crate) struct Tended {
	tasks: JoinSet<Failures>,
	/// The task of each VM that has one, and what it tries.
	busy: BTreeMap<VmId, (Id, Step)>,
	/// What failed with a VM last.
	failed: BTreeMap<VmId, Failed>,
	/// VMs that could not be looked at, and before when they are not.
	unseen: BTreeMap<VmId, Instant>,
}

/// What failed with a VM: of no matter once another step is wanted.
struct Failed {
	step: Step,
	/// How often, by when that is tried again.
	times: BTreeMap<Again, u32>,
	/// Before when it is not tried again; none where it is not any more.
	until: Option<Instant>,
}

impl Tended {
	/// Whether something can be begun with a VM.
	pub(crate) fn is_free(&self, id: VmId) -> bool {
		let waits = self.unseen.get(&id).is_some_and(|until| Instant::now() < *until);
		!waits && !self.busy.contains_key(&id)
	}

	/// Whether a step is not to be tried now, since it has failed.
	pub(crate) fn rests(&self, id: VmId, step: &Step) -> bool {
		let failed = self.failed.get(&id).filter(|failed| failed.step == *step);
		failed.is_some_and(|failed| failed.until.is_none_or(|until| Instant::now() < until))
	}

	/// Begins a step with each of VMs that are free. None of them is until it has ended.
	pub(crate) fn begin(
		&mut self,
		steps: &[(VmId, Step)],
		work: impl Future<Output = Failures> + Send + 'static,
	) {
		let task = self.tasks.spawn(work).id();
		self.busy.extend(steps.iter().map(|(id, step)| (*id, (task, *step))));
	}

	/// Takes note of what has ended.
	pub(crate) fn settle(&mut self) {
		self.unseen.retain(|_, until| Instant::now() < *until);
		while let Some(ended) = self.tasks.try_join_next_with_id() {
			let (task, failures) = match ended {
				Ok((task, failures)) => (task, failures),
				Err(error) => (error.id(), self.all_failed(error.id(), &error)),
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
				Some(error) => self.note(id, step, &error),
				None => {
					self.failed.remove(&id);
				},
			}
		}
	}

	/// Takes note of what failed with a VM: it is left alone for a while, or until another step is wanted.
	fn note(&mut self, id: VmId, step: Step, error: &anyhow::Error) {
		let (again, error) = (Again::of(error), format!("{error:#}"));
		if again == Again::AtOnce {
			tracing::info!(vm = id, error, "looking again");
			return;
		}
		let before = self.failed.remove(&id).filter(|failed| failed.step == step);
		let mut times = before.map(|failed| failed.times).unwrap_or_default();
		let count = times.entry(again).or_default();
		*count = count.saturating_add(1);
		let rest = again.rest(*count);
		match rest {
			Some(rest) => {
				let seconds = rest.as_secs();
				tracing::warn!(vm = id, error, seconds, "trying again later");
			},
			None => tracing::error!(vm = id, error, "not tried any more for this boot"),
		}
		let until = rest.map(|rest| Instant::now() + rest);
		self.failed.insert(id, Failed { step, times, until });
	}

	/// Leaves a VM alone for a while that could not be looked at.
	pub(crate) fn put_off(&mut self, id: VmId, error: &anyhow::Error) {
		tracing::warn!(vm = id, error = format!("{error:#}"), "looking again later");
		self.unseen.insert(id, Instant::now() + LOOK_AGAIN);
	}

	/// Forgets what failed with other VMs than these.
	pub(crate) fn forget_others(&mut self, is_known: impl Fn(VmId) -> bool) {
		self.failed.retain(|id, _| is_known(*id));
	}

	/// Breaks off what goes on, and waits until it has ended.
	pub(crate) async fn end(&mut self) {
		self.tasks.shutdown().await;
		self.busy.clear();
	}

	/// What is told of the VMs of a task that came to no end.
	fn all_failed(&self, task: Id, error: &tokio::task::JoinError) -> Failures {
		let of_task = self.busy.iter().filter(|(_, (of, _))| *of == task);
		of_task.map(|(id, _)| (*id, anyhow::anyhow!("tending it broke off: {error}"))).collect()
	}
}

#[cfg(test)]
mod tests {
	use std::future::{pending, ready};

	use anyhow::Context;
	use hcc_chain::ChainError;

	use super::*;
	use crate::vm::{Act, Wanted};

	const SHOW: Act = Act::Show { nonce: [7; 32] };

	/// A step of a VM's boot of that number.
	fn step(boot: u32, act: Act) -> Step {
		Step { boot: Some((1, boot)), wanted: Wanted::Act(act) }
	}

	fn shown(ids: &[VmId]) -> Vec<(VmId, Step)> {
		ids.iter().map(|id| (*id, step(1, SHOW))).collect()
	}

	fn refused(error: &str) -> anyhow::Error {
		let (pallet, meaning) = ("Compute".into(), String::new());
		anyhow::Error::new(ChainError::Refused { pallet, error: error.into(), meaning })
	}

	async fn breaking() -> Failures {
		panic!("as it should")
	}

	/// Waits until as many tasks are left.
	async fn settled(tended: &mut Tended, left: usize) {
		let deadline = Instant::now() + Duration::from_secs(10);
		while tended.tasks.len() > left {
			assert!(Instant::now() < deadline, "they go on");
			tokio::time::sleep(Duration::from_millis(5)).await;
			tended.settle();
		}
	}

	/// Has a step fail.
	async fn fail(tended: &mut Tended, step: Step, error: anyhow::Error) {
		tended.begin(&[(1, step)], ready(vec![(1, error)]));
		settled(tended, 0).await;
	}

	#[tokio::test]
	async fn a_vm_that_hangs_holds_up_no_other() {
		let mut tended = Tended::default();
		tended.begin(&shown(&[1]), pending());
		tended.begin(&shown(&[2, 3]), ready(Vec::new()));
		assert!(!tended.is_free(2), "one thing at a time");
		settled(&mut tended, 1).await;
		assert!(!tended.is_free(1));
		assert!(tended.is_free(2) && tended.is_free(3));
	}

	#[tokio::test]
	async fn what_failed_with_a_vm_is_not_tried_at_once_again() {
		let mut tended = Tended::default();
		let failed = ready(vec![(1, anyhow::anyhow!("it does not boot"))]);
		tended.begin(&shown(&[1, 2]), failed);
		settled(&mut tended, 0).await;
		assert!(tended.rests(1, &step(1, SHOW)));
		assert!(!tended.rests(2, &step(1, SHOW)), "nothing failed with it");
		let failed = tended.failed.get_mut(&1).expect("it is remembered");
		failed.until = Some(Instant::now());
		assert!(!tended.rests(1, &step(1, SHOW)), "its time is over");
	}

	#[tokio::test]
	async fn a_refused_boot_is_left_alone_and_a_new_one_is_acted_on_at_once() {
		let mut tended = Tended::default();
		for _ in 0..3 {
			fail(&mut tended, step(1, SHOW), refused("EvidenceRefused")).await;
			assert!(tended.rests(1, &step(1, SHOW)));
		}
		let failed = tended.failed.get(&1).expect("it is remembered");
		assert!(failed.until.is_none(), "it is not shown any more");
		assert!(tended.is_free(1) && !tended.rests(1, &step(2, SHOW)), "another boot");
		assert!(!tended.rests(1, &step(1, Act::TellOfCrash)), "or something else of this one");
	}

	#[tokio::test]
	async fn a_failure_of_another_kind_counts_for_itself() {
		let mut tended = Tended::default();
		for _ in 0..5 {
			fail(&mut tended, step(1, SHOW), anyhow::anyhow!("no answer")).await;
		}
		fail(&mut tended, step(1, SHOW), refused("EvidenceRefused")).await;
		assert!(tended.failed.get(&1).is_some_and(|failed| failed.until.is_some()));
	}

	#[tokio::test]
	async fn what_went_well_is_forgotten() {
		let mut tended = Tended::default();
		fail(&mut tended, step(1, SHOW), refused("TierTooLow")).await;
		assert!(tended.rests(1, &step(1, SHOW)));
		tended.begin(&shown(&[1]), ready(Vec::new()));
		settled(&mut tended, 0).await;
		assert!(!tended.rests(1, &step(1, SHOW)));
		fail(&mut tended, step(1, SHOW), refused("TierTooLow")).await;
		tended.forget_others(|id| id == 2);
		assert!(tended.failed.is_empty(), "the VM is another's");
	}

	#[tokio::test]
	async fn a_vm_that_could_not_be_looked_at_waits() {
		let mut tended = Tended::default();
		tended.put_off(1, &anyhow::anyhow!("the node is away"));
		assert!(!tended.is_free(1) && tended.is_free(2));
		tended.unseen.insert(1, Instant::now());
		tended.settle();
		assert!(tended.is_free(1) && tended.unseen.is_empty());
	}

	#[tokio::test]
	async fn a_task_that_panics_fails_with_all_its_vms() {
		let mut tended = Tended::default();
		tended.begin(&shown(&[1, 2]), breaking());
		settled(&mut tended, 0).await;
		assert!(tended.rests(1, &step(1, SHOW)) && tended.rests(2, &step(1, SHOW)));
		assert!(tended.busy.is_empty());
	}

	#[tokio::test]
	async fn what_gave_way_to_something_urgent_is_looked_at_again_at_once() {
		let mut tended = Tended::default();
		let other = Err::<(), _>(ChainError::NotIncluded("the pool is full".into()));
		let other = other.context("showing the boot").expect_err("an error");
		fail(&mut tended, step(1, SHOW), other).await;
		assert!(tended.rests(1, &step(1, SHOW)));
		let replaced = anyhow::Error::new(ChainError::replaced()).context("showing the boot");
		fail(&mut tended, step(2, SHOW), replaced).await;
		assert!(!tended.rests(1, &step(2, SHOW)));
	}

	#[tokio::test]
	async fn what_is_broken_off_leaves_all_free() {
		let mut tended = Tended::default();
		tended.begin(&shown(&[1]), pending());
		tended.end().await;
		assert!(tended.is_free(1) && tended.tasks.is_empty());
	}
}
