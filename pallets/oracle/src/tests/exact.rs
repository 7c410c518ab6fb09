//! The bounds of a day and the mean, each against what its definition comes to in exact rationals.

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::{market::*, Price};

fn exact(value: u64) -> BigRational {
	BigRational::from_integer(BigInt::from(value))
}

fn billion() -> BigRational {
	exact(1_000_000_000)
}

fn part(part: Perbill) -> BigRational {
	exact(u64::from(part.deconstruct())) / billion()
}

/// The whole price nearest to the median that is no further from any known price than `limit` of that one; where there is none, the last price.
fn exact_within_day(median: Price, last: Price, hourly: &[Price], limit: Perbill) -> BigRational {
	let (mut least, mut most) = (exact(0), None::<BigRational>);
	for known in hourly.iter().chain([&last]) {
		let known = exact(*known);
		let lowest = (&known * (exact(1) - part(limit))).ceil();
		let highest = (&known * (exact(1) + part(limit))).floor();
		least = least.max(lowest);
		most = Some(most.map_or(highest.clone(), |most| most.min(highest)));
	}
	let most = most.expect("the last price is known");
	if least > most {
		return exact(last);
	}
	exact(median).max(least).min(most)
}

/// The part of the way from the mean to the price that has elapsed of the span: the part in whole billionths, the way in whole units, each rounded down.
fn exact_smoothed(mean: Price, price: Price, elapsed: u32, span: u32) -> BigRational {
	let mean = exact(mean);
	let way = exact(price) - &mean;
	// Towards the mean, which is down for either sign.
	mean + (elapsed_part(elapsed, span) * way).trunc()
}

fn elapsed_part(elapsed: u32, span: u32) -> BigRational {
	let whole = weight(elapsed, span) * billion();
	whole.floor() / billion()
}

/// Of a span that is over, all; of none, nothing.
fn weight(elapsed: u32, span: u32) -> BigRational {
	if span == 0 {
		return exact(0);
	}
	exact(elapsed.min(span).into()) / exact(span.into())
}

fn parts() -> impl Strategy<Value = Perbill> {
	let any = 0..=1_000_000_000u32;
	prop_oneof![any, Just(0), Just(1), Just(999_999_999), Just(1_000_000_000)]
		.prop_map(Perbill::from_parts)
}

/// Any price there can be, the small ones as often as the others.
fn prices() -> impl Strategy<Value = Price> {
	prop_oneof![0..=100u64, 0..=1_000_000_000_000u64, any::<u64>(), Just(0), Just(Price::MAX)]
}

/// Prices of a day, all near to one of them: those that no limit leaves anything between are the rule otherwise.
fn days() -> impl Strategy<Value = Vec<Price>> {
	let near = (1..=1_000_000_000_000u64).prop_flat_map(|price| {
		prop::collection::vec(price..=price.saturating_add(price / 4), 1..=25)
	});
	prop_oneof![near, prop::collection::vec(prices(), 1..=25)]
}

fn spans() -> impl Strategy<Value = u32> {
	prop_oneof![0..=100u32, any::<u32>(), Just(u32::MAX)]
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 2_000,
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn the_price_of_a_day_is_the_exact_one(median in prices(), day in days(), limit in parts()) {
		let (last, hourly) = day.split_last().expect("one at least");
		let found = within_day(median, *last, hourly, limit);
		prop_assert_eq!(exact(found), exact_within_day(median, *last, hourly, limit));
	}

	#[test]
	fn the_price_of_a_day_is_the_exact_one_near_its_bounds(
		day in days(), of in any::<prop::sample::Index>(), limit in parts(), off in 0..=4u64,
	) {
		let (last, hourly) = day.split_last().expect("one at least");
		let known = *of.get(&day);
		for bound in [
			known.saturating_add(limit.mul_floor(known)),
			known.saturating_sub(limit.mul_floor(known)),
		] {
			let median = bound.saturating_add(off).saturating_sub(2);
			let found = within_day(median, *last, hourly, limit);
			prop_assert_eq!(exact(found), exact_within_day(median, *last, hourly, limit));
		}
	}

	#[test]
	fn the_mean_is_the_exact_one(
		mean in prices(), price in prices(), elapsed in spans(), span in spans(),
	) {
		let found = smoothed(mean, price, elapsed, span);
		prop_assert_eq!(exact(found), exact_smoothed(mean, price, elapsed, span));
	}

	/// What is lost to rounding, and to whom: the mean stays behind, by less than a unit and a billionth of the way.
	#[test]
	fn the_mean_stays_behind_by_no_more_than_its_rounding(
		mean in prices(), price in prices(), elapsed in spans(), span in spans(),
	) {
		let step = exact(smoothed(mean, price, elapsed, span).abs_diff(mean));
		let way = exact(price.abs_diff(mean));
		let unrounded = weight(elapsed, span) * &way;
		prop_assert!(step <= unrounded);
		prop_assert!(unrounded - step < exact(1) + way / billion());
	}
}

/// Where everything is small, every case there is.
#[test]
fn all_small_prices_come_to_the_exact_ones() {
	for limit in [0, 1, 100_000_000, 333_333_333, 500_000_000, 999_999_999, 1_000_000_000] {
		let limit = Perbill::from_parts(limit);
		// Three numbers below twelve.
		for case in 0..12u64.pow(3) {
			let (median, last, hour) = (case % 12, case / 12 % 12, case / 144);
			let found = exact(within_day(median, last, &[hour], limit));
			let wanted = exact_within_day(median, last, &[hour], limit);
			assert_eq!(found, wanted, "{median} {last} {hour} {limit:?}");
		}
	}
}

#[test]
fn all_small_means_come_to_the_exact_ones() {
	for (elapsed, span) in (0..8u32).flat_map(|past| (0..8u32).map(move |span| (past, span))) {
		for (mean, price) in (0..20u64).flat_map(|mean| (0..20u64).map(move |price| (mean, price)))
		{
			let found = exact(smoothed(mean, price, elapsed, span));
			let wanted = exact_smoothed(mean, price, elapsed, span);
			assert_eq!(found, wanted, "{mean} {price} {elapsed} {span}");
		}
	}
}
