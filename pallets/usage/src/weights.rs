//! Weights of the calls of `pallet_usage`: reckoned until `make weights` has measured them.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	/// So many receipts.
	fn tell(receipts: u32) -> Weight;
}

/// Reckoned from what is read and written, and a signature for each.
fn told(db: RuntimeDbWeight, receipts: u32) -> Weight {
	let each = Weight::from_parts(120_000_000, 6_000).saturating_add(db.reads_writes(3, 1));
	Weight::from_parts(20_000_000, 6_000)
		.saturating_add(db.reads(4))
		.saturating_add(each.saturating_mul(receipts.into()))
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn tell(receipts: u32) -> Weight {
		told(T::DbWeight::get(), receipts)
	}
}

/// For tests.
impl WeightInfo for () {
	fn tell(receipts: u32) -> Weight {
		told(ParityDbWeight::get(), receipts)
	}
}
