use frame_support::{derive_impl, parameter_types, traits::Hooks, weights::WeightMeter};
use hcc_primitives::{ChallengeOutcome, ChallengeRecord, Tick, Tier};
use hcc_testing::{MockCases, MockMinerSlasher, MockTickSource, Now};
use sp_runtime::{AccountId32, BuildStorage, Perbill};

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
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
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
	decay: 20,
	daily_loss: 1_000,
	usage: 100,
	slash: Perbill::from_percent(5),
};

pub const SLASH_DELAY: u32 = 50;

parameter_types! {
	pub static MockRules: Rules = RULES;
	pub const SlashDelay: u32 = SLASH_DELAY;
}

impl Config for Test {
	type Rules = MockRules;
	type TickSource = MockTickSource;
	type Miners = MockMinerSlasher;
	type Cases = MockCases;
	type SlashDelay = SlashDelay;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

/// The chip of all tests.
pub const CHIP: [u8; 32] = [7; 32];

/// Notes the outcome of a challenge that was made in this tick.
pub fn noted(seq: u64, outcome: ChallengeOutcome, from: Option<u64>) -> Tier {
	noted_since(Now::get(), seq, outcome, from)
}

/// Notes the outcome of a challenge that was made at a given tick.
pub fn noted_since(made: Tick, seq: u64, outcome: ChallengeOutcome, from: Option<u64>) -> Tier {
	<Reputation as hcc_primitives::Reputation<_>>::note(
		&CHIP,
		&miner(),
		ChallengeRecord { seq, made, outcome, from },
	)
}

pub fn miner() -> AccountId32 {
	AccountId32::new([1; 32])
}

/// Advances to a tick, and runs the poll hook at each tick on the way.
pub fn go_to(tick: u32) {
	while Now::get() < tick {
		Now::set(Now::get() + 1);
		Reputation::on_poll(1, &mut WeightMeter::new());
	}
}

/// Runs `test` on a new chain at block 1 and then checks the invariants.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	MockRules::set(RULES);
	let storage =
		RuntimeGenesisConfig::default().build_storage().expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		test();
		Reputation::do_try_state().expect("the invariants hold");
	});
}
