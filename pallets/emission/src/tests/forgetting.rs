//! Eras that are forgotten on a chain whose blocks are kept: of what lies in the state of the block before, a block forgets as many rows as it has weight for, and no more.

use frame_support::{
	assert_noop, assert_ok,
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{
	mock::{reset, Fit},
	units::{Balance, ALPHA},
	Tier,
};
use sp_io::TestExternalities;
use sp_runtime::BuildStorage;

use crate::{mock::*, *};

/// How many rows a block forgets at the most.
const A_BLOCK: u32 = 64;
/// More debtors than three blocks forget. Each has its number, and a chip of that number.
const DEBTORS: u8 = 200;
/// The era in which all that is owed.
const INDEBTED: EraIndex = 0;

/// What that miner's tenants have paid: something else for each, and no round number.
fn bill(miner: u8) -> Balance {
	(Balance::from(miner) + 1) * ALPHA + Balance::from(miner)
}

/// A chain in whose first era the first so many miners are owed something.
fn indebted(debtors: u8) -> TestExternalities {
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
		assert_eq!(Emission::era().index, INDEBTED);
		(0..debtors).for_each(|miner| paid(miner, bill(miner)));
	});
	keep(&mut state);
	state
}

/// What the block has changed is the state of the next one.
fn keep(state: &mut TestExternalities) {
	state.commit_all().expect("no transaction is open");
}

/// A block, after which every invariant holds.
fn block(state: &mut TestExternalities) {
	state.execute_with(tick);
	keep(state);
}

/// How many miners are owed something of that era that they have not claimed.
fn rows(state: &mut TestExternalities) -> u32 {
	state.execute_with(|| Owed::<Test>::iter_prefix(INDEBTED).count() as u32)
}

/// Blocks until rows are gone. Gives how many each has forgotten that has forgotten any.
fn forgotten(state: &mut TestExternalities) -> Vec<u32> {
	let mut forgotten = Vec::new();
	let mut left = rows(state);
	for _ in 0..(RULES.claimable + 2) * ERA {
		if left == 0 {
			return forgotten;
		}
		block(state);
		let now = rows(state);
		if now < left {
			forgotten.push(left - now);
		}
		left = now;
	}
	panic!("they are never forgotten: {left} are left");
}

/// Blocks until the first rows are gone. Gives how the era was divided.
fn first_forgotten(state: &mut TestExternalities) -> schedule::Division {
	let before = rows(state);
	for _ in 0..(RULES.claimable + 2) * ERA {
		block(state);
		if rows(state) < before {
			return state.execute_with(|| closed(INDEBTED));
		}
	}
	panic!("they are never forgotten");
}

#[test]
fn a_block_forgets_no_more_rows_than_it_has_weight_for() {
	for (debtors, expected) in [
		(1, vec![1]),
		(63, vec![63]),
		(64, vec![64]),
		(65, vec![64, 1]),
		(128, vec![64, 64]),
		(DEBTORS, vec![64, 64, 64, 8]),
	] {
		let mut state = indebted(debtors);
		assert_eq!(rows(&mut state), u32::from(debtors));
		assert_eq!(forgotten(&mut state), expected, "{debtors} debtors");
	}
}

#[test]
fn an_era_is_over_until_its_last_row_is_forgotten_and_then_burned_to_the_last_unit() {
	let mut state = indebted(DEBTORS);
	let division = first_forgotten(&mut state);
	assert!(division.total_owed > division.for_miners, "each has a part of what it is owed");
	while rows(&mut state) > 0 {
		state.execute_with(|| {
			assert_eq!(Emission::brought().claimable, division.miners);
			assert_eq!(Oldest::<Test>::get(), INDEBTED);
			let burned = |event: &Event<Test>| matches!(event, Event::EraForgotten { .. });
			assert!(!events().iter().any(burned), "not before all of it is");
		});
		block(&mut state);
	}
	state.execute_with(|| {
		let gone = Event::EraForgotten { era: INDEBTED, burned: division.miners };
		assert_eq!(events().iter().filter(|event| **event == gone).count(), 1);
		assert_eq!((Emission::closed_era(INDEBTED), Oldest::<Test>::get()), (None, INDEBTED + 1));
		let all = Emission::brought();
		assert_eq!((all.claimed, all.claimable), (0, 0));
		assert_eq!(all.burned, all.budgets - all.validators - all.treasury);
		assert_noop!(claim(INDEBTED, 0), Error::<Test>::NotClaimable);
	});
}

