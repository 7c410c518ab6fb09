//! Configuration for emergencies: safe mode, whitelisted calls, and multi-block migrations.

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
	governance::{Emergency, OrRoot},
	*,
};

parameter_types! {
	pub const SafeModeDuration: BlockNumber = DAYS;
	pub const NoDeposit: Option<Balance> = None;
	pub const NoRelease: Option<BlockNumber> = None;
	pub MigrationWeight: Weight = Perbill::from_percent(80) * RuntimeBlockWeights::get().max_block;
}

/// Calls that are allowed in safe mode: calls that are needed to finalise blocks, calls of
/// governance, and calls that end safe mode. Deadlines are paused during safe mode.
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

/// Returns `true` in safe mode, in which deadlines are paused. Migrations also pause deadlines,
/// because `on_poll` does not run during a migration.
pub struct InSafeMode;
impl Get<bool> for InSafeMode {
	fn get() -> bool {
		SafeMode::is_entered()
	}
}

/// Puts the chain into safe mode indefinitely if a migration fails. Governance can then repair the
/// half-migrated state. If the chain were left stuck instead, blocks could contain only inherents.
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
	// No account can enter or extend safe mode for a deposit.
	type EnterDepositAmount = NoDeposit;
	type ExtendDepositAmount = NoDeposit;
	type ForceEnterOrigin = EnsureWithSuccess<OrRoot<Emergency>, AccountId, SafeModeDuration>;
	type ForceExtendOrigin = EnsureWithSuccess<OrRoot<Emergency>, AccountId, SafeModeDuration>;
	type ForceExitOrigin = OrRoot<Emergency>;
	type ForceDepositOrigin = EnsureRoot<AccountId>;
	type Notify = ();
	type ReleaseDelay = NoRelease;
	type WeightInfo = pallet_safe_mode::weights::SubstrateWeight<Runtime>;
}

impl pallet_whitelist::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	// The root track whitelists an emergency call after its full delay. The emergency track can
	// then dispatch the call. So even a runtime upgrade has had the delay of the root track.
	type WhitelistOrigin = EnsureRoot<AccountId>;
	type DispatchWhitelistedOrigin = OrRoot<Emergency>;
	type Preimages = Preimage;
	type DeferredDispatchExpiration = ConstU32<DAYS>;
	type BlockNumberProvider = System;
	type WeightInfo = pallet_whitelist::weights::SubstrateWeight<Runtime>;
}

impl pallet_migrations::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	// There are no migrations yet, because the storage still has the layout of the first version.
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
