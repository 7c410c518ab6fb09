//! Transfers and bans of chips after a contest.

use frame_support::pallet_prelude::DispatchResult;
use hcc_primitives::{ChipHash, ChipTransfers, OnChipChange};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_lift_ban(chip: ChipHash) -> DispatchResult {
		Banned::<T>::take(chip).ok_or(Error::<T>::NotBanned)?;
		Self::deposit_event(Event::BanLifted { chip });
		Ok(())
	}

	/// Removes a chip from its holder, if it has one, and returns the holder.
	fn take_from_holder(chip: &ChipHash) -> Option<AccountIdOf<T>> {
		let holder = MinerOfChip::<T>::get(chip)?;
		T::OnChipChange::on_taken(chip);
		Miners::<T>::mutate(&holder, |row| {
			if let Some(row) = row {
				row.chips.retain(|other| other != chip);
			}
		});
		Self::release_chip(holder.clone(), *chip);
		Some(holder)
	}
}

impl<T: Config> ChipTransfers<AccountIdOf<T>> for Pallet<T> {
	fn holder(chip: &ChipHash) -> Option<AccountIdOf<T>> {
		MinerOfChip::<T>::get(chip)
	}

	fn has_room(miner: &AccountIdOf<T>) -> bool {
		let room = |row: MinerOf<T>| row.withdrawable.is_none() && !row.chips.is_full();
		Tpms::<T>::contains_key(miner) && Miners::<T>::get(miner).is_some_and(room)
	}

	fn hand_over(chip: &ChipHash, to: &AccountIdOf<T>) -> bool {
		let banned = Banned::<T>::contains_key(chip);
		let own = MinerOfChip::<T>::get(chip).as_ref() == Some(to);
		if banned || own || !Self::has_room(to) {
			return false;
		}
		let from = Self::take_from_holder(chip);
		Miners::<T>::mutate(to, |row| {
			// Cannot fail: `has_room` was checked.
			let _ = row.as_mut().map(|row| row.chips.try_push(*chip));
		});
		MinerOfChip::<T>::insert(chip, to);
		Self::deposit_event(Event::ChipHandedOver { chip: *chip, from, to: to.clone() });
		T::OnChipChange::on_ready(chip, to);
		true
	}

	fn ban(chip: &ChipHash) {
		Self::take_from_holder(chip);
		Banned::<T>::insert(chip, ());
		Self::deposit_event(Event::ChipBanned { chip: *chip });
	}
}
