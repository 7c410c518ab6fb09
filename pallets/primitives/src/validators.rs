//! Who judges.

use alloc::vec::Vec;

/// The validators in office and their worker keys.
pub trait ActiveValidators<AccountId> {
	/// The validators in office, in a fixed order.
	fn active() -> Vec<AccountId>;
	/// The validator for which that worker key signs, in office or not.
	fn validator_of(worker: &AccountId) -> Option<AccountId>;
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
