use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{Finding, SubjectId, Tick};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::Debug;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Subject`] with the chain's accounts.
pub type SubjectOf<T> = Subject<AccountIdOf<T>>;
/// [`Statement`] in the chain's units.
pub type StatementOf<T> = Statement<AccountIdOf<T>, BlockNumberFor<T>>;

/// The most validators that judge one subject.
pub const MAX_COMMITTEE: u32 = 16;
/// The most validators in office.
pub const MAX_VALIDATORS: u32 = 100;
/// The most votes in one transaction.
pub const MAX_VOTES: u32 = 32;
/// The most subjects that close at one tick.
pub const MAX_CLOSING: u32 = 64;
/// How many ticks later a subject may close where too many close at the same.
pub const SLACK: Tick = 16;

/// A worker's vote.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Vote {
	pub subject: SubjectId,
	/// [`Finding::hash`].
	pub hash: H256,
	/// What is found: to be shown with the first vote for it.
	pub finding: Option<Finding>,
}

/// The last block that a validator's worker has seen finalised.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Statement<AccountId, BlockNumber> {
	pub validator: AccountId,
	pub finalised: BlockNumber,
	/// The block in which it said so.
	pub at: BlockNumber,
}

/// A vote that was cast: by which member of the committee, for which finding.
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
pub struct Cast {
	pub member: u8,
	pub finding: u8,
}

/// A finding that a member of the committee has shown.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Shown {
	pub hash: H256,
	pub finding: Finding,
}

/// What is being judged.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Subject<AccountId> {
	/// The hash of the evidence.
	pub evidence: H256,
	pub committee: BoundedVec<AccountId, ConstU32<MAX_COMMITTEE>>,
	pub findings: BoundedVec<Shown, ConstU32<MAX_COMMITTEE>>,
	pub votes: BoundedVec<Cast, ConstU32<MAX_COMMITTEE>>,
	/// The finding that more than two thirds agree on.
	pub decided: Option<u8>,
	/// The tick at which it closes.
	pub closes: Tick,
}
