use hcc_primitives::{ChipHash, Conduct, Reputation, Tick, Tier};

use crate::*;

impl<T: Config> Pallet<T> {
	/// What a chip stands at.
	pub(crate) fn score_of(chip: &ChipHash) -> Score {
		Records::<T>::get(chip).map_or_else(|| Score::first(&Self::rules()), |record| record.score)
	}
}

impl<T: Config> Reputation for Pallet<T> {
	fn note(chip: &ChipHash, seq: u64, conduct: Conduct, at: Tick) -> Tier {
		let rules = Self::rules();
		let mut record = Records::<T>::get(chip).unwrap_or_else(|| Record {
			score: Score::first(&rules),
			passed: 0,
			failed: 0,
			missed: 0,
			last: Default::default(),
		});
		let before = record.score;
		let after = before.after(conduct, &rules);
		record.score = after;
		let count = match conduct {
			Conduct::Passed => &mut record.passed,
			Conduct::Failed(_) => &mut record.failed,
			Conduct::Missed => &mut record.missed,
		};
		*count = count.saturating_add(1);
		if record.last.is_full() {
			record.last.remove(0);
		}
		// Scores end at a thousand: their difference fits.
		let change = i32::from(after.value).saturating_sub(before.value.into()) as i16;
		// There is room: the oldest was dropped.
		let _ = record.last.try_push(Incident { seq, at, conduct, change });
		Records::<T>::insert(chip, record);
		Self::deposit_event(Event::ScoreChanged {
			chip: *chip,
			seq,
			conduct,
			before: before.value,
			after: after.value,
		});
		let tiers = (before.tier(&rules), after.tier(&rules));
		if tiers.0 != tiers.1 {
			Self::deposit_event(Event::TierChanged {
				chip: *chip,
				before: tiers.0,
				after: tiers.1,
			});
		}
		tiers.1
	}

	fn tier(chip: &ChipHash) -> Tier {
		Self::score_of(chip).tier(&Self::rules())
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::ensure;

		for record in Records::<T>::iter_values() {
			ensure!(record.score.value <= score::FULL, "1: a score above the full one");
			let counted = [record.passed, record.failed, record.missed]
				.iter()
				.map(|n| u64::from(*n))
				.sum::<u64>();
			ensure!(record.last.len() as u64 <= counted, "2: more incidents than were counted");
			let seqs = record.last.iter().map(|incident| incident.seq);
			ensure!(
				seqs.clone().zip(seqs.skip(1)).all(|(former, latter)| former < latter),
				"3: incidents are out of order"
			);
		}
		Ok(())
	}
}
