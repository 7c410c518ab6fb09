//! Weights of the calls of `pallet-validators`.
//!
//! Not measured yet: upper bounds reckoned from the storage that each call touches, at the largest number of candidates. `make weights`
//! is to write the measured file over this one.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn join() -> Weight;
	fn bond_more() -> Weight;
	fn set_worker() -> Weight;
	fn leave() -> Weight;
	fn withdraw() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn join() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(6, 4))
	}
	fn bond_more() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	fn set_worker() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 3))
	}
	fn leave() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(3, 4))
	}
	fn withdraw() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(4, 3))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn join() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(ParityDbWeight::get().reads_writes(6, 4))
	}
	fn bond_more() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(ParityDbWeight::get().reads_writes(2, 2))
	}
	fn set_worker() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(ParityDbWeight::get().reads_writes(2, 3))
	}
	fn leave() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(ParityDbWeight::get().reads_writes(3, 4))
	}
	fn withdraw() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(ParityDbWeight::get().reads_writes(4, 3))
	}
}
