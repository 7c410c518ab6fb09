use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{
		fungible::{BalancedHold, InspectHold, MutateHold},
		tokens::Precision,
		Imbalance, OnUnbalanced,
	},
	BoundedVec,
};
use hcc_primitives::{ChipHash, Compensator, MinerSlasher, OnChipChange, Tick, TickSource};
use sp_runtime::{traits::Saturating, DispatchError, Perbill};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register(
		who: AccountIdOf<T>,
		bond: BalanceOf<T>,
		hot: AccountIdOf<T>,
		offer: Offer,
	) -> DispatchResult {
		if let Some(miner) = Miners::<T>::get(&who) {
			let exiting = miner.withdrawable.is_some();
			return Err(
				if exiting { Error::<T>::Exiting } else { Error::<T>::AlreadyRegistered }.into()
			);
		}
		let rules = Self::rules();
		ensure!(bond >= rules.min_bond, Error::<T>::BondTooSmall);
		rules.check_ask(offer.price).map_err(|()| Error::<T>::AskOutOfBounds)?;
		T::NativeBalance::hold(&HoldReason::Bond.into(), &who, bond)?;
		let miner =
			Miner { hot: hot.clone(), bond, offer, chips: BoundedVec::new(), withdrawable: None };
		Miners::<T>::insert(&who, miner);
		Self::deposit_event(Event::Registered { miner: who, bond, hot });
		Ok(())
	}

	/// Changes the row of a miner that has not left.
	pub(crate) fn change<R>(
		who: &AccountIdOf<T>,
		change: impl FnOnce(&mut MinerOf<T>) -> Result<R, DispatchError>,
	) -> Result<R, DispatchError> {
		Miners::<T>::try_mutate(who, |miner| {
			let miner = miner.as_mut().ok_or(Error::<T>::NotRegistered)?;
			ensure!(miner.withdrawable.is_none(), Error::<T>::Exiting);
			change(miner)
		})
	}

	pub(crate) fn do_bond_more(who: AccountIdOf<T>, extra: BalanceOf<T>) -> DispatchResult {
		let bond = Self::change(&who, |miner| {
			T::NativeBalance::hold(&HoldReason::Bond.into(), &who, extra)?;
			// The hold has succeeded, so the sum is below the total issuance.
			miner.bond = miner.bond.saturating_add(extra);
			Ok(miner.bond)
		})?;
		Self::deposit_event(Event::BondRaised { miner: who, bond });
		Ok(())
	}

	pub(crate) fn do_set_hot(who: AccountIdOf<T>, hot: AccountIdOf<T>) -> DispatchResult {
		Self::change(&who, |miner| {
			miner.hot = hot.clone();
			Ok(())
		})?;
		Self::deposit_event(Event::HotSet { miner: who, hot });
		Ok(())
	}

	pub(crate) fn do_set_offer(who: AccountIdOf<T>, offer: Offer) -> DispatchResult {
		let rules = Self::rules();
		rules.check_ask(offer.price).map_err(|()| Error::<T>::AskOutOfBounds)?;
		let now = T::TickSource::now();
		let offer = Self::change(&who, |miner| {
			// A pending price that is due takes effect first, because a new announcement must not
			// keep the old price in force.
			let price = Self::ask_at(&who, &miner.offer, now);
			miner.offer = Offer { price, ..offer };
			if offer.price == price {
				NextAsks::<T>::remove(&who);
			} else {
				let from = now.saturating_add(rules.notice);
				NextAsks::<T>::insert(&who, NextAsk { price: offer.price, from });
				let (miner, price) = (who.clone(), offer.price);
				Self::deposit_event(Event::AskAnnounced { miner, price, from });
			}
			Ok(miner.offer)
		})?;
		Self::deposit_event(Event::OfferSet { miner: who, offer });
		Ok(())
	}

	/// Returns the price that a miner asks at tick `now`. The miner's row contains `offer`. If a
	/// pending price is due, it replaces the price of `offer`.
	pub(crate) fn ask_at(miner: &AccountIdOf<T>, offer: &Offer, now: Tick) -> u16 {
		let due = NextAsks::<T>::get(miner).filter(|next| next.from <= now);
		due.map_or(offer.price, |next| next.price)
	}

	pub(crate) fn do_add_chip(who: AccountIdOf<T>, chip: ChipHash) -> DispatchResult {
		Self::change(&who, |miner| {
			ensure!(!Banned::<T>::contains_key(chip), Error::<T>::ChipBanned);
			ensure!(!MinerOfChip::<T>::contains_key(chip), Error::<T>::ChipInUse);
			miner.chips.try_push(chip).map_err(|_| Error::<T>::TooManyChips)?;
			MinerOfChip::<T>::insert(chip, &who);
			Ok(())
		})?;
		Self::deposit_event(Event::ChipAdded { miner: who.clone(), chip });
		if Tpms::<T>::contains_key(&who) {
			T::OnChipChange::on_ready(&chip, &who);
		}
		Ok(())
	}

	pub(crate) fn do_remove_chip(who: AccountIdOf<T>, chip: ChipHash) -> DispatchResult {
		Self::change(&who, |miner| {
			let at = miner.chips.iter().position(|c| *c == chip).ok_or(Error::<T>::ChipNotFound)?;
			miner.chips.remove(at);
			Ok(())
		})?;
		Self::release_chip(who, chip);
		Ok(())
	}

	pub(crate) fn release_chip(miner: AccountIdOf<T>, chip: ChipHash) {
		MinerOfChip::<T>::remove(chip);
		T::OnChipChange::on_gone(&chip);
		Self::deposit_event(Event::ChipRemoved { miner, chip });
	}

	pub(crate) fn do_exit(who: AccountIdOf<T>) -> DispatchResult {
		let (chips, withdrawable) = Self::change(&who, |miner| {
			let withdrawable = T::TickSource::now().saturating_add(Self::rules().unbonding);
			miner.withdrawable = Some(withdrawable);
			Ok((core::mem::take(&mut miner.chips), withdrawable))
		})?;
		for chip in chips {
			Self::release_chip(who.clone(), chip);
		}
		T::OnChipChange::on_exit(&who);
		Self::end_enrolment(&who)?;
		Relays::<T>::remove(&who);
		if let Some(tpm) = Tpms::<T>::take(&who) {
			MinerOfEk::<T>::remove(tpm.ek);
		}
		Self::deposit_event(Event::Exited { miner: who, withdrawable });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: AccountIdOf<T>) -> DispatchResult {
		let miner = Miners::<T>::get(&who).ok_or(Error::<T>::NotRegistered)?;
		let withdrawable = miner.withdrawable.ok_or(Error::<T>::NotExiting)?;
		ensure!(T::TickSource::now() >= withdrawable, Error::<T>::TooEarly);
		let reason = HoldReason::Bond.into();
		let held = T::NativeBalance::balance_on_hold(&reason, &who);
		let bond = T::NativeBalance::release(&reason, &who, held, Precision::Exact)?;
		Miners::<T>::remove(&who);
		NextAsks::<T>::remove(&who);
		Self::deposit_event(Event::Withdrawn { miner: who, bond });
		Ok(())
	}
}

