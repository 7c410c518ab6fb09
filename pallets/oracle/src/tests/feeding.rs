//! Reports, and the prices that are made from them.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_primitives::Oracle as _;
use hcc_testing::{Active, Fined, Now};

use crate::{mock::*, *};

fn all(price: Price) {
	for by in 1..=7 {
		assert_ok!(report(by, price));
	}
}

/// A round in which all feeders report that price.
fn round(price: Price) {
	all(price);
	blocks(10);
}

#[test]
fn reports_make_price_and_are_free() {
	run(|| {
		assert_eq!(Oracle::for_orders(), None, "no price exists yet");
		let info = report(1, PRICE).expect("feeder 1 reports");
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
fn invalid_report_is_rejected() {
	run(|| {
		let at = |by, price, block| {
			Oracle::report(RuntimeOrigin::signed(feeder(by)), feeder(by), price, block)
		};
		let foreign = Oracle::report(RuntimeOrigin::signed(feeder(2)), feeder(1), PRICE, 100);
		assert_noop!(foreign, Error::<Test>::NotAFeeder);
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
fn price_needs_supermajority() {
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
fn old_and_inactive_reports_are_ignored() {
	run(|| {
		for by in 1..=5 {
			assert_ok!(report(by, PRICE));
		}
		NextRate::<Test>::put(121);
		blocks(21);
		assert_eq!(Oracle::rate(), None, "reports are one block too old");
		assert!(Reports::<Test>::get().is_empty());
		round(PRICE);
		Active::set((3..=9).map(feeder).collect());
		let made = Oracle::rate().expect("made").at;
		blocks(10);
		assert_eq!(
			Oracle::rate().expect("a price exists").at,
			made + 10,
			"five of seven are enough"
		);
		Active::set((4..=10).map(feeder).collect());
		blocks(10);
		assert_eq!(
			Oracle::rate().expect("a price exists").at,
			made + 10,
			"four of seven are too few"
		);
	});
}

#[test]
fn stale_price_closes_orders_before_leases() {
	run(|| {
		all(PRICE);
		blocks(1);
		let made = Oracle::rate().expect("made").at;
		// The reports remain valid for some time.
		blocks(30);
		let last = Oracle::rate().expect("made").at;
		assert!(last > made && last <= made + 20);
		while Now::get() < last + RULES.fresh {
			blocks(1);
		}
		assert_eq!(Oracle::for_orders(), Some(PRICE), "valid until the last tick");
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
		assert_eq!(Oracle::for_orders(), Some(PRICE), "new reports make a price again");
	});
}

#[test]
fn clock_standstill_closes_orders() {
	run(|| {
		all(PRICE);
		blocks(1);
		assert_eq!(Oracle::for_orders(), Some(PRICE));
		// Finality lags: blocks are made, but ticks do not advance.
		System::set_block_number(System::block_number() + u64::from(RULES.fresh));
		assert_eq!(Oracle::for_orders(), Some(PRICE));
		System::set_block_number(System::block_number() + 1);
		assert_eq!(Oracle::for_orders(), None);
		assert_eq!(Oracle::for_leases(), Some(PRICE), "running VMs continue");
		round(PRICE);
		assert_eq!(Oracle::for_orders(), Some(PRICE));
	});
}

#[test]
fn price_is_made_once_per_interval() {
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
fn mean_follows_price_slowly() {
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
fn failed_price_is_retried_after_tenth_of_interval() {
	run(|| {
		MockRules::mutate(|rules| rules.interval = 50);
		assert_eq!(Oracle::rules().interval, 50);
		blocks(1);
		assert_eq!(NextRate::<Test>::get(), Now::get() + 5);
		all(PRICE);
		blocks(4);
		assert_eq!(Oracle::rate(), None, "no price before the retry");
		blocks(1);
		assert_eq!(Oracle::rate().expect("made").price, PRICE);
		assert_eq!(NextRate::<Test>::get(), Now::get() + 50);
	});
}
