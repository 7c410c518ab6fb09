//! Weights of the calls and hooks of `pallet-attestation`.
//!
//! Not measured yet: upper bounds reckoned from the storage that each touches, and from a hash of 1 GiB in 8 s in wasm. `make weights` is to
//! write the measured file over this one.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weight of each call and of the parts of the hooks.
pub trait WeightInfo {
	/// With so many bytes of a measurement log.
	fn submit_evidence(log: u32) -> Weight;
	/// One tick with so many challenges due.
	fn keep_deadlines(due: u32) -> Weight;
	/// One challenge.
	fn challenge() -> Weight;
	/// A draw that finds nobody.
	fn draw() -> Weight;
	/// What a verdict causes.
	fn conclude() -> Weight;
}

fn submit_evidence(log: u32, db: RuntimeDbWeight) -> Weight {
	// The log is decoded and hashed twice.
	Weight::from_parts(300_000_000, 0)
		.saturating_add(Weight::from_parts(20_000, 0).saturating_mul(log.into()))
		.saturating_add(db.reads_writes(14, 4))
}

fn keep_deadlines(due: u32, db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(5_000_000, 0)
		.saturating_add(db.reads_writes(2, 2))
		.saturating_add(conclude(db).saturating_mul(due.into()))
}

fn challenge(db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(40_000_000, 0).saturating_add(db.reads_writes(4, 2))
}

fn draw(db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(20_000_000, 0).saturating_add(db.reads_writes(8, 1))
}

fn conclude(db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(80_000_000, 0).saturating_add(db.reads_writes(10, 10))
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn submit_evidence(log: u32) -> Weight {
		submit_evidence(log, T::DbWeight::get())
	}
	fn keep_deadlines(due: u32) -> Weight {
		keep_deadlines(due, T::DbWeight::get())
	}
	fn challenge() -> Weight {
		challenge(T::DbWeight::get())
	}
	fn draw() -> Weight {
		draw(T::DbWeight::get())
	}
	fn conclude() -> Weight {
		conclude(T::DbWeight::get())
	}
}

/// For mocks.
impl WeightInfo for () {
	fn submit_evidence(log: u32) -> Weight {
		submit_evidence(log, ParityDbWeight::get())
	}
	fn keep_deadlines(due: u32) -> Weight {
		keep_deadlines(due, ParityDbWeight::get())
	}
	fn challenge() -> Weight {
		challenge(ParityDbWeight::get())
	}
	fn draw() -> Weight {
		draw(ParityDbWeight::get())
	}
	fn conclude() -> Weight {
		conclude(ParityDbWeight::get())
	}
}