#[test]
fn what_is_not_forgotten_yet_can_be_claimed_once_and_the_rest_is_burned_to_the_last_unit() {
	let mut state = indebted(DEBTORS);
	let division = first_forgotten(&mut state);
	let issued = state.execute_with(Balances::total_issuance);
	let (mut claimed, mut claims) = (0, 0);
	// In the block in which some were forgotten, and in the next one, in which others are.
	for _ in 0..2 {
		state.execute_with(|| {
			for miner in (0..DEBTORS).step_by(3) {
				let (owed, part) = Emission::owed_to(INDEBTED, account(miner));
				if owed == 0 {
					assert_noop!(claim(INDEBTED, miner), Error::<Test>::NothingOwed);
					continue;
				}
				let before = free(miner);
				assert_ok!(claim(INDEBTED, miner));
				let had = free(miner) - before;
				assert_eq!(Some(had), part, "what it would have had before");
				assert_eq!(had, schedule::part(&division, owed));
				claimed += had;
				claims += 1;
				assert_noop!(claim(INDEBTED, miner), Error::<Test>::NothingOwed);
			}
			Emission::do_try_state().expect("the invariants hold");
		});
		keep(&mut state);
		block(&mut state);
	}
	assert!(claims > 20, "some were left: {claims}");
	let rest = rows(&mut state);
	assert_eq!(forgotten(&mut state).iter().sum::<u32>(), rest);
	state.execute_with(|| {
		let burned = division.miners - claimed;
		assert!(events().contains(&Event::EraForgotten { era: INDEBTED, burned }));
		let all = Emission::brought();
		assert_eq!((all.claimed, all.claimable), (claimed, 0));
		assert_eq!(all.burned, all.budgets - all.validators - all.treasury - claimed);
		assert_eq!(Balances::total_issuance() - issued, claimed, "no era has ended since");
		for miner in 0..DEBTORS {
			assert_noop!(claim(INDEBTED, miner), Error::<Test>::NotClaimable);
		}
	});
}

#[test]
fn a_block_without_room_forgets_nothing_and_the_next_one_goes_on() {
	let mut state = indebted(DEBTORS);
	first_forgotten(&mut state);
	let most = <() as WeightInfo>::forget(A_BLOCK);
	for room in [Weight::zero(), most.saturating_sub(Weight::from_parts(1, 0))] {
		state.execute_with(|| {
			Emission::on_poll(System::block_number(), &mut WeightMeter::with_limit(room));
			Emission::do_try_state().expect("the invariants hold");
		});
		keep(&mut state);
		assert_eq!(rows(&mut state), u32::from(DEBTORS) - A_BLOCK);
	}
	assert_eq!(forgotten(&mut state), [64, 64, 8]);
}

/// An era after the other, oldest first: what the later one owes stays whole until the former is gone.
#[test]
fn two_eras_with_many_debts_are_forgotten_one_after_the_other() {
	let mut state = indebted(DEBTORS);
	state.execute_with(next_era);
	keep(&mut state);
	let later = INDEBTED + 1;
	state.execute_with(|| (0..DEBTORS).for_each(|miner| paid(miner, bill(miner))));
	keep(&mut state);
	let mut last = (u32::from(DEBTORS), u32::from(DEBTORS));
	for _ in 0..(RULES.claimable + 3) * ERA {
		block(&mut state);
		let of_later = state.execute_with(|| Owed::<Test>::iter_prefix(later).count() as u32);
		let now = (rows(&mut state), of_later);
		let gone = last.0 - now.0 + last.1 - now.1;
		assert!(gone <= A_BLOCK, "{gone} in a block");
		assert!(now.0 == 0 || now.1 == u32::from(DEBTORS), "the later one waits: {now:?}");
		last = now;
		if last == (0, 0) {
			break;
		}
	}
	assert_eq!(last, (0, 0), "both are gone");
	state.execute_with(|| {
		let all = Emission::brought();
		assert_eq!((all.claimed, all.claimable), (0, 0));
		assert_eq!(all.burned, all.budgets - all.validators - all.treasury);
		assert_eq!(Oldest::<Test>::get(), later + 1);
	});
}
