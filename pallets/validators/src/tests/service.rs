//! Votes are paid; absence is not.

use frame_support::traits::fungible::{Inspect, InspectHold, Mutate};
use hcc_primitives::{Serves, Service};

use crate::{mock::*, *};

fn served(members: &[(AccountId, Service)], times: u32) {
	for _ in 0..times {
		<Validators as Serves<_>>::served(members);
	}
}

fn bond(who: AccountId) -> Balance {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

fn fill_pot(amount: Balance) {
	Balances::mint_into(&Validators::pot(), amount).expect("it is little");
}

/// One unit stays, so that the pot goes on to exist.
const STAYS: Balance = 1;

#[test]
fn votes_that_counted_share_the_pot_and_nothing_is_made_or_lost() {
	run(|| {
		fill_pot(STAYS + 1_000);
		let issued = Balances::total_issuance();
		let before = [1, 2].map(|who| Balances::balance(&who));
		served(&[(1, Service::Counted), (2, Service::Counted)], 1);
		served(&[(1, Service::Counted), (2, Service::Voted)], 2);
		assert_eq!(Validators::duty(2).expect("it served").counted, 1);
		to_session(1);
		let paid = [1, 2].map(|who| Balances::balance(&who));
		assert_eq!(paid, [before[0] + 750, before[1] + 250]);
		assert_eq!(Balances::balance(&Validators::pot()), STAYS);
		assert_eq!(Balances::total_issuance(), issued);
		assert!(events().contains(&Event::Paid { who: 1, votes: 3, amount: 750 }));
		assert_eq!(Validators::duty(1), None, "a session begins anew");
	});
}

#[test]
fn what_does_not_divide_stays_in_the_pot() {
	run(|| {
		fill_pot(STAYS + 100);
		served(&[(1, Service::Counted), (2, Service::Counted), (3, Service::Counted)], 1);
		let issued = Balances::total_issuance();
		to_session(1);
		assert_eq!(Balances::balance(&Validators::pot()), STAYS + 1);
		assert_eq!(Balances::total_issuance(), issued);
	});
}

#[test]
fn an_empty_pot_and_a_session_without_votes_pay_nobody() {
	run(|| {
		served(&[(1, Service::Counted)], 1);
		to_session(1);
		fill_pot(STAYS + 100);
		served(&[(1, Service::Voted)], 1);
		to_session(2);
		assert!(!events().iter().any(|event| matches!(event, Event::Paid { .. })));
		assert_eq!(Balances::balance(&Validators::pot()), STAYS + 100);
	});
}

#[test]
fn absence_past_the_threshold_is_slashed() {
	run(|| {
		let before = [1, 2].map(bond);
		served(&[(1, Service::Counted), (2, Service::Counted)], 5);
		served(&[(1, Service::Counted), (2, Service::Absent)], 6);
		to_session(1);
		assert_eq!(bond(1), before[0]);
		assert_eq!(bond(2), before[1] - before[1] / 100);
		assert!(events().contains(&Event::Absent { who: 2, asked: 11, voted: 5 }));
	});
}

#[test]
fn half_of_it_is_tolerated_and_so_is_a_session_with_few_subjects() {
	run(|| {
		let before = bond(2);
		served(&[(2, Service::Counted)], 6);
		served(&[(2, Service::Absent)], 6);
		to_session(1);
		served(&[(2, Service::Absent)], MIN_ASKED - 1);
		to_session(2);
		assert_eq!(bond(2), before);
	});
}

#[test]
fn who_votes_but_otherwise_is_not_absent() {
	run(|| {
		let before = bond(2);
		served(&[(2, Service::Voted)], 50);
		to_session(1);
		assert_eq!(bond(2), before);
	});
}
