//! Conditions under which the clock moves.

use frame_support::{assert_ok, weights::Weight};
use hcc_primitives::MAX_COUNTED_SLOTS;

use crate::{mock::*, *};

fn tick() -> u32 {
	Clock::tick()
}

#[test]
fn clock_stops_until_more_than_two_thirds_state_a_block() {
	run(4, || {
		next_block();
		assert_ok!(state(1, 8));
		assert_ok!(state(2, 9));
		next_block();
		assert_eq!(tick(), 0);
		assert_ok!(state(3, 7));
		assert_eq!(FinalisedSeen::<Test>::get(), 7, "three of four have seen 7");
		next_block();
		assert_eq!(tick(), 1);
	});
}

#[test]
fn clock_stops_while_finality_lags() {
	run(1, || {
		assert_ok!(state(1, 9));
		for _ in 0..LAG - 1 {
			next_block();
		}
		assert_eq!(tick(), LAG - 1);
		next_block();
		next_block();
		assert_eq!(tick(), LAG - 1, "block {} is too far from 9", System::block_number());
		assert_ok!(state(1, System::block_number() - 1));
		next_block();
		assert_eq!(tick(), LAG);
	});
}

#[test]
fn clock_stops_while_paused() {
	run(1, || {
		assert_ok!(state(1, 9));
		next_block();
		let before = tick();
		Paused::set(true);
		next_block();
		assert_eq!(tick(), before);
		Paused::set(false);
		next_block();
		assert_eq!(tick(), before + 1);
	});
}

#[test]
fn clock_stops_in_block_without_room() {
	run(1, || {
		assert_ok!(state(1, 9));
		assert_eq!(next_block_with(Weight::zero()), Weight::zero());
		assert_eq!(tick(), 0);
		let own = <() as WeightInfo>::advance();
		assert_eq!(next_block_with(own), own);
		assert_eq!(tick(), 1);
	});
}

/// Returns the number of paid slots that `count` blocks add, if each block is `gap` slots after its
/// parent.
fn paid_by_blocks(count: u32, gap: u64) -> u32 {
	let before = Clock::paid();
	for _ in 0..count {
		Slot::mutate(|slot| *slot += gap - 1);
		next_block();
	}
	Clock::paid() - before
}

#[test]
fn empty_slots_are_paid_up_to_maximum() {
	run(1, || {
		assert_ok!(state(1, 9));
		next_block();
		assert_eq!(paid_by_blocks(1, 1), 1);
		assert_eq!(paid_by_blocks(1, 2), 2);
		assert_eq!(paid_by_blocks(1, 4), MAX_COUNTED_SLOTS);
		assert_eq!(paid_by_blocks(1, 100), MAX_COUNTED_SLOTS);
	});
}

#[test]
fn standstill_is_not_paid() {
	run(1, || {
		assert_ok!(state(1, 9));
		next_block();
		Paused::set(true);
		assert_eq!(paid_by_blocks(50, 1), 0);
		Paused::set(false);
		assert_ok!(state(1, System::block_number() - 1));
		assert_eq!(paid_by_blocks(1, 1), MAX_COUNTED_SLOTS, "the first tick pays for little of it");
		assert_eq!(paid_by_blocks(1, 1), 1);
	});
}
