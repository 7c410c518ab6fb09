//! What evidence is accepted, who must bring it, who judges it, and what comes of it.

use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32},
};
use hcc_evidence::ima::Limits;
use hcc_primitives::{
	units::{ALPHA, DAYS, HOURS, MILLI_ALPHA, MINUTES},
	Tick,
};
use pallet_policy::Revision;
use sp_runtime::Perbill;

use super::parameters::{
	dynamic_params::{attestation, verdicts},
	AttestationRules, RegistryRules, ReputationRules, RuntimeParameters, VerdictsRules,
};
use crate::{
	governance::{Loosening, OrRoot, Tightening},
	*,
};

/// The most bytes of a measurement log in one evidence: with an event log beside it, what the runtime judges in 10 ms.
const MAX_LOG: u32 = 16 << 10;
/// The most of its entries.
const MAX_ENTRIES: u32 = 64;

parameter_types! {
	pub FilesTightened: Revision = pallet_policy::FilesTightened::<Runtime>::get();
	pub Tightened: Revision = pallet_policy::Tightened::<Runtime>::get();
	/// A false credential costs a validator what a false vote does.
	pub FalseStatement: Perbill = Verdicts::rules().false_vote;
	pub const ImaLimits: Limits = Limits { bytes: MAX_LOG as usize, entries: MAX_ENTRIES };
	/// Evidence is judged by the revision under which it was included.
	pub OldestNeeded: Revision = Attestation::oldest_revision();
	pub CurrentRevision: Revision = Policy::revision();
}

