use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU64, Hooks},
};
use sp_runtime::{
	impl_opaque_keys, testing::UintAuthorityId, traits::ConvertInto, BuildStorage, Perbill,
};

use crate as pallet_validators;
use crate::*;

pub type AccountId = u64;
pub type Balance = u64;

pub const MIN_BOND: Balance = 100;
pub const ENDOWMENT: Balance = 10_000;
/// The initial rules of each test.
pub const RULES: Rules<Balance> = Rules {
	min_bond: MIN_BOND,
	max_active: 3,
	unbonding_sessions: 4,
	absence: Perbill::from_percent(50),
	absent_loss: Perbill::from_percent(1),
};
/// Number of sessions among which the pot is divided.
pub const PAYOUT_SESSIONS: u32 = 4;
/// The worker key of a mock validator.
pub fn worker_of(who: AccountId) -> AccountId {
	1_000 + who
}

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
	pub type Validators = pallet_validators;
	#[runtime::pallet_index(3)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(4)]
	pub type Historical = pallet_session::historical;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountId = AccountId;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId>;
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<1>;
	type Balance = Balance;
}

impl_opaque_keys! {
	pub struct MockKeys {
		pub dummy: UintAuthorityId,
	}
}

impl From<UintAuthorityId> for MockKeys {
	fn from(dummy: UintAuthorityId) -> Self {
		Self { dummy }
	}
}

parameter_types! {
	pub static MockRules: Rules<Balance> = RULES;
	pub static Slot: u64 = 0;
}

/// Ends a session with every tenth block.
pub struct EveryTenth;
impl pallet_session::ShouldEndSession<u64> for EveryTenth {
	fn should_end_session(now: u64) -> bool {
		now.is_multiple_of(10)
	}
}

impl pallet_session::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = EveryTenth;
	type NextSessionRotation = ();
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, Validators>;
	type SessionHandler = pallet_session::TestSessionHandler;
	type Keys = MockKeys;
	type DisablingStrategy = pallet_session::disabling::UpToLimitDisablingStrategy;
	type WeightInfo = ();
	type Currency = Balances;
	type KeyDeposit = ConstU64<1>;
}

pub struct NoFurtherIdentity;
impl sp_runtime::traits::Convert<AccountId, Option<()>> for NoFurtherIdentity {
	fn convert(_: AccountId) -> Option<()> {
		Some(())
	}
}

impl pallet_session::historical::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = NoFurtherIdentity;
}

impl Config for Test {
	type NativeBalance = Balances;
	type Burned = ();
	type RuntimeHoldReason = RuntimeHoldReason;
	type Rules = MockRules;
	type MaxCandidates = ConstU32<6>;
	type MaxValidators = ConstU32<5>;
	type MinValidators = ConstU32<2>;
	type Slot = Slot;
	type PayoutSessions = ConstU32<PAYOUT_SESSIONS>;
	type WeightInfo = ();
}

/// Returns a chain with the initial validators 1 and 2. Accounts 1 to 9 have a balance, and 1 to 8
/// have session keys.
pub fn new_test_ext() -> sp_io::TestExternalities {
	let genesis: Vec<AccountId> = vec![1, 2];
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (1..10).map(|who| (who, ENDOWMENT)).collect(),
			..Default::default()
		},
		validators: GenesisConfig {
			candidates: genesis.iter().map(|&who| (who, worker_of(who))).collect(),
			bond: MIN_BOND,
		},
		session: pallet_session::GenesisConfig {
			keys: genesis.iter().map(|&who| (who, who, UintAuthorityId(who).into())).collect(),
			non_authority_keys: (3..9).map(|who| (who, who, UintAuthorityId(who).into())).collect(),
		},
		..Default::default()
	}
	.build_storage()
	.expect("the mock genesis is sound");
	storage.into()
}

/// Runs `test` on a new chain at block 1, then checks the invariants.
pub fn run(test: impl FnOnce()) {
	MockRules::set(RULES);
	Slot::set(0);
	new_test_ext().execute_with(|| {
		System::set_block_number(1);
		test();
		Validators::do_try_state().expect("the invariants hold");
	});
}

/// Moves to the first block of `session`, and checks the invariants in each block.
pub fn to_session(session: u32) {
	while Session::current_index() < session {
		let next = System::block_number() + 1;
		System::set_block_number(next);
		Session::on_initialize(next);
		Validators::do_try_state().expect("the invariants hold");
	}
}

pub fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Validators(event) => Some(event),
			_ => None,
		})
		.collect()
}
