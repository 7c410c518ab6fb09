use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Get, Hooks,
	},
	weights::{RuntimeDbWeight, Weight, WeightMeter},
};
use hcc_primitives::{mock::Now, OpensCases};

use crate::{mock::*, *};

/// What stays in the account, once and for all.
const STAYS: u128 = EXISTENTIAL_DEPOSIT;

#[test]
fn tenants_are_given_what_they_paid_and_the_rest_is_burned() {
	run(|| {
		let issued = Balances::total_issuance();
		Compensation::open(&CHIP, SOUND);
		pays(1, 8, 100);
		pays(2, 9, 30);
		slashed(1_000);
		go_on(COLLECT);
		assert_eq!((given(1), given(2), given(3)), (100, 30, 0));
		assert_eq!(closed(), [(1_000 - STAYS, 130, 1_000 - STAYS - 130)]);
		assert_eq!(Balances::balance(&Compensation::pot()), STAYS);
		assert_eq!(Balances::total_issuance(), issued + 130 + STAYS);
		assert_eq!(Cases::<Test>::iter().count(), 0);
	});
}

#[test]
fn where_there_is_less_it_is_divided_in_proportion() {
	run(|| {
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(1, 8, 3_000);
		pays(2, 8, 1_000);
		pays(2, 9, 2_000);
		pays(3, 9, 1);
		slashed(1_001);
		go_on(COLLECT);
		// Half of 1,001 by 6,001 parts.
		assert_eq!((given(1), given(2), given(3)), (249, 249, 0));
		assert_eq!(closed(), [(1_001, 498, 503)]);
	});
}

#[test]
fn a_miner_that_is_its_own_tenant_loses_half_all_the_same() {
	run(|| {
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 1_000_000);
		slashed(1_000);
		go_on(COLLECT);
		assert_eq!(given(1), 500);
	});
}

#[test]
fn governance_can_give_tenants_less() {
	run(|| {
		MockRules::mutate(|rules| rules.most = sp_runtime::Perbill::from_percent(10));
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 1_000_000);
		slashed(1_000);
		go_on(COLLECT);
		assert_eq!(given(1), 100);
	});
}

#[test]
fn an_account_that_cannot_exist_is_given_nothing() {
	run(|| {
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(4, INTERVAL, STAYS - 1);
		slashed(1_000);
		go_on(COLLECT);
		assert_eq!(Balances::balance(&tenant(4)), 0);
		assert_eq!(closed(), [(1_000, 0, 1_000)]);
	});
}

#[test]
fn what_is_too_little_for_the_account_is_burned() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		assert_eq!(loses(STAYS - 1), STAYS - 1);
		assert_eq!(loses(STAYS), 0);
		let case = Compensation::case_of(CHIP).expect("it is open");
		assert_eq!(case.pot, 0, "it makes the account exist");
		assert_eq!(loses(1), 0);
		assert_eq!(Compensation::case_of(CHIP).expect("it is open").pot, 1);
	});
}

#[test]
fn many_tenants_are_given_their_parts_over_several_blocks() {
	run(|| {
		let many = 2 * BATCH as u16 + 5;
		(1..=many).for_each(exists);
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		(1..=many).for_each(|number| pays(number, INTERVAL, 10));
		slashed(10_000);
		go_on(COLLECT - 1);
		Now::mutate(|now| *now += 1);
		let batch = <() as WeightInfo>::give(BATCH);
		let db: RuntimeDbWeight = <Test as frame_system::Config>::DbWeight::get();
		let room = batch.saturating_add(db.reads_writes(2, 1).saturating_mul(2));
		let left = |given| usize::from(many) - given;
		for given in [BATCH as usize, 2 * BATCH as usize] {
			Compensation::on_poll(1, &mut WeightMeter::with_limit(room));
			assert_eq!(Claims::<Test>::iter().count(), left(given));
			Compensation::do_try_state().expect("the invariants hold");
		}
		assert!(closed().is_empty());
		Compensation::on_poll(1, &mut WeightMeter::with_limit(Weight::zero()));
		assert_eq!(Claims::<Test>::iter().count(), 5, "without room nothing is done");
		Compensation::on_poll(1, &mut WeightMeter::with_limit(room));
		assert!((1..=many).all(|number| given(number) == 10));
		let all = 10 * u128::from(many);
		assert_eq!(closed(), [(10_000, all, 10_000 - all)]);
	});
}

#[test]
fn as_many_tenants_as_are_paid_at_once_end_the_case_all_the_same() {
	run(|| {
		let many = BATCH as u16;
		(1..=many).for_each(exists);
		Compensation::open(&CHIP, SOUND);
		(1..=many).for_each(|number| pays(number, INTERVAL, 10));
		slashed(10_000);
		go_on(COLLECT);
		assert_eq!(closed().len(), 1);
		assert_eq!(Ends::<Test>::iter().count(), 0);
	});
}
