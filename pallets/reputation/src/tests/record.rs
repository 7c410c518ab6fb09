use hcc_primitives::{Conduct, NotesUse as _, Reputation as _, Tier};

use crate::{mock::*, *};

#[test]
fn a_chip_that_nothing_is_known_of_has_no_record_and_a_first_tier() {
	run(|| {
		assert_eq!(Reputation::record(CHIP), None);
		assert_eq!(Reputation::tier_of(CHIP), Tier::Regular);
	});
}

#[test]
fn conduct_is_counted_and_told_with_the_score_before_and_after() {
	run(|| {
		assert_eq!(noted(1, Conduct::Passed, None), Tier::Regular);
		assert_eq!(noted(2, Conduct::Missed, None), Tier::Probation);
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
				conduct: Conduct::Missed,
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
fn a_challenge_counts_once_however_often_it_is_told() {
	run(|| {
		noted(1, Conduct::Missed, None);
		let once = Reputation::record(CHIP);
		for conduct in [Conduct::Missed, Conduct::Passed, Conduct::Failed(1102)] {
			assert_eq!(noted(1, conduct, None), Reputation::tier_of(CHIP));
			assert_eq!(Reputation::record(CHIP), once);
		}
		Reputation::undo(&CHIP, 1);
		noted(1, Conduct::Passed, None);
		assert_eq!(
			Reputation::record(CHIP).expect("noted").passed,
			1,
			"what was undone can be told anew"
		);
	});
}

#[test]
fn the_last_incidents_are_remembered() {
	run(|| {
		for seq in 1..=u64::from(REMEMBERED) + 4 {
			noted(seq, Conduct::Passed, None);
		}
		let record = Reputation::record(CHIP).expect("noted");
		assert_eq!(record.passed, REMEMBERED + 4);
		let seqs: Vec<_> = record.last.iter().map(|incident| incident.seq).collect();
		assert_eq!(seqs, (5..=u64::from(REMEMBERED) + 4).collect::<Vec<_>>());
	});
}

#[test]
fn what_is_undone_leaves_the_score_as_if_it_had_not_been() {
	let conducts =
		[Conduct::Passed, Conduct::Failed(1102), Conduct::Passed, Conduct::Missed, Conduct::Passed];
	for undone in 0..conducts.len() {
		let note = |skip: Option<usize>| {
			for (at, conduct) in conducts.iter().enumerate().filter(|(at, _)| Some(*at) != skip) {
				noted(at as u64, *conduct, None);
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

/// A false acceptance can make an honest machine fail: what the liars say of its log is where its evidence goes on.
#[test]
fn failures_of_evidence_that_went_on_from_a_false_acceptance_are_undone_with_it() {
	let failed = Conduct::Failed(1102);
	run(|| {
		noted(1, Conduct::Passed, None);
		let before = Reputation::record(CHIP).expect("noted");
		noted(2, Conduct::Passed, Some(1));
		noted(3, failed, Some(2));
		noted(4, Conduct::Passed, Some(2));
		// It goes on from what went on from it.
		noted(5, failed, Some(4));
		noted(6, failed, Some(4));
		assert_eq!(Reputation::tier_of(CHIP), Tier::Suspended);
		assert!(Reputation::record(CHIP).expect("noted").slash.is_some());
		Reputation::undo(&CHIP, 2);
		let after = Reputation::record(CHIP).expect("noted");
		let seqs: Vec<_> = after.last.iter().map(|incident| incident.seq).collect();
		assert_eq!(seqs, [1, 4], "what it has passed stays");
		assert_eq!((after.passed, after.failed), (2, 0));
		assert_eq!(after.score.strikes, 0);
		assert_eq!(after.score.value, before.score.value + 10);
		assert_eq!(after.slash, None, "and with the strikes what they would have cost");
	});
	// What is silent, and what goes on from elsewhere, stays.
	run(|| {
		noted(1, Conduct::Passed, None);
		noted(2, Conduct::Missed, None);
		noted(3, failed, None);
		Reputation::undo(&CHIP, 1);
		let record = Reputation::record(CHIP).expect("noted");
		assert_eq!((record.passed, record.missed, record.failed), (0, 1, 1));
	});
}

#[test]
fn what_is_undone_leaves_the_rest_as_the_rules_were_then() {
	run(|| {
		noted(1, Conduct::Missed, None);
		noted(2, Conduct::Failed(1201), None);
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
fn nothing_is_undone_that_is_not_remembered() {
	run(|| {
		noted(1, Conduct::Missed, None);
		let before = Reputation::record(CHIP);
		Reputation::undo(&CHIP, 2);
		Reputation::undo(&[8; 32], 1);
		assert_eq!(Reputation::record(CHIP), before);
		assert_eq!(Reputation::record([8; 32]), None);
	});
}

#[test]
fn what_vms_get_lowers_the_tier_and_leaves_the_record() {
	run(|| {
		MockRules::mutate(|rules| rules.start = 705);
		noted(1, Conduct::Passed, None);
		let record = Reputation::record(CHIP);
		assert_eq!(Reputation::tier_of(CHIP), Tier::Trusted);
		for _ in 0..8 {
			Reputation::note_use(&CHIP, 0);
		}
		assert!(Reputation::usage_of(CHIP) < 700);
		assert_eq!(Reputation::tier_of(CHIP), Tier::Regular);
		assert_eq!(Reputation::record(CHIP), record, "no incident is another");
		assert_eq!(noted(2, Conduct::Passed, None), Tier::Regular);
		for _ in 0..200 {
			Reputation::note_use(&CHIP, 1_000);
		}
		assert_eq!(Reputation::usage_of(CHIP), 1_000);
		assert!(!Uses::<Test>::contains_key(CHIP), "what is whole takes no room");
		assert_eq!(Reputation::tier_of(CHIP), Tier::Trusted);
	});
}
