#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod benchmarking;
mod impls;
pub mod market;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use hcc_primitives::Price;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::{pallet_prelude::*, weights::WeightMeter};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{ActiveValidators, Oracle, Slashes, Tick, Ticks};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Who reports prices.
		type Feeders: ActiveValidators<AccountIdOf<Self>>;

		/// Punishes those who report what is absurd.
		type Slashes: Slashes<AccountIdOf<Self>>;

		/// What governance sets.
		type Rules: Get<Rules>;

		/// The clock.
		type Ticks: Ticks;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The last report of each feeder.
	#[pallet::storage]
	pub type Reports<T: Config> =
		StorageValue<_, BoundedVec<ReportOf<T>, ConstU32<MAX_FEEDERS>>, ValueQuery>;

	/// The price in force; none before there was one.
	#[pallet::storage]
	pub type CurrentRate<T: Config> = StorageValue<_, Rate, OptionQuery>;

	/// The block in which the price in force was made.
	#[pallet::storage]
	pub type RateBlock<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The tick from which on a price is made of the reports.
	#[pallet::storage]
	pub type NextRate<T: Config> = StorageValue<_, Tick, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A feeder reports what one α was worth at `block`: `price` in 10⁻⁹ USD.
		Reported { feeder: AccountIdOf<T>, price: Price, block: BlockNumberFor<T> },
		/// The price in force is made of that many reports, in 10⁻⁹ USD for one α.
		RateSet { price: Price, reports: u32 },
		/// The reports came to `median`, which is more than a day may change: the price goes as far as it may, and nothing new is begun at it.
		RateLimited { price: Price, median: Price, reports: u32 },
		/// No price could be made: of `needed` reports there were `reports`, or too few of them agree. The last one stays for as long as it holds.
		NoRate { reports: u32, needed: u32 },
		/// A feeder's report was so far from the median that it loses a part of its bond.
		Absurd { feeder: AccountIdOf<T>, price: Price, median: Price },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account signs for no feeder in office.
		NotAFeeder,
		/// The price is below [`Rules::floor`] or above [`Rules::ceiling`].
		OutOfBounds,
		/// The block is not of this chain's past, or is older than [`Rules::max_age`].
		BadBlock,
		/// The feeder has reported for that block or a later one. Nothing need be done.
		NotNewer,
		/// The feeder's last report is of this interval. Report again in a few blocks.
		TooSoon,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::make_rate(now, meter);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The rules in force, every value within its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// The price in force, as it was made: it may hold no more.
		pub fn rate() -> Option<Rate> {
			CurrentRate::<T>::get()
		}

		/// The price at which something new is begun now, in 10⁻⁹ USD for one α; none where there is no fresh one.
		pub fn price_for_orders() -> Option<Price> {
			<Self as Oracle>::for_orders()
		}

		/// The price at which what runs is paid now, in 10⁻⁹ USD for one α; none where the last one is too old.
		pub fn price_for_leases() -> Option<Price> {
			<Self as Oracle>::for_leases()
		}

		/// The last report of each feeder.
		pub fn reports() -> alloc::vec::Vec<ReportOf<T>> {
			Reports::<T>::get().into_inner()
		}
	}

	extern crate alloc;

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Reports what one α was worth when the feeder saw `block`: `price` in 10⁻⁹ USD. Free.
		///
		/// ## Dispatch Origin
		/// `Signed` by a feeder's worker, once an interval.
		///
		/// ## Errors
		/// [`Error::NotAFeeder`], [`Error::OutOfBounds`], [`Error::BadBlock`], [`Error::NotNewer`], [`Error::TooSoon`].
		///
		/// ## Events
		/// [`Event::Reported`].
		#[pallet::call_index(0)]
		#[pallet::weight((<T as Config>::WeightInfo::report(), DispatchClass::Operational))]
		pub fn report(
			origin: OriginFor<T>,
			#[pallet::compact] price: Price,
			#[pallet::compact] block: BlockNumberFor<T>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_report(&who, price, block)?;
			Ok(Pays::No.into())
		}
	}
}
