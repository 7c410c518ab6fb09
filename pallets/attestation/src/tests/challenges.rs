//! Challenges: when they are made, and what silence costs.

use hcc_evidence::host::challenge_nonce;
use hcc_primitives::{
	mock::{Noted, Now},
	Conduct, OnChip, Tier,
};
use sp_runtime::AccountId32;

use crate::{
	mock::*,
	tests::machine::{Machine, GENESIS, MINER},
	*,
};

fn open(machine: &Machine) -> Option<OpenChallenge> {
	Attestation::host(chip(machine)).expect("enlisted").challenge
}

#[test]
fn a_chip_that_is_ready_is_challenged_in_the_next_block() {
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
fn a_challenge_that_is_not_answered_is_missed_after_its_deadline_and_made_again() {
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
		assert_eq!(Noted::get(), [(chip(&alice), 1, Conduct::Missed)]);
		assert_eq!(open(&alice).expect("checked at once").seq, 2);
	});
}

#[test]
fn a_chip_that_keeps_silent_waits_for_the_draw() {
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
fn a_clock_that_stands_still_punishes_nobody() {
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
fn a_clock_that_jumps_keeps_every_deadline() {
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
fn leaving_with_a_challenge_open_is_no_way_out_of_it() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		<Attestation as OnChip<AccountId32>>::on_gone(&chip(&alice));
		assert_eq!(Noted::get(), [(chip(&alice), 1, Conduct::Missed)]);
		enlist(&alice);
		for _ in 0..2 {
			next_tick();
		}
		assert_eq!(open(&alice).expect("challenged").seq, 2, "numbers go on");
	});
}

#[test]
fn chips_move_between_tiers_without_gaps() {
	run(|| {
		let machines: Vec<_> = ["a", "b", "c"].into_iter().map(Machine::named).collect();
		for machine in &machines {
			<Attestation as OnChip<AccountId32>>::on_ready(&chip(machine), &miner());
		}
		Attestation::move_to(&chip(&machines[0]), Tier::Trusted);
		Attestation::do_try_state().expect("the invariants hold");
		Attestation::move_to(&chip(&machines[2]), Tier::Trusted);
		Attestation::do_try_state().expect("the invariants hold");
		<Attestation as OnChip<AccountId32>>::on_gone(&chip(&machines[0]));
		assert_eq!(Population::<Test>::get(Tier::Trusted), 1);
		assert_eq!(Drawn::<Test>::get(Tier::Trusted, 0), Some(chip(&machines[2])));
	});
}
