//! Prices of VMs: pure integer arithmetic.
//!
//! Prices are in USD, payments in α. The only division is the last step and rounds down, in favour
//! of the tenant.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{
	units::{Balance, HOURS},
	PaidSlots, Price, MIN_UNRETURNED_SHARE,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use sp_runtime::{
	helpers_128bit::multiply_by_rational_with_rounding, traits::Saturating, Debug, Perbill,
	Rounding,
};

/// A price for one hour, in 10⁻⁶ USD ÷ [`RATE_PARTS`]. It is exact for every allotment, list price
/// and ask.
pub type Rate = u128;
/// The number of parts into which [`Rate`] divides 10⁻⁶ USD: 1024 for memory in MiB, times 1000 for
/// asks in thousandths.
pub const RATE_PARTS: u128 = 1024 * 1000;

/// MiB in a GiB.
const MIB: u128 = 1024;
/// The factor for the conversion to α. It is the [`Price`] of one α that is worth one USD, times
/// the smallest units of one α, divided by the 10⁻⁶ USD in one USD.
const UNITS: u128 = 1_000_000_000 * 1_000_000_000 / 1_000_000;

/// The resources of a VM or of an offer.
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
	Serialize,
	Deserialize,
)]
pub struct Allotment {
	pub vcpus: u32,
	/// Memory in MiB.
	pub memory: u32,
	/// Disk in GiB.
	pub disk: u32,
	/// The amount of data that can be sent in an hour, in MiB.
	pub egress: u32,
}

impl Allotment {
	/// Returns `true` if the allotment fits into `free`. Egress is not limited by capacity, so it
	/// is ignored.
	pub fn fits(&self, free: &Self) -> bool {
		self.vcpus <= free.vcpus && self.memory <= free.memory && self.disk <= free.disk
	}

	/// Returns the disk of the allotment without the other resources.
	pub fn disk_alone(&self) -> Self {
		Self { disk: self.disk, ..Self::default() }
	}

	/// Returns the sum of both allotments.
	pub fn plus(&self, other: &Self) -> Self {
		Self {
			vcpus: self.vcpus.saturating_add(other.vcpus),
			memory: self.memory.saturating_add(other.memory),
			disk: self.disk.saturating_add(other.disk),
			egress: self.egress.saturating_add(other.egress),
		}
	}

	/// Returns the allotment less `other`, at least zero in each resource.
	pub fn minus(&self, other: &Self) -> Self {
		Self {
			vcpus: self.vcpus.saturating_sub(other.vcpus),
			memory: self.memory.saturating_sub(other.memory),
			disk: self.disk.saturating_sub(other.disk),
			egress: self.egress.saturating_sub(other.egress),
		}
	}
}

/// List prices in 10⁻⁶ USD an hour.
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
pub struct List {
	/// The price of a vCPU.
	pub vcpu: u32,
	/// The price of a GiB of memory.
	pub memory: u32,
	/// The price of a GiB of disk.
	pub disk: u32,
	/// The price of a GiB of egress an hour.
	pub egress: u32,
}

/// Returns the price of an allotment at `ask` thousandths of the list prices. The computation
/// cannot overflow, because no factor has more than 32 bits.
pub fn rate(allotted: &Allotment, list: &List, ask: u16) -> Rate {
	let product = |amount: u32, price: u32| u128::from(amount).saturating_mul(price.into());
	let whole = product(allotted.vcpus, list.vcpu)
		.saturating_add(product(allotted.disk, list.disk))
		.saturating_mul(MIB);
	whole
		.saturating_add(product(allotted.memory, list.memory))
		.saturating_add(product(allotted.egress, list.egress))
		.saturating_mul(ask.into())
}

/// Converts a price in 10⁻⁶ USD an hour to a rate.
pub fn rate_of(price: u64) -> Rate {
	u128::from(price).saturating_mul(RATE_PARTS)
}

/// Returns the cost of `slots` at `rate` in the smallest units of α, rounded down and saturated at
/// `Balance::MAX`. Returns `None` at a price of zero.
pub fn cost(rate: Rate, slots: PaidSlots, price: Price) -> Option<Balance> {
	let hours = RATE_PARTS.saturating_mul(HOURS.into());
	let divisor = hours.saturating_mul(price.into());
	if divisor == 0 {
		return None;
	}
	let product = rate.saturating_mul(slots.into());
	let cost = multiply_by_rational_with_rounding(product, UNITS, divisor, Rounding::Down);
	Some(cost.unwrap_or(Balance::MAX))
}

/// Converts an amount of 10⁻⁶ USD to the smallest units of α, rounded down. Returns `None` at a
/// price of zero.
pub fn in_alpha(amount: u32, price: Price) -> Option<Balance> {
	cost(rate_of(amount.into()), HOURS, price)
}

/// The shares of a payment that do not go to the miner.
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
pub struct Shares {
	pub validators: Perbill,
	pub treasury: Perbill,
	pub burned: Perbill,
}

impl Shares {
	/// Returns the shares with their sum limited to the whole: the treasury's share is reduced
	/// first, then the validators'. The treasury and the burn together have at least
	/// [`MIN_UNRETURNED_SHARE`], so that a tenant who pays its own miner always loses.
	pub fn clamped(self) -> Self {
		let rest = Perbill::one().saturating_sub(self.burned);
		let lacks = MIN_UNRETURNED_SHARE.saturating_sub(self.burned);
		let validators = self.validators.min(rest.saturating_sub(lacks));
		let treasury = self.treasury.min(rest.saturating_sub(validators));
		let burned = self.burned.max(MIN_UNRETURNED_SHARE.saturating_sub(treasury));
		Self { validators, treasury, burned }
	}
}

/// The parts into which a payment is divided.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct Split {
	pub miner: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	pub burned: Balance,
}

/// Divides a payment. The shares of validators and treasury are rounded down, the burn is rounded
/// up, and the miner receives the rest.
///
/// Treasury and burn together are therefore never less than the rounded-down sum of their shares,
/// even for tiny payments. The bonus that a miner earns on a payment stays below that sum.
pub fn split(amount: Balance, shares: &Shares) -> Split {
	let shares = shares.clamped();
	let validators = shares.validators.mul_floor(amount);
	let treasury = shares.treasury.mul_floor(amount);
	let burned = shares.burned.mul_ceil(amount);
	// The sum cannot exceed the amount: two parts are rounded down and one is rounded up.
	let others = validators.saturating_add(treasury).saturating_add(burned);
	Split { miner: amount.saturating_sub(others), validators, treasury, burned }
}
