use frame_support::{
	derive_impl, parameter_types,
	traits::{
		fungible::{Balanced, Inspect, Mutate},
		ConstU128, Hooks, Imbalance,
	},
	weights::WeightMeter,
};
use hcc_primitives::{
	units::Balance, ChipHash, CompensationCases, Compensator, Interval, IntervalIndex, OnSettled,
	Payment,
};
use hcc_testing::{CurrentInterval, MockLiveness, MockTickSource, Now};
use sp_runtime::{AccountId32, BuildStorage, Perbill};

use crate as pallet_compensation;
use crate::*;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeHoldReason,
		RuntimeFreezeReason,
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(2)]
	pub type Compensation = pallet_compensation;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

pub const EXISTENTIAL_DEPOSIT: Balance = 10;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
}

pub const COLLECT: u32 = 30;
pub const RULES: Rules = Rules { most: Perbill::from_percent(50), collect: COLLECT };
/// Length of an interval, in ticks.
pub const LENGTH: u32 = 100;
/// The chip of all tests. `START` and `INTERVAL` are the tick and the interval at the start of each
/// test.
pub const CHIP: ChipHash = [7; 32];
pub const START: u32 = 1_000;
pub const INTERVAL: IntervalIndex = 10;
/// The tick at which the chip last passed a challenge, in interval 8.
pub const SOUND: u32 = START - 150;

parameter_types! {
	pub static MockRules: Rules = RULES;
}

impl Config for Test {
	type NativeBalance = Balances;
	type Burned = ();
	type Rules = MockRules;
	type TickSource = MockTickSource;
	type Liveness = MockLiveness;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

pub fn tenant(number: u16) -> AccountId32 {
	let [low, high] = number.to_le_bytes();
	let mut bytes = [1; 32];
	(bytes[0], bytes[1]) = (low, high);
	AccountId32::new(bytes)
}

/// Settles a tenant's payment for an interval on the chip.
pub fn pays(number: u16, interval: IntervalIndex, amount: Balance) {
	Compensation::on_settled(&Payment {
		tenant: &tenant(number),
		miner: &tenant(0),
		chip: CHIP,
		first: interval,
		last: interval,
		amount,
	});
}

/// Slashes an amount from the chip's miner. Returns the part that is not kept for tenants.
pub fn loses(amount: Balance) -> Balance {
	let rest = Compensation::compensate(&CHIP, Balances::issue(amount));
	rest.peek()
}

/// Slashes an amount, and settles the case.
pub fn slashed(amount: Balance) {
	assert_eq!(loses(amount), 0);
	Compensation::settle(&CHIP);
}

pub fn advance(ticks: u32) {
	for _ in 0..ticks {
		Now::mutate(|now| *now += 1);
		Compensation::on_poll(System::block_number(), &mut WeightMeter::new());
		Compensation::do_try_state().expect("the invariants hold");
	}
}

/// Creates the account of a tenant.
pub fn create_account(number: u16) {
	Balances::set_balance(&tenant(number), EXISTENTIAL_DEPOSIT);
}

/// Returns the compensation that a tenant has received.
pub fn given(number: u16) -> Balance {
	Balances::balance(&tenant(number)).saturating_sub(EXISTENTIAL_DEPOSIT)
}

pub fn closed() -> Vec<(Balance, Balance, Balance)> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Compensation(Event::CaseClosed { pot, given, burned, .. }) => {
				Some((pot, given, burned))
			},
			_ => None,
		})
		.collect()
}

/// Runs `test` in interval 10 with tenants 1 to 3, and then checks the invariants.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	MockRules::set(RULES);
	Now::set(START);
	CurrentInterval::set(Interval {
		index: INTERVAL,
		from: START,
		length: LENGTH,
		paid_from: START,
	});
	let storage =
		RuntimeGenesisConfig::default().build_storage().expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		EndedUntil::<Test>::put(START);
		(1..=3).for_each(create_account);
		test();
		Compensation::do_try_state().expect("the invariants hold");
	});
}
