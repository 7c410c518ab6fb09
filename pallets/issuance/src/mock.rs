use frame_support::{derive_impl, traits::ConstU128};
use hcc_primitives::units::{Balance, ALPHA};
use sp_runtime::{AccountId32, BuildStorage};

use crate as pallet_issuance;
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
	pub type Issued = pallet_issuance;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

pub const EXISTENTIAL_DEPOSIT: Balance = 1_000;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type DustRemoval = Issued;
}

impl Config for Test {
	type NativeBalance = Balances;
}

pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

pub fn free(who: u8) -> Balance {
	Balances::free_balance(account(who))
}

/// Runs `test` on a chain whose accounts 1 to 5 have one α each, and then checks the invariants.
pub fn run(test: impl FnOnce()) {
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (1..=5).map(|number| (account(number), ALPHA)).collect(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		test();
		Issued::do_try_state().expect("the invariants hold");
	});
}
