//! Bounds of the rules that governance sets.

use sp_runtime::Perbill;

use crate::*;

/// Bonds that are slashed.
const BONDS: [u128; 4] = [0, 999, 10_000_000_000_000, u128::MAX / 2];

#[test]
fn clamped_rules_are_within_bounds() {
	bolero::check!().with_type::<(u32, u32, u64, u32, u32)>().with_iterations(2_000).for_each(
		|(false_vote, reward, deposit, window, audit)| {
			let part = |parts: &u32| Perbill::from_parts(*parts);
			let set = Rules {
				false_vote: part(false_vote),
				reward: part(reward),
				deposit: *deposit,
				window: *window,
				audit: part(audit),
			};
			let rules = set.clamped();
			let percent = Perbill::from_percent;
			assert!((percent(1)..=percent(99)).contains(&rules.false_vote));
			assert!(rules.reward <= percent(10));
			assert!((20..=MAX_WINDOW).contains(&rules.window));
			assert!((Perbill::from_perthousand(1)..=percent(50)).contains(&rules.audit));
			assert_eq!(rules.deposit, set.deposit);
			assert_eq!(rules.clamped(), rules, "rules within bounds stay unchanged");
			// A validator that reports itself recovers at most a tenth of the loss.
			for bond in BONDS {
				let lost = rules.false_vote.mul_floor(bond);
				assert!(rules.reward.mul_floor(lost) <= lost / 10);
			}
		},
	);
}

#[test]
fn rules_within_bounds_stay_unchanged() {
	let least = Rules {
		false_vote: Perbill::from_percent(1),
		reward: Perbill::zero(),
		deposit: 0u64,
		window: 20,
		audit: Perbill::from_perthousand(1),
	};
	let most = Rules {
		false_vote: Perbill::from_percent(99),
		reward: Perbill::from_percent(10),
		deposit: u64::MAX,
		window: MAX_WINDOW,
		audit: Perbill::from_percent(50),
	};
	assert_eq!((least.clamped(), most.clamped()), (least, most));
}
