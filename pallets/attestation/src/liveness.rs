//! Liveness: the billing intervals in which chips passed their challenges. Tenants pay only for
//! these intervals.

use codec::Encode;
use frame_support::{traits::Get, weights::WeightMeter};
use hcc_evidence::host::contest_block;
use hcc_primitives::{
	draw::below, push_evicting, Adjudicator, ChipHash, Interval, IntervalIndex, Liveness,
	LivenessStatus, PaidTime, Pause, Tick, TickSource, Tier,
};
use sp_io::hashing::blake2_256;

use crate::*;

/// Returns the relative frequency with which a chip of a tier is drawn for VMs.
fn placement_share(tier: Tier) -> u32 {
	match tier {
		Tier::Trusted => 4,
		Tier::Regular => 2,
		Tier::Probation => 1,
		Tier::Quarantine | Tier::Suspended => 0,
	}
}

impl<T: Config> Pallet<T> {
	/// Begins the next interval if the current one has ended.
	pub(crate) fn advance_interval(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(3, 1)).is_err() {
			return;
		}
		let (now, last) = (T::TickSource::now(), CurrentInterval::<T>::get());
		if last.length == 0 || now >= last.from.saturating_add(last.length) {
			let index = last.index.saturating_add(1);
			let length = Self::billing();
			let paid_from = T::TickSource::paid_slots();
			CurrentInterval::<T>::put(Interval { index, from: now, length, paid_from });
		}
	}

	/// Returns the length of the next interval. It is long enough that outcomes can change in at
	/// most [`OPEN_INTERVALS`] intervals at the same time.
	fn billing() -> Tick {
		let rules = Self::rules();
		// A pause can keep intervals open for longer than another challenge.
		let open = T::Adjudicator::longest().saturating_add(rules.pause.max(rules.answer));
		rules.billing.max(open.div_ceil(OPEN_INTERVALS))
	}

	/// Changes a chip's record of the current interval.
	fn change_current(chip: &ChipHash, change: impl FnOnce(&mut IntervalLiveness)) {
		let index = CurrentInterval::<T>::get().index;
		LivenessRecords::<T>::mutate(chip, |records| {
			if records.last().is_none_or(|record| record.interval != index) {
				push_evicting(records, IntervalLiveness::of(index));
			}
			if let Some(record) = records.last_mut() {
				change(record);
			}
		});
	}

	/// Changes the record of the interval in which challenge `seq` was made. Does nothing if there
	/// is no such record.
	fn change_at(chip: &ChipHash, seq: u64, change: impl FnOnce(&mut IntervalLiveness)) {
		if contest_block(seq).is_some() {
			return;
		}
		LivenessRecords::<T>::mutate(chip, |records| {
			if let Some(record) = records.iter_mut().find(|record| record.last_seq >= seq) {
				change(record);
			}
		});
	}

	/// Records a new challenge, whose outcome is open.
	pub(crate) fn note_challenge(chip: &ChipHash, seq: u64) {
		Self::change_current(chip, |record| {
			record.last_seq = seq;
			record.open = record.open.saturating_add(1);
		});
	}

	/// Records the outcome of a challenge. If the outcome was `found` from evidence, it can be
	/// proven false until [`Self::note_closed`].
	pub(crate) fn note_outcome(chip: &ChipHash, seq: u64, passed: bool, found: bool) {
		Self::change_at(chip, seq, |record| {
			record.outcome = Some((seq, passed));
			if !passed {
				record.fail(seq);
			}
			if !found {
				record.close();
			}
		});
	}

	/// Records that the outcome of a challenge can no longer change.
	pub(crate) fn note_closed(chip: &ChipHash, seq: u64) {
		Self::change_at(chip, seq, IntervalLiveness::close);
	}

	/// Records that the outcome of a challenge was proven false. An acceptance becomes a failure, a
	/// rejection is removed.
	pub(crate) fn note_overturned(chip: &ChipHash, seq: u64, passed: bool) {
		Self::change_at(chip, seq, |record| {
			let outcome = if passed {
				record.fail(seq);
				Some((seq, false))
			} else {
				record.failed.retain(|other| *other != seq);
				None
			};
			if record.outcome.is_some_and(|(last, _)| last == seq) {
				record.outcome = outcome;
			}
		});
	}

	/// Records that a chip has left its miner, so that the current interval has lapsed.
	pub(crate) fn note_left(chip: &ChipHash, seq: u64) {
		Self::change_current(chip, |record| {
			record.last_seq = record.last_seq.max(seq);
			record.lapsed = true;
			record.outcome = Some((seq, false));
		});
	}
}

impl<T: Config> Liveness for Pallet<T> {
	fn interval() -> Interval {
		CurrentInterval::<T>::get()
	}

	fn was_live(chip: &ChipHash, first: IntervalIndex, last: IntervalIndex) -> LivenessStatus {
		// Nothing is settled during a pause. The ordinary challenge after the pause must have an
		// outcome first.
		if Hosts::<T>::get(chip).is_some_and(|host| host.paused.is_some() && !host.failing) {
			return LivenessStatus::Unsettled;
		}
		let records = LivenessRecords::<T>::get(chip);
		let within = || records.iter().filter(|record| (first..=last).contains(&record.interval));
		if within().any(|record| record.lapsed) {
			return LivenessStatus::Lapsed;
		}
		// The outcome with which the chip entered the first interval must be final too.
		let before =
			records.iter().rev().find(|record| record.interval < first && record.has_end_state());
		if within().chain(before).any(|record| record.open > 0) || last >= Self::interval().index {
			return LivenessStatus::Unsettled;
		}
		let passed_before = match before.and_then(|record| record.outcome) {
			Some((_, passed)) => passed,
			None => within().any(|record| record.outcome.is_some()),
		};
		if passed_before && within().all(|record| record.failed.is_empty()) {
			LivenessStatus::Live
		} else {
			LivenessStatus::Lapsed
		}
	}

	fn fit(chip: &ChipHash) -> Option<Tier> {
		let host = Hosts::<T>::get(chip)?;
		// While the whole log of a chip is due, its earlier acceptance counts.
		let accepted = host.checkpoint.is_some() || host.former.is_some();
		let proven = accepted && !host.failing && host.paused.is_none();
		(proven && placement_share(host.tier) > 0).then_some(host.tier)
	}

	fn last_pause(chip: &ChipHash) -> Option<Pause> {
		LastPauses::<T>::get(chip)
	}

	fn draw(random: [u8; 8]) -> Option<ChipHash> {
		let shares = Tier::ALL.map(|tier| {
			let population = Self::drawn_population(tier);
			(tier, population, population.saturating_mul(placement_share(tier)))
		});
		let total = shares.iter().fold(0u32, |sum, (_, _, share)| sum.saturating_add(*share));
		let seed = random.using_encoded(blake2_256);
		let part = |at: usize| {
			let bytes = seed.get(at..).and_then(|rest| rest.first_chunk());
			bytes.map_or(0, |random| u32::from_le_bytes(*random))
		};
		let mut point = below(total, part(0));
		for (tier, population, share) in shares {
			if point < share {
				return Self::drawn_chip(tier, population, part(4));
			}
			point = point.saturating_sub(share);
		}
		None
	}
}
