//! Who makes blocks: BABE, GRANDPA, sessions and the validators' bonds.

use alloc::vec::Vec;

use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64, KeyOwnerProofSystem},
};
use hcc_primitives::units::{ALPHA, HOURS, MILLISECS_PER_BLOCK, MILLI_ALPHA};
use sp_core::crypto::KeyTypeId;
use sp_runtime::{
	traits::{Convert, ConvertInto, OpaqueKeys},
	Perbill,
};

use super::parameters::ValidatorRules;
use crate::*;

/// An epoch of BABE, which is a session too: one hour.
pub const EPOCH_DURATION_IN_SLOTS: u64 = HOURS as u64;

/// A quarter of the slots are won by lot, by VRF; the others fall to a secondary author who must reveal a VRF output as well, so that
/// every block brings randomness.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
	sp_consensus_babe::BabeEpochConfiguration {
		c: (1, 4),
		allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
	};

/// How long a proof of equivocation can be handed in: the sessions for which a bond stays held at the least.
const EQUIVOCATION_REPORT_LONGEVITY: u64 = EPOCH_DURATION_IN_SLOTS;

parameter_types! {
	pub const ReportLongevity: u64 = EQUIVOCATION_REPORT_LONGEVITY;
	pub const MaxSetIdSessionEntries: u64 = 1_000;
	/// What session keys cost while they are stored.
	pub const SessionKeyDeposit: Balance = 10 * MILLI_ALPHA;
}

/// The most validators there can be.
type MaxAuthorities = ConstU32<100>;
/// There are no nominators: a bond is one's own.
type NoNominators = ConstU32<0>;

impl pallet_timestamp::Config for Runtime {
	type Moment = Moment;
	type OnTimestampSet = Babe;
	type MinimumPeriod = ConstU64<{ MILLISECS_PER_BLOCK / 2 }>;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

type KeyOwnerProof = <Historical as KeyOwnerProofSystem<(KeyTypeId, Vec<u8>)>>::Proof;

impl pallet_babe::Config for Runtime {
	type EpochDuration = ConstU64<EPOCH_DURATION_IN_SLOTS>;
	type ExpectedBlockTime = ConstU64<MILLISECS_PER_BLOCK>;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = Session;
	type WeightInfo = ();
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = NoNominators;
	type KeyOwnerProof = KeyOwnerProof;
	type EquivocationReportSystem =
		pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = NoNominators;
	type MaxSetIdSessionEntries = MaxSetIdSessionEntries;
	type KeyOwnerProof = KeyOwnerProof;
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
	type EventHandler = ();
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, Validators>;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	type DisablingStrategy = pallet_session::disabling::UpToLimitDisablingStrategy;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = SessionKeyDeposit;
}

/// A validator is its account and nothing besides.
pub struct NoFurtherIdentity;
impl Convert<AccountId, Option<()>> for NoFurtherIdentity {
	fn convert(_: AccountId) -> Option<()> {
		Some(())
	}
}

impl pallet_session::historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = NoFurtherIdentity;
}

impl pallet_offences::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
	type OnOffenceHandler = Validators;
}

/// What governance starts from: 10,000 α a bond, as many validators as a committee has members, a week of unbonding; a thousandth of the bond lost by
/// who votes for less than half of a session's subjects.
pub const INITIAL_VALIDATOR_RULES: pallet_validators::Rules<Balance> = pallet_validators::Rules {
	min_bond: 10_000 * ALPHA,
	max_active: 16,
	unbonding_sessions: 24 * 7,
	absence: Perbill::from_percent(50),
	absent_loss: Perbill::from_perthousand(1),
};

impl pallet_validators::Config for Runtime {
	type NativeBalance = Balances;
	type Burned = Emission;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Rules = ValidatorRules;
	type MaxCandidates = ConstU32<200>;
	type MaxValidators = MaxAuthorities;
	type MinValidators = ConstU32<1>;
	type WeightInfo = pallet_validators::weights::SubstrateWeight<Runtime>;
}

/// Equivocation reports are unsigned transactions of the node's own.
impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
	RuntimeCall: From<C>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
	RuntimeCall: From<C>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}
