//! An attacker searches for a strategy that pays: own VMs, own miners, own validators, any price of α, any rules that governance could set.

use hcc_primitives::{units::Balance, LEAST_LOSS};
use proptest::prelude::*;
use sp_runtime::{traits::Saturating, Perbill};

use crate::{mock::RULES, schedule::*, Rules};

fn parts() -> impl Strategy<Value = Perbill> {
	(0..=1_000_000_000u32).prop_map(Perbill::from_parts)
}

/// What of payments comes back to an attacker who is every tenant, miner and validator there is, in one era; what others are owed makes his part smaller.
fn comes_back(
	payments: &[(Balance, Perbill)],
	others: Balance,
	(treasury, burned): (Perbill, Perbill),
	rules: &Rules,
	era: u32,
) -> Balance {
	let lost = treasury.saturating_add(burned);
	let kappa = bonus(rules.bonus, lost);
	let mut debts = Vec::new();
	let mut back: Balance = 0;
	for (paid, weight) in payments {
		let gone = treasury.mul_floor(*paid) + burned.mul_ceil(*paid);
		back += paid - gone;
		debts.push(owed(*paid, kappa, *weight));
	}
	let total = debts.iter().sum::<Balance>() + others;
	let division = divide(rules, budget(rules, era, 0), total);
	back + debts.iter().map(|debt| part(&division, *debt)).sum::<Balance>()
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn no_strategy_pays(
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
		let back = comes_back(&payments, others, (treasury, burned), &rules, era);
		prop_assert!(back <= spent, "{back} of {spent}");
		if treasury.saturating_add(burned) >= LEAST_LOSS {
			let least: Balance = payments.iter().map(|(paid, _)| LEAST_LOSS.mul_floor(*paid)).sum();
			prop_assert!(back <= spent - least, "{back} of {spent}");
		}
	}

	/// What is lost on a payment of few units is lost whole: to pay little often wins no unit.
	#[test]
	fn no_strategy_pays_with_dust(
		payments in prop::collection::vec((0..200 as Balance, parts()), 1..64),
		treasury in parts(),
		burned in parts(),
		bonus in parts(),
	) {
		let treasury = treasury.min(Perbill::one().saturating_sub(burned));
		let rules = Rules { bonus, ..RULES }.clamped();
		let spent: Balance = payments.iter().map(|(paid, _)| paid).sum();
		let back = comes_back(&payments, 0, (treasury, burned), &rules, 0);
		prop_assert!(back <= spent, "{back} of {spent}");
	}

	/// To divide work among many accounts, or over many eras, brings no more than to do it as one.
	#[test]
	fn many_accounts_are_owed_no_more_than_one(
		paid in 0..Balance::MAX / 2, pieces in 1..100u128, kappa in parts(), weight in parts()
	) {
		let piece = paid / pieces;
		let as_many = owed(piece, kappa, weight) * pieces;
		prop_assert!(as_many <= owed(piece * pieces, kappa, weight));
	}
}
