//! Checks of the invariants in the README.

#![cfg(any(feature = "try-runtime", feature = "std"))]

use frame_support::{ensure, traits::fungible::Inspect};
use hcc_primitives::{units::Balance, TickSource};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let (mut waits, mut ends): (Balance, usize) = (0, 0);
		for (chip, case) in Cases::<T>::iter() {
			ensure!(case.given <= case.pot, "1: tenants received more than the pot");
			waits = waits.saturating_add(case.pot.saturating_sub(case.given));
			let paid = TenantPayments::<T>::iter_prefix_values(chip)
				.fold(0, |sum: Balance, paid| sum.saturating_add(paid));
			let paying = matches!(case.stage, Stage::Due(tick) if tick <= T::TickSource::now());
			ensure!(
				paid == case.total || (paying && paid < case.total),
				"2: payments do not add up"
			);
			if let Stage::Due(tick) = case.stage {
				ends = ends.saturating_add(1);
				ensure!(CaseDeadlines::<T>::contains_key(tick, chip), "3: a case has no deadline");
				ensure!(tick > EndedUntil::<T>::get(), "3: a case is overdue");
			}
		}
		ensure!(CaseDeadlines::<T>::iter_keys().count() == ends, "3: a deadline has no case");
		ensure!(waits <= T::NativeBalance::balance(&Self::pot()), "1: the pot is too small");
		for (chip, _, _) in TenantPayments::<T>::iter() {
			ensure!(Cases::<T>::contains_key(chip), "2: a payment has no case");
		}
		Ok(())
	}
}
