use hcc_primitives::{ChallengeOutcome, Reputation as _, Tier, UsageRecorder as _};

use crate::{mock::*, *};

#[test]
fn unknown_chip_has_no_record_and_regular_tier() {
	run(|| {
		assert_eq!(Reputation::record(CHIP), None);
		assert_eq!(Reputation::tier_of(CHIP), Tier::Regular);
	});
}

#[test]
fn outcome_changes_score_and_emits_event() {
	run(|| {
		assert_eq!(noted(1, ChallengeOutcome::Passed, None), Tier::Regular);
		assert_eq!(noted(2, ChallengeOutcome::Missed, None), Tier::Probation);
		let record = Reputation::record(CHIP).expect("noted");
		assert_eq!((record.passed, record.failed, record.missed), (1, 0, 1));
		assert_eq!(
			record.last.iter().map(|incident| incident.change).collect::<Vec<_>>(),
			[10, -400]
		);
		System::assert_has_event(
			Event::ScoreChanged {
				chip: CHIP,
				seq: 2,
				outcome: ChallengeOutcome::Missed,
				before: 510,
				after: 110,
			}
			.into(),
		);
		System::assert_last_event(
			Event::TierChanged { chip: CHIP, before: Tier::Regular, after: Tier::Probation }.into(),
		);
	});
}

#[test]
fn challenge_counts_once() {
	run(|| {
		noted(1, ChallengeOutcome::Missed, None);
		let once = Reputation::record(CHIP);
		for outcome in
			[ChallengeOutcome::Missed, ChallengeOutcome::Passed, ChallengeOutcome::Failed(1102)]
		{
			assert_eq!(noted(1, outcome, None), Reputation::tier_of(CHIP));
			assert_eq!(Reputation::record(CHIP), once);
		}
		Reputation::undo(&CHIP, 1);
		noted(1, ChallengeOutcome::Passed, None);
		assert_eq!(
			Reputation::record(CHIP).expect("noted").passed,
			1,
			"an undone challenge can be noted again"
		);
	});
}

#[test]
fn last_incidents_are_stored() {
	run(|| {
		for seq in 1..=u64::from(MAX_INCIDENTS) + 4 {
			noted(seq, ChallengeOutcome::Passed, None);
		}
		let record = Reputation::record(CHIP).expect("noted");
		assert_eq!(record.passed, MAX_INCIDENTS + 4);
		let seqs: Vec<_> = record.last.iter().map(|incident| incident.seq).collect();
		assert_eq!(seqs, (5..=u64::from(MAX_INCIDENTS) + 4).collect::<Vec<_>>());
	});
}

#[test]
fn undone_incident_has_no_effect_on_score() {
	let outcomes = [
		ChallengeOutcome::Passed,
		ChallengeOutcome::Failed(1102),
		ChallengeOutcome::Passed,
		ChallengeOutcome::Missed,
		ChallengeOutcome::Passed,
	];
	for undone in 0..outcomes.len() {
		let note = |skip: Option<usize>| {
			for (at, outcome) in outcomes.iter().enumerate().filter(|(at, _)| Some(*at) != skip) {
				noted(at as u64, *outcome, None);
			}
		};
		let mut wanted = None;
		run(|| {
			note(Some(undone));
			wanted = Reputation::record(CHIP);
		});
		run(|| {
			note(None);
			let tier = Reputation::undo(&CHIP, undone as u64);
			assert_eq!(Reputation::record(CHIP), wanted, "without {undone}");
			assert_eq!(tier, Reputation::tier_of(CHIP));
		});
	}
}

/// A false acceptance can make an honest machine fail, because the machine's next evidence
/// continues from the false checkpoint.
#[test]
fn undone_acceptance_undoes_dependent_failures() {
	let failed = ChallengeOutcome::Failed(1102);
	run(|| {
		noted(1, ChallengeOutcome::Passed, None);
		let before = Reputation::record(CHIP).expect("noted");
		noted(2, ChallengeOutcome::Passed, Some(1));
		noted(3, failed, Some(2));
		noted(4, ChallengeOutcome::Passed, Some(2));
		// This evidence continues from the false acceptance indirectly.
		noted(5, failed, Some(4));
		noted(6, failed, Some(4));
		assert_eq!(Reputation::tier_of(CHIP), Tier::Suspended);
		assert!(Reputation::record(CHIP).expect("noted").slashes.len() == 1);
		Reputation::undo(&CHIP, 2);
		let after = Reputation::record(CHIP).expect("noted");
		let seqs: Vec<_> = after.last.iter().map(|incident| incident.seq).collect();
		assert_eq!(seqs, [1, 4], "acceptances stay");
		assert_eq!((after.passed, after.failed), (2, 0));
		assert_eq!(after.score.strikes, 0);
		assert_eq!(after.score.value, before.score.value + 10);
		assert!(after.slashes.is_empty(), "the slash is lifted with the strikes");
	});
	// A missed challenge and failures that continue other evidence are not undone.
	run(|| {
		noted(1, ChallengeOutcome::Passed, None);
		noted(2, ChallengeOutcome::Missed, None);
		noted(3, failed, None);
		Reputation::undo(&CHIP, 1);
		let record = Reputation::record(CHIP).expect("noted");
		assert_eq!((record.passed, record.missed, record.failed), (0, 1, 1));
	});
}

#[test]
fn undo_keeps_original_penalties() {
	run(|| {
		noted(1, ChallengeOutcome::Missed, None);
		noted(2, ChallengeOutcome::Failed(1201), None);
		let cost = Reputation::record(CHIP).expect("noted").last[1].penalty.loss;
		MockRules::mutate(|rules| {
			rules.ima_unknown += 100;
			rules.tampered += 100;
		});
		Reputation::undo(&CHIP, 1);
		let record = Reputation::record(CHIP).expect("noted");
		assert_eq!(record.score.value, Reputation::rules().start - cost);
	});
}

#[test]
fn undo_of_unknown_incident_has_no_effect() {
	run(|| {
		noted(1, ChallengeOutcome::Missed, None);
		let before = Reputation::record(CHIP);
		Reputation::undo(&CHIP, 2);
		Reputation::undo(&[8; 32], 1);
		assert_eq!(Reputation::record(CHIP), before);
		assert_eq!(Reputation::record([8; 32]), None);
	});
}

#[test]
fn usage_lowers_tier_and_keeps_record() {
	run(|| {
		MockRules::mutate(|rules| rules.start = 705);
		noted(1, ChallengeOutcome::Passed, None);
		let record = Reputation::record(CHIP);
		assert_eq!(Reputation::tier_of(CHIP), Tier::Trusted);
		for _ in 0..8 {
			Reputation::record_usage(&CHIP, 0);
		}
		assert!(Reputation::usage_of(CHIP) < 700);
		assert_eq!(Reputation::tier_of(CHIP), Tier::Regular);
		assert_eq!(Reputation::record(CHIP), record, "no incident changes");
		assert_eq!(noted(2, ChallengeOutcome::Passed, None), Tier::Regular);
		for _ in 0..200 {
			Reputation::record_usage(&CHIP, 1_000);
		}
		assert_eq!(Reputation::usage_of(CHIP), 1_000);
		assert!(!UsageScores::<Test>::contains_key(CHIP), "a full score has no row");
		assert_eq!(Reputation::tier_of(CHIP), Tier::Trusted);
	});
}
