//! Reports that come in, prices that come of them and end.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_primitives::{
	mock::{Active, Fined, Now},
	Oracle as _,
};

use crate::{mock::*, *};

fn all(price: Price) {
	for by in 1..=7 {
		assert_ok!(report(by, price));
	}
}

/// A round in which all report that price.
fn round(price: Price) {
	all(price);
	blocks(10);
}

#[test]
fn a_price_is_made_of_reports_and_a_report_is_free() {
	run(|| {
		assert_eq!(Oracle::for_orders(), None, "there was none yet");
		let info = report(1, PRICE).expect("a feeder");
		assert_eq!(info.pays_fee, Pays::No);
		for by in 2..=7 {
			assert_ok!(report(by, PRICE + u64::from(by)));
		}
		blocks(1);
		let rate = Oracle::rate().expect("made");
		assert_eq!((rate.price, rate.at, rate.beyond), (PRICE + 4, 101, None));
		assert_eq!(Oracle::for_orders(), Some(PRICE + 4));
		assert_eq!(Oracle::for_leases(), Some(PRICE + 4));
		System::assert_last_event(Event::RateSet { price: PRICE + 4, reports: 7 }.into());
	});
}

#[test]
fn a_report_that_cannot_count_changes_nothing() {
	run(|| {
		let at = |by, price, block| Oracle::report(RuntimeOrigin::signed(feeder(by)), price, block);
		assert_noop!(at(8, PRICE, 100), Error::<Test>::NotAFeeder);
		assert_noop!(at(1, 0, 100), Error::<Test>::OutOfBounds);
		assert_noop!(at(1, RULES.floor - 1, 100), Error::<Test>::OutOfBounds);
		assert_noop!(at(1, RULES.ceiling + 1, 100), Error::<Test>::OutOfBounds);
		assert_noop!(at(1, PRICE, 101), Error::<Test>::BadBlock);
		assert_noop!(at(1, PRICE, 79), Error::<Test>::BadBlock);
		assert_ok!(at(1, PRICE, 80));
		assert_noop!(at(1, PRICE, 80), Error::<Test>::NotNewer);
		assert_noop!(at(1, PRICE, 84), Error::<Test>::TooSoon);
		assert_ok!(at(1, PRICE, 85));
		assert_noop!(at(1, PRICE, 84), Error::<Test>::NotNewer);
	});
}

#[test]
fn two_thirds_of_the_feeders_and_one_must_have_reported() {
	run(|| {
		for by in 1..=4 {
			assert_ok!(report(by, PRICE));
		}
		blocks(1);
		assert_eq!(Oracle::rate(), None);
		System::assert_last_event(Event::NoRate { reports: 4, needed: 5 }.into());
		assert_ok!(report(5, PRICE));
		blocks(10);
		assert_eq!(Oracle::for_orders(), Some(PRICE));
	});
}

#[test]
fn reports_that_are_too_old_or_of_nobody_in_office_do_not_count() {
	run(|| {
		for by in 1..=5 {
			assert_ok!(report(by, PRICE));
		}
		NextRate::<Test>::put(121);
		blocks(21);
		assert_eq!(Oracle::rate(), None, "a block too old");
		assert!(Reports::<Test>::get().is_empty());
		round(PRICE);
		Active::set((3..=9).map(feeder).collect());
		let made = Oracle::rate().expect("made").at;
		blocks(10);
		assert_eq!(Oracle::rate().expect("as before").at, made + 10, "five of seven are left");
		Active::set((4..=10).map(feeder).collect());
		blocks(10);
		assert_eq!(Oracle::rate().expect("as before").at, made + 10, "four are too few");
	});
}

#[test]
fn a_stale_price_closes_new_orders_first_and_ends_what_runs_later() {
	run(|| {
		all(PRICE);
		blocks(1);
		let made = Oracle::rate().expect("made").at;
		// The reports still count for a while.
		blocks(30);
		let last = Oracle::rate().expect("made").at;
		assert!(last > made && last <= made + 20);
		while Now::get() < last + RULES.fresh {
			blocks(1);
		}
		assert_eq!(Oracle::for_orders(), Some(PRICE), "to the last tick");
		blocks(1);
		assert_eq!(Oracle::for_orders(), None);
		while Now::get() < last + RULES.grace {
			assert_eq!(Oracle::for_leases(), Some(PRICE));
			blocks(1);
		}
		assert_eq!(Oracle::for_leases(), Some(PRICE));
		blocks(1);
		assert_eq!(Oracle::for_leases(), None);
		round(PRICE);
		assert_eq!(Oracle::for_orders(), Some(PRICE), "and it comes back");
	});
}

#[test]
fn a_price_from_before_the_clock_stood_still_is_none_for_new_orders() {
	run(|| {
		all(PRICE);
		blocks(1);
		assert_eq!(Oracle::for_orders(), Some(PRICE));
		// Finality lags: blocks are made, and no tick passes.
		System::set_block_number(System::block_number() + u64::from(RULES.fresh));
		assert_eq!(Oracle::for_orders(), Some(PRICE));
		System::set_block_number(System::block_number() + 1);
		assert_eq!(Oracle::for_orders(), None);
		assert_eq!(Oracle::for_leases(), Some(PRICE), "what runs goes on");
		round(PRICE);
		assert_eq!(Oracle::for_orders(), Some(PRICE));
	});
}

#[test]
fn a_price_is_made_once_an_interval() {
	run(|| {
		all(PRICE);
		blocks(1);
		let made = Oracle::rate().expect("made").at;
		for _ in 1..RULES.interval {
			blocks(1);
			assert_eq!(Oracle::rate().expect("made").at, made);
		}
		blocks(1);
		assert_eq!(Oracle::rate().expect("made").at, made + RULES.interval);
	});
}

#[test]
fn the_mean_follows_the_price_slowly() {
	run(|| {
		round(PRICE);
		round(PRICE + PRICE / 10);
		let rate = Oracle::rate().expect("made");
		assert_eq!(rate.price, PRICE + PRICE / 10);
		assert!(rate.mean > PRICE && rate.mean < PRICE + PRICE / 1_000, "{}", rate.mean);
		assert!(Fined::get().is_empty());
	});
}

#[test]
fn a_price_that_could_not_be_made_is_tried_again_in_a_tenth_of_the_time() {
	run(|| {
		MockRules::mutate(|rules| rules.interval = 50);
		assert_eq!(Oracle::rules().interval, 50);
		blocks(1);
		assert_eq!(NextRate::<Test>::get(), Now::get() + 5);
		all(PRICE);
		blocks(4);
		assert_eq!(Oracle::rate(), None, "not before");
		blocks(1);
		assert_eq!(Oracle::rate().expect("made").price, PRICE);
		assert_eq!(NextRate::<Test>::get(), Now::get() + 50);
	});
}
