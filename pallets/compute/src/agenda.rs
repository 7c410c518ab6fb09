//! The agenda: the queue of VMs by the tick of their next review. It ensures that no VM is missed
//! and no block is overloaded.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	traits::Get,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{catch_up, Liveness, Tick, TickSource};

use crate::*;

/// Maximum number of VMs that are read from the agenda in one batch.
const BATCH: usize = 64;

impl<T: Config> Pallet<T> {
	/// Reviews the VMs whose review is due. If this block has no room, the next block continues.
	pub(crate) fn attend_due(meter: &mut WeightMeter) {
		let row = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(row).is_err() {
			return;
		}
		let now = T::TickSource::now();
		let done = catch_up(AttendedUntil::<T>::get(), now, Tick::MAX, |tick| {
			meter.try_consume(row).is_ok() && Self::attend_at(tick, meter)
		});
		AttendedUntil::<T>::put(done);
	}

	/// Reviews the VMs of one tick. Returns `false` if some of them are left.
	fn attend_at(tick: Tick, meter: &mut WeightMeter) -> bool {
		loop {
			let batch: Vec<Id> = Agenda::<T>::iter_key_prefix(tick).take(BATCH).collect();
			if batch.is_empty() {
				return true;
			}
			for vm in batch {
				if meter.try_consume(Self::attend_weight()).is_err() {
					return false;
				}
				Agenda::<T>::remove(tick, vm);
				Self::attend(vm);
			}
		}
	}

	/// Returns the maximum weight of one review.
	pub(crate) fn attend_weight() -> Weight {
		T::WeightInfo::attend_pending()
			.max(T::WeightInfo::attend_booting().saturating_add(Self::extra_chip_weight()))
			.max(T::WeightInfo::attend_running())
	}

	/// Reviews a VM: charges the time that it ran, settles charges with a certain outcome, and
	/// enforces deadlines.
	pub(crate) fn attend(id: Id) {
		let Some(mut vm) = Vms::<T>::get(id) else { return };
		Self::account(id, &mut vm);
		Self::settle(id, &mut vm);
		Self::enforce(id, &mut vm);
		// Clears the tick of this review, so that `store` computes the next one.
		vm.look = 0;
		Self::store(id, vm);
	}

	/// Stores a VM and puts it on the agenda. Removes the VM instead if nothing is left to do.
	pub(crate) fn store(id: Id, mut vm: VmOf<T>) {
		// Tick 0 means "not on the agenda".
		if vm.look > 0 {
			Agenda::<T>::remove(vm.look, id);
		}
		if vm.state == VmState::Terminated && vm.charges.is_empty() {
			return Self::remove(id, vm);
		}
		vm.look = Self::next_review(id, &vm);
		Agenda::<T>::insert(vm.look, id, ());
		Vms::<T>::insert(id, vm);
	}

	/// Returns the tick of the next review. An overdue review keeps its tick, so that calls of the
	/// tenant cannot postpone it.
	fn next_review(id: Id, vm: &VmOf<T>) -> Tick {
		if vm.look > 0 && vm.look <= T::TickSource::now() {
			return vm.look;
		}
		let late = |until: Tick| Some(until.saturating_add(1));
		let deadline = match vm.state {
			VmState::Pending { next, until } => late(until).min(Some(next)),
			VmState::Assigned { until }
			| VmState::Booting { until, .. }
			| VmState::Attested { until, .. }
			| VmState::Stopped { until, .. } => late(until),
			VmState::Running { .. } | VmState::Terminated => None,
		};
		let runs = matches!(vm.state, VmState::Running { .. });
		let owes = runs || vm.run.slots > 0 || !vm.charges.is_empty();
		let wanted = match (deadline, owes.then(|| Self::next_accounting(id))) {
			(Some(deadline), Some(accounting)) => deadline.min(accounting),
			(deadline, accounting) => deadline.or(accounting).unwrap_or_default(),
		};
		// The reviews of this block may be over already, so the earliest tick is the next one.
		wanted.max(T::TickSource::now().saturating_add(1))
	}

	/// Returns the tick of the next accounting: once an interval, at an offset that depends on the
	/// id.
	fn next_accounting(id: Id) -> Tick {
		let interval = T::Liveness::interval();
		let offset = id.checked_rem(u64::from(interval.length)).unwrap_or_default();
		let accounting = interval.from.saturating_add(offset as Tick);
		// A tick that has passed moves to the next interval.
		if accounting > T::TickSource::now() {
			accounting
		} else {
			accounting.saturating_add(interval.length)
		}
	}

	/// Enforces passed deadlines, and checks escrow and chip of a running VM.
	fn enforce(id: Id, vm: &mut VmOf<T>) {
		let now = T::TickSource::now();
		match vm.state {
			VmState::Pending { until, .. } if now > until => {
				Self::end(id, vm, EndReason::NotPlaced);
			},
			VmState::Pending { next, .. } if now >= next => Self::place(id, vm),
			VmState::Assigned { until } if now > until => {
				Self::fail(id, vm, AssignmentFailure::NotBegun)
			},
			VmState::Booting { until, .. } if now > until => {
				Self::fail(id, vm, AssignmentFailure::NoEvidence);
			},
			VmState::Attested { until, .. } if now > until => {
				Self::fail(id, vm, AssignmentFailure::NotConfirmed);
			},
			VmState::Stopped { until, .. } if now > until => {
				Self::end(id, vm, EndReason::Abandoned)
			},
			VmState::Running { .. } => Self::check_running(id, vm),
			_ => {},
		}
	}
}
