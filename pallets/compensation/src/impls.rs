//! What a case is about: who has paid, and what there is to divide.

use frame_support::traits::{
	fungible::{Balanced, Credit, Inspect},
	Imbalance,
};
use hcc_primitives::{
	units::Balance, ChipHash, Compensates, IntervalIndex, Liveness, OnSettled, OpensCases, Payment,
	Tick, Ticks,
};
use sp_runtime::traits::Zero;

use crate::*;

/// The interval in which that tick was, as long as intervals have had the length of now.
pub(crate) fn interval_of<T: Config>(tick: Tick) -> IntervalIndex {
	let now = T::Liveness::interval();
	let ago = now.from.saturating_sub(tick).div_ceil(now.length.max(1));
	now.index.saturating_sub(ago)
}

impl<T: Config> Pallet<T> {
	/// Goes on to the tick at which a case ends.
	pub(crate) fn end_at(chip: &ChipHash, mut case: Case, tick: Tick) {
		// What is due in this block may be done already.
		let tick = tick.max(T::Ticks::now().saturating_add(1));
		case.stage = Stage::Due(tick);
		Cases::<T>::insert(chip, case);
		Ends::<T>::insert(tick, chip, ());
	}

	fn open_case(chip: &ChipHash) -> Option<Case> {
		Cases::<T>::get(chip).filter(|case| case.stage == Stage::Open)
	}
}

impl<T: Config> OpensCases for Pallet<T> {
	fn open(chip: &ChipHash, since: Tick) {
		// One that is not over yet stays as it is: what is lost meanwhile is burned.
		if Cases::<T>::contains_key(chip) {
			return;
		}
		let (first, last) = (interval_of::<T>(since), T::Liveness::interval().index);
		let case = Case { first, last, total: 0, pot: 0, given: 0, stage: Stage::Open };
		Cases::<T>::insert(chip, case);
		Self::deposit_event(Event::CaseOpened { chip: *chip, first, last });
	}

	fn settle(chip: &ChipHash) {
		let Some(case) = Self::open_case(chip) else { return };
		let end = T::Ticks::now().saturating_add(Self::rules().collect);
		Self::end_at(chip, case, end);
	}

	fn dismiss(chip: &ChipHash) {
		let Some(case) = Self::open_case(chip) else { return };
		Self::end_at(chip, case, T::Ticks::now());
	}
}

impl<T: Config> OnSettled<AccountIdOf<T>> for Pallet<T> {
	fn on_settled(payment: &Payment<AccountIdOf<T>>) {
		let Payment { tenant, chip, first, last, amount, .. } = *payment;
		let Some(mut case) = Cases::<T>::get(chip) else { return };
		if amount.is_zero() || !case.counts(first, last, T::Ticks::now()) {
			return;
		}
		// Both are parts of what there is of the token.
		case.total = case.total.saturating_add(amount);
		Cases::<T>::insert(chip, case);
		Claims::<T>::mutate(chip, tenant, |paid| {
			*paid = Some(paid.unwrap_or_default().saturating_add(amount));
		});
	}
}

impl<T: Config> Compensates<Credit<AccountIdOf<T>, T::NativeBalance>> for Pallet<T> {
	fn compensate(
		chip: &ChipHash,
		credit: Credit<AccountIdOf<T>, T::NativeBalance>,
	) -> Credit<AccountIdOf<T>, T::NativeBalance> {
		let Some(mut case) = Self::open_case(chip) else { return credit };
		let pot = Self::pot();
		// What makes the account exist stays there, once and for all.
		let stays: Balance = if T::NativeBalance::balance(&pot).is_zero() {
			T::NativeBalance::minimum_balance()
		} else {
			0
		};
		let amount = credit.peek();
		match T::NativeBalance::resolve(&pot, credit) {
			Ok(()) => {
				case.pot = case.pot.saturating_add(amount.saturating_sub(stays));
				Cases::<T>::insert(chip, case);
				Credit::<AccountIdOf<T>, T::NativeBalance>::zero()
			},
			Err(credit) => credit,
		}
	}
}
