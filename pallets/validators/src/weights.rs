//! Weights of the calls of `pallet_validators`, measured by `make weights`.
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
	fn join() -> Weight;
	fn bond_more() -> Weight;
	fn set_worker() -> Weight;
	fn leave() -> Weight;
	fn withdraw() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Validators::Unbonding` (r:1 w:0)
	/// Proof: `Validators::Unbonding` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Session::NextKeys` (r:1 w:0)
	/// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Validators::WorkerOf` (r:1 w:1)
	/// Proof: `Validators::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Validators::ValidatorOf` (r:1 w:1)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Candidates` (r:1 w:1)
	/// Proof: `Validators::Candidates` (`max_values`: Some(1), `max_size`: Some(9602), added: 10097, mode: `MaxEncodedLen`)
	fn join() -> Weight {
		Weight::from_parts(144_465_000, 16814).saturating_add(T::DbWeight::get().reads_writes(8, 5))
	}
	/// Storage: `Validators::Candidates` (r:1 w:1)
	/// Proof: `Validators::Candidates` (`max_values`: Some(1), `max_size`: Some(9602), added: 10097, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn bond_more() -> Weight {
		Weight::from_parts(110_785_000, 11087).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Validators::WorkerOf` (r:1 w:1)
	/// Proof: `Validators::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Validators::ValidatorOf` (r:1 w:2)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn set_worker() -> Weight {
		Weight::from_parts(21_351_000, 3545).saturating_add(T::DbWeight::get().reads_writes(2, 3))
	}
	/// Storage: `Validators::Candidates` (r:1 w:1)
	/// Proof: `Validators::Candidates` (`max_values`: Some(1), `max_size`: Some(9602), added: 10097, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Unbonding` (r:0 w:1)
	/// Proof: `Validators::Unbonding` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn leave() -> Weight {
		Weight::from_parts(61_942_000, 11593).saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `Validators::Unbonding` (r:1 w:1)
	/// Proof: `Validators::Unbonding` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Validators::WorkerOf` (r:1 w:1)
	/// Proof: `Validators::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Validators::ValidatorOf` (r:0 w:1)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Session::QueuedKeys` (r:1 w:0)
	/// Proof: `Session::QueuedKeys` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Offenders` (r:1 w:0)
	/// Proof: `Validators::Offenders` (`max_values`: Some(1), `max_size`: Some(8002), added: 8497, mode: `MaxEncodedLen`)
	fn withdraw() -> Weight {
		Weight::from_parts(124_701_000, 9487).saturating_add(T::DbWeight::get().reads_writes(8, 5))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn join() -> Weight {
		Weight::from_parts(144_465_000, 16814)
			.saturating_add(ParityDbWeight::get().reads_writes(8, 5))
	}
	fn bond_more() -> Weight {
		Weight::from_parts(110_785_000, 11087)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_worker() -> Weight {
		Weight::from_parts(21_351_000, 3545)
			.saturating_add(ParityDbWeight::get().reads_writes(2, 3))
	}
	fn leave() -> Weight {
		Weight::from_parts(61_942_000, 11593)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 2))
	}
	fn withdraw() -> Weight {
		Weight::from_parts(124_701_000, 9487)
			.saturating_add(ParityDbWeight::get().reads_writes(8, 5))
	}
}
