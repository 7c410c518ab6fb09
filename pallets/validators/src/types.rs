use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{fungible::Inspect, Get};
use scale_info::TypeInfo;
use sp_runtime::{Debug, Perbill};
use sp_staking::SessionIndex;

use crate::Config;

pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
pub type BalanceOf<T> = <<T as Config>::NativeBalance as Inspect<AccountIdOf<T>>>::Balance;
pub type CandidateOf<T> = Candidate<AccountIdOf<T>, BalanceOf<T>>;
pub type RulesOf<T> = Rules<BalanceOf<T>>;

/// A candidate for the validator set.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Candidate<AccountId, Balance> {
	/// The bonded account, which is also its identifier in `pallet-session`.
	pub who: AccountId,
	/// The bond on hold, in the smallest unit of α.
	pub bond: Balance,
}

/// The rules that governance sets for the validator set.
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
pub struct Rules<Balance> {
	/// Minimum bond to join, in the smallest unit of α.
	pub min_bond: Balance,
	/// Maximum size of the set, clamped to `MinValidators..=MaxValidators`.
	pub max_active: u32,
	/// Number of sessions for which a bond stays on hold after its owner left. At least
	/// [`MIN_UNBONDING`].
	pub unbonding_sessions: SessionIndex,
	/// Part of the required votes of a session that a validator may miss.
	pub absence: Perbill,
	/// Part of the bond that a validator loses if it misses more votes than [`Rules::absence`]
	/// permits.
	pub absent_loss: Perbill,
}

/// Minimum number of required votes in a session for absence to be punished. A smaller number says
/// too little about a validator.
pub const MIN_ASKED: u32 = 10;

/// Minimum number of blocks that are expected of each validator in a session, for a validator that
/// authored none to count as absent. An honest validator then authors none with a probability below
/// 10⁻⁸.
pub const MIN_EXPECTED: u32 = 20;

/// The slots of a session so far.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct SlotCount {
	/// The slot of the last block.
	pub last: u64,
	/// The number of slots that count. A standstill of the chain adds few slots, because no
	/// validator can author a block during a standstill.
	pub count: u32,
}

/// The service of a validator in a session.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Duty<AccountId> {
	pub who: AccountId,
	/// Number of closed subjects that required the validator's vote.
	pub asked: u32,
	/// Number of these subjects for which the validator voted.
	pub voted: u32,
	/// Number of the validator's votes that matched the verdict. These votes are paid.
	pub counted: u32,
}

/// A validator that may not author blocks.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Offender<AccountId> {
	pub who: AccountId,
	/// The part of the bond that the validator's worst offence cost.
	pub part: Perbill,
	/// The session in which the validator may author blocks again.
	pub until: SessionIndex,
}

/// The cost of a validator's offences in a session so far. If a later offence is worse, it costs
/// only the difference.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Offence<Balance> {
	/// The part of the bond that the worst offence so far cost.
	pub part: Perbill,
	/// The bond before the first offence.
	pub bond: Balance,
}

/// Minimum number of unbonding sessions, so that a bond can still be slashed after a late proof. A
/// session takes an hour, and a verdict can be proven false for slightly more than two hours.
pub const MIN_UNBONDING: SessionIndex = 4;

impl<Balance: Copy> Rules<Balance> {
	/// Returns the rules with every value within bounds. Stored rules may lie outside.
	pub fn clamped<T: Config>(&self) -> Self {
		Self {
			min_bond: self.min_bond,
			max_active: self.max_active.clamp(T::MinValidators::get(), T::MaxValidators::get()),
			unbonding_sessions: self.unbonding_sessions.max(MIN_UNBONDING),
			absence: self.absence.min(Perbill::from_percent(90)),
			absent_loss: self.absent_loss.min(Perbill::from_percent(10)),
		}
	}
}
