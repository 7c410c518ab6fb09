//! The clock, and subjects that close.

use frame_support::{
	assert_noop, assert_ok,
	dispatch::Pays,
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{mock::Told, Judges};

use crate::{mock::*, *};

fn tick() -> u32 {
	Verdicts::tick()
}

#[test]
fn the_clock_stands_still_until_more_than_two_thirds_have_stated_a_block() {
	run(4, || {
		next_block();
		assert_ok!(file(1, vec![], 8));
		assert_ok!(file(2, vec![], 9));
		next_block();
		assert_eq!(tick(), 0);
		assert_ok!(file(3, vec![], 7));
		assert_eq!(FinalisedSeen::<Test>::get(), 7, "three of four have seen 7");
		next_block();
		assert_eq!(tick(), 1);
	});
}

#[test]
fn the_clock_stands_still_while_finality_lags() {
	run(1, || {
		assert_ok!(file(1, vec![], 9));
		for _ in 0..LAG - 1 {
			next_block();
		}
		assert_eq!(tick(), LAG - 1);
		next_block();
		next_block();
		assert_eq!(tick(), LAG - 1, "block {} is too far from 9", System::block_number());
		assert_ok!(file(1, vec![], System::block_number() - 1));
		next_block();
		assert_eq!(tick(), LAG);
	});
}

#[test]
fn the_clock_stands_still_while_the_chain_is_in_need() {
	run(1, || {
		assert_ok!(file(1, vec![], 9));
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
fn a_statement_is_free_now_and_then() {
	run(1, || {
		assert_eq!(file(1, vec![], 5).expect("sound").pays_fee, Pays::No);
		assert_eq!(file(1, vec![], 6).expect("sound").pays_fee, Pays::Yes);
		for _ in 0..3 {
			next_block();
		}
		assert_eq!(file(1, vec![], 7).expect("sound").pays_fee, Pays::No);
	});
}

#[test]
fn nobody_has_seen_this_block_finalised_nor_unsees_one() {
	run(1, || {
		assert_noop!(file(1, vec![], 10), Error::<Test>::BadStatement);
		assert_ok!(file(1, vec![], 9));
		assert_noop!(file(1, vec![], 8), Error::<Test>::BadStatement);
	});
}

#[test]
fn who_is_in_office_no_more_has_no_say() {
	run(3, || {
		for who in 1..=3 {
			assert_ok!(file(who, vec![], 5));
		}
		hcc_primitives::mock::Active::set(vec![account(1), account(4)]);
		assert_ok!(file(1, vec![], 9));
		assert_eq!(Statements::<Test>::get().len(), 1);
		assert_eq!(FinalisedSeen::<Test>::get(), 0, "one of two is not more than two thirds");
	});
}

#[test]
fn an_undecided_subject_is_void_when_it_closes_and_a_decided_one_is_gone_after_its_window() {
	run(1, || {
		let (first, second) = (subject(1), subject(2));
		assert_ok!(<Verdicts as Judges>::open(first, first, subject(0xee)));
		assert_ok!(<Verdicts as Judges>::open(second, second, subject(0xee)));
		assert_ok!(file(1, vec![vote(first, 0)], 9));
		for _ in 0..JUDGING {
			next_block();
			assert_ok!(file(1, vec![], System::block_number() - 1));
		}
		assert_eq!(tick(), JUDGING);
		assert_eq!(Told::get(), [(first, Some(finding(0))), (second, None)]);
		assert!(Verdicts::subject(first).is_some() && Verdicts::subject(second).is_none());
		for _ in 0..MockRules::get().window {
			next_block();
			assert_ok!(file(1, vec![], System::block_number() - 1));
		}
		assert_eq!(Told::get().len(), 2);
		assert!(Verdicts::subject(first).is_none());
		assert_eq!(Closing::<Test>::iter().count(), 0, "nothing is left");
	});
}

#[test]
fn too_many_subjects_at_once_close_later_and_then_are_refused() {
	run(1, || {
		let id = |number: u32| {
			let mut id = [0; 32];
			id[..4].copy_from_slice(&number.to_le_bytes());
			sp_core::H256(id)
		};
		let room = MAX_CLOSING * 17;
		for number in 0..room {
			assert_ok!(<Verdicts as Judges>::open(id(number), id(number), subject(0xee)));
		}
		assert_eq!(Verdicts::subject(id(room - 1)).expect("open").closes, JUDGING + 16);
		assert_eq!(
			<Verdicts as Judges>::open(id(room), id(room), subject(0xee)),
			Err(Error::<Test>::TooManySubjects.into())
		);
	});
}

/// A block with that much room for what the pallet does by itself, in which the validator states what is final.
fn block_with(room: Weight) {
	let next = System::block_number() + 1;
	System::set_block_number(next);
	Verdicts::on_poll(next, &mut WeightMeter::with_limit(room));
	Verdicts::do_try_state().expect("the invariants hold");
	assert_ok!(file(1, vec![], next - 1));
}

#[test]
fn in_blocks_without_room_the_clock_stands_still_and_what_was_agreed_waits() {
	run(1, || {
		let (agreed, open) = (subject(1), subject(2));
		assert_ok!(<Verdicts as Judges>::open(agreed, agreed, subject(0xee)));
		assert_ok!(<Verdicts as Judges>::open(open, open, subject(0xee)));
		assert_ok!(file(1, vec![vote(agreed, 0)], 9));
		for _ in 0..2 * JUDGING {
			block_with(Weight::zero());
		}
		assert_eq!(tick(), 0);
		assert!(Told::get().is_empty());
		let stage = |id| Verdicts::subject(id).map(|row| row.stage);
		assert_eq!((stage(agreed), stage(open)), (Some(Stage::Agreed), Some(Stage::Open)));
		block_with(Weight::MAX);
		// Of so many blocks as have passed, some are looked through in each.
		let behind = (2 * JUDGING).div_ceil(MAX_DRAWN_BLOCKS);
		for _ in 1..behind {
			block_with(Weight::MAX);
		}
		assert_eq!(tick(), behind, "none of what stood still is made up for");
		assert_eq!(Told::get(), [(agreed, Some(finding(0)))]);
		assert_eq!(stage(open), Some(Stage::Open));
		while tick() < JUDGING {
			block_with(Weight::MAX);
		}
		assert_eq!(Told::get(), [(agreed, Some(finding(0))), (open, None)]);
	});
}

#[test]
fn a_tick_at_which_more_closes_than_there_is_room_for_does_not_come() {
	run(1, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Judges>::open(id, id, subject(0xee)));
		assert_ok!(file(1, vec![], 9));
		// Enough for a tick at which nothing closes.
		for _ in 0..2 * JUDGING {
			block_with(<() as WeightInfo>::advance(0));
		}
		assert_eq!(tick(), JUDGING - 1);
		assert!(Told::get().is_empty() && Verdicts::subject(id).is_some());
		block_with(Weight::MAX);
		assert_eq!(tick(), JUDGING);
		assert_eq!(Told::get(), [(id, None)]);
	});
}
