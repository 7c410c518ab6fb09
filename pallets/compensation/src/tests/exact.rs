//! Shares of tenants, compared with their definition in exact rationals.

use hcc_primitives::units::Balance;
use num_bigint::BigUint;
use num_rational::Ratio;
use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::share::{for_tenants, share};

type Exact = Ratio<BigUint>;

fn whole(number: impl Into<BigUint>) -> Exact {
	Exact::from_integer(number.into())
}

fn part(part: Perbill) -> Exact {
	whole(part.deconstruct()) / whole(1_000_000_000u32)
}

/// The part `most` of the pot, rounded down, but at most the amount that was paid.
fn exact_for_tenants(pot: Balance, total: Balance, most: Perbill) -> Exact {
	(whole(pot) * part(most)).floor().min(whole(total))
}

/// Returns the fraction `paid / total` of the amount `all`, rounded down and at most `paid`. If
/// `paid` exceeds `total`, it counts as `total`.
fn exact_share(all: Balance, total: Balance, paid: Balance) -> Exact {
	let paid = whole(paid).min(whole(total));
	if total == 0 {
		return whole(0u32);
	}
	(whole(all) * &paid / whole(total)).floor().min(paid)
}

fn parts() -> impl Strategy<Value = Perbill> {
	let any = 0..=1_000_000_000u32;
	prop_oneof![any, Just(0), Just(1), Just(500_000_000), Just(999_999_999), Just(1_000_000_000)]
		.prop_map(Perbill::from_parts)
}

/// Small amounts, realistic amounts, and amounts whose products exceed 128 bits.
fn amounts() -> impl Strategy<Value = Balance> {
	prop_oneof![
		0..=1_000u128,
		0..=1_000_000_000_000_000_000u128,
		any::<u128>(),
		Just(0),
		Just(1),
		Just(Balance::MAX - 1),
		Just(Balance::MAX),
	]
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 2_000,
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn part_for_tenants_is_exact(
		pot in amounts(), total in amounts(), most in parts(),
	) {
		let found = whole(for_tenants(pot, total, most));
		prop_assert_eq!(found, exact_for_tenants(pot, total, most));
	}

	#[test]
	fn share_is_exact(all in amounts(), total in amounts(), paid in amounts()) {
		prop_assert_eq!(whole(share(all, total, paid)), exact_share(all, total, paid));
	}

	/// The payout of a case computes the total for all tenants first, and then each share.
	#[test]
	fn each_share_of_payout_is_exact(
		pot in amounts(),
		paid in prop::collection::vec(0..Balance::MAX / 64, 1..40),
		most in parts(),
	) {
		let total: Balance = paid.iter().sum();
		let all = for_tenants(pot, total, most);
		let mut given = whole(0u32);
		for paid in &paid {
			let found = whole(share(all, total, *paid));
			let wanted = exact_share(all, total, *paid);
			prop_assert_eq!(&found, &wanted);
			given += found;
		}
		let there_is = exact_for_tenants(pot, total, most);
		prop_assert!(given <= there_is);
		// Rounding leaves less than one unit for each tenant.
		prop_assert!(total == 0 || there_is - given < whole(paid.len()));
	}
}

/// Small amounts are tested exhaustively.
#[test]
fn small_amounts_are_exact() {
	for most in [0, 1, 100_000_000, 333_333_333, 500_000_000, 999_999_999, 1_000_000_000] {
		let most = Perbill::from_parts(most);
		for pot in 0..40u128 {
			for total in 0..40u128 {
				let found = whole(for_tenants(pot, total, most));
				assert_eq!(found, exact_for_tenants(pot, total, most), "{pot} {total} {most:?}");
			}
		}
	}
	for all in 0..16u128 {
		for total in 0..16u128 {
			for paid in 0..16u128 {
				let found = whole(share(all, total, paid));
				assert_eq!(found, exact_share(all, total, paid), "{all} {total} {paid}");
			}
		}
	}
}
