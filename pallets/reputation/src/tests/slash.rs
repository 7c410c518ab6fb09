//! Slashes for the strikes that suspend chips.

use frame_support::BoundedVec;
use hcc_evidence::RejectCode;
use hcc_primitives::{ChallengeOutcome, ChallengeRecord, Reputation as _};
use hcc_testing::{CaseStep, CaseSteps, Now, SlashedMiners};
use sp_runtime::{AccountId32, Perbill};

use crate::{mock::*, *};

fn strike(seq: u64) {
	let forged = ChallengeOutcome::Failed(RejectCode::QuoteSignature.number());
	noted(seq, forged, None);
}

fn pending() -> Vec<PendingSlash<AccountId32>> {
	Reputation::record(CHIP).expect("noted").slashes.into_inner()
}

#[test]
fn last_strike_slashes_after_delay() {
	run(|| {
		strike(1);
		strike(2);
		assert!(pending().is_empty());
		strike(3);
		let due = Now::get() + SLASH_DELAY;
		let part = RULES.slash;
		let slash = PendingSlash { miner: miner(), seq: 3, part, due, case: true };
		assert_eq!(pending(), [slash]);
		System::assert_has_event(
			Event::SlashPending { chip: CHIP, miner: miner(), seq: 3, part, due }.into(),
		);
		go_to(due - 1);
		assert!(SlashedMiners::get().is_empty());
		go_to(due);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
		assert!(pending().is_empty());
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

/// Notes an outcome while another miner has the chip.
fn noted_for(who: u8, seq: u64, outcome: ChallengeOutcome) {
	let met = ChallengeRecord { seq, made: Now::get(), outcome, from: None };
	Reputation::note(&CHIP, &AccountId32::new([who; 32]), met);
}

#[test]
fn last_strike_of_next_holder_is_booked_beside_first() {
	run(|| {
		MockRules::set(Rules { max_strikes: 1, streak: 1, ..RULES });
		let next = AccountId32::new([2; 32]);
		strike(1);
		Now::mutate(|now| *now += 1);
		noted_for(2, 2, ChallengeOutcome::Passed);
		noted_for(2, 3, ChallengeOutcome::Missed);
		let miners: Vec<_> = pending().into_iter().map(|slash| slash.miner).collect();
		assert_eq!(miners, [miner(), next.clone()]);
		// A miner receives no second slash for the chip while its first slash is pending.
		noted_for(2, 4, ChallengeOutcome::Passed);
		noted_for(2, 5, ChallengeOutcome::Missed);
		assert_eq!(pending().len(), 2);
		go_to(2 * SLASH_DELAY);
		let slashed: Vec<_> = SlashedMiners::get().into_iter().map(|(who, _)| who).collect();
		assert_eq!(slashed, [miner(), next]);
	});
}

#[test]
fn lifted_slash_leaves_that_of_other_holder() {
	run(|| {
		MockRules::set(Rules { max_strikes: 1, streak: 1, ..RULES });
		strike(1);
		noted_for(2, 2, ChallengeOutcome::Passed);
		noted_for(2, 3, ChallengeOutcome::Missed);
		Reputation::undo(&CHIP, 1);
		// Both slashes are booked at the same tick.
		let left: Vec<_> = pending().into_iter().map(|slash| slash.seq).collect();
		assert_eq!(left, [3]);
		go_to(2 * SLASH_DELAY);
		let slashed: Vec<_> = SlashedMiners::get().into_iter().map(|(who, _)| who).collect();
		assert_eq!(slashed, [AccountId32::new([2; 32])]);
	});
}

#[test]
fn full_list_of_slashes_slashes_immediately() {
	run(|| {
		MockRules::set(Rules { max_strikes: 1, streak: 1, ..RULES });
		for who in 1..=MAX_PENDING as u8 + 1 {
			noted_for(who, 2 * u64::from(who), ChallengeOutcome::Missed);
			noted_for(who, 2 * u64::from(who) + 1, ChallengeOutcome::Passed);
		}
		assert_eq!(pending().len(), MAX_PENDING as usize);
		let last = AccountId32::new([MAX_PENDING as u8 + 1; 32]);
		assert_eq!(SlashedMiners::get(), [(last, RULES.slash)]);
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
		assert_eq!(pending().len(), 1);
		Reputation::undo(&CHIP, 1);
		assert!(pending().is_empty());
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
		// The tick of the challenge counts, not the tick of its verdict, because a machine can be
		// changed while its evidence is judged.
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
