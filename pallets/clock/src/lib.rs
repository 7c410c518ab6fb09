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
mod benchmarking;
mod impls;
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::{pallet_prelude::*, weights::WeightMeter};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{ActiveValidators, PaidSlots, Tick, MAX_VALIDATORS};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The validators whose statements count.
		type Validators: ActiveValidators<AccountIdOf<Self>>;

		/// Returns `true` while the clock must stop, regardless of finality.
		type Paused: Get<bool>;

		/// Returns the slot of this block.
		type Slot: Get<u64>;

		/// Maximum number of blocks by which the finalised number may lag before the clock stops.
		#[pallet::constant]
		type MaxFinalityLag: Get<u32>;

		/// Number of blocks after which a statement of the same validator is free of charge again.
		#[pallet::constant]
		type StatementInterval: Get<u32>;

		/// The weight of advancing the clock by one tick.
		type WeightInfo: WeightInfo;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The current tick.
	#[pallet::storage]
	pub type CurrentTick<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// The number of paid slots so far.
	#[pallet::storage]
	pub type PaidUntil<T: Config> = StorageValue<_, PaidSlots, ValueQuery>;

	/// The slot of the last tick.
	#[pallet::storage]
	pub type LastSlot<T: Config> = StorageValue<_, u64, OptionQuery>;

	/// The highest block that more than two thirds of the active validators have seen finalised.
	/// Zero until more than two thirds of them have stated a block.
	#[pallet::storage]
	pub type FinalisedSeen<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The last statement of each active validator.
	#[pallet::storage]
	pub type Statements<T: Config> =
		StorageValue<_, BoundedVec<StatementOf<T>, ConstU32<MAX_VALIDATORS>>, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// More than two thirds of the active validators have seen block `number` finalised.
		FinalisedSeen { number: BlockNumberFor<T> },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The stated block is not in the past, or is older than the block that the validator
		/// stated last. State the last finalised block.
		BadStatement,
		/// The account is not an active validator. Wait until it is elected.
		NotInOffice,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::StatementInterval::get() >= 1, "the statement interval must not be zero");
			assert!(
				T::StatementInterval::get() < T::MaxFinalityLag::get(),
				"the clock would stop between statements"
			);
		}

		fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::advance(now, meter);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns the current tick.
		pub fn tick() -> Tick {
			CurrentTick::<T>::get()
		}

		/// Returns the number of paid slots so far, from which charges are computed.
		pub fn paid() -> PaidSlots {
			PaidUntil::<T>::get()
		}
	}
}
