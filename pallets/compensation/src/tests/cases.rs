use hcc_primitives::{CompensationCases, Interval};
use hcc_testing::CurrentInterval;

use crate::{mock::*, *};

#[test]
fn case_covers_intervals_since_last_pass() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		let case = Compensation::case_of(CHIP).expect("it is open");
		assert_eq!((case.first, case.last, case.stage), (8, 10, Stage::Open));
		for interval in [7, 11] {
			pays(1, interval, 100);
		}
		assert_eq!(Compensation::payment_of(CHIP, tenant(1)), 0);
		for interval in [8, 10] {
			pays(1, interval, 100);
		}
		assert_eq!(Compensation::payment_of(CHIP, tenant(1)), 200);
	});
}

#[test]
fn interval_of_tick_is_computed() {
	run(|| {
		let since = |tick| {
			Cases::<Test>::remove(CHIP);
			Compensation::open(&CHIP, tick);
			let case = Compensation::case_of(CHIP).expect("it is open");
			Cases::<Test>::remove(CHIP);
			case.first
		};
		assert_eq!([START, START - 1, START - 100, START - 101].map(since), [10, 9, 9, 8]);
		assert_eq!(since(0), 0);
		CurrentInterval::set(Interval { index: 2, from: START, length: 0, paid_from: START });
		assert_eq!(since(0), 0, "a length of zero does not divide");
	});
}

#[test]
fn payment_and_loss_without_case_have_no_effect() {
	run(|| {
		pays(1, INTERVAL, 100);
		assert_eq!(TenantPayments::<Test>::iter().count(), 0);
		assert_eq!(loses(1_000), 1_000);
		Compensation::settle(&CHIP);
		Compensation::dismiss(&CHIP);
		assert_eq!(CaseDeadlines::<Test>::iter().count(), 0);
	});
}

#[test]
fn zero_payment_is_not_stored() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 0);
		assert_eq!(TenantPayments::<Test>::iter().count(), 0);
	});
}

#[test]
fn payments_count_until_payout() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		slashed(1_000);
		advance(COLLECT - 1);
		pays(1, INTERVAL, 40);
		assert_eq!(Compensation::payment_of(CHIP, tenant(1)), 40);
		advance(1);
		assert_eq!(given(1), 40);
		pays(2, INTERVAL, 40);
		assert_eq!(TenantPayments::<Test>::iter().count(), 0);
	});
}

#[test]
fn dismissed_case_pays_nothing() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 100);
		Compensation::dismiss(&CHIP);
		assert_eq!(loses(1_000), 1_000, "a later loss has another cause");
		advance(1);
		assert_eq!(closed(), [(0, 0, 0)]);
		assert_eq!(given(1), 0);
		assert_eq!(Cases::<Test>::iter().count() + TenantPayments::<Test>::iter().count(), 0);
	});
}

#[test]
fn second_slash_during_case_is_not_kept() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 100);
		slashed(1_000);
		Compensation::open(&CHIP, START);
		assert_eq!(loses(500), 500);
		Compensation::settle(&CHIP);
		advance(COLLECT);
		assert_eq!(closed(), [(1_000 - EXISTENTIAL_DEPOSIT, 100, 890)]);
		Compensation::open(&CHIP, START);
		assert!(Compensation::case_of(CHIP).is_some());
	});
}
