//! Votes and what they decide.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_primitives::{mock::Told, Judges};

use crate::{mock::*, *};

fn open(number: u8) -> sp_core::H256 {
	let id = subject(number);
	assert_ok!(<Verdicts as Judges>::open(id, id, subject(0xee)));
	id
}

#[test]
fn more_than_two_thirds_decide_and_are_told_once() {
	run(4, || {
		let id = open(1);
		assert_ok!(file(1, vec![vote(id, 0)], 5));
		assert_ok!(file(2, vec![vote(id, 0)], 5));
		assert!(Told::get().is_empty(), "two of four are not more than two thirds");
		assert_ok!(file(3, vec![vote(id, 0)], 5));
		assert!(Told::get().is_empty(), "it may yet be drawn for audit");
		let_verdicts_take_effect();
		assert_eq!(Told::get(), [(id, Some(finding(0)))]);
		assert_ok!(file(4, vec![vote(id, 0)], 5));
		let_verdicts_take_effect();
		assert_eq!(Told::get().len(), 1, "a late vote counts but decides nothing");
		assert_eq!(Verdicts::subject(id).expect("open until it closes").votes.len(), 4);
	});
}

#[test]
fn a_vote_for_a_finding_that_was_shown_need_not_show_it() {
	run(4, || {
		let id = open(1);
		let bare = Vote { finding: None, ..vote(id, 1201) };
		assert_noop!(file(1, vec![bare.clone()], 5), Error::<Test>::FindingMissing);
		assert_ok!(file(2, vec![vote(id, 1201)], 5));
		assert_ok!(file(1, vec![bare], 5));
	});
}

#[test]
fn a_finding_must_have_the_hash_that_is_voted_for() {
	run(4, || {
		let id = open(1);
		let lie = Vote { finding: Some(finding(0)), ..vote(id, 301) };
		assert_noop!(file(1, vec![lie], 5), Error::<Test>::FindingMismatch);
	});
}

#[test]
fn a_vote_cannot_be_changed_but_can_be_repeated() {
	run(4, || {
		let id = open(1);
		assert_ok!(file(1, vec![vote(id, 0)], 5));
		assert_noop!(file(1, vec![vote(id, 301)], 5), Error::<Test>::VotedDifferently);
		let repeated = file(1, vec![vote(id, 0)], 5).expect("nothing is wrong with it");
		assert_eq!(repeated.pays_fee, Pays::Yes);
	});
}

#[test]
fn strangers_and_those_not_appointed_have_no_vote() {
	run(4, || {
		let id = open(1);
		assert_noop!(file(9, vec![vote(id, 0)], 5), Error::<Test>::NotAWorker);
		hcc_primitives::mock::Active::mutate(|active| active.push(account(9)));
		assert_noop!(file(9, vec![vote(id, 0)], 5), Error::<Test>::NotOnCommittee);
	});
}

#[test]
fn one_bad_vote_spoils_the_transaction() {
	run(4, || {
		let (first, second) = (open(1), open(2));
		let bare = Vote { finding: None, ..vote(second, 301) };
		assert_noop!(file(1, vec![vote(first, 0), bare], 5), Error::<Test>::FindingMissing);
	});
}

#[test]
fn votes_for_what_is_not_open_are_passed_over() {
	run(4, || {
		assert_ok!(file(1, vec![], 5));
		let outcome = file(1, vec![vote(subject(7), 0)], 5).expect("nothing is wrong with it");
		assert_eq!(outcome.pays_fee, Pays::Yes);
	});
}

#[test]
fn a_vote_that_counts_is_free() {
	run(4, || {
		assert_ok!(file(1, vec![], 5));
		let id = open(1);
		let outcome = file(1, vec![vote(id, 0)], 5).expect("counts");
		assert_eq!(outcome.pays_fee, Pays::No);
	});
}

#[test]
fn a_subject_is_opened_once() {
	run(4, || {
		let id = open(1);
		let again = <Verdicts as Judges>::open(id, id, subject(0xee));
		assert_eq!(again, Err(Error::<Test>::AlreadyOpen.into()));
	});
}

#[test]
fn without_validators_nothing_is_judged() {
	run(0, || {
		assert_eq!(
			<Verdicts as Judges>::open(subject(1), subject(1), subject(2)),
			Err(Error::<Test>::NoCommittee.into())
		);
	});
}

/// Whatever is voted in whatever order: told exactly once, with what more than two thirds agree on, or never.
#[test]
fn a_verdict_is_what_more_than_two_thirds_agree_on() {
	bolero::check!().with_type::<(u8, [u8; 16])>().with_iterations(200).for_each(
		|(validators, codes)| {
			let validators = 1 + validators % 16;
			run(validators, || {
				let id = open(1);
				let mut counts = [0u32; 3];
				let mut wanted = None;
				for who in 1..=validators {
					let code = codes[usize::from(who) - 1] % 3;
					assert_ok!(file(who, vec![vote(id, code.into())], 5));
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
