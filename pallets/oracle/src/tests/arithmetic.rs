//! Properties of the arithmetic, compared with exact rationals, and its results for extreme inputs.

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::{market::*, mock::RULES, Price, Rules};

fn exact(value: u64) -> BigRational {
	BigRational::from_integer(BigInt::from(value))
}

fn part(part: Perbill) -> BigRational {
	exact(u64::from(part.deconstruct())) / exact(1_000_000_000)
}

fn parts() -> impl Strategy<Value = Perbill> {
	(0..=1_000_000_000u32).prop_map(Perbill::from_parts)
}

fn prices() -> impl Strategy<Value = Price> {
	prop_oneof![1..=1_000u64, 1..=Price::MAX / 4, Just(1), Just(Price::MAX / 4)]
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn median_is_middle_of_reports(
		reports in prop::collection::vec(prices(), 1..100),
	) {
		let mut sorted = reports.clone();
		sorted.sort_unstable();
		let middle = (exact(sorted[(sorted.len() - 1) / 2]) + exact(sorted[sorted.len() / 2]))
			/ exact(2);
		match consensus(&reports, Perbill::one()) {
			Consensus::Median(median) => prop_assert_eq!(exact(median), middle.floor()),
			Consensus::None => {
				// The band is the whole median, so every price up to twice the median agrees with
				// it.
				let agree = reports.iter().filter(|r| exact(**r) <= exact(2) * &middle).count();
				prop_assert!(2 * agree <= reports.len());
			},
		}
	}

	#[test]
	fn minority_cannot_move_median_out_of_honest_range(
		honest in prop::collection::vec(1_000_000..1_100_000u64, 4..50),
		lies in prop::collection::vec(prices(), 0..50),
		band in parts(),
	) {
		prop_assume!(lies.len() < honest.len());
		let all: Vec<_> = honest.iter().chain(&lies).copied().collect();
		if let Consensus::Median(median) = consensus(&all, band) {
			let (least, most) = (honest.iter().min(), honest.iter().max());
			prop_assert!(Some(&median) >= least && Some(&median) <= most);
		}
	}

	#[test]
	fn absurd_is_relative_to_larger_price(
		report in prices(),
		median in prices(),
		absurd in parts(),
	) {
		let larger = exact(report.max(median));
		let distance = exact(report.abs_diff(median));
		let limit = (larger * part(absurd)).floor();
		prop_assert_eq!(is_absurd(report, median, absurd), distance > limit);
		prop_assert_eq!(is_absurd(report, median, absurd), is_absurd(median, report, absurd));
	}

	#[test]
	fn daily_change_is_limited(
		median in prices(),
		last in prices(),
		hourly in prop::collection::vec(prices(), 0..24),
		limit in parts(),
	) {
		let price = within_day(median, last, &hourly, limit);
		if price != last {
			for known in hourly.iter().chain([&last]) {
				let known = exact(*known);
				let (most, least) = (exact(1) + part(limit), exact(1) - part(limit));
				prop_assert!(exact(price) <= &known * most);
				// The deduction is rounded down.
				prop_assert!(exact(price) >= &known * least);
			}
		}
		// The last price is within the limit, unless the limit was lowered in between. The price
		// then moves from the last price towards the median.
		if within_day(last, last, &hourly, limit) == last {
			prop_assert!(price >= median.min(last) && price <= median.max(last));
		}
	}

	#[test]
	fn mean_stays_between_old_mean_and_price(
		mean in prices(),
		price in prices(),
		elapsed in any::<u32>(),
		span in any::<u32>(),
	) {
		let next = smoothed(mean, price, elapsed, span);
		prop_assert!(next >= mean.min(price) && next <= mean.max(price));
		if elapsed >= span && span > 0 {
			prop_assert_eq!(next, price);
		}
	}

	#[test]
	fn clamped_rules_are_within_bounds(
		interval in any::<u32>(),
		max_age in any::<u32>(),
		floor in any::<u64>(),
		ceiling in any::<u64>(),
		times in any::<(u32, u32)>(),
		band in parts(),
		absurd in parts(),
	) {
		let (fresh, grace) = times;
		let rules = Rules { interval, max_age, floor, ceiling, fresh, grace, band, absurd, ..RULES };
		let rules = rules.clamped();
		prop_assert!(rules.floor >= 1 && rules.floor <= rules.ceiling);
		prop_assert!(rules.interval < rules.fresh && rules.fresh <= rules.grace);
		prop_assert!(rules.band < rules.absurd && rules.absurd < Perbill::one());
		prop_assert_eq!(rules.clamped(), rules);
	}
}

#[test]
fn largest_price_never_overflows() {
	let most = Price::MAX / 4;
	assert_eq!(consensus(&[most, most], Perbill::zero()), Consensus::Median(most));
	assert_eq!(consensus(&[], Perbill::one()), Consensus::None);
	assert_eq!(within_day(most, most, &[most], Perbill::from_percent(90)), most);
	assert_eq!(smoothed(1, most, u32::MAX, 1), most);
	assert_eq!(smoothed(most, 1, u32::MAX, 1), 1);
}

#[test]
fn half_of_reports_is_not_majority() {
	let band = Perbill::from_percent(10);
	// The median is 101, and a tenth of it is 10. So 91 agrees with it, and 90 does not.
	assert_eq!(consensus(&[90, 100, 102, 1_000], band), Consensus::None);
	assert_eq!(consensus(&[91, 100, 102, 1_000], band), Consensus::Median(101));
}

#[test]
fn report_at_limit_is_not_absurd() {
	let half = Perbill::from_percent(50);
	assert!(!is_absurd(50, 100, half) && !is_absurd(100, 50, half));
	assert!(is_absurd(49, 100, half) && is_absurd(100, 49, half));
}

#[test]
fn price_moves_to_meeting_daily_bounds() {
	let limit = Perbill::from_percent(20);
	// 100 plus a fifth equals 150 less a fifth.
	assert_eq!(within_day(130, 100, &[150], limit), 120);
	assert_eq!(within_day(110, 150, &[100], limit), 120);
	assert_eq!(within_day(130, 100, &[151], limit), 100, "the bounds exclude each other");
}
