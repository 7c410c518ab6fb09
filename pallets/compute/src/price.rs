//! What VMs cost: pure arithmetic on whole numbers.
//!
//! Prices are in USD, payments in α. Between the two there is one division, at the very end, rounded down: what is lost to it stays with the tenant.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::{
	units::{Balance, HOURS},
	Price, Tick, LEAST_LOSS,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

use sp_runtime::{
	helpers_128bit::multiply_by_rational_with_rounding, traits::Saturating, Debug, Perbill,
	Rounding,
};

/// A price by the hour, in 10⁻⁶ USD ÷ [`RATE_PARTS`]: exact for every allotment, list price and ask.
pub type Rate = u128;
/// Parts of 10⁻⁶ USD that rates are told in: 1024 for memory by the MiB, a thousand for asks by the thousandth.
pub const RATE_PARTS: u128 = 1024 * 1000;

/// MiB of a GiB.
const MIB: u128 = 1024;
/// What one USD for one α is as [`Price`], times the smallest units of one α, over the 10⁻⁶ USD that rates are told in.
const UNITS: u128 = 1_000_000_000 * 1_000_000_000 / 1_000_000;

/// What a VM is given.
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
	/// In MiB.
	pub memory: u32,
	/// In GiB.
	pub disk: u32,
	/// How much it may send in an hour, in MiB.
	pub egress: u32,
}

impl Allotment {
	/// Whether it fits where `free` is free; what is sent is not kept count of.
	pub fn fits(&self, free: &Self) -> bool {
		self.vcpus <= free.vcpus && self.memory <= free.memory && self.disk <= free.disk
	}

	/// Its disk, without the rest.
	pub fn disk_alone(&self) -> Self {
		Self { disk: self.disk, ..Self::default() }
	}

	/// Both together.
	pub fn plus(&self, other: &Self) -> Self {
		Self {
			vcpus: self.vcpus.saturating_add(other.vcpus),
			memory: self.memory.saturating_add(other.memory),
			disk: self.disk.saturating_add(other.disk),
			egress: self.egress.saturating_add(other.egress),
		}
	}

	/// What is left without `other`.
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
	/// Of a virtual CPU.
	pub vcpu: u32,
	/// Of a GiB of memory.
	pub memory: u32,
	/// Of a GiB of disk.
	pub disk: u32,
	/// Of a GiB an hour that may be sent.
	pub egress: u32,
}

/// What an allotment costs at `ask` thousandths of the list prices. It cannot overflow: no factor has more than 32 bits.
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

/// A price of 10⁻⁶ USD an hour as a rate.
pub fn rate_of(price: u64) -> Rate {
	u128::from(price).saturating_mul(RATE_PARTS)
}

/// What so many ticks at that rate cost in the smallest units of α, rounded down; all there is where it is more than can be told. None at a price of zero.
pub fn cost(rate: Rate, ticks: Tick, price: Price) -> Option<Balance> {
	let hours = RATE_PARTS.saturating_mul(HOURS.into());
	let divisor = hours.saturating_mul(price.into());
	if divisor == 0 {
		return None;
	}
	let product = rate.saturating_mul(ticks.into());
	let cost = multiply_by_rational_with_rounding(product, UNITS, divisor, Rounding::Down);
	Some(cost.unwrap_or(Balance::MAX))
}

/// What 10⁻⁶ USD are in the smallest units of α, rounded down. None at a price of zero.
pub fn in_alpha(amount: u32, price: Price) -> Option<Balance> {
	cost(rate_of(amount.into()), HOURS, price)
}

/// Which parts of what is paid do not go to the miner.
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
	/// Together no more than the whole: what is too much is taken from the treasury's first, then from the validators'. Treasury and fire together have [`LEAST_LOSS`] at the least, or
	/// whoever buys from himself would lose nothing.
	pub fn clamped(self) -> Self {
		let rest = Perbill::one().saturating_sub(self.burned);
		let lacks = LEAST_LOSS.saturating_sub(self.burned);
		let validators = self.validators.min(rest.saturating_sub(lacks));
		let treasury = self.treasury.min(rest.saturating_sub(validators));
		let burned = self.burned.max(LEAST_LOSS.saturating_sub(treasury));
		Self { validators, treasury, burned }
	}
}

/// A payment, divided.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct Split {
	pub miner: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	pub burned: Balance,
}

/// Divides a payment: validators' and treasury's shares are rounded down, what is burned is rounded up, and the miner has the rest. So what treasury and fire have is never less than the
/// whole units of both shares together, however small a payment is: the bonus that a miner is owed on it stays below that.
pub fn split(amount: Balance, shares: &Shares) -> Split {
	let shares = shares.clamped();
	let validators = shares.validators.mul_floor(amount);
	let treasury = shares.treasury.mul_floor(amount);
	let burned = shares.burned.mul_ceil(amount);
	// They are no more than the whole: beside two that are rounded down one that is rounded up has room.
	let others = validators.saturating_add(treasury).saturating_add(burned);
	Split { miner: amount.saturating_sub(others), validators, treasury, burned }
}
