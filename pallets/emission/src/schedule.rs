//! Budget of an era and its division: pure integer arithmetic.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{units::Balance, MIN_UNRETURNED_SHARE};
use scale_info::TypeInfo;
use sp_runtime::{
	helpers_128bit::multiply_by_rational_with_rounding, traits::Saturating, Debug, Perbill,
	Rounding,
};

use crate::{EraIndex, Rules};

/// Returns the budget of an era. It is halved after each `halving` eras, and is at most the amount
/// that is left until the cap.
pub fn budget(rules: &Rules, era: EraIndex, minted: Balance) -> Balance {
	let halvings = era.checked_div(rules.halving).unwrap_or(u32::MAX);
	let whole = rules.initial.checked_shr(halvings).unwrap_or(0);
	whole.min(rules.cap.saturating_sub(minted))
}

/// Returns the effective bonus: `wanted`, or less if self-dealing would pay otherwise. `lost` is
/// the part of payments that neither miner nor validators receive.
///
/// The bonus and the shares of miner and validators stay [`MIN_UNRETURNED_SHARE`] below the
/// payment. Self-dealing therefore loses money under any rules.
pub fn bonus(wanted: Perbill, lost: Perbill) -> Perbill {
	wanted.min(lost.saturating_sub(MIN_UNRETURNED_SHARE))
}

/// Returns the amount that a miner is owed for a payment, rounded down.
pub fn owed(paid: Balance, bonus: Perbill, weight: Perbill) -> Balance {
	weight.min(Perbill::one()).mul_floor(bonus.mul_floor(paid))
}

/// Division of an era's budget.
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
pub struct Division {
	pub budget: Balance,
	/// The part of all miners together, at most the amount that they are owed.
	pub miners: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	/// The amount that is never minted, because it was not owed or its account could not receive
	/// it.
	pub burned: Balance,
	/// The amount that all miners are owed.
	pub total_owed: Balance,
	/// The amount that is available for miners.
	pub for_miners: Balance,
}

/// Divides a budget. Validators and treasury receive fixed parts, rounded down. Miners receive what
/// they are owed, up to the rest.
pub fn divide(rules: &Rules, budget: Balance, total_owed: Balance) -> Division {
	let validators = rules.validators.mul_floor(budget);
	let treasury = rules.treasury.mul_floor(budget);
	let for_miners = budget.saturating_sub(validators).saturating_sub(treasury);
	let miners = total_owed.min(for_miners);
	let burned = for_miners.saturating_sub(miners);
	Division { budget, miners, validators, treasury, burned, total_owed, for_miners }
}

/// Returns a miner's part of an era, rounded down.
pub fn part(division: &Division, owed: Balance) -> Balance {
	if division.total_owed <= division.for_miners {
		return owed;
	}
	// The quotient is below one, so the result is at most `owed` and cannot overflow.
	multiply_by_rational_with_rounding(
		owed,
		division.for_miners,
		division.total_owed,
		Rounding::Down,
	)
	.unwrap_or(0)
}
