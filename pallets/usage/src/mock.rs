use frame_support::{derive_impl, parameter_types, traits::ConstU32};
use hcc_evidence::vm::{receipt_statement, Receipt, SignedReceipt};
use hcc_primitives::{genesis, Guest, Interval};
use hcc_testing::{CurrentInterval, MockGuests, MockLiveness, MockUsageRecorder, Running};
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
/// A slot is one second, and an interval has 100 slots.
pub const SLOT: u32 = 1_000;
pub const LENGTH: u32 = 100;
pub const INTERVAL: u32 = LENGTH * SLOT;
/// The running VM.
pub const VM: u64 = 7;

parameter_types! {
	pub static MockRules: Rules = RULES;
}

impl Config for Test {
	type Rules = MockRules;
	type RunningGuests = MockGuests;
	type Liveness = MockLiveness;
	type Reputation = MockUsageRecorder;
	type MillisPerSlot = ConstU32<SLOT>;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

fn key() -> ed25519::Pair {
	ed25519::Pair::from_seed(&[8; 32])
}

pub fn guest() -> Guest {
	Guest {
		generation: 2,
		boot_counter: 3,
		guest_pk: key().public().0,
		began: 1,
		vcpus: 4,
		memory: 8_192,
		disk: 100,
	}
}

/// Returns a receipt for interval 9, which is over, without lost time.
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

pub fn submit_signed(receipts: Vec<SignedReceipt>) -> DispatchResult {
	let who = RuntimeOrigin::signed(AccountId32::new([1; 32]));
	frame_support::storage::with_storage_layer(|| {
		Usage::submit_receipts(who, receipts.try_into().expect("within the bound"))
	})
}

pub fn submit_receipts(receipt: Receipt) -> DispatchResult {
	submit_signed(vec![sign(receipt)])
}

/// Moves to the start of an interval.
pub fn go_to(index: u32) {
	let from = index * LENGTH;
	CurrentInterval::set(Interval { index, from, length: LENGTH, paid_from: from });
}

/// Runs `test` in interval 10 with a running VM, then checks the invariants.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
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
