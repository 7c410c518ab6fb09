//! Closing of subjects.

use frame_support::{assert_ok, weights::Weight};
use hcc_primitives::Adjudicator;
use hcc_testing::Told;

use crate::{mock::*, *};

fn tick() -> u32 {
	Clock::tick()
}

#[test]
fn undecided_subject_is_void_and_decided_one_closes_after_window() {
	run(1, || {
		let (first, second) = (subject(1), subject(2));
		assert_ok!(<Verdicts as Adjudicator>::open(first, first, subject(0xee)));
		assert_ok!(<Verdicts as Adjudicator>::open(second, second, subject(0xee)));
		assert_ok!(submit(1, vec![vote(first, 0)], 9));
		for _ in 0..JUDGING {
			next_block();
			assert_ok!(submit(1, vec![], System::block_number() - 1));
		}
		assert_eq!(tick(), JUDGING);
		assert_eq!(Told::get(), [(first, Some(finding(0))), (second, None)]);
		assert!(Verdicts::subject(first).is_some() && Verdicts::subject(second).is_none());
		for _ in 0..MockRules::get().window {
			next_block();
			assert_ok!(submit(1, vec![], System::block_number() - 1));
		}
		assert_eq!(Told::get().len(), 2);
		assert!(Verdicts::subject(first).is_none());
		assert_eq!(Closing::<Test>::iter().count(), 0, "no booking is left");
	});
}

#[test]
fn open_books_later_ticks_then_fails_when_all_are_full() {
	run(1, || {
		let id = |number: u32| {
			let mut id = [0; 32];
			id[..4].copy_from_slice(&number.to_le_bytes());
			sp_core::H256(id)
		};
		let room = MAX_CLOSING * 17;
		for number in 0..room {
			assert_ok!(<Verdicts as Adjudicator>::open(id(number), id(number), subject(0xee)));
		}
		assert_eq!(Verdicts::subject(id(room - 1)).expect("open").closes, JUDGING + 16);
		assert_eq!(
			<Verdicts as Adjudicator>::open(id(room), id(room), subject(0xee)),
			Err(Error::<Test>::TooManySubjects.into())
		);
	});
}

/// Makes a block with the weight `room` for hooks. The validator states that its parent is final.
fn block_with(room: Weight) {
	next_block_with(room);
	assert_ok!(submit(1, vec![], System::block_number() - 1));
}

#[test]
fn clock_and_draw_wait_in_blocks_without_room() {
	run(1, || {
		let (agreed, open) = (subject(1), subject(2));
		assert_ok!(<Verdicts as Adjudicator>::open(agreed, agreed, subject(0xee)));
		assert_ok!(<Verdicts as Adjudicator>::open(open, open, subject(0xee)));
		assert_ok!(submit(1, vec![vote(agreed, 0)], 9));
		for _ in 0..2 * JUDGING {
			block_with(Weight::zero());
		}
		assert_eq!(tick(), 0);
		assert!(Told::get().is_empty());
		let stage = |id| Verdicts::subject(id).map(|row| row.stage);
		assert_eq!((stage(agreed), stage(open)), (Some(Stage::Agreed), Some(Stage::Open)));
		block_with(Weight::MAX);
		// Each block draws among the verdicts of a few earlier blocks only.
		let behind = (2 * JUDGING).div_ceil(MAX_DRAWN_BLOCKS);
		for _ in 1..behind {
			block_with(Weight::MAX);
		}
		assert_eq!(tick(), behind, "the clock does not catch up");
		assert_eq!(Told::get(), [(agreed, Some(finding(0)))]);
		assert_eq!(stage(open), Some(Stage::Open));
		while tick() < JUDGING {
			block_with(Weight::MAX);
		}
		assert_eq!(Told::get(), [(agreed, Some(finding(0))), (open, None)]);
	});
}

#[test]
fn overdue_subject_takes_no_proof_and_closes_once_there_is_room() {
	run(1, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Adjudicator>::open(id, id, subject(0xee)));
		assert_ok!(submit(1, vec![], 9));
		// The weight suffices for the clock, and for ticks at which nothing closes.
		let of_clock = <() as pallet_clock::WeightInfo>::advance();
		for _ in 0..2 * JUDGING {
			block_with(of_clock + <() as WeightInfo>::close_subjects(0));
		}
		assert_eq!(tick(), 2 * JUDGING);
		assert_eq!(ClosedUntil::<Test>::get(), JUDGING - 1);
		assert!(Told::get().is_empty() && Verdicts::subject(id).is_some());
		let proof = Verdicts::check_proof(&account(1), None, id, &[]);
		assert!(matches!(proof, Err(Error::<Test>::NotOpen)));
		block_with(Weight::MAX);
		assert_eq!(ClosedUntil::<Test>::get(), tick());
		assert_eq!(Told::get(), [(id, None)]);
	});
}
