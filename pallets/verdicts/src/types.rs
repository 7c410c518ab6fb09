use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{fungible::Inspect, ConstU32},
	BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{Finding, SubjectId, Tick};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;
use sp_runtime::{Debug, Perbill};

use crate::Config;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Subject`] with the chain's accounts.
pub type SubjectOf<T> = Subject<AccountIdOf<T>>;
/// [`Statement`] in the chain's units.
pub type StatementOf<T> = Statement<AccountIdOf<T>, BlockNumberFor<T>>;

/// An amount in the smallest unit of the native token.
pub type BalanceOf<T> = <<T as Config>::NativeBalance as Inspect<AccountIdOf<T>>>::Balance;
/// [`Rules`] in the chain's units.
pub type RulesOf<T> = Rules<BalanceOf<T>>;

/// The most validators that judge one subject.
pub const MAX_COMMITTEE: u32 = 16;
/// The most validators in office.
pub const MAX_VALIDATORS: u32 = 100;
/// The most votes in one transaction.
pub const MAX_VOTES: u32 = 32;
/// The most subjects that close at one tick. Each is booked twice: until its verdict, and from then on.
pub const MAX_CLOSING: u32 = 1_024;
/// The most subjects on which committees come to agree in one block.
pub const MAX_AGREED: u32 = 512;
/// The most blocks whose verdicts take effect in one block.
pub const MAX_DRAWN_BLOCKS: u32 = 8;
/// How many ticks later a subject may close where too many close at the same.
pub const SLACK: Tick = 16;

/// The longest evidence that can be proven, in bytes: a log, an event log, and the rest.
pub const MAX_EVIDENCE: u32 = (16 + 64 + 8) << 10;

/// The longest that a verdict can be proven false, in ticks: two hours.
pub const MAX_WINDOW: Tick = 1_200;

/// What governance sets about proofs.
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
pub struct Rules<Balance> {
	/// The part of its bond that a validator loses for a vote that was proven false.
	pub false_vote: Perbill,
	/// The part of that which goes to whoever proves it.
	pub reward: Perbill,
	/// What others than the committee lose for a proof that proves nobody wrong.
	pub deposit: Balance,
	/// How long a verdict can be proven false, in ticks.
	pub window: Tick,
	/// The part of all verdicts that take effect only once proven.
	pub audit: Perbill,
}

impl<Balance> Rules<Balance> {
	/// Every value within bounds: a reward below what is lost, so that nobody gains by proving himself wrong; a window in which a proof
	/// finds room.
	pub fn clamped(self) -> Self {
		Self {
			false_vote: self.false_vote.clamp(Perbill::from_percent(1), Perbill::from_percent(99)),
			reward: self.reward.min(Perbill::from_percent(10)),
			// Two hours at most: a bond stays held for longer.
			window: self.window.clamp(20, MAX_WINDOW),
			// A proof is some hundred times the work of a vote: not all can be proven.
			audit: self.audit.clamp(Perbill::from_perthousand(1), Perbill::from_percent(50)),
			..self
		}
	}
}

/// Keeps the rules that a chain starts with, where governance can change them.
pub trait StoreRules<Rules> {
	fn store(rules: Rules);
}

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
	/// The hash of what the chain itself found.
	pub proven: Option<H256>,
	/// It was proven before the last third of its time: who had not voted by then has missed nothing.
	pub proven_early: bool,
	pub stage: Stage,
	/// The last tick at which votes count.
	pub until: Tick,
	/// The tick at which it closes: once a verdict is in effect, that at which it can be proven false no more.
	pub closes: Tick,
}

/// How far a subject has come.
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
	/// Votes are counted; no finding has enough.
	Open,
	/// The committee agrees. The randomness of the next block says whether that must be proven.
	Agreed,
	/// It must be proven: until then it has no effect.
	Audited,
	/// What was found has taken effect.
	Effective,
}
