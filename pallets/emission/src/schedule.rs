//! How much there is for an era, and how it is divided: pure arithmetic on whole numbers.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{units::Balance, LEAST_LOSS};
use scale_info::TypeInfo;
use sp_runtime::{
	helpers_128bit::multiply_by_rational_with_rounding, traits::Saturating, Debug, Perbill,
	Rounding,
};

use crate::{EraIndex, Rules};

/// What an era may bring: half as much after each `halving` eras, and never more than is left until the cap.
pub fn budget(rules: &Rules, era: EraIndex, minted: Balance) -> Balance {
	let halvings = era.checked_div(rules.halving).unwrap_or(u32::MAX);
	let whole = rules.initial.checked_shr(halvings).unwrap_or(0);
	whole.min(rules.cap.saturating_sub(minted))
}

/// The part of what is paid that a miner is owed on top. With what comes back of a payment to miner and validators, it stays [`LEAST_LOSS`] below the payment: whoever buys
/// from himself loses, whatever governance sets.
pub fn bonus(wanted: Perbill, lost: Perbill) -> Perbill {
	wanted.min(lost.saturating_sub(LEAST_LOSS))
}

/// What a miner is owed for a payment, rounded down.
pub fn owed(paid: Balance, bonus: Perbill, weight: Perbill) -> Balance {
	weight.min(Perbill::one()).mul_floor(bonus.mul_floor(paid))
}

/// An era's budget, divided.
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
	/// For miners: no more than they are owed.
	pub miners: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	/// What nobody was owed. It is never made.
	pub burned: Balance,
	/// What all miners are owed, and what there is for them: their shares are as one to the other, and no more than one.
	pub total_owed: Balance,
	pub for_miners: Balance,
}

/// Divides a budget: fixed parts for validators and the treasury, rounded down; of the rest as much as miners are owed.
pub fn divide(rules: &Rules, budget: Balance, total_owed: Balance) -> Division {
	let validators = rules.validators.mul_floor(budget);
	let treasury = rules.treasury.mul_floor(budget);
	let for_miners = budget.saturating_sub(validators).saturating_sub(treasury);
	let miners = total_owed.min(for_miners);
	let burned = for_miners.saturating_sub(miners);
	Division { budget, miners, validators, treasury, burned, total_owed, for_miners }
}

/// A miner's part of an era, rounded down.
pub fn part(division: &Division, owed: Balance) -> Balance {
	if division.total_owed <= division.for_miners {
		return owed;
	}
	// It is no more than `owed`, as the quotient is below one: it cannot overflow.
	multiply_by_rational_with_rounding(
		owed,
		division.for_miners,
		division.total_owed,
		Rounding::Down,
	)
	.unwrap_or(0)
}
