//! Configuration of the pallets for policy, miners, challenges, verdicts and reputation.

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

/// Maximum size of the IMA log in one piece of evidence, in bytes. The runtime evaluates a log of
/// this size and a boot event log within 10 ms.
const MAX_LOG: u32 = 16 << 10;
/// Maximum number of entries of the IMA log in one piece of evidence.
const MAX_ENTRIES: u32 = 64;

parameter_types! {
	pub LastFileTightening: Revision = pallet_policy::LastFileTightening::<Runtime>::get();
	pub LastTightening: Revision = pallet_policy::LastTightening::<Runtime>::get();
	/// The slash for a false credential. It equals the slash for a false vote.
	pub FalseStatement: Perbill = Verdicts::rules().false_vote;
	pub const ImaLimits: Limits = Limits { bytes: MAX_LOG as usize, entries: MAX_ENTRIES };
	/// The oldest policy revision by which pending evidence is evaluated.
	pub OldestNeeded: Revision = Attestation::oldest_revision();
	pub CurrentRevision: Revision = Policy::revision();
}

impl pallet_clock::Config for Runtime {
	type Validators = Validators;
	type Paused = super::safety::InSafeMode;
	type Slot = super::consensus::CurrentSlot;
	type MaxFinalityLag = ConstU32<30>;
	type StatementInterval = ConstU32<10>;
	type WeightInfo = pallet_clock::weights::SubstrateWeight<Runtime>;
}

