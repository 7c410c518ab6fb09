//! Eras: division, payouts, removal.

use frame_support::{
	assert_noop, assert_ok,
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::units::{Balance, ALPHA};
use hcc_testing::{Fit, Lost, Now};
use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::{mock::*, *};

#[test]
fn miners_are_paid_by_tier_after_era() {
	run(|| {
		let era = Emission::era().index;
		for miner in [10, 11, 12] {
			paid(miner, 100 * ALPHA);
		}
		assert_noop!(payout(era, 10), Error::<Test>::NotPayable);
		assert_eq!(Emission::owed_to(era, account(10)), (10 * ALPHA, None));
		next_era();
		for (miner, part) in [(10, 10_000), (11, 7_500), (12, 5_000)] {
			let wanted = part * ALPHA / 1_000;
			assert_eq!(Emission::owed_to(era, account(miner)), (wanted, Some(wanted)));
			assert_ok!(payout(era, miner));
			assert_eq!(free(miner), ALPHA + wanted);
			assert_noop!(payout(era, miner), Error::<Test>::NothingOwed);
		}
		assert_noop!(payout(era, 99), Error::<Test>::NothingOwed);
	});
}

#[test]
fn unowed_part_of_budget_is_burned() {
	run(|| {
		let era = Emission::era().index;
		paid(10, 100 * ALPHA);
		next_era();
		let of = closed(era);
		assert_eq!(of.budget, 1_000 * ALPHA);
		assert_eq!(of.validators, 200 * ALPHA);
		assert_eq!(of.treasury, 100 * ALPHA);
		assert_eq!(of.miners, 10 * ALPHA);
		assert_eq!(of.burned, 690 * ALPHA);
		assert_eq!((free(200), free(201)), (201 * ALPHA, 101 * ALPHA));
		assert_eq!(Emission::totals().burned, 690 * ALPHA);
	});
}

#[test]
fn excess_debts_are_paid_in_proportion() {
	run(|| {
		let era = Emission::era().index;
		paid(10, 30_000 * ALPHA);
		paid(11, 4_000 * ALPHA);
		next_era();
		assert_eq!(closed(era).burned, 0);
		assert_ok!(payout(era, 10));
		assert_ok!(payout(era, 11));
		// Miners are owed 3,000 and 300, and 700 are available.
		assert_eq!(free(10) - ALPHA, 700 * ALPHA * 3_000 / 3_300);
		assert_eq!(free(11) - ALPHA, 700 * ALPHA * 300 / 3_300);
	});
}

#[test]
fn unfit_chip_is_owed_nothing() {
	run(|| {
		Fit::set(vec![]);
		paid(10, 100 * ALPHA);
		assert_eq!(Emission::era().owed, 0);
	});
}

#[test]
fn late_claim_is_burned() {
	run(|| {
		let era = Emission::era().index;
		paid(10, 100 * ALPHA);
		paid(11, 100 * ALPHA);
		next_era();
		assert_ok!(payout(era, 10));
		let before = Emission::totals().burned;
		for _ in 0..RULES.payable {
			assert!(Emission::closed_era(era).is_some());
			next_era();
		}
		assert_noop!(payout(era, 11), Error::<Test>::NotPayable);
		assert_eq!(Emission::owed_to(era, account(11)), (0, None));
		let unclaimed = 7_500 * ALPHA / 1_000;
		assert!(events().contains(&Event::EraForgotten { era, burned: unclaimed }));
		let later: Balance = 3 * 700 * ALPHA;
		assert_eq!(Emission::totals().burned - before, unclaimed + later);
	});
}

#[test]
fn era_with_many_debts_is_removed_in_batches() {
	run(|| {
		let era = Emission::era().index;
		Fit::set((0..200u8).map(|chip| ([chip; 32], hcc_primitives::Tier::Trusted)).collect());
		(0..200).for_each(|miner| paid(miner, 100 * ALPHA));
		for _ in 0..=RULES.payable {
			next_era();
		}
		for _ in 0..5 {
			tick();
		}
		assert_eq!(Owed::<Test>::iter_prefix(era).count(), 0);
		assert_eq!(Emission::closed_era(era), None);
	});
}

#[test]
fn part_below_existential_deposit_stays_payable() {
	run(|| {
		let era = Emission::era().index;
		Fit::mutate(|fit| fit.push(([50; 32], hcc_primitives::Tier::Trusted)));
		paid(50, EXISTENTIAL_DEPOSIT * 5);
		next_era();
		assert_noop!(payout(era, 50), Error::<Test>::TooLittle);
		assert_eq!(Emission::owed_to(era, account(50)).0, EXISTENTIAL_DEPOSIT / 2);
	});
}

#[test]
fn part_of_missing_pot_account_is_burned() {
	run(|| {
		MockRules::set(Rules { initial: 4_000, ..RULES });
		let all = Balances::transfer_all(RuntimeOrigin::signed(account(200)), account(10), false);
		assert_ok!(all);
		let era = next_era();
		let of = closed(era);
		assert_eq!((of.validators, of.treasury, of.burned), (0, 400, 3_600));
	});
}

#[test]
fn payment_belongs_to_era_of_settlement() {
	run(|| {
		let era = Emission::era();
		while Now::get() < era.from + era.length - 1 {
			tick();
		}
		paid(10, 100 * ALPHA);
		tick();
		assert_eq!(Emission::era().index, era.index + 1);
		paid(10, 200 * ALPHA);
		assert_eq!(Emission::owed_to(era.index, account(10)).0, 10 * ALPHA);
		assert_eq!(Emission::owed_to(era.index + 1, account(10)).0, 20 * ALPHA);
	});
}

#[test]
fn stopped_clock_ends_no_era_and_jump_ends_one() {
	run(|| {
		let era = Emission::era().index;
		for block in 10..100 {
			Emission::on_poll(block, &mut WeightMeter::new());
		}
		assert_eq!(Emission::era().index, era);
		Now::mutate(|now| *now += 5 * ERA);
		Emission::on_poll(100, &mut WeightMeter::with_limit(Weight::zero()));
		assert_eq!(Emission::era().index, era, "the block has no room");
		tick();
		assert_eq!(Emission::era().index, era + 1);
	});
}

#[test]
fn emission_stays_below_cap() {
	run(|| {
		MockRules::set(Rules { halving: u32::MAX, cap: 2_500 * ALPHA, ..RULES });
		for _ in 0..12 {
			let era = Emission::era().index;
			paid(10, 100_000 * ALPHA);
			next_era();
			assert_ok!(payout(era, 10));
		}
		let all = Emission::totals();
		assert!(all.minted() <= 2_500 * ALPHA);
		assert!(all.minted() > 2_490 * ALPHA, "almost the cap is minted");
	});
}

#[test]
fn bonus_is_limited_by_lost_share() {
	run(|| {
		assert_eq!(Emission::bonus(), Perbill::from_percent(10));
		Lost::set(Perbill::from_percent(8));
		assert_eq!(Emission::bonus(), Perbill::from_percent(3));
		Lost::set(Perbill::from_percent(5));
		assert_eq!(Emission::bonus(), Perbill::zero());
		paid(10, 100 * ALPHA);
		assert_eq!(Emission::era().owed, 0);
	});
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

	/// Over years of random payments and claims, the totals account for every unit.
	#[test]
	fn totals_account_for_every_unit(
		steps in prop::collection::vec((0..3u8, 0..50_000u64, 0..8u8), 40..160)
	) {
		run(|| {
			for (what, amount, who) in &steps {
				let miner = 10 + who % 3;
				match what {
					0 => paid(miner, Balance::from(*amount) * ALPHA / 7),
					1 => {
						let era = Emission::era().index.saturating_sub(1 + u32::from(who / 3));
						let _ = payout(era, miner);
					},
					_ => {
						next_era();
					},
				}
				Emission::do_try_state().expect("the invariants hold");
			}
			let all = Emission::totals();
			assert!(all.minted() <= RULES.cap);
			assert_eq!(all.budgets, all.minted() + all.burned);
		});
	}
}

#[test]
fn payment_before_first_era_belongs_to_it() {
	run(|| {
		CurrentEra::<Test>::kill();
		paid(10, 100 * ALPHA);
		tick();
		assert_eq!(Emission::era().owed, 10 * ALPHA);
		assert_eq!(closed(next_era()).miners, 10 * ALPHA);
	});
}

#[test]
fn no_era_begins_at_tick_zero() {
	run(|| {
		CurrentEra::<Test>::kill();
		Now::set(0);
		Emission::on_poll(System::block_number(), &mut WeightMeter::new());
		assert_eq!(Emission::era().length, 0);
		tick();
		assert_eq!((Emission::era().from, Emission::era().length), (1, RULES.era));
	});
}

#[test]
fn try_state_detects_excess_debts() {
	run(|| {
		let first = next_era();
		let era = Emission::era().index;
		paid(10, 100 * ALPHA);
		next_era();
		Owed::<Test>::insert(era, account(99), ALPHA);
		let found = Err("2: the unclaimed parts exceed the amount left".into());
		assert_eq!(Emission::do_try_state(), found);
		// The check skips an era whose rows are being removed, because its parts can no longer be
		// claimed.
		Eras::<Test>::remove(first);
		OldestEra::<Test>::put(era);
		assert_ok!(Emission::do_try_state());
		Owed::<Test>::remove(era, account(99));
	});
}
