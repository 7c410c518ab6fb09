use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstBool, ConstU32, ConstU64, Hooks, Randomness},
	weights::{Weight, WeightMeter},
};
use hcc_primitives::Finding;
use hcc_testing::{
	Active, MockEvaluator, MockOnVerdict, MockServiceRecorder, MockValidatorSlasher, MockValidators,
};
use sp_core::H256;
use sp_runtime::{AccountId32, BuildStorage, Perbill};

use crate as pallet_verdicts;
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
	pub type Verdicts = pallet_verdicts;
	#[runtime::pallet_index(2)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(3)]
	pub type Clock = pallet_clock;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
}

/// The deposit of a prover outside the committee.
pub const DEPOSIT: u64 = 100;
/// The balance of each account.
pub const ENDOWMENT: u64 = 1_000;

parameter_types! {
	pub static MockRules: Rules<u64> = Rules {
		false_vote: Perbill::from_percent(20),
		reward: Perbill::from_percent(10),
		deposit: DEPOSIT,
		window: 20,
		audit: Perbill::from_perthousand(1),
	};
	pub static Seed: Option<H256> = Some(H256([0x5e; 32]));
}

impl hcc_primitives::StoreRules<Rules<u64>> for MockRules {
	fn store(rules: Rules<u64>) {
		Self::set(rules);
	}
}

/// Randomness that a test chooses.
pub struct Chosen;
impl Randomness<Option<H256>, u64> for Chosen {
	fn random(_: &[u8]) -> (Option<H256>, u64) {
		(Seed::get(), 0)
	}
}

pub const JUDGING: u32 = 8;

impl Config for Test {
	type Validators = MockValidators;
	type OnVerdict = MockOnVerdict;
	type Evaluator = MockEvaluator;
	type ValidatorSlasher = MockValidatorSlasher;
	type ServiceRecorder = MockServiceRecorder;
	type NativeBalance = Balances;
	type Burned = ();
	type TickSource = Clock;
	type Finality = Clock;
	type Rules = MockRules;
	type StoreRules = MockRules;
	type Randomness = Chosen;
	type JudgingTicks = ConstU32<JUDGING>;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

impl pallet_clock::Config for Test {
	type Validators = MockValidators;
	type Paused = ConstBool<false>;
	type Slot = ConstU64<0>;
	type MaxFinalityLag = ConstU32<6>;
	type StatementInterval = ConstU32<3>;
	type WeightInfo = ();
}

/// An account.
pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

pub fn subject(number: u8) -> H256 {
	H256([number; 32])
}

/// Returns a finding with this code and without claims.
pub fn finding(code: u16) -> Finding {
	Finding { code, claims: Default::default() }
}

/// Returns a vote that discloses its finding.
pub fn vote(of: H256, code: u16) -> Vote {
	let finding = finding(code);
	let hash = finding.hash(&hcc_primitives::genesis::<Test>());
	Vote { subject: of, hash, finding: Some(finding) }
}

/// Submits votes and a finality statement with the worker key of a validator.
pub fn submit(
	who: u8,
	votes: Vec<Vote>,
	finalised: u64,
) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let votes = votes.try_into().expect("few");
	Verdicts::vote(RuntimeOrigin::signed(account(who)), account(who), votes, finalised)
}

/// Moves to the next block and runs the poll hook.
pub fn next_block() {
	next_block_with(Weight::MAX);
}

/// Moves to the next block, and runs the poll hook with the weight `room`.
pub fn next_block_with(room: Weight) {
	let next = System::block_number() + 1;
	System::set_block_number(next);
	let mut meter = WeightMeter::with_limit(room);
	Clock::on_poll(next, &mut meter);
	Verdicts::on_poll(next, &mut meter);
	Verdicts::do_try_state().expect("the invariants hold");
}

/// Moves on until the draw among the verdicts of this block is over.
pub fn let_verdicts_take_effect() {
	next_block();
	next_block();
}

/// Runs `test` on a new chain at block 10 with the validators `1..=validators`, then checks the
/// invariants.
pub fn run(validators: u8, test: impl FnOnce()) {
	hcc_testing::reset();
	Seed::set(Some(H256([0x5e; 32])));
	Active::set((1..=validators).map(account).collect());
	let balances = pallet_balances::GenesisConfig {
		balances: (1..30).map(|number| (account(number), ENDOWMENT)).collect(),
		..Default::default()
	};
	let genesis = RuntimeGenesisConfig { balances, ..Default::default() };
	let storage = genesis.build_storage().expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(10);
		AgreedFrom::<Test>::put(9);
		test();
		Verdicts::do_try_state().expect("the invariants hold");
	});
}
