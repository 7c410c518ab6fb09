//! The registry's answers to other pallets.

extern crate alloc;
use alloc::vec::Vec;

use hcc_primitives::{
	ChipHash, ChipOwnership, EffectiveOffer, EnrolledTpm, Miners as _, OfferBook, ProductLines,
	TickSource, TpmRoots,
};
use sp_runtime::{traits::CheckedDiv, SaturatedConversion};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Computes the standing of a miner, which is not stored.
	pub fn standing_of(miner: &AccountIdOf<T>) -> Option<Standing> {
		let row = Miners::<T>::get(miner)?;
		Some(if row.withdrawable.is_some() {
			Standing::Exiting
		} else if row.chips.is_empty() {
			Standing::WithoutChip
		} else if Self::genuine_tpm(miner).is_none() {
			Standing::WithoutTpm
		} else if row.bond < Self::rules().min_bond {
			Standing::Underbonded
		} else {
			Standing::Ready
		})
	}

	/// Returns the number of vCPUs for which a miner can receive work. The threads of its chips and
	/// its bond limit the number. A chip without a registered key counts as a chip without threads.
	pub(crate) fn most_vcpus(miner: &MinerOf<T>) -> u32 {
		let lines = miner.chips.iter().filter_map(T::ProductLines::product_line);
		let threads = lines.fold(0u32, |sum, line| sum.saturating_add(line.max_threads()));
		let covered = miner.bond.checked_div(&Self::rules().vcpu_bond).unwrap_or_default();
		threads.min(covered.saturated_into())
	}
}

impl<T: Config> hcc_primitives::Miners<AccountIdOf<T>> for Pallet<T> {
	fn is_hot_key(who: &AccountIdOf<T>, miner: &AccountIdOf<T>) -> bool {
		Miners::<T>::get(miner).is_some_and(|row| row.withdrawable.is_none() && row.hot == *who)
	}

	fn chips(miner: &AccountIdOf<T>) -> Vec<ChipHash> {
		Miners::<T>::get(miner).map(|row| row.chips.into_inner()).unwrap_or_default()
	}

	fn tpm(miner: &AccountIdOf<T>) -> Option<EnrolledTpm> {
		Tpms::<T>::get(miner)
	}

	fn genuine_tpm(miner: &AccountIdOf<T>) -> Option<EnrolledTpm> {
		Tpms::<T>::get(miner).filter(|tpm| !T::TpmRoots::is_distrusted(&tpm.root))
	}
}

impl<T: Config> OfferBook<AccountIdOf<T>> for Pallet<T> {
	fn offered(miner: &AccountIdOf<T>) -> Option<EffectiveOffer> {
		if Self::standing_of(miner)? != Standing::Ready {
			return None;
		}
		let row = Miners::<T>::get(miner)?;
		let offer = row.offer;
		let rules = Self::rules();
		let ask = Self::ask_at(miner, &offer, T::TickSource::now());
		Some(EffectiveOffer {
			region: offer.region,
			vcpus: u32::from(offer.vcpus).min(Self::most_vcpus(&row)),
			memory: offer.memory,
			disk: offer.disk,
			// The bounds may have changed since the price was set.
			ask: ask.clamp(rules.least_ask, rules.most_ask),
		})
	}
}

impl<T: Config> ChipOwnership<AccountIdOf<T>> for Pallet<T> {
	fn owner_of(chip: &ChipHash) -> Option<AccountIdOf<T>> {
		MinerOfChip::<T>::get(chip)
	}

	fn acts_for(who: &AccountIdOf<T>, chip: &ChipHash) -> bool {
		let acts = |miner: AccountIdOf<T>| *who == miner || Self::is_hot_key(who, &miner);
		MinerOfChip::<T>::get(chip).is_some_and(acts)
	}
}
