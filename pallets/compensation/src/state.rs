//! The numbered invariants of the README.

#![cfg(any(feature = "try-runtime", feature = "std"))]

use frame_support::{ensure, traits::fungible::Inspect};
use hcc_primitives::{units::Balance, Ticks};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let (mut waits, mut ends): (Balance, usize) = (0, 0);
		for (chip, case) in Cases::<T>::iter() {
			ensure!(case.given <= case.pot, "1: more was given than was lost");
			waits = waits.saturating_add(case.pot.saturating_sub(case.given));
			let paid = Claims::<T>::iter_prefix_values(chip)
				.fold(0, |sum: Balance, paid| sum.saturating_add(paid));
			let begun = matches!(case.stage, Stage::Due(tick) if tick <= T::Ticks::now());
			ensure!(paid == case.total || (begun && paid < case.total), "2: claims do not add up");
			if let Stage::Due(tick) = case.stage {
				ends = ends.saturating_add(1);
				ensure!(Ends::<T>::contains_key(tick, chip), "3: a case that never ends");
				ensure!(tick > EndedUntil::<T>::get(), "3: a case was passed over");
			}
		}
		ensure!(Ends::<T>::iter_keys().count() == ends, "3: the end of no case");
		ensure!(waits <= T::NativeBalance::balance(&Self::pot()), "1: less waits than is told");
		for (chip, _, _) in Claims::<T>::iter() {
			ensure!(Cases::<T>::contains_key(chip), "2: a claim of no case");
		}
		Ok(())
	}
}
