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

/// An account that stands for the validator set.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Candidate<AccountId, Balance> {
	/// The bonded account; also its id in `pallet-session`.
	pub who: AccountId,
	/// What it has on hold, in the smallest unit of α.
	pub bond: Balance,
}

/// What governance sets about the validator set.
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
	/// The smallest bond with which an account can join, in the smallest unit of α.
	pub min_bond: Balance,
	/// The largest size of the set. Values outside `MinValidators..=MaxValidators` are read as the nearest bound.
	pub max_active: u32,
	/// How many sessions a bond stays held after its owner left. Zero is read as one.
	pub unbonding_sessions: SessionIndex,
	/// The part of a session's subjects for which a validator may fail to vote.
	pub absence: Perbill,
	/// The part of its bond that it loses where it fails more often.
	pub absent_loss: Perbill,
}

/// In how many subjects a validator must have been asked in a session before its absence says anything.
pub const MIN_ASKED: u32 = 10;

/// How a validator has served in this session.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Duty<AccountId> {
	pub who: AccountId,
	/// Subjects that closed, for which it had to vote.
	pub asked: u32,
	/// Those for which it did.
	pub voted: u32,
	/// Those whose verdict was what it had voted for: the ones that are paid.
	pub counted: u32,
}

/// A validator that authors no more.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Offender<AccountId> {
	pub who: AccountId,
	/// The part of its bond that its worst offence has cost.
	pub part: Perbill,
	/// The session in which it authors again.
	pub until: SessionIndex,
}

/// What an offence has cost a validator in a session so far: another costs what it costs more.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Offence<Balance> {
	/// The part of the bond.
	pub part: Perbill,
	/// The bond before the first offence.
	pub bond: Balance,
}

/// The fewest sessions that a bond stays where it can be slashed: of an hour each, and a verdict can be proven false for two hours and a little more.
pub const MIN_UNBONDING: SessionIndex = 4;

impl<Balance: Copy> Rules<Balance> {
	/// The same rules with every value inside its bounds: a stored parameter is never trusted to be.
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
