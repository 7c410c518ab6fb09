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
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod benchmarking;
mod impls;
mod payout;
pub mod share;
mod state;
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
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Balanced, Credit, Mutate},
			OnUnbalanced,
		},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{units::Balance, ChipHash, IntervalIndex, Liveness, Tick, Ticks};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The native token.
		type NativeBalance: Balanced<AccountIdOf<Self>, Balance = Balance>
			+ Mutate<AccountIdOf<Self>, Balance = Balance>;

		/// Counts what is burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// What governance sets.
		type Rules: Get<Rules>;

		/// The clock.
		type Ticks: Ticks;

		/// Knows the billing intervals.
		type Liveness: Liveness;

		/// The weights of what is done by itself.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The chips whose miners are to lose a part of their bonds, or have just lost it.
	// Hashed with Blake2: whoever registers a chip chooses the hash that it claims.
	#[pallet::storage]
	pub type Cases<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, Case, OptionQuery>;

	/// What each tenant has paid for the intervals that a case is about.
	// Hashed with Blake2: both are chosen by others.
	#[pallet::storage]
	pub type Claims<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		ChipHash,
		Blake2_128Concat,
		AccountIdOf<T>,
		Balance,
		OptionQuery,
	>;

	/// The cases that end at a tick.
	// Hashed with Twox and Blake2: ticks are not chosen by anybody, chips are.
	#[pallet::storage]
	pub type Ends<T: Config> =
		StorageDoubleMap<_, Twox64Concat, Tick, Blake2_128Concat, ChipHash, (), OptionQuery>;

	/// The last tick whose cases have ended.
	#[pallet::storage]
	pub type EndedUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A chip's miner is to lose a part of its bond: who pays for the chip's work from interval `first` to `last` may have some of it.
		CaseOpened { chip: ChipHash, first: IntervalIndex, last: IntervalIndex },
		/// A tenant that has paid `paid` for those intervals is given `amount`.
		Compensated { chip: ChipHash, tenant: AccountIdOf<T>, paid: Balance, amount: Balance },
		/// A case is over: of the `pot` that the miner has lost, tenants were `given` so much, and the rest was burned.
		CaseClosed { chip: ChipHash, pot: Balance, given: Balance, burned: Balance },
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::end_due(meter);
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

		/// What is about to be divided between a chip's tenants.
		pub fn case_of(chip: ChipHash) -> Option<Case> {
			Cases::<T>::get(chip)
		}

		/// What a tenant has paid for the intervals that it is about.
		pub fn claim_of(chip: ChipHash, tenant: AccountIdOf<T>) -> Balance {
			Claims::<T>::get(chip, tenant).unwrap_or_default()
		}
	}
}
