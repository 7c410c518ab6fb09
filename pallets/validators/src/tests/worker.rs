use frame_support::{assert_noop, assert_ok};
use hcc_primitives::ActiveValidators as _;

use crate::{mock::*, *};

#[test]
fn set_worker_replaces_former_key() {
	run(|| {
		assert_ok!(Validators::set_worker(RuntimeOrigin::signed(1), 77));
		assert!(Validators::is_worker(&77, &1));
		assert!(!Validators::is_worker(&worker_of(1), &1));
		assert_eq!(events(), vec![Event::WorkerSet { who: 1, worker: 77 }]);
	});
}

#[test]
fn squatted_worker_key_signs_for_both_validators() {
	run(|| {
		// Validator 1 and a newcomer name the worker key of validator 2. Validator 2 loses nothing.
		assert_ok!(Validators::set_worker(RuntimeOrigin::signed(1), worker_of(2)));
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(2)));
		assert!(Validators::is_worker(&worker_of(2), &2));
		assert!(!Validators::is_worker(&worker_of(1), &2));
		assert_ok!(Validators::set_worker(RuntimeOrigin::signed(1), worker_of(1)));
		assert!(Validators::is_worker(&worker_of(2), &2));
	});
}

#[test]
fn set_worker_fails_before_join() {
	run(|| {
		assert_noop!(
			Validators::set_worker(RuntimeOrigin::signed(3), 77),
			Error::<Test>::NotJoined
		);
	});
}

#[test]
fn worker_key_stays_until_withdraw() {
	run(|| {
		assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(3)));
		assert!(Validators::is_worker(&worker_of(3), &3));
		to_session(6);
		assert_ok!(Validators::withdraw(RuntimeOrigin::signed(3)));
		assert!(!Validators::is_worker(&worker_of(3), &3));
		assert_eq!(WorkerOf::<Test>::get(3), None);
	});
}
