use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{fungible::Balanced, tokens::Precision, Get, Imbalance},
	weights::WeightMeter,
};
use hcc_primitives::{units::Balance, Liveness, OnSettled, Payment, SettlementShares, Ticks};
use sp_runtime::Perbill;

use crate::{
	schedule::{bonus, budget, divide, owed, part},
	*,
};

/// How many rows of an era are forgotten in one block.
const FORGOTTEN: u32 = 64;

impl<T: Config> Pallet<T> {
	pub(crate) fn bonus_now() -> Perbill {
		bonus(Self::rules().bonus, T::Shares::lost())
	}

	pub(crate) fn budget_now() -> Balance {
		let minted = Brought::<T>::get().minted();
		budget(&Self::rules(), CurrentEra::<T>::get().index, minted)
	}

	/// Begins the next era, where it is time.
	pub(crate) fn keep_eras(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads(2)).is_err() {
			return;
		}
		let (now, era) = (T::Ticks::now(), CurrentEra::<T>::get());
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
		// What was paid before the first era began is owed for it.
		let owed = if over { 0 } else { era.owed };
		CurrentEra::<T>::put(Era { index, from: now, length, owed });
	}

	/// Divides what an era may bring.
	pub(crate) fn close(era: &Era) {
		let mut division = divide(&Self::rules(), Self::budget_now(), era.owed);
		for (amount, to) in [
			(&mut division.validators, T::ValidatorsPot::get()),
			(&mut division.treasury, T::Treasury::get()),
		] {
			// An account that does not exist cannot take less than makes it exist.
			let given = Self::mint(&to, *amount);
			division.burned = division.burned.saturating_add(amount.saturating_sub(given));
			*amount = given;
		}
		Brought::<T>::mutate(|all| {
			all.budgets = all.budgets.saturating_add(division.budget);
			all.claimable = all.claimable.saturating_add(division.miners);
			all.validators = all.validators.saturating_add(division.validators);
			all.treasury = all.treasury.saturating_add(division.treasury);
			all.burned = all.burned.saturating_add(division.burned);
		});
		Eras::<T>::insert(era.index, ClosedEra { division, claimed: 0 });
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

	/// Makes so much for an account, or nothing where it cannot take it. Gives what was made.
	fn mint(to: &AccountIdOf<T>, amount: Balance) -> Balance {
		match T::NativeBalance::deposit(to, amount, Precision::Exact) {
			Ok(debt) => debt.peek(),
			Err(_) => 0,
		}
	}

	pub(crate) fn do_claim(era: EraIndex, miner: AccountIdOf<T>) -> DispatchResult {
		let mut closed = Eras::<T>::get(era).ok_or(Error::<T>::NotClaimable)?;
		ensure!(era >= Oldest::<T>::get(), Error::<T>::NotClaimable);
		let owed = Owed::<T>::get(era, &miner);
		ensure!(owed > 0, Error::<T>::NothingOwed);
		let amount = part(&closed.division, owed);
		ensure!(Self::mint(&miner, amount) == amount, Error::<T>::TooLittle);
		Owed::<T>::remove(era, &miner);
		closed.claimed = closed.claimed.saturating_add(amount);
		Eras::<T>::insert(era, closed);
		Brought::<T>::mutate(|all| {
			all.claimed = all.claimed.saturating_add(amount);
			all.claimable = all.claimable.saturating_sub(amount);
		});
		Self::deposit_event(Event::Claimed { era, miner, owed, amount });
		Ok(())
	}

	/// Forgets eras of which nothing can be claimed any more, some rows at a time.
	pub(crate) fn forget(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads(2)).is_err() {
			return;
		}
		let oldest = Oldest::<T>::get();
		let kept = oldest.saturating_add(Self::rules().claimable);
		if CurrentEra::<T>::get().index <= kept
			|| meter.try_consume(T::WeightInfo::forget(FORGOTTEN)).is_err()
		{
			return;
		}
		let removed = Owed::<T>::clear_prefix(oldest, FORGOTTEN, None);
		if removed.maybe_cursor.is_some() {
			return;
		}
		Oldest::<T>::put(oldest.saturating_add(1));
		let Some(closed) = Eras::<T>::take(oldest) else { return };
		let left = closed.division.miners.saturating_sub(closed.claimed);
		Brought::<T>::mutate(|all| {
			all.claimable = all.claimable.saturating_sub(left);
			all.burned = all.burned.saturating_add(left);
		});
		Self::deposit_event(Event::EraForgotten { era: oldest, burned: left });
	}
}

impl<T: Config> OnSettled<AccountIdOf<T>> for Pallet<T> {
	fn on_settled(payment: &Payment<AccountIdOf<T>>) {
		let weight = Self::rules().weight(T::Liveness::fit(&payment.chip));
		let amount = owed(payment.amount, Self::bonus_now(), weight);
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
		let all = Brought::<T>::get();
		let parts = sum([all.claimed, all.claimable, all.validators, all.treasury]);
		ensure!(
			all.budgets == parts.saturating_add(all.burned),
			"1: budgets are not what became of them"
		);
		let mut claimable: Balance = 0;
		for (era, closed) in Eras::<T>::iter() {
			let of = closed.division;
			let whole = sum([of.miners, of.validators, of.treasury, of.burned]);
			ensure!(of.budget == whole, "1: a budget is not what became of it");
			ensure!(closed.claimed <= of.miners, "2: more was claimed than there was");
			ensure!(era < CurrentEra::<T>::get().index, "3: an era is over that is not");
			ensure!(era >= Oldest::<T>::get(), "3: an era is forgotten and there");
			claimable = claimable.saturating_add(of.miners.saturating_sub(closed.claimed));
			let unclaimed = Owed::<T>::iter_prefix_values(era)
				.fold(0u128, |all, owed| all.saturating_add(part(&of, owed)));
			if era > Oldest::<T>::get() {
				let left = of.miners.saturating_sub(closed.claimed);
				ensure!(unclaimed <= left, "2: more can be claimed than there is");
			}
		}
		ensure!(claimable == all.claimable, "2: other parts can be claimed than are counted");
		let era = CurrentEra::<T>::get();
		let owed = Owed::<T>::iter_prefix_values(era.index)
			.fold(0u128, |all, owed| all.saturating_add(owed));
		ensure!(owed == era.owed, "4: other debts are counted than there are");
		Self::check_issuance()
	}
}
