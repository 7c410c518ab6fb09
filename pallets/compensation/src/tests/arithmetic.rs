use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::{
	share::{for_tenants, share},
	Rules,
};

#[test]
fn a_miner_keeps_no_more_than_half_of_what_it_loses() {
	let rules = Rules { most: Perbill::one(), collect: 0 }.clamped();
	assert_eq!((rules.most, rules.collect), (Perbill::from_percent(50), 1));
}

#[test]
fn nobody_is_given_more_than_was_paid() {
	let half = Perbill::from_percent(50);
	assert_eq!(for_tenants(1_000, 300, half), 300);
	assert_eq!(for_tenants(1_000, 600, half), 500);
	assert_eq!(for_tenants(1_001, 600, half), 500);
	assert_eq!(share(500, 600, 300), 250);
	assert_eq!(share(500, 600, 1), 0);
	assert_eq!(share(300, 300, 100), 100);
	assert_eq!(share(0, 0, 0), 0);
	assert_eq!(share(100, 50, 60), 50, "no more than all have paid");
}

proptest! {
	#[test]
	fn all_parts_together_are_no_more_than_there_is(
		pot in any::<u128>(),
		paid in proptest::collection::vec(0..u128::MAX / 64, 1..40),
		most in 0..=1_000_000_000u32,
	) {
		let total: u128 = paid.iter().sum();
		let all = for_tenants(pot, total, Perbill::from_parts(most));
		prop_assert!(all <= pot && all <= total);
		let parts: Vec<u128> = paid.iter().map(|paid| share(all, total, *paid)).collect();
		let sum: u128 = parts.iter().sum();
		prop_assert!(sum <= all);
		// What rounding leaves is less than a unit for each.
		prop_assert!(all - sum < paid.len() as u128 || total == 0);
		prop_assert!(parts.iter().zip(&paid).all(|(part, paid)| part <= paid));
	}
}
