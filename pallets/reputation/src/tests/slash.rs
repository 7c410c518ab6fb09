//! Slashes for the strikes that suspend chips.

use frame_support::BoundedVec;
use hcc_evidence::RejectCode;
use hcc_primitives::{ChallengeOutcome, Reputation as _};
use hcc_testing::{CaseStep, CaseSteps, Now, SlashedMiners};
use sp_runtime::Perbill;

use crate::{mock::*, *};

fn strike(seq: u64) {
	let forged = ChallengeOutcome::Failed(RejectCode::QuoteSignature.number());
	noted(seq, forged, None);
}

#[test]
fn last_strike_slashes_after_delay() {
	run(|| {
		strike(1);
		strike(2);
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, None);
		strike(3);
		let due = Now::get() + SLASH_DELAY;
		let part = RULES.slash;
		let slash = PendingSlash { miner: miner(), seq: 3, part, due };
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, Some(slash));
		System::assert_has_event(
			Event::SlashPending { chip: CHIP, miner: miner(), seq: 3, part, due }.into(),
		);
		go_to(due - 1);
		assert!(SlashedMiners::get().is_empty());
		go_to(due);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, None);
	});
}

#[test]
fn silence_slashes_as_much_as_rejection() {
	run(|| {
		for seq in 1..=3 {
			noted(seq, ChallengeOutcome::Missed, None);
		}
		go_to(Now::get() + SLASH_DELAY);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
	});
}

#[test]
fn suspended_chip_is_slashed_once() {
	run(|| {
		for seq in 1..=20 {
			strike(seq);
		}
		go_to(4 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get().len(), 1);
	});
}

#[test]
fn undone_strike_lifts_slash() {
	for undone in 1..=3 {
		run(|| {
			(1..=3).for_each(strike);
			Reputation::undo(&CHIP, undone);
			System::assert_has_event(
				Event::SlashLifted { chip: CHIP, miner: miner(), seq: 3 }.into(),
			);
			go_to(2 * SLASH_DELAY);
			assert!(SlashedMiners::get().is_empty(), "{undone}");
		});
	}
}

#[test]
fn undone_incident_without_strike_keeps_slash() {
	run(|| {
		noted(1, ChallengeOutcome::Failed(RejectCode::ImaUnknownFile.number()), None);
		(2..=4).for_each(strike);
		Reputation::undo(&CHIP, 1);
		go_to(2 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get().len(), 1);
	});
}

#[test]
fn evicted_strike_is_still_slashed() {
	run(|| {
		(1..=3).for_each(strike);
		for seq in 4..=24 {
			noted(seq, ChallengeOutcome::Missed, None);
		}
		Reputation::undo(&CHIP, 20);
		go_to(2 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get().len(), 1);
	});
}

#[test]
fn slash_uses_rules_of_strike() {
	run(|| {
		(1..=3).for_each(strike);
		MockRules::set(Rules { slash: Perbill::from_percent(50), ..RULES });
		go_to(2 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
	});
}

#[test]
fn full_queue_slashes_immediately() {
	run(|| {
		let first = Now::get() + SLASH_DELAY;
		for tick in first..=first + hcc_primitives::tick_queue::SLACK {
			let full = vec![[9; 32]; MAX_SLASHES as usize];
			SlashQueue::<Test>::insert(tick, BoundedVec::truncate_from(full));
		}
		(1..=3).for_each(strike);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
	});
}

#[test]
fn undone_only_incident_lifts_slash() {
	run(|| {
		MockRules::set(Rules { max_strikes: 1, ..RULES });
		strike(1);
		assert!(Reputation::record(CHIP).expect("noted").slash.is_some());
		Reputation::undo(&CHIP, 1);
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, None);
		go_to(2 * SLASH_DELAY);
		assert!(SlashedMiners::get().is_empty());
	});
}

#[test]
fn undone_oldest_incident_lifts_slash() {
	run(|| {
		(1..=3).for_each(strike);
		for seq in 4..=u64::from(MAX_INCIDENTS) + 2 {
			noted(seq, ChallengeOutcome::Missed, None);
		}
		let first = Reputation::record(CHIP).expect("noted").last.first().copied();
		assert_eq!(first.expect("many").seq, 3);
		Reputation::undo(&CHIP, 3);
		go_to(2 * SLASH_DELAY);
		assert!(SlashedMiners::get().is_empty());
	});
}

#[test]
fn case_opens_at_last_passed_challenge_and_settles() {
	run(|| {
		let sound = Now::get();
		Now::mutate(|now| *now += 70);
		// The challenge counts, not its verdict: a machine can be changed while its evidence is
		// judged.
		noted_since(sound, 1, ChallengeOutcome::Passed, None);
		for seq in 2..=4 {
			Now::mutate(|now| *now += 7);
			strike(seq);
		}
		assert_eq!(CaseSteps::get(), [(CHIP, CaseStep::Opened(sound))]);
		go_to(Now::get() + SLASH_DELAY);
		assert_eq!(CaseSteps::get()[1..], [(CHIP, CaseStep::Settled)]);
	});
}

#[test]
fn case_without_pass_opens_at_first_incident() {
	run(|| {
		let first = Now::get();
		for seq in 1..=3 {
			strike(seq);
			Now::mutate(|now| *now += 7);
		}
		assert_eq!(CaseSteps::get(), [(CHIP, CaseStep::Opened(first))]);
	});
}

#[test]
fn lifted_slash_dismisses_case() {
	run(|| {
		(1..=3).for_each(strike);
		Reputation::undo(&CHIP, 3);
		assert_eq!(CaseSteps::get()[1..], [(CHIP, CaseStep::Dismissed)]);
	});
}
