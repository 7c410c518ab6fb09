use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, Hooks},
	weights::{Weight, WeightMeter},
};
use hcc_primitives::FinalityStatements;
use hcc_testing::{Active, MockValidators};
use sp_runtime::{AccountId32, BuildStorage, DispatchError};

use crate as pallet_clock;
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
	pub type Clock = pallet_clock;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
}

pub const LAG: u32 = 6;
pub const INTERVAL: u32 = 3;

parameter_types! {
	pub static Paused: bool = false;
	pub static Slot: u64 = 0;
}

impl Config for Test {
	type Validators = MockValidators;
	type Paused = Paused;
	type Slot = Slot;
	type MaxFinalityLag = ConstU32<LAG>;
	type StatementInterval = ConstU32<INTERVAL>;
	type WeightInfo = ();
}

/// An account.
pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

/// States that a validator has seen a block finalised. Returns `true` if the statement is free of
/// charge.
pub fn state(who: u8, finalised: u64) -> Result<bool, DispatchError> {
	<Clock as FinalityStatements<AccountId32, u64>>::state(&account(who), finalised)
}

/// Moves to the next block and runs the poll hook.
pub fn next_block() {
	next_block_with(Weight::MAX);
}

/// Moves to the next block, and runs the poll hook with the weight `room`. Returns the weight that
/// was consumed.
pub fn next_block_with(room: Weight) -> Weight {
	let next = System::block_number() + 1;
	System::set_block_number(next);
	Slot::mutate(|slot| *slot += 1);
	let mut meter = WeightMeter::with_limit(room);
	Clock::on_poll(next, &mut meter);
	Clock::do_try_state().expect("the invariants hold");
	meter.consumed()
}

/// Runs `test` on a new chain at block 10 with the validators `1..=validators`, then checks the
/// invariants.
pub fn run(validators: u8, test: impl FnOnce()) {
	hcc_testing::reset();
	Paused::set(false);
	Slot::set(1_000);
	Active::set((1..=validators).map(account).collect());
	let storage = RuntimeGenesisConfig::default().build_storage().expect("the genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(10);
		test();
		Clock::do_try_state().expect("the invariants hold");
	});
}
