//! Weights of the calls of `pallet_compensation`, measured by `make weights`.
//!
//! 2026-11-26, AMD EPYC, steps 50, repeat 20; wasm, 1024 MiB of database cache.

#![allow(unused_parens, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn give(n: u32) -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Compensation::Cases` (r:1 w:1)
	/// Proof: `Compensation::Cases` (`max_values`: None, `max_size`: Some(109), added: 2584, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Compensation::TenantPayments` (r:33 w:32)
	/// Proof: `Compensation::TenantPayments` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:33 w:33)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Issuance::Burned` (r:1 w:1)
	/// Proof: `Issuance::Burned` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	fn give(n: u32) -> Weight {
		Weight::from_parts(46_436_536, 3593)
			.saturating_add(Weight::from_parts(49_774_045, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 3))
			.saturating_add(T::DbWeight::get().reads(2).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(2).saturating_mul(n.into()))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn give(n: u32) -> Weight {
		Weight::from_parts(46_436_536, 3593)
			.saturating_add(Weight::from_parts(49_774_045, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(5, 3))
			.saturating_add(ParityDbWeight::get().reads(2).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().writes(2).saturating_mul(n.into()))
	}
}
