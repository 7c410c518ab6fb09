//! When the chain looks after VMs: each at a tick of its own, so that none is forgotten and no block has much to do.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	traits::Get,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{Liveness, Tick, Ticks};

use crate::*;

/// How many VMs are taken from the agenda at once.
const BATCH: usize = 64;

impl<T: Config> Pallet<T> {
	/// Looks after the VMs whose tick has come. What finds no room in this block is done in the next one.
	pub(crate) fn attend_due(meter: &mut WeightMeter) {
		let row = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(row).is_err() {
			return;
		}
		let now = T::Ticks::now();
		let mut done = AttendedUntil::<T>::get();
		while done < now && meter.try_consume(row).is_ok() {
			let tick = done.saturating_add(1);
			if !Self::attend_at(tick, meter) {
				break;
			}
			done = tick;
		}
		AttendedUntil::<T>::put(done);
	}

	/// False where some are left.
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

	/// The most that looking after a VM costs.
	pub(crate) fn attend_weight() -> Weight {
		T::WeightInfo::attend_pending()
			.max(T::WeightInfo::attend_booting().saturating_add(Self::another_chip()))
			.max(T::WeightInfo::attend_running())
	}

	/// Looks after a VM: what has run is charged, what is certain is settled, what is late has its consequence.
	pub(crate) fn attend(id: Id) {
		let Some(mut vm) = Vms::<T>::get(id) else { return };
		Self::account(id, &mut vm);
		Self::settle(id, &mut vm);
		Self::enforce(id, &mut vm);
		// It was looked after.
		vm.look = 0;
		Self::store(id, vm);
	}

	/// Stores a VM and puts it on the agenda; or removes it, where nothing of it is left to do.
	pub(crate) fn store(id: Id, mut vm: VmOf<T>) {
		// Nothing is on the agenda at tick 0.
		if vm.look > 0 {
			Agenda::<T>::remove(vm.look, id);
		}
		if vm.state == State::Terminated && vm.charges.is_empty() {
			return Self::remove(id, vm);
		}
		vm.look = Self::next_look(id, &vm);
		Agenda::<T>::insert(vm.look, id, ());
		Vms::<T>::insert(id, vm);
	}

	/// When there is something to do for a VM. What is due already stays where it is, whatever is done with the VM meanwhile.
	fn next_look(id: Id, vm: &VmOf<T>) -> Tick {
		if vm.look > 0 && vm.look <= T::Ticks::now() {
			return vm.look;
		}
		let late = |until: Tick| Some(until.saturating_add(1));
		let deadline = match vm.state {
			State::Pending { next, until } => late(until).min(Some(next)),
			State::Assigned { until }
			| State::Booting { until, .. }
			| State::Stopped { until, .. } => late(until),
			State::Running { .. } | State::Terminated => None,
		};
		let runs = matches!(vm.state, State::Running { .. });
		let owes = runs || vm.run.ticks > 0 || !vm.charges.is_empty();
		let wanted = match (deadline, owes.then(|| Self::next_visit(id))) {
			(Some(deadline), Some(visit)) => deadline.min(visit),
			(deadline, visit) => deadline.or(visit).unwrap_or_default(),
		};
		// What is due in this block may have been looked after already.
		wanted.max(T::Ticks::now().saturating_add(1))
	}

	/// When a VM's accounts are made next: once an interval, each VM at another tick of it.
	fn next_visit(id: Id) -> Tick {
		let interval = T::Liveness::interval();
		let offset = id.checked_rem(u64::from(interval.length)).unwrap_or_default();
		let visit = interval.from.saturating_add(offset as Tick);
		// Whatever its tenant does meanwhile, none is left out.
		if visit > T::Ticks::now() {
			visit
		} else {
			visit.saturating_add(interval.length)
		}
	}

	/// What comes of a deadline that has passed, of money that runs out, of a host that is gone.
	fn enforce(id: Id, vm: &mut VmOf<T>) {
		let now = T::Ticks::now();
		match vm.state {
			State::Pending { until, .. } if now > until => {
				Self::end(id, vm, EndReason::NotPlaced);
			},
			State::Pending { next, .. } if now >= next => Self::place(id, vm),
			State::Assigned { until } if now > until => Self::fail(id, vm, Failure::NotBegun),
			State::Booting { until, .. } if now > until => {
				Self::fail(id, vm, Failure::NoEvidence);
			},
			State::Stopped { until, .. } if now > until => Self::end(id, vm, EndReason::Abandoned),
			State::Running { .. } => Self::check_running(id, vm),
			_ => {},
		}
	}
}