impl<T: Config> MinerSlasher<AccountIdOf<T>> for Pallet<T> {
	fn slash(miner: &AccountIdOf<T>, case: Option<&ChipHash>, part: Perbill) {
		let Some(mut row) = Miners::<T>::get(miner) else { return };
		let wanted = part.mul_floor(row.bond);
		let (taken, _) = T::NativeBalance::slash(&HoldReason::Bond.into(), miner, wanted);
		let amount = taken.peek();
		row.bond = row.bond.saturating_sub(amount);
		Miners::<T>::insert(miner, row);
		let burned = match case {
			Some(chip) => T::Tenants::compensate(chip, taken),
			None => taken,
		};
		T::Burned::on_unbalanced(burned);
		Self::deposit_event(Event::Slashed { miner: miner.clone(), amount });
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let reason = HoldReason::Bond.into();
		let mut chips = 0usize;
		for (who, miner) in Miners::<T>::iter() {
			let held = T::NativeBalance::balance_on_hold(&reason, &who);
			ensure!(held == miner.bond, "1: the held amount is not the bond");
			for chip in &miner.chips {
				let owner = MinerOfChip::<T>::get(chip);
				ensure!(owner.as_ref() == Some(&who), "2: a miner's chip belongs to another miner");
			}
			chips = chips.saturating_add(miner.chips.len());
			if miner.withdrawable.is_some() {
				ensure!(miner.chips.is_empty(), "4: a miner that has left has chips");
				ensure!(!Tpms::<T>::contains_key(&who), "4: a miner that has left has a tpm");
				ensure!(
					!Enrolments::<T>::contains_key(&who),
					"4: a miner that has left has an enrolment"
				);
			}
		}
		ensure!(MinerOfChip::<T>::iter().count() == chips, "2: a chip without a miner");
		let banned = |chip| Banned::<T>::contains_key(chip);
		ensure!(!MinerOfChip::<T>::iter_keys().any(banned), "5: a banned chip has a miner");
		let mut tpms = 0usize;
		for (who, tpm) in Tpms::<T>::iter() {
			ensure!(Miners::<T>::contains_key(&who), "3: a tpm without a miner");
			let owner = MinerOfEk::<T>::get(tpm.ek);
			ensure!(owner.as_ref() == Some(&who), "3: an endorsement key belongs to another miner");
			tpms = tpms.saturating_add(1);
		}
		ensure!(MinerOfEk::<T>::iter().count() == tpms, "3: an endorsement key without a tpm");
		for who in NextAsks::<T>::iter_keys() {
			ensure!(Miners::<T>::contains_key(&who), "6: a pending price without a miner");
		}
		for who in Relays::<T>::iter_keys() {
			let row = Miners::<T>::get(&who);
			let stays = row.is_some_and(|miner| miner.withdrawable.is_none());
			ensure!(stays, "8: a relay without a miner, or of one that has left");
		}
		let deposit = HoldReason::Enrolment.into();
		for (who, enrolment) in Enrolments::<T>::iter() {
			ensure!(Miners::<T>::contains_key(&who), "4: an enrolment without a miner");
			let held = T::NativeBalance::balance_on_hold(&deposit, &who);
			ensure!(held == enrolment.deposit, "7: the held amount is not the deposit");
		}
		for who in Miners::<T>::iter_keys().filter(|who| !Enrolments::<T>::contains_key(who)) {
			let held = T::NativeBalance::balance_on_hold(&deposit, &who);
			ensure!(held == BalanceOf::<T>::default(), "7: a deposit without an enrolment");
		}
		Ok(())
	}
}
