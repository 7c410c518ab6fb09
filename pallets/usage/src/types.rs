use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_primitives::IntervalIndex;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Debug, Perbill};

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;

/// The most receipts in one extrinsic.
pub const MAX_RECEIPTS: u32 = 64;
/// Of how many intervals is kept what was told: more than are unsettled at once.
pub const MAX_KEPT: u32 = 24;

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
	/// For how many intervals after one it can be told of. It is settled only then.
	pub age: u8,
	/// Which part of the time a VM may lack what it pays for without consequence.
	pub tolerance: Perbill,
	/// The largest part of what was paid for a time that is given back.
	pub refund: Perbill,
}

impl Rules {
	/// Every value within its bounds. A tenant can always say that it got nothing: it must not get back more than half.
	pub fn clamped(self) -> Self {
		Self {
			age: self.age.clamp(1, 2),
			tolerance: self.tolerance.min(Perbill::from_percent(50)),
			refund: self.refund.min(Perbill::from_percent(50)),
		}
	}
}

/// What was told of an interval.
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
pub struct Entry {
	pub interval: IntervalIndex,
	/// Of how much of it, in milliseconds.
	pub covered: u32,
	/// How much of that the VM has not got what it pays for.
	pub lost: u32,
}

/// What a guest has told.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Account {
	/// The boot that has told last, and its last sequence.
	pub generation: u32,
	pub boot_counter: u32,
	pub sequence: u32,
	/// The last interval that was told of.
	pub last: IntervalIndex,
	/// What was told and is not settled, oldest first.
	pub entries: BoundedVec<Entry, ConstU32<MAX_KEPT>>,
}
