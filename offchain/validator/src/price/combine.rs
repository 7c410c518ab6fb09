use hcc_chain::Price;

/// Maximum deviation of a source from the median, in percent.
const SPREAD: u64 = 5;

/// Returns the median of the prices that are near the median of all prices. Returns `None` unless
/// the near prices come from more than half of the configured sources. The median of an even number
/// of prices is the mean of the middle two, rounded down.
pub fn combine(prices: &[Price], configured: usize) -> Option<Price> {
	let middle = median(prices)?;
	let near = |price: &Price| {
		u128::from(price.abs_diff(middle)) * 100 <= u128::from(middle) * u128::from(SPREAD)
	};
	let agreeing: Vec<_> = prices.iter().copied().filter(near).collect();
	(2 * agreeing.len() > configured).then(|| median(&agreeing)).flatten()
}

fn median(prices: &[Price]) -> Option<Price> {
	let mut sorted = prices.to_vec();
	sorted.sort_unstable();
	let upper = *sorted.get(sorted.len() / 2)?;
	let lower = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
	Some(lower + (upper - lower) / 2)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn median_of_agreeing_sources_is_the_price() {
		assert_eq!(combine(&[100], 1), Some(100));
		assert_eq!(combine(&[100, 104], 2), Some(102));
		assert_eq!(combine(&[104, 100, 102], 3), Some(102));
		assert_eq!(combine(&[1_000, 1_002, 5_000], 3), Some(1_001), "an outlier is ignored");
	}

	#[test]
	fn half_of_the_sources_give_no_price() {
		assert_eq!(combine(&[], 0), None);
		assert_eq!(combine(&[100], 2), None);
		assert_eq!(combine(&[100, 101], 4), None);
		assert_eq!(combine(&[100, 101, 102], 4), Some(101));
		assert_eq!(combine(&[100, 200], 2), None, "two sources that differ");
		assert_eq!(combine(&[100, 200, 300], 3), None);
		assert_eq!(combine(&[100, 101, 300, 400], 4), None);
	}

	#[test]
	fn largest_prices_do_not_overflow() {
		assert_eq!(combine(&[u64::MAX, u64::MAX - 2], 2), Some(u64::MAX - 1));
	}
}
