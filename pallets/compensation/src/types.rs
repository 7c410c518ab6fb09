use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{units::Balance, IntervalIndex, Tick};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Debug, Perbill};

/// Account id of the runtime.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;

/// Number of tenants that receive their compensation in one batch.
pub const BATCH: u32 = 32;

/// Rules that governance sets.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
	/// Maximum part of a slash that tenants receive.
	pub most: Perbill,
	/// Number of ticks after the slash in which payments still count. It should suffice to settle
	/// all intervals of the case.
	pub collect: Tick,
}

impl Rules {
	/// Clamps each value to its bounds.
	///
	/// A miner that is its own tenant must not recover its slash, so tenants receive at most half
	/// of a slash.
	pub fn clamped(self) -> Self {
		Self {
			most: self.most.min(Perbill::from_percent(50)),
			collect: self.collect.clamp(1, 100_000),
		}
	}
}

/// Progress of a case.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Stage {
	/// The slash is booked.
	Open,
	/// The slash was applied or cancelled. The payout begins at this tick.
	Due(Tick),
}

/// A slash from which tenants may receive compensation.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Case {
	/// The first interval that the case covers.
	pub first: IntervalIndex,
	/// The last interval that the case covers.
	pub last: IntervalIndex,
	/// The amount that tenants have paid for the intervals of the case.
	pub total: Balance,
	/// The amount that the miner has lost.
	pub pot: Balance,
	/// The amount that tenants have received.
	pub given: Balance,
	pub stage: Stage,
}

impl Case {
	/// Returns true if a payment for the intervals `first` to `last` counts at tick `now`.
	pub fn counts(&self, first: IntervalIndex, last: IntervalIndex, now: Tick) -> bool {
		let collects = match self.stage {
			Stage::Open => true,
			Stage::Due(tick) => now < tick,
		};
		collects && first <= self.last && last >= self.first
	}
}
