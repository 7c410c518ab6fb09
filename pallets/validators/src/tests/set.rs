use frame_support::assert_ok;
use hcc_primitives::Slashes;
use pallet_session::SessionManager;
use sp_runtime::{testing::UintAuthorityId, Perbill};
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

use crate::{mock::*, *};

#[test]
fn the_genesis_candidates_are_the_first_set() {
	run(|| assert_eq!(Session::validators(), vec![1, 2]));
}

#[test]
fn a_new_candidate_serves_two_sessions_later() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		to_session(1);
		assert_eq!(Session::validators(), vec![1, 2]);
		to_session(2);
		assert_eq!(Session::validators(), vec![1, 2, 3]);
	});
}

#[test]
fn the_largest_bonds_win_when_places_are_few() {
	run(|| {
		for (who, bond) in [(3, 300), (4, 400), (5, 500)] {
			assert_ok!(Validators::join(RuntimeOrigin::signed(who), bond, worker_of(who)));
		}
		to_session(2);
		assert_eq!(Session::validators(), vec![3, 4, 5]);
	});
}

#[test]
fn who_was_slashed_goes_as_soon_as_somebody_is_in_its_place() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		to_session(2);
		// Nine tenths go: two of three are below what others must bring.
		for who in [1, 2] {
			<Validators as Slashes<u64>>::fine(&who, Perbill::from_percent(90));
		}
		to_session(4);
		assert_eq!(Session::validators(), vec![1, 2, 3], "three of one would be fewer");
		assert_ok!(Validators::join(RuntimeOrigin::signed(4), 300, worker_of(4)));
		to_session(6);
		assert_eq!(Session::validators().len(), 3);
		let left = Session::validators().into_iter().filter(|who| *who < 3).count();
		assert_eq!(left, 1, "one of them was replaced");
	});
}

#[test]
fn a_rule_beyond_its_bounds_is_read_as_the_bound() {
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
fn an_unchanged_set_is_not_planned_again() {
	run(|| {
		assert_eq!(<Validators as SessionManager<_>>::new_session(5), None);
		assert!(events().is_empty());
	});
}

#[test]
fn who_purges_its_keys_is_left_out() {
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
fn a_set_that_would_be_too_small_stays_as_it_is() {
	run(|| {
		assert_ok!(Session::purge_keys(RuntimeOrigin::signed(2)));
		assert_eq!(<Validators as SessionManager<_>>::new_session(5), None);
	});
}

#[test]
fn who_equivocates_is_disabled_up_to_a_third_of_the_set() {
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

/// Five in office, the fourth of which is slashed in session 2.
fn with_an_offender() {
	MockRules::set(Rules { max_active: 5, ..RULES });
	for who in 3..6 {
		assert_ok!(Validators::join(RuntimeOrigin::signed(who), MIN_BOND, worker_of(who)));
	}
	to_session(2);
	<Validators as Slashes<_>>::slash(&4, Perbill::from_percent(10), None);
	assert_eq!(Session::disabled_validators(), [3]);
}

/// As by `set_keys`, whose proof the mock has none of.
fn change_keys(who: AccountId, key: u64) {
	pallet_session::NextKeys::<Test>::insert(who, MockKeys::from(UintAuthorityId(key)));
}

/// `pallet-session` forgets who is disabled when anybody's keys change.
#[test]
fn who_is_slashed_authors_no_more_whoever_changes_keys() {
	run(|| {
		with_an_offender();
		for (session, key) in (3..6).zip(100..) {
			change_keys(5, key);
			to_session(session);
			assert_eq!(Session::disabled_validators(), [3], "session {session}");
		}
		let planned = |event: &Event<Test>| matches!(event, Event::SetPlanned { session: 4.., .. });
		assert!(!events().iter().any(planned), "the set is as it was");
	});
}

#[test]
fn who_is_slashed_authors_again_once_its_time_is_over_though_nothing_changes() {
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

/// Nor by going out of office for a session and coming back, which would free all others with it.
#[test]
fn who_is_slashed_is_not_freed_by_a_change_of_the_set() {
	run(|| {
		with_an_offender();
		assert_ok!(Validators::bond_more(RuntimeOrigin::signed(4), MIN_BOND));
		assert_ok!(Session::purge_keys(RuntimeOrigin::signed(4)));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(1)));
		to_session(3);
		change_keys(4, 4);
		to_session(4);
		assert_eq!(Session::validators(), [2, 3, 5], "it is out");
		assert!(Session::disabled_validators().is_empty());
		to_session(5);
		assert_eq!(Session::validators(), [2, 3, 4, 5]);
		assert_eq!(Session::disabled_validators(), [2]);
	});
}

#[test]
fn the_worst_offence_of_each_is_remembered_and_the_last_one_counts_for_how_long() {
	run(|| {
		with_an_offender();
		to_session(3);
		<Validators as Slashes<_>>::slash(&4, Perbill::from_percent(30), None);
		to_session(4);
		<Validators as Slashes<_>>::slash(&4, Perbill::from_percent(20), None);
		let until = 4 + RULES.unbonding_sessions;
		let wanted = Offender { who: 4, part: Perbill::from_percent(30), until };
		assert_eq!(Offenders::<Test>::get().into_inner(), [wanted]);
	});
}

/// Who changes keys while the set stands, and equivocates by the new ones, can be reported later.
#[test]
fn historical_roots_are_of_the_keys_that_are_in_use() {
	run(|| {
		to_session(3);
		let root = pallet_session::historical::Pallet::<Test>::historical_root;
		change_keys(2, 77);
		to_session(4);
		assert_eq!(root(4), root(3), "it is in use from the next one on");
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
		let (first, _) = kept.expect("roots are noted");
		assert!(first >= 6, "roots since session {first} are kept");
	});
}
