use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{units::Balance, PaidSlots, Tier};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::Saturating, Debug, Perbill};

use crate::schedule::Division;

/// Account id of the runtime.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// Number of an era.
pub type EraIndex = u32;

/// Rules that governance sets. Times are in paid slots, amounts in the smallest unit of α.
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
	/// Length of each era that begins under these rules.
	pub era: PaidSlots,
	/// Budget of each era before the first halving.
	pub initial: Balance,
	/// Number of eras after which the budget is halved, repeatedly.
	pub halving: EraIndex,
	/// Maximum emission over all eras.
	pub cap: Balance,
	/// Validators' part of a budget.
	pub validators: Perbill,
	/// Treasury's part of a budget.
	pub treasury: Perbill,
	/// Bonus on payments (κ). The effective bonus may be lower, so that self-dealing loses money.
	pub bonus: Perbill,
	/// Weight of the bonus for trusted chips. Chips that get no work have no bonus.
	pub trusted: Perbill,
	/// Weight of the bonus for regular chips.
	pub regular: Perbill,
	/// Weight of the bonus for chips on probation.
	pub probation: Perbill,
	/// Number of eras for which the parts of an ended era can be paid out.
	pub payable: EraIndex,
}

impl Rules {
	/// Clamps each value to its bounds.
	pub fn clamped(self) -> Self {
		let validators = self.validators.min(Perbill::from_percent(50));
		Self {
			era: self.era.clamp(10, 432_000),
			halving: self.halving.max(1),
			validators,
			treasury: self.treasury.min(Perbill::from_percent(90).saturating_sub(validators)),
			payable: self.payable.clamp(2, 1_000),
			..self
		}
	}

	/// Returns the weight of the bonus for a chip of a tier.
	pub fn weight(&self, tier: Option<Tier>) -> Perbill {
		match tier {
			Some(Tier::Trusted) => self.trusted,
			Some(Tier::Regular) => self.regular,
			Some(Tier::Probation) => self.probation,
			Some(Tier::Quarantine | Tier::Suspended) | None => Perbill::zero(),
		}
	}
}

/// The current era.
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
	/// The number of paid slots before the era began.
	pub from: PaidSlots,
	/// The length of the era in paid slots.
	pub length: PaidSlots,
	/// The amount that the era owes to miners so far.
	pub owed: Balance,
}

/// An era that has ended.
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
	/// The part of the miners' amount that was already paid out.
	pub paid_out: Balance,
}

/// Sums over all eras, for explorers and for the invariants.
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
	/// The sum of the budgets.
	pub budgets: Balance,
	/// The amount that was paid to miners.
	pub paid_out: Balance,
	/// The amount that miners can still claim.
	pub payable: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	/// The amount that is never minted. It was not owed, it was not claimed in time, or its account
	/// could not receive it.
	pub burned: Balance,
}

impl Totals {
	/// Returns the amount that was minted or can still be claimed.
	pub fn minted(&self) -> Balance {
		self.paid_out
			.saturating_add(self.payable)
			.saturating_add(self.validators)
			.saturating_add(self.treasury)
	}
}
