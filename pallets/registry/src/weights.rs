//! Weights of the calls of `pallet-registry`.
//!
//! Not measured yet: upper bounds reckoned from the storage that each call touches and from the evidence crate's benchmarks, five times
//! slower in wasm. `make weights` is to write the measured file over this one.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn register() -> Weight;
	fn bond_more() -> Weight;
	fn set_hot() -> Weight;
	fn set_offer() -> Weight;
	fn add_chip() -> Weight;
	fn remove_chip() -> Weight;
	fn enrol_tpm() -> Weight;
	fn post_credential() -> Weight;
	fn answer_credentials() -> Weight;
	fn reveal_seed() -> Weight;
	fn exit() -> Weight;
	fn withdraw() -> Weight;
}

/// A call that computes for so many microseconds, beside its storage.
fn micros(micros: u64, db: RuntimeDbWeight, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), 0)
		.saturating_add(db.reads_writes(reads, writes))
}

macro_rules! weights {
	($($call:ident: $micros:literal, $reads:literal, $writes:literal;)+) => {
		/// For the runtime.
		pub struct SubstrateWeight<T>(PhantomData<T>);
		impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
			$(fn $call() -> Weight {
				micros($micros, T::DbWeight::get(), $reads, $writes)
			})+
		}

		/// For mocks.
		impl WeightInfo for () {
			$(fn $call() -> Weight {
				micros($micros, ParityDbWeight::get(), $reads, $writes)
			})+
		}
	};
}

weights! {
	register: 100, 4, 4;
	bond_more: 100, 3, 3;
	set_hot: 50, 3, 3;
	set_offer: 50, 2, 1;
	add_chip: 100, 8, 8;
	remove_chip: 200, 12, 12;
	enrol_tpm: 40_000, 8, 1;
	post_credential: 100, 4, 1;
	answer_credentials: 100, 4, 1;
	reveal_seed: 6_000, 20, 20;
	exit: 400, 24, 24;
	withdraw: 100, 4, 3;
}
