//! Weights of `pallet_clock`: an estimate until the next `make weights`, above the part of
//! `verdicts::advance` that was measured on 2026-11-26 before the clock became a pallet.

#![allow(unused_parens, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn advance() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Clock::CurrentTick` (r:1 w:1)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Clock::PaidUntil` (r:1 w:1)
	/// Proof: `Clock::PaidUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Clock::LastSlot` (r:1 w:1)
	/// Proof: `Clock::LastSlot` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Closing` (r:1 w:0)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(32782), added: 35257, mode: `MaxEncodedLen`)
	/// Storage: `Clock::FinalisedSeen` (r:1 w:0)
	/// Proof: `Clock::FinalisedSeen` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `SafeMode::EnteredUntil` (r:1 w:0)
	/// Proof: `SafeMode::EnteredUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn advance() -> Weight {
		Weight::from_parts(30_000_000, 36247).saturating_add(T::DbWeight::get().reads_writes(7, 3))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn advance() -> Weight {
		Weight::from_parts(30_000_000, 36247)
			.saturating_add(ParityDbWeight::get().reads_writes(7, 3))
	}
}
