//! The total issuance as a sum, without storage.

use crate::Issuance;

#[test]
fn total_is_none_after_excess_burn() {
	let issuance = Issuance { initial: 5, minted: 2, burned: 8 };
	assert_eq!(issuance.total(), None);
	assert_eq!(Issuance { burned: 7, ..issuance }.total(), Some(0));
	assert_eq!(Issuance { burned: 1, ..issuance }.total(), Some(6));
}

#[test]
fn total_is_none_on_overflow() {
	let issuance = Issuance { initial: u128::MAX, minted: 1, burned: 1 };
	assert_eq!(issuance.total(), None);
}
