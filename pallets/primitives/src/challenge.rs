//! Challenge outcomes and their effect on the reputation of chips.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_evidence::host::ChipHash;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

use crate::Tick;

/// The outcome of a challenge to a chip.
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
pub enum ChallengeOutcome {
	/// The chip's evidence was accepted.
	Passed,
	/// The chip's evidence was rejected with this reject code.
	Failed(u16),
	/// The chip did not submit evidence in time.
	Missed,
}

/// The class of trust of a chip. It determines how often the chip is challenged and which work it
/// receives.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Ord,
	PartialOrd,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Tier {
	/// The chip has a high score and no strike.
	Trusted,
	/// The chip is neither trusted nor on probation.
	Regular,
	/// The chip has a low score, or too few accepted challenges so far.
	Probation,
	/// The chip's last evidence contained something that policy does not list. It receives no work
	/// until its evidence is accepted again.
	Quarantine,
	/// The chip has the maximum number of strikes and receives no work.
	Suspended,
}

impl Tier {
	/// All tiers, best first.
	pub const ALL: [Self; 5] =
		[Self::Trusted, Self::Regular, Self::Probation, Self::Quarantine, Self::Suspended];
}

/// A challenge and its outcome.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct ChallengeRecord {
	/// The number of the challenge.
	pub seq: u64,
	/// The tick at which the challenge was made. Evidence for this challenge is not older.
	pub made: Tick,
	pub outcome: ChallengeOutcome,
	/// The earlier challenge from whose accepted evidence this challenge's evidence continues the
	/// IMA log. `None` if the evidence contains the log from its beginning.
	pub from: Option<u64>,
}

/// Records the share of allotted resources that VMs received.
pub trait UsageRecorder {
	/// Records a charge of a VM on the chip for a period in which the VM received `got` thousandths
	/// of its allotted resources.
	fn record_usage(chip: &ChipHash, got: u16);
}

/// Keeps the reputation of chips.
pub trait Reputation<AccountId> {
	/// Records the outcome of a challenge that `miner` had to answer. A challenge is recorded only
	/// once. Returns the chip's new tier.
	fn note(chip: &ChipHash, miner: &AccountId, met: ChallengeRecord) -> Tier;
	/// Reverts the effect of the challenge `seq`, and of each failed challenge whose evidence
	/// continues from the evidence for `seq`. Afterwards, the score is the same as if these
	/// outcomes had never been recorded. Returns the chip's new tier.
	fn undo(chip: &ChipHash, seq: u64) -> Tier;
	/// Returns the chip's tier.
	fn tier(chip: &ChipHash) -> Tier;
	/// Returns `true` if a slash for the chip's conduct is pending against its present miner or an
	/// earlier one.
	fn has_pending_slash(chip: &ChipHash) -> bool;
}
