//! Amounts as people write them, read and written exactly.

/// The digits after the point of one α, and of one USD where prices are meant.
const ALPHA_DIGITS: usize = 9;
const USD_DIGITS: usize = 6;

/// An amount of α in its smallest unit.
pub(super) fn parse_alpha(text: &str) -> Result<u128, String> {
	parse(text, ALPHA_DIGITS)
}

/// USD in 10⁻⁶.
pub(super) fn parse_usd(text: &str) -> Result<u64, String> {
	parse(text, USD_DIGITS)?.try_into().map_err(|_| format!("{text:?} is too much"))
}

fn parse(text: &str, digits: usize) -> Result<u128, String> {
	let (whole, part) = text.split_once('.').unwrap_or((text, ""));
	let numeric = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
	if whole.is_empty() || !numeric(whole) || !numeric(part) {
		return Err(format!("{text:?} is no amount: write 12.5"));
	}
	if part.len() > digits {
		return Err(format!("{text:?} has more than {digits} digits after the point"));
	}
	format!("{whole}{part:0<digits$}").parse().map_err(|_| format!("{text:?} is too much"))
}

/// An amount of α, to the last of its nine digits.
pub(crate) fn alpha(amount: u128) -> String {
	format!("{}.{:09}", amount / 1_000_000_000, amount % 1_000_000_000)
}

/// A rate of the chain in USD an hour, rounded up to six digits.
pub(crate) fn usd_per_hour(rate: u128) -> String {
	/// 1024 for memory by the MiB, a thousand for asks.
	const RATE_PARTS: u128 = 1_024_000;
	let micros = rate.div_ceil(RATE_PARTS);
	format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_are_read_to_the_last_digit() {
		assert_eq!(parse_alpha("12.5"), Ok(12_500_000_000));
		assert_eq!(parse_alpha("0.000000001"), Ok(1));
		assert_eq!(parse_alpha("7"), Ok(7_000_000_000));
		assert_eq!(parse_usd("0.142"), Ok(142_000));
		for bad in [
			"",
			".5",
			"1,5",
			"-1",
			"1.0000000001",
			"1e3",
			"1.2.3",
			"99999999999999999999999999999999",
		] {
			assert!(parse_alpha(bad).is_err(), "{bad}");
		}
		assert!(parse_usd("0.0000001").is_err());
		assert!(parse_usd("99999999999999").is_err());
	}

	#[test]
	fn amounts_are_written_as_they_are_read() {
		for units in [0, 1, 999_999_999, 1_000_000_000, 12_345_678_901] {
			assert_eq!(parse_alpha(&alpha(units)), Ok(units));
		}
		assert_eq!(usd_per_hour(71_000 * 1_024_000), "0.071000");
		assert_eq!(usd_per_hour(1), "0.000001", "never less than it is");
	}
}
