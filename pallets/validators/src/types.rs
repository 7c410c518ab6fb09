use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{fungible::Inspect, Get};
use scale_info::TypeInfo;
use sp_runtime::Debug;
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
}

impl<Balance: Copy> Rules<Balance> {
	/// The same rules with every value inside its bounds: a stored parameter is never trusted to be.
	pub fn clamped<T: Config>(&self) -> Self {
		Self {
			min_bond: self.min_bond,
			max_active: self.max_active.clamp(T::MinValidators::get(), T::MaxValidators::get()),
			unbonding_sessions: self.unbonding_sessions.max(1),
		}
	}
}
