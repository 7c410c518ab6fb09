//! What miners do, and what it makes of them.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_evidence::host::ChipHash;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

use crate::Tick;

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

/// A challenge, and how it was met.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct Met {
	/// Its number.
	pub seq: u64,
	/// When it was made: nothing that answers it is older.
	pub made: Tick,
	pub conduct: Conduct,
	/// The challenge at which evidence was accepted that this one's goes on from.
	pub from: Option<u64>,
}

/// Takes into account how much VMs got of what they were given.
pub trait NotesUse {
	/// A VM on that chip has paid for a time in which it got so many thousandths of it.
	fn note_use(chip: &ChipHash, got: u16);
}

/// Keeps what chips are known for.
pub trait Reputation<AccountId> {
	/// Takes into account how a chip met a challenge that was `miner`'s to answer.
	fn note(chip: &ChipHash, miner: &AccountId, met: Met) -> Tier;
	/// Takes back what was noted of the challenge `seq`, and each failure of evidence that goes on from there: as if they had not been made.
	fn undo(chip: &ChipHash, seq: u64) -> Tier;
	/// The chip's tier.
	fn tier(chip: &ChipHash) -> Tier;
}
