use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{fungible::Inspect, ConstU32},
	BoundedVec,
};
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

/// An amount in the smallest unit of the native token.
pub type BalanceOf<T> = <<T as Config>::NativeBalance as Inspect<AccountIdOf<T>>>::Balance;
/// [`Rules`] in the chain's units.
pub type RulesOf<T> = Rules<BalanceOf<T>>;

/// Maximum number of validators on a committee.
pub const MAX_COMMITTEE: u32 = 16;
/// Maximum number of votes in one transaction.
pub const MAX_VOTES: u32 = 32;
/// Maximum number of subjects that close at one tick. A subject is booked when it opens, and again
/// when it is audited and when its verdict takes effect.
pub const MAX_CLOSING: u32 = 1_024;
/// Maximum number of subjects on which committees agree in one block.
pub const MAX_AGREED: u32 = 512;
/// Maximum number of earlier blocks whose verdicts are drawn in one block.
pub const MAX_DRAWN_BLOCKS: u32 = 8;

/// Maximum size of evidence in a proof, in bytes: the IMA log, the boot event log and the rest.
pub const MAX_EVIDENCE: u32 = (16 + 64 + 8) << 10;

/// Maximum time for which a verdict can be proven false, in ticks: two hours.
pub const MAX_WINDOW: Tick = 1_200;

/// The rules that governance sets for proofs and audits.
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
	/// Part of the bond that a validator loses for a vote that was proven false.
	pub false_vote: Perbill,
	/// Part of the slashed amount that the prover receives.
	pub reward: Perbill,
	/// Deposit that a prover outside the committee loses if its proof is not free of charge.
	pub deposit: Balance,
	/// Number of ticks for which an effective verdict can be proven false.
	pub window: Tick,
	/// Part of all verdicts that is drawn for audit and takes effect only after a proof.
	pub audit: Perbill,
}

impl<Balance> Rules<Balance> {
	/// Returns the rules with every value within bounds. The reward stays below the loss, so a
	/// validator cannot gain by proving its own vote false. The window stays long enough for a
	/// proof to be included.
	pub fn clamped(self) -> Self {
		Self {
			false_vote: self.false_vote.clamp(Perbill::from_percent(1), Perbill::from_percent(99)),
			reward: self.reward.min(Perbill::from_percent(10)),
			// Two hours at most. Bonds stay on hold for longer, so they can still be slashed.
			window: self.window.clamp(20, MAX_WINDOW),
			// A proof costs about a hundred times as much work as a vote, so not every verdict can
			// be proven.
			audit: self.audit.clamp(Perbill::from_perthousand(1), Perbill::from_percent(50)),
			..self
		}
	}
}

/// A vote as a worker submits it.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Vote {
	pub subject: SubjectId,
	/// The hash of the finding ([`Finding::hash`]).
	pub hash: H256,
	/// The finding itself. The first vote for a finding must include it.
	pub finding: Option<Finding>,
}

/// A vote in storage: the indices of the committee member and of the finding.
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
pub struct RecordedVote {
	pub member: u8,
	pub finding: u8,
}

/// A finding that a committee member has disclosed.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct DisclosedFinding {
	pub hash: H256,
	pub finding: Finding,
}

/// A piece of evidence that a committee judges.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Subject<AccountId> {
	/// The hash of the evidence.
	pub evidence: H256,
	pub committee: BoundedVec<AccountId, ConstU32<MAX_COMMITTEE>>,
	pub findings: BoundedVec<DisclosedFinding, ConstU32<MAX_COMMITTEE>>,
	pub votes: BoundedVec<RecordedVote, ConstU32<MAX_COMMITTEE>>,
	/// The index of the finding that more than two thirds of the committee agree on.
	pub decided: Option<u8>,
	/// The hash of the finding that the runtime reached itself. If votes name the same result in
	/// the encoding of an earlier version of the verifier, this is the hash that the votes name.
	pub proven: Option<H256>,
	pub stage: Stage,
	/// The last tick at which votes count.
	pub until: Tick,
	/// The tick at which the subject closes. An effective verdict can be proven false until then.
	pub closes: Tick,
}

/// The stage of a subject.
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
	/// Votes are counted, and no finding has enough votes.
	Open,
	/// The committee agrees. The randomness of the next block decides whether the verdict is
	/// audited.
	Agreed,
	/// The verdict is audited. It has no effect until it is proven.
	Audited,
	/// The verdict has taken effect.
	Effective,
}
