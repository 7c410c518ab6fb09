use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{units::Balance, Tick, Tier};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::Saturating, Debug, Perbill};

use crate::schedule::Division;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// The number of an era.
pub type EraIndex = u32;

/// What governance sets. Times are in ticks, money in the smallest unit of α.
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
	/// How long the next era is.
	pub era: Tick,
	/// What the first eras may bring.
	pub initial: Balance,
	/// After how many eras that is halved, again and again.
	pub halving: EraIndex,
	/// What is never gone beyond, all eras together.
	pub cap: Balance,
	/// The part of a budget that is the validators'.
	pub validators: Perbill,
	/// The part that is the treasury's.
	pub treasury: Perbill,
	/// The part of what is paid that miners are owed on top (κ). In force is no more of it than leaves whoever buys from himself at a loss.
	pub bonus: Perbill,
	/// How much of that chips of each tier have; those that may get no work have none.
	pub trusted: Perbill,
	pub regular: Perbill,
	pub probation: Perbill,
	/// For how many eras what is owed can be claimed.
	pub claimable: EraIndex,
}

impl Rules {
	/// Every value within its bounds.
	pub fn clamped(self) -> Self {
		let validators = self.validators.min(Perbill::from_percent(50));
		Self {
			era: self.era.clamp(10, 432_000),
			halving: self.halving.max(1),
			validators,
			treasury: self.treasury.min(Perbill::from_percent(90).saturating_sub(validators)),
			claimable: self.claimable.clamp(2, 1_000),
			..self
		}
	}

	/// How much of a bonus a chip of that tier has.
	pub fn weight(&self, tier: Option<Tier>) -> Perbill {
		match tier {
			Some(Tier::Trusted) => self.trusted,
			Some(Tier::Regular) => self.regular,
			Some(Tier::Probation) => self.probation,
			Some(Tier::Quarantine | Tier::Suspended) | None => Perbill::zero(),
		}
	}
}

/// Where rules are kept.
pub trait StoreRules {
	/// Keeps these from now on.
	fn store(rules: Rules);
}

/// The era of now.
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
pub struct Era {
	pub index: EraIndex,
	/// The tick with which it began.
	pub from: Tick,
	/// How many ticks it has.
	pub length: Tick,
	/// What miners are owed so far.
	pub owed: Balance,
}

/// An era that is over.
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
pub struct ClosedEra {
	pub division: Division,
	/// What miners have claimed of their part.
	pub claimed: Balance,
}

/// All that eras have brought: for explorers, and to see that nothing is lost.
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
pub struct Totals {
	/// What the budgets were.
	pub budgets: Balance,
	/// What miners have claimed.
	pub claimed: Balance,
	/// What they can still claim.
	pub claimable: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	/// What was never made: nobody was owed it, claimed it in time, or could take it.
	pub burned: Balance,
}

/// How much α there is, and why.
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
pub struct Issuance {
	/// What there was when the chain started.
	pub initial: Balance,
	/// What eras have brought and somebody has.
	pub made: Balance,
	/// What was there and is no more.
	pub destroyed: Balance,
}

impl Issuance {
	/// How much there is. None: more was destroyed than there was.
	pub fn left(&self) -> Option<Balance> {
		self.initial.checked_add(self.made)?.checked_sub(self.destroyed)
	}
}

impl Totals {
	/// What was made, and what can still be.
	pub fn minted(&self) -> Balance {
		self.claimed
			.saturating_add(self.claimable)
			.saturating_add(self.validators)
			.saturating_add(self.treasury)
	}
}
