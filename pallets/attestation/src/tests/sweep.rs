//! Policy becomes stricter, and not everybody is drawn in time.

use hcc_evidence::host::BootState;
use hcc_primitives::{mock::Now, ChipHash, Tier};

use crate::{
	mock::*,
	sweep::SWEPT,
	tests::{
		machine::Machine,
		verdicts::{answer, challenge, enlisted, host},
	},
	*,
};

/// A revision in which something becomes stricter that no log need be shown for.
fn tighten() {
	Revision::mutate(|revision| *revision += 1);
	AnythingTightened::set(Revision::get());
}

/// Goes on until the time is over in which chips are left to the draw.
fn wait() {
	next_tick();
	let from = Stricter::<Test>::get().expect("noted").from;
	assert_eq!(from, Now::get() + RENEWAL);
	while Now::get() < from - 1 {
		next_tick();
	}
}

fn asked(machine: &Machine) -> bool {
	host(machine).challenge.is_some()
}

#[test]
fn who_was_not_drawn_is_challenged_when_the_time_is_over() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		wait();
		assert!(!asked(&alice));
		next_tick();
		assert!(asked(&alice));
		assert!(answer(&alice).is_accepted());
		for _ in 0..RENEWAL {
			next_tick();
			assert!(!asked(&alice), "it was judged by the rules of now");
		}
		assert_eq!(Stricter::<Test>::get().expect("noted").next, None, "all are through");
	});
}

#[test]
fn who_was_judged_meanwhile_is_not_challenged() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		challenge(&alice);
		assert!(answer(&alice).is_accepted());
		for _ in 0..2 * RENEWAL {
			next_tick();
			assert!(!asked(&alice));
		}
	});
}

#[test]
fn who_fails_is_not_challenged_block_after_block() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		wait();
		alice.run(b"a backdoor");
		next_tick();
		assert!(!answer(&alice).is_accepted());
		next_tick();
		assert!(!answer(&alice).is_accepted(), "it is checked once more");
		for _ in 0..RENEWAL {
			next_tick();
			assert!(!asked(&alice));
		}
	});
}

#[test]
fn changes_that_follow_each_other_put_nothing_off() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		let from = Stricter::<Test>::get().expect("noted").from;
		while Now::get() < from - 1 {
			tighten();
			next_tick();
			assert!(!asked(&alice));
		}
		next_tick();
		assert!(asked(&alice));
		assert!(answer(&alice).is_accepted());
		next_tick();
		tighten();
		wait();
		assert!(!asked(&alice), "all were through: the next change begins anew");
		next_tick();
		assert!(asked(&alice));
	});
}

/// Chips of a tier that were accepted by the first revision.
fn populate(tier: Tier, count: u32) {
	for number in 0..count {
		let chip = chip_of(tier, number);
		let boot = BootState {
			reset_count: 0,
			restart_count: 0,
			pcr10: [0; 32],
			entries: 1,
			required_seen: vec![],
		};
		let position = Attestation::enter(&chip, tier);
		let host = Host {
			miner: miner(),
			seq: 0,
			challenge: None,
			checkpoint: Some(boot),
			former: None,
			judged: 1,
			attested: 1,
			boot_profile: None,
			accepted: Default::default(),
			failing: false,
			tier,
			position,
		};
		Hosts::<Test>::insert(chip, host);
	}
}

fn chip_of(tier: Tier, number: u32) -> ChipHash {
	let mut chip = [tier as u8; 32];
	chip[..4].copy_from_slice(&number.to_le_bytes());
	chip
}

#[test]
fn all_are_found_some_a_block_also_those_that_change_their_tier_meanwhile() {
	run(|| {
		let (trusted, regular) = (SWEPT + 10, 20);
		populate(Tier::Trusted, trusted);
		populate(Tier::Regular, regular);
		tighten();
		wait();
		next_tick();
		let challenged = || Hosts::<Test>::iter_values().filter(|host| host.seq > 0).count() as u32;
		assert_eq!(challenged(), SWEPT);
		// From where it is still to be looked for to where it was.
		let moved = chip_of(Tier::Regular, 5);
		Attestation::move_to(&moved, Tier::Trusted);
		let other = chip_of(Tier::Trusted, 3);
		Attestation::move_to(&other, Tier::Suspended);
		next_tick();
		for _ in 0..ANSWER {
			next_tick();
		}
		assert_eq!(challenged(), trusted + regular);
	});
}
