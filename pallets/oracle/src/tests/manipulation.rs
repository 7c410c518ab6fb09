//! Dishonest feeders.

use frame_support::assert_ok;
use hcc_primitives::Oracle as _;
use hcc_testing::{Active, Fined};

use crate::{mock::*, *};

/// A round in which the first `liars` of seven feeders report `lie`, and the other feeders report
/// `price`.
fn round(liars: u8, lie: Price, price: Price) {
	for by in 1..=7 {
		assert_ok!(report(by, if by <= liars { lie } else { price }));
	}
	blocks(10);
}

#[test]
fn dishonest_minority_is_fined_without_effect() {
	for lie in [RULES.floor, PRICE / 3, 3 * PRICE, RULES.ceiling] {
		run(|| {
			round(0, 0, PRICE);
			round(2, lie, PRICE);
			assert_eq!(Oracle::for_orders(), Some(PRICE));
			assert_eq!(Fined::get(), [feeder(1), feeder(2)]);
			let counted: Vec<_> =
				Reports::<Test>::get().iter().map(|of| of.feeder.clone()).collect();
			assert_eq!(
				counted,
				(3..=7).map(feeder).collect::<Vec<_>>(),
				"the false reports are removed"
			);
			blocks(30);
			assert_eq!(Fined::get().len(), 2, "once for each report");
		});
	}
}

/// With less than a third dishonest feeders and the minimum number of reports, the median stays in
/// the range of the honest reports.
#[test]
fn price_stays_in_honest_range() {
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
		assert!(Fined::get().is_empty(), "reports near the median are not fined");
	});
}

#[test]
fn disagreement_makes_no_price_and_no_fine() {
	run(|| {
		round(0, 0, PRICE);
		let made = Oracle::rate().expect("made").at;
		for (by, price) in (1..=7).zip([1, 2, 4, 8, 16, 32, 64]) {
			assert_ok!(report(by, PRICE * price));
		}
		blocks(30);
		assert_eq!(Oracle::rate().expect("a price exists").at, made);
		assert!(Fined::get().is_empty());
		assert!(events().iter().any(|event| matches!(event, Event::NoRate { reports: 7, .. })));
	});
}

#[test]
fn jump_closes_orders_and_moves_price_to_limit() {
	run(|| {
		round(0, 0, PRICE);
		round(0, 0, 4 * PRICE);
		let rate = Oracle::rate().expect("made");
		assert_eq!((rate.price, rate.beyond), (PRICE + PRICE / 2, Some(4 * PRICE)));
		assert_eq!(Oracle::for_orders(), None);
		assert_eq!(Oracle::for_leases(), Some(PRICE + PRICE / 2));
		round(0, 0, 4 * PRICE);
		assert_eq!(
			Oracle::rate().expect("made").price,
			PRICE + PRICE / 2,
			"a second round moves it no further"
		);
		round(0, 0, PRICE + PRICE / 4);
		assert_eq!(Oracle::for_orders(), Some(PRICE + PRICE / 4), "back within the limit");
		round(0, 0, PRICE / 4);
		let rate = Oracle::rate().expect("made");
		assert_eq!(
			(rate.price, rate.beyond),
			(PRICE * 5 / 8, Some(PRICE / 4)),
			"the limit refers to the highest price"
		);
	});
}

/// Control over the feeders for an hour moves the price no further than control for a minute does.
#[test]
fn small_steps_stay_within_daily_limit() {
	run(|| {
		round(0, 0, PRICE);
		let mut price = PRICE;
		for _ in 0..24 * 60 - 2 {
			price = (price + price / 10).min(RULES.ceiling);
			round(0, 0, price);
			let made = Oracle::rate().expect("made").price;
			assert!(made <= PRICE + PRICE / 2, "{made}");
		}
		// Old hourly prices drop out, so the price can move again.
		for _ in 0..2 * 60 {
			round(0, 0, RULES.ceiling);
		}
		assert!(Oracle::rate().expect("made").price > PRICE + PRICE / 2);
		assert_eq!(Oracle::for_orders(), None);
	});
}

#[test]
fn no_feeders_make_no_price() {
	run(|| {
		Active::set(Vec::new());
		blocks(20);
		assert_eq!(Oracle::rate(), None);
	});
}
