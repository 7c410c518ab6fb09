//! What chips lived through: interval by interval, whether they proved themselves. What tenants pay rests on it.

use codec::Encode;
use frame_support::{traits::Get, weights::WeightMeter};
use hcc_evidence::host::claimed_block;
use hcc_primitives::{
	ChipHash, Interval, IntervalIndex, Judges, Lived, Liveness, Tick, Ticks, Tier,
};
use sp_io::hashing::blake2_256;

use crate::*;

/// How often chips of a tier are drawn for work, against each other.
fn favour(tier: Tier) -> u32 {
	match tier {
		Tier::Trusted => 4,
		Tier::Regular => 2,
		Tier::Probation => 1,
		Tier::Quarantine | Tier::Suspended => 0,
	}
}

impl<T: Config> Pallet<T> {
	/// Begins the next interval, where it is time.
	pub(crate) fn keep_intervals(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(2, 1)).is_err() {
			return;
		}
		let (now, last) = (T::Ticks::now(), CurrentInterval::<T>::get());
		if last.length == 0 || now >= last.from.saturating_add(last.length) {
			let index = last.index.saturating_add(1);
			let length = Self::billing();
			CurrentInterval::<T>::put(Interval { index, from: now, length });
		}
	}

	/// How long an interval is: no shorter than keeps few of them open at once.
	fn billing() -> Tick {
		let rules = Self::rules();
		let open = T::Judges::longest().saturating_add(rules.answer);
		rules.billing.max(open.div_ceil(OPEN_INTERVALS))
	}

	/// Changes what is kept of a chip's current interval.
	fn live(chip: &ChipHash, change: impl FnOnce(&mut Life)) {
		let index = CurrentInterval::<T>::get().index;
		Lives::<T>::mutate(chip, |lives| {
			if lives.last().is_none_or(|life| life.interval != index) {
				if lives.is_full() {
					lives.remove(0);
				}
				// There is room.
				let _ = lives.try_push(Life::of(index));
			}
			if let Some(life) = lives.last_mut() {
				change(life);
			}
		});
	}

	/// Changes what is kept of the interval in which that challenge was made; nothing where that is forgotten.
	fn live_at(chip: &ChipHash, seq: u64, change: impl FnOnce(&mut Life)) {
		if claimed_block(seq).is_some() {
			return;
		}
		Lives::<T>::mutate(chip, |lives| {
			if let Some(life) = lives.iter_mut().find(|life| life.last_seq >= seq) {
				change(life);
			}
		});
	}

	/// A challenge was made.
	pub(crate) fn note_challenge(chip: &ChipHash, seq: u64) {
		Self::live(chip, |life| {
			life.last_seq = seq;
			life.open = life.open.saturating_add(1);
		});
	}

	/// A challenge was met so. Where that was `found` of evidence, it can be proven false until [`Self::note_closed`].
	pub(crate) fn note_conduct(chip: &ChipHash, seq: u64, passed: bool, found: bool) {
		Self::live_at(chip, seq, |life| {
			life.outcome = Some((seq, passed));
			if !passed {
				life.fail(seq);
			}
			if !found {
				life.close();
			}
		});
	}

	/// Nothing more will be told of a challenge.
	pub(crate) fn note_closed(chip: &ChipHash, seq: u64) {
		Self::live_at(chip, seq, Life::close);
	}

	/// What was found of a challenge was proven false: an acceptance was none, and a rejection is held against nobody.
	pub(crate) fn note_overturned(chip: &ChipHash, seq: u64, passed: bool) {
		Self::live_at(chip, seq, |life| {
			let outcome = if passed {
				life.fail(seq);
				Some((seq, false))
			} else {
				life.failed.retain(|other| *other != seq);
				None
			};
			if life.outcome.is_some_and(|(last, _)| last == seq) {
				life.outcome = outcome;
			}
		});
	}

	/// A chip has left its miner: whatever it was to show of this interval it did not.
	pub(crate) fn note_left(chip: &ChipHash, seq: u64) {
		Self::live(chip, |life| {
			life.last_seq = life.last_seq.max(seq);
			life.lapsed = true;
			life.outcome = Some((seq, false));
		});
	}
}

impl<T: Config> Liveness for Pallet<T> {
	fn interval() -> Interval {
		CurrentInterval::<T>::get()
	}

	fn was_live(chip: &ChipHash, first: IntervalIndex, last: IntervalIndex) -> Lived {
		let lives = Lives::<T>::get(chip);
		let within = || lives.iter().filter(|life| (first..=last).contains(&life.interval));
		if within().any(|life| life.lapsed) {
			return Lived::Lapsed;
		}
		// With which verdict it went in; it must not change any more either.
		let before = lives.iter().rev().find(|life| life.interval < first && life.tells());
		if within().chain(before).any(|life| life.open > 0) || last >= Self::interval().index {
			return Lived::Unsettled;
		}
		let began_well = match before.and_then(|life| life.outcome) {
			Some((_, passed)) => passed,
			None => within().any(|life| life.outcome.is_some()),
		};
		if began_well && within().all(|life| life.failed.is_empty()) {
			Lived::Live
		} else {
			Lived::Lapsed
		}
	}

	fn fit(chip: &ChipHash) -> Option<Tier> {
		let host = Hosts::<T>::get(chip)?;
		// While it shows its whole log anew, what it has shown before counts.
		let shown = host.checkpoint.is_some() || host.former.is_some();
		(shown && !host.failing && favour(host.tier) > 0).then_some(host.tier)
	}

	fn draw(lot: [u8; 8]) -> Option<ChipHash> {
		let shares = Tier::ALL.map(|tier| {
			let population = Population::<T>::get(tier);
			(tier, population, population.saturating_mul(favour(tier)))
		});
		let total = shares.iter().fold(0u32, |sum, (_, _, share)| sum.saturating_add(*share));
		let seed = lot.using_encoded(blake2_256);
		let part = |at: usize| {
			let bytes = seed.get(at..).and_then(|rest| rest.first_chunk());
			bytes.map_or(0, |lot| u32::from_le_bytes(*lot))
		};
		let mut point = draw::below(total, part(0));
		for (tier, population, share) in shares {
			if point < share {
				return Drawn::<T>::get(tier, draw::below(population, part(4)));
			}
			point = point.saturating_sub(share);
		}
		None
	}
}
