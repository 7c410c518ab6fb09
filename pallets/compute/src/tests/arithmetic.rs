//! Prices, compared with exact rationals.

use hcc_primitives::{
	units::{Balance, ALPHA, HOURS},
	MIN_UNRETURNED_SHARE,
};
use num_bigint::BigUint;
use num_rational::Ratio;
use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::price::*;

type Exact = Ratio<BigUint>;

fn whole(number: impl Into<BigUint>) -> Exact {
	Exact::from_integer(number.into())
}

/// Returns a price in 10⁻⁶ USD an hour, computed naively.
fn exact_rate(allotted: &Allotment, list: &List, ask: u16) -> Exact {
	let gib = |mib: u32| whole(mib) / whole(1_024u32);
	let sum = whole(allotted.vcpus) * whole(list.vcpu)
		+ gib(allotted.memory) * whole(list.memory)
		+ whole(allotted.disk) * whole(list.disk)
		+ gib(allotted.egress) * whole(list.egress);
	sum * whole(ask) / whole(1_000u32)
}

/// Returns a cost in the smallest units of α.
fn exact_cost(rate: Exact, ticks: u32, price: u64) -> Exact {
	let usd = rate / whole(1_000_000u32) * whole(ticks) / whole(HOURS);
	let usd_of_alpha = whole(price) / whole(1_000_000_000u32);
	usd / usd_of_alpha * whole(ALPHA)
}

prop_compose! {
	fn allotments()(vcpus: u32, memory: u32, disk: u32, egress: u32) -> Allotment {
		Allotment { vcpus, memory, disk, egress }
	}
}

prop_compose! {
	fn lists()(vcpu: u32, memory: u32, disk: u32, egress: u32) -> List {
		List { vcpu, memory, disk, egress }
	}
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn cost_is_exact_rounded_down(
		allotted in allotments(), list in lists(), ask: u16, ticks: u32, price in 1..u64::MAX
	) {
		let exact = exact_cost(exact_rate(&allotted, &list, ask), ticks, price).to_integer();
		let exact = Balance::try_from(exact).unwrap_or(Balance::MAX);
		let found = cost(rate(&allotted, &list, ask), ticks, price);
		prop_assert_eq!(found, Some(exact));
	}

	#[test]
	fn rate_is_exact(allotted in allotments(), list in lists(), ask: u16) {
		let found = whole(rate(&allotted, &list, ask)) / whole(RATE_PARTS);
		prop_assert_eq!(found, exact_rate(&allotted, &list, ask));
	}

	#[test]
	fn cost_in_parts_is_never_higher(
		rate: u64, one in 0..u32::MAX / 2, other in 0..u32::MAX / 2, price in 1..u64::MAX
	) {
		let paid = |ticks| cost(rate.into(), ticks, price).expect("there is a price");
		let (parts, all) = (paid(one) + paid(other), paid(one + other));
		prop_assert!(parts <= all && all <= parts + 1);
	}

	#[test]
	fn split_parts_add_up_to_amount(
		amount: Balance, validators: u32, treasury: u32, burned: u32
	) {
		let shares = Shares {
			validators: Perbill::from_parts(validators),
			treasury: Perbill::from_parts(treasury),
			burned: Perbill::from_parts(burned),
		};
		let parts = split(amount, &shares);
		let sum = parts.miner.checked_add(parts.validators)
			.and_then(|sum| sum.checked_add(parts.treasury))
			.and_then(|sum| sum.checked_add(parts.burned));
		prop_assert_eq!(sum, Some(amount));
		let clamped = shares.clamped();
		let exact = |share: Perbill| {
			whole(amount) * whole(share.deconstruct()) / whole(1_000_000_000u32)
		};
		prop_assert_eq!(whole(parts.validators), exact(clamped.validators).floor());
		prop_assert_eq!(whole(parts.treasury), exact(clamped.treasury).floor());
		prop_assert_eq!(whole(parts.burned), exact(clamped.burned).ceil());
		let lost = clamped.treasury + clamped.burned;
		prop_assert!(whole(parts.treasury + parts.burned) >= exact(lost).floor());
	}

	#[test]
	fn clamped_shares_fit_the_whole(validators: u32, treasury: u32, burned: u32) {
		let shares = Shares {
			validators: Perbill::from_parts(validators),
			treasury: Perbill::from_parts(treasury),
			burned: Perbill::from_parts(burned),
		}
		.clamped();
		let sum = u64::from(shares.validators.deconstruct())
			+ u64::from(shares.treasury.deconstruct())
			+ u64::from(shares.burned.deconstruct());
		prop_assert!(sum <= 1_000_000_000);
		prop_assert!(shares.treasury + shares.burned >= MIN_UNRETURNED_SHARE);
		prop_assert_eq!(shares.clamped(), shares);
	}

	/// Shares within their bounds do not change.
	#[test]
	fn valid_shares_are_not_clamped(validators in 0..=450_000_000u32, treasury in 50_000_000..=250_000_000u32, burned in 0..=300_000_000u32) {
		let shares = Shares {
			validators: Perbill::from_parts(validators),
			treasury: Perbill::from_parts(treasury),
			burned: Perbill::from_parts(burned),
		};
		prop_assert_eq!(shares.clamped(), shares);
	}

	#[test]
	fn minus_reverts_plus(one in allotments(), other in allotments()) {
		let half = |all: Allotment| Allotment {
			vcpus: all.vcpus / 2, memory: all.memory / 2, disk: all.disk / 2, egress: all.egress / 2,
		};
		let (one, other) = (half(one), half(other));
		prop_assert_eq!(one.plus(&other).minus(&other), one);
		prop_assert!(one.fits(&one.plus(&other)));
	}
}

#[test]
fn cost_at_price_zero_is_none() {
	assert_eq!(cost(1_000, 600, 0), None);
	assert_eq!(in_alpha(1_000, 0), None);
}

#[test]
fn known_example_costs() {
	// 4 vCPUs at 1 cent, 8 GiB at 0.2 cents, 100 GiB at 0.01 cents and 1 GiB/h at 0.5 cents are 7.1
	// cents an hour. One α is 0.5 USD.
	let allotted = Allotment { vcpus: 4, memory: 8_192, disk: 100, egress: 1_024 };
	let list = List { vcpu: 10_000, memory: 2_000, disk: 100, egress: 5_000 };
	assert_eq!(rate(&allotted, &list, 1_000), rate_of(71_000));
	assert_eq!(cost(rate_of(71_000), HOURS, 500_000_000), Some(142_000_000));
	assert_eq!(cost(rate_of(71_000), HOURS / 2, 500_000_000), Some(71_000_000));
	assert_eq!(in_alpha(500_000, 500_000_000), Some(ALPHA));
	assert_eq!(rate(&allotted, &list, 1_500), rate_of(106_500));
}

#[test]
fn disk_alone_keeps_only_disk() {
	let all = Allotment { vcpus: 1, memory: 2, disk: 3, egress: 4 };
	let alone = Allotment { vcpus: 0, memory: 0, disk: 3, egress: 0 };
	assert_eq!(all.disk_alone(), alone);
}

#[test]
fn fits_requires_each_resource() {
	let free = Allotment { vcpus: 4, memory: 4, disk: 4, egress: 0 };
	assert!(free.fits(&free));
	assert!(Allotment { egress: 9, ..free }.fits(&free), "egress is not limited by capacity");
	for more in [
		Allotment { vcpus: 5, ..free },
		Allotment { memory: 5, ..free },
		Allotment { disk: 5, ..free },
	] {
		assert!(!more.fits(&free));
	}
}
