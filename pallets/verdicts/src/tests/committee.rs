//! Appointment of committees.

use frame_support::assert_ok;
use hcc_primitives::Adjudicator;
use sp_core::H256;

use crate::mock::*;

fn committee(number: u8) -> Vec<sp_runtime::AccountId32> {
	assert_ok!(<Verdicts as Adjudicator>::open(subject(number), subject(number), subject(0xee)));
	Verdicts::subject(subject(number)).expect("open").committee.into_inner()
}

#[test]
fn all_validators_serve_up_to_sixteen() {
	run(16, || assert_eq!(committee(1), (1..=16).map(account).collect::<Vec<_>>()));
}

#[test]
fn sixteen_of_more_validators_are_drawn_per_lot() {
	run(40, || {
		let (first, second) = (committee(1), committee(2));
		assert_eq!((first.len(), second.len()), (16, 16));
		assert_ne!(first, second);
		let again = |number, lot| {
			assert_ok!(<Verdicts as Adjudicator>::open(
				subject(number),
				subject(lot),
				subject(0xee)
			));
			Verdicts::subject(subject(number)).expect("open").committee.into_inner()
		};
		Seed::set(Some(H256([0xaa; 32])));
		assert_ne!(again(3, 1), first, "the draw depends on randomness");
		assert_eq!(again(4, 9), again(5, 9), "the draw does not depend on the evidence");
	});
}

#[test]
fn draw_is_uniform() {
	run(40, || {
		let mut seats = [0u32; 40];
		const DRAWS: u8 = 200;
		for number in 0..DRAWS {
			Seed::set(Some(H256([number; 32])));
			let subject = subject(number);
			assert_ok!(<Verdicts as Adjudicator>::open(subject, H256([7; 32]), H256::zero()));
			for member in Verdicts::subject(subject).expect("open").committee {
				let bytes: &[u8; 32] = member.as_ref();
				seats[usize::from(bytes[0]) - 1] += 1;
			}
		}
		// Each validator is expected on 80 committees, with a standard deviation of about seven.
		assert!(seats.iter().all(|seats| (50..110).contains(seats)), "{seats:?}");
	});
}

#[test]
fn first_validators_serve_without_randomness() {
	run(40, || {
		Seed::set(None);
		assert_eq!(committee(1), (1..=16).map(account).collect::<Vec<_>>());
	});
}
