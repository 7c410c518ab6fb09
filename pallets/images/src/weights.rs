//! Weights of the calls of `pallet_images`. Estimates until `make weights` measures them.

#![allow(unused_parens, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn register() -> Weight;
	fn remove() -> Weight;
	fn set_locations() -> Weight;
	fn endorse() -> Weight;
	fn withdraw_endorsement() -> Weight;
	fn state_rebuild() -> Weight;
	fn remove_rebuild() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Images::Images` (r:1 w:1)
	/// Proof: `Images::Images` (`max_values`: None, `max_size`: Some(2250), added: 4725, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn register() -> Weight {
		Weight::from_parts(90_000_000, 6124).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Images::Images` (r:1 w:1)
	/// Proof: `Images::Images` (`max_values`: None, `max_size`: Some(2250), added: 4725, mode: `MaxEncodedLen`)
	/// Storage: `Images::Rebuilds` (r:1 w:1)
	/// Proof: `Images::Rebuilds` (`max_values`: None, `max_size`: Some(2338), added: 4813, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:17 w:17)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:17 w:17)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn remove() -> Weight {
		Weight::from_parts(1_450_000_000, 90000)
			.saturating_add(T::DbWeight::get().reads_writes(36, 36))
	}
	/// Storage: `Images::Images` (r:1 w:1)
	/// Proof: `Images::Images` (`max_values`: None, `max_size`: Some(2250), added: 4725, mode: `MaxEncodedLen`)
	fn set_locations() -> Weight {
		Weight::from_parts(40_000_000, 5000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `Images::Images` (r:1 w:1)
	/// Proof: `Images::Images` (`max_values`: None, `max_size`: Some(2250), added: 4725, mode: `MaxEncodedLen`)
	fn endorse() -> Weight {
		Weight::from_parts(36_000_000, 5000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `Images::Images` (r:1 w:1)
	/// Proof: `Images::Images` (`max_values`: None, `max_size`: Some(2250), added: 4725, mode: `MaxEncodedLen`)
	fn withdraw_endorsement() -> Weight {
		Weight::from_parts(36_000_000, 5000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `Images::Images` (r:1 w:0)
	/// Proof: `Images::Images` (`max_values`: None, `max_size`: Some(2250), added: 4725, mode: `MaxEncodedLen`)
	/// Storage: `Images::Rebuilds` (r:1 w:1)
	/// Proof: `Images::Rebuilds` (`max_values`: None, `max_size`: Some(2338), added: 4813, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn state_rebuild() -> Weight {
		Weight::from_parts(190_000_000, 6124).saturating_add(T::DbWeight::get().reads_writes(5, 3))
	}
	/// Storage: `Images::Rebuilds` (r:1 w:1)
	/// Proof: `Images::Rebuilds` (`max_values`: None, `max_size`: Some(2338), added: 4813, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn remove_rebuild() -> Weight {
		Weight::from_parts(90_000_000, 6124).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn register() -> Weight {
		Weight::from_parts(90_000_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn remove() -> Weight {
		Weight::from_parts(1_450_000_000, 90000)
			.saturating_add(ParityDbWeight::get().reads_writes(36, 36))
	}
	fn set_locations() -> Weight {
		Weight::from_parts(40_000_000, 5000)
			.saturating_add(ParityDbWeight::get().reads_writes(1, 1))
	}
	fn endorse() -> Weight {
		Weight::from_parts(36_000_000, 5000)
			.saturating_add(ParityDbWeight::get().reads_writes(1, 1))
	}
	fn withdraw_endorsement() -> Weight {
		Weight::from_parts(36_000_000, 5000)
			.saturating_add(ParityDbWeight::get().reads_writes(1, 1))
	}
	fn state_rebuild() -> Weight {
		Weight::from_parts(190_000_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(5, 3))
	}
	fn remove_rebuild() -> Weight {
		Weight::from_parts(90_000_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
}
