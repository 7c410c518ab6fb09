//! Challenges, deadlines and the effect of missing answers.

use hcc_evidence::host::challenge_nonce;
use hcc_evidence_testing::{Machine, GENESIS, MINER};
use hcc_primitives::{ChallengeOutcome, OnChipChange, Tier};
use hcc_testing::{Noted, Now};
use sp_runtime::AccountId32;

use crate::{mock::*, tests::sweep::place_in, *};

fn open(machine: &Machine) -> Option<OpenChallenge> {
	Attestation::host(chip(machine)).expect("enlisted").challenge
}

#[test]
fn ready_chip_is_challenged_in_next_block() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		assert_eq!(open(&alice), None);
		next_tick();
		let challenge = open(&alice).expect("challenged");
		let parent = System::parent_hash().0;
		assert_eq!(challenge.nonce, challenge_nonce(&GENESIS, &MINER, &chip(&alice), 1, &parent));
		assert_eq!(challenge.deadline, Now::get() + ANSWER);
	});
}

#[test]
fn unanswered_challenge_is_missed_and_rechecked() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		let deadline = open(&alice).expect("challenged").deadline;
		while Now::get() < deadline {
			next_tick();
			assert!(Noted::get().is_empty());
		}
		next_tick();
		assert_eq!(Noted::get(), [(chip(&alice), 1, ChallengeOutcome::Missed)]);
		assert_eq!(open(&alice).expect("rechecked").seq, 2);
	});
}

#[test]
fn silent_chip_waits_for_draw() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		for _ in 0..4 * ANSWER {
			next_tick();
		}
		assert_eq!(Noted::get().len(), 2);
		assert_eq!(open(&alice), None);
	});
}

#[test]
fn stopped_clock_misses_no_challenge() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		for _ in 0..4 * ANSWER {
			Now::set(Now::get() - 1);
			next_tick();
		}
		assert!(Noted::get().is_empty());
	});
}

#[test]
fn clock_jump_processes_every_deadline() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		Now::set(Now::get() + 3 * ANSWER);
		next_tick();
		assert_eq!(Noted::get().len(), 1);
	});
}

#[test]
fn leaving_with_open_challenge_is_missed() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		<Attestation as OnChipChange<AccountId32>>::on_gone(&chip(&alice));
		assert_eq!(Noted::get(), [(chip(&alice), 1, ChallengeOutcome::Missed)]);
		enlist(&alice);
		for _ in 0..2 {
			next_tick();
		}
		assert_eq!(open(&alice).expect("challenged").seq, 2, "numbers continue");
	});
}

#[test]
fn tier_changes_leave_no_gaps() {
	run(|| {
		let machines: Vec<_> = ["a", "b", "c"].into_iter().map(Machine::named).collect();
		for machine in &machines {
			<Attestation as OnChipChange<AccountId32>>::on_ready(&chip(machine), &miner());
		}
		place_in(&chip(&machines[0]), Tier::Trusted);
		Attestation::do_try_state().expect("the invariants hold");
		place_in(&chip(&machines[2]), Tier::Trusted);
		Attestation::do_try_state().expect("the invariants hold");
		<Attestation as OnChipChange<AccountId32>>::on_gone(&chip(&machines[0]));
		assert_eq!(Population::<Test>::get(Tier::Trusted), 1);
		assert_eq!(DrawPool::<Test>::get(Tier::Trusted, 0), Some(chip(&machines[2])));
	});
}
