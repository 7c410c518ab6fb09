//! Statements of finality.

use frame_support::{assert_noop, assert_ok};
use hcc_primitives::MAX_VALIDATORS;
use hcc_testing::Active;

use crate::{mock::*, *};

#[test]
fn statement_is_free_once_an_interval() {
	run(1, || {
		assert_eq!(state(1, 5), Ok(true));
		assert_eq!(state(1, 6), Ok(false));
		for _ in 0..INTERVAL {
			next_block();
		}
		assert_eq!(state(1, 7), Ok(true));
	});
}

#[test]
fn statement_fails_for_current_block_and_for_older_block_than_before() {
	run(1, || {
		assert_noop!(state(1, 10), Error::<Test>::BadStatement);
		assert_ok!(state(1, 9));
		assert_noop!(state(1, 8), Error::<Test>::BadStatement);
		assert_ok!(state(1, 9));
	});
}

#[test]
fn statement_fails_from_inactive_validator() {
	run(1, || {
		assert_noop!(state(2, 9), Error::<Test>::NotInOffice);
		assert!(Statements::<Test>::get().is_empty());
	});
}

#[test]
fn statement_of_inactive_validator_is_dropped() {
	run(3, || {
		for who in 1..=3 {
			assert_ok!(state(who, 5));
		}
		assert_eq!(FinalisedSeen::<Test>::get(), 5);
		Active::set(vec![account(1), account(4)]);
		assert_ok!(state(1, 9));
		assert_eq!(Statements::<Test>::get().len(), 1);
		assert_eq!(FinalisedSeen::<Test>::get(), 0, "one of two is not more than two thirds");
	});
}

#[test]
fn finalised_number_emits_event_on_change() {
	run(1, || {
		assert_ok!(state(1, 5));
		System::assert_last_event(Event::<Test>::FinalisedSeen { number: 5 }.into());
		System::reset_events();
		assert_ok!(state(1, 5));
		assert!(System::events().is_empty());
		assert_ok!(state(1, 6));
		System::assert_last_event(Event::<Test>::FinalisedSeen { number: 6 }.into());
	});
}

#[test]
fn all_active_validators_can_state() {
	run(MAX_VALIDATORS as u8, || {
		for who in 1..=MAX_VALIDATORS as u8 {
			assert_ok!(state(who, 5));
		}
		assert_eq!(Statements::<Test>::get().len() as u32, MAX_VALIDATORS);
		assert_eq!(FinalisedSeen::<Test>::get(), 5);
	});
}
