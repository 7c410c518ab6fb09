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
pub mod score;
mod types;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use score::{Rules, Score};
pub use types::*;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{ChipHash, Conduct, Tier};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// What governance sets.
		type Rules: Get<Rules>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What each chip is known for. It outlives miners and accounts: a chip is what it did.
	// Hashed with Blake2: whoever registers a chip chooses the hash that it claims.
	#[pallet::storage]
	pub type Records<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, Record, OptionQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A chip's conduct at challenge `seq` changed its score, in thousandths, from `before` to `after`.
		ScoreChanged { chip: ChipHash, seq: u64, conduct: Conduct, before: u16, after: u16 },
		/// A verdict was proven false: what it had changed is taken back.
		Undone { chip: ChipHash, seq: u64, before: u16, after: u16 },
		/// A chip belongs to another tier now.
		TierChanged { chip: ChipHash, before: Tier, after: Tier },
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
		/// The rules in force, every value within its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// What a chip is known for: its score in thousandths, its strikes, its last verdicts. None before its first challenge.
		pub fn record(chip: ChipHash) -> Option<Record> {
			Records::<T>::get(chip)
		}

		/// The tier of a chip, as the rules in force have it.
		pub fn tier_of(chip: ChipHash) -> Tier {
			Self::score_of(&chip).tier(&Self::rules())
		}
	}
}
