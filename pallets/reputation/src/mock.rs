use frame_support::{derive_impl, parameter_types};
use sp_runtime::BuildStorage;

use crate as pallet_reputation;
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
	pub type Reputation = pallet_reputation;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
}

pub const RULES: Rules = Rules {
	start: 500,
	passed: 10,
	uptime: 5,
	streak: 4,
	failed: 150,
	tpm_failed: 300,
	ima_unknown: 250,
	tampered: 400,
	trusted: 700,
	probation: 300,
	max_strikes: 3,
};

parameter_types! {
	pub static MockRules: Rules = RULES;
}

impl Config for Test {
	type Rules = MockRules;
}

/// Runs `test` on a fresh chain at block 1 and then checks the invariants.
pub fn run(test: impl FnOnce()) {
	let storage =
		RuntimeGenesisConfig::default().build_storage().expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		test();
		Reputation::do_try_state().expect("the invariants hold");
	});
}
