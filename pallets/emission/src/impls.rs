use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get, weights::WeightMeter};
use hcc_primitives::{
	units::Balance, Liveness, Minter, OnSettled, PaidTime, Payment, SettlementShares,
};
use sp_runtime::Perbill;

use crate::{
	schedule::{bonus, budget, divide, owed, part},
	*,
};

/// Number of rows of an old era that are removed in one block.
const REMOVED_ROWS: u32 = 64;

impl<T: Config> Pallet<T> {
	pub(crate) fn current_bonus() -> Perbill {
		bonus(Self::rules().bonus, T::Shares::lost())
	}

	pub(crate) fn current_budget() -> Balance {
		let minted = EmissionTotals::<T>::get().minted();
		budget(&Self::rules(), CurrentEra::<T>::get().index, minted)
	}

	/// Begins the next era if the current one has ended.
	pub(crate) fn advance_era(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads(2)).is_err() {
			return;
		}
		let (now, era) = (T::PaidTime::paid_slots(), CurrentEra::<T>::get());
		let begins = era.length == 0 && now > 0;
		let over = era.length > 0 && now >= era.from.saturating_add(era.length);
		if !(begins || over) || meter.try_consume(T::WeightInfo::close_era()).is_err() {
			return;
		}
		let mut index = era.index;
		if over {
			Self::close(&era);
			index = index.saturating_add(1);
		}
		let length = Self::rules().era;
		// The first era also owes the bonus on payments that were settled before it began.
		let owed = if over { 0 } else { era.owed };
		CurrentEra::<T>::put(Era { index, from: now, length, owed });
	}

	/// Divides the budget of an era, and pays validators and treasury.
	pub(crate) fn close(era: &Era) {
		let mut division = divide(&Self::rules(), Self::current_budget(), era.owed);
		for (amount, to) in [
			(&mut division.validators, T::ValidatorsPot::get()),
			(&mut division.treasury, T::Treasury::get()),
		] {
			// A new account cannot receive less than the existential deposit.
			let given = T::Minter::mint(&to, *amount);
			division.burned = division.burned.saturating_add(amount.saturating_sub(given));
			*amount = given;
		}
		EmissionTotals::<T>::mutate(|all| {
			all.budgets = all.budgets.saturating_add(division.budget);
			all.payable = all.payable.saturating_add(division.miners);
			all.validators = all.validators.saturating_add(division.validators);
			all.treasury = all.treasury.saturating_add(division.treasury);
			all.burned = all.burned.saturating_add(division.burned);
		});
		Eras::<T>::insert(era.index, ClosedEra { division, paid_out: 0 });
		Self::deposit_event(Event::EraClosed {
			era: era.index,
			budget: division.budget,
			miners: division.miners,
			validators: division.validators,
			treasury: division.treasury,
			burned: division.burned,
			total_owed: division.total_owed,
			for_miners: division.for_miners,
		});
	}

	pub(crate) fn do_payout(era: EraIndex, miner: AccountIdOf<T>) -> DispatchResult {
		let mut closed = Eras::<T>::get(era).ok_or(Error::<T>::NotPayable)?;
		ensure!(era >= OldestEra::<T>::get(), Error::<T>::NotPayable);
		let owed = Owed::<T>::get(era, &miner);
		ensure!(owed > 0, Error::<T>::NothingOwed);
		let amount = part(&closed.division, owed);
		ensure!(T::Minter::mint(&miner, amount) == amount, Error::<T>::TooLittle);
		Owed::<T>::remove(era, &miner);
		closed.paid_out = closed.paid_out.saturating_add(amount);
		Eras::<T>::insert(era, closed);
		EmissionTotals::<T>::mutate(|all| {
			all.paid_out = all.paid_out.saturating_add(amount);
			all.payable = all.payable.saturating_sub(amount);
		});
		Self::deposit_event(Event::PaidOut { era, miner, owed, amount });
		Ok(())
	}

	/// Removes eras that can no longer be paid out, a limited number of rows per block.
	pub(crate) fn forget(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads(2)).is_err() {
			return;
		}
		let oldest = OldestEra::<T>::get();
		let payable_until = oldest.saturating_add(Self::rules().payable);
		if CurrentEra::<T>::get().index <= payable_until
			|| meter.try_consume(T::WeightInfo::forget(REMOVED_ROWS)).is_err()
		{
			return;
		}
		let removed = Owed::<T>::clear_prefix(oldest, REMOVED_ROWS, None);
		if removed.maybe_cursor.is_some() {
			return;
		}
		OldestEra::<T>::put(oldest.saturating_add(1));
		let Some(closed) = Eras::<T>::take(oldest) else { return };
		let left = closed.division.miners.saturating_sub(closed.paid_out);
		EmissionTotals::<T>::mutate(|all| {
			all.payable = all.payable.saturating_sub(left);
			all.burned = all.burned.saturating_add(left);
		});
		Self::deposit_event(Event::EraForgotten { era: oldest, burned: left });
	}
}

impl<T: Config> OnSettled<AccountIdOf<T>> for Pallet<T> {
	fn on_settled(payment: &Payment<AccountIdOf<T>>) {
		let weight = Self::rules().weight(T::Liveness::fit(&payment.chip));
		let amount = owed(payment.amount, Self::current_bonus(), weight);
		if amount == 0 {
			return;
		}
		CurrentEra::<T>::mutate(|era| {
			era.owed = era.owed.saturating_add(amount);
			Owed::<T>::mutate(era.index, payment.miner, |owed| *owed = owed.saturating_add(amount));
		});
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let sum =
			|amounts: [Balance; 4]| amounts.iter().fold(0u128, |all, of| all.saturating_add(*of));
		let all = EmissionTotals::<T>::get();
		let parts = sum([all.paid_out, all.payable, all.validators, all.treasury]);
		ensure!(
			all.budgets == parts.saturating_add(all.burned),
			"1: the budgets differ from their parts"
		);
		let mut payable: Balance = 0;
		for (era, closed) in Eras::<T>::iter() {
			let of = closed.division;
			let whole = sum([of.miners, of.validators, of.treasury, of.burned]);
			ensure!(of.budget == whole, "1: a budget differs from its parts");
			ensure!(closed.paid_out <= of.miners, "2: payouts exceed the miners' part");
			ensure!(era < CurrentEra::<T>::get().index, "3: a stored era has not ended");
			ensure!(era >= OldestEra::<T>::get(), "3: an old era was not removed");
			payable = payable.saturating_add(of.miners.saturating_sub(closed.paid_out));
			let unclaimed = Owed::<T>::iter_prefix_values(era)
				.fold(0u128, |all, owed| all.saturating_add(part(&of, owed)));
			if era > OldestEra::<T>::get() {
				let left = of.miners.saturating_sub(closed.paid_out);
				ensure!(unclaimed <= left, "2: the unclaimed parts exceed the amount left");
			}
		}
		ensure!(payable == all.payable, "2: the amounts left differ from the total");
		let era = CurrentEra::<T>::get();
		let owed = Owed::<T>::iter_prefix_values(era.index)
			.fold(0u128, |all, owed| all.saturating_add(owed));
		ensure!(owed == era.owed, "4: the amount owed differs from the rows");
		Ok(())
	}
}
