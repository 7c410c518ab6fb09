use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_primitives::IntervalIndex;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Debug, Perbill};

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;

/// Maximum number of receipts in one call.
pub const MAX_RECEIPTS: u32 = 64;
/// Maximum number of entries of an account. It exceeds the number of intervals that can be
/// unsettled at the same time.
pub const MAX_KEPT: u32 = 24;

/// The rules that governance sets.
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
	/// The number of intervals after an interval in which its receipts are still accepted. Its
	/// charges are settled only after these intervals.
	pub age: u8,
	/// The part of the time that a VM can lose without consequence.
	pub tolerance: Perbill,
	/// The maximum part of a charge that is refunded.
	pub refund: Perbill,
}

impl Rules {
	/// Returns the rules with every value within its bounds. A tenant can always assert that it
	/// received nothing, so at most half of a charge is refundable.
	pub fn clamped(self) -> Self {
		Self {
			age: self.age.clamp(1, 2),
			tolerance: self.tolerance.min(Perbill::from_percent(50)),
			refund: self.refund.min(Perbill::from_percent(50)),
		}
	}
}

/// The outcome of one receipt.
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
	/// The time that the receipt covers, in milliseconds.
	pub covered: u32,
	/// The part of that time for which the VM did not receive its resources, in milliseconds.
	pub lost: u32,
}

/// The receipts of a VM.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Account {
	/// The boot of the last receipt (`generation` and `boot_counter`), and the sequence number of
	/// the receipt.
	pub generation: u32,
	pub boot_counter: u32,
	pub sequence: u32,
	/// The interval of the last receipt.
	pub last: IntervalIndex,
	/// The last interval whose receipt was settled. After a stop or another boot, a second charge
	/// for this interval does not count as a charge without receipts.
	pub settled: Option<IntervalIndex>,
	/// The entries that are not settled, oldest first.
	pub entries: BoundedVec<Entry, ConstU32<MAX_KEPT>>,
}
