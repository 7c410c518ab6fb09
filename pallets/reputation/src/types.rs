use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_primitives::{Conduct, Tick};
use scale_info::TypeInfo;
use sp_runtime::{Debug, Perbill};

use crate::score::{Penalty, Score};

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Record`] with the chain's accounts.
pub type RecordOf<T> = Record<AccountIdOf<T>>;

/// The most slashes that are due at one tick.
pub const MAX_SLASHES: u32 = 512;
/// How many ticks later a slash may be due where too many are due at the same.
pub const SLACK: Tick = 16;

/// How many incidents are remembered of each chip: more than there are, but for once in a long time, while one of them can be proven false.
pub const REMEMBERED: u32 = 48;

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
	/// When that was made.
	pub made: Tick,
	/// When it was met, or missed.
	pub at: Tick,
	pub conduct: Conduct,
	/// The challenge at which evidence was accepted that this one went on from.
	pub from: Option<u64>,
	/// What it costs, as the rules were then.
	pub penalty: Penalty,
	/// The score before.
	pub before: Score,
	/// The change of the score, in thousandths, as the rules were then.
	pub change: i16,
}

/// What a miner is to lose, unless what it follows from is proven false before.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PendingSlash<AccountId> {
	/// Whose the chip was.
	pub miner: AccountId,
	/// The challenge of the last strike.
	pub seq: u64,
	/// The part of its bond.
	pub part: Perbill,
	/// When.
	pub due: Tick,
}

/// What a chip is known for.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Record<AccountId> {
	pub score: Score,
	/// Accepted evidences, all in all.
	pub passed: u32,
	/// Rejected evidences, all in all.
	pub failed: u32,
	/// Challenges without an answer, all in all.
	pub missed: u32,
	/// The last incidents, oldest first.
	pub last: BoundedVec<Incident, ConstU32<REMEMBERED>>,
	pub slash: Option<PendingSlash<AccountId>>,
}
