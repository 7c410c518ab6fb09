//! Payout of a case: tenants receive their compensation in batches, and the rest is burned.

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
use hcc_primitives::{catch_up, units::Balance, ChipHash, Tick, TickSource};
use sp_runtime::traits::AccountIdConversion;

use crate::{
	share::{for_tenants, share},
	*,
};

/// Id of the account that holds slashed amounts until the payout.
const POT: PalletId = PalletId(*b"hcc/made");

impl<T: Config> Pallet<T> {
	/// Returns the account that holds slashed amounts until the payout.
	pub fn pot() -> AccountIdOf<T> {
		POT.into_account_truncating()
	}

	/// Pays out the cases that are due. If the block has no room, the next block continues.
	pub(crate) fn pay_due_cases(meter: &mut WeightMeter) {
		let row = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(row).is_err() {
			return;
		}
		let now = T::TickSource::now();
		let done = catch_up(EndedUntil::<T>::get(), now, Tick::MAX, |tick| {
			meter.try_consume(row).is_ok() && Self::pay_cases_at(tick, meter)
		});
		EndedUntil::<T>::put(done);
	}

	/// Pays out the cases that are due at a tick. Returns `false` if some cases are left.
	fn pay_cases_at(tick: Tick, meter: &mut WeightMeter) -> bool {
		while let Some(chip) = CaseDeadlines::<T>::iter_key_prefix(tick).next() {
			if meter.try_consume(T::WeightInfo::give(BATCH)).is_err() {
				return false;
			}
			if Self::give(&chip) {
				CaseDeadlines::<T>::remove(tick, chip);
			}
		}
		true
	}

	/// Pays a batch of tenants, and closes the case after the last tenant. Returns `true` if the
	/// case is closed.
	pub(crate) fn give(chip: &ChipHash) -> bool {
		let Some(mut case) = Cases::<T>::get(chip) else { return true };
		let all = for_tenants(case.pot, case.total, Self::rules().most);
		let batch: Vec<_> = TenantPayments::<T>::iter_prefix(chip).take(BATCH as usize).collect();
		for (tenant, paid) in &batch {
			TenantPayments::<T>::remove(chip, tenant);
			let left = case.pot.saturating_sub(case.given);
			let given = Self::compensate_tenant(
				chip,
				tenant,
				*paid,
				share(all, case.total, *paid).min(left),
			);
			case.given = case.given.saturating_add(given);
		}
		if batch.len() == BATCH as usize {
			Cases::<T>::insert(chip, case);
			return false;
		}
		Self::close(chip, &case);
		true
	}

	/// Transfers the compensation of one tenant. Returns the amount that was transferred.
	///
	/// The result is zero if the tenant's account cannot receive the compensation. For example, a
	/// new account cannot receive less than the existential deposit.
	fn compensate_tenant(
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
		// No key controls the account, so the balance is always available.
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
