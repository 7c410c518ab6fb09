use frame_support::{derive_impl, parameter_types};
use hcc_testing::{
	Active, MockCompensator, MockOnChipChange, MockServiceRecorder, MockTickSource, MockTpmRoots,
	MockValidatorSlasher, MockValidators, MockVeks, Roots,
};
use sp_runtime::{AccountId32, BuildStorage};

use crate as pallet_registry;
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
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(3)]
	pub type Registry = pallet_registry;
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

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {}

pub const MIN_BOND: u64 = 100;
/// The bond for each vCPU. The minimum bond covers fifty vCPUs.
pub const VCPU_BOND: u64 = 2;
pub const ENDOWMENT: u64 = 10_000;
pub const UNBONDING: u32 = 2_500;
pub const ENROLMENT: u32 = 20;
pub const DEPOSIT: u64 = 10;
/// 2026-12-01, in milliseconds: after the TPM of the test vectors was made.
pub const NOW: u64 = 1_796_083_200_000;

/// The ticks between the announcement of another price and its effect.
pub const NOTICE: u32 = 50;

parameter_types! {
	pub const EnrolmentDeposit: u64 = DEPOSIT;
	pub const FalseCredential: sp_runtime::Perbill = sp_runtime::Perbill::from_percent(10);
	pub static MockRules: Rules<u64> =
		Rules {
			min_bond: MIN_BOND,
			vcpu_bond: VCPU_BOND,
			unbonding: UNBONDING,
			enrolment: ENROLMENT,
			notice: NOTICE,
			least_ask: 500,
			most_ask: 2_000,
		};
}

impl Config for Test {
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Burned = ();
	type Tenants = MockCompensator;
	type PardonOrigin = frame_system::EnsureRoot<AccountId32>;
	type Rules = MockRules;
	type Validators = MockValidators;
	type ValidatorSlasher = MockValidatorSlasher;
	type ServiceRecorder = MockServiceRecorder;
	type FalseCredential = FalseCredential;
	type EnrolmentDeposit = EnrolmentDeposit;
	type TickSource = MockTickSource;
	type Time = Timestamp;
	type TpmRoots = MockTpmRoots;
	type ProductLines = MockVeks;
	type OnChipChange = MockOnChipChange;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

/// Returns an account by its number. Miners are 1 to 9, their hot keys 101 to 109, validators 201
/// and above.
pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

pub fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(number))
}

/// Registers a miner with its hot key.
pub fn registered(number: u8) {
	Registry::register(signed(number), MIN_BOND, account(100 + number), Offer::default())
		.expect("the miner must be able to register");
}

pub fn held(number: u8) -> u64 {
	use frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&HoldReason::Bond.into(), &account(number))
}

/// Returns the deposit for a miner's enrolment.
pub fn deposited(number: u8) -> u64 {
	use frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&HoldReason::Enrolment.into(), &account(number))
}

/// Runs `test` on a fresh chain at block 1 with four validators, and then checks the invariants.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	Active::set((201..=204).map(account).collect());
	Roots::set(vec![hcc_evidence_testing::tpm::ca()]);
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (1..10).map(|number| (account(number), ENDOWMENT)).collect(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("the mock genesis must be valid");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		Timestamp::set_timestamp(NOW);
		test();
		Registry::do_try_state().expect("all invariants must hold");
	});
}
