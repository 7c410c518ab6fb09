//! Weights of the calls of `pallet_reputation`, measured by `make weights`.
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
	fn make_slashes(n: u32) -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::SlashedUntil` (r:1 w:1)
	/// Proof: `Reputation::SlashedUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::SlashQueue` (r:1 w:1)
	/// Proof: `Reputation::SlashQueue` (`max_values`: None, `max_size`: Some(16398), added: 18873, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:512 w:512)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(2138), added: 4613, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:512 w:512)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:512 w:512)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:513 w:513)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Compensation::Cases` (r:512 w:512)
	/// Proof: `Compensation::Cases` (`max_values`: None, `max_size`: Some(109), added: 2584, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Compensation::Ends` (r:0 w:512)
	/// Proof: `Compensation::Ends` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	fn make_slashes(n: u32) -> Weight {
		Weight::from_parts(9_924_000, 19863)
			.saturating_add(Weight::from_parts(87_753_777, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 3))
			.saturating_add(T::DbWeight::get().reads(5).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(6).saturating_mul(n.into()))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn make_slashes(n: u32) -> Weight {
		Weight::from_parts(9_924_000, 19863)
			.saturating_add(Weight::from_parts(87_753_777, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(5, 3))
			.saturating_add(ParityDbWeight::get().reads(5).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().writes(6).saturating_mul(n.into()))
	}
}
