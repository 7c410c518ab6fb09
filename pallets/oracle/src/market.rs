//! What reports of a price come to: pure arithmetic on whole numbers.

extern crate alloc;
use alloc::vec::Vec;

use sp_runtime::Perbill;

use crate::Price;

/// How many hourly prices the limit of a day looks back on.
pub const HOURS: u32 = 24;

/// What reports come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Consensus {
	/// Too few reports, or too few of them agree.
	None,
	/// Their median, around which enough of them lie.
	Median(Price),
}

/// The median of the reports, if more than half of them lie within `band` of it. Of an even number, the mean of the middle two, rounded down.
pub fn consensus(reports: &[Price], band: Perbill) -> Consensus {
	let Some(median) = median(reports) else { return Consensus::None };
	let agree =
		reports.iter().filter(|report| distance(**report, median) <= band.mul_floor(median));
	if agree.count().saturating_mul(2) > reports.len() {
		Consensus::Median(median)
	} else {
		Consensus::None
	}
}

fn median(reports: &[Price]) -> Option<Price> {
	let mut sorted: Vec<Price> = reports.to_vec();
	sorted.sort_unstable();
	let upper = *sorted.get(sorted.len() / 2)?;
	let lower = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
	Some(lower.saturating_add(distance(upper, lower) / 2))
}

fn distance(one: Price, other: Price) -> Price {
	one.abs_diff(other)
}

/// Whether a report is so far from the median that no market explains it: more than `absurd` of the larger of the two.
pub fn is_absurd(report: Price, median: Price, absurd: Perbill) -> bool {
	distance(report, median) > absurd.mul_floor(report.max(median))
}

/// The median, kept within what a day may change: no higher than the lowest of the last hours and `limit` of it, no lower than the highest less `limit` of it. Where the two exclude each other, the last
/// price stays.
pub fn within_day(median: Price, last: Price, hourly: &[Price], limit: Perbill) -> Price {
	let all = || hourly.iter().copied().chain([last]);
	let lowest = all().min().unwrap_or(last);
	let highest = all().max().unwrap_or(last);
	let most = lowest.saturating_add(limit.mul_floor(lowest));
	let least = highest.saturating_sub(limit.mul_floor(highest));
	if least > most {
		return last;
	}
	median.clamp(least, most)
}

/// An exponential mean over `span` ticks, after `elapsed` more of them at `price`.
pub fn smoothed(mean: Price, price: Price, elapsed: u32, span: u32) -> Price {
	let weight = Perbill::from_rational(elapsed.min(span), span.max(1));
	let step = weight.mul_floor(distance(price, mean));
	if price >= mean {
		mean.saturating_add(step)
	} else {
		mean.saturating_sub(step)
	}
}
