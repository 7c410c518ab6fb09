//! The draw: each block challenges random chips, so that challenges are unpredictable.

use codec::Encode;
use frame_support::{
	traits::{Get, Randomness},
	weights::WeightMeter,
};
use hcc_primitives::{draw::below, ChipHash, Tick, TickSource, Tier};
use sp_io::hashing::blake2_256;

use crate::*;

/// Maximum number of challenges of a tier in a block. It suffices to challenge 100,000 chips in
/// twenty minutes.
const MAX_DRAWS: u32 = MAX_DUE;

/// Maximum number of attempts of one draw. An attempt that selects a chip with an open challenge is
/// repeated, so that slow answers do not lower the rate.
const TRIES: u32 = 4;

/// Returns the number of chips to draw, so that each of `population` chips is drawn once in
/// `interval` ticks on average.
///
/// The result is the whole part of `population / interval`. It is one higher with the probability
/// of the remainder. `random` must be uniform over all of `u32`.
pub(crate) fn draw_count(population: u32, interval: Tick, random: u32) -> u32 {
	let whole = population.checked_div(interval).unwrap_or(0);
	let rest = u64::from(population.checked_rem(interval).unwrap_or(0));
	// random / 2^32 < rest / interval, without rounding.
	let more = u64::from(random).saturating_mul(u64::from(interval)) < rest << 32;
	whole.saturating_add(u32::from(more))
}

impl<T: Config> Pallet<T> {
	/// Stores the number of chips in each tier, before the transactions of this block.
	pub(crate) fn note_population(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(6, 1)).is_err() {
			return;
		}
		let now = Tier::ALL.map(Population::<T>::get);
		DrawCounts::<T>::mutate(|counts| {
			counts.before_parent = core::mem::replace(&mut counts.before_this, now);
		});
	}

	/// Returns the number of chips of a tier from which this block draws. See
	/// [`hcc_primitives::draw`].
	pub(crate) fn drawn_population(tier: Tier) -> u32 {
		let counts = DrawCounts::<T>::get().before_parent;
		counts.get(tier as usize).copied().unwrap_or_default()
	}

	/// Returns the chip that `random` draws from `population` chips of a tier. Returns `None` if
	/// the draw is lost, because the tier has fewer chips by now.
	pub(crate) fn drawn_chip(tier: Tier, population: u32, random: u32) -> Option<ChipHash> {
		DrawPool::<T>::get(tier, below(population, random))
	}

	/// Draws chips of each tier and challenges them. The cost depends on the number of challenges,
	/// not on the number of chips.
	pub(crate) fn draw(meter: &mut WeightMeter) {
		let tick = T::TickSource::now();
		// One draw per tick: while the clock stops, no chip is drawn.
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
			let population = Self::drawn_population(tier);
			let random = |number: u32| {
				let hash = (seed, tick, tier, number).using_encoded(blake2_256);
				hash.first_chunk().map_or(0, |random| u32::from_le_bytes(*random))
			};
			let draws = draw_count(population, rules.interval(tier), random(0)).min(MAX_DRAWS);
			for number in 1..=draws {
				// Each further attempt reads a position and a host.
				let again = T::DbWeight::get().reads(2).saturating_mul(TRIES.into());
				let most = T::WeightInfo::challenge().saturating_add(again);
				if meter.try_consume(most).is_err() {
					return;
				}
				let mut tries = (0..TRIES).map(|again| {
					let random = random(number.saturating_add(again.saturating_mul(MAX_DRAWS)));
					Self::drawn_chip(tier, population, random)
				});
				// A chip with an open challenge causes another attempt. A lost draw does not.
				let settled = |drawn: &Option<ChipHash>| drawn.as_ref().is_none_or(Self::is_free);
				if let Some(chip) = tries.find(settled).flatten() {
					// If no deadline has room, this draw is lost. The next block draws again.
					Self::challenge(&chip);
				}
			}
		}
	}

	fn is_free(chip: &ChipHash) -> bool {
		Hosts::<T>::get(chip).is_some_and(|host| host.challenge.is_none())
	}

	/// Adds a chip to a tier. Returns its position.
	pub(crate) fn enter(chip: &ChipHash, tier: Tier) -> u32 {
		let position = Population::<T>::get(tier);
		DrawPool::<T>::insert(tier, position, chip);
		Population::<T>::insert(tier, position.saturating_add(1));
		position
	}

	/// Removes a chip from a tier. The last chip of the tier moves to its position.
	pub(crate) fn leave(tier: Tier, position: u32) {
		let last = Population::<T>::get(tier).saturating_sub(1);
		Population::<T>::insert(tier, last);
		if let Some(moved) = DrawPool::<T>::take(tier, last).filter(|_| last != position) {
			DrawPool::<T>::insert(tier, position, moved);
			Hosts::<T>::mutate(moved, |host| {
				if let Some(host) = host {
					host.position = position;
				}
			});
		}
	}

	/// Moves a chip to another tier. The caller stores the host.
	pub(crate) fn move_to(chip: &ChipHash, host: &mut HostOf<T>, tier: Tier) {
		if host.tier == tier {
			return;
		}
		Self::leave(host.tier, host.position);
		host.position = Self::enter(chip, tier);
		host.tier = tier;
	}
}
