use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_evidence::host::{BootState, Hash256};
use hcc_primitives::{
	tick_queue::SLACK,
	units::{HOURS, MINUTES},
	IntervalIndex, SubjectId, Tick, Tier,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

use crate::Accepted;

/// Account id of the runtime.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Host`] with account ids of the runtime.
pub type HostOf<T> = Host<AccountIdOf<T>>;

/// Maximum number of chips in the recheck queue.
pub const MAX_RECHECKS: u32 = 64;
/// Maximum number of challenges with the same deadline.
pub const MAX_DUE: u32 = 512;
/// Maximum number of policy revisions under which evidence is judged at the same time.
pub const MAX_REVISIONS: u32 = 32;
/// Maximum number of log parts per challenge that are operational calls. If a log starts again, the
/// count continues. Other parts are normal calls, without a limit.
pub const MAX_LOG_PARTS: u16 = 1_024;

pub use hcc_evidence::host::{MAX_ATTEST, MAX_BOOT_LOG, MAX_SIGNATURE};

/// Numbers of chips in each tier, in the order of [`hcc_primitives::Tier::ALL`].
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct PopulationHistory {
	/// The numbers before the transactions of the parent block, or of an earlier block.
	pub before_parent: [u32; 5],
	/// The numbers before the transactions of this block.
	pub before_this: [u32; 5],
}

/// Rules that governance sets: the frequency of challenges and the length of intervals, in ticks.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
	/// Time to answer a challenge.
	pub answer: Tick,
	/// Length of a maintenance pause.
	pub pause: Tick,
	/// Mean interval between challenges of a trusted chip.
	pub trusted: Tick,
	/// Mean interval between challenges of a regular chip.
	pub regular: Tick,
	/// Mean interval between challenges of a chip on probation.
	pub probation: Tick,
	/// Mean interval between challenges of a chip in quarantine.
	pub quarantine: Tick,
	/// Mean interval between challenges of a suspended chip.
	pub suspended: Tick,
	/// Minimum length of the next billing interval.
	pub billing: Tick,
}

/// Maximum length of a maintenance pause. With this length, a pause ends within an hour even if
/// full ticks postpone its deadline.
pub const MAX_PAUSE: Tick = HOURS - SLACK;

impl Rules {
	/// Clamps each value to its bounds.
	///
	/// A miner has at least a few blocks to answer, and a pause is at least as long as that. A
	/// trusted chip is challenged at least every half hour, and all other chips at least as often.
	pub fn clamped(self) -> Self {
		let trusted = self.trusted.clamp(1, 30 * MINUTES);
		let interval = |ticks: Tick| ticks.clamp(1, trusted);
		let answer = self.answer.clamp(5, 600);
		Self {
			answer,
			pause: self.pause.clamp(answer, MAX_PAUSE.max(answer)),
			trusted,
			regular: interval(self.regular),
			probation: interval(self.probation),
			quarantine: interval(self.quarantine),
			suspended: interval(self.suspended),
			billing: self.billing.clamp(10, 14_400),
		}
	}

	/// Returns the mean interval between challenges of a chip in a tier.
	pub fn interval(&self, tier: Tier) -> Tick {
		match tier {
			Tier::Trusted => self.trusted,
			Tier::Regular => self.regular,
			Tier::Probation => self.probation,
			Tier::Quarantine => self.quarantine,
			Tier::Suspended => self.suspended,
		}
	}
}

/// Maximum number of billing intervals in which outcomes can change at the same time. Together with
/// the number of intervals that wait for receipts, it bounds the open charges of a VM.
pub const OPEN_INTERVALS: Tick = 9;
/// Number of intervals that are stored for a chip. It exceeds the number in which verdicts can
/// still be proven false.
pub const MAX_LIVENESS_RECORDS: u32 = 24;
/// Number of failures that are stored for an interval. If there are more, the interval has lapsed
/// even if verdicts are proven false.
pub const MAX_FAILURES: u32 = 8;

/// Challenges of a chip in a billing interval. A challenge belongs to the interval in which it was
/// made.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct IntervalLiveness {
	pub interval: IntervalIndex,
	/// Number of the last challenge that was made in the interval.
	pub last_seq: u64,
	/// Number of the interval's challenges whose outcome can still change.
	pub open: u16,
	/// Numbers of the challenges that were not passed.
	pub failed: BoundedVec<u64, ConstU32<MAX_FAILURES>>,
	/// True if the chip failed and no proof can change that.
	pub lapsed: bool,
	/// Number of the last challenge with an outcome, and `true` if the chip passed it.
	pub outcome: Option<(u64, bool)>,
}

impl IntervalLiveness {
	pub(crate) fn of(interval: IntervalIndex) -> Self {
		Self {
			interval,
			last_seq: 0,
			open: 0,
			failed: BoundedVec::new(),
			lapsed: false,
			outcome: None,
		}
	}

	pub(crate) fn fail(&mut self, seq: u64) {
		self.lapsed |= self.failed.try_push(seq).is_err();
	}

	pub(crate) fn close(&mut self) {
		self.open = self.open.saturating_sub(1);
	}

	/// Returns `true` if the interval has an outcome at its end, or an open challenge that may give
	/// it an outcome.
	pub(crate) fn has_end_state(&self) -> bool {
		self.outcome.is_some() || self.open > 0
	}
}

/// A tightening of file or boot rules, after which whole logs are due again.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct LogTightening {
	/// The policy revision whose rules are stricter.
	pub revision: u32,
	/// The tick at which the chain noted the tightening.
	pub at: Tick,
}

