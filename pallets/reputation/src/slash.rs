//! What a miner loses for its chip's last strike: once the verdicts behind it can be proven false no more.

use frame_support::{traits::Get, weights::WeightMeter};
use hcc_primitives::{ChipHash, OpensCases, SlashesMiners, Tick, Ticks};
use sp_runtime::Perbill;

use crate::*;

/// The most ticks whose slashes are made in one block.
const MAX_TICKS: u32 = 16;

impl<T: Config> Pallet<T> {
	/// Books a slash for what a chip did since a tick; where no tick has room, it is made at once.
	pub(crate) fn book(
		chip: &ChipHash,
		miner: &AccountIdOf<T>,
		seq: u64,
		since: Tick,
		part: Perbill,
	) -> Option<PendingSlash<AccountIdOf<T>>> {
		let earliest = T::Ticks::now().saturating_add(T::SlashDelay::get().max(1));
		let due = (earliest..=earliest.saturating_add(SLACK))
			.find(|tick| Due::<T>::try_append(tick, chip).is_ok());
		let Some(due) = due else {
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

	/// Takes a slash back if what it followed from is undone, or is the last strike no more. The booking goes when it is due.
	pub(crate) fn lift(chip: &ChipHash, record: &mut RecordOf<T>, undone: &[u64], rules: &Rules) {
		let Some(slash) = &record.slash else { return };
		let oldest = record.last.first().map_or(u64::MAX, |incident| incident.seq);
		let holds = match record.last.iter().find(|incident| incident.seq == slash.seq) {
			Some(incident) => incident
				.before
				.then(incident.conduct, incident.penalty, incident.at, rules)
				.is_last_strike(&incident.before, rules),
			// What is older than what is remembered cannot be undone.
			None => !undone.contains(&slash.seq) && slash.seq < oldest,
		};
		if !holds {
			let (miner, seq) = (slash.miner.clone(), slash.seq);
			Self::unbook(chip, slash.due);
			T::Cases::dismiss(chip);
			record.slash = None;
			Self::deposit_event(Event::SlashLifted { chip: *chip, miner, seq });
		}
	}

	fn unbook(chip: &ChipHash, due: Tick) {
		Due::<T>::mutate_exists(due, |row| {
			if let Some(chips) = row {
				chips.retain(|other| other != chip);
				if chips.is_empty() {
					*row = None;
				}
			}
		});
	}

	/// Makes the slashes that are due. A tick without room for that is left to the next block.
	pub(crate) fn make_slashes(meter: &mut WeightMeter) {
		let now = T::Ticks::now();
		let mut made = SlashedUntil::<T>::get();
		let last = now.min(made.saturating_add(MAX_TICKS));
		while made < last {
			let tick = made.saturating_add(1);
			let count = Due::<T>::decode_len(tick).unwrap_or_default() as u32;
			if meter.try_consume(T::WeightInfo::make_slashes(count)).is_err() {
				break;
			}
			for chip in Due::<T>::take(tick) {
				Self::make_slash(&chip);
			}
			made = tick;
		}
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
