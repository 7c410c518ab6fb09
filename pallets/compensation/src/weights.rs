//! Weights of what `pallet_compensation` does by itself: reckoned until `make weights` has measured them.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weight of each step.
pub trait WeightInfo {
	/// So many tenants are given their parts.
	fn give(n: u32) -> Weight;
}

/// Reckoned from what is read and written.
fn given(db: RuntimeDbWeight, tenants: u32) -> Weight {
	let each = Weight::from_parts(60_000_000, 6_000).saturating_add(db.reads_writes(3, 2));
	Weight::from_parts(60_000_000, 12_000)
		.saturating_add(db.reads_writes(5, 4))
		.saturating_add(each.saturating_mul(tenants.into()))
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn give(n: u32) -> Weight {
		given(T::DbWeight::get(), n)
	}
}

/// For tests.
impl WeightInfo for () {
	fn give(n: u32) -> Weight {
		given(ParityDbWeight::get(), n)
	}
}
