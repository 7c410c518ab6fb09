use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::{
	share::{for_tenants, share},
	Rules,
};

#[test]
fn clamped_maximum_is_one_half() {
	let rules = Rules { most: Perbill::one(), collect: 0 }.clamped();
	assert_eq!((rules.most, rules.collect), (Perbill::from_percent(50), 1));
}

#[test]
fn share_is_at_most_payment() {
	let half = Perbill::from_percent(50);
	assert_eq!(for_tenants(1_000, 300, half), 300);
	assert_eq!(for_tenants(1_000, 600, half), 500);
	assert_eq!(for_tenants(1_001, 600, half), 500);
	assert_eq!(share(500, 600, 300), 250);
	assert_eq!(share(500, 600, 1), 0);
	assert_eq!(share(300, 300, 100), 100);
	assert_eq!(share(0, 0, 0), 0);
	assert_eq!(share(100, 50, 60), 50, "at most the total");
}

proptest! {
	#[test]
	fn sum_of_shares_is_at_most_pot(
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
		// Rounding leaves less than one unit for each tenant.
		prop_assert!(all - sum < paid.len() as u128 || total == 0);
		prop_assert!(parts.iter().zip(&paid).all(|(part, paid)| part <= paid));
	}
}
