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

mod impls;
mod try_state;
mod types;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::*;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Balanced, Inspect},
	};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::units::Balance;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The native token.
		type NativeBalance: Balanced<AccountIdOf<Self>, Balance = Balance>
			+ Inspect<AccountIdOf<Self>, Balance = Balance>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The total issuance when the chain started.
	#[pallet::storage]
	pub type Initial<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// The amount of α that was minted since the chain started.
	#[pallet::storage]
	pub type Minted<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// The amount of α that was burned since the chain started.
	///
	/// It contains the burned share of payments, slashes that no account receives, lost deposits,
	/// and fees of blocks without an author. It also contains balances that were too small to keep
	/// an account alive.
	#[pallet::storage]
	pub type Burned<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// Records the total issuance at genesis. The genesis of the balances must be built first.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		#[serde(skip)]
		pub _marker: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			Initial::<T>::put(T::NativeBalance::total_issuance());
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns the initial, minted and burned amounts.
		pub fn issuance() -> Issuance {
			Issuance {
				initial: Initial::<T>::get(),
				minted: Minted::<T>::get(),
				burned: Burned::<T>::get(),
			}
		}
	}
}
