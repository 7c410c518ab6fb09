//! Feeders that lie.

use frame_support::assert_ok;
use hcc_primitives::{
	mock::{Active, Fined},
	Oracle as _,
};

use crate::{mock::*, *};

/// A round in which the first `liars` of seven report one price, and the others another.
fn round(liars: u8, lie: Price, price: Price) {
	for by in 1..=7 {
		assert_ok!(report(by, if by <= liars { lie } else { price }));
	}
	blocks(10);
}

#[test]
fn a_minority_of_feeders_moves_the_price_nowhere_and_pays() {
	for lie in [RULES.floor, PRICE / 3, 3 * PRICE, RULES.ceiling] {
		run(|| {
			round(0, 0, PRICE);
			round(2, lie, PRICE);
			assert_eq!(Oracle::for_orders(), Some(PRICE));
			assert_eq!(Fined::get(), [feeder(1), feeder(2)]);
			let counted: Vec<_> =
				Reports::<Test>::get().iter().map(|of| of.feeder.clone()).collect();
			assert_eq!(counted, (3..=7).map(feeder).collect::<Vec<_>>(), "the lies count no more");
			blocks(30);
			assert_eq!(Fined::get().len(), 2, "once for each report");
		});
	}
}

/// Less than a third of the feeders, where no more than just enough report: the median stays among the honest.
#[test]
fn the_price_stays_within_what_the_honest_report() {
	run(|| {
		let prices = [PRICE, PRICE + 5, PRICE + 9];
		for lie in [PRICE - PRICE / 20, PRICE + PRICE / 20] {
			for (by, price) in (3..).zip(prices) {
				assert_ok!(report(by, price));
			}
			for by in 1..=2 {
				assert_ok!(report(by, lie));
			}
			blocks(10);
			let made = Oracle::rate().expect("made").price;
			assert!((PRICE..=PRICE + 9).contains(&made), "{made}");
		}
		assert!(Fined::get().is_empty(), "near the median is no crime");
	});
}

#[test]
fn where_feeders_disagree_there_is_no_price_and_nobody_is_punished() {
	run(|| {
		round(0, 0, PRICE);
		let made = Oracle::rate().expect("made").at;
		for (by, price) in (1..=7).zip([1, 2, 4, 8, 16, 32, 64]) {
			assert_ok!(report(by, PRICE * price));
		}
		blocks(30);
		assert_eq!(Oracle::rate().expect("as before").at, made);
		assert!(Fined::get().is_empty());
		assert!(events().iter().any(|event| matches!(event, Event::NoRate { reports: 7, .. })));
	});
}

#[test]
fn a_jump_closes_new_orders_and_moves_the_price_as_far_as_a_day_may() {
	run(|| {
		round(0, 0, PRICE);
		round(0, 0, 4 * PRICE);
		let rate = Oracle::rate().expect("made");
		assert_eq!((rate.price, rate.beyond), (PRICE + PRICE / 2, Some(4 * PRICE)));
		assert_eq!(Oracle::for_orders(), None);
		assert_eq!(Oracle::for_leases(), Some(PRICE + PRICE / 2));
		round(0, 0, 4 * PRICE);
		assert_eq!(Oracle::rate().expect("made").price, PRICE + PRICE / 2, "not step by step");
		round(0, 0, PRICE + PRICE / 4);
		assert_eq!(Oracle::for_orders(), Some(PRICE + PRICE / 4), "back within the limit");
		round(0, 0, PRICE / 4);
		let rate = Oracle::rate().expect("made");
		assert_eq!((rate.price, rate.beyond), (PRICE * 5 / 8, Some(PRICE / 4)), "of the highest");
	});
}

/// Whoever holds the feeders for an hour moves the price no further than whoever holds them for a minute.
#[test]
fn within_a_day_many_small_steps_go_no_further_than_one() {
	run(|| {
		round(0, 0, PRICE);
		let mut price = PRICE;
		for _ in 0..24 * 60 - 2 {
			price = (price + price / 10).min(RULES.ceiling);
			round(0, 0, price);
			let made = Oracle::rate().expect("made").price;
			assert!(made <= PRICE + PRICE / 2, "{made}");
		}
		// What it was a day ago is forgotten, hour by hour: then it goes on.
		for _ in 0..2 * 60 {
			round(0, 0, RULES.ceiling);
		}
		assert!(Oracle::rate().expect("made").price > PRICE + PRICE / 2);
		assert_eq!(Oracle::for_orders(), None);
	});
}

#[test]
fn without_feeders_there_is_no_price() {
	run(|| {
		Active::set(Vec::new());
		blocks(20);
		assert_eq!(Oracle::rate(), None);
	});
}
