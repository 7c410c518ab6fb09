//! Weights of the calls of `pallet_emission`: reckoned until `make weights` has measured them.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn claim() -> Weight;
	fn close_era() -> Weight;
	/// So many rows of an era that nobody has claimed.
	fn forget(rows: u32) -> Weight;
}

/// Reckoned from what is read and written.
fn reckoned(db: RuntimeDbWeight, micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(2_600))
		.saturating_add(db.reads_writes(reads, writes))
}

fn forgotten(db: RuntimeDbWeight, rows: u32) -> Weight {
	let row = reckoned(db, 5, 1, 1).saturating_mul(rows.into());
	reckoned(db, 30, 4, 3).saturating_add(row)
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn claim() -> Weight {
		reckoned(T::DbWeight::get(), 80, 6, 5)
	}
	fn close_era() -> Weight {
		reckoned(T::DbWeight::get(), 120, 8, 6)
	}
	fn forget(rows: u32) -> Weight {
		forgotten(T::DbWeight::get(), rows)
	}
}

/// For tests.
impl WeightInfo for () {
	fn claim() -> Weight {
		reckoned(ParityDbWeight::get(), 80, 6, 5)
	}
	fn close_era() -> Weight {
		reckoned(ParityDbWeight::get(), 120, 8, 6)
	}
	fn forget(rows: u32) -> Weight {
		forgotten(ParityDbWeight::get(), rows)
	}
}
