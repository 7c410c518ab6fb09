use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_evidence::host::{BootState, Hash256};
use hcc_primitives::{units::MINUTES, IntervalIndex, SubjectId, Tick, Tier};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

use crate::Accepted;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Host`] with the chain's accounts.
pub type HostOf<T> = Host<AccountIdOf<T>>;

/// The most chips that wait to be challenged at once.
pub const MAX_RECHECKS: u32 = 64;
/// The most challenges that are due at one tick.
pub const MAX_DUE: u32 = 512;
/// Under how many revisions of policy evidence can be judged at the same time.
pub const MAX_REVISIONS: u32 = 32;

pub use hcc_evidence::host::{MAX_ATTEST, MAX_BOOT_LOG, MAX_SIGNATURE};

/// What governance sets: how often chips must prove themselves. In ticks, one a block.
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
	/// How long a challenge may be answered.
	pub answer: Tick,
	/// The mean interval between challenges of a trusted chip.
	pub trusted: Tick,
	/// Of a regular one.
	pub regular: Tick,
	/// Of one on probation.
	pub probation: Tick,
	/// Of one in quarantine.
	pub quarantine: Tick,
	/// Of one that is suspended.
	pub suspended: Tick,
	/// How long the next billing interval is.
	pub billing: Tick,
}

impl Rules {
	/// Every value within bounds: an answer takes a few blocks; a chip is challenged every block at the most, a trusted one every half an hour at the least, and
	/// others no more rarely.
	pub fn clamped(self) -> Self {
		let trusted = self.trusted.clamp(1, 30 * MINUTES);
		let interval = |ticks: Tick| ticks.clamp(1, trusted);
		Self {
			answer: self.answer.clamp(5, 600),
			trusted,
			regular: interval(self.regular),
			probation: interval(self.probation),
			quarantine: interval(self.quarantine),
			suspended: interval(self.suspended),
			billing: self.billing.clamp(10, 14_400),
		}
	}

	/// The mean interval between challenges of a chip of that tier.
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

/// In how many intervals at once evidence can still come to something else: of no more are charges of VMs kept open, with those that wait for receipts.
pub const OPEN_INTERVALS: Tick = 9;
/// How many intervals are remembered of a chip: more than verdicts can be proven false in.
pub const MAX_LIVES: u32 = 24;
/// How many failures are remembered of an interval one by one: with more it has lapsed, whatever is proven.
pub const MAX_FAILURES: u32 = 8;

/// What a chip lived through in a billing interval. A challenge counts to the one in which it was made.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Life {
	pub interval: IntervalIndex,
	/// The number of the last challenge that was made in it.
	pub last_seq: u64,
	/// How many of its challenges can still come to something else.
	pub open: u16,
	/// Those that were not passed.
	pub failed: BoundedVec<u64, ConstU32<MAX_FAILURES>>,
	/// It failed for good.
	pub lapsed: bool,
	/// Its last challenge that counts, and whether that was passed.
	pub outcome: Option<(u64, bool)>,
}

impl Life {
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

	/// Whether it can tell how the chip went out of it, or will.
	pub(crate) fn tells(&self) -> bool {
		self.outcome.is_some() || self.open > 0
	}
}

/// Where rules are kept.
pub trait StoreRules {
	/// Keeps these from now on.
	fn store(rules: Rules);
}

/// A change of policy since which logs must be judged anew.
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
pub struct Tightening {
	pub revision: u32,
	/// When it was noted.
	pub at: Tick,
}

/// How far it has come that whoever was accepted before a change of policy is challenged.
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
	/// In which policy became stricter.
	pub revision: u32,
	/// Until then chips are left to the draw.
	pub from: Tick,
	/// The chip that is looked at next, by its number in its tier; none where none was found any more.
	pub next: Option<(Tier, u32)>,
	/// Some were found since the first chip.
	pub found: bool,
}

/// The boot that a chip's miner had shown when the chip left it.
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
	/// The hash of the endorsement key of the TPM that has shown it.
	pub ek: Hash256,
	pub profile: Hash256,
}

/// How many challenges there were, and what came of them.
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
pub struct Counts {
	pub made: u64,
	pub passed: u64,
	pub failed: u64,
	pub missed: u64,
	/// They counted for nothing.
	pub void: u64,
}

/// The chips of a tier.
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
	/// The mean interval between challenges of each, in ticks.
	pub interval: Tick,
}

/// Challenges, all in all.
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
	/// Best first.
	pub tiers: [TierStatistics; 5],
	/// How many chips wait to be challenged at once.
	pub waiting: u32,
	pub counts: Counts,
}

/// The longest certificate of a chip's key, in bytes. AMD's are below 1,800.
pub const MAX_CERTIFICATE: u32 = 2048;
/// The oldest block, counted back from the one that includes a claim, whose hash a claim can answer.
pub const MAX_CLAIM_AGE: u32 = 20;
/// The most claims that are open at once.
pub const MAX_OPEN_CLAIMS: u32 = 512;
/// [`Claim`] with the chain's accounts.
pub type ClaimOf<T> = Claim<AccountIdOf<T>>;

/// A miner says that a chip is its own which another has registered.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim<AccountId> {
	pub claimant: AccountId,
	/// Who had the chip then.
	pub holder: AccountId,
	/// As what its evidence is judged.
	pub subject: SubjectId,
	pub contest: Contest,
	/// The verdict on its evidence can be proven false no more.
	pub closed: bool,
}

/// How far a claim has come.
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
pub enum Contest {
	/// The claimant's evidence is being judged.
	Judging,
	/// It was accepted: the holder must show the chip at its first challenge after that number.
	Answering { after: u64 },
	/// The holder did not show it: by silence, or by evidence that was judged as `subject`.
	Absent { subject: Option<SubjectId> },
	/// The holder has shown it as well, by evidence that was judged as `subject`.
	Both { subject: SubjectId },
}

impl Contest {
	/// Whether it came to this by that evidence of the holder's.
	pub(crate) fn rests_on(&self, evidence: SubjectId) -> bool {
		match self {
			Self::Judging | Self::Answering { .. } => false,
			Self::Absent { subject } => *subject == Some(evidence),
			Self::Both { subject } => *subject == evidence,
		}
	}
}

/// A challenge that is not concluded.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct OpenChallenge {
	pub seq: u64,
	pub nonce: Hash256,
	/// When it was made.
	pub made: Tick,
	/// The last tick at which evidence is taken.
	pub deadline: Tick,
	/// Evidence was included, and is being judged.
	pub subject: Option<SubjectId>,
}

impl OpenChallenge {
	/// As if a claim answered a challenge that has no time.
	pub(crate) fn of_claim(seq: u64, nonce: Hash256) -> Self {
		Self { seq, nonce, made: 0, deadline: 0, subject: None }
	}
}

/// What a verdict has caused, as long as it can be proven false.
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
	/// The evidence was accepted.
	pub passed: bool,
	/// The challenge at which evidence was accepted that it goes on from.
	pub from: Option<u64>,
}

/// A chip that must answer challenges.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Host<AccountId> {
	pub miner: AccountId,
	/// The number of the last challenge.
	pub seq: u64,
	pub challenge: Option<OpenChallenge>,
	/// Where the measurement log is taken up; none before evidence was accepted.
	pub checkpoint: Option<BootState>,
	/// Where it was taken up before policy became stricter, as long as the log that is wanted since then was not accepted.
	pub former: Option<BootState>,
	/// The revision of policy by which the log was last judged from its beginning.
	pub judged: u32,
	/// The revision of policy by which evidence was last accepted.
	pub attested: u32,
	/// The hash of the boot's PCRs; none before evidence was accepted.
	pub boot_profile: Option<Hash256>,
	/// The challenges at which evidence was accepted that these are of.
	pub accepted: Accepted,
	/// It did not pass its last challenge.
	pub failing: bool,
	pub tier: Tier,
	/// Its number among the chips of that tier.
	pub position: u32,
}
