//! Removal of old eras, with the state committed after each block: a block removes only the rows
//! for which it has weight.

use frame_support::{
	assert_noop, assert_ok,
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{
	units::{Balance, ALPHA},
	Tier,
};
use hcc_testing::{reset, Fit};
use sp_io::TestExternalities;
use sp_runtime::BuildStorage;

use crate::{mock::*, *};

/// Maximum number of rows that a block removes.
const ROWS_PER_BLOCK: u32 = 64;
/// Number of miners that the era owes an amount: more rows than three blocks can remove. Each miner
/// has the chip with its own number.
const DEBTORS: u8 = 200;
/// The era that owes all debts.
const ERA_WITH_DEBTS: EraIndex = 0;

/// Returns the payments for a miner's work: a different, uneven amount for each miner.
fn payments_for(miner: u8) -> Balance {
	(Balance::from(miner) + 1) * ALPHA + Balance::from(miner)
}

/// Returns a chain whose first era owes an amount to a number of miners.
fn chain_with_debts(debtors: u8) -> TestExternalities {
	reset();
	MockRules::set(RULES);
	Fit::set((0..debtors).map(|number| ([number; 32], Tier::Trusted)).collect());
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: [200, 201].map(|number| (account(number), ALPHA)).to_vec(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("the mock genesis is sound");
	let mut state = TestExternalities::from(storage);
	state.execute_with(|| {
		System::set_block_number(1);
		tick();
		assert_eq!(Emission::era().index, ERA_WITH_DEBTS);
		(0..debtors).for_each(|miner| paid(miner, payments_for(miner)));
	});
	commit(&mut state);
	state
}

/// Commits the changes of a block.
fn commit(state: &mut TestExternalities) {
	state.commit_all().expect("no transaction is open");
}

/// Makes a block, and checks the invariants after it.
fn block(state: &mut TestExternalities) {
	state.execute_with(tick);
	commit(state);
}

/// Returns the number of unclaimed debts of [`ERA_WITH_DEBTS`].
fn rows(state: &mut TestExternalities) -> u32 {
	state.execute_with(|| Owed::<Test>::iter_prefix(ERA_WITH_DEBTS).count() as u32)
}

/// Makes blocks until all rows are removed. Returns the number of rows that each block removed.
fn rows_removed_by_block(state: &mut TestExternalities) -> Vec<u32> {
	let mut removed = Vec::new();
	let mut left = rows(state);
	for _ in 0..(RULES.payable + 2) * ERA {
		if left == 0 {
			return removed;
		}
		block(state);
		let now = rows(state);
		if now < left {
			removed.push(left - now);
		}
		left = now;
	}
	panic!("{left} rows were never removed");
}

/// Makes blocks until the first rows are removed. Returns the division of the era.
fn advance_to_first_removal(state: &mut TestExternalities) -> schedule::Division {
	let before = rows(state);
	for _ in 0..(RULES.payable + 2) * ERA {
		block(state);
		if rows(state) < before {
			return state.execute_with(|| closed(ERA_WITH_DEBTS));
		}
	}
	panic!("no row was ever removed");
}

#[test]
fn removed_rows_per_block_are_bounded() {
	for (debtors, expected) in [
		(1, vec![1]),
		(63, vec![63]),
		(64, vec![64]),
		(65, vec![64, 1]),
		(128, vec![64, 64]),
		(DEBTORS, vec![64, 64, 64, 8]),
	] {
		let mut state = chain_with_debts(debtors);
		assert_eq!(rows(&mut state), u32::from(debtors));
		assert_eq!(rows_removed_by_block(&mut state), expected, "{debtors} debtors");
	}
}

#[test]
fn era_is_burned_after_its_last_row() {
	let mut state = chain_with_debts(DEBTORS);
	let division = advance_to_first_removal(&mut state);
	assert!(division.total_owed > division.for_miners, "each receives only a fraction");
	while rows(&mut state) > 0 {
		state.execute_with(|| {
			assert_eq!(Emission::totals().payable, division.miners);
			assert_eq!(OldestEra::<Test>::get(), ERA_WITH_DEBTS);
			let burned = |event: &Event<Test>| matches!(event, Event::EraForgotten { .. });
			assert!(!events().iter().any(burned), "rows are left");
		});
		block(&mut state);
	}
	state.execute_with(|| {
		let removed = Event::EraForgotten { era: ERA_WITH_DEBTS, burned: division.miners };
		assert_eq!(events().iter().filter(|event| **event == removed).count(), 1);
		assert_eq!(
			(Emission::closed_era(ERA_WITH_DEBTS), OldestEra::<Test>::get()),
			(None, ERA_WITH_DEBTS + 1)
		);
		let all = Emission::totals();
		assert_eq!((all.paid_out, all.payable), (0, 0));
		assert_eq!(all.burned, all.budgets - all.validators - all.treasury);
		assert_noop!(payout(ERA_WITH_DEBTS, 0), Error::<Test>::NotPayable);
	});
}

#[test]
fn remaining_rows_are_paid_once_and_rest_is_burned() {
	let mut state = chain_with_debts(DEBTORS);
	let division = advance_to_first_removal(&mut state);
	let issued = state.execute_with(Balances::total_issuance);
	let (mut paid_out, mut claims) = (0, 0);
	// Claims are made in the block that removed the first rows, and in the next one.
	for _ in 0..2 {
		state.execute_with(|| {
			for miner in (0..DEBTORS).step_by(3) {
				let (owed, part) = Emission::owed_to(ERA_WITH_DEBTS, account(miner));
				if owed == 0 {
					assert_noop!(payout(ERA_WITH_DEBTS, miner), Error::<Test>::NothingOwed);
					continue;
				}
				let before = free(miner);
				assert_ok!(payout(ERA_WITH_DEBTS, miner));
				let had = free(miner) - before;
				assert_eq!(Some(had), part, "the part does not change");
				assert_eq!(had, schedule::part(&division, owed));
				paid_out += had;
				claims += 1;
				assert_noop!(payout(ERA_WITH_DEBTS, miner), Error::<Test>::NothingOwed);
			}
			Emission::do_try_state().expect("the invariants hold");
		});
		commit(&mut state);
		block(&mut state);
	}
	assert!(claims > 20, "too few debts were left: {claims}");
	let rest = rows(&mut state);
	assert_eq!(rows_removed_by_block(&mut state).iter().sum::<u32>(), rest);
	state.execute_with(|| {
		let burned = division.miners - paid_out;
		assert!(events().contains(&Event::EraForgotten { era: ERA_WITH_DEBTS, burned }));
		let all = Emission::totals();
		assert_eq!((all.paid_out, all.payable), (paid_out, 0));
		assert_eq!(all.burned, all.budgets - all.validators - all.treasury - paid_out);
		assert_eq!(Balances::total_issuance() - issued, paid_out, "no era has ended since");
		for miner in 0..DEBTORS {
			assert_noop!(payout(ERA_WITH_DEBTS, miner), Error::<Test>::NotPayable);
		}
	});
}

#[test]
fn block_without_room_removes_nothing() {
	let mut state = chain_with_debts(DEBTORS);
	advance_to_first_removal(&mut state);
	let most = <() as WeightInfo>::forget(ROWS_PER_BLOCK);
	for room in [Weight::zero(), most.saturating_sub(Weight::from_parts(1, 0))] {
		state.execute_with(|| {
			Emission::on_poll(System::block_number(), &mut WeightMeter::with_limit(room));
			Emission::do_try_state().expect("the invariants hold");
		});
		commit(&mut state);
		assert_eq!(rows(&mut state), u32::from(DEBTORS) - ROWS_PER_BLOCK);
	}
	assert_eq!(rows_removed_by_block(&mut state), [64, 64, 8]);
}

/// Eras are removed in order: a later era stays complete until the earlier era is removed.
#[test]
fn eras_are_removed_in_order() {
	let mut state = chain_with_debts(DEBTORS);
	state.execute_with(next_era);
	commit(&mut state);
	let later = ERA_WITH_DEBTS + 1;
	state.execute_with(|| (0..DEBTORS).for_each(|miner| paid(miner, payments_for(miner))));
	commit(&mut state);
	let mut last = (u32::from(DEBTORS), u32::from(DEBTORS));
	for _ in 0..(RULES.payable + 3) * ERA {
		block(&mut state);
		let of_later = state.execute_with(|| Owed::<Test>::iter_prefix(later).count() as u32);
		let now = (rows(&mut state), of_later);
		let removed = last.0 - now.0 + last.1 - now.1;
		assert!(removed <= ROWS_PER_BLOCK, "{removed} in a block");
		assert!(now.0 == 0 || now.1 == u32::from(DEBTORS), "the later one waits: {now:?}");
		last = now;
		if last == (0, 0) {
			break;
		}
	}
	assert_eq!(last, (0, 0), "both were removed");
	state.execute_with(|| {
		let all = Emission::totals();
		assert_eq!((all.paid_out, all.payable), (0, 0));
		assert_eq!(all.burned, all.budgets - all.validators - all.treasury);
		assert_eq!(OldestEra::<Test>::get(), later + 1);
	});
}
