//! What tenants are given, against what its definition comes to in exact rationals.

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

/// As much of the pot as `most` of it is, in whole units; no more than was paid.
fn exact_for_tenants(pot: Balance, total: Balance, most: Perbill) -> Exact {
	(whole(pot) * part(most)).floor().min(whole(total))
}

/// As much of what is for all tenants as the one has paid of what all have, in whole units. Nobody has paid more than all, or is given more than they paid.
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

/// Any amount there can be: small ones, such as there are in life, and such as no product of two fits in 128 bits.
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
	fn what_is_for_tenants_is_the_exact_part(
		pot in amounts(), total in amounts(), most in parts(),
	) {
		let found = whole(for_tenants(pot, total, most));
		prop_assert_eq!(found, exact_for_tenants(pot, total, most));
	}

	#[test]
	fn a_share_is_the_exact_one(all in amounts(), total in amounts(), paid in amounts()) {
		prop_assert_eq!(whole(share(all, total, paid)), exact_share(all, total, paid));
	}

	/// As a case is paid out: what each is given follows from what all are.
	#[test]
	fn each_tenant_is_given_the_exact_share(
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
		// Less than a unit for each is left.
		prop_assert!(total == 0 || there_is - given < whole(paid.len()));
	}
}

/// Where everything is small, every case there is.
#[test]
fn all_small_amounts_come_to_the_exact_ones() {
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
