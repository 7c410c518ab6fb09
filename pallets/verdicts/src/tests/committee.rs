//! Who is appointed.

use frame_support::assert_ok;
use hcc_primitives::Judges;
use sp_core::H256;

use crate::mock::*;

fn committee(number: u8) -> Vec<sp_runtime::AccountId32> {
	assert_ok!(<Verdicts as Judges>::open(subject(number), subject(number), subject(0xee)));
	Verdicts::subject(subject(number)).expect("open").committee.into_inner()
}

#[test]
fn up_to_sixteen_validators_all_judge() {
	run(16, || assert_eq!(committee(1), (1..=16).map(account).collect::<Vec<_>>()));
}

#[test]
fn of_more_sixteen_are_drawn_anew_for_each_lot_by_chance() {
	run(40, || {
		let (first, second) = (committee(1), committee(2));
		assert_eq!((first.len(), second.len()), (16, 16));
		assert_ne!(first, second);
		let again = |number, lot| {
			assert_ok!(<Verdicts as Judges>::open(subject(number), subject(lot), subject(0xee)));
			Verdicts::subject(subject(number)).expect("open").committee.into_inner()
		};
		Seed::set(Some(H256([0xaa; 32])));
		assert_ne!(again(3, 1), first, "by chance");
		assert_eq!(again(4, 9), again(5, 9), "whatever the evidence is");
	});
}

#[test]
fn everybody_is_drawn_as_often() {
	run(40, || {
		let mut seats = [0u32; 40];
		const DRAWS: u8 = 200;
		for number in 0..DRAWS {
			Seed::set(Some(H256([number; 32])));
			let subject = subject(number);
			assert_ok!(<Verdicts as Judges>::open(subject, H256([7; 32]), H256::zero()));
			for member in Verdicts::subject(subject).expect("open").committee {
				let bytes: &[u8; 32] = member.as_ref();
				seats[usize::from(bytes[0]) - 1] += 1;
			}
		}
		// Each has 80 to expect, with a deviation of some seven.
		assert!(seats.iter().all(|seats| (50..110).contains(seats)), "{seats:?}");
	});
}

#[test]
fn without_chance_those_who_come_first_judge() {
	run(40, || {
		Seed::set(None);
		assert_eq!(committee(1), (1..=16).map(account).collect::<Vec<_>>());
	});
}
