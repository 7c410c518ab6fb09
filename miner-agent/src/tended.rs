//! What goes on with VMs, side by side: no VM waits for another, and with each goes on one thing at a time.

use std::{
	collections::BTreeMap,
	future::Future,
	time::{Duration, Instant},
};

use hcc_chain::ChainError;
use hcc_evidence::vm::VmId;
use tokio::task::{Id, JoinSet};

/// How long to wait until a VM is tried again with which something failed.
const AFTER_FAILURE: Duration = Duration::from_secs(20);

/// What failed, and with which VM.
pub(crate) type Failures = Vec<(VmId, anyhow::Error)>;

/// The VMs with which something goes on, and those that are left alone for a while. What goes on ends with this.
#[derive(Default)]
pub(crate) struct Tended {
	tasks: JoinSet<Failures>,
	/// The task of each VM that has one.
	busy: BTreeMap<VmId, Id>,
	/// With which not to try before then.
	later: BTreeMap<VmId, Instant>,
}

impl Tended {
	/// Whether something can be begun with a VM.
	pub(crate) fn is_free(&self, id: VmId) -> bool {
		let rests = self.later.get(&id).is_some_and(|until| Instant::now() < *until);
		!rests && !self.busy.contains_key(&id)
	}

	/// Begins something with VMs that are free. None of them is until it has ended.
	pub(crate) fn begin(
		&mut self,
		ids: &[VmId],
		work: impl Future<Output = Failures> + Send + 'static,
	) {
		let task = self.tasks.spawn(work).id();
		self.busy.extend(ids.iter().map(|id| (*id, task)));
	}

	/// Takes note of what has ended.
	pub(crate) fn settle(&mut self) {
		self.later.retain(|_, until| Instant::now() < *until);
		while let Some(ended) = self.tasks.try_join_next_with_id() {
			let (task, failures) = match ended {
				Ok((task, failures)) => (task, failures),
				Err(error) => (error.id(), self.all_failed(error.id(), &error)),
			};
			self.busy.retain(|_, of| *of != task);
			for (id, error) in failures {
				self.failed(id, &error);
			}
		}
	}

	/// Leaves a VM alone for a while with which something failed; not where that was for the sake of something urgent.
	pub(crate) fn failed(&mut self, id: VmId, error: &anyhow::Error) {
		if error.downcast_ref::<ChainError>().is_some_and(ChainError::is_replaced) {
			tracing::info!(vm = id, error = format!("{error:#}"), "looking again");
			return;
		}
		tracing::warn!(vm = id, error = format!("{error:#}"), "trying again later");
		self.later.insert(id, Instant::now() + AFTER_FAILURE);
	}

	/// Breaks off what goes on, and waits until it has ended.
	pub(crate) async fn end(&mut self) {
		self.tasks.shutdown().await;
		self.busy.clear();
	}

	/// What is told of the VMs of a task that came to no end.
	fn all_failed(&self, task: Id, error: &tokio::task::JoinError) -> Failures {
		let of_task = self.busy.iter().filter(|(_, of)| **of == task);
		of_task.map(|(id, _)| (*id, anyhow::anyhow!("tending it broke off: {error}"))).collect()
	}
}

#[cfg(test)]
mod tests {
	use std::future::{pending, ready};

	use anyhow::Context;

	use super::*;

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

	#[tokio::test]
	async fn a_vm_that_hangs_holds_up_no_other() {
		let mut tended = Tended::default();
		tended.begin(&[1], pending());
		tended.begin(&[2, 3], ready(Vec::new()));
		assert!(!tended.is_free(2), "one thing at a time");
		settled(&mut tended, 1).await;
		assert!(!tended.is_free(1));
		assert!(tended.is_free(2) && tended.is_free(3));
	}

	#[tokio::test]
	async fn what_failed_with_a_vm_is_not_tried_at_once_again() {
		let mut tended = Tended::default();
		tended.begin(&[1, 2], ready(vec![(1, anyhow::anyhow!("it does not boot"))]));
		settled(&mut tended, 0).await;
		assert!(!tended.is_free(1), "it rests");
		assert!(tended.is_free(2), "nothing failed with it");
		tended.later.insert(1, Instant::now());
		tended.settle();
		assert!(tended.is_free(1) && tended.later.is_empty());
	}

	#[tokio::test]
	async fn a_task_that_panics_fails_with_all_its_vms() {
		let mut tended = Tended::default();
		tended.begin(&[1, 2], breaking());
		settled(&mut tended, 0).await;
		assert!(!tended.is_free(1) && !tended.is_free(2));
		assert!(tended.busy.is_empty());
	}

	#[tokio::test]
	async fn what_gave_way_to_something_urgent_is_looked_at_again_at_once() {
		let mut tended = Tended::default();
		let other = Err::<(), _>(ChainError::NotIncluded("the pool is full".into()));
		tended.failed(1, &other.context("beginning the boot").expect_err("an error"));
		assert!(!tended.is_free(1));
		let replaced = ChainError::replaced();
		tended.failed(2, &anyhow::Error::new(replaced).context("beginning the boot"));
		assert!(tended.is_free(2));
	}

	#[tokio::test]
	async fn what_is_broken_off_leaves_all_free() {
		let mut tended = Tended::default();
		tended.begin(&[1], pending());
		tended.end().await;
		assert!(tended.is_free(1) && tended.tasks.is_empty());
	}
}
