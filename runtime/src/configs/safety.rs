//! What is done in need: only what keeps the chain alive is called, prepared measures are taken, storage is migrated in steps.

use frame_support::{
	migrations::{FailedMigrationHandler, FailedMigrationHandling},
	parameter_types,
	traits::{self, ConstU32, Contains, Get},
	weights::Weight,
};
use frame_system::{EnsureRoot, EnsureWithSuccess};
use hcc_primitives::units::DAYS;
use sp_runtime::Perbill;

use super::system::RuntimeBlockWeights;
use crate::{
	governance::{OrRoot, Tightening},
	*,
};

parameter_types! {
	pub const SafeModeDuration: BlockNumber = DAYS;
	pub const NoDeposit: Option<Balance> = None;
	pub const NoRelease: Option<BlockNumber> = None;
	pub MigrationWeight: Weight = Perbill::from_percent(80) * RuntimeBlockWeights::get().max_block;
}

/// What can be called in safe mode: what makes blocks final, what is decided, and what ends it. Deadlines stand still meanwhile.
pub struct CalledInSafeMode;
impl Contains<RuntimeCall> for CalledInSafeMode {
	fn contains(call: &RuntimeCall) -> bool {
		matches!(
			call,
			RuntimeCall::System(_)
				| RuntimeCall::Timestamp(_)
				| RuntimeCall::Babe(_)
				| RuntimeCall::Grandpa(_)
				| RuntimeCall::Session(_)
				| RuntimeCall::Verdicts(_)
				| RuntimeCall::Policy(_)
				| RuntimeCall::Registry(pallet_registry::Call::lift_ban { .. })
				| RuntimeCall::Parameters(_)
				| RuntimeCall::Treasury(_)
				| RuntimeCall::MultiBlockMigrations(_)
				| RuntimeCall::Utility(_)
				| RuntimeCall::Multisig(_)
				| RuntimeCall::Preimage(_)
				| RuntimeCall::Scheduler(_)
				| RuntimeCall::ConvictionVoting(_)
				| RuntimeCall::Referenda(_)
				| RuntimeCall::Whitelist(_)
				| RuntimeCall::Sudo(_)
		)
	}
}

/// Whether deadlines stand still since the chain is in safe mode. In migrations they do by themselves: nothing polls.
pub struct InSafeMode;
impl Get<bool> for InSafeMode {
	fn get() -> bool {
		SafeMode::is_entered()
	}
}

/// A migration that fails leaves the chain in safe mode for good, so that governance can mend what is half done. Blocks would hold nothing but inherents if it were stuck.
pub struct SafeModeOnFailure;
impl FailedMigrationHandler for SafeModeOnFailure {
	fn failed(_: Option<u32>) -> FailedMigrationHandling {
		let entered = if SafeMode::is_entered() {
			<SafeMode as traits::SafeMode>::extend(BlockNumber::MAX)
		} else {
			<SafeMode as traits::SafeMode>::enter(BlockNumber::MAX)
		};
		match entered {
			Ok(()) => FailedMigrationHandling::ForceUnstuck,
			Err(_) => FailedMigrationHandling::KeepStuck,
		}
	}
}

impl pallet_safe_mode::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WhitelistedCalls = CalledInSafeMode;
	type EnterDuration = SafeModeDuration;
	type ExtendDuration = SafeModeDuration;
	// Nobody buys a halt.
	type EnterDepositAmount = NoDeposit;
	type ExtendDepositAmount = NoDeposit;
	type ForceEnterOrigin = EnsureWithSuccess<OrRoot<Tightening>, AccountId, SafeModeDuration>;
	type ForceExtendOrigin = EnsureWithSuccess<OrRoot<Tightening>, AccountId, SafeModeDuration>;
	type ForceExitOrigin = OrRoot<Tightening>;
	type ForceDepositOrigin = EnsureRoot<AccountId>;
	type Notify = ();
	type ReleaseDelay = NoRelease;
	type WeightInfo = pallet_safe_mode::weights::SubstrateWeight<Runtime>;
}

impl pallet_whitelist::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	// A measure is prepared by the track of root, with all its notice, and taken by the fast one: a runtime upgrade has had its delay by then.
	type WhitelistOrigin = EnsureRoot<AccountId>;
	type DispatchWhitelistedOrigin = OrRoot<Tightening>;
	type Preimages = Preimage;
	type DeferredDispatchExpiration = ConstU32<DAYS>;
	type BlockNumberProvider = System;
	type WeightInfo = pallet_whitelist::weights::SubstrateWeight<Runtime>;
}

impl pallet_migrations::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	// None yet: the storage is that of the first version.
	#[cfg(not(feature = "runtime-benchmarks"))]
	type Migrations = ();
	#[cfg(feature = "runtime-benchmarks")]
	type Migrations = pallet_migrations::mock_helpers::MockedMigrations;
	type CursorMaxLen = ConstU32<65_536>;
	type IdentifierMaxLen = ConstU32<256>;
	type MigrationStatusHandler = ();
	type FailedMigrationHandler = SafeModeOnFailure;
	type MaxServiceWeight = MigrationWeight;
	type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}
