use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{units::Balance, IntervalIndex, Tick};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Debug, Perbill};

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;

/// How many tenants are given their part at once.
pub const BATCH: u32 = 32;

/// What governance sets.
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
	/// The largest part of a slash that tenants are given.
	pub most: Perbill,
	/// For how many ticks after the slash payments still count: until all that the case is about is settled.
	pub collect: Tick,
}

impl Rules {
	/// Every value within its bounds. A miner can be its own tenant: it must never have back more than half of what it loses.
	pub fn clamped(self) -> Self {
		Self {
			most: self.most.min(Perbill::from_percent(50)),
			collect: self.collect.clamp(1, 100_000),
		}
	}
}

/// How far a case has come.
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
	/// The miner is to be slashed.
	Open,
	/// It was slashed, or will not be: tenants are given their parts after that tick.
	Due(Tick),
}

/// What a chip's tenants have to do with what its miner loses.
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
	/// The intervals that it is about.
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	/// What tenants have paid for them.
	pub total: Balance,
	/// What the miner has lost.
	pub pot: Balance,
	/// What of it was given to tenants.
	pub given: Balance,
	pub stage: Stage,
}

impl Case {
	/// Whether a payment for those intervals counts, at that tick.
	pub fn counts(&self, first: IntervalIndex, last: IntervalIndex, now: Tick) -> bool {
		let collects = match self.stage {
			Stage::Open => true,
			Stage::Due(tick) => now < tick,
		};
		collects && first <= self.last && last >= self.first
	}
}
