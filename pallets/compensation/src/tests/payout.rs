use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Get, Hooks,
	},
	weights::{RuntimeDbWeight, Weight, WeightMeter},
};
use hcc_primitives::CompensationCases;
use hcc_testing::Now;

use crate::{mock::*, *};

/// The amount that always stays in the pallet's account.
const STAYS: u128 = EXISTENTIAL_DEPOSIT;

#[test]
fn tenants_receive_payments_and_rest_is_burned() {
	run(|| {
		let issued = Balances::total_issuance();
		Compensation::open(&CHIP, SOUND);
		pays(1, 8, 100);
		pays(2, 9, 30);
		slashed(1_000);
		advance(COLLECT);
		assert_eq!((given(1), given(2), given(3)), (100, 30, 0));
		assert_eq!(closed(), [(1_000 - STAYS, 130, 1_000 - STAYS - 130)]);
		assert_eq!(Balances::balance(&Compensation::pot()), STAYS);
		assert_eq!(Balances::total_issuance(), issued + 130 + STAYS);
		assert_eq!(Cases::<Test>::iter().count(), 0);
	});
}

#[test]
fn small_pot_is_divided_in_proportion() {
	run(|| {
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(1, 8, 3_000);
		pays(2, 8, 1_000);
		pays(2, 9, 2_000);
		pays(3, 9, 1);
		slashed(1_001);
		advance(COLLECT);
		// Tenants receive half of 1,001, in proportion to payments of 6,001 in total.
		assert_eq!((given(1), given(2), given(3)), (249, 249, 0));
		assert_eq!(closed(), [(1_001, 498, 503)]);
	});
}

#[test]
fn miner_as_own_tenant_loses_half() {
	run(|| {
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 1_000_000);
		slashed(1_000);
		advance(COLLECT);
		assert_eq!(given(1), 500);
	});
}

#[test]
fn lower_maximum_reduces_compensation() {
	run(|| {
		MockRules::mutate(|rules| rules.most = sp_runtime::Perbill::from_percent(10));
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(1, INTERVAL, 1_000_000);
		slashed(1_000);
		advance(COLLECT);
		assert_eq!(given(1), 100);
	});
}

#[test]
fn account_below_existential_deposit_receives_nothing() {
	run(|| {
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		pays(4, INTERVAL, STAYS - 1);
		slashed(1_000);
		advance(COLLECT);
		assert_eq!(Balances::balance(&tenant(4)), 0);
		assert_eq!(closed(), [(1_000, 0, 1_000)]);
	});
}

#[test]
fn pot_below_existential_deposit_is_not_kept() {
	run(|| {
		Compensation::open(&CHIP, SOUND);
		assert_eq!(loses(STAYS - 1), STAYS - 1);
		assert_eq!(loses(STAYS), 0);
		let case = Compensation::case_of(CHIP).expect("it is open");
		assert_eq!(case.pot, 0, "it is the existential deposit");
		assert_eq!(loses(1), 0);
		assert_eq!(Compensation::case_of(CHIP).expect("it is open").pot, 1);
	});
}

#[test]
fn payout_takes_several_blocks() {
	run(|| {
		let many = 2 * BATCH as u16 + 5;
		(1..=many).for_each(create_account);
		Balances::set_balance(&Compensation::pot(), STAYS);
		Compensation::open(&CHIP, SOUND);
		(1..=many).for_each(|number| pays(number, INTERVAL, 10));
		slashed(10_000);
		advance(COLLECT - 1);
		Now::mutate(|now| *now += 1);
		let batch = <() as WeightInfo>::give(BATCH);
		let db: RuntimeDbWeight = <Test as frame_system::Config>::DbWeight::get();
		let room = batch.saturating_add(db.reads_writes(2, 1).saturating_mul(2));
		let left = |given| usize::from(many) - given;
		for given in [BATCH as usize, 2 * BATCH as usize] {
			Compensation::on_poll(1, &mut WeightMeter::with_limit(room));
			assert_eq!(TenantPayments::<Test>::iter().count(), left(given));
			Compensation::do_try_state().expect("the invariants hold");
		}
		assert!(closed().is_empty());
		Compensation::on_poll(1, &mut WeightMeter::with_limit(Weight::zero()));
		assert_eq!(TenantPayments::<Test>::iter().count(), 5, "a block without room pays none");
		Compensation::on_poll(1, &mut WeightMeter::with_limit(room));
		assert!((1..=many).all(|number| given(number) == 10));
		let all = 10 * u128::from(many);
		assert_eq!(closed(), [(10_000, all, 10_000 - all)]);
	});
}

#[test]
fn full_last_batch_closes_case() {
	run(|| {
		let many = BATCH as u16;
		(1..=many).for_each(create_account);
		Compensation::open(&CHIP, SOUND);
		(1..=many).for_each(|number| pays(number, INTERVAL, 10));
		slashed(10_000);
		advance(COLLECT);
		assert_eq!(closed().len(), 1);
		assert_eq!(CaseDeadlines::<Test>::iter().count(), 0);
	});
}
