extern crate alloc;
use alloc::vec::Vec;

use frame_support::BoundedVec;
use hcc_primitives::{
	push_evicting, ChallengeOutcome, ChallengeRecord, ChipHash, Reputation, Tick, TickSource, Tier,
	UsageRecorder,
};

use crate::{score::Penalty, *};

impl<T: Config> Pallet<T> {
	/// Returns the current score of a chip, lowered according to its usage score.
	pub(crate) fn score_of(chip: &ChipHash) -> Score {
		let (rules, now) = (Self::rules(), T::TickSource::now());
		Records::<T>::get(chip)
			.map_or_else(|| Score::first(&rules, now), |record| record.score.at(now, &rules))
			.with_usage(Self::usage_score(chip), &rules)
	}

	/// Returns the usage score of a chip, in thousandths.
	pub(crate) fn usage_score(chip: &ChipHash) -> score::PerMille {
		UsageScores::<T>::get(chip).unwrap_or(score::FULL)
	}
}

fn difference(before: Score, after: Score) -> i16 {
	// Scores are at most a thousand, so the difference fits.
	i32::from(after.value).saturating_sub(before.value.into()) as i16
}

impl<AccountId> Record<AccountId> {
	/// Returns the record of a new chip.
	fn first(rules: &Rules, now: Tick) -> Self {
		Self {
			score: Score::first(rules, now),
			passed: 0,
			failed: 0,
			missed: 0,
			last: Default::default(),
			slashes: BoundedVec::new(),
		}
	}

	fn count(&mut self, outcome: ChallengeOutcome) -> &mut u32 {
		match outcome {
			ChallengeOutcome::Passed => &mut self.passed,
			ChallengeOutcome::Failed(_) => &mut self.failed,
			ChallengeOutcome::Missed => &mut self.missed,
		}
	}

	/// Returns the last tick at which the chip was known to be sound.
	///
	/// This is the tick of the last challenge that the chip passed. If no stored incident is a
	/// passed challenge, it is the tick of the oldest stored incident.
	pub(crate) fn last_sound(&self) -> Tick {
		let passed = |incident: &&Incident| incident.outcome == ChallengeOutcome::Passed;
		let last = self.last.iter().rev().find(passed).or_else(|| self.last.first());
		last.map_or(0, |incident| incident.made)
	}

	/// Undoes the incident of challenge `seq`, and each failed challenge whose evidence continues
	/// from it, directly or through other challenges.
	///
	/// The score returns to its value before the incident. Then the remaining later incidents are
	/// applied again, with their original penalties. Returns the numbers of the undone challenges.
	/// If the incident is not stored, the list is empty and nothing changes.
	fn undo(&mut self, seq: u64, rules: &Rules) -> Vec<u64> {
		let incidents = core::mem::take(&mut self.last).into_inner();
		let Some(undone) = incidents.iter().find(|incident| incident.seq == seq) else {
			self.last = BoundedVec::truncate_from(incidents);
			return Vec::new();
		};
		let mut score = undone.before;
		let (mut kept, mut undone_seqs, mut tainted) = (Vec::new(), Vec::new(), Vec::from([seq]));
		for mut incident in incidents {
			if incident.seq < seq {
				kept.push(incident);
				continue;
			}
			let continues = incident.from.is_some_and(|from| tainted.contains(&from));
			if continues {
				tainted.push(incident.seq);
			}
			if incident.seq == seq || (continues && incident.outcome != ChallengeOutcome::Passed) {
				let count = self.count(incident.outcome);
				*count = count.saturating_sub(1);
				undone_seqs.push(incident.seq);
				continue;
			}
			incident.before = score;
			score = score.then(incident.outcome, incident.penalty, incident.at, rules);
			incident.change = difference(incident.before, score);
			kept.push(incident);
		}
		self.last = BoundedVec::truncate_from(kept);
		self.score = score;
		undone_seqs
	}
}

