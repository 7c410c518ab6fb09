use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU128, Hooks},
	weights::WeightMeter,
};
use hcc_primitives::{
	units::{Balance, ALPHA},
	OnSettled, Payment, Tier,
};
use hcc_testing::{Fit, MockLiveness, MockShares, MockTickSource, Now};
use sp_runtime::{AccountId32, BuildStorage, Perbill};

use crate as pallet_emission;
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
	pub type Emission = pallet_emission;
	#[runtime::pallet_index(3)]
	pub type Issuance = pallet_issuance;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

/// Minimum balance of an account.
pub const EXISTENTIAL_DEPOSIT: Balance = 1_000;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type DustRemoval = Issuance;
}

/// Length of an era.
pub const ERA: u32 = 20;
pub const RULES: Rules = Rules {
	era: ERA,
	initial: 1_000 * ALPHA,
	halving: 10,
	cap: 15_000 * ALPHA,
	validators: Perbill::from_percent(20),
	treasury: Perbill::from_percent(10),
	bonus: Perbill::from_percent(10),
	trusted: Perbill::from_percent(100),
	regular: Perbill::from_percent(75),
	probation: Perbill::from_percent(50),
	payable: 3,
};

parameter_types! {
	pub static MockRules: Rules = RULES;
	pub Pot: AccountId32 = account(200);
	pub Treasury: AccountId32 = account(201);
}

pub struct Stores;
impl hcc_primitives::StoreRules<Rules> for Stores {
	fn store(rules: Rules) {
		MockRules::set(rules);
	}
}

impl pallet_issuance::Config for Test {
	type NativeBalance = Balances;
}

impl Config for Test {
	type Minter = Issuance;
	type Rules = MockRules;
	type StoreRules = Stores;
	type PaidTime = MockTickSource;
	type Shares = MockShares;
	type Liveness = MockLiveness;
	type ValidatorsPot = Pot;
	type Treasury = Treasury;
	type WeightInfo = ();
}

pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

/// Settles a payment for the work of a miner, whose chip has the same number.
pub fn paid(miner: u8, amount: Balance) {
	<Emission as OnSettled<AccountId32>>::on_settled(&Payment {
		tenant: &account(1),
		miner: &account(miner),
		chip: [miner; 32],
		first: 1,
		last: 1,
		amount,
	});
}

/// Advances by one block and one tick, and runs the poll hook.
pub fn tick() {
	Now::mutate(|now| *now += 1);
	let next = System::block_number() + 1;
	System::set_block_number(next);
	Emission::on_poll(next, &mut WeightMeter::new());
	check();
}

/// Advances to the end of the current era. Returns its number.
pub fn next_era() -> EraIndex {
	let before = Emission::era().index;
	while Emission::era().index == before {
		tick();
	}
	before
}

pub fn payout(era: EraIndex, miner: u8) -> frame_support::pallet_prelude::DispatchResult {
	Emission::payout(RuntimeOrigin::signed(account(1)), era, account(miner))
}

pub fn free(who: u8) -> Balance {
	Balances::free_balance(account(who))
}

pub fn closed(era: EraIndex) -> schedule::Division {
	Emission::closed_era(era).expect("the era has ended").division
}

/// Checks the invariants, and that eras account for the whole minted amount.
fn check() {
	Emission::do_try_state().expect("the invariants hold");
	Issuance::do_try_state().expect("the issuance is the sum of its parts");
	let all = Emission::totals();
	assert_eq!(Issuance::issuance().minted, all.paid_out + all.validators + all.treasury);
}

/// Runs `test` with miners 10 (trusted), 11 (regular) and 12 (probation). Then checks the
/// invariants and the minted amount.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	MockRules::set(RULES);
	let tiers = [(10, Tier::Trusted), (11, Tier::Regular), (12, Tier::Probation)];
	Fit::set(tiers.map(|(chip, tier)| ([chip; 32], tier)).to_vec());
	let accounts = [10, 11, 12, 200, 201];
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: accounts.map(|number| (account(number), ALPHA)).to_vec(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		tick();
		test();
		check();
	});
}

pub fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Emission(event) => Some(event),
			_ => None,
		})
		.collect()
}
