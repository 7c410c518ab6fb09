//! The schedule, compared with exact rationals and at its extremes.

use hcc_primitives::units::Balance;
use num_bigint::BigUint;
use num_rational::Ratio;
use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::{mock::RULES, schedule::*, Rules};

fn exact(number: Balance) -> Ratio<BigUint> {
	Ratio::from_integer(number.into())
}

fn exact_part(part: Perbill) -> Ratio<BigUint> {
	exact(part.deconstruct().into()) / exact(1_000_000_000)
}

fn parts() -> impl Strategy<Value = Perbill> {
	(0..=1_000_000_000u32).prop_map(Perbill::from_parts)
}

prop_compose! {
	fn rules()(initial: Balance, cap: Balance, halving: u32, validators in parts(), treasury in parts(), bonus in parts()) -> Rules {
		Rules { initial, cap, halving, validators, treasury, bonus, ..RULES }.clamped()
	}
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn division_adds_up_to_budget(rules in rules(), budget: Balance, owed: Balance) {
		let of = divide(&rules, budget, owed);
		let sum = of.miners.checked_add(of.validators)
			.and_then(|sum| sum.checked_add(of.treasury))
			.and_then(|sum| sum.checked_add(of.burned));
		prop_assert_eq!(sum, Some(budget));
		prop_assert!(of.miners <= owed);
		let validators = (exact(budget) * exact_part(rules.validators)).floor();
		prop_assert_eq!(exact(of.validators), validators);
		let treasury = (exact(budget) * exact_part(rules.treasury)).floor();
		prop_assert_eq!(exact(of.treasury), treasury);
	}

	#[test]
	fn part_is_exact_and_rounded_down(
		rules in rules(), budget: Balance, debts in prop::collection::vec(0..Balance::MAX / 64, 1..32)
	) {
		let total: Balance = debts.iter().sum();
		let of = divide(&rules, budget, total);
		let mut all: Balance = 0;
		for debt in &debts {
			let found = part(&of, *debt);
			let whole = exact(*debt) * exact(of.for_miners);
			let wanted = if total <= of.for_miners { exact(*debt) } else { (whole / exact(total)).floor() };
			prop_assert_eq!(exact(found), wanted);
			all += found;
		}
		prop_assert!(all <= of.miners, "the parts exceed the sum");
		prop_assert!(of.miners - all <= debts.len() as Balance, "more than a unit each is lost");
	}

	#[test]
	fn owed_is_exact_and_rounded_down(paid: Balance, bonus in parts(), weight in parts()) {
		let first = (exact(paid) * exact_part(bonus)).floor();
		let wanted = (first * exact_part(weight)).floor();
		prop_assert_eq!(exact(owed(paid, bonus, weight)), wanted);
	}

	#[test]
	fn budget_halves_and_stays_below_cap(rules in rules(), era: u32, minted: Balance) {
		let found = budget(&rules, era, minted);
		prop_assert!(found <= rules.cap.saturating_sub(minted));
		prop_assert!(found <= rules.initial);
		let halvings = |era: u32| rules.initial.checked_shr(era / rules.halving).unwrap_or(0);
		prop_assert!(found <= halvings(era));
		let later = era.saturating_add(rules.halving);
		prop_assert!(budget(&rules, later, minted) <= halvings(later), "the budget is not halved");
	}

	#[test]
	fn bonus_leaves_self_dealing_with_loss(wanted in parts(), lost in parts()) {
		let bonus = u64::from(bonus(wanted, lost).deconstruct());
		let lost = u64::from(lost.deconstruct());
		// Miner's share + validators' share + bonus is at most 95 %, or the bonus is zero.
		prop_assert!(bonus == 0 || 1_000_000_000 - lost + bonus <= 950_000_000);
		prop_assert!(bonus <= u64::from(wanted.deconstruct()));
	}
}

#[test]
fn schedule_has_expected_budgets() {
	let of = |era| budget(&RULES, era, 0);
	assert_eq!(of(0), RULES.initial);
	assert_eq!(of(9), RULES.initial);
	assert_eq!(of(10), RULES.initial / 2);
	assert_eq!(of(29), RULES.initial / 4);
	assert_eq!(of(u32::MAX), 0, "the shift exceeds the width");
	assert_eq!(budget(&RULES, 0, RULES.cap - 5), 5);
	assert_eq!(budget(&RULES, 0, RULES.cap + 5), 0);
}

#[test]
fn nothing_is_paid_without_debts() {
	let of = divide(&RULES, 1_000, 0);
	assert_eq!((of.miners, of.burned), (0, 700));
	assert_eq!(part(&of, 0), 0);
	let empty = divide(&RULES, 0, 10);
	assert_eq!(part(&empty, 10), 0);
}
