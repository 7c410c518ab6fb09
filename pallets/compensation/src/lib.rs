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
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Balanced, Credit, Mutate},
			OnUnbalanced,
		},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{units::Balance, ChipHash, IntervalIndex, Liveness, Tick, TickSource};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The native token.
		type NativeBalance: Balanced<AccountIdOf<Self>, Balance = Balance>
			+ Mutate<AccountIdOf<Self>, Balance = Balance>;

		/// Receives and counts the amounts that are burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// Rules that governance sets.
		type Rules: Get<Rules>;

		/// The clock of deadlines.
		type TickSource: TickSource;

		/// Source of the billing intervals.
		type Liveness: Liveness;

		/// Weights of the hooks.
		type WeightInfo: WeightInfo;

		/// State of other pallets that benchmarks set up.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Cases by chip, from the booking of a slash to the end of the case's payout.
	// Hashed with Blake2: the miner that registers a chip chooses the hash.
	#[pallet::storage]
	pub type Cases<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, Case, OptionQuery>;

	/// Amounts that tenants have paid for the intervals of a case.
	// Hashed with Blake2: accounts choose both keys.
	#[pallet::storage]
	pub type TenantPayments<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		ChipHash,
		Blake2_128Concat,
		AccountIdOf<T>,
		Balance,
		OptionQuery,
	>;

	/// Cases by the tick at which their payout begins.
	// Hashed with Twox and Blake2: no account chooses ticks, but miners choose chips.
	#[pallet::storage]
	pub type CaseDeadlines<T: Config> =
		StorageDoubleMap<_, Twox64Concat, Tick, Blake2_128Concat, ChipHash, (), OptionQuery>;

	/// The last tick whose due cases have all ended.
	#[pallet::storage]
	pub type EndedUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A case was opened for a chip whose miner will be slashed. Tenants that pay for intervals
		/// `first` to `last` on the chip may receive compensation.
		CaseOpened { chip: ChipHash, first: IntervalIndex, last: IntervalIndex },
		/// A tenant that paid `paid` for the intervals of a case received `amount`.
		Compensated { chip: ChipHash, tenant: AccountIdOf<T>, paid: Balance, amount: Balance },
		/// A case ended. Of the slashed amount `pot`, tenants received `given`, and the amount
		/// `burned` was burned.
		CaseClosed { chip: ChipHash, pot: Balance, given: Balance, burned: Balance },
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::pay_due_cases(meter);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns the current rules, each value clamped to its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// Returns the case of a chip, if there is one.
		pub fn case_of(chip: ChipHash) -> Option<Case> {
			Cases::<T>::get(chip)
		}

		/// Returns the amount that a tenant has paid for the intervals of a chip's case.
		pub fn payment_of(chip: ChipHash, tenant: AccountIdOf<T>) -> Balance {
			TenantPayments::<T>::get(chip, tenant).unwrap_or_default()
		}
	}
}
