use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_primitives::{ChallengeOutcome, Tick};
use scale_info::TypeInfo;
use sp_runtime::{Debug, Perbill};

use crate::score::{Penalty, Score};

/// Account id of the runtime.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Record`] with account ids of the runtime.
pub type RecordOf<T> = Record<AccountIdOf<T>>;

/// Maximum number of slashes that are due at one tick.
pub const MAX_SLASHES: u32 = 512;

/// Number of incidents that are stored for each chip. It almost always exceeds the number of
/// incidents that can be proven false at the same time.
pub const MAX_INCIDENTS: u32 = 48;

/// Outcome of one challenge and its effect on the score.
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
	/// Number of the challenge.
	pub seq: u64,
	/// The tick at which the challenge was made.
	pub made: Tick,
	/// The tick at which the outcome was noted.
	pub at: Tick,
	pub outcome: ChallengeOutcome,
	/// The earlier challenge from whose accepted evidence this challenge's evidence continued.
	pub from: Option<u64>,
	/// Penalty under the rules at the time of the incident.
	pub penalty: Penalty,
	/// Score before the incident.
	pub before: Score,
	/// Change of the score under the rules at the time of the incident, in thousandths.
	pub change: i16,
}

/// Maximum number of pending slashes that are stored for a chip. Each is of another miner. A chip
/// must pass many challenges between two slashes.
pub const MAX_PENDING: u32 = 4;

/// A pending slash for the strike that suspended a chip. The slash is cancelled if the strike is
/// undone before tick `due`, or no longer suspends the chip.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PendingSlash<AccountId> {
	/// The miner that had the chip when the chip received the strike.
	pub miner: AccountId,
	/// The number of the challenge that gave the chip the suspending strike.
	pub seq: u64,
	/// The part of the bond that the miner loses.
	pub part: Perbill,
	/// The tick at which the slash is applied.
	pub due: Tick,
	/// True if the slash opened the compensation case of the chip.
	pub case: bool,
}

/// Reputation of a chip.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Record<AccountId> {
	pub score: Score,
	/// Number of challenges with accepted evidence.
	pub passed: u32,
	/// Number of challenges with rejected evidence.
	pub failed: u32,
	/// Number of challenges without an answer.
	pub missed: u32,
	/// The last incidents, oldest first.
	pub last: BoundedVec<Incident, ConstU32<MAX_INCIDENTS>>,
	/// Pending slashes, oldest first. Each is of another miner.
	pub slashes: BoundedVec<PendingSlash<AccountId>, ConstU32<MAX_PENDING>>,
}