impl pallet_policy::Config for Runtime {
	type AdminOrigin = OrRoot<Loosening>;
	type TightenOrigin = OrRoot<Tightening>;
	type OldestNeeded = OldestNeeded;
	type ImaLimits = ImaLimits;
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	// The deposit is for a storage row of about 300 bytes.
	type VekDeposit = ConstU128<{ 40 * MILLI_ALPHA }>;
	// The deposit is for a storage row of about 100 bytes.
	type VoucherDeposit = ConstU128<{ 10 * MILLI_ALPHA }>;
	// Ten minutes. At this interval, about a dozen revisions for vouchers fall into the longest
	// proof window. Pending evidence can depend on at most 32 revisions.
	type VouchInterval = ConstU32<{ 10 * MINUTES }>;
	type Chips = Registry;
	type Time = Timestamp;
	type WeightInfo = pallet_policy::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// Initial rules. A bond of 100 α covers 100 vCPUs, and each further vCPU needs one α. Unbonding
/// takes a week, and an enrolment may take ten minutes. A new ask takes effect after a day. An ask
/// must lie between a quarter of the list price and four times the list price.
pub const INITIAL_REGISTRY_RULES: pallet_registry::Rules<Balance> = pallet_registry::Rules {
	min_bond: 100 * ALPHA,
	vcpu_bond: ALPHA,
	unbonding: 7 * DAYS,
	enrolment: 10 * MINUTES,
	notice: DAYS,
	least_ask: 250,
	most_ask: 4_000,
};

impl pallet_registry::Config for Runtime {
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Burned = Issuance;
	type Tenants = Compensation;
	type PardonOrigin = OrRoot<Loosening>;
	type Rules = RegistryRules;
	type Validators = Validators;
	type ValidatorSlasher = Validators;
	type ServiceRecorder = Validators;
	type FalseCredential = FalseStatement;
	// The deposit is high, because an enrolment requires two transactions of each of 16 validators.
	type EnrolmentDeposit = ConstU128<ALPHA>;
	type TickSource = Clock;
	type Time = Timestamp;
	type TpmRoots = Policy;
	type ProductLines = Policy;
	type OnChipChange = (Attestation, Policy);
	type WeightInfo = pallet_registry::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// Initial rules. A validator loses a tenth of its bond for a false vote. A verdict can be proven
/// false for an hour, and one verdict in a hundred is audited.
pub const INITIAL_VERDICTS_RULES: pallet_verdicts::Rules<Balance> = pallet_verdicts::Rules {
	false_vote: Perbill::from_percent(10),
	reward: Perbill::from_percent(10),
	deposit: ALPHA,
	window: HOURS,
	audit: Perbill::from_percent(1),
};

impl hcc_primitives::StoreRules<pallet_verdicts::Rules<Balance>> for StoreRules {
	fn store(rules: pallet_verdicts::Rules<Balance>) {
		store_parameter(RuntimeParameters::Verdicts(verdicts::Parameters::Rules(
			verdicts::Rules,
			Some(rules),
		)));
	}
}

impl pallet_verdicts::Config for Runtime {
	type Validators = Validators;
	type OnVerdict = Attestation;
	type Evaluator = crate::evidence_api::HostEvaluation;
	type ValidatorSlasher = Validators;
	type ServiceRecorder = Validators;
	type NativeBalance = Balances;
	type Burned = Issuance;
	type TickSource = Clock;
	type Finality = Clock;
	type Rules = VerdictsRules;
	type StoreRules = StoreRules;
	type Randomness = pallet_babe::ParentBlockRandomness<Runtime>;
	type JudgingTicks = ConstU32<JUDGING_TICKS>;
	type WeightInfo = pallet_verdicts::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// Time for votes on a subject. Finality, evaluation and the inclusion of a vote take less than a
/// fifth of this time.
const JUDGING_TICKS: Tick = 5 * MINUTES;

/// Maximum number of ticks for which a subject is open. The limit consists of three times the time
/// for votes, and of the longest window for proofs. The time for votes is needed for the votes, for
/// a verdict that waits for its audit draw, and for an audit.
pub const LONGEST_SUBJECT: Tick =
	3 * (JUDGING_TICKS + hcc_primitives::tick_queue::SLACK) + pallet_verdicts::MAX_WINDOW;

/// Number of finalised blocks whose state a node keeps by default: about five hours. Workers need
/// this state to judge evidence and to find contradicting votes. It is twice the life of a subject
/// in ticks, because blocks can outnumber ticks: the clock stops if finality lags.
pub const STATE_BLOCKS: u32 = 2 * LONGEST_SUBJECT;

/// Initial rules. A miner has two minutes to answer a challenge. A maintenance pause and a billing
/// interval take an hour. Trusted chips receive a challenge every twenty minutes on average, and
/// other chips more often.
pub const INITIAL_ATTESTATION_RULES: pallet_attestation::Rules = pallet_attestation::Rules {
	answer: 2 * MINUTES,
	pause: pallet_attestation::MAX_PAUSE,
	trusted: 20 * MINUTES,
	regular: 10 * MINUTES,
	probation: 5 * MINUTES,
	quarantine: 5 * MINUTES,
	suspended: 10 * MINUTES,
	billing: HOURS,
};

/// Stores the pallets' rules of the genesis configuration as parameters.
pub struct StoreRules;
impl hcc_primitives::StoreRules<pallet_attestation::Rules> for StoreRules {
	fn store(rules: pallet_attestation::Rules) {
		store_parameter(RuntimeParameters::Attestation(attestation::Parameters::Rules(
			attestation::Rules,
			Some(rules),
		)));
	}
}

pub(super) fn store_parameter(parameter: RuntimeParameters) {
	// The call cannot fail, because root may set every parameter.
	let stored = Parameters::set_parameter(RuntimeOrigin::root(), parameter);
	debug_assert!(stored.is_ok(), "root may set every parameter");
}

impl pallet_attestation::Config for Runtime {
	type Rules = AttestationRules;
	type StoreRules = StoreRules;
	type Miners = Registry;
	type Chips = Registry;
	type Veks = Policy;
	type Adjudicator = Verdicts;
	type Reputation = Reputation;
	type TickSource = Clock;
	type Time = Timestamp;
	type Revision = CurrentRevision;
	type LastFileTightening = LastFileTightening;
	type LastTightening = LastTightening;
	type Logs = crate::evidence_api::LogsByPolicy;
	// Within an hour after a tightening, ordinary challenges re-attest the chips that they draw.
	// After the hour, a sweep challenges the remaining chips.
	type ReattestationTicks = ConstU32<HOURS>;
	// A pause a week suffices, because kernels and firmware are updated about once a month.
	type PauseInterval = ConstU32<{ 7 * DAYS }>;
	type Randomness = pallet_babe::ParentBlockRandomness<Runtime>;
	type MaxLog = ConstU32<MAX_LOG>;
	type MaxEntries = ConstU32<MAX_ENTRIES>;
	type WeightInfo = pallet_attestation::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// Initial rules. The score of a chip starts in the middle of the scale. The chip is trusted after
/// twenty passed challenges. From then on, a single incident does not lower its score below the
/// limit of probation. The third strike costs a twentieth of the miner's bond.
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
	/// Delay between a verdict and the slash that follows from it. A verdict can be proven false
	/// within a window that begins when the verdict takes effect. The delay covers the longest
	/// window that rules allow, because the rules may change before the window ends.
	pub const SlashDelay: Tick = pallet_verdicts::MAX_WINDOW + hcc_primitives::tick_queue::SLACK + 1;
}

impl pallet_reputation::Config for Runtime {
	type Rules = ReputationRules;
	type TickSource = Clock;
	type Miners = Registry;
	type Cases = Compensation;
	type SlashDelay = SlashDelay;
	type WeightInfo = pallet_reputation::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}
