//! Weights of the calls of `pallet_usage`, measured by `make weights`.
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
	fn submit_receipts(n: u32) -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Compute::Vms` (r:64 w:0)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2127), added: 4602, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Boots` (r:64 w:0)
	/// Proof: `Compute::Boots` (`max_values`: None, `max_size`: Some(160), added: 2635, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Usage::Accounts` (r:64 w:64)
	/// Proof: `Usage::Accounts` (`max_values`: None, `max_size`: Some(321), added: 2796, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	fn submit_receipts(n: u32) -> Weight {
		Weight::from_parts(75_847_499, 3557)
			.saturating_add(Weight::from_parts(60_864_090, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(4, 0))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn submit_receipts(n: u32) -> Weight {
		Weight::from_parts(75_847_499, 3557)
			.saturating_add(Weight::from_parts(60_864_090, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(4, 0))
			.saturating_add(ParityDbWeight::get().reads(3).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(n.into()))
	}
}
