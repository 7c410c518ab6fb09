//! Weights of the calls of `pallet_oracle`, measured by `make weights`.
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
	fn report() -> Weight;
	fn make_rate() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::Reports` (r:1 w:1)
	/// Proof: `Oracle::Reports` (`max_values`: Some(1), `max_size`: Some(4402), added: 4897, mode: `MaxEncodedLen`)
	fn report() -> Weight {
		Weight::from_parts(72_067_000, 10314).saturating_add(T::DbWeight::get().reads_writes(4, 1))
	}
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::NextRate` (r:1 w:1)
	/// Proof: `Oracle::NextRate` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Oracle::Reports` (r:1 w:1)
	/// Proof: `Oracle::Reports` (`max_values`: Some(1), `max_size`: Some(4402), added: 4897, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:49 w:49)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:49 w:49)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Candidates` (r:1 w:1)
	/// Proof: `Validators::Candidates` (`max_values`: Some(1), `max_size`: Some(9602), added: 10097, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:1)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::RateBlock` (r:0 w:1)
	/// Proof: `Oracle::RateBlock` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn make_rate() -> Weight {
		Weight::from_parts(1_964_093_000, 132604)
			.saturating_add(T::DbWeight::get().reads_writes(105, 103))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn report() -> Weight {
		Weight::from_parts(72_067_000, 10314)
			.saturating_add(ParityDbWeight::get().reads_writes(4, 1))
	}
	fn make_rate() -> Weight {
		Weight::from_parts(1_964_093_000, 132604)
			.saturating_add(ParityDbWeight::get().reads_writes(105, 103))
	}
}
