//! What miners lose for their chips' last strikes, and when.

use frame_support::BoundedVec;
use hcc_evidence::RejectCode;
use hcc_primitives::{
	mock::{CaseStep, CaseSteps, Now, SlashedMiners},
	Conduct, Reputation as _,
};
use sp_runtime::Perbill;

use crate::{mock::*, *};

fn strike(seq: u64) {
	let forged = Conduct::Failed(RejectCode::QuoteSignature.number());
	noted(seq, forged, None);
}

#[test]
fn the_last_strike_costs_a_part_of_the_bond_once_it_can_be_undone_no_more() {
	run(|| {
		strike(1);
		strike(2);
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, None);
		strike(3);
		let due = Now::get() + SLASH_DELAY;
		let part = RULES.slash;
		let slash = PendingSlash { miner: miner(), seq: 3, part, due };
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, Some(slash));
		System::assert_has_event(
			Event::SlashPending { chip: CHIP, miner: miner(), seq: 3, part, due }.into(),
		);
		go_to(due - 1);
		assert!(SlashedMiners::get().is_empty());
		go_to(due);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, None);
	});
}

#[test]
fn silence_costs_as_much_of_the_bond_as_being_caught() {
	run(|| {
		for seq in 1..=3 {
			noted(seq, Conduct::Missed, None);
		}
		go_to(Now::get() + SLASH_DELAY);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
	});
}

#[test]
fn a_chip_that_stays_suspended_costs_no_more() {
	run(|| {
		for seq in 1..=20 {
			strike(seq);
		}
		go_to(4 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get().len(), 1);
	});
}

#[test]
fn a_strike_that_was_undone_costs_nothing_whichever_of_them_it_was() {
	for undone in 1..=3 {
		run(|| {
			(1..=3).for_each(strike);
			Reputation::undo(&CHIP, undone);
			System::assert_has_event(
				Event::SlashLifted { chip: CHIP, miner: miner(), seq: 3 }.into(),
			);
			go_to(2 * SLASH_DELAY);
			assert!(SlashedMiners::get().is_empty(), "{undone}");
		});
	}
}

#[test]
fn what_is_undone_beside_the_strikes_leaves_the_slash() {
	run(|| {
		noted(1, Conduct::Failed(RejectCode::ImaUnknownFile.number()), None);
		(2..=4).for_each(strike);
		Reputation::undo(&CHIP, 1);
		go_to(2 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get().len(), 1);
	});
}

#[test]
fn a_strike_that_is_remembered_no_more_still_costs() {
	run(|| {
		(1..=3).for_each(strike);
		for seq in 4..=24 {
			noted(seq, Conduct::Missed, None);
		}
		Reputation::undo(&CHIP, 20);
		go_to(2 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get().len(), 1);
	});
}

#[test]
fn what_was_ruled_at_the_strike_is_what_it_costs() {
	run(|| {
		(1..=3).for_each(strike);
		MockRules::set(Rules { slash: Perbill::from_percent(50), ..RULES });
		go_to(2 * SLASH_DELAY);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
	});
}

#[test]
fn where_no_tick_has_room_it_is_slashed_at_once() {
	run(|| {
		let first = Now::get() + SLASH_DELAY;
		for tick in first..=first + SLACK {
			let full = vec![[9; 32]; MAX_SLASHES as usize];
			Due::<Test>::insert(tick, BoundedVec::truncate_from(full));
		}
		(1..=3).for_each(strike);
		assert_eq!(SlashedMiners::get(), [(miner(), RULES.slash)]);
	});
}

#[test]
fn the_only_incident_that_is_undone_costs_nothing() {
	run(|| {
		MockRules::set(Rules { max_strikes: 1, ..RULES });
		strike(1);
		assert!(Reputation::record(CHIP).expect("noted").slash.is_some());
		Reputation::undo(&CHIP, 1);
		assert_eq!(Reputation::record(CHIP).expect("noted").slash, None);
		go_to(2 * SLASH_DELAY);
		assert!(SlashedMiners::get().is_empty());
	});
}

#[test]
fn the_oldest_incident_that_is_remembered_and_undone_costs_nothing() {
	run(|| {
		(1..=3).for_each(strike);
		for seq in 4..=u64::from(REMEMBERED) + 2 {
			noted(seq, Conduct::Missed, None);
		}
		let first = Reputation::record(CHIP).expect("noted").last.first().copied();
		assert_eq!(first.expect("many").seq, 3);
		Reputation::undo(&CHIP, 3);
		go_to(2 * SLASH_DELAY);
		assert!(SlashedMiners::get().is_empty());
	});
}

#[test]
fn who_has_paid_since_the_chip_was_sound_is_found_out_until_the_slash() {
	run(|| {
		let sound = Now::get();
		Now::mutate(|now| *now += 70);
		// Not since the verdict on it: a machine can be changed while its evidence is judged.
		noted_since(sound, 1, Conduct::Passed, None);
		for seq in 2..=4 {
			Now::mutate(|now| *now += 7);
			strike(seq);
		}
		assert_eq!(CaseSteps::get(), [(CHIP, CaseStep::Opened(sound))]);
		go_to(Now::get() + SLASH_DELAY);
		assert_eq!(CaseSteps::get()[1..], [(CHIP, CaseStep::Settled)]);
	});
}

#[test]
fn where_the_chip_was_never_sound_it_is_as_long_as_anything_is_known() {
	run(|| {
		let first = Now::get();
		for seq in 1..=3 {
			strike(seq);
			Now::mutate(|now| *now += 7);
		}
		assert_eq!(CaseSteps::get(), [(CHIP, CaseStep::Opened(first))]);
	});
}

#[test]
fn a_slash_that_is_lifted_is_nobodys_case() {
	run(|| {
		(1..=3).for_each(strike);
		Reputation::undo(&CHIP, 3);
		assert_eq!(CaseSteps::get()[1..], [(CHIP, CaseStep::Dismissed)]);
	});
}
