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
use hcc_primitives::{ChipHash, Compensates, OnChip, SlashesMiners, Tick, Ticks};
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
		ensure!(!MinerOfHot::<T>::contains_key(&hot), Error::<T>::HotInUse);
		T::NativeBalance::hold(&HoldReason::Bond.into(), &who, bond)?;
		let miner =
			Miner { hot: hot.clone(), bond, offer, chips: BoundedVec::new(), withdrawable: None };
		Miners::<T>::insert(&who, miner);
		MinerOfHot::<T>::insert(&hot, &who);
		Self::deposit_event(Event::Registered { miner: who, bond, hot });
		Ok(())
	}

	/// Changes a miner that has not left.
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
			ensure!(!MinerOfHot::<T>::contains_key(&hot), Error::<T>::HotInUse);
			MinerOfHot::<T>::remove(&miner.hot);
			MinerOfHot::<T>::insert(&hot, &who);
			miner.hot = hot.clone();
			Ok(())
		})?;
		Self::deposit_event(Event::HotSet { miner: who, hot });
		Ok(())
	}

	pub(crate) fn do_set_offer(who: AccountIdOf<T>, offer: Offer) -> DispatchResult {
		let rules = Self::rules();
		rules.check_ask(offer.price).map_err(|()| Error::<T>::AskOutOfBounds)?;
		let now = T::Ticks::now();
		let offer = Self::change(&who, |miner| {
			// What is due counts, before anything else is told.
			let price = Self::ask_at(&who, &miner.offer, now);
			miner.offer = Offer { price, ..offer };
			if offer.price == price {
				NextAsks::<T>::remove(&who);
			} else {
				let from = now.saturating_add(rules.notice);
				NextAsks::<T>::insert(&who, NextAsk { price: offer.price, from });
				let (miner, price) = (who.clone(), offer.price);
				Self::deposit_event(Event::AskTold { miner, price, from });
			}
			Ok(miner.offer)
		})?;
		Self::deposit_event(Event::OfferSet { miner: who, offer });
		Ok(())
	}

	/// What a miner asks at that tick, whose row says `offer`.
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
			T::OnChip::on_ready(&chip, &who);
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
		T::OnChip::on_gone(&chip);
		Self::deposit_event(Event::ChipRemoved { miner, chip });
	}

	pub(crate) fn do_exit(who: AccountIdOf<T>) -> DispatchResult {
		let (chips, hot, withdrawable) = Self::change(&who, |miner| {
			let withdrawable = T::Ticks::now().saturating_add(Self::rules().unbonding);
			miner.withdrawable = Some(withdrawable);
			Ok((core::mem::take(&mut miner.chips), miner.hot.clone(), withdrawable))
		})?;
		for chip in chips {
			Self::release_chip(who.clone(), chip);
		}
		T::OnChip::on_exit(&who);
		MinerOfHot::<T>::remove(hot);
		Enrolments::<T>::remove(&who);
		if let Some(tpm) = Tpms::<T>::take(&who) {
			MinerOfEk::<T>::remove(tpm.ek);
		}
		Self::deposit_event(Event::Exited { miner: who, withdrawable });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: AccountIdOf<T>) -> DispatchResult {
		let miner = Miners::<T>::get(&who).ok_or(Error::<T>::NotRegistered)?;
		let withdrawable = miner.withdrawable.ok_or(Error::<T>::NotExiting)?;
		ensure!(T::Ticks::now() >= withdrawable, Error::<T>::TooEarly);
		let reason = HoldReason::Bond.into();
		let held = T::NativeBalance::balance_on_hold(&reason, &who);
		let bond = T::NativeBalance::release(&reason, &who, held, Precision::Exact)?;
		Miners::<T>::remove(&who);
		NextAsks::<T>::remove(&who);
		Self::deposit_event(Event::Withdrawn { miner: who, bond });
		Ok(())
	}
}

impl<T: Config> SlashesMiners<AccountIdOf<T>> for Pallet<T> {
	fn slash(miner: &AccountIdOf<T>, chip: &ChipHash, part: Perbill) {
		let Some(mut row) = Miners::<T>::get(miner) else { return };
		let wanted = part.mul_floor(row.bond);
		let (taken, _) = T::NativeBalance::slash(&HoldReason::Bond.into(), miner, wanted);
		let amount = taken.peek();
		row.bond = row.bond.saturating_sub(amount);
		Miners::<T>::insert(miner, row);
		// Whom the chip worked for comes first.
		T::Burned::on_unbalanced(T::Tenants::compensate(chip, taken));
		Self::deposit_event(Event::Slashed { miner: miner.clone(), amount });
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let reason = HoldReason::Bond.into();
		let (mut hot_keys, mut chips) = (0usize, 0usize);
		for (who, miner) in Miners::<T>::iter() {
			let held = T::NativeBalance::balance_on_hold(&reason, &who);
			ensure!(held == miner.bond, "1: a bond differs from what is held");
			for chip in &miner.chips {
				let owner = MinerOfChip::<T>::get(chip);
				ensure!(owner.as_ref() == Some(&who), "3: a chip leads elsewhere");
			}
			chips = chips.saturating_add(miner.chips.len());
			if miner.withdrawable.is_some() {
				ensure!(miner.chips.is_empty(), "5: a miner that has left has chips");
				ensure!(!Tpms::<T>::contains_key(&who), "5: a miner that has left has a tpm");
				ensure!(!Enrolments::<T>::contains_key(&who), "5: a miner that has left enrols");
			} else {
				let of_hot = MinerOfHot::<T>::get(&miner.hot);
				ensure!(of_hot.as_ref() == Some(&who), "2: a hot key leads elsewhere");
				hot_keys = hot_keys.saturating_add(1);
			}
		}
		ensure!(MinerOfHot::<T>::iter().count() == hot_keys, "2: a hot key of no miner");
		ensure!(MinerOfChip::<T>::iter().count() == chips, "3: a chip of no miner");
		let banned = |chip| Banned::<T>::contains_key(chip);
		ensure!(!MinerOfChip::<T>::iter_keys().any(banned), "6: a chip that is banned has a miner");
		let mut tpms = 0usize;
		for (who, tpm) in Tpms::<T>::iter() {
			ensure!(Miners::<T>::contains_key(&who), "4: a tpm of no miner");
			let owner = MinerOfEk::<T>::get(tpm.ek);
			ensure!(owner.as_ref() == Some(&who), "4: an endorsement key leads elsewhere");
			tpms = tpms.saturating_add(1);
		}
		ensure!(MinerOfEk::<T>::iter().count() == tpms, "4: an endorsement key of no miner");
		for who in NextAsks::<T>::iter_keys() {
			ensure!(Miners::<T>::contains_key(&who), "7: a price of no miner");
		}
		for who in Enrolments::<T>::iter_keys() {
			ensure!(Miners::<T>::contains_key(&who), "5: an enrolment of no miner");
		}
		Ok(())
	}
}
