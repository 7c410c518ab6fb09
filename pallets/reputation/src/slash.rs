//! Slashes miners for strikes that suspend chips, after the verdicts that led to them are final.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{traits::Get, weights::WeightMeter};
use hcc_primitives::{book, catch_up, ChipHash, CompensationCases, MinerSlasher, Tick, TickSource};
use sp_runtime::Perbill;

use crate::*;

/// Maximum number of ticks whose slashes are applied in one block.
const MAX_TICKS: u32 = 16;

impl<T: Config> Pallet<T> {
	/// Books a slash for the strike that suspends a chip, unless a slash of the same miner is
	/// pending for the chip.
	///
	/// A pending slash of a former holder does not spare the present holder. If the record has no
	/// room for another slash, the slash is applied immediately, without a compensation case.
	pub(crate) fn note_last_strike(
		chip: &ChipHash,
		record: &mut RecordOf<T>,
		miner: &AccountIdOf<T>,
		seq: u64,
		part: Perbill,
	) {
		if record.slashes.iter().any(|slash| slash.miner == *miner) {
			return;
		}
		if record.slashes.is_full() {
			return T::Miners::slash(miner, None, part);
		}
		if let Some(slash) = Self::book_slash(chip, miner, seq, record.last_sound(), part) {
			// Cannot fail, because the record is not full.
			let _ = record.slashes.try_push(slash);
		}
	}

	/// Books a slash for the conduct of a chip since a tick.
	///
	/// If no tick has room, the slash is applied immediately, without a compensation case.
	pub(crate) fn book_slash(
		chip: &ChipHash,
		miner: &AccountIdOf<T>,
		seq: u64,
		since: Tick,
		part: Perbill,
	) -> Option<PendingSlash<AccountIdOf<T>>> {
		let earliest = T::TickSource::now().saturating_add(T::SlashDelay::get().max(1));
		let Some(due) = book(earliest, |tick| SlashQueue::<T>::try_append(tick, chip)) else {
			T::Miners::slash(miner, None, part);
			return None;
		};
		let case = T::Cases::open(chip, since);
		let miner = miner.clone();
		Self::deposit_event(Event::SlashPending {
			chip: *chip,
			miner: miner.clone(),
			seq,
			part,
			due,
		});
		Some(PendingSlash { miner, seq, part, due, case })
	}

	/// Cancels the slashes whose strikes were undone or no longer suspend the chip.
	pub(crate) fn lift_slashes(
		chip: &ChipHash,
		record: &mut RecordOf<T>,
		undone: &[u64],
		rules: &Rules,
	) {
		let oldest = record.last.first().map_or(u64::MAX, |incident| incident.seq);
		let holds = |slash: &PendingSlash<AccountIdOf<T>>| match record
			.last
			.iter()
			.find(|incident| incident.seq == slash.seq)
		{
			Some(incident) => incident
				.before
				.then(incident.outcome, incident.penalty, incident.at, rules)
				.is_last_strike(&incident.before, rules),
			// An incident that is older than the stored ones cannot be undone.
			None => !undone.contains(&slash.seq) && slash.seq < oldest,
		};
		let lifted: Vec<_> = record.slashes.iter().filter(|slash| !holds(slash)).cloned().collect();
		record.slashes.retain(|slash| !lifted.contains(slash));
		for PendingSlash { miner, seq, due, case, .. } in lifted {
			Self::unbook_slash(chip, due);
			if case {
				T::Cases::dismiss(chip);
			}
			Self::deposit_event(Event::SlashLifted { chip: *chip, miner, seq });
		}
	}

	fn unbook_slash(chip: &ChipHash, due: Tick) {
		SlashQueue::<T>::mutate_exists(due, |row| {
			if let Some(chips) = row {
				// Slashes of other miners may be booked for the chip at the same tick.
				if let Some(at) = chips.iter().position(|other| other == chip) {
					chips.remove(at);
				}
				if chips.is_empty() {
					*row = None;
				}
			}
		});
	}

	/// Applies the slashes that are due. If a block has no room for a tick, the next block
	/// continues.
	pub(crate) fn make_slashes(meter: &mut WeightMeter) {
		let now = T::TickSource::now();
		let made = catch_up(SlashedUntil::<T>::get(), now, MAX_TICKS, |tick| {
			let count = SlashQueue::<T>::decode_len(tick).unwrap_or_default() as u32;
			if meter.try_consume(T::WeightInfo::make_slashes(count)).is_err() {
				return false;
			}
			for chip in SlashQueue::<T>::take(tick) {
				Self::make_slashes_of(&chip, tick);
			}
			true
		});
		SlashedUntil::<T>::put(made);
	}

	/// Applies the slashes of a chip that are due at a tick.
	fn make_slashes_of(chip: &ChipHash, tick: Tick) {
		let Some(mut record) = Records::<T>::get(chip) else { return };
		let is_due = |slash: &&PendingSlash<AccountIdOf<T>>| slash.due == tick;
		let due: Vec<_> = record.slashes.iter().filter(is_due).cloned().collect();
		record.slashes.retain(|slash| slash.due != tick);
		Records::<T>::insert(chip, record);
		for slash in due {
			T::Miners::slash(&slash.miner, slash.case.then_some(chip), slash.part);
			if slash.case {
				T::Cases::settle(chip);
			}
		}
	}
}
