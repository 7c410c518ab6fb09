//! Weights of the calls of `pallet_oracle`: reckoned until `make weights` has measured them.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn report() -> Weight;
	fn make_rate() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn report() -> Weight {
		Weight::from_parts(60_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(6, 2))
	}
	fn make_rate() -> Weight {
		// A hundred feeders, of whom nearly half are slashed.
		Weight::from_parts(5_000_000_000, 300_000)
			.saturating_add(T::DbWeight::get().reads_writes(260, 210))
	}
}

/// For tests.
impl WeightInfo for () {
	fn report() -> Weight {
		Weight::from_parts(60_000_000, 8_000)
			.saturating_add(ParityDbWeight::get().reads_writes(6, 2))
	}
	fn make_rate() -> Weight {
		Weight::from_parts(5_000_000_000, 300_000)
			.saturating_add(ParityDbWeight::get().reads_writes(260, 210))
	}
}
