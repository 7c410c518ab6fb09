//! Mocks of the traits of miners, their chips and their TPMs.

use frame_support::weights::Weight;
use hcc_evidence::{
	snp::{ProductLine, Vek},
	UnixSeconds,
};
use hcc_primitives::{
	ChipHash, ChipOwnership, ChipTransfers, EffectiveOffer, EnrolledTpm, MinerSlasher, Miners,
	OfferBook, OnChipChange, ProductLines, TpmRoots, Veks,
};
use sp_runtime::{AccountId32, Perbill};

use crate::state::{
	Chips, Distrusted, HandedOver, Left, Offering, Roots, SlashedMiners, Stale, KEYS, REGISTER,
};

/// Returns the miners of [`register`](crate::register). Each is its own hot key.
pub struct MockMiners;
impl Miners<AccountId32> for MockMiners {
	fn is_hot_key(who: &AccountId32, miner: &AccountId32) -> bool {
		who == miner && REGISTER.with(|all| all.borrow().contains_key(miner))
	}

	fn chips(miner: &AccountId32) -> Vec<ChipHash> {
		REGISTER
			.with(|all| all.borrow().get(miner).map_or_else(Vec::new, |(chips, _)| chips.clone()))
	}

	fn tpm(miner: &AccountId32) -> Option<EnrolledTpm> {
		REGISTER.with(|all| all.borrow().get(miner).and_then(|(_, tpm)| tpm.clone()))
	}

	fn genuine_tpm(miner: &AccountId32) -> Option<EnrolledTpm> {
		Self::tpm(miner).filter(|tpm| !MockTpmRoots::is_distrusted(&tpm.root))
	}
}

impl ChipOwnership<AccountId32> for MockMiners {
	fn owner_of(chip: &ChipHash) -> Option<AccountId32> {
		REGISTER.with(|all| {
			let all = all.borrow();
			all.iter().find(|(_, (chips, _))| chips.contains(chip)).map(|(miner, _)| miner.clone())
		})
	}

	fn acts_for(who: &AccountId32, chip: &ChipHash) -> bool {
		Self::owner_of(chip).as_ref() == Some(who)
	}
}

impl ChipTransfers<AccountId32> for MockMiners {
	fn holder(chip: &ChipHash) -> Option<AccountId32> {
		Self::owner_of(chip)
	}

	fn has_room(miner: &AccountId32) -> bool {
		Self::tpm(miner).is_some() && Self::chips(miner).len() < 2
	}

	fn hand_over(chip: &ChipHash, to: &AccountId32) -> bool {
		let room = Self::has_room(to);
		if room {
			HandedOver::mutate(|all| all.push((*chip, Some(to.clone()))));
		}
		room
	}

	fn ban(chip: &ChipHash) {
		HandedOver::mutate(|all| all.push((*chip, None)));
	}
}

impl OfferBook<AccountId32> for MockMiners {
	fn offered(miner: &AccountId32) -> Option<EffectiveOffer> {
		// `mutate` avoids a copy of the list, which can contain thousands of offers.
		Offering::mutate(|all| all.iter().find(|(of, _)| of == miner).map(|(_, offered)| *offered))
	}
}

/// Records its calls in [`Chips`] and [`Left`].
pub struct MockOnChipChange;
impl OnChipChange<AccountId32> for MockOnChipChange {
	fn on_ready(chip: &ChipHash, miner: &AccountId32) {
		Chips::mutate(|chips| chips.push((*chip, Some(miner.clone()))));
	}

	fn on_taken(_: &ChipHash) {}

	fn on_gone(chip: &ChipHash) {
		Chips::mutate(|chips| chips.push((*chip, None)));
	}

	fn on_exit(miner: &AccountId32) {
		Left::mutate(|left| left.push(miner.clone()));
	}
}

/// Records slashed miners in [`SlashedMiners`].
pub struct MockMinerSlasher;
impl MinerSlasher<AccountId32> for MockMinerSlasher {
	fn slash(miner: &AccountId32, _: Option<&ChipHash>, part: Perbill) {
		SlashedMiners::mutate(|all| all.push((miner.clone(), part)));
	}
}

/// Returns [`Roots`] and [`Distrusted`].
pub struct MockTpmRoots;
impl TpmRoots for MockTpmRoots {
	fn tpm_roots() -> Vec<Vec<u8>> {
		Roots::get()
	}

	fn is_distrusted(root: &[u8; 32]) -> bool {
		Distrusted::get().contains(root)
	}
}

/// Returns the keys of [`add_vek`](crate::add_vek). Chips in [`Stale`] are withdrawn.
pub struct MockVeks;
impl ProductLines for MockVeks {
	fn product_line(chip: &ChipHash) -> Option<ProductLine> {
		KEYS.with(|all| {
			let all = all.borrow();
			all.iter().find(|(of, _)| of == chip).map(|(_, vek)| vek.product)
		})
	}
}

impl Veks for MockVeks {
	fn vek(chip: &ChipHash, reported_tcb: [u8; 8]) -> Option<Vek> {
		KEYS.with(|all| {
			let all = all.borrow();
			all.iter()
				.filter(|(of, _)| of == chip)
				.find(|(_, vek)| vek.is_for(reported_tcb))
				.map(|(_, vek)| vek.clone())
		})
	}

	fn revocation_current_until(_: &Vek) -> Option<UnixSeconds> {
		None
	}

	fn is_withdrawn(chip: &ChipHash) -> bool {
		Stale::get().contains(chip)
	}

	/// Takes the chip's hash as its certificate.
	fn verify(certificate: &[u8]) -> Option<(ChipHash, Vek)> {
		KEYS.with(|all| all.borrow().iter().find(|(chip, _)| chip == certificate).cloned())
	}

	fn verify_weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}
