//! Weights of the calls of `pallet_attestation`, measured by `make weights`.
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
	fn submit_evidence(n: u32) -> Weight;
	fn keep_deadlines(d: u32) -> Weight;
	fn challenge() -> Weight;
	fn draw() -> Weight;
	fn conclude_accepted() -> Weight;
	fn conclude_rejected() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:2 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:0)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Veks` (r:1 w:0)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(961), added: 3436, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Subjects` (r:1 w:1)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66729), added: 69204, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Closing` (r:17 w:1)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(2062), added: 4537, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:1)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Contexts` (r:0 w:1)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	fn submit_evidence(n: u32) -> Weight {
		Weight::from_parts(541_846_650, 78119)
			.saturating_add(Weight::from_parts(18_857, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(31, 5))
	}
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::KeptUntil` (r:1 w:1)
	/// Proof: `Attestation::KeptUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Due` (r:1 w:1)
	/// Proof: `Attestation::Due` (`max_values`: None, `max_size`: Some(2062), added: 4537, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:64 w:64)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:64 w:64)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(339), added: 2814, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:32 w:128)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn keep_deadlines(d: u32) -> Weight {
		Weight::from_parts(6_850_000, 5966)
			.saturating_add(Weight::from_parts(40_068_707, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads_writes(7, 5))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().writes(4).saturating_mul(d.into()))
	}
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Due` (r:17 w:1)
	/// Proof: `Attestation::Due` (`max_values`: None, `max_size`: Some(2062), added: 4537, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	fn challenge() -> Weight {
		Weight::from_parts(72_749_000, 78119).saturating_add(T::DbWeight::get().reads_writes(22, 2))
	}
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::DrawnUntil` (r:1 w:1)
	/// Proof: `Attestation::DrawnUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:5 w:0)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	fn draw() -> Weight {
		Weight::from_parts(24_967_000, 13430).saturating_add(T::DbWeight::get().reads_writes(9, 1))
	}
	/// Storage: `Attestation::Contexts` (r:1 w:1)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Revisions` (r:1 w:1)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(339), added: 2814, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	fn conclude_accepted() -> Weight {
		Weight::from_parts(66_389_000, 10459).saturating_add(T::DbWeight::get().reads_writes(10, 8))
	}
	/// Storage: `Attestation::Contexts` (r:1 w:1)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Revisions` (r:1 w:1)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(339), added: 2814, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn conclude_rejected() -> Weight {
		Weight::from_parts(58_978_000, 11475).saturating_add(T::DbWeight::get().reads_writes(10, 9))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn submit_evidence(n: u32) -> Weight {
		Weight::from_parts(541_846_650, 78119)
			.saturating_add(Weight::from_parts(18_857, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(31, 5))
	}
	fn keep_deadlines(d: u32) -> Weight {
		Weight::from_parts(6_850_000, 5966)
			.saturating_add(Weight::from_parts(40_068_707, 0).saturating_mul(d.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(7, 5))
			.saturating_add(ParityDbWeight::get().reads(3).saturating_mul(d.into()))
			.saturating_add(ParityDbWeight::get().writes(4).saturating_mul(d.into()))
	}
	fn challenge() -> Weight {
		Weight::from_parts(72_749_000, 78119)
			.saturating_add(ParityDbWeight::get().reads_writes(22, 2))
	}
	fn draw() -> Weight {
		Weight::from_parts(24_967_000, 13430)
			.saturating_add(ParityDbWeight::get().reads_writes(9, 1))
	}
	fn conclude_accepted() -> Weight {
		Weight::from_parts(66_389_000, 10459)
			.saturating_add(ParityDbWeight::get().reads_writes(10, 8))
	}
	fn conclude_rejected() -> Weight {
		Weight::from_parts(58_978_000, 11475)
			.saturating_add(ParityDbWeight::get().reads_writes(10, 9))
	}
}
