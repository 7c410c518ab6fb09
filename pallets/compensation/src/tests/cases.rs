use hcc_primitives::{mock::CurrentInterval, Interval, OpensCases};

use crate::{mock::*, *};

#[test]
fn a_case_is_about_the_intervals_since_the_chip_was_sound() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		let case = Compensation::case_of(CHIP).expect("it is open");
		assert_eq!((case.first, case.last, case.stage), (8, 10, Stage::Open));
		for interval in [7, 11] {
			pays(1, interval, 100);
		}
		assert_eq!(Compensation::claim_of(CHIP, tenant(1)), 0);
		for interval in [8, 10] {
			pays(1, interval, 100);
		}
		assert_eq!(Compensation::claim_of(CHIP, tenant(1)), 200);
	});
}

#[test]
fn a_tick_is_found_in_its_interval() {
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
		CurrentInterval::set(Interval { index: 2, from: START, length: 0 });
		assert_eq!(since(0), 0, "no interval without a length divides by it");
	});
}

#[test]
fn nothing_counts_without_a_case() {
	run(|| {
		pays(1, INTERVAL, 100);
		assert_eq!(Claims::<Test>::iter().count(), 0);
		assert_eq!(loses(1_000), 1_000);
		Compensation::settle(&CHIP);
		Compensation::dismiss(&CHIP);
		assert_eq!(Ends::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_payment_of_nothing_leaves_no_claim() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 0);
		assert_eq!(Claims::<Test>::iter().count(), 0);
	});
}

#[test]
fn payments_count_until_the_case_ends() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		slashed(1_000);
		go_on(COLLECT - 1);
		pays(1, INTERVAL, 40);
		assert_eq!(Compensation::claim_of(CHIP, tenant(1)), 40);
		go_on(1);
		assert_eq!(given(1), 40);
		pays(2, INTERVAL, 40);
		assert_eq!(Claims::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_slash_that_is_lifted_gives_nobody_anything() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 100);
		Compensation::dismiss(&CHIP);
		assert_eq!(loses(1_000), 1_000, "what is lost later is lost for something else");
		go_on(1);
		assert_eq!(closed(), [(0, 0, 0)]);
		assert_eq!(given(1), 0);
		assert_eq!(Cases::<Test>::iter().count() + Claims::<Test>::iter().count(), 0);
	});
}

#[test]
fn another_slash_waits_for_no_case_that_is_not_over() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 100);
		slashed(1_000);
		Compensation::open(&CHIP, START);
		assert_eq!(loses(500), 500);
		Compensation::settle(&CHIP);
		go_on(COLLECT);
		assert_eq!(closed(), [(1_000 - EXISTENTIAL_DEPOSIT, 100, 890)]);
		Compensation::open(&CHIP, START);
		assert!(Compensation::case_of(CHIP).is_some());
	});
}
