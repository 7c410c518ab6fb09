//! Validators: the active set, slashes and service.

use alloc::vec::Vec;

use sp_runtime::Perbill;

/// The maximum number of active validators.
pub const MAX_VALIDATORS: u32 = 100;

/// Provides the active validators and their worker keys.
pub trait ActiveValidators<AccountId> {
	/// Returns the active validators in a fixed order.
	fn active() -> Vec<AccountId>;
	/// Returns `true` if `who` is the worker key of a validator, even if it is not active.
	fn is_worker(who: &AccountId, validator: &AccountId) -> bool;
}

/// Slashes validators.
pub trait ValidatorSlasher<AccountId> {
	/// Slashes `part` of a validator's bond. A reporter receives its share of the slashed amount,
	/// and the rest is burned. The validator is disabled and authors no further blocks, unless the
	/// limit of disabled validators is reached.
	fn slash(validator: &AccountId, part: Perbill, reporter: Option<(&AccountId, Perbill)>);
	/// Burns `part` of a validator's bond. The validator is not disabled.
	fn fine(validator: &AccountId, part: Perbill);
}

/// The service of a committee member for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteService {
	/// The member did not vote.
	Absent,
	/// The member voted, but there was no verdict or a different one.
	Voted,
	/// The member voted for the verdict.
	Counted,
}

/// Records the service of validators.
pub trait ServiceRecorder<AccountId> {
	/// Records the service of all committee members of a closed subject.
	fn served(members: &[(AccountId, VoteService)]);
}

/// Returns the smallest integer above two thirds of the argument.
pub const fn supermajority(of: u32) -> u32 {
	// Two thirds, rounded down, plus one. The result exceeds the argument only if the argument is
	// zero.
	(of / 3).saturating_mul(2).saturating_add((of % 3).saturating_mul(2) / 3).saturating_add(1)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn supermajority_exceeds_two_thirds() {
		for of in 1..1_000u32 {
			let least = supermajority(of);
			assert!(3 * least > 2 * of && 3 * (least - 1) <= 2 * of && least <= of, "{of}");
		}
		assert_eq!(supermajority(0), 1);
	}
}
