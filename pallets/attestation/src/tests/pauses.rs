//! Maintenance pauses.

use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use hcc_evidence_testing::Machine;
use hcc_primitives::{ChallengeOutcome, Liveness, Tier};
use hcc_testing::{Noted, Now, WithSlash};
use sp_core::H256;
use sp_runtime::AccountId32;

use crate::{
	mock::*,
	tests::verdicts::{answer, challenge, enlisted, host},
	*,
};

fn pause() -> DispatchResult {
	Attestation::pause(RuntimeOrigin::signed(miner()), miner())
}

fn fit(machine: &Machine) -> Option<Tier> {
	<Attestation as Liveness>::fit(&chip(machine))
}

fn ticks(count: u32) {
	(0..count).for_each(|_| next_tick());
}

#[test]
fn paused_chip_is_challenged_once_and_returns_by_ordinary_challenge() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		assert_ok!(pause());
		let paused = host(&alice).challenge.expect("challenged");
		assert_eq!(paused.deadline, Now::get() + PAUSE);
		assert_eq!(fit(&alice), None);
		// Without the pause, the draw would soon challenge the only chip of its tier.
		for tick in 0..PAUSE {
			Seed::set(Some(H256::from_low_u64_be(tick.into())));
			next_tick();
		}
		Seed::set(None);
		assert_eq!(host(&alice).seq, paused.seq);
		assert!(answer(&alice).is_accepted());
		assert_eq!(fit(&alice), None, "the evidence may be as old as the pause");
		next_tick();
		let ordinary = host(&alice).challenge.expect("challenged immediately");
		assert_eq!((ordinary.seq, ordinary.deadline), (paused.seq + 1, Now::get() + ANSWER));
		assert!(answer(&alice).is_accepted());
		assert_eq!(fit(&alice), Some(Tier::Probation));
		let mut outcomes = Noted::get().into_iter().map(|(.., outcome)| outcome);
		assert!(outcomes.all(|outcome| outcome == ChallengeOutcome::Passed));
	});
}

#[test]
fn unanswered_pause_is_missed() {
	enlisted(|alice| {
		answer(&alice);
		assert_ok!(pause());
		let seq = host(&alice).seq;
		ticks(PAUSE);
		assert_eq!(Noted::get().len(), 1);
		next_tick();
		assert_eq!(Noted::get()[1..], [(chip(&alice), seq, ChallengeOutcome::Missed)]);
		assert_eq!(host(&alice).challenge.expect("rechecked").seq, seq + 1);
	});
}

#[test]
fn failed_ordinary_challenge_keeps_chip_without_work() {
	enlisted(|alice| {
		answer(&alice);
		assert_ok!(pause());
		answer(&alice);
		ticks(ANSWER + 2);
		assert!(host(&alice).failing && fit(&alice).is_none());
		ticks(1);
		assert!(answer(&alice).is_accepted());
		assert_eq!(fit(&alice), Some(Tier::Probation));
	});
}

#[test]
fn settlement_waits_for_pause_and_ordinary_challenge() {
	enlisted(|alice| {
		answer(&alice);
		let began = Attestation::interval().index;
		let status = || Attestation::was_live(chip(&alice), began);
		assert_ok!(pause());
		ticks(2 * BILLING - 1);
		assert_eq!(status(), None);
		answer(&alice);
		assert_eq!(status(), None);
		next_tick();
		answer(&alice);
		// Makes all verdicts final.
		LivenessRecords::<Test>::mutate(chip(&alice), |records| {
			records.iter_mut().for_each(|record| record.open = 0);
		});
		assert_eq!(status(), Some(true));
	});
}

#[test]
fn pause_is_refused_while_something_is_open() {
	enlisted(|alice| {
		let chip = chip(&alice);
		let outsider = RuntimeOrigin::signed(AccountId32::new([9; 32]));
		assert_noop!(Attestation::pause(outsider, miner()), Error::<Test>::NotTheMiner);
		assert_noop!(pause(), Error::<Test>::ChallengeOpen);
		answer(&alice);
		Attestation::recheck(&chip);
		assert_noop!(pause(), Error::<Test>::ChallengeOpen);
		Rechecks::<Test>::kill();
		WithSlash::set(vec![chip]);
		assert_noop!(pause(), Error::<Test>::SlashPending);
		WithSlash::set(vec![]);
		Hosts::<Test>::mutate(chip, |host| host.as_mut().expect("enlisted").failing = true);
		assert_noop!(pause(), Error::<Test>::Failing);
		Hosts::<Test>::mutate(chip, |host| host.as_mut().expect("enlisted").failing = false);
		let contest = ChipContest {
			contender: AccountId32::new([8; 32]),
			holder: miner(),
			subject: H256([7; 32]),
			stage: ContestStage::Judging,
			closed: false,
		};
		OpenContests::<Test>::insert(chip, contest);
		assert_noop!(pause(), Error::<Test>::AlreadyContested);
		OpenContests::<Test>::remove(chip);
		assert_ok!(pause());
	});
}

#[test]
fn next_pause_waits_for_interval() {
	enlisted(|alice| {
		answer(&alice);
		let began = Now::get();
		assert_ok!(pause());
		assert_noop!(pause(), Error::<Test>::ChallengeOpen);
		answer(&alice);
		next_tick();
		answer(&alice);
		assert_noop!(pause(), Error::<Test>::PausedRecently);
		Now::set(began + PAUSE_INTERVAL - 1);
		assert_noop!(pause(), Error::<Test>::PausedRecently);
		Now::set(began + PAUSE_INTERVAL);
		assert_ok!(pause());
	});
}

#[test]
fn ended_pause_has_no_outcome_and_ordinary_challenge_follows() {
	enlisted(|alice| {
		answer(&alice);
		assert_ok!(pause());
		let seq = host(&alice).seq;
		Attestation::end_pause(&chip(&alice));
		assert_eq!(host(&alice).challenge, None);
		challenge(&alice);
		let open = host(&alice).challenge.expect("challenged");
		assert_eq!((open.seq, open.deadline), (seq + 1, Now::get() + ANSWER));
		assert_eq!(fit(&alice), None);
		ticks(PAUSE);
		let missed: Vec<_> = Noted::get().into_iter().map(|(_, seq, _)| seq).collect();
		assert!(!missed.contains(&seq));
	});
}
