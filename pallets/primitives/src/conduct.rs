//! What miners do, and what it makes of them.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_evidence::host::ChipHash;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

/// How a chip met a challenge.
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
pub enum Conduct {
	/// Its evidence was accepted.
	Passed,
	/// Its evidence was rejected with that code.
	Failed(u16),
	/// It did not answer in time.
	Missed,
}

/// How much a chip is trusted: how often it must prove itself, what work it gets.
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
	/// A high score and no strike.
	Trusted,
	/// Between the others.
	Regular,
	/// A chip that has not proven itself often enough yet, or has a low score.
	Probation,
	/// Its last evidence showed what nobody knows: no work until it is accepted again.
	Quarantine,
	/// As many strikes as there may be: no work.
	Suspended,
}

impl Tier {
	/// Every tier, best first.
	pub const ALL: [Self; 5] =
		[Self::Trusted, Self::Regular, Self::Probation, Self::Quarantine, Self::Suspended];
}

/// Takes into account how much VMs got of what they were given.
pub trait NotesUse {
	/// A VM on that chip has paid for a time in which it got so many thousandths of it.
	fn note_use(chip: &ChipHash, got: u16);
}

/// Keeps what chips are known for.
pub trait Reputation<AccountId> {
	/// Takes into account how a chip met its challenge `seq`, which was `miner`'s to answer: with evidence that goes on from what was accepted at challenge `from`.
	fn note(
		chip: &ChipHash,
		miner: &AccountId,
		seq: u64,
		conduct: Conduct,
		from: Option<u64>,
	) -> Tier;
	/// What was noted of the challenge `seq`, and from which challenge on its evidence goes; none where nothing was, or it is remembered no more.
	fn noted(chip: &ChipHash, seq: u64) -> Option<(Conduct, Option<u64>)>;
	/// Takes back what was noted of the challenge `seq`, and each failure of evidence that goes on from there: as if they had not been made.
	fn undo(chip: &ChipHash, seq: u64) -> Tier;
	/// The chip's tier.
	fn tier(chip: &ChipHash) -> Tier;
}
