extern crate alloc;
use alloc::vec::Vec;

use frame_support::BoundedVec;
use hcc_primitives::{ChipHash, Conduct, Met, NotesUse, Reputation, Tick, Ticks, Tier};

use crate::{score::Penalty, *};

impl<T: Config> Pallet<T> {
	/// What a chip stands at.
	pub(crate) fn score_of(chip: &ChipHash) -> Score {
		let (rules, now) = (Self::rules(), T::Ticks::now());
		Records::<T>::get(chip)
			.map_or_else(|| Score::first(&rules, now), |record| record.score.at(now, &rules))
			.with_use(Self::use_of(chip), &rules)
	}

	/// How many thousandths of what they pay for the VMs on a chip get.
	pub(crate) fn use_of(chip: &ChipHash) -> score::PerMille {
		Uses::<T>::get(chip).unwrap_or(score::FULL)
	}
}

fn difference(before: Score, after: Score) -> i16 {
	// Scores end at a thousand: their difference fits.
	i32::from(after.value).saturating_sub(before.value.into()) as i16
}

impl<AccountId> Record<AccountId> {
	/// What nothing is known of.
	fn first(rules: &Rules, now: Tick) -> Self {
		Self {
			score: Score::first(rules, now),
			passed: 0,
			failed: 0,
			missed: 0,
			last: Default::default(),
			slash: None,
		}
	}

	fn count(&mut self, conduct: Conduct) -> &mut u32 {
		match conduct {
			Conduct::Passed => &mut self.passed,
			Conduct::Failed(_) => &mut self.failed,
			Conduct::Missed => &mut self.missed,
		}
	}

	/// From when on nothing is proven of the chip: since the challenge was made at which evidence was accepted last; as long ago as incidents are remembered where none was.
	fn last_sound(&self) -> Tick {
		let passed = |incident: &&Incident| incident.conduct == Conduct::Passed;
		let last = self.last.iter().rev().find(passed).or_else(|| self.last.first());
		last.map_or(0, |incident| incident.made)
	}

	/// Takes an incident back, and each failure of evidence that went on from what was accepted then, or from what went on from that: what came after them counts
	/// from the score before, and costs what it did. Gives the challenges that are taken back; none where that incident is not remembered.
	fn undo(&mut self, seq: u64, rules: &Rules) -> Vec<u64> {
		let remembered = core::mem::take(&mut self.last).into_inner();
		let Some(undone) = remembered.iter().find(|incident| incident.seq == seq) else {
			self.last = BoundedVec::truncate_from(remembered);
			return Vec::new();
		};
		let mut score = undone.before;
		let (mut kept, mut gone, mut tainted) = (Vec::new(), Vec::new(), Vec::from([seq]));
		for mut incident in remembered {
			if incident.seq < seq {
				kept.push(incident);
				continue;
			}
			let goes_on = incident.from.is_some_and(|from| tainted.contains(&from));
			if goes_on {
				tainted.push(incident.seq);
			}
			if incident.seq == seq || (goes_on && incident.conduct != Conduct::Passed) {
				let count = self.count(incident.conduct);
				*count = count.saturating_sub(1);
				gone.push(incident.seq);
				continue;
			}
			incident.before = score;
			score = score.then(incident.conduct, incident.penalty, incident.at, rules);
			incident.change = difference(incident.before, score);
			kept.push(incident);
		}
		self.last = BoundedVec::truncate_from(kept);
		self.score = score;
		gone
	}
}

impl<T: Config> Reputation<AccountIdOf<T>> for Pallet<T> {
	fn note(chip: &ChipHash, miner: &AccountIdOf<T>, met: Met) -> Tier {
		let Met { seq, made, conduct, from } = met;
		let (rules, at) = (Self::rules(), T::Ticks::now());
		let mut record = Records::<T>::get(chip).unwrap_or_else(|| Record::first(&rules, at));
		// A challenge counts once, whoever tells of it how often.
		if record.last.iter().any(|incident| incident.seq == seq) {
			return Self::tier(chip);
		}
		let before = record.score;
		let penalty = Penalty::of(conduct, &rules);
		let after = before.then(conduct, penalty, at, &rules);
		record.score = after;
		let count = record.count(conduct);
		*count = count.saturating_add(1);
		if record.last.is_full() {
			record.last.remove(0);
		}
		let change = difference(before, after);
		// There is room: the oldest was dropped.
		let _ = record.last.try_push(Incident {
			seq,
			made,
			at,
			conduct,
			from,
			penalty,
			before,
			change,
		});
		if after.is_last_strike(&before, &rules) && record.slash.is_none() {
			let since = record.last_sound();
			record.slash = Self::book(chip, miner, seq, since, rules.slash);
		}
		Records::<T>::insert(chip, record);
		Self::deposit_event(Event::ScoreChanged {
			chip: *chip,
			seq,
			conduct,
			before: before.value,
			after: after.value,
		});
		let got = Self::use_of(chip);
		let tier = |score: Score| score.with_use(got, &rules).tier(&rules);
		let tiers = (tier(before), tier(after));
		if tiers.0 != tiers.1 {
			Self::deposit_event(Event::TierChanged {
				chip: *chip,
				before: tiers.0,
				after: tiers.1,
			});
		}
		tiers.1
	}

	fn undo(chip: &ChipHash, seq: u64) -> Tier {
		let rules = Self::rules();
		if let Some(mut record) = Records::<T>::get(chip) {
			let before = record.score;
			let gone = record.undo(seq, &rules);
			if !gone.is_empty() {
				let after = record.score;
				Self::lift(chip, &mut record, &gone, &rules);
				Records::<T>::insert(chip, record);
				Self::deposit_event(Event::Undone {
					chip: *chip,
					seq,
					before: before.value,
					after: after.value,
				});
			}
		}
		Self::tier(chip)
	}

	fn tier(chip: &ChipHash) -> Tier {
		Self::score_of(chip).tier(&Self::rules())
	}
}

impl<T: Config> NotesUse for Pallet<T> {
	fn note_use(chip: &ChipHash, got: u16) {
		let before = Self::use_of(chip);
		let after = score::use_after(before, got);
		if after == before {
			return;
		}
		if after == score::FULL {
			Uses::<T>::remove(chip);
		} else {
			Uses::<T>::insert(chip, after);
		}
		Self::deposit_event(Event::UseChanged { chip: *chip, got, before, after });
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
		for used in Uses::<T>::iter_values() {
			ensure!(used < score::FULL, "5: a use that is whole");
		}
		for (chip, record) in Records::<T>::iter() {
			let Some(slash) = record.slash else { continue };
			ensure!(Due::<T>::get(slash.due).contains(&chip), "4: a slash is never due");
		}
		for (tick, due) in Due::<T>::iter() {
			ensure!(tick > SlashedUntil::<T>::get(), "4: a slash was passed over");
			ensure!(!due.is_empty(), "4: an empty row");
		}
		Ok(())
	}
}
