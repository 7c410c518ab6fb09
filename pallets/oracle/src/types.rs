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
/// [`Report`] in the chain's units.
pub type ReportOf<T> = Report<AccountIdOf<T>, BlockNumberFor<T>>;

/// The most feeders.
pub const MAX_FEEDERS: u32 = 100;

/// What governance sets. Times are in ticks.
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
	/// How often a price is made of the reports.
	pub interval: Tick,
	/// How old the block may be for which a report was made, in blocks.
	pub max_age: u32,
	/// The least price that can be reported.
	pub floor: Price,
	/// The highest.
	pub ceiling: Price,
	/// Within which part of the median more than half of the reports must lie.
	pub band: Perbill,
	/// The part of the larger by which a report and the median differ where the report is absurd.
	pub absurd: Perbill,
	/// The part of its bond that an absurd report costs.
	pub slash: Perbill,
	/// By which part the price may change within a day.
	pub daily: Perbill,
	/// How long a price holds for new orders.
	pub fresh: Tick,
	/// How long a price holds for what runs.
	pub grace: Tick,
}

impl Rules {
	/// Every value within its bounds: a report is absurd only where it lies outside of the band, and what runs has a price for longer than what is new.
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

/// What a feeder has seen.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Report<AccountId, BlockNumber> {
	pub feeder: AccountId,
	pub price: Price,
	/// The block for which it was seen.
	pub block: BlockNumber,
}

/// The price that is in force.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Rate {
	/// USD for one α, in 10⁻⁹.
	pub price: Price,
	/// When it was made.
	pub at: Tick,
	/// What the reports came to, where that is more than a day may change: then nothing new is begun at this price.
	pub beyond: Option<Price>,
	/// The mean over a day, for explorers.
	pub mean: Price,
	/// The prices of the last hours, oldest first.
	pub hourly: BoundedVec<Price, ConstU32<HOURS>>,
	/// When the newest of them was taken down.
	pub hour: Tick,
}
