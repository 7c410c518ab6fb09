use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use hcc_primitives::ValidatorSlasher;
use sp_runtime::Perbill;

use crate::{mock::*, *};

fn held(who: AccountId) -> Balance {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

#[test]
fn join_holds_bond_and_sets_worker() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		assert_eq!(held(3), 250);
		assert_eq!(WorkerOf::<Test>::get(3), Some(worker_of(3)));
		assert_eq!(events(), vec![Event::Joined { who: 3, bond: 250, worker: worker_of(3) }]);
	});
}

#[test]
fn join_fails_without_session_keys() {
	run(|| {
		assert_noop!(
			Validators::join(RuntimeOrigin::signed(9), 250, worker_of(9)),
			Error::<Test>::NoSessionKeys
		);
	});
}

#[test]
fn join_fails_below_minimum_bond() {
	run(|| {
		assert_noop!(
			Validators::join(RuntimeOrigin::signed(3), MIN_BOND - 1, worker_of(3)),
			Error::<Test>::BondTooSmall
		);
	});
}

#[test]
fn join_fails_without_funds_for_bond() {
	run(|| {
		let joined = Validators::join(RuntimeOrigin::signed(3), ENDOWMENT + 1, worker_of(3));
		assert!(joined.is_err());
		assert_eq!(held(3), 0);
	});
}

#[test]
fn join_fails_for_candidate() {
	run(|| {
		assert_noop!(
			Validators::join(RuntimeOrigin::signed(1), 250, worker_of(3)),
			Error::<Test>::AlreadyJoined
		);
	});
}

#[test]
fn join_fails_when_candidates_are_full() {
	run(|| {
		for who in 3..7 {
			assert_ok!(Validators::join(RuntimeOrigin::signed(who), MIN_BOND, worker_of(who)));
		}
		assert_noop!(
			Validators::join(RuntimeOrigin::signed(7), MIN_BOND, worker_of(7)),
			Error::<Test>::TooManyCandidates
		);
	});
}

#[test]
fn bond_more_increases_hold() {
	run(|| {
		assert_ok!(Validators::bond_more(RuntimeOrigin::signed(1), 40));
		assert_eq!(held(1), MIN_BOND + 40);
		assert_eq!(events(), vec![Event::BondRaised { who: 1, bond: MIN_BOND + 40 }]);
		assert_noop!(Validators::bond_more(RuntimeOrigin::signed(3), 40), Error::<Test>::NotJoined);
	});
}

#[test]
fn withdraw_fails_until_unbonding_sessions_end() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(3)));
		assert_eq!(held(3), 250);
		assert_noop!(Validators::withdraw(RuntimeOrigin::signed(3)), Error::<Test>::TooEarly);
		to_session(5);
		assert_noop!(Validators::withdraw(RuntimeOrigin::signed(3)), Error::<Test>::TooEarly);
		to_session(6);
		assert_ok!(Validators::withdraw(RuntimeOrigin::signed(3)));
		assert_eq!(held(3), 0);
		assert_noop!(Validators::withdraw(RuntimeOrigin::signed(3)), Error::<Test>::NotUnbonding);
	});
}

/// The current set stays if too few candidates are able to form the next set.
#[test]
fn withdraw_fails_while_active() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		to_session(2);
		assert_ok!(Validators::leave(RuntimeOrigin::signed(3)));
		let keys = pallet_session::NextKeys::<Test>::take(1).expect("the validator has keys");
		to_session(9);
		assert!(Session::validators().contains(&3), "the set stays");
		assert_noop!(Validators::withdraw(RuntimeOrigin::signed(3)), Error::<Test>::TooEarly);
		pallet_session::NextKeys::<Test>::insert(1, keys);
		to_session(12);
		assert!(!Session::validators().contains(&3));
		assert_ok!(Validators::withdraw(RuntimeOrigin::signed(3)));
	});
}

#[test]
fn withdraw_fails_while_banned() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(3)));
		to_session(5);
		<Validators as ValidatorSlasher<_>>::slash(&3, Perbill::from_percent(10), None);
		to_session(8);
		assert_noop!(Validators::withdraw(RuntimeOrigin::signed(3)), Error::<Test>::TooEarly);
		to_session(9);
		assert_ok!(Validators::withdraw(RuntimeOrigin::signed(3)));
	});
}

#[test]
fn join_fails_while_unbonding() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(3)));
		assert_noop!(
			Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)),
			Error::<Test>::StillUnbonding
		);
	});
}

#[test]
fn leave_fails_at_minimum_set() {
	run(|| {
		assert_noop!(Validators::leave(RuntimeOrigin::signed(1)), Error::<Test>::TooFewValidators);
		assert_noop!(Validators::leave(RuntimeOrigin::signed(3)), Error::<Test>::NotJoined);
	});
}
