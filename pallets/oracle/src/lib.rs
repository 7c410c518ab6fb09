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
	use hcc_primitives::{ActiveValidators, Oracle, Tick, TickSource, ValidatorSlasher};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The validators that report prices.
		type Feeders: ActiveValidators<AccountIdOf<Self>>;

		/// Fines feeders whose reports are absurd.
		type ValidatorSlasher: ValidatorSlasher<AccountIdOf<Self>>;

		/// The rules that governance sets.
		type Rules: Get<Rules>;

		/// The source of the current tick.
		type TickSource: TickSource;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// The setup of other pallets for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The last report of each feeder.
	#[pallet::storage]
	pub type Reports<T: Config> =
		StorageValue<_, BoundedVec<ReportOf<T>, ConstU32<MAX_FEEDERS>>, ValueQuery>;

	/// The current price. `None` until the first price is made.
	#[pallet::storage]
	pub type CurrentRate<T: Config> = StorageValue<_, Rate, OptionQuery>;

	/// The block in which the current price was made.
	#[pallet::storage]
	pub type RateBlock<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The earliest tick at which the next price is made.
	#[pallet::storage]
	pub type NextRate<T: Config> = StorageValue<_, Tick, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A feeder reported the value of one α at `block`: `price` in 10⁻⁹ USD.
		Reported { feeder: AccountIdOf<T>, price: Price, block: BlockNumberFor<T> },
		/// A price was made from `reports` reports, in 10⁻⁹ USD for one α.
		RateSet { price: Price, reports: u32 },
		/// The median is outside the daily limit. The price moved only to the limit, and new orders
		/// are not accepted.
		RateLimited { price: Price, median: Price, reports: u32 },
		/// No price was made: there are fewer than `needed` reports, or too few of the reports
		/// agree. The last price remains in force until it is stale.
		NoRate { reports: u32, needed: u32 },
		/// A feeder's report was too far from the median. The feeder loses a part of its bond.
		Absurd { feeder: AccountIdOf<T>, price: Price, median: Price },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The named validator is not active, or the account is not its worker key.
		NotAFeeder,
		/// The price is below [`Rules::floor`] or above [`Rules::ceiling`].
		OutOfBounds,
		/// The block is in the future, or is more than [`Rules::max_age`] blocks old.
		BadBlock,
		/// The feeder has already reported for that block or a later one. No action is necessary.
		NotNewer,
		/// The feeder's last report is too recent. Report again in a few blocks.
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
		/// Returns the current rules, with every value clamped to its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// Returns the current price as it was made. It may be stale.
		pub fn rate() -> Option<Rate> {
			CurrentRate::<T>::get()
		}

		/// Returns the price for new orders, in 10⁻⁹ USD for one α. Returns `None` if it is stale
		/// or outside the daily limit.
		pub fn price_for_orders() -> Option<Price> {
			<Self as Oracle>::for_orders()
		}

		/// Returns the price for running VMs, in 10⁻⁹ USD for one α. Returns `None` if it is stale.
		pub fn price_for_leases() -> Option<Price> {
			<Self as Oracle>::for_leases()
		}

		/// Returns the last report of each feeder.
		pub fn reports() -> alloc::vec::Vec<ReportOf<T>> {
			Reports::<T>::get().into_inner()
		}
	}

	extern crate alloc;

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Reports the value of one α at `block`: `price` in 10⁻⁹ USD. The call is free.
		///
		/// `Signed` by the worker key of `validator`, which must be active. A feeder can report at
		/// most about twice in an interval.
		///
		/// ## Errors
		/// [`Error::NotAFeeder`], [`Error::OutOfBounds`], [`Error::BadBlock`], [`Error::NotNewer`],
		/// [`Error::TooSoon`].
		///
		/// ## Events
		/// [`Event::Reported`].
		#[pallet::call_index(0)]
		#[pallet::weight((<T as Config>::WeightInfo::report(), DispatchClass::Operational))]
		pub fn report(
			origin: OriginFor<T>,
			validator: AccountIdOf<T>,
			#[pallet::compact] price: Price,
			#[pallet::compact] block: BlockNumberFor<T>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_report(&who, validator, price, block)?;
			Ok(Pays::No.into())
		}
	}
}
