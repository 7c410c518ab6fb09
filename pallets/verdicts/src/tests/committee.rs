//! Who is appointed.

use frame_support::assert_ok;
use hcc_primitives::Judges;
use sp_core::H256;

use crate::mock::*;

fn committee(number: u8) -> Vec<sp_runtime::AccountId32> {
	assert_ok!(<Verdicts as Judges>::open(subject(number), subject(0xee)));
	Verdicts::subject(subject(number)).expect("open").committee.into_inner()
}

#[test]
fn up_to_sixteen_validators_all_judge() {
	run(16, || assert_eq!(committee(1), (1..=16).map(account).collect::<Vec<_>>()));
}

#[test]
fn of_more_sixteen_are_drawn_anew_for_each_subject() {
	run(40, || {
		let (first, second) = (committee(1), committee(2));
		assert_eq!((first.len(), second.len()), (16, 16));
		assert_ne!(first, second);
		Seed::set(Some(H256([0xaa; 32])));
		assert_ne!(committee(3), first);
	});
}

#[test]
fn without_chance_those_who_come_first_judge() {
	run(40, || {
		Seed::set(None);
		assert_eq!(committee(1), (1..=16).map(account).collect::<Vec<_>>());
	});
}
