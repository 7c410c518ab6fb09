use frame_support::{derive_impl, parameter_types, traits::Hooks, weights::WeightMeter};
use hcc_testing::{Active, MockTickSource, MockValidatorSlasher, MockValidators, Now};
use sp_runtime::{AccountId32, BuildStorage, Perbill};

use crate as pallet_oracle;
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
	pub type Oracle = pallet_oracle;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
}

pub const RULES: Rules = Rules {
	interval: 10,
	max_age: 20,
	floor: 1_000,
	ceiling: 1_000_000_000_000,
	band: Perbill::from_percent(10),
	absurd: Perbill::from_percent(50),
	slash: Perbill::from_percent(1),
	daily: Perbill::from_percent(50),
	fresh: 40,
	grace: 200,
};

/// Half a dollar.
pub const PRICE: Price = 500_000_000;

parameter_types! {
	pub static MockRules: Rules = RULES;
}

impl Config for Test {
	type Feeders = MockValidators;
	type ValidatorSlasher = MockValidatorSlasher;
	type Rules = MockRules;
	type TickSource = MockTickSource;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

pub fn feeder(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

/// Advances by `count` blocks and ticks, and runs the poll hook in each block.
pub fn blocks(count: u64) {
	for _ in 0..count {
		Now::set(Now::get() + 1);
		let next = System::block_number() + 1;
		System::set_block_number(next);
		Oracle::on_poll(next, &mut WeightMeter::new());
		Oracle::do_try_state().expect("the invariants hold");
	}
}

pub fn report(by: u8, price: Price) -> frame_support::pallet_prelude::DispatchResultWithPostInfo {
	Oracle::report(RuntimeOrigin::signed(feeder(by)), feeder(by), price, System::block_number())
}

/// Runs `test` with seven feeders, of which two can be dishonest.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	MockRules::set(RULES);
	Active::set((1..=7).map(feeder).collect());
	let storage =
		RuntimeGenesisConfig::default().build_storage().expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(100);
		Now::set(100);
		test();
		Oracle::do_try_state().expect("the invariants hold");
	});
}

pub fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Oracle(event) => Some(event),
			_ => None,
		})
		.collect()
}
