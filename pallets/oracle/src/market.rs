//! The price that follows from reports: pure integer arithmetic.

extern crate alloc;
use alloc::vec::Vec;

use sp_runtime::Perbill;

use crate::Price;

/// Number of hourly prices for the daily limit.
pub const HOURS: u32 = 24;

/// The result of combining reports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Consensus {
	/// No price: too few reports, or too few of them agree.
	None,
	/// The median. More than half of the reports are near it.
	Median(Price),
}

/// Returns the median of the reports if more than half of the reports lie within `band` of the
/// median. For an even number of reports, the median is the mean of the middle two, rounded down.
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

/// Returns `true` if the report differs from the median by more than the part `absurd` of the
/// larger value. Movements of the market do not explain such a difference.
pub fn is_absurd(report: Price, median: Price, absurd: Perbill) -> bool {
	distance(report, median) > absurd.mul_floor(report.max(median))
}

/// Limits the median to the daily range. The known prices are the hourly prices and the last price.
/// The result is at most `limit` above the lowest and at most `limit` below the highest known
/// price. Both distances are rounded down. If the two bounds exclude each other, the last price
/// stays.
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

/// Returns the exponential mean over `span` ticks, after `elapsed` further ticks at `price`. The
/// step towards the price is rounded down.
pub fn smoothed(mean: Price, price: Price, elapsed: u32, span: u32) -> Price {
	let weight = Perbill::from_rational(elapsed.min(span), span.max(1));
	let step = weight.mul_floor(distance(price, mean));
	if price >= mean {
		mean.saturating_add(step)
	} else {
		mean.saturating_sub(step)
	}
}
