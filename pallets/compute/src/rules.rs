use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::Get;
use hcc_primitives::{units::Balance, SettlementShares, Tick};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::Saturating, Debug, Perbill};

use crate::{
	price::{List, Shares},
	types::ROUNDS,
};

/// The rules that governance sets. Times are in ticks, and amounts in 10⁻⁶ USD unless stated
/// otherwise.
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
	pub list: List,
	/// The price of a boot.
	pub boot_fee: u32,
	/// The minimum price of a boot, in the smallest units of α. It covers the miner's transaction
	/// fees for the boot.
	pub least_fee: Balance,
	pub shares: Shares,
	/// The time during which the chain searches for a miner.
	pub placement: Tick,
	/// The time within which a miner has to begin a boot.
	pub acceptance: Tick,
	/// The time within which a boot has to be confirmed, from its beginning.
	pub boot: Tick,
	/// The maximum time for which a VM can be stopped.
	pub stopped: Tick,
	/// The rest of a miner that has missed a deadline: it receives no new VMs in this time.
	pub rest: Tick,
	/// The number of intervals that the escrow must cover when a VM is ordered or started; at least
	/// two.
	pub reserve: u8,
	/// The number of intervals that the escrow must cover to avoid a warning.
	pub warning: u8,
	/// The number of crashes of a VM that a miner can report in a day.
	pub crashes: u8,
	/// The number of consecutive lapsed intervals after which a VM is terminated.
	pub lost: u8,
}

impl Rules {
	/// Returns the rules with every value within its bounds. The bounds keep deadlines feasible,
	/// and ensure that the escrow covers all amounts that are due before the next review.
	pub fn clamped(self) -> Self {
		// With less than two, the first review would stop the VM.
		let reserve = self.reserve.clamp(2, 24);
		Self {
			shares: self.shares.clamped(),
			placement: self.placement.clamp(ROUNDS, 14_400),
			acceptance: self.acceptance.clamp(5, 600),
			boot: self.boot.clamp(10, 2_400),
			stopped: self.stopped.clamp(600, 1_000_000),
			rest: self.rest.min(14_400),
			reserve,
			warning: self.warning.clamp(reserve, 240),
			crashes: self.crashes.min(24),
			lost: self.lost.clamp(2, 240),
			..self
		}
	}
}

/// Reads the shares of settlements from rules `R`, so that emission depends on the rules only and
/// not on this pallet's state.
pub struct SharesOf<R>(core::marker::PhantomData<R>);

impl<R: Get<Rules>> SettlementShares for SharesOf<R> {
	fn lost() -> Perbill {
		let shares = R::get().clamped().shares;
		shares.treasury.saturating_add(shares.burned)
	}
}
