//! Weights of the calls of `pallet-verdicts`.
//!
//! Not measured yet: upper bounds reckoned from the storage that each call touches. `make weights` is to write the measured file over this
//! one.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weight of each call and hook.
pub trait WeightInfo {
	/// With so many votes, beside what their verdicts cost.
	fn file(votes: u32) -> Weight;
	/// With so many subjects that close, beside what telling of them costs.
	fn advance(closing: u32) -> Weight;
}

fn file(votes: u32, db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(60_000_000, 0).saturating_add(db.reads_writes(6, 4)).saturating_add(
		Weight::from_parts(60_000_000, 0)
			.saturating_add(db.reads_writes(1, 1))
			.saturating_mul(votes.into()),
	)
}

fn advance(closing: u32, db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(10_000_000, 0).saturating_add(db.reads_writes(3, 2)).saturating_add(
		Weight::from_parts(20_000_000, 0)
			.saturating_add(db.reads_writes(1, 1))
			.saturating_mul(closing.into()),
	)
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn file(votes: u32) -> Weight {
		file(votes, T::DbWeight::get())
	}
	fn advance(closing: u32) -> Weight {
		advance(closing, T::DbWeight::get())
	}
}

/// For mocks.
impl WeightInfo for () {
	fn file(votes: u32) -> Weight {
		file(votes, ParityDbWeight::get())
	}
	fn advance(closing: u32) -> Weight {
		advance(closing, ParityDbWeight::get())
	}
}
