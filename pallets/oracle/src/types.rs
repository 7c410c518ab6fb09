use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{Price, Tick};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::Saturating, Debug, Perbill};

use crate::market::HOURS;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Report`] with the chain's types.
pub type ReportOf<T> = Report<AccountIdOf<T>, BlockNumberFor<T>>;

/// Maximum number of feeders.
pub const MAX_FEEDERS: u32 = 100;

/// The rules that governance sets. Times are in ticks unless stated otherwise.
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
	/// The time between two prices.
	pub interval: Tick,
	/// The maximum age of a report's block, in blocks.
	pub max_age: u32,
	/// The minimum price that can be reported.
	pub floor: Price,
	/// The maximum price that can be reported.
	pub ceiling: Price,
	/// The distance from the median, as a part of the median. More than half of the reports must
	/// lie within this distance.
	pub band: Perbill,
	/// The limit for absurd reports. An absurd report differs from the median by more than this
	/// part of the larger value.
	pub absurd: Perbill,
	/// The part of its bond that a feeder loses for an absurd report.
	pub slash: Perbill,
	/// The part by which the price can change within a day.
	pub daily: Perbill,
	/// The time for which a price is valid for new orders.
	pub fresh: Tick,
	/// The time for which a price is valid for running VMs.
	pub grace: Tick,
}

impl Rules {
	/// Returns the rules with every value within its bounds. With these bounds, a report in the
	/// band is never absurd, and a price is valid for running VMs for at least as long as for new
	/// orders.
	pub fn clamped(self) -> Self {
		let interval = self.interval.clamp(5, 600);
		let fresh = self.fresh.clamp(interval.saturating_mul(2), 14_400);
		let floor = self.floor.clamp(1, Price::MAX / 4);
		let band = self.band.clamp(Perbill::from_percent(1), Perbill::from_percent(30));
		Self {
			interval,
			max_age: self.max_age.clamp(10, 600),
			floor,
			ceiling: self.ceiling.clamp(floor, Price::MAX / 4),
			band,
			absurd: self
				.absurd
				.clamp(band.saturating_add(Perbill::from_percent(10)), Perbill::from_percent(99)),
			slash: self.slash.min(Perbill::from_percent(20)),
			daily: self.daily.clamp(Perbill::from_percent(5), Perbill::from_percent(90)),
			fresh,
			grace: self.grace.clamp(fresh, 14_400 * 7),
		}
	}
}

/// The report of a feeder.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Report<AccountId, BlockNumber> {
	pub feeder: AccountId,
	pub price: Price,
	/// The block at which the feeder saw the price.
	pub block: BlockNumber,
}

/// The current price.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Rate {
	/// The price in 10⁻⁹ USD for one α.
	pub price: Price,
	/// The tick at which the price was made.
	pub at: Tick,
	/// The median, if it is outside the daily limit. New orders are not accepted then.
	pub beyond: Option<Price>,
	/// An exponential mean over a day, for explorers.
	pub mean: Price,
	/// The hourly prices of the last day, oldest first.
	pub hourly: BoundedVec<Price, ConstU32<HOURS>>,
	/// The tick at which the newest hourly price was stored.
	pub hour: Tick,
}
