//! Weights of the calls of `pallet_verdicts`, measured by `make weights`.
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
	fn vote(v: u32) -> Weight;
	fn prove() -> Weight;
	fn draw(c: u32) -> Weight;
	fn close_subjects(c: u32) -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Clock::Statements` (r:1 w:1)
	/// Proof: `Clock::Statements` (`max_values`: Some(1), `max_size`: Some(4002), added: 4497, mode: `MaxEncodedLen`)
	/// Storage: `Clock::FinalisedSeen` (r:1 w:1)
	/// Proof: `Clock::FinalisedSeen` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Subjects` (r:32 w:32)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66767), added: 69242, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	fn vote(v: u32) -> Weight {
		Weight::from_parts(149_421_795, 63183)
			.saturating_add(Weight::from_parts(149_204_909, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 2))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(v.into()))
	}
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:16 w:16)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:15 w:15)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `Issuance::Burned` (r:1 w:1)
	/// Proof: `Issuance::Burned` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Candidates` (r:1 w:1)
	/// Proof: `Validators::Candidates` (`max_values`: Some(1), `max_size`: Some(9602), added: 10097, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Offenders` (r:1 w:1)
	/// Proof: `Validators::Offenders` (`max_values`: Some(1), `max_size`: Some(8002), added: 8497, mode: `MaxEncodedLen`)
	/// Storage: `Session::DisabledValidators` (r:1 w:1)
	/// Proof: `Session::DisabledValidators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Closing` (r:1 w:1)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(32782), added: 35257, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Contexts` (r:1 w:0)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::Subjects` (r:0 w:1)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66768), added: 69243, mode: `MaxEncodedLen`)
	fn prove() -> Weight {
		Weight::from_parts(1_359_183_000, 42638)
			.saturating_add(T::DbWeight::get().reads_writes(44, 37))
	}
	/// Storage: `Verdicts::AgreedFrom` (r:1 w:1)
	/// Proof: `Verdicts::AgreedFrom` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Agreed` (r:2 w:1)
	/// Proof: `Verdicts::Agreed` (`max_values`: None, `max_size`: Some(16398), added: 18873, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Subjects` (r:512 w:512)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66767), added: 69242, mode: `MaxEncodedLen`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Closing` (r:1 w:1)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(32782), added: 35257, mode: `MaxEncodedLen`)
	fn draw(c: u32) -> Weight {
		Weight::from_parts(15_453_000, 38736)
			.saturating_add(Weight::from_parts(192_865_556, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 3))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(c.into()))
	}
	/// Storage: `Verdicts::Closing` (r:1 w:1)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(32782), added: 35257, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::Subjects` (r:1024 w:1024)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66768), added: 69243, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Duties` (r:1 w:1)
	/// Proof: `Validators::Duties` (`max_values`: Some(1), `max_size`: Some(8802), added: 9297, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Contexts` (r:1024 w:0)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Effects` (r:0 w:1024)
	/// Proof: `Attestation::Effects` (`max_values`: None, `max_size`: Some(42), added: 2517, mode: `MaxEncodedLen`)
	fn close_subjects(c: u32) -> Weight {
		Weight::from_parts(186_051_339, 67275)
			.saturating_add(Weight::from_parts(42_712_931, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 1))
			.saturating_add(T::DbWeight::get().reads(2).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().writes(2).saturating_mul(c.into()))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn vote(v: u32) -> Weight {
		Weight::from_parts(149_421_795, 63183)
			.saturating_add(Weight::from_parts(149_204_909, 0).saturating_mul(v.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(6, 2))
			.saturating_add(ParityDbWeight::get().reads(1).saturating_mul(v.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(v.into()))
	}
	fn prove() -> Weight {
		Weight::from_parts(1_359_183_000, 42638)
			.saturating_add(ParityDbWeight::get().reads_writes(44, 37))
	}
	fn draw(c: u32) -> Weight {
		Weight::from_parts(15_453_000, 38736)
			.saturating_add(Weight::from_parts(192_865_556, 0).saturating_mul(c.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(6, 3))
			.saturating_add(ParityDbWeight::get().reads(1).saturating_mul(c.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(c.into()))
	}
	fn close_subjects(c: u32) -> Weight {
		Weight::from_parts(186_051_339, 67275)
			.saturating_add(Weight::from_parts(42_712_931, 0).saturating_mul(c.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(3, 1))
			.saturating_add(ParityDbWeight::get().reads(2).saturating_mul(c.into()))
			.saturating_add(ParityDbWeight::get().writes(2).saturating_mul(c.into()))
	}
}
