//! Lifecycle of a case: opening, tenant payments, the slashed amount.

use frame_support::traits::{
	fungible::{Balanced, Credit, Inspect},
	Imbalance,
};
use hcc_primitives::{
	units::Balance, ChipHash, CompensationCases, Compensator, IntervalIndex, Liveness, OnSettled,
	Payment, Tick, TickSource,
};
use sp_runtime::traits::Zero;

use crate::*;

/// Returns the interval that contains a tick. The computation assumes that intervals always had the
/// current length.
pub(crate) fn interval_of<T: Config>(tick: Tick) -> IntervalIndex {
	let now = T::Liveness::interval();
	let ago = now.from.saturating_sub(tick).div_ceil(now.length.max(1));
	now.index.saturating_sub(ago)
}

impl<T: Config> Pallet<T> {
	/// Books the payout of a case at a tick.
	pub(crate) fn book_payout(chip: &ChipHash, mut case: Case, tick: Tick) {
		// Deadlines of the current tick may be processed already, so the earliest tick is the next
		// one.
		let tick = tick.max(T::TickSource::now().saturating_add(1));
		case.stage = Stage::Due(tick);
		Cases::<T>::insert(chip, case);
		CaseDeadlines::<T>::insert(tick, chip, ());
	}

	fn open_case(chip: &ChipHash) -> Option<Case> {
		Cases::<T>::get(chip).filter(|case| case.stage == Stage::Open)
	}
}

impl<T: Config> CompensationCases for Pallet<T> {
	fn open(chip: &ChipHash, since: Tick) -> bool {
		// An existing case stays as it is, so that the amount of another slash is burned.
		if Cases::<T>::contains_key(chip) {
			return false;
		}
		let (first, last) = (interval_of::<T>(since), T::Liveness::interval().index);
		let case = Case { first, last, total: 0, pot: 0, given: 0, stage: Stage::Open };
		Cases::<T>::insert(chip, case);
		Self::deposit_event(Event::CaseOpened { chip: *chip, first, last });
		true
	}

	fn settle(chip: &ChipHash) {
		let Some(case) = Self::open_case(chip) else { return };
		let end = T::TickSource::now().saturating_add(Self::rules().collect);
		Self::book_payout(chip, case, end);
	}

	fn dismiss(chip: &ChipHash) {
		let Some(case) = Self::open_case(chip) else { return };
		Self::book_payout(chip, case, T::TickSource::now());
	}
}

impl<T: Config> OnSettled<AccountIdOf<T>> for Pallet<T> {
	fn on_settled(payment: &Payment<AccountIdOf<T>>) {
		let Payment { tenant, chip, first, last, amount, .. } = *payment;
		let Some(mut case) = Cases::<T>::get(chip) else { return };
		if amount.is_zero() || !case.counts(first, last, T::TickSource::now()) {
			return;
		}
		// Amounts are parts of the total issuance, so the sum does not saturate.
		case.total = case.total.saturating_add(amount);
		Cases::<T>::insert(chip, case);
		TenantPayments::<T>::mutate(chip, tenant, |paid| {
			*paid = Some(paid.unwrap_or_default().saturating_add(amount));
		});
	}
}

impl<T: Config> Compensator<Credit<AccountIdOf<T>, T::NativeBalance>> for Pallet<T> {
	fn compensate(
		chip: &ChipHash,
		credit: Credit<AccountIdOf<T>, T::NativeBalance>,
	) -> Credit<AccountIdOf<T>, T::NativeBalance> {
		let Some(mut case) = Self::open_case(chip) else { return credit };
		let pot = Self::pot();
		// One existential deposit stays in the account, so that the account always exists.
		let minimum: Balance = if T::NativeBalance::balance(&pot).is_zero() {
			T::NativeBalance::minimum_balance()
		} else {
			0
		};
		let amount = credit.peek();
		match T::NativeBalance::resolve(&pot, credit) {
			Ok(()) => {
				case.pot = case.pot.saturating_add(amount.saturating_sub(minimum));
				Cases::<T>::insert(chip, case);
				Credit::<AccountIdOf<T>, T::NativeBalance>::zero()
			},
			Err(credit) => credit,
		}
	}
}
