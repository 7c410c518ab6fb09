//! State of the mocks: their answers, which tests set, and the calls that they record.

use std::{cell::RefCell, collections::BTreeMap};

use frame_support::parameter_types;
use hcc_evidence::{
	host::GenerationTrust,
	snp::Vek,
	vm::{
		image::{ImageId, ImageRow},
		VmClaims, VmId,
	},
};
use hcc_primitives::{
	units::Balance, ChallengeOutcome, ChallengeRecord, ChipHash, EffectiveOffer, EnrolledTpm,
	Evaluation, Finding, Guest, Interval, IntervalIndex, LivenessStatus, PaidSlots, Pause, Price,
	ServicePeriod, SubjectId, Tick, Tier, VoteService,
};
use sp_core::H256;
use sp_runtime::{AccountId32, DispatchError, Perbill};

/// A call to `MockCases`.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub enum CaseStep {
	Opened(Tick),
	Settled,
	Dismissed,
}

parameter_types! {
	/// Tick that `MockTickSource` returns.
	pub static Now: Tick = 1;
	/// Number of paid slots that exceed the number of ticks.
	pub static ExtraSlots: PaidSlots = 0;
	/// Validators that `MockValidators` returns.
	pub static Active: Vec<AccountId32> = vec![];
	/// Tier that `MockReputation` returns.
	pub static NextTier: Tier = Tier::Probation;
	/// Error with which `MockAdjudicator` fails.
	pub static Refusal: Option<DispatchError> = None;
	/// Subjects and evidence hashes that `MockAdjudicator` received.
	pub static Opened: Vec<(SubjectId, H256)> = vec![];
	/// Seeds of committees that `MockAdjudicator` received.
	pub static Lots: Vec<H256> = vec![];
	/// Verdicts that `MockOnVerdict` received. A void subject has no finding.
	pub static Told: Vec<(SubjectId, Option<Finding>)> = vec![];
	/// Subjects whose verdicts `MockOnVerdict` saw overturned.
	pub static Overturned: Vec<SubjectId> = vec![];
	/// Subjects that `MockOnVerdict` saw closed.
	pub static Closed: Vec<SubjectId> = vec![];
	/// Validators that `MockValidatorSlasher` slashed, each with the reporter.
	pub static Slashed: Vec<(AccountId32, Option<AccountId32>)> = vec![];
	/// Validators that `MockValidatorSlasher` fined.
	pub static Fined: Vec<AccountId32> = vec![];
	/// Chips that `MockMiners` handed over, each with its new miner. A banned chip has none.
	pub static HandedOver: Vec<(ChipHash, Option<AccountId32>)> = vec![];
	/// Miners that `MockMinerSlasher` slashed, each with the part.
	pub static SlashedMiners: Vec<(AccountId32, Perbill)> = vec![];
	/// Chips whose keys are withdrawn, for `MockVeks` and `MockVms`.
	pub static Stale: Vec<ChipHash> = vec![];
	/// Longest time to a verdict that `MockAdjudicator` returns.
	pub static JudgedFor: Tick = 0;
	/// Calls of `MockCases`.
	pub static CaseSteps: Vec<(ChipHash, CaseStep)> = vec![];
	/// Chips for which `MockCompensator` received a loss.
	pub static LostFor: Vec<ChipHash> = vec![];
	/// Calls of `MockServiceRecorder`.
	pub static Served: Vec<Vec<(AccountId32, VoteService)>> = vec![];
	/// Result of `MockEvaluator`, for the evidence with this hash.
	pub static NextEvaluation: Option<(H256, Evaluation)> = None;
	/// Chips with a pending slash, for `MockReputation`.
	pub static WithSlash: Vec<ChipHash> = vec![];
	/// Challenges that `MockReputation` undid.
	pub static Undone: Vec<(ChipHash, u64)> = vec![];
	/// Challenges that `MockReputation` noted, in full.
	pub static AllMet: Vec<ChallengeRecord> = vec![];
	/// Outcomes that `MockReputation` noted, by chip and challenge.
	pub static Noted: Vec<(ChipHash, u64, ChallengeOutcome)> = vec![];
	/// Chips that `MockOnChipChange` saw, each with its miner. A removed chip has none.
	pub static Chips: Vec<(ChipHash, Option<AccountId32>)> = vec![];
	/// Miners that `MockOnChipChange` saw exit.
	pub static Left: Vec<AccountId32> = vec![];
	/// Certificates that `MockTpmRoots` trusts.
	pub static Roots: Vec<Vec<u8>> = vec![];
	/// Hashes of the certificates that `MockTpmRoots` distrusts.
	pub static Distrusted: Vec<[u8; 32]> = vec![];
	/// Price of new orders, from `MockOracle`.
	pub static PriceForOrders: Option<Price> = None;
	/// Price of running leases, from `MockOracle`.
	pub static PriceForLeases: Option<Price> = None;
	/// Offers that `MockMiners` returns.
	pub static Offering: Vec<(AccountId32, EffectiveOffer)> = vec![];
	/// Interval that `MockLiveness` returns.
	pub static CurrentInterval: Interval = Interval { index: 1, from: 1, length: 100, paid_from: 1 };
	/// Chips that `MockLiveness` reports as fit.
	pub static Fit: Vec<(ChipHash, Tier)> = vec![];
	/// Last pauses of chips, from `MockLiveness`.
	pub static Pauses: Vec<(ChipHash, Pause)> = vec![];
	/// Results of `MockLiveness` for chips in intervals. Without an entry, the result is `Live`.
	pub static LivedIn: Vec<(ChipHash, IntervalIndex, LivenessStatus)> = vec![];
	/// Payments that `MockOnSettled` received: miner, chip and amount.
	pub static Settled: Vec<(AccountId32, ChipHash, Balance)> = vec![];
	/// Guests that `MockGuests` returns.
	pub static Running: Vec<(VmId, Guest)> = vec![];
	/// Part that `MockUsage` refunds.
	pub static Lacked: Perbill = Perbill::zero();
	/// If set, `MockUsage` has no receipts. The value is the part of a charge that receipts could
	/// refund.
	pub static Silent: Option<Perbill> = None;
	/// Service periods that `MockUsage` settled.
	pub static Asked: Vec<ServicePeriod> = vec![];
	/// First interval for which `MockUsage` still accepts receipts.
	pub static OpenFrom: IntervalIndex = IntervalIndex::MAX;
	/// Calls of `MockUsageRecorder`.
	pub static Used: Vec<(ChipHash, u16)> = vec![];
	/// Part of a payment that `MockShares` reports as lost.
	pub static Lost: Perbill = Perbill::from_percent(15);
	/// Result of `MockVms`. By default, the VM runs on its miner's first chip.
	pub static VmFinding: Option<Result<VmClaims, u16>> = None;
	/// Launch measurements that `MockVms` reports as those of the agent.
	pub static Agents: Vec<[u8; 48]> = vec![];
	/// Images that `MockImages` returns: the rows, the endorsement, the number of rebuilds.
	pub static Directory: Vec<(ImageId, Vec<ImageRow>, bool, u32)> = vec![];
	/// Trust of `MockVms` in every chip.
	pub static Trust: GenerationTrust = GenerationTrust::Full;
}

