//! The daily limit and the mean, each compared with its definition in exact rationals.

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

/// Returns the integer price nearest to the median that is at most `limit` away from each known
/// price. Returns the last price if there is no such price.
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

/// Returns the mean after a step: the elapsed part of the span times the distance to the price. The
/// part is rounded down to billionths, and the step to integers.
fn exact_smoothed(mean: Price, price: Price, elapsed: u32, span: u32) -> BigRational {
	let mean = exact(mean);
	let way = exact(price) - &mean;
	// Truncation rounds the size of the step down for either sign.
	mean + (elapsed_part(elapsed, span) * way).trunc()
}

fn elapsed_part(elapsed: u32, span: u32) -> BigRational {
	let whole = weight(elapsed, span) * billion();
	whole.floor() / billion()
}

/// Returns the elapsed part of the span. The result is one after the end of the span, and zero for
/// a span of zero ticks.
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

/// Prices over the whole range. Small prices are as frequent as other prices.
fn prices() -> impl Strategy<Value = Price> {
	prop_oneof![0..=100u64, 0..=1_000_000_000_000u64, any::<u64>(), Just(0), Just(Price::MAX)]
}

/// Prices of a day. In half of the cases, all prices are near each other, because random prices
/// mostly leave no range within the limit.
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
	fn daily_limit_is_exact(median in prices(), day in days(), limit in parts()) {
		let (last, hourly) = day.split_last().expect("at least one");
		let found = within_day(median, *last, hourly, limit);
		prop_assert_eq!(exact(found), exact_within_day(median, *last, hourly, limit));
	}

	#[test]
	fn daily_limit_is_exact_near_bounds(
		day in days(), of in any::<prop::sample::Index>(), limit in parts(), off in 0..=4u64,
	) {
		let (last, hourly) = day.split_last().expect("at least one");
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
	fn mean_is_exact(
		mean in prices(), price in prices(), elapsed in spans(), span in spans(),
	) {
		let found = smoothed(mean, price, elapsed, span);
		prop_assert_eq!(exact(found), exact_smoothed(mean, price, elapsed, span));
	}

	/// The rounded mean lags behind the unrounded one by less than one unit plus a billionth of the
	/// distance.
	#[test]
	fn mean_lags_only_by_rounding(
		mean in prices(), price in prices(), elapsed in spans(), span in spans(),
	) {
		let step = exact(smoothed(mean, price, elapsed, span).abs_diff(mean));
		let way = exact(price.abs_diff(mean));
		let unrounded = weight(elapsed, span) * &way;
		prop_assert!(step <= unrounded);
		prop_assert!(unrounded - step < exact(1) + way / billion());
	}
}

/// Tests all combinations of three prices below twelve.
#[test]
fn daily_limit_is_exact_for_all_small_prices() {
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
fn mean_is_exact_for_all_small_values() {
	for (elapsed, span) in (0..8u32).flat_map(|past| (0..8u32).map(move |span| (past, span))) {
		for (mean, price) in (0..20u64).flat_map(|mean| (0..20u64).map(move |price| (mean, price)))
		{
			let found = exact(smoothed(mean, price, elapsed, span));
			let wanted = exact_smoothed(mean, price, elapsed, span);
			assert_eq!(found, wanted, "{mean} {price} {elapsed} {span}");
		}
	}
}