impl<T: Config> Reputation<AccountIdOf<T>> for Pallet<T> {
	fn note(chip: &ChipHash, miner: &AccountIdOf<T>, challenge: ChallengeRecord) -> Tier {
		let ChallengeRecord { seq, made, outcome, from } = challenge;
		let (rules, at) = (Self::rules(), T::TickSource::now());
		let mut record = Records::<T>::get(chip).unwrap_or_else(|| Record::first(&rules, at));
		// A challenge counts once, even if it is noted repeatedly.
		if record.last.iter().any(|incident| incident.seq == seq) {
			return Self::tier(chip);
		}
		let before = record.score;
		let penalty = Penalty::of(outcome, &rules);
		let after = before.then(outcome, penalty, at, &rules);
		record.score = after;
		let count = record.count(outcome);
		*count = count.saturating_add(1);
		let change = difference(before, after);
		let incident = Incident { seq, made, at, outcome, from, penalty, before, change };
		push_evicting(&mut record.last, incident);
		if after.is_last_strike(&before, &rules) {
			Self::note_last_strike(chip, &mut record, miner, seq, rules.slash);
		}
		Records::<T>::insert(chip, record);
		Self::deposit_event(Event::ScoreChanged {
			chip: *chip,
			seq,
			outcome,
			before: before.value,
			after: after.value,
		});
		let got = Self::usage_score(chip);
		let tier = |score: Score| score.with_usage(got, &rules).tier(&rules);
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
			let undone_seqs = record.undo(seq, &rules);
			if !undone_seqs.is_empty() {
				let after = record.score;
				Self::lift_slashes(chip, &mut record, &undone_seqs, &rules);
				Records::<T>::insert(chip, record);
				Self::deposit_event(Event::OutcomeUndone {
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

	fn has_pending_slash(chip: &ChipHash) -> bool {
		Records::<T>::get(chip).is_some_and(|record| !record.slashes.is_empty())
	}
}

impl<T: Config> UsageRecorder for Pallet<T> {
	fn record_usage(chip: &ChipHash, got: u16) {
		let before = Self::usage_score(chip);
		let after = score::usage_after(before, got);
		if after == before {
			return;
		}
		if after == score::FULL {
			UsageScores::<T>::remove(chip);
		} else {
			UsageScores::<T>::insert(chip, after);
		}
		Self::deposit_event(Event::UsageScoreChanged { chip: *chip, got, before, after });
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::ensure;

		for record in Records::<T>::iter_values() {
			ensure!(record.score.value <= score::FULL, "1: a score exceeds the maximum");
			let counted = [record.passed, record.failed, record.missed]
				.iter()
				.map(|n| u64::from(*n))
				.sum::<u64>();
			ensure!(record.last.len() as u64 <= counted, "2: a record has uncounted incidents");
			let seqs = record.last.iter().map(|incident| incident.seq);
			ensure!(
				seqs.clone().zip(seqs.skip(1)).all(|(former, latter)| former < latter),
				"3: incidents are out of order"
			);
			// The score before each incident, followed by the current score.
			let scores = record.last.iter().map(|incident| incident.before.value);
			let next = scores.skip(1).chain([record.score.value]);
			ensure!(
				record.last.iter().zip(next).all(|(one, next)| {
					one.before.value.checked_add_signed(one.change) == Some(next)
				}),
				"6: a score does not follow from the one before"
			);
		}
		for used in UsageScores::<T>::iter_values() {
			ensure!(used < score::FULL, "5: a full usage score is stored");
		}
		for (chip, record) in Records::<T>::iter() {
			for (at, slash) in record.slashes.iter().enumerate() {
				ensure!(
					SlashQueue::<T>::get(slash.due).contains(&chip),
					"4: a slash is not booked"
				);
				let mut earlier = record.slashes.iter().take(at);
				ensure!(
					!earlier.any(|other| other.miner == slash.miner),
					"7: a miner has two pending slashes for a chip"
				);
			}
		}
		for (tick, due) in SlashQueue::<T>::iter() {
			ensure!(tick > SlashedUntil::<T>::get(), "4: a slash is overdue");
			ensure!(!due.is_empty(), "4: a queue row is empty");
		}
		Ok(())
	}
}
