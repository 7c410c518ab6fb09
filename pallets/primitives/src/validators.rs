//! Who judges.

use alloc::vec::Vec;

use sp_runtime::Perbill;

/// The validators in office and their worker keys.
pub trait ActiveValidators<AccountId> {
	/// The validators in office, in a fixed order.
	fn active() -> Vec<AccountId>;
	/// The validator for which that worker key signs, in office or not.
	fn validator_of(worker: &AccountId) -> Option<AccountId>;
}

/// Punishes validators.
pub trait Slashes<AccountId> {
	/// Takes `part` of what a validator has at stake, of which `reporter` has its share; the rest is burned. It authors no more until the set
	/// changes, unless too many do not already.
	fn slash(validator: &AccountId, part: Perbill, reporter: Option<(&AccountId, Perbill)>);
	/// Takes `part` of what a validator has at stake, which is burned. It stays in office.
	fn fine(validator: &AccountId, part: Perbill);
}

/// What a member of a committee did for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
	/// It did not vote.
	Absent,
	/// It voted. There was no verdict, or another.
	Voted,
	/// It voted for what became the verdict.
	Counted,
}

/// Keeps the account of who has served.
pub trait Serves<AccountId> {
	/// A subject has closed, for which these had to vote.
	fn served(members: &[(AccountId, Service)]);
}

/// The least count that is more than two thirds of `of`.
pub const fn supermajority(of: u32) -> u32 {
	// Two thirds, rounded down, and one: never more than `of` but for none at all.
	(of / 3).saturating_mul(2).saturating_add((of % 3).saturating_mul(2) / 3).saturating_add(1)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_supermajority_is_the_least_count_above_two_thirds() {
		for of in 1..1_000u32 {
			let least = supermajority(of);
			assert!(3 * least > 2 * of && 3 * (least - 1) <= 2 * of && least <= of, "{of}");
		}
		assert_eq!(supermajority(0), 1);
	}
}
