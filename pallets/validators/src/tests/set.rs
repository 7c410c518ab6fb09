use frame_support::assert_ok;
use hcc_primitives::ValidatorSlasher;
use pallet_session::SessionManager;
use sp_runtime::{testing::UintAuthorityId, Perbill};
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

use crate::{mock::*, *};

#[test]
fn genesis_candidates_form_first_set() {
	run(|| assert_eq!(Session::validators(), vec![1, 2]));
}

#[test]
fn new_candidate_is_active_two_sessions_later() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		to_session(1);
		assert_eq!(Session::validators(), vec![1, 2]);
		to_session(2);
		assert_eq!(Session::validators(), vec![1, 2, 3]);
	});
}

#[test]
fn largest_bonds_are_selected() {
	run(|| {
		for (who, bond) in [(3, 300), (4, 400), (5, 500)] {
			assert_ok!(Validators::join(RuntimeOrigin::signed(who), bond, worker_of(who)));
		}
		to_session(2);
		assert_eq!(Session::validators(), vec![3, 4, 5]);
	});
}

#[test]
fn slashed_validator_leaves_once_replaced() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		to_session(2);
		// Two of three validators fall below the minimum bond.
		for who in [1, 2] {
			<Validators as ValidatorSlasher<u64>>::fine(&who, Perbill::from_percent(90));
		}
		to_session(4);
		assert_eq!(Session::validators(), vec![1, 2, 3], "the set would shrink from three to one");
		assert_ok!(Validators::join(RuntimeOrigin::signed(4), 300, worker_of(4)));
		to_session(6);
		assert_eq!(Session::validators().len(), 3);
		let left = Session::validators().into_iter().filter(|who| *who < 3).count();
		assert_eq!(left, 1, "one of them was replaced");
	});
}

#[test]
fn rules_are_clamped_to_bounds() {
	run(|| {
		MockRules::set(Rules { min_bond: 1, max_active: 1_000, unbonding_sessions: 0, ..RULES });
		assert_eq!(Validators::rules().max_active, 5);
		assert_eq!(Validators::rules().unbonding_sessions, MIN_UNBONDING);
		MockRules::set(Rules { min_bond: 1, max_active: 0, unbonding_sessions: 7, ..RULES });
		assert_eq!(Validators::rules().max_active, 2);
		assert_eq!(Validators::rules().unbonding_sessions, 7);
	});
}

#[test]
fn unchanged_set_is_not_planned() {
	run(|| {
		assert_eq!(<Validators as SessionManager<_>>::new_session(5), None);
		assert!(events().is_empty());
	});
}

#[test]
fn validator_without_keys_is_not_selected() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		to_session(2);
		assert_eq!(Session::validators(), vec![1, 2, 3]);
		assert_ok!(Session::purge_keys(RuntimeOrigin::signed(3)));
		to_session(4);
		assert_eq!(Session::validators(), vec![1, 2]);
	});
}

#[test]
fn set_below_minimum_is_not_planned() {
	run(|| {
		assert_ok!(Session::purge_keys(RuntimeOrigin::signed(2)));
		assert_eq!(<Validators as SessionManager<_>>::new_session(5), None);
	});
}

#[test]
fn equivocation_disables_at_most_a_third() {
	run(|| {
		MockRules::set(Rules { max_active: 5, ..RULES });
		for who in 3..6 {
			assert_ok!(Validators::join(RuntimeOrigin::signed(who), MIN_BOND, worker_of(who)));
		}
		to_session(2);
		assert_eq!(Session::validators().len(), 5);
		let offenders: Vec<_> = [4, 5]
			.into_iter()
			.map(|who| OffenceDetails { offender: (who, ()), reporters: Vec::<u64>::new() })
			.collect();
		let fractions = vec![Perbill::from_percent(50); 2];
		Validators::on_offence(&offenders, &fractions, 2);
		// ⌊(5 − 1) / 3⌋ = 1.
		assert_eq!(Session::disabled_validators().len(), 1);
		assert!(events().contains(&Event::Offended { who: 4, session: 2 }));
		assert!(events().contains(&Event::Offended { who: 5, session: 2 }));
	});
}

