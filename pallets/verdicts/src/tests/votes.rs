//! Votes, and the verdicts that result from them.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_primitives::Adjudicator;
use hcc_testing::Told;

use crate::{mock::*, *};

fn open(number: u8) -> sp_core::H256 {
	let id = subject(number);
	assert_ok!(<Verdicts as Adjudicator>::open(id, id, subject(0xee)));
	id
}

#[test]
fn verdict_of_more_than_two_thirds_is_reported_once() {
	run(4, || {
		let id = open(1);
		assert_ok!(submit(1, vec![vote(id, 0)], 5));
		assert_ok!(submit(2, vec![vote(id, 0)], 5));
		assert!(Told::get().is_empty(), "two of four are not more than two thirds");
		assert_ok!(submit(3, vec![vote(id, 0)], 5));
		assert!(Told::get().is_empty(), "it may be drawn for audit");
		let_verdicts_take_effect();
		assert_eq!(Told::get(), [(id, Some(finding(0)))]);
		assert_ok!(submit(4, vec![vote(id, 0)], 5));
		let_verdicts_take_effect();
		assert_eq!(Told::get().len(), 1, "a late vote counts but decides nothing");
		assert_eq!(Verdicts::subject(id).expect("open until it closes").votes.len(), 4);
	});
}

#[test]
fn vote_may_omit_disclosed_finding() {
	run(4, || {
		let id = open(1);
		let bare = Vote { finding: None, ..vote(id, 1201) };
		assert_noop!(submit(1, vec![bare.clone()], 5), Error::<Test>::FindingMissing);
		assert_ok!(submit(2, vec![vote(id, 1201)], 5));
		assert_ok!(submit(1, vec![bare], 5));
	});
}

#[test]
fn vote_fails_if_finding_has_other_hash() {
	run(4, || {
		let id = open(1);
		let mismatched = Vote { finding: Some(finding(0)), ..vote(id, 301) };
		assert_noop!(submit(1, vec![mismatched], 5), Error::<Test>::FindingMismatch);
	});
}

#[test]
fn vote_can_be_repeated_but_not_changed() {
	run(4, || {
		let id = open(1);
		assert_ok!(submit(1, vec![vote(id, 0)], 5));
		assert_noop!(submit(1, vec![vote(id, 301)], 5), Error::<Test>::VotedDifferently);
		let repeated = submit(1, vec![vote(id, 0)], 5).expect("the vote is valid");
		assert_eq!(repeated.pays_fee, Pays::Yes);
	});
}

#[test]
fn vote_fails_for_outsiders_and_non_members() {
	run(4, || {
		let id = open(1);
		assert_noop!(submit(9, vec![vote(id, 0)], 5), Error::<Test>::NotAWorker);
		hcc_testing::Active::mutate(|active| active.push(account(9)));
		assert_noop!(submit(9, vec![vote(id, 0)], 5), Error::<Test>::NotOnCommittee);
	});
}

#[test]
fn one_invalid_vote_fails_transaction() {
	run(4, || {
		let (first, second) = (open(1), open(2));
		let bare = Vote { finding: None, ..vote(second, 301) };
		assert_noop!(submit(1, vec![vote(first, 0), bare], 5), Error::<Test>::FindingMissing);
	});
}

#[test]
fn vote_for_unknown_subject_is_ignored() {
	run(4, || {
		assert_ok!(submit(1, vec![], 5));
		let outcome = submit(1, vec![vote(subject(7), 0)], 5).expect("the vote is valid");
		assert_eq!(outcome.pays_fee, Pays::Yes);
	});
}

#[test]
fn counted_vote_is_free() {
	run(4, || {
		assert_ok!(submit(1, vec![], 5));
		let id = open(1);
		let outcome = submit(1, vec![vote(id, 0)], 5).expect("the vote counts");
		assert_eq!(outcome.pays_fee, Pays::No);
	});
}

#[test]
fn open_fails_for_existing_subject() {
	run(4, || {
		let id = open(1);
		let again = <Verdicts as Adjudicator>::open(id, id, subject(0xee));
		assert_eq!(again, Err(Error::<Test>::AlreadyOpen.into()));
	});
}

#[test]
fn open_fails_without_validators() {
	run(0, || {
		assert_eq!(
			<Verdicts as Adjudicator>::open(subject(1), subject(1), subject(2)),
			Err(Error::<Test>::NoCommittee.into())
		);
	});
}

/// For any votes, the pallet reports a verdict exactly if more than two thirds agree on it. It
/// reports each verdict once.
#[test]
fn verdict_needs_more_than_two_thirds() {
	bolero::check!().with_type::<(u8, [u8; 16])>().with_iterations(200).for_each(
		|(validators, codes)| {
			let validators = 1 + validators % 16;
			run(validators, || {
				let id = open(1);
				let mut counts = [0u32; 3];
				let mut wanted = None;
				for who in 1..=validators {
					let code = codes[usize::from(who) - 1] % 3;
					assert_ok!(submit(who, vec![vote(id, code.into())], 5));
					counts[usize::from(code)] += 1;
					if wanted.is_none() && 3 * counts[usize::from(code)] > 2 * u32::from(validators)
					{
						wanted = Some((id, Some(finding(code.into()))));
					}
				}
				let_verdicts_take_effect();
				assert_eq!(Told::get(), wanted.into_iter().collect::<Vec<_>>());
			});
		},
	);
}
