//! The numbered invariants of the README.

#![cfg(any(feature = "try-runtime", feature = "std"))]

extern crate alloc;
use alloc::collections::BTreeMap;

use frame_support::{ensure, traits::fungible::InspectHold};
use hcc_primitives::units::Balance;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let mut held = BTreeMap::<AccountIdOf<T>, (Balance, Balance)>::new();
		let mut used = BTreeMap::<AccountIdOf<T>, Allotment>::new();
		let (mut count, mut hosted) = (0usize, 0usize);
		for (id, vm) in Vms::<T>::iter() {
			count = count.saturating_add(1);
			ensure!(id <= LastId::<T>::get(), "1: a vm of no number");
			ensure!(Orders::<T>::contains_key(id), "1: a vm without an order");
			ensure!(Agenda::<T>::contains_key(vm.look, id), "2: a vm that nobody looks after");
			ensure!(vm.look > AttendedUntil::<T>::get(), "2: a vm that is looked after no more");
			let fee = match vm.state {
				State::Booting { fee, .. } => fee,
				_ => 0,
			};
			let owed =
				vm.charges.iter().fold(0, |sum: Balance, charge| sum.saturating_add(charge.amount));
			let (escrow, deposit) = held.entry(vm.tenant.clone()).or_default();
			*escrow = escrow.saturating_add(vm.escrow).saturating_add(owed).saturating_add(fee);
			*deposit = deposit.saturating_add(vm.deposit);
			Self::check_state(id, &vm)?;
			ensure!(Rented::<T>::contains_key(&vm.tenant, id), "7: a vm that is nobody's");
			if let Some(place) = &vm.place {
				hosted = hosted.saturating_add(1);
				ensure!(Hosted::<T>::contains_key(&place.miner, id), "7: a vm that nobody has");
				let sum = used.entry(place.miner.clone()).or_default();
				*sum = sum.plus(&Self::kept(&vm));
			}
		}
		ensure!(Orders::<T>::iter().count() == count, "1: an order without a vm");
		ensure!(Agenda::<T>::iter().count() == count, "2: a vm is looked after twice");
		ensure!(Rented::<T>::iter().count() == count, "7: a vm that is rented and is not there");
		ensure!(Hosted::<T>::iter().count() == hosted, "7: a vm that is hosted and is not there");
		let vms = |id: Id| Vms::<T>::contains_key(id);
		ensure!(Settlements::<T>::iter_keys().all(vms), "8: settlements of a vm that is gone");
		for (tenant, (escrow, deposit)) in held {
			let on_hold =
				|reason: HoldReason| T::NativeBalance::balance_on_hold(&reason.into(), &tenant);
			ensure!(on_hold(HoldReason::Escrow) == escrow, "3: another escrow than is held");
			ensure!(on_hold(HoldReason::Deposit) == deposit, "3: another deposit than is held");
		}
		for (miner, allotted) in Used::<T>::iter() {
			ensure!(used.remove(&miner) == Some(allotted), "4: another use than its VMs have");
		}
		ensure!(used.is_empty(), "4: another use than its VMs have");
		let paid = Paid::<T>::get();
		let parts = paid.miners.saturating_add(paid.validators);
		let parts = parts.saturating_add(paid.treasury).saturating_add(paid.burned);
		ensure!(paid.settled == parts, "5: what was paid is not what was divided");
		Ok(())
	}

	fn check_state(id: Id, vm: &VmOf<T>) -> Result<(), sp_runtime::TryRuntimeError> {
		let placed = match vm.state {
			State::Pending { .. } | State::Terminated => vm.place.is_none(),
			State::Assigned { .. } | State::Booting { .. } => vm.place.is_some(),
			State::Running { .. } => {
				vm.place.as_ref().is_some_and(|place| place.chip.is_some())
					&& Boots::<T>::contains_key(id)
			},
			State::Stopped { .. } => vm.place.is_some(),
		};
		ensure!(placed, "6: a vm is where its state does not have it");
		let gone = vm.state == State::Terminated;
		ensure!(!gone || (vm.escrow == 0 && vm.run.ticks == 0), "6: a vm that is gone has money");
		ensure!(!gone || !vm.charges.is_empty(), "6: a vm that is gone owes nothing");
		Ok(())
	}
}