/// Makes a set of five validators, of which the fourth is slashed in session 2.
fn with_an_offender() {
	MockRules::set(Rules { max_active: 5, ..RULES });
	for who in 3..6 {
		assert_ok!(Validators::join(RuntimeOrigin::signed(who), MIN_BOND, worker_of(who)));
	}
	to_session(2);
	<Validators as ValidatorSlasher<_>>::slash(&4, Perbill::from_percent(10), None);
	assert_eq!(Session::disabled_validators(), [3]);
}

/// Changes session keys in storage. `set_keys` requires a proof, and the mock has no keys to make
/// one.
fn change_keys(who: AccountId, key: u64) {
	pallet_session::NextKeys::<Test>::insert(who, MockKeys::from(UintAuthorityId(key)));
}

/// `pallet-session` clears its list of disabled validators when any validator changes keys.
#[test]
fn ban_survives_key_change_of_others() {
	run(|| {
		with_an_offender();
		for (session, key) in (3..6).zip(100..) {
			change_keys(5, key);
			to_session(session);
			assert_eq!(Session::disabled_validators(), [3], "session {session}");
		}
		let planned = |event: &Event<Test>| matches!(event, Event::SetPlanned { session: 4.., .. });
		assert!(!events().iter().any(planned), "the set stays the same");
	});
}

#[test]
fn ban_ends_without_change_of_set() {
	run(|| {
		with_an_offender();
		let until = 2 + RULES.unbonding_sessions;
		to_session(until - 1);
		assert_eq!(Session::disabled_validators(), [3]);
		to_session(until);
		assert!(Session::disabled_validators().is_empty());
		assert!(Offenders::<Test>::get().is_empty());
	});
}

/// A validator that is out of the set for a session is still banned when it returns. The change of
/// the set clears the list of `pallet-session`, so this pallet must disable the validator again.
#[test]
fn ban_survives_change_of_set() {
	run(|| {
		with_an_offender();
		assert_ok!(Validators::bond_more(RuntimeOrigin::signed(4), MIN_BOND));
		assert_ok!(Session::purge_keys(RuntimeOrigin::signed(4)));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(1)));
		to_session(3);
		change_keys(4, 4);
		to_session(4);
		assert_eq!(Session::validators(), [2, 3, 5], "the offender is not in the set");
		assert!(Session::disabled_validators().is_empty());
		to_session(5);
		assert_eq!(Session::validators(), [2, 3, 4, 5]);
		assert_eq!(Session::disabled_validators(), [2]);
	});
}

#[test]
fn offender_keeps_worst_part_and_latest_end() {
	run(|| {
		with_an_offender();
		to_session(3);
		<Validators as ValidatorSlasher<_>>::slash(&4, Perbill::from_percent(30), None);
		to_session(4);
		<Validators as ValidatorSlasher<_>>::slash(&4, Perbill::from_percent(20), None);
		let until = 4 + RULES.unbonding_sessions;
		let wanted = Offender { who: 4, part: Perbill::from_percent(30), until };
		assert_eq!(Offenders::<Test>::get().into_inner(), [wanted]);
	});
}

/// A validator that changes keys and then equivocates with the new keys can be reported later.
#[test]
fn historical_root_matches_keys_in_use() {
	run(|| {
		to_session(3);
		let root = pallet_session::historical::Pallet::<Test>::historical_root;
		change_keys(2, 77);
		to_session(4);
		assert_eq!(root(4), root(3), "the new keys are used from the next session on");
		to_session(5);
		assert_ne!(root(5), root(4));
		to_session(6);
		assert_eq!(root(6), root(5));
	});
}

#[test]
fn historical_roots_are_pruned() {
	run(|| {
		to_session(14);
		let kept = pallet_session::historical::StoredRange::<Test>::get();
		let (first, _) = kept.expect("roots are stored");
		assert!(first >= 6, "roots since session {first} are stored");
	});
}
