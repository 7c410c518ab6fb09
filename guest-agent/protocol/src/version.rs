//! Versions of the messages, and the negotiation frames. The layout of the negotiation frames never
//! changes.

use std::fmt;

use codec::{Decode, Encode};

/// The version byte of the negotiation frames. No message version has this number.
pub const NEGOTIATION: u8 = 0;

/// An inclusive range of message versions. Versions start at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
	min: u8,
	max: u8,
}

impl VersionRange {
	/// Returns the range from `min` to `max`.
	///
	/// ## Panics
	/// Panics if `min` is 0 or greater than `max`. In a constant, this is a compile error.
	pub const fn new(min: u8, max: u8) -> Self {
		assert!(min != NEGOTIATION && min <= max, "versions start at 1, and min is at most max");
		Self { min, max }
	}

	/// Returns the range that a peer has sent, or `None` if the range is invalid.
	pub fn checked(min: u8, max: u8) -> Option<Self> {
		(min != NEGOTIATION && min <= max).then_some(Self { min, max })
	}

	/// Returns the lowest version.
	pub const fn min(self) -> u8 {
		self.min
	}

	/// Returns the highest version.
	pub const fn max(self) -> u8 {
		self.max
	}

	/// Returns true if the range includes the version.
	pub fn contains(self, version: u8) -> bool {
		(self.min..=self.max).contains(&version)
	}

	/// Returns the highest version that both ranges include, or `None` if they are disjoint.
	pub fn highest_common(self, other: Self) -> Option<u8> {
		let highest = self.max.min(other.max);
		(self.contains(highest) && other.contains(highest)).then_some(highest)
	}
}

impl fmt::Display for VersionRange {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{}..={}", self.min, self.max)
	}
}

/// The first frame of a session: the host offers the versions that it supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
	pub min: u8,
	pub max: u8,
}

/// The agent's answer to [`Hello`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HelloResponse {
	/// The highest version that both sides support. All later frames have this version.
	#[codec(index = 0)]
	Accepted { version: u8 },
	/// No common version exists. `min` and `max` are the agent's range.
	#[codec(index = 1)]
	Unsupported { min: u8, max: u8 },
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn highest_common_version_is_in_both_ranges() {
		let range = VersionRange::new;
		assert_eq!(range(1, 1).highest_common(range(1, 3)), Some(1));
		assert_eq!(range(1, 3).highest_common(range(1, 1)), Some(1));
		assert_eq!(range(2, 5).highest_common(range(1, 3)), Some(3));
		assert_eq!(range(2, 3).highest_common(range(1, 9)), Some(3));
		assert_eq!(range(1, 2).highest_common(range(3, 4)), None);
		assert_eq!(range(3, 4).highest_common(range(1, 2)), None);
	}

	#[test]
	fn range_from_peer_must_be_ordered_and_start_at_one() {
		assert_eq!(VersionRange::checked(1, 1), Some(VersionRange::new(1, 1)));
		assert_eq!(VersionRange::checked(1, u8::MAX), Some(VersionRange::new(1, u8::MAX)));
		assert_eq!(VersionRange::checked(0, 1), None);
		assert_eq!(VersionRange::checked(2, 1), None);
	}

	#[test]
	fn negotiation_bodies_have_fixed_bytes() {
		assert_eq!(Hello { min: 1, max: 3 }.encode(), [1, 3]);
		assert_eq!(HelloResponse::Accepted { version: 2 }.encode(), [0, 2]);
		assert_eq!(HelloResponse::Unsupported { min: 4, max: 5 }.encode(), [1, 4, 5]);
	}
}
