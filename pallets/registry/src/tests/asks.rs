//! Tests of asks, which are bounded and must be announced before they take effect.

use frame_support::{assert_noop, assert_ok};
use hcc_testing::Now;

use crate::{mock::*, *};

fn asking(price: u16) -> Offer {
	Offer { price, ..Offer::default() }
}

fn asks(number: u8) -> u16 {
	let miner = Registry::miner(account(number)).expect("registered");
	Registry::ask_at(&account(number), &miner.offer, Now::get())
}

#[test]
fn ask_applies_after_notice() {
	run(|| {
		registered(1);
		assert_ok!(Registry::set_offer(signed(1), asking(1_500)));
		assert_eq!(asks(1), 1_000);
		Now::mutate(|now| *now += NOTICE - 1);
		assert_eq!(asks(1), 1_000);
		Now::mutate(|now| *now += 1);
		assert_eq!(asks(1), 1_500);
	});
}

#[test]
fn due_ask_applies_before_next() {
	run(|| {
		registered(1);
		assert_ok!(Registry::set_offer(signed(1), asking(1_500)));
		Now::mutate(|now| *now += NOTICE);
		assert_ok!(Registry::set_offer(signed(1), asking(700)));
		assert_eq!(asks(1), 1_500);
		Now::mutate(|now| *now += NOTICE);
		assert_eq!(asks(1), 700);
	});
}

#[test]
fn pending_ask_can_be_cancelled() {
	run(|| {
		registered(1);
		assert_ok!(Registry::set_offer(signed(1), asking(1_500)));
		assert_ok!(Registry::set_offer(signed(1), asking(1_000)));
		assert_eq!(NextAsks::<Test>::get(account(1)), None);
		Now::mutate(|now| *now += NOTICE);
		assert_eq!(asks(1), 1_000);
	});
}

#[test]
fn offer_except_price_applies_immediately() {
	run(|| {
		registered(1);
		let offer = Offer { region: 276, vcpus: 8, memory: 1 << 14, disk: 100, price: 900 };
		assert_ok!(Registry::set_offer(signed(1), offer));
		let stored = Registry::miner(account(1)).expect("registered").offer;
		assert_eq!(stored, Offer { price: 1_000, ..offer });
	});
}

#[test]
fn ask_out_of_bounds_is_refused() {
	run(|| {
		registered(1);
		for price in [0, 499, 2_001, u16::MAX] {
			let refused = Registry::set_offer(signed(1), asking(price));
			assert_noop!(refused, Error::<Test>::AskOutOfBounds);
			let bond = MIN_BOND;
			let refused = Registry::register(signed(2), bond, account(102), asking(price));
			assert_noop!(refused, Error::<Test>::AskOutOfBounds);
		}
		assert_ok!(Registry::set_offer(signed(1), asking(500)));
		assert_ok!(Registry::set_offer(signed(1), asking(2_000)));
	});
}
