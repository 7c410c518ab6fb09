use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, Hooks, Randomness},
	weights::WeightMeter,
};
use hcc_evidence::{
	host::{chip_hash, FoldedLog},
	Check,
};
use hcc_evidence_testing::{Machine, Policy, GENESIS, MINER};
use hcc_primitives::{EnrolledTpm, LogVerifier, OnChipChange};
use hcc_testing::{MockAdjudicator, MockMiners, MockReputation, MockTickSource, MockVeks, Now};
use sp_core::H256;
use sp_runtime::{AccountId32, BuildStorage};

use crate as pallet_attestation;
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
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(2)]
	pub type Attestation = pallet_attestation;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {}

/// Number of ticks over which re-attestation is spread.
pub const RENEWAL: u32 = 40;
/// Time to answer a challenge.
pub const ANSWER: u32 = 10;
/// Length of a maintenance pause.
pub const PAUSE: u32 = 60;
/// Minimum time between the starts of two pauses.
pub const PAUSE_INTERVAL: u32 = 500;
/// Length of a billing interval.
pub const BILLING: u32 = 30;

parameter_types! {
	pub static Seed: Option<H256> = None;
	pub static Revision: u32 = 3;
	pub static LastFileTightening: u32 = 0;
	pub static AnythingTightened: u32 = 0;
	pub static MockRules: Rules = Rules {
		answer: ANSWER,
		pause: PAUSE,
		trusted: 100,
		regular: 50,
		probation: 20,
		quarantine: 10,
		suspended: 100,
		billing: BILLING,
	};
}

/// Randomness that a test chooses. Without it, no chip is drawn.
pub struct Chosen;
impl Randomness<Option<H256>, u64> for Chosen {
	fn random(_: &[u8]) -> (Option<H256>, u64) {
		(Seed::get(), 0)
	}
}

impl hcc_primitives::StoreRules<Rules> for Chosen {
	fn store(rules: Rules) {
		MockRules::set(rules);
	}
}

/// Verifies submitted logs under the test policy.
pub struct ByTestPolicy;
impl LogVerifier for ByTestPolicy {
	fn follow(
		before: Option<&FoldedLog>,
		records: &[u8],
		miner: &[u8; 32],
	) -> Option<Check<FoldedLog>> {
		let policy = (&Policy::default(), Revision::get());
		Some(FoldedLog::follow(before, records, policy, &GENESIS, miner))
	}
}

impl Config for Test {
	type Rules = MockRules;
	type StoreRules = Chosen;
	type Miners = MockMiners;
	type Chips = MockMiners;
	type Veks = MockVeks;
	type Adjudicator = MockAdjudicator;
	type Reputation = MockReputation;
	type TickSource = MockTickSource;
	type Time = Timestamp;
	type Revision = Revision;
	type LastFileTightening = LastFileTightening;
	type LastTightening = AnythingTightened;
	type Logs = ByTestPolicy;
	type ReattestationTicks = ConstU32<RENEWAL>;
	type PauseInterval = ConstU32<PAUSE_INTERVAL>;
	type Randomness = Chosen;
	type MaxLog = ConstU32<{ 64 << 10 }>;
	type MaxEntries = ConstU32<512>;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

pub fn miner() -> AccountId32 {
	AccountId32::new(MINER)
}

/// Returns the chip of a machine.
pub fn chip(machine: &Machine) -> [u8; 32] {
	chip_hash(machine.vek.product, machine.chip.id())
}

/// Registers the machine with its key and its TPM, and notifies the pallet.
pub fn enlist(machine: &Machine) {
	enlist_all(&[machine]);
}

pub fn enlist_all(machines: &[&Machine]) {
	let first = machines.first().expect("a machine");
	let tpm = EnrolledTpm {
		ek: [0; 32],
		ak: first.ak_public().try_into().expect("short"),
		qualified_name: first.signer().try_into().expect("short"),
		root: [0; 32],
	};
	let chips: Vec<_> = machines.iter().map(|machine| chip(machine)).collect();
	hcc_testing::register(miner(), chips.clone(), Some(tpm));
	for (chip, machine) in chips.iter().zip(machines) {
		hcc_testing::add_vek(*chip, machine.vek.clone());
		<Attestation as OnChipChange<AccountId32>>::on_ready(chip, &miner());
	}
}

/// Advances by one block and one tick, and runs the poll hook.
pub fn next_tick() {
	Now::set(Now::get() + 1);
	let next = System::block_number() + 1;
	System::set_block_number(next);
	Attestation::on_poll(next, &mut WeightMeter::new());
	Attestation::do_try_state().expect("the invariants hold");
}

/// Runs `test` on a new chain at block 1 and then checks the invariants.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	Seed::set(None);
	Revision::set(3);
	LastFileTightening::set(0);
	AnythingTightened::set(0);
	let storage =
		RuntimeGenesisConfig::default().build_storage().expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		frame_system::BlockHash::<Test>::insert(0, H256(GENESIS));
		Timestamp::set_timestamp(hcc_evidence_testing::NOW.0 * 1_000);
		test();
		Attestation::do_try_state().expect("the invariants hold");
	});
}

pub fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Attestation(event) => Some(event),
			_ => None,
		})
		.collect()
}
