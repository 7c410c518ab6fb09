use frame_support::{assert_noop, assert_ok};

use crate::{mock::*, *};

#[test]
fn set_worker_replaces_former_key() {
	run(|| {
		assert_ok!(Validators::set_worker(RuntimeOrigin::signed(1), 77));
		assert_eq!(Validators::validator_of(77), Some(1));
		assert_eq!(Validators::validator_of(worker_of(1)), None);
		assert_eq!(events(), vec![Event::WorkerSet { who: 1, worker: 77 }]);
	});
}

#[test]
fn worker_key_in_use_is_rejected() {
	run(|| {
		assert_noop!(
			Validators::set_worker(RuntimeOrigin::signed(1), worker_of(2)),
			Error::<Test>::WorkerInUse
		);
		assert_noop!(
			Validators::join(RuntimeOrigin::signed(3), 250, worker_of(2)),
			Error::<Test>::WorkerInUse
		);
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
		assert_eq!(Validators::validator_of(worker_of(3)), Some(3));
		to_session(6);
		assert_ok!(Validators::withdraw(RuntimeOrigin::signed(3)));
		assert_eq!(Validators::validator_of(worker_of(3)), None);
		assert_eq!(WorkerOf::<Test>::get(3), None);
	});
}
