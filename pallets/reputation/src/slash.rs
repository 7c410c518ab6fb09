//! Slashes of miners for the strike that suspends a chip, once the verdicts behind it are final.

use frame_support::{traits::Get, weights::WeightMeter};
use hcc_primitives::{book, catch_up, ChipHash, CompensationCases, MinerSlasher, Tick, TickSource};
use sp_runtime::Perbill;

use crate::*;

/// Maximum number of ticks whose slashes are made in one block.
const MAX_TICKS: u32 = 16;

impl<T: Config> Pallet<T> {
	/// Books a slash for the conduct of a chip since a tick.
	///
	/// If no tick has room, it is made immediately, without a compensation case.
	pub(crate) fn book_slash(
		chip: &ChipHash,
		miner: &AccountIdOf<T>,
		seq: u64,
		since: Tick,
		part: Perbill,
	) -> Option<PendingSlash<AccountIdOf<T>>> {
		let earliest = T::TickSource::now().saturating_add(T::SlashDelay::get().max(1));
		let Some(due) = book(earliest, |tick| SlashQueue::<T>::try_append(tick, chip)) else {
			T::Miners::slash(miner, chip, part);
			return None;
		};
		T::Cases::open(chip, since);
		let miner = miner.clone();
		Self::deposit_event(Event::SlashPending {
			chip: *chip,
			miner: miner.clone(),
			seq,
			part,
			due,
		});
		Some(PendingSlash { miner, seq, part, due })
	}

	/// Lifts a slash if its strike was undone or no longer suspends the chip.
	pub(crate) fn lift_slash(
		chip: &ChipHash,
		record: &mut RecordOf<T>,
		undone: &[u64],
		rules: &Rules,
	) {
		let Some(slash) = &record.slash else { return };
		let oldest = record.last.first().map_or(u64::MAX, |incident| incident.seq);
		let holds = match record.last.iter().find(|incident| incident.seq == slash.seq) {
			Some(incident) => incident
				.before
				.then(incident.outcome, incident.penalty, incident.at, rules)
				.is_last_strike(&incident.before, rules),
			// An incident that is older than the stored ones cannot be undone.
			None => !undone.contains(&slash.seq) && slash.seq < oldest,
		};
		if !holds {
			let (miner, seq) = (slash.miner.clone(), slash.seq);
			Self::unbook_slash(chip, slash.due);
			T::Cases::dismiss(chip);
			record.slash = None;
			Self::deposit_event(Event::SlashLifted { chip: *chip, miner, seq });
		}
	}

	fn unbook_slash(chip: &ChipHash, due: Tick) {
		SlashQueue::<T>::mutate_exists(due, |row| {
			if let Some(chips) = row {
				chips.retain(|other| other != chip);
				if chips.is_empty() {
					*row = None;
				}
			}
		});
	}

	/// Makes the slashes that are due. A tick without room waits for the next block.
	pub(crate) fn make_slashes(meter: &mut WeightMeter) {
		let now = T::TickSource::now();
		let made = catch_up(SlashedUntil::<T>::get(), now, MAX_TICKS, |tick| {
			let count = SlashQueue::<T>::decode_len(tick).unwrap_or_default() as u32;
			if meter.try_consume(T::WeightInfo::make_slashes(count)).is_err() {
				return false;
			}
			for chip in SlashQueue::<T>::take(tick) {
				Self::make_slash(&chip);
			}
			true
		});
		SlashedUntil::<T>::put(made);
	}

	fn make_slash(chip: &ChipHash) {
		let Some(mut record) = Records::<T>::get(chip) else { return };
		if let Some(slash) = record.slash.take() {
			Records::<T>::insert(chip, record);
			T::Miners::slash(&slash.miner, chip, slash.part);
			T::Cases::settle(chip);
		}
	}
}
