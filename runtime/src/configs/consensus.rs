//! Configuration of block production: BABE, GRANDPA, sessions and the validators' bonds.

use alloc::vec::Vec;

use frame_support::{
	dispatch::DispatchClass,
	parameter_types,
	traits::{ConstU32, ConstU64, Get, KeyOwnerProofSystem},
};
use hcc_primitives::{
	units::{ALPHA, DAYS, HOURS, MILLISECS_PER_BLOCK, MILLI_ALPHA},
	MAX_VALIDATORS,
};
use sp_core::crypto::KeyTypeId;
use sp_runtime::{
	traits::{Convert, ConvertInto, OpaqueKeys},
	Perbill,
};

use super::parameters::ValidatorRules;
use crate::*;

/// Length of a BABE epoch, which is also a session: one hour.
pub const EPOCH_DURATION_IN_SLOTS: u64 = HOURS as u64;

/// A VRF draws primary authors for a quarter of the slots. In each of the other slots, a secondary
/// author makes the block. Secondary authors must also reveal a VRF output, so that every block
/// contributes randomness.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
	sp_consensus_babe::BabeEpochConfiguration {
		c: (1, 4),
		allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
	};

/// Period in which an equivocation can be reported: one session. A bond stays on hold for at least
/// this time, so the offender can still be slashed.
const EQUIVOCATION_REPORT_LONGEVITY: u64 = EPOCH_DURATION_IN_SLOTS;

parameter_types! {
	pub const ReportLongevity: u64 = EQUIVOCATION_REPORT_LONGEVITY;
	pub const MaxSetIdSessionEntries: u64 = 1_000;
	/// Deposit of a validator for its stored session keys.
	pub const SessionKeyDeposit: Balance = 10 * MILLI_ALPHA;
}

/// Maximum number of validators.
type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
/// There are no nominators, so a validator provides its whole bond.
type NoNominators = ConstU32<0>;

impl pallet_timestamp::Config for Runtime {
	type Moment = Moment;
	type OnTimestampSet = Babe;
	type MinimumPeriod = ConstU64<{ MILLISECS_PER_BLOCK / 2 }>;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

/// The slot of the current block, computed from the timestamp. BABE checks that the timestamp of a
/// block lies in its slot. During initialisation, the timestamp is still the timestamp of the
/// parent block, so the slot is also the parent's slot.
pub struct CurrentSlot;
impl Get<u64> for CurrentSlot {
	fn get() -> u64 {
		Timestamp::get() / MILLISECS_PER_BLOCK
	}
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
	type EventHandler = NoteAuthor;
}

/// Records the author of each block in `pallet-validators`, and registers the weight of doing so.
pub struct NoteAuthor;
impl pallet_authorship::EventHandler<AccountId, BlockNumber> for NoteAuthor {
	fn note_author(author: AccountId) {
		let weight = Validators::note_author(&author);
		System::register_extra_weight_unchecked(weight, DispatchClass::Mandatory);
	}
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

/// States that a validator is identified by its account alone.
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

/// Initial rules. The minimum bond is 10,000 α, and unbonding takes a week. The set has as many
/// validators as a committee. A validator that votes on less than half of its subjects in a session
/// loses a thousandth of its bond.
pub const INITIAL_VALIDATOR_RULES: pallet_validators::Rules<Balance> = pallet_validators::Rules {
	min_bond: 10_000 * ALPHA,
	max_active: 16,
	unbonding_sessions: 24 * 7,
	absence: Perbill::from_percent(50),
	absent_loss: Perbill::from_perthousand(1),
};

impl pallet_validators::Config for Runtime {
	type NativeBalance = Balances;
	type Burned = Issuance;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Rules = ValidatorRules;
	type MaxCandidates = ConstU32<200>;
	type MaxValidators = MaxAuthorities;
	type MinValidators = ConstU32<1>;
	type Slot = CurrentSlot;
	// Number of sessions in a day, which is the length of an era.
	type PayoutSessions = ConstU32<{ DAYS / EPOCH_DURATION_IN_SLOTS as u32 }>;
	type WeightInfo = pallet_validators::weights::SubstrateWeight<Runtime>;
}

/// Builds the node's equivocation reports, which are unsigned transactions.
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
