//! Hosts of tenants' VMs: their offers and their liveness.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::weights::Weight;
use hcc_evidence::{
	host::{ChipHash, GenerationTrust},
	vm::{Boot, VmClaims, VmEvidence},
};
use scale_info::TypeInfo;
use sp_runtime::Debug;

use crate::{PaidSlots, Tick, Tier};

/// The index of a billing interval.
pub type IntervalIndex = u32;

/// A billing interval.
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
pub struct Interval {
	pub index: IntervalIndex,
	/// The first tick of the interval.
	pub from: Tick,
	/// The length of the interval in ticks.
	pub length: Tick,
	/// The number of paid slots before the interval.
	pub paid_from: PaidSlots,
}

/// A maintenance pause of a chip.
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
pub struct Pause {
	/// The tick at which the pause began.
	pub from: Tick,
	/// The number of paid slots when the pause began.
	pub paid_from: PaidSlots,
	/// The deadline of the pause: the last tick at which the chip can submit evidence.
	pub until: Tick,
}

/// The liveness of a chip in a range of intervals.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub enum LivenessStatus {
	/// Evidence from the range is still being judged, or its verdict can still be proven false.
	Unsettled,
	/// The last verdict before the range was an acceptance, and no challenge in the range failed or
	/// was missed.
	Live,
	/// The chip was not live in the whole range.
	Lapsed,
}

/// Provides the liveness of chips.
pub trait Liveness {
	/// Returns the billing interval of this block.
	fn interval() -> Interval;
	/// Returns the liveness of a chip from interval `first` to interval `last`.
	fn was_live(chip: &ChipHash, first: IntervalIndex, last: IntervalIndex) -> LivenessStatus;
	/// Returns the tier of a chip that may receive work: its last evidence was accepted, its tier
	/// permits work, and the chip is not paused. Returns `None` for any other chip.
	fn fit(chip: &ChipHash) -> Option<Tier>;
	/// Returns the last maintenance pause of a chip. VMs that were booted before it no longer run.
	fn last_pause(chip: &ChipHash) -> Option<Pause>;
	/// Draws a random chip among those whose tiers may receive work, or returns `None` if there is
	/// none. Chips of better tiers are more likely.
	fn draw(lot: [u8; 8]) -> Option<ChipHash>;
}

/// The part of a miner's offer that is in force now.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct EffectiveOffer {
	/// ISO 3166-1 numeric code of the country.
	pub region: u16,
	/// Number of virtual CPUs for all guests together.
	pub vcpus: u32,
	/// Memory for all guests together, in MiB.
	pub memory: u32,
	/// Disk for all guests together, in GiB.
	pub disk: u32,
	/// The price that the miner asks, in thousandths of the list price.
	pub ask: u16,
}

/// Provides the offers of miners.
pub trait OfferBook<AccountId> {
	/// Returns the offer of a miner, or `None` if the miner may not receive work.
	fn offered(miner: &AccountId) -> Option<EffectiveOffer>;
}

/// Judges the evidence of VMs by the policy in force.
pub trait VmVerifier<AccountId> {
	/// Returns the claims of the evidence, or the code of its rejection.
	///
	/// ## Errors
	/// The number of a [`hcc_evidence::RejectCode`]. Or [`NO_KEY`], if no chip of the miner has a
	/// known and current key for the report.
	fn judge(evidence: &VmEvidence, boot: &Boot, miner: &AccountId) -> Result<VmClaims, u16>;
	/// Returns the generation trust of a chip, or `None` if the chain has no key of the chip.
	fn trust(chip: &ChipHash) -> Option<GenerationTrust>;
	/// Returns `true` if at least one key of the chip is valid now. Without a valid key, no
	/// evidence that the chip signs can be accepted.
	fn vouches(chip: &ChipHash) -> bool;
	/// Returns true if policy lists the launch measurement as that of a host's attestation agent.
	fn is_agent(measurement: &[u8; 48]) -> bool;
	/// Returns the maximum weight of [`Self::judge`].
	fn weight() -> Weight;
}

/// The code for evidence that cannot be judged because the chain has no policy, or no usable key
/// for the report.
pub const NO_KEY: u16 = 1;
