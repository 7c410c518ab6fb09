//! Policy becomes stricter: the sweep challenges chips that the draw has not reached.

use hcc_evidence::host::BootState;
use hcc_evidence_testing::Machine;
use hcc_primitives::{ChipHash, Tier};
use hcc_testing::Now;

use crate::{
	mock::*,
	reattestation::SWEPT,
	tests::verdicts::{answer, challenge, enlisted, host},
	*,
};

/// Starts a policy revision in which a rule becomes stricter. The rule does not concern logs.
fn tighten() {
	Revision::mutate(|revision| *revision += 1);
	AnythingTightened::set(Revision::get());
}

/// Advances to the last tick before the sweep.
fn advance_to_sweep() {
	next_tick();
	let from = Reattestation::<Test>::get().sweep.expect("noted").from;
	assert_eq!(from, Now::get() + RENEWAL);
	while Now::get() < from - 1 {
		next_tick();
	}
}

fn is_challenged(machine: &Machine) -> bool {
	host(machine).challenge.is_some()
}

/// Moves a chip to another tier, as a verdict does.
pub(super) fn place_in(chip: &ChipHash, tier: Tier) {
	let mut host = Hosts::<Test>::get(chip).expect("enlisted");
	Attestation::move_to(chip, &mut host, tier);
	Hosts::<Test>::insert(chip, host);
}

#[test]
fn sweep_challenges_chips_that_were_not_drawn() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		advance_to_sweep();
		assert!(!is_challenged(&alice));
		next_tick();
		assert!(is_challenged(&alice));
		assert!(answer(&alice).is_accepted());
		for _ in 0..RENEWAL {
			next_tick();
			assert!(!is_challenged(&alice), "it was judged by the current rules");
		}
		assert_eq!(
			Reattestation::<Test>::get().sweep.expect("noted").next,
			None,
			"the sweep is complete"
		);
	});
}

#[test]
fn sweep_skips_chips_judged_since() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		challenge(&alice);
		assert!(answer(&alice).is_accepted());
		for _ in 0..2 * RENEWAL {
			next_tick();
			assert!(!is_challenged(&alice));
		}
	});
}

#[test]
fn sweep_skips_failing_chips() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		advance_to_sweep();
		alice.run(b"a backdoor");
		next_tick();
		assert!(!answer(&alice).is_accepted());
		next_tick();
		assert!(!answer(&alice).is_accepted(), "the recheck fails too");
		for _ in 0..RENEWAL {
			next_tick();
			assert!(!is_challenged(&alice));
		}
	});
}

#[test]
fn further_tightening_does_not_postpone_sweep() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		let from = Reattestation::<Test>::get().sweep.expect("noted").from;
		while Now::get() < from - 1 {
			tighten();
			next_tick();
			assert!(!is_challenged(&alice));
		}
		next_tick();
		assert!(is_challenged(&alice));
		assert!(answer(&alice).is_accepted());
		next_tick();
		tighten();
		advance_to_sweep();
		assert!(
			!is_challenged(&alice),
			"the sweep was complete, so the next change starts another"
		);
		next_tick();
		assert!(is_challenged(&alice));
	});
}

/// Adds chips of a tier that were accepted under the first revision.
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
			paused: None,
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
fn sweep_finds_chips_that_change_tier() {
	run(|| {
		let (trusted, regular) = (SWEPT + 10, 20);
		populate(Tier::Trusted, trusted);
		populate(Tier::Regular, regular);
		tighten();
		advance_to_sweep();
		next_tick();
		let challenged = || Hosts::<Test>::iter_values().filter(|host| host.seq > 0).count() as u32;
		assert_eq!(challenged(), SWEPT);
		// One chip moves from a tier that the sweep has not visited to a tier that it has visited.
		let moved = chip_of(Tier::Regular, 5);
		place_in(&moved, Tier::Trusted);
		let other = chip_of(Tier::Trusted, 3);
		place_in(&other, Tier::Suspended);
		next_tick();
		for _ in 0..ANSWER {
			next_tick();
		}
		assert_eq!(challenged(), trusted + regular);
	});
}
