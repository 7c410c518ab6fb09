//! What miners ask: told before it counts, and within bounds.

use frame_support::{assert_noop, assert_ok};
use hcc_primitives::mock::Now;

use crate::{mock::*, *};

fn asking(price: u16) -> Offer {
	Offer { price, ..Offer::default() }
}

fn asks(number: u8) -> u16 {
	let miner = Registry::miner(account(number)).expect("registered");
	Registry::ask_at(&account(number), &miner.offer, Now::get())
}

#[test]
fn another_price_counts_once_its_notice_has_passed() {
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
fn a_price_that_is_due_counts_before_another_is_told() {
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
fn a_price_that_was_told_can_be_taken_back_until_it_counts() {
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
fn all_but_the_price_counts_at_once() {
	run(|| {
		registered(1);
		let offer = Offer { region: 276, vcpus: 8, memory: 1 << 14, disk: 100, price: 900 };
		assert_ok!(Registry::set_offer(signed(1), offer));
		let stored = Registry::miner(account(1)).expect("registered").offer;
		assert_eq!(stored, Offer { price: 1_000, ..offer });
	});
}

#[test]
fn prices_have_bounds() {
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
