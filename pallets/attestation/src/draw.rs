//! Who is challenged when: drawn by lot, block by block, so that nobody can foresee it.

use codec::Encode;
use frame_support::{
	traits::{Get, Randomness},
	weights::WeightMeter,
};
use hcc_primitives::{ChipHash, Tick, Ticks, Tier};
use sp_io::hashing::blake2_256;

use crate::*;

/// Beyond this many challenges of a tier in a block the rest is left to the next draws: enough for 100,000 chips in twenty minutes.
const MAX_DRAWS: u32 = MAX_DUE;

/// How often a draw is made anew that falls on a chip whose challenge is open: how long answers take changes no rate.
const TRIES: u32 = 4;

/// How many of `population` are to be drawn where each is drawn once in `interval` ticks on average: the whole part always, the remainder by
/// lot. `lot` is uniform over all of `u32`.
pub(crate) fn how_many(population: u32, interval: Tick, lot: u32) -> u32 {
	let whole = population.checked_div(interval).unwrap_or(0);
	let rest = u64::from(population.checked_rem(interval).unwrap_or(0));
	// lot / 2^32 < rest / interval, without rounding.
	let more = u64::from(lot).saturating_mul(u64::from(interval)) < rest << 32;
	whole.saturating_add(u32::from(more))
}

/// A number below `below`, of 32 bits of chance: off by less than one in 2^32 / `below`.
pub(crate) fn below(below: u32, lot: u32) -> u32 {
	(u64::from(lot).saturating_mul(u64::from(below)) >> 32) as u32
}

impl<T: Config> Pallet<T> {
	/// Draws chips of each tier and challenges them. Costs as much as there are challenges, however many chips there are.
	pub(crate) fn draw(meter: &mut WeightMeter) {
		let tick = T::Ticks::now();
		// A clock that stands still draws nobody; one that moved draws once.
		if DrawnUntil::<T>::get() >= tick {
			return;
		}
		if meter.try_consume(T::WeightInfo::draw()).is_err() {
			return;
		}
		DrawnUntil::<T>::put(tick);
		let Some(seed) = T::Randomness::random(b"hcc/draw").0 else { return };
		let rules = Self::rules();
		for tier in Tier::ALL {
			let population = Population::<T>::get(tier);
			let lot = |number: u32| {
				let hash = (seed, tick, tier, number).using_encoded(blake2_256);
				hash.first_chunk().map_or(0, |lot| u32::from_le_bytes(*lot))
			};
			let draws = how_many(population, rules.interval(tier), lot(0)).min(MAX_DRAWS);
			for number in 1..=draws {
				// Reading who is drawn anew is part of it.
				let again = T::DbWeight::get().reads(2).saturating_mul(TRIES.into());
				let most = T::WeightInfo::challenge().saturating_add(again);
				if meter.try_consume(most).is_err() {
					return;
				}
				let drawn = (0..TRIES).find_map(|again| {
					let lot = lot(number.saturating_add(again.saturating_mul(MAX_DRAWS)));
					Drawn::<T>::get(tier, below(population, lot)).filter(Self::is_free)
				});
				if let Some(chip) = drawn {
					// Where no deadline has room left, this draw is lost; the next one is as good.
					Self::challenge(&chip);
				}
			}
		}
	}

	fn is_free(chip: &ChipHash) -> bool {
		Hosts::<T>::get(chip).is_some_and(|host| host.challenge.is_none())
	}

	/// Puts a chip among those of a tier.
	pub(crate) fn enter(chip: &ChipHash, tier: Tier) -> u32 {
		let position = Population::<T>::get(tier);
		Drawn::<T>::insert(tier, position, chip);
		Population::<T>::insert(tier, position.saturating_add(1));
		position
	}

	/// Takes a chip from among those of a tier; the last of them takes its number.
	pub(crate) fn leave(tier: Tier, position: u32) {
		let last = Population::<T>::get(tier).saturating_sub(1);
		Population::<T>::insert(tier, last);
		if let Some(moved) = Drawn::<T>::take(tier, last).filter(|_| last != position) {
			Drawn::<T>::insert(tier, position, moved);
			Hosts::<T>::mutate(moved, |host| {
				if let Some(host) = host {
					host.position = position;
				}
			});
		}
	}

	/// Moves a chip to another tier.
	pub(crate) fn move_to(chip: &ChipHash, tier: Tier) {
		let Some(host) = Hosts::<T>::get(chip).filter(|host| host.tier != tier) else { return };
		Self::leave(host.tier, host.position);
		let position = Self::enter(chip, tier);
		Hosts::<T>::mutate(chip, |host| {
			if let Some(host) = host {
				host.tier = tier;
				host.position = position;
			}
		});
	}
}