/// The chips and the TPM of each miner.
type Register = BTreeMap<AccountId32, (Vec<ChipHash>, Option<EnrolledTpm>)>;

thread_local! {
	pub(crate) static REGISTER: RefCell<Register> = const { RefCell::new(BTreeMap::new()) };
	pub(crate) static KEYS: RefCell<Vec<(ChipHash, Vek)>> = const { RefCell::new(Vec::new()) };
}

/// Registers a miner with `MockMiners`. The miner is its own hot key.
pub fn register(miner: AccountId32, chips: Vec<ChipHash>, tpm: Option<EnrolledTpm>) {
	REGISTER.with(|all| all.borrow_mut().insert(miner, (chips, tpm)));
}

/// Adds a chip's key to `MockVeks`.
pub fn add_vek(chip: ChipHash, vek: Vek) {
	KEYS.with(|all| all.borrow_mut().push((chip, vek)));
}

/// Resets all state. Tests call this first, because they share threads.
pub fn reset() {
	Now::set(1);
	ExtraSlots::set(0);
	Active::set(vec![]);
	NextTier::set(Tier::Probation);
	Refusal::set(None);
	Opened::set(vec![]);
	Lots::set(vec![]);
	Told::set(vec![]);
	Noted::set(vec![]);
	AllMet::set(vec![]);
	Overturned::set(vec![]);
	Closed::set(vec![]);
	Slashed::set(vec![]);
	Fined::set(vec![]);
	HandedOver::set(vec![]);
	SlashedMiners::set(vec![]);
	Stale::set(vec![]);
	JudgedFor::set(0);
	CaseSteps::set(vec![]);
	LostFor::set(vec![]);
	Served::set(vec![]);
	NextEvaluation::set(None);
	WithSlash::set(vec![]);
	Undone::set(vec![]);
	Chips::set(vec![]);
	Left::set(vec![]);
	Roots::set(vec![]);
	Distrusted::set(vec![]);
	PriceForOrders::set(None);
	PriceForLeases::set(None);
	Offering::set(vec![]);
	CurrentInterval::set(Interval { index: 1, from: 1, length: 100, paid_from: 1 });
	Fit::set(vec![]);
	Pauses::set(vec![]);
	LivedIn::set(vec![]);
	VmFinding::set(None);
	Agents::set(vec![]);
	Directory::set(vec![]);
	Settled::set(vec![]);
	Running::set(vec![]);
	Lacked::set(Perbill::zero());
	Silent::set(None);
	Asked::set(vec![]);
	OpenFrom::set(IntervalIndex::MAX);
	Used::set(vec![]);
	Lost::set(Perbill::from_percent(15));
	Trust::set(GenerationTrust::Full);
	REGISTER.with(|all| all.borrow_mut().clear());
	KEYS.with(|all| all.borrow_mut().clear());
}
