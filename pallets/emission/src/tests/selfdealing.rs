//! Random search for a profitable self-dealing strategy: own VMs, miners and validators, any price,
//! any rules of governance.

use hcc_primitives::{units::Balance, MIN_UNRETURNED_SHARE};
use proptest::prelude::*;
use sp_runtime::{traits::Saturating, Perbill};

use crate::{mock::RULES, schedule::*, Rules};

fn parts() -> impl Strategy<Value = Perbill> {
	(0..=1_000_000_000u32).prop_map(Perbill::from_parts)
}

/// The amount that an attacker recovers in one era as the only tenant, miner and validator. Debts
/// to `others` reduce it.
fn recovered(
	payments: &[(Balance, Perbill)],
	others: Balance,
	(treasury, burned): (Perbill, Perbill),
	rules: &Rules,
	era: u32,
) -> Balance {
	let lost = treasury.saturating_add(burned);
	let kappa = bonus(rules.bonus, lost);
	let mut debts = Vec::new();
	let mut regained: Balance = 0;
	for (paid, weight) in payments {
		let unreturned = treasury.mul_floor(*paid) + burned.mul_ceil(*paid);
		regained += paid - unreturned;
		debts.push(owed(*paid, kappa, *weight));
	}
	let total = debts.iter().sum::<Balance>() + others;
	let division = divide(rules, budget(rules, era, 0), total);
	regained + debts.iter().map(|debt| part(&division, *debt)).sum::<Balance>()
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn self_dealing_never_pays(
		payments in prop::collection::vec((0..Balance::MAX / 1_024, parts()), 1..64),
		others in 0..Balance::MAX / 4,
		treasury in parts(),
		burned in parts(),
		bonus in parts(),
		initial: Balance,
		cap: Balance,
		era in 0..100u32,
	) {
		let treasury = treasury.min(Perbill::one().saturating_sub(burned));
		let rules = Rules { bonus, initial, cap, ..RULES }.clamped();
		let spent: Balance = payments.iter().map(|(paid, _)| paid).sum();
		let regained = recovered(&payments, others, (treasury, burned), &rules, era);
		prop_assert!(regained <= spent, "{regained} of {spent}");
		if treasury.saturating_add(burned) >= MIN_UNRETURNED_SHARE {
			let least: Balance = payments.iter().map(|(paid, _)| MIN_UNRETURNED_SHARE.mul_floor(*paid)).sum();
			prop_assert!(regained <= spent - least, "{regained} of {spent}");
		}
	}

	/// Rounding disfavours the buyer: splitting a payment into small ones does not recover a larger
	/// amount.
	#[test]
	fn self_dealing_with_dust_never_pays(
		payments in prop::collection::vec((0..200 as Balance, parts()), 1..64),
		treasury in parts(),
		burned in parts(),
		bonus in parts(),
	) {
		let treasury = treasury.min(Perbill::one().saturating_sub(burned));
		let rules = Rules { bonus, ..RULES }.clamped();
		let spent: Balance = payments.iter().map(|(paid, _)| paid).sum();
		let regained = recovered(&payments, 0, (treasury, burned), &rules, 0);
		prop_assert!(regained <= spent, "{regained} of {spent}");
	}

	/// Dividing work among many accounts or eras does not raise the amount owed.
	#[test]
	fn split_payments_are_owed_at_most_the_same(
		paid in 0..Balance::MAX / 2, pieces in 1..100u128, kappa in parts(), weight in parts()
	) {
		let piece = paid / pieces;
		let as_many = owed(piece, kappa, weight) * pieces;
		prop_assert!(as_many <= owed(piece * pieces, kappa, weight));
	}
}