impl pallet_policy::Config for Runtime {
	type AdminOrigin = OrRoot<Loosening>;
	type TightenOrigin = OrRoot<Tightening>;
	type OldestNeeded = OldestNeeded;
	type ImaLimits = ImaLimits;
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	// A row of some 300 bytes.
	type VekDeposit = ConstU128<{ 40 * MILLI_ALPHA }>;
	// A row of some 100 bytes.
	type VoucherDeposit = ConstU128<{ 10 * MILLI_ALPHA }>;
	// Ten minutes: within the longest window there are a dozen such revisions, of the 32 by which evidence can be judged at a time.
	type VouchInterval = ConstU32<{ 10 * MINUTES }>;
	type Chips = Registry;
	type Time = Timestamp;
	type WeightInfo = pallet_policy::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// What governance starts from: 100 α a bond, a week of unbonding, ten minutes for an enrolment; a day before another price counts, between a quarter and four times the list price.
pub const INITIAL_REGISTRY_RULES: pallet_registry::Rules<Balance> = pallet_registry::Rules {
	min_bond: 100 * ALPHA,
	unbonding: 7 * DAYS,
	enrolment: 10 * MINUTES,
	notice: DAYS,
	least_ask: 250,
	most_ask: 4_000,
};

impl pallet_registry::Config for Runtime {
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Burned = Emission;
	type Tenants = Compensation;
	type PardonOrigin = OrRoot<Loosening>;
	type Rules = RegistryRules;
	type Validators = Validators;
	type Slashes = Validators;
	type FalseCredential = FalseStatement;
	type Ticks = Verdicts;
	type Time = Timestamp;
	type TpmRoots = Policy;
	type OnChip = (Attestation, Policy);
	type WeightInfo = pallet_registry::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// What governance starts from: a false vote costs a tenth of the bond, a verdict can be proven false for an hour, and one of a hundred must be proven.
pub const INITIAL_VERDICTS_RULES: pallet_verdicts::Rules<Balance> = pallet_verdicts::Rules {
	false_vote: Perbill::from_percent(10),
	reward: Perbill::from_percent(10),
	deposit: ALPHA,
	window: HOURS,
	audit: Perbill::from_percent(1),
};

impl pallet_verdicts::StoreRules<pallet_verdicts::Rules<Balance>> for StoreRules {
	fn store(rules: pallet_verdicts::Rules<Balance>) {
		keep(RuntimeParameters::Verdicts(verdicts::Parameters::Rules(
			verdicts::Rules,
			Some(rules),
		)));
	}
}

impl pallet_verdicts::Config for Runtime {
	type Validators = Validators;
	type OnVerdict = Attestation;
	type Evaluates = crate::evidence_api::HostEvaluation;
	type Slashes = Validators;
	type Serves = Validators;
	type NativeBalance = Balances;
	type Burned = Emission;
	type Rules = VerdictsRules;
	type StoreRules = StoreRules;
	type Randomness = pallet_babe::ParentBlockRandomness<Runtime>;
	// Five minutes: finality, evaluation and a vote take less than one.
	type JudgingTicks = ConstU32<{ 5 * MINUTES }>;
	type MaxFinalityLag = ConstU32<30>;
	type Paused = super::safety::InSafeMode;
	type StatementInterval = ConstU32<10>;
	type WeightInfo = pallet_verdicts::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// What governance starts from: two minutes for an answer, a challenge every twenty minutes for trusted chips and more often for others; what tenants pay is told by the hour.
pub const INITIAL_ATTESTATION_RULES: pallet_attestation::Rules = pallet_attestation::Rules {
	answer: 2 * MINUTES,
	trusted: 20 * MINUTES,
	regular: 10 * MINUTES,
	probation: 5 * MINUTES,
	quarantine: 5 * MINUTES,
	suspended: 10 * MINUTES,
	billing: HOURS,
};

/// Keeps the rules of the genesis among the parameters.
pub struct StoreRules;
impl pallet_attestation::StoreRules for StoreRules {
	fn store(rules: pallet_attestation::Rules) {
		keep(RuntimeParameters::Attestation(attestation::Parameters::Rules(
			attestation::Rules,
			Some(rules),
		)));
	}
}

pub(super) fn keep(parameter: RuntimeParameters) {
	// Root may set every parameter: it cannot fail.
	let stored = Parameters::set_parameter(RuntimeOrigin::root(), parameter);
	debug_assert!(stored.is_ok(), "root sets parameters");
}

impl pallet_attestation::Config for Runtime {
	type Rules = AttestationRules;
	type StoreRules = StoreRules;
	type Miners = Registry;
	type Chips = Registry;
	type Veks = Policy;
	type Judges = Verdicts;
	type Reputation = Reputation;
	type Ticks = Verdicts;
	type Time = Timestamp;
	type Revision = CurrentRevision;
	type FilesTightened = FilesTightened;
	type Tightened = Tightened;
	type Logs = crate::evidence_api::LogsByPolicy;
	// Within an hour all are judged anew that were drawn; after it, the others are challenged.
	type RenewalTicks = ConstU32<HOURS>;
	type Randomness = pallet_babe::ParentBlockRandomness<Runtime>;
	type MaxLog = ConstU32<MAX_LOG>;
	type MaxEntries = ConstU32<MAX_ENTRIES>;
	type WeightInfo = pallet_attestation::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// What governance starts from. A chip begins in the middle, is trusted after twenty accepted evidences, and can afford one incident. The third strike costs
/// a twentieth of the bond.
pub const INITIAL_REPUTATION_RULES: pallet_reputation::Rules = pallet_reputation::Rules {
	start: 500,
	passed: 10,
	uptime: 10,
	streak: 50,
	failed: 150,
	tpm_failed: 300,
	ima_unknown: 250,
	tampered: 400,
	trusted: 700,
	probation: 300,
	max_strikes: 3,
	decay: 10,
	daily_loss: 600,
	usage: 100,
	slash: Perbill::from_percent(5),
};

parameter_types! {
	/// A verdict can be proven false until its window has passed, which begins when it takes effect: the longest that there can be, since the rules may
	/// change meanwhile.
	pub const SlashDelay: Tick = pallet_verdicts::MAX_WINDOW + pallet_verdicts::SLACK + 1;
}

impl pallet_reputation::Config for Runtime {
	type Rules = ReputationRules;
	type Ticks = Verdicts;
	type Miners = Registry;
	type Cases = Compensation;
	type SlashDelay = SlashDelay;
	type WeightInfo = pallet_reputation::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}