/// Progress of the sweep that challenges chips which the draw has not reached.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Sweep {
	/// The policy revision whose rules are stricter.
	pub revision: u32,
	/// The tick at which the sweep starts. Until then, chips are challenged only by draw.
	pub from: Tick,
	/// Tier and position of the next chip; `None` once a pass has found no chip.
	pub next: Option<(Tier, u32)>,
	/// True if this pass has found a chip.
	pub found: bool,
}

/// State of re-attestation after policy became stricter.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ReattestationState {
	/// The last tightening of file or boot rules.
	pub logs: Option<LogTightening>,
	/// The sweep after the last tightening of any rule.
	pub sweep: Option<Sweep>,
}

/// Boot profile of a chip at the time when it left its miner.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct LastBoot {
	/// Hash of the endorsement key of the TPM that quoted the profile.
	pub ek: Hash256,
	pub profile: Hash256,
}

/// Numbers of challenges and of their outcomes.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Counters {
	pub made: u64,
	pub passed: u64,
	pub failed: u64,
	pub missed: u64,
	/// Challenges that ended without an outcome.
	pub void: u64,
}

/// Statistics of a tier.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct TierStatistics {
	pub tier: Tier,
	pub chips: u32,
	/// Mean interval between challenges of a chip, in ticks.
	pub interval: Tick,
}

/// Statistics of all chips and challenges.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Statistics {
	/// Tiers, best first.
	pub tiers: [TierStatistics; 5],
	/// Number of chips in the recheck queue.
	pub waiting: u32,
	pub counts: Counters,
}

/// Maximum length of a certificate of a chip's key, in bytes. AMD's certificates have fewer than
/// 1,800.
pub const MAX_CERTIFICATE: u32 = 2048;
/// Maximum age of the block whose hash a contest answers, in blocks.
pub const MAX_CONTEST_AGE: u32 = 20;
/// Maximum number of open contests.
pub const MAX_OPEN_CONTESTS: u32 = 512;
/// [`ChipContest`] with account ids of the runtime.
pub type ChipContestOf<T> = ChipContest<AccountIdOf<T>>;

/// Assertion of a miner, the contender, that a chip registered by another miner is its own.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ChipContest<AccountId> {
	pub contender: AccountId,
	/// The miner that had the chip when the contest began.
	pub holder: AccountId,
	/// The subject that stands for the contender's evidence.
	pub subject: SubjectId,
	pub stage: ContestStage,
	/// True once the verdict on the contender's evidence can no longer be proven false.
	pub closed: bool,
}

/// Progress of a contest.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum ContestStage {
	/// The contender's evidence is being judged.
	Judging,
	/// The contender's evidence was accepted. The holder must prove the chip at its first challenge
	/// after number `after`.
	Answering { after: u64 },
	/// The holder did not prove the chip: it did not answer, or its evidence was judged as
	/// `subject`.
	Absent { subject: Option<SubjectId> },
	/// The holder proved the chip too, by evidence that was judged as `subject`.
	Both { subject: SubjectId },
}

impl ContestStage {
	/// Returns true if this stage follows from the holder's evidence with that subject.
	pub(crate) fn depends_on(&self, evidence: SubjectId) -> bool {
		match self {
			Self::Judging | Self::Answering { .. } => false,
			Self::Absent { subject } => *subject == Some(evidence),
			Self::Both { subject } => *subject == evidence,
		}
	}
}

/// A challenge that has no outcome yet.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct OpenChallenge {
	pub seq: u64,
	pub nonce: Hash256,
	/// The tick at which the challenge was made.
	pub made: Tick,
	/// The last tick at which evidence for the challenge is included.
	pub deadline: Tick,
	/// The subject that stands for the included evidence, while it is being judged.
	pub subject: Option<SubjectId>,
}

impl OpenChallenge {
	/// Returns a challenge without ticks, which the evidence of a contest answers.
	pub(crate) fn of_contest(seq: u64, nonce: Hash256) -> Self {
		Self { seq, nonce, made: 0, deadline: 0, subject: None }
	}
}

/// Effect of a verdict that can still be proven false.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Effect {
	/// True if the evidence was accepted.
	pub passed: bool,
	/// Number of the challenge from whose accepted evidence this evidence continues.
	pub from: Option<u64>,
}

/// State of a chip that must answer challenges.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Host<AccountId> {
	pub miner: AccountId,
	/// Number of the last challenge.
	pub seq: u64,
	pub challenge: Option<OpenChallenge>,
	/// Log checkpoint; `None` before evidence was accepted.
	pub checkpoint: Option<BootState>,
	/// Checkpoint from before a policy tightening. It stays until the whole log that the tightening
	/// requires is accepted.
	pub former: Option<BootState>,
	/// Policy revision by which the whole log was last judged.
	pub judged: u32,
	/// Policy revision by which evidence was last accepted.
	pub attested: u32,
	/// Hash of the boot PCRs; `None` before evidence was accepted.
	pub boot_profile: Option<Hash256>,
	/// Challenges whose accepted evidence led to the checkpoint and the boot profile.
	pub accepted: Accepted,
	/// True if the chip did not pass its last challenge.
	pub failing: bool,
	/// Number of the challenge of the last pause, until the chip passes a later challenge.
	pub paused: Option<u64>,
	pub tier: Tier,
	/// Position among the chips of the tier.
	pub position: u32,
}
