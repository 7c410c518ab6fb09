//! Weights of the calls of `pallet_reputation`, measured by `make weights`.
//!
//! 2026-11-23, , steps 50, repeat 20; wasm, 1024 MiB of database cache.

#![allow(unused_parens, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn make_slashes(n: u32) -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::SlashedUntil` (r:1 w:1)
	/// Proof: `Reputation::SlashedUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Due` (r:1 w:1)
	/// Proof: `Reputation::Due` (`max_values`: None, `max_size`: Some(16398), added: 18873, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:512 w:512)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:512 w:512)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:512 w:512)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:512 w:512)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn make_slashes(n: u32) -> Weight {
		Weight::from_parts(8_362_000, 19863)
			.saturating_add(Weight::from_parts(46_237_671, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
			.saturating_add(T::DbWeight::get().reads(4).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(4).saturating_mul(n.into()))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn make_slashes(n: u32) -> Weight {
		Weight::from_parts(8_362_000, 19863)
			.saturating_add(Weight::from_parts(46_237_671, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(3, 2))
			.saturating_add(ParityDbWeight::get().reads(4).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().writes(4).saturating_mul(n.into()))
	}
}
