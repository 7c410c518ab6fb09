//! Selection of the set: a pure function of the bonds.

extern crate alloc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::Candidate;

/// Returns the accounts of the `most` largest bonds, in order of joining. Among equal bonds the
/// earlier one wins, so an account gains nothing by leaving and joining again.
pub(crate) fn largest_bonds<AccountId: Clone, Balance: Copy + Ord>(
	candidates: &[Candidate<AccountId, Balance>],
	most: usize,
) -> Vec<AccountId> {
	let mut by_bond: Vec<_> = candidates.iter().enumerate().collect();
	// The sort is stable, so equal bonds stay in order of joining.
	by_bond.sort_by_key(|(_, candidate)| Reverse(candidate.bond));
	by_bond.truncate(most);
	by_bond.sort_by_key(|(joined, _)| *joined);
	by_bond.into_iter().map(|(_, candidate)| candidate.who.clone()).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	fn candidates(bonds: &[u64]) -> Vec<Candidate<usize, u64>> {
		bonds.iter().enumerate().map(|(who, &bond)| Candidate { who, bond }).collect()
	}

	#[test]
	fn largest_bonds_win_in_order_of_joining() {
		assert_eq!(largest_bonds(&candidates(&[5, 9, 7, 8]), 2), vec![1, 3]);
	}

	#[test]
	fn earlier_of_equal_bonds_wins() {
		assert_eq!(largest_bonds(&candidates(&[5, 5, 5]), 2), vec![0, 1]);
	}

	#[test]
	fn all_win_if_places_suffice() {
		assert_eq!(largest_bonds(&candidates(&[3, 4]), 10), vec![0, 1]);
		assert!(largest_bonds(&candidates(&[]), 10).is_empty());
	}
}
