//! How a case ends: tenants are given their parts, some at a time, and what is left is burned.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	traits::{
		fungible::{Balanced, Mutate},
		tokens::{Fortitude, Precision, Preservation},
		Get, Imbalance, OnUnbalanced,
	},
	weights::WeightMeter,
	PalletId,
};
use hcc_primitives::{units::Balance, ChipHash, Tick, Ticks};
use sp_runtime::traits::AccountIdConversion;

use crate::{
	share::{for_tenants, share},
	*,
};

/// Where what miners have lost waits for their tenants.
const POT: PalletId = PalletId(*b"hcc/made");

impl<T: Config> Pallet<T> {
	/// The account where what miners have lost waits for their tenants.
	pub fn pot() -> AccountIdOf<T> {
		POT.into_account_truncating()
	}

	/// Ends the cases whose tick has come. What finds no room in this block is done in the next one.
	pub(crate) fn end_due(meter: &mut WeightMeter) {
		let row = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(row).is_err() {
			return;
		}
		let now = T::Ticks::now();
		let mut done = EndedUntil::<T>::get();
		while done < now && meter.try_consume(row).is_ok() {
			let tick = done.saturating_add(1);
			if !Self::end_at_tick(tick, meter) {
				break;
			}
			done = tick;
		}
		EndedUntil::<T>::put(done);
	}

	/// False where some are left.
	fn end_at_tick(tick: Tick, meter: &mut WeightMeter) -> bool {
		while let Some(chip) = Ends::<T>::iter_key_prefix(tick).next() {
			if meter.try_consume(T::WeightInfo::give(BATCH)).is_err() {
				return false;
			}
			if Self::give(&chip) {
				Ends::<T>::remove(tick, chip);
			}
		}
		true
	}

	/// Gives some tenants their parts; where these were the last, closes the case. Whether it is closed.
	pub(crate) fn give(chip: &ChipHash) -> bool {
		let Some(mut case) = Cases::<T>::get(chip) else { return true };
		let all = for_tenants(case.pot, case.total, Self::rules().most);
		let some: Vec<_> = Claims::<T>::iter_prefix(chip).take(BATCH as usize).collect();
		for (tenant, paid) in &some {
			Claims::<T>::remove(chip, tenant);
			let left = case.pot.saturating_sub(case.given);
			let given =
				Self::give_one(chip, tenant, *paid, share(all, case.total, *paid).min(left));
			case.given = case.given.saturating_add(given);
		}
		if some.len() == BATCH as usize {
			Cases::<T>::insert(chip, case);
			return false;
		}
		Self::close(chip, &case);
		true
	}

	/// What was given: nothing where the tenant's account cannot take it, as one that the amount would not open.
	fn give_one(
		chip: &ChipHash,
		tenant: &AccountIdOf<T>,
		paid: Balance,
		amount: Balance,
	) -> Balance {
		let keep = Preservation::Preserve;
		if amount == 0 || T::NativeBalance::transfer(&Self::pot(), tenant, amount, keep).is_err() {
			return 0;
		}
		let (chip, tenant) = (*chip, tenant.clone());
		Self::deposit_event(Event::Compensated { chip, tenant, paid, amount });
		amount
	}

	fn close(chip: &ChipHash, case: &Case) {
		Cases::<T>::remove(chip);
		let left = case.pot.saturating_sub(case.given);
		let (keep, polite) = (Preservation::Preserve, Fortitude::Polite);
		// Nobody has a key of that account: what is there can be taken.
		let burned = T::NativeBalance::withdraw(&Self::pot(), left, Precision::Exact, keep, polite)
			.map_or(0, |credit| {
				let burned = credit.peek();
				T::Burned::on_unbalanced(credit);
				burned
			});
		let Case { pot, given, .. } = *case;
		Self::deposit_event(Event::CaseClosed { chip: *chip, pot, given, burned });
	}
}
