//! Weights of the calls of `pallet_verdicts`, measured by `make weights`.
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
	fn file(v: u32) -> Weight;
	fn prove() -> Weight;
	fn draw(c: u32) -> Weight;
	fn advance(c: u32) -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::Statements` (r:1 w:1)
	/// Proof: `Verdicts::Statements` (`max_values`: Some(1), `max_size`: Some(4002), added: 4497, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::FinalisedSeen` (r:1 w:1)
	/// Proof: `Verdicts::FinalisedSeen` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Subjects` (r:32 w:32)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66729), added: 69204, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	fn file(v: u32) -> Weight {
		Weight::from_parts(124_022_430, 63143)
			.saturating_add(Weight::from_parts(142_477_095, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 2))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(v.into()))
	}
	fn prove() -> Weight {
		Weight::from_parts(1_500_000_000, 70_000)
			.saturating_add(T::DbWeight::get().reads_writes(40, 40))
	}
	fn draw(c: u32) -> Weight {
		Weight::from_parts(20_000_000, 10_000)
			.saturating_add(Weight::from_parts(80_000_000, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads_writes(2, 2))
			.saturating_add(T::DbWeight::get().reads_writes(2, 2).saturating_mul(c.into()))
	}
	/// Storage: `Verdicts::FinalisedSeen` (r:1 w:0)
	/// Proof: `Verdicts::FinalisedSeen` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:1)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Closing` (r:1 w:1)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(2062), added: 4537, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Subjects` (r:64 w:64)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66729), added: 69204, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Contexts` (r:64 w:0)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	fn advance(c: u32) -> Weight {
		Weight::from_parts(57_520_834, 63646)
			.saturating_add(Weight::from_parts(24_175_486, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
			.saturating_add(T::DbWeight::get().reads(2).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(c.into()))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn file(v: u32) -> Weight {
		Weight::from_parts(124_022_430, 63143)
			.saturating_add(Weight::from_parts(142_477_095, 0).saturating_mul(v.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(5, 2))
			.saturating_add(ParityDbWeight::get().reads(1).saturating_mul(v.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(v.into()))
	}
	fn prove() -> Weight {
		Weight::from_parts(1_500_000_000, 70_000)
			.saturating_add(ParityDbWeight::get().reads_writes(40, 40))
	}
	fn draw(c: u32) -> Weight {
		Weight::from_parts(20_000_000, 10_000)
			.saturating_add(Weight::from_parts(80_000_000, 0).saturating_mul(c.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(2, 2))
			.saturating_add(ParityDbWeight::get().reads_writes(2, 2).saturating_mul(c.into()))
	}
	fn advance(c: u32) -> Weight {
		Weight::from_parts(57_520_834, 63646)
			.saturating_add(Weight::from_parts(24_175_486, 0).saturating_mul(c.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(3, 2))
			.saturating_add(ParityDbWeight::get().reads(2).saturating_mul(c.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(c.into()))
	}
}
