//! Amounts of α, exact to the last digit.

use std::{fmt, iter::Sum, str::FromStr};

use serde_json::Value;

/// The number of smallest units in one α.
const UNITS: u128 = 1_000_000_000;
/// The number of decimal places of an amount in α.
const DIGITS: usize = 9;

/// An amount of α in its smallest unit, 10⁻⁹ α.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alpha(u128);

/// The error for a text that is not an amount of α.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount of α")]
pub struct NotAnAmount(String);

impl Alpha {
	/// Creates an amount from a number of smallest units.
	pub const fn from_units(units: u128) -> Self {
		Self(units)
	}

	pub fn is_zero(self) -> bool {
		self.0 == 0
	}

	/// Returns the difference, or zero if `other` is larger.
	#[must_use]
	pub fn saturating_sub(self, other: Self) -> Self {
		Self(self.0.saturating_sub(other.0))
	}

	/// Returns the amount as a JSON number, rounded to the nearest double.
	pub fn to_json(self) -> Value {
		// A decimal number with a point always parses as a double.
		self.to_string().parse::<f64>().map_or(Value::Null, Value::from)
	}
}

impl FromStr for Alpha {
	type Err = NotAnAmount;

	fn from_str(text: &str) -> Result<Self, NotAnAmount> {
		let refused = || NotAnAmount(text.to_owned());
		let (whole, part) = text.split_once('.').unwrap_or((text, ""));
		let numeric = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
		if whole.is_empty() || !numeric(whole) || !numeric(part) || part.len() > DIGITS {
			return Err(refused());
		}
		format!("{whole}{part:0<DIGITS$}").parse().map(Self).map_err(|_| refused())
	}
}

impl fmt::Display for Alpha {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{}.{:09}", self.0 / UNITS, self.0 % UNITS)
	}
}

impl Sum for Alpha {
	fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
		Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_survive_a_round_trip() {
		for text in ["0.000000000", "0.000000001", "12.500000000", "21000000.123456789"] {
			assert_eq!(text.parse::<Alpha>().expect("it is an amount").to_string(), text);
		}
		assert_eq!("7".parse(), Ok(Alpha::from_units(7_000_000_000)));
		assert_eq!("2.5".parse(), Ok(Alpha::from_units(2_500_000_000)));
	}

	#[test]
	fn malformed_amounts_are_refused() {
		for text in ["", ".5", "-1", "1,5", "1e3", "1.0000000001", "1.2.3", "0x1"] {
			assert!(text.parse::<Alpha>().is_err(), "{text}");
		}
	}

	#[test]
	fn sums_are_exact() {
		let amounts = ["0.100000000", "0.200000000", "0.000000001"];
		let sum: Alpha = amounts.iter().filter_map(|text| text.parse::<Alpha>().ok()).sum();
		assert_eq!(sum.to_string(), "0.300000001");
		assert_eq!(sum.to_json().to_string(), "0.300000001");
	}

	#[test]
	fn an_empty_sum_is_zero() {
		let sum: Alpha = std::iter::empty().sum();
		assert!(sum.is_zero());
		assert_eq!(sum.to_json().to_string(), "0.0");
	}
}
