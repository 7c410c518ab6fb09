//! Pay for votes, and loss for absence.

use frame_support::traits::fungible::{Inspect, InspectHold, Mutate};
use hcc_primitives::{ServiceRecorder, VoteService};

use crate::{mock::*, *};

fn served(members: &[(AccountId, VoteService)], times: u32) {
	for _ in 0..times {
		<Validators as ServiceRecorder<_>>::served(members);
	}
}

fn bond(who: AccountId) -> Balance {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

fn fill_pot(amount: Balance) {
	Balances::mint_into(&Validators::pot(), amount).expect("a small amount");
}

/// One unit stays, so that the account of the pot is not removed.
const REMAINDER: Balance = 1;

#[test]
fn counted_votes_share_pot_and_issuance_stays() {
	run(|| {
		fill_pot(REMAINDER + u64::from(PAYOUT_SESSIONS) * 1_000);
		let issued = Balances::total_issuance();
		let before = [1, 2].map(|who| Balances::balance(&who));
		served(&[(1, VoteService::Counted), (2, VoteService::Counted)], 1);
		served(&[(1, VoteService::Counted), (2, VoteService::Voted)], 2);
		assert_eq!(Validators::duty(2).expect("a vote was required").counted, 1);
		to_session(1);
		let paid = [1, 2].map(|who| Balances::balance(&who));
		assert_eq!(paid, [before[0] + 750, before[1] + 250]);
		let rest = u64::from(PAYOUT_SESSIONS - 1) * 1_000;
		assert_eq!(Balances::balance(&Validators::pot()), REMAINDER + rest);
		assert_eq!(Balances::total_issuance(), issued);
		assert!(events().contains(&Event::Paid { who: 1, votes: 3, amount: 750 }));
		assert_eq!(Validators::duty(1), None, "each session counts from zero");
	});
}

#[test]
fn indivisible_remainder_stays_in_pot() {
	run(|| {
		// A session may pay 100, of which each of three votes receives 33.
		fill_pot(REMAINDER + u64::from(PAYOUT_SESSIONS) * 100);
		served(
			&[(1, VoteService::Counted), (2, VoteService::Counted), (3, VoteService::Counted)],
			1,
		);
		let issued = Balances::total_issuance();
		to_session(1);
		let rest = u64::from(PAYOUT_SESSIONS - 1) * 100;
		assert_eq!(Balances::balance(&Validators::pot()), REMAINDER + rest + 1);
		assert_eq!(Balances::total_issuance(), issued);
	});
}

#[test]
fn empty_pot_or_no_counted_votes_pay_nothing() {
	run(|| {
		served(&[(1, VoteService::Counted)], 1);
		to_session(1);
		fill_pot(REMAINDER + 100);
		served(&[(1, VoteService::Voted)], 1);
		to_session(2);
		assert!(!events().iter().any(|event| matches!(event, Event::Paid { .. })));
		assert_eq!(Balances::balance(&Validators::pot()), REMAINDER + 100);
	});
}

/// Without this limit, the votes of one session would receive the pay for all sessions of a day.
#[test]
fn session_pays_at_most_its_part_of_pot() {
	run(|| {
		let pot = 10_000;
		fill_pot(REMAINDER + pot);
		let paid = |session, who: AccountId| {
			let before = Balances::balance(&who);
			served(&[(who, VoteService::Counted)], 1);
			to_session(session);
			Balances::balance(&who) - before
		};
		let late = paid(1, 2);
		assert_eq!(late, pot / u64::from(PAYOUT_SESSIONS));
		let steady: Balance = (2..=PAYOUT_SESSIONS).map(|session| paid(session, 1)).sum();
		assert!(steady >= late, "{steady} for all other sessions, {late} for one");
	});
}

#[test]
fn absence_above_limit_is_slashed() {
	run(|| {
		let before = [1, 2].map(bond);
		served(&[(1, VoteService::Counted), (2, VoteService::Counted)], 5);
		served(&[(1, VoteService::Counted), (2, VoteService::Absent)], 6);
		to_session(1);
		assert_eq!(bond(1), before[0]);
		assert_eq!(bond(2), before[1] - before[1] / 100);
		assert!(events().contains(&Event::Absent { who: 2, asked: 11, voted: 5 }));
	});
}

#[test]
fn absence_within_limit_or_of_few_subjects_is_tolerated() {
	run(|| {
		let before = bond(2);
		served(&[(2, VoteService::Counted)], 6);
		served(&[(2, VoteService::Absent)], 6);
		to_session(1);
		served(&[(2, VoteService::Absent)], MIN_ASKED - 1);
		to_session(2);
		assert_eq!(bond(2), before);
	});
}

#[test]
fn other_vote_is_not_absence() {
	run(|| {
		let before = bond(2);
		served(&[(2, VoteService::Voted)], 50);
		to_session(1);
		assert_eq!(bond(2), before);
	});
}
