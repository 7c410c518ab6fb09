use frame_support::{derive_impl, parameter_types, traits::ConstU32};
use hcc_evidence::vm::{receipt_statement, Receipt, SignedReceipt};
use hcc_primitives::{
	genesis,
	mock::{
		self, CurrentInterval, MockGuests, MockLiveness, MockNotesUse, MockTicks, Now, Running,
	},
	Guest, Interval,
};
use sp_core::{ed25519, Pair};
use sp_runtime::{AccountId32, BuildStorage, DispatchResult, Perbill};

use crate as pallet_usage;
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
	pub type Usage = pallet_usage;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
}

pub const RULES: Rules =
	Rules { age: 1, tolerance: Perbill::from_percent(10), refund: Perbill::from_percent(20) };
/// A tick is a second, and an interval a hundred.
pub const TICK: u32 = 1_000;
pub const LENGTH: u32 = 100;
pub const INTERVAL: u32 = LENGTH * TICK;
/// The VM that runs.
pub const VM: u64 = 7;

parameter_types! {
	pub static MockRules: Rules = RULES;
}

impl Config for Test {
	type Rules = MockRules;
	type Guests = MockGuests;
	type Liveness = MockLiveness;
	type Ticks = MockTicks;
	type Reputation = MockNotesUse;
	type MillisPerTick = ConstU32<TICK>;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = mock::MockWorld;
}

fn key() -> ed25519::Pair {
	ed25519::Pair::from_seed(&[8; 32])
}

pub fn guest() -> Guest {
	Guest {
		generation: 2,
		boot_counter: 3,
		guest_pk: key().public().0,
		since: 1,
		began: 1,
		vcpus: 4,
		memory: 8_192,
		disk: 100,
	}
}

/// Of interval 9, which is over, in all of which the VM got all.
pub fn receipt() -> Receipt {
	Receipt {
		vm: VM,
		generation: 2,
		boot_counter: 3,
		sequence: 1,
		interval: 9,
		elapsed: INTERVAL,
		cpu_time: 4 * u64::from(INTERVAL),
		steal: 0,
		memory: 8_192,
		disk: 100,
		egress: 5,
	}
}

pub fn sign(receipt: Receipt) -> SignedReceipt {
	let statement = receipt_statement(&genesis::<Test>(), &receipt);
	SignedReceipt { receipt, signature: key().sign(&statement).0 }
}

pub fn tell_signed(receipts: Vec<SignedReceipt>) -> DispatchResult {
	let who = RuntimeOrigin::signed(AccountId32::new([1; 32]));
	frame_support::storage::with_storage_layer(|| {
		Usage::tell(who, receipts.try_into().expect("few"))
	})
}

pub fn tell(receipt: Receipt) -> DispatchResult {
	tell_signed(vec![sign(receipt)])
}

/// Goes on to that interval.
pub fn go_to(index: u32) {
	Now::set(index * LENGTH);
	CurrentInterval::set(Interval { index, from: index * LENGTH, length: LENGTH });
}

/// Runs `test` in interval 10, with a VM that runs; then checks the invariants.
pub fn run(test: impl FnOnce()) {
	mock::reset();
	MockRules::set(RULES);
	Running::set(vec![(VM, guest())]);
	go_to(10);
	let storage =
		RuntimeGenesisConfig::default().build_storage().expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		test();
		Usage::do_try_state().expect("the invariants hold");
	});
}
