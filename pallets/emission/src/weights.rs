//! Weights of the calls of `pallet_emission`, measured by `make weights`.
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
	fn payout() -> Weight;
	fn close_era() -> Weight;
	fn forget(r: u32) -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Emission::Eras` (r:1 w:1)
	/// Proof: `Emission::Eras` (`max_values`: None, `max_size`: Some(140), added: 2615, mode: `MaxEncodedLen`)
	/// Storage: `Emission::OldestEra` (r:1 w:0)
	/// Proof: `Emission::OldestEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Owed` (r:1 w:1)
	/// Proof: `Emission::Owed` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Emission::EmissionTotals` (r:1 w:1)
	/// Proof: `Emission::EmissionTotals` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Issuance::Minted` (r:1 w:1)
	/// Proof: `Issuance::Minted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	fn payout() -> Weight {
		Weight::from_parts(46_640_000, 3605).saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Emission::EmissionTotals` (r:1 w:1)
	/// Proof: `Emission::EmissionTotals` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Emission::CurrentEra` (r:1 w:0)
	/// Proof: `Emission::CurrentEra` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Eras` (r:0 w:1)
	/// Proof: `Emission::Eras` (`max_values`: None, `max_size`: Some(140), added: 2615, mode: `MaxEncodedLen`)
	/// Storage: `Issuance::Minted` (r:1 w:1)
	/// Proof: `Issuance::Minted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	fn close_era() -> Weight {
		Weight::from_parts(61_071_000, 6196).saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	/// Storage: `Emission::OldestEra` (r:1 w:1)
	/// Proof: `Emission::OldestEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Emission::CurrentEra` (r:1 w:0)
	/// Proof: `Emission::CurrentEra` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Owed` (r:64 w:64)
	/// Proof: `Emission::Owed` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Eras` (r:1 w:1)
	/// Proof: `Emission::Eras` (`max_values`: None, `max_size`: Some(140), added: 2615, mode: `MaxEncodedLen`)
	/// Storage: `Emission::EmissionTotals` (r:1 w:1)
	/// Proof: `Emission::EmissionTotals` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	fn forget(r: u32) -> Weight {
		Weight::from_parts(22_650_285, 3605)
			.saturating_add(Weight::from_parts(920_526, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 3))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(r.into()))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn payout() -> Weight {
		Weight::from_parts(46_640_000, 3605)
			.saturating_add(ParityDbWeight::get().reads_writes(6, 5))
	}
	fn close_era() -> Weight {
		Weight::from_parts(61_071_000, 6196)
			.saturating_add(ParityDbWeight::get().reads_writes(6, 5))
	}
	fn forget(r: u32) -> Weight {
		Weight::from_parts(22_650_285, 3605)
			.saturating_add(Weight::from_parts(920_526, 0).saturating_mul(r.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(5, 3))
			.saturating_add(ParityDbWeight::get().reads(1).saturating_mul(r.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(r.into()))
	}
}
