use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_primitives::{Conduct, Tick};
use scale_info::TypeInfo;
use sp_runtime::Debug;

use crate::score::Score;

/// How many incidents are remembered of each chip.
pub const REMEMBERED: u32 = 16;

/// What a chip did at one challenge, and what it made of its score.
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
pub struct Incident {
	/// The number of the challenge.
	pub seq: u64,
	pub at: Tick,
	pub conduct: Conduct,
	/// The score before.
	pub before: Score,
	/// The change of the score, in thousandths, as the rules were then.
	pub change: i16,
}

/// What a chip is known for.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Record {
	pub score: Score,
	/// Accepted evidences, all in all.
	pub passed: u32,
	/// Rejected evidences, all in all.
	pub failed: u32,
	/// Challenges without an answer, all in all.
	pub missed: u32,
	/// The last incidents, oldest first.
	pub last: BoundedVec<Incident, ConstU32<REMEMBERED>>,
}
