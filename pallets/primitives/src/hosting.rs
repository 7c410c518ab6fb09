//! Machines as places where tenants' VMs run: what they offer, whether they were there.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::weights::Weight;
use hcc_evidence::{
	host::{ChipHash, GenerationTrust},
	vm::{Boot, VmClaims, VmEvidence},
};
use scale_info::TypeInfo;
use sp_runtime::Debug;

use crate::{Tick, Tier};

/// The number of a billing interval.
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
	/// The tick with which it began.
	pub from: Tick,
	/// How many ticks it has.
	pub length: Tick,
}

/// What became of a chip in some intervals.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub enum Lived {
	/// Evidence of then is still being judged, or what was found can still be proven false.
	Unsettled,
	/// The last verdict before was an acceptance, and no challenge of then failed or was missed.
	Live,
	/// It was not so.
	Lapsed,
}

/// Knows which chips prove themselves, and which did.
pub trait Liveness {
	/// The interval of this block.
	fn interval() -> Interval;
	/// What became of the chip from interval `first` to interval `last`.
	fn was_live(chip: &ChipHash, first: IntervalIndex, last: IntervalIndex) -> Lived;
	/// The chip's tier, if its last evidence was accepted and it may get work.
	fn fit(chip: &ChipHash) -> Option<Tier>;
	/// A chip by lot, better tiers likelier than others, of those that may get work by their tier; none where there is none.
	fn draw(lot: [u8; 8]) -> Option<ChipHash>;
}

/// What a miner offers.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct Offered {
	/// ISO 3166-1 numeric code of the country.
	pub region: u16,
	/// All guests together; memory in MiB, disk in GiB.
	pub vcpus: u32,
	pub memory: u32,
	pub disk: u32,
	/// What it asks of the list price, in thousandths.
	pub ask: u16,
}

/// What miners offer.
pub trait Offers<AccountId> {
	/// What a miner offers that may get work; none of one that may not.
	fn offered(miner: &AccountId) -> Option<Offered>;
}

/// Judges VMs by the policy that is in force.
pub trait JudgesVms<AccountId> {
	/// What the evidence states; the code of the rejection where it does not hold, or where the key of none of the miner's chips is known that the report names.
	///
	/// ## Errors
	/// The number of a [`hcc_evidence::RejectCode`], or [`NO_KEY`].
	fn judge(evidence: &VmEvidence, boot: &Boot, miner: &AccountId) -> Result<VmClaims, u16>;
	/// How far the generation of a chip is trusted; none where the chain has no key of it.
	fn trust(chip: &ChipHash) -> Option<GenerationTrust>;
	/// Whether a key of the chip's counts now: if none does, no evidence that it signs holds.
	fn vouches(chip: &ChipHash) -> bool;
	/// The most that judging costs.
	fn weight() -> Weight;
}

/// The code where the chain lacks the key that signed a report, or policy.
pub const NO_KEY: u16 = 1;
