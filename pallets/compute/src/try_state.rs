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
		let mut open: Balance = 0;
		for (id, vm) in Vms::<T>::iter() {
			count = count.saturating_add(1);
			ensure!(id <= LastId::<T>::get(), "1: the id of a VM is above the last id");
			ensure!(Orders::<T>::contains_key(id), "1: a VM has no order");
			ensure!(Agenda::<T>::contains_key(vm.look, id), "2: a VM is not on the agenda");
			ensure!(vm.look > AttendedUntil::<T>::get(), "2: a VM is on the agenda in the past");
			let fee = vm.state.open_boot().map_or(0, |boot| boot.fee);
			let owed =
				vm.charges.iter().fold(0, |sum: Balance, charge| sum.saturating_add(charge.amount));
			open = open.saturating_add(owed).saturating_add(fee);
			let (escrow, deposit) = held.entry(vm.tenant.clone()).or_default();
			*escrow = escrow.saturating_add(vm.escrow).saturating_add(owed).saturating_add(fee);
			*deposit = deposit.saturating_add(vm.deposit);
			Self::check_state(id, &vm)?;
			let nonce = Orders::<T>::get(id).map(|order| order.config.order_nonce);
			ensure!(
				nonce.and_then(|nonce| OrderNonces::<T>::get(&vm.tenant, nonce)) == Some(id),
				"10: an order is missing from the nonces of its tenant"
			);
			ensure!(
				VmsOfTenant::<T>::contains_key(&vm.tenant, id),
				"7: a VM is missing from its tenant's VMs"
			);
			if let Some(place) = &vm.place {
				hosted = hosted.saturating_add(1);
				ensure!(
					VmsOfMiner::<T>::contains_key(&place.miner, id),
					"7: a VM is missing from its miner's VMs"
				);
				let sum = used.entry(place.miner.clone()).or_default();
				*sum = sum.plus(&Self::occupied(&vm));
			}
		}
		ensure!(Orders::<T>::iter().count() == count, "1: an order has no VM");
		ensure!(Agenda::<T>::iter().count() == count, "2: a VM is on the agenda twice");
		ensure!(
			VmsOfTenant::<T>::iter().count() == count,
			"7: a tenant has a VM that does not exist"
		);
		ensure!(OrderNonces::<T>::iter().count() == count, "10: a nonce has no order");
		ensure!(
			VmsOfMiner::<T>::iter().count() == hosted,
			"7: a miner has a VM that does not exist"
		);
		let vms = |id: Id| Vms::<T>::contains_key(id);
		ensure!(
			Settlements::<T>::iter_keys().all(vms),
			"8: settlements of a VM that does not exist"
		);
		ensure!(Refusals::<T>::iter_keys().all(vms), "8: refusals of a VM that does not exist");
		for (tenant, (escrow, deposit)) in held {
			let on_hold =
				|reason: HoldReason| T::NativeBalance::balance_on_hold(&reason.into(), &tenant);
			ensure!(
				on_hold(HoldReason::Escrow) == escrow,
				"3: the escrow on hold differs from the VMs' accounts"
			);
			ensure!(
				on_hold(HoldReason::Deposit) == deposit,
				"3: the deposit on hold differs from the VMs' accounts"
			);
		}
		for (miner, allotted) in AllottedCapacity::<T>::iter() {
			ensure!(
				used.remove(&miner) == Some(allotted),
				"4: the allotted capacity differs from the VMs' sum"
			);
		}
		ensure!(used.is_empty(), "4: the allotted capacity differs from the VMs' sum");
		let paid = PaymentTotals::<T>::get();
		let parts = paid.miners.saturating_add(paid.validators);
		let parts = parts.saturating_add(paid.treasury).saturating_add(paid.burned);
		ensure!(paid.settled == parts, "5: the parts of all payments differ from their sum");
		let ends = paid.settled.saturating_add(paid.refunded).saturating_add(open);
		ensure!(paid.charged == ends, "9: a charged amount is not settled, refunded or open");
		Ok(())
	}

	fn check_state(id: Id, vm: &VmOf<T>) -> Result<(), sp_runtime::TryRuntimeError> {
		let placed = match vm.state {
			VmState::Pending { .. } | VmState::Terminated => vm.place.is_none(),
			VmState::Assigned { .. } | VmState::Booting { .. } => vm.place.is_some(),
			VmState::Attested { .. } => vm.place.is_some() && Self::is_boot_of(id, vm, false),
			VmState::Running { .. } => {
				vm.place.as_ref().is_some_and(|place| place.chip.is_some())
					&& Self::is_boot_of(id, vm, true)
			},
			VmState::Stopped { .. } => vm.place.is_some(),
		};
		ensure!(placed, "6: the place of a VM contradicts its state");
		let gone = vm.state == VmState::Terminated;
		ensure!(
			!gone || (vm.escrow == 0 && vm.run.slots == 0),
			"6: a terminated VM has escrow or uncharged time"
		);
		ensure!(!gone || !vm.charges.is_empty(), "6: a terminated VM has no open charge");
		Ok(())
	}

	/// Returns true if the boot row is of the current boot, and is confirmed or not as given.
	fn is_boot_of(id: Id, vm: &VmOf<T>, confirmed: bool) -> bool {
		Boots::<T>::get(id).is_some_and(|row| {
			(row.generation, row.counter) == (vm.generation, vm.boot_counter)
				&& row.confirmed.is_some() == confirmed
		})
	}
}
