//! What is done where there is no room, and where what miners answer could not be judged.

use frame_support::{
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{
	mock::{Noted, Now, Stale},
	Conduct, Tier,
};

use crate::{
	mock::*,
	tests::{
		machine::Machine,
		verdicts::{answer, enlisted, host},
	},
	*,
};

/// A block on, with room for that much.
fn poll(room: Weight) {
	Now::mutate(|now| *now += 1);
	let next = System::block_number() + 1;
	System::set_block_number(next);
	Attestation::on_poll(next, &mut WeightMeter::with_limit(room));
	Attestation::do_try_state().expect("the invariants hold");
}

#[test]
fn full_blocks_at_a_deadline_only_put_it_off() {
	enlisted(|alice| {
		let deadline = host(&alice).challenge.expect("it is asked").deadline;
		while Now::get() < deadline + 20 {
			poll(Weight::zero());
		}
		assert!(Noted::get().is_empty(), "nothing is missed in a block without room");
		poll(Weight::MAX);
		assert_eq!(Noted::get(), [(chip(&alice), 1, Conduct::Missed)]);
		poll(Weight::MAX);
		assert_eq!(Noted::get().len(), 1, "once");
	});
}

#[test]
fn silence_counts_for_nothing_while_no_evidence_could_be_judged() {
	enlisted(|alice| {
		Stale::set(vec![chip(&alice)]);
		for _ in 0..3 * ANSWER {
			next_tick();
		}
		assert!(Noted::get().is_empty());
		assert_eq!(host(&alice).challenge, None);
		Stale::set(vec![]);
		Attestation::recheck(&chip(&alice));
		for _ in 0..2 * ANSWER {
			next_tick();
		}
		assert_eq!(Noted::get()[0], (chip(&alice), 2, Conduct::Missed));
	});
}

#[test]
fn where_too_many_wait_to_be_checked_at_once_the_draw_finds_the_others() {
	run(|| {
		for number in 0..MAX_RECHECKS {
			Attestation::recheck(&[number as u8; 32]);
		}
		let alice = Machine::named("alice");
		enlist(&alice);
		assert_eq!(Attestation::statistics().waiting, MAX_RECHECKS);
		assert!(!Rechecks::<Test>::get().contains(&chip(&alice)));
		assert_eq!(Drawn::<Test>::get(Tier::Probation, 0), Some(chip(&alice)));
	});
}

#[test]
fn what_comes_of_challenges_is_counted() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		alice.run(b"a backdoor");
		Attestation::recheck(&chip(&alice));
		next_tick();
		assert!(!answer(&alice).is_accepted());
		for _ in 0..2 * ANSWER {
			next_tick();
		}
		let Statistics { tiers, waiting, counts } = Attestation::statistics();
		assert_eq!(counts, Counts { made: 3, passed: 1, failed: 1, missed: 1, void: 0 });
		assert_eq!(waiting, 0);
		let of = |tier: Tier| tiers.into_iter().find(|of| of.tier == tier).expect("each is there");
		assert_eq!((of(Tier::Probation).chips, of(Tier::Probation).interval), (1, 20));
		assert_eq!(of(Tier::Trusted).chips, 0);
	});
}

#[test]
fn trusted_chips_are_challenged_every_half_an_hour_at_the_least_and_others_no_more_rarely() {
	let rules = MockRules::get();
	let slack = Rules { trusted: 10_000, regular: 9_000, suspended: 14_400, ..rules }.clamped();
	assert_eq!((slack.trusted, slack.regular, slack.suspended), (300, 300, 300));
	let brisk = Rules { trusted: 0, regular: 50, ..rules }.clamped();
	assert_eq!((brisk.trusted, brisk.regular), (1, 1));
}

#[test]
fn a_chip_that_leaves_and_comes_back_has_booted_what_it_had() {
	use hcc_primitives::{mock, EnrolledTpm, OnChip};
	use sp_runtime::AccountId32;

	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		let booted = host(&alice).boot_profile;
		assert!(booted.is_some());
		let back = || {
			<Attestation as OnChip<AccountId32>>::on_gone(&chip(&alice));
			<Attestation as OnChip<AccountId32>>::on_ready(&chip(&alice), &miner());
			host(&alice)
		};
		let host = back();
		assert_eq!((host.boot_profile, host.checkpoint), (booted, None));
		assert_eq!(back().boot_profile, booted, "however often");
		// Beside another TPM it is another machine.
		<Attestation as OnChip<AccountId32>>::on_gone(&chip(&alice));
		let tpm = EnrolledTpm {
			ek: [1; 32],
			ak: Default::default(),
			qualified_name: Default::default(),
			root: [0; 32],
		};
		mock::register(miner(), vec![chip(&alice)], Some(tpm));
		<Attestation as OnChip<AccountId32>>::on_ready(&chip(&alice), &miner());
		assert_eq!(Attestation::host(chip(&alice)).expect("enlisted").boot_profile, None);
		assert!(LastBoots::<Test>::contains_key(chip(&alice)), "that is not forgotten for it");
	});
}
