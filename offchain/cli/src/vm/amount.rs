//! Amounts in decimal notation, parsed and formatted without rounding.

/// Decimal places of an amount in α, and of a price in USD.
const ALPHA_DIGITS: usize = 9;
const USD_DIGITS: usize = 6;

/// Parses an amount of α. Returns a number of 10⁻⁹ α.
pub(super) fn parse_alpha(text: &str) -> Result<u128, String> {
	parse(text, ALPHA_DIGITS)
}

/// Parses an amount of USD. Returns a number of 10⁻⁶ USD.
pub(super) fn parse_usd(text: &str) -> Result<u64, String> {
	parse(text, USD_DIGITS)?.try_into().map_err(|_| format!("{text:?} is too large"))
}

fn parse(text: &str, digits: usize) -> Result<u128, String> {
	let (whole, part) = text.split_once('.').unwrap_or((text, ""));
	let numeric = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
	if whole.is_empty() || !numeric(whole) || !numeric(part) {
		return Err(format!("{text:?} is not an amount such as 12.5"));
	}
	if part.len() > digits {
		return Err(format!("{text:?} has more than {digits} decimal places"));
	}
	format!("{whole}{part:0<digits$}").parse().map_err(|_| format!("{text:?} is too large"))
}

/// Formats an amount of α with all nine decimal places.
pub(crate) fn alpha(amount: u128) -> String {
	format!("{}.{:09}", amount / 1_000_000_000, amount % 1_000_000_000)
}

/// Converts a rate of the chain to USD an hour. Rounds up to six decimal places.
pub(crate) fn usd_per_hour(rate: u128) -> String {
	/// The chain's rate has this divisor: 1024, because memory is counted in MiB, times 1000,
	/// because asks are in thousandths of the list price.
	const RATE_PARTS: u128 = 1_024_000;
	let micros = rate.div_ceil(RATE_PARTS);
	format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_parse_exactly() {
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
	fn amounts_round_trip() {
		for units in [0, 1, 999_999_999, 1_000_000_000, 12_345_678_901] {
			assert_eq!(parse_alpha(&alpha(units)), Ok(units));
		}
		assert_eq!(usd_per_hour(71_000 * 1_024_000), "0.071000");
		assert_eq!(usd_per_hour(1), "0.000001", "rounds up");
	}
}
