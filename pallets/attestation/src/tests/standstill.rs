//! Blocks without room, stale keys, and other conditions for which a miner is not responsible.

use frame_support::{
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_evidence_testing::Machine;
use hcc_primitives::{ChallengeOutcome, Tier};
use hcc_testing::{Noted, Now, Stale};

use crate::{
	mock::*,
	tests::verdicts::{answer, enlisted, host},
	*,
};

/// Advances by one block with the given room.
fn poll(room: Weight) {
	Now::mutate(|now| *now += 1);
	let next = System::block_number() + 1;
	System::set_block_number(next);
	Attestation::on_poll(next, &mut WeightMeter::with_limit(room));
	Attestation::do_try_state().expect("the invariants hold");
}

#[test]
fn full_blocks_postpone_deadline() {
	enlisted(|alice| {
		let deadline = host(&alice).challenge.expect("challenged").deadline;
		while Now::get() < deadline + 20 {
			poll(Weight::zero());
		}
		assert!(Noted::get().is_empty(), "nothing is missed in a block without room");
		poll(Weight::MAX);
		assert_eq!(Noted::get(), [(chip(&alice), 1, ChallengeOutcome::Missed)]);
		poll(Weight::MAX);
		assert_eq!(Noted::get().len(), 1, "noted once");
	});
}

#[test]
fn silence_is_void_while_keys_are_stale() {
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
		assert_eq!(Noted::get()[0], (chip(&alice), 2, ChallengeOutcome::Missed));
	});
}

#[test]
fn full_recheck_queue_leaves_chip_to_draw() {
	run(|| {
		for number in 0..MAX_RECHECKS {
			Attestation::recheck(&[number as u8; 32]);
		}
		let alice = Machine::named("alice");
		enlist(&alice);
		assert_eq!(Attestation::statistics().waiting, MAX_RECHECKS);
		assert!(!Rechecks::<Test>::get().contains(&chip(&alice)));
		assert_eq!(DrawPool::<Test>::get(Tier::Probation, 0), Some(chip(&alice)));
	});
}

#[test]
fn challenge_outcomes_are_counted() {
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
		assert_eq!(counts, Counters { made: 3, passed: 1, failed: 1, missed: 1, void: 0 });
		assert_eq!(waiting, 0);
		let of = |tier: Tier| tiers.into_iter().find(|of| of.tier == tier).expect("all tiers");
		assert_eq!((of(Tier::Probation).chips, of(Tier::Probation).interval), (1, 20));
		assert_eq!(of(Tier::Trusted).chips, 0);
	});
}

#[test]
fn challenge_intervals_are_clamped() {
	let rules = MockRules::get();
	let slow = Rules { trusted: 10_000, regular: 9_000, suspended: 14_400, ..rules }.clamped();
	assert_eq!((slow.trusted, slow.regular, slow.suspended), (300, 300, 300));
	let fast = Rules { trusted: 0, regular: 50, ..rules }.clamped();
	assert_eq!((fast.trusted, fast.regular), (1, 1));
}

#[test]
fn returning_chip_has_former_boot_profile() {
	use hcc_primitives::{EnrolledTpm, OnChipChange};
	use sp_runtime::AccountId32;

	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		let booted = host(&alice).boot_profile;
		assert!(booted.is_some());
		let returned = || {
			<Attestation as OnChipChange<AccountId32>>::on_gone(&chip(&alice));
			<Attestation as OnChipChange<AccountId32>>::on_ready(&chip(&alice), &miner());
			host(&alice)
		};
		let host = returned();
		assert_eq!((host.boot_profile, host.checkpoint), (booted, None));
		assert_eq!(returned().boot_profile, booted, "on each return");
		// With another TPM, the chip counts as another machine.
		<Attestation as OnChipChange<AccountId32>>::on_gone(&chip(&alice));
		let tpm = EnrolledTpm {
			ek: [1; 32],
			ak: Default::default(),
			qualified_name: Default::default(),
			root: [0; 32],
		};
		hcc_testing::register(miner(), vec![chip(&alice)], Some(tpm));
		<Attestation as OnChipChange<AccountId32>>::on_ready(&chip(&alice), &miner());
		assert_eq!(Attestation::host(chip(&alice)).expect("enlisted").boot_profile, None);
		assert!(LastBoots::<Test>::contains_key(chip(&alice)), "the stored boot remains");
	});
}
