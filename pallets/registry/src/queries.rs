//! What other pallets ask of the register.

extern crate alloc;
use alloc::vec::Vec;

use hcc_primitives::{ChipHash, ChipOwners, EnrolledTpm};

use crate::*;

impl<T: Config> Pallet<T> {
	/// How far a miner has come: computed, never stored.
	pub fn standing_of(miner: &AccountIdOf<T>) -> Option<Standing> {
		let row = Miners::<T>::get(miner)?;
		Some(if row.withdrawable.is_some() {
			Standing::Exiting
		} else if row.chips.is_empty() {
			Standing::WithoutChip
		} else if !Tpms::<T>::contains_key(miner) {
			Standing::WithoutTpm
		} else if row.bond < Self::rules().min_bond {
			Standing::Underbonded
		} else {
			Standing::Ready
		})
	}
}

impl<T: Config> hcc_primitives::Miners<AccountIdOf<T>> for Pallet<T> {
	fn miner_of_hot(hot: &AccountIdOf<T>) -> Option<AccountIdOf<T>> {
		MinerOfHot::<T>::get(hot)
	}

	fn chips(miner: &AccountIdOf<T>) -> Vec<ChipHash> {
		Miners::<T>::get(miner).map(|row| row.chips.into_inner()).unwrap_or_default()
	}

	fn tpm(miner: &AccountIdOf<T>) -> Option<EnrolledTpm> {
		Tpms::<T>::get(miner)
	}
}

impl<T: Config> ChipOwners<AccountIdOf<T>> for Pallet<T> {
	fn owner_of(chip: &ChipHash) -> Option<AccountIdOf<T>> {
		MinerOfChip::<T>::get(chip)
	}

	fn acts_for(who: &AccountIdOf<T>, chip: &ChipHash) -> bool {
		let miner = MinerOfHot::<T>::get(who).unwrap_or_else(|| who.clone());
		MinerOfChip::<T>::get(chip) == Some(miner)
	}
}
