//! Slashing of bonds.

use frame_support::traits::{
	fungible::{Balanced, BalancedHold, InspectHold},
	Imbalance, OnUnbalanced,
};
use hcc_primitives::ValidatorSlasher;
use sp_runtime::{traits::Saturating, Perbill};

use crate::*;

impl<T: Config> ValidatorSlasher<AccountIdOf<T>> for Pallet<T> {
	fn fine(validator: &AccountIdOf<T>, part: Perbill) {
		Self::take_part(validator, part, None);
	}

	fn slash(
		validator: &AccountIdOf<T>,
		part: Perbill,
		reporter: Option<(&AccountIdOf<T>, Perbill)>,
	) {
		Self::take_part(validator, part, reporter);
		Self::disable(validator, part);
	}
}

impl<T: Config> Pallet<T> {
	/// Slashes a part of an account's bond, rounded down.
	pub(crate) fn take_part(
		who: &AccountIdOf<T>,
		part: Perbill,
		reporter: Option<(&AccountIdOf<T>, Perbill)>,
	) {
		let held = T::NativeBalance::balance_on_hold(&HoldReason::Bond.into(), who);
		Self::take(who, part.mul_floor(held), reporter);
	}

	/// Slashes an amount of an account's bond. The reporter receives its share, rounded down, and
	/// the rest is burned.
	pub(crate) fn take(
		who: &AccountIdOf<T>,
		wanted: BalanceOf<T>,
		reporter: Option<(&AccountIdOf<T>, Perbill)>,
	) {
		let (mut taken, _) = T::NativeBalance::slash(&HoldReason::Bond.into(), who, wanted);
		let amount = taken.peek();
		let mut reward = BalanceOf::<T>::default();
		if let Some((reporter, share)) = reporter {
			let part = taken.extract(share.mul_floor(amount));
			reward = part.peek();
			// If the reporter cannot receive the reward, the reward is burned as well. For example,
			// the reward may be below the existential deposit.
			if let Err(refused) = T::NativeBalance::resolve(reporter, part) {
				reward = BalanceOf::<T>::default();
				taken.subsume(refused);
			}
		}
		T::Burned::on_unbalanced(taken);
		Candidates::<T>::mutate(|candidates| {
			if let Some(candidate) = candidates.iter_mut().find(|c| c.who == *who) {
				candidate.bond = candidate.bond.saturating_sub(amount);
			}
		});
		Self::deposit_event(Event::Slashed { who: who.clone(), amount, reward });
	}
}
