//! Weights of the calls of `pallet_attestation`, measured by `make weights`; what `Lives` and `CurrentInterval` add is reckoned.
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
	fn claim(n: u32) -> Weight;
	fn submit_log(n: u32, b: u32) -> Weight;
	fn settle_claim() -> Weight;
	fn keep_deadlines(d: u32) -> Weight;
	fn challenge() -> Weight;
	fn draw() -> Weight;
	fn conclude_accepted() -> Weight;
	fn conclude_rejected() -> Weight;
	fn close() -> Weight;
	fn overturn() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Reckoned until `make weights` has measured it: per entry a row of the policy's and three hashes, per byte three hashes in wasm.
	fn submit_log(n: u32, b: u32) -> Weight {
		Weight::from_parts(60_000_000, 30_000)
			.saturating_add(Weight::from_parts(12_000_000, 2_600).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(30_000, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(8_u64.saturating_add(n.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
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
	/// Storage: `Policy::Veks` (r:1 w:0)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Crls` (r:1 w:0)
	/// Proof: `Policy::Crls` (`max_values`: None, `max_size`: Some(689), added: 3164, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:0)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::RevocationGrace` (r:1 w:0)
	/// Proof: `Policy::RevocationGrace` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Subjects` (r:1 w:1)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66767), added: 69242, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Closing` (r:17 w:1)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(32782), added: 35257, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:1)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Contexts` (r:0 w:1)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	fn submit_evidence(n: u32) -> Weight {
		Weight::from_parts(596_678_420, 600359)
			.saturating_add(Weight::from_parts(21_543, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(33, 5))
	}
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:0)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::OpenClaims` (r:1 w:1)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CounterForOpenClaims` (r:1 w:1)
	/// Proof: `Attestation::CounterForOpenClaims` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:2 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:0)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::RevocationGrace` (r:1 w:0)
	/// Proof: `Policy::RevocationGrace` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Subjects` (r:1 w:1)
	/// Proof: `Verdicts::Subjects` (`max_values`: None, `max_size`: Some(66767), added: 69242, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::Closing` (r:17 w:1)
	/// Proof: `Verdicts::Closing` (`max_values`: None, `max_size`: Some(32782), added: 35257, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:1)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Contexts` (r:0 w:1)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	fn claim(n: u32) -> Weight {
		Weight::from_parts(347_086_054, 600359)
			.saturating_add(Weight::from_parts(21_899, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(33, 6))
	}
	/// Storage: `Attestation::OpenClaims` (r:1 w:1)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CounterForOpenClaims` (r:1 w:1)
	/// Proof: `Attestation::CounterForOpenClaims` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:1)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Banned` (r:1 w:0)
	/// Proof: `Registry::Banned` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:2 w:2)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Veks` (r:1 w:1)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:4 w:4)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:0)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastSeq` (r:0 w:1)
	/// Proof: `Attestation::LastSeq` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	fn settle_claim() -> Weight {
		Weight::from_parts(221_330_000, 11518)
			.saturating_add(T::DbWeight::get().reads_writes(24, 21))
	}
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::KeptUntil` (r:1 w:1)
	/// Proof: `Attestation::KeptUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Due` (r:1 w:1)
	/// Proof: `Attestation::Due` (`max_values`: None, `max_size`: Some(16398), added: 18873, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:512 w:512)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:512 w:512)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:256 w:1024)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::OpenClaims` (r:512 w:0)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	fn keep_deadlines(d: u32) -> Weight {
		Weight::from_parts(6_690_000, 19863)
			.saturating_add(Weight::from_parts(46_546_056, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads_writes(7, 5))
			.saturating_add(T::DbWeight::get().reads(5).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().writes(5).saturating_mul(d.into()))
	}
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Due` (r:17 w:1)
	/// Proof: `Attestation::Due` (`max_values`: None, `max_size`: Some(16398), added: 18873, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Tightened` (r:1 w:0)
	/// Proof: `Attestation::Tightened` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn challenge() -> Weight {
		Weight::from_parts(72_869_000, 321831)
			.saturating_add(T::DbWeight::get().reads_writes(25, 3))
	}
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::DrawnUntil` (r:1 w:1)
	/// Proof: `Attestation::DrawnUntil` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:5 w:0)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	fn draw() -> Weight {
		Weight::from_parts(24_427_000, 13430).saturating_add(T::DbWeight::get().reads_writes(9, 1))
	}
	/// Storage: `Attestation::Contexts` (r:1 w:0)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::OpenClaims` (r:1 w:1)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:0)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn conclude_accepted() -> Weight {
		Weight::from_parts(81_211_000, 15084).saturating_add(T::DbWeight::get().reads_writes(13, 8))
	}
	/// Storage: `Attestation::Contexts` (r:1 w:0)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::OpenClaims` (r:1 w:1)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:0)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn conclude_rejected() -> Weight {
		Weight::from_parts(77_706_000, 16312).saturating_add(T::DbWeight::get().reads_writes(13, 9))
	}
	/// Storage: `Attestation::Contexts` (r:1 w:1)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Revisions` (r:1 w:1)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::OpenClaims` (r:1 w:1)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Settling` (r:1 w:1)
	/// Proof: `Attestation::Settling` (`max_values`: Some(1), `max_size`: Some(16386), added: 16881, mode: `MaxEncodedLen`)
	fn close() -> Weight {
		Weight::from_parts(28_462_000, 25596).saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	/// Storage: `Attestation::Contexts` (r:1 w:0)
	/// Proof: `Attestation::Contexts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::OpenClaims` (r:1 w:1)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:2 w:2)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	fn overturn() -> Weight {
		Weight::from_parts(83_604_000, 17082).saturating_add(T::DbWeight::get().reads_writes(13, 9))
	}
}

/// For mocks.
impl WeightInfo for () {
	/// Reckoned until `make weights` has measured it: per entry a row of the policy's and three hashes, per byte three hashes in wasm.
	fn submit_log(n: u32, b: u32) -> Weight {
		Weight::from_parts(60_000_000, 30_000)
			.saturating_add(Weight::from_parts(12_000_000, 2_600).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(30_000, 0).saturating_mul(b.into()))
			.saturating_add(ParityDbWeight::get().reads(8_u64.saturating_add(n.into())))
			.saturating_add(ParityDbWeight::get().writes(1_u64))
	}
	fn submit_evidence(n: u32) -> Weight {
		Weight::from_parts(596_678_420, 600359)
			.saturating_add(Weight::from_parts(21_543, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(33, 5))
	}
	fn claim(n: u32) -> Weight {
		Weight::from_parts(347_086_054, 600359)
			.saturating_add(Weight::from_parts(21_899, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(33, 6))
	}
	fn settle_claim() -> Weight {
		Weight::from_parts(221_330_000, 11518)
			.saturating_add(ParityDbWeight::get().reads_writes(24, 21))
	}
	fn keep_deadlines(d: u32) -> Weight {
		Weight::from_parts(6_690_000, 19863)
			.saturating_add(Weight::from_parts(46_546_056, 0).saturating_mul(d.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(7, 5))
			.saturating_add(ParityDbWeight::get().reads(5).saturating_mul(d.into()))
			.saturating_add(ParityDbWeight::get().writes(5).saturating_mul(d.into()))
	}
	fn challenge() -> Weight {
		Weight::from_parts(72_869_000, 321831)
			.saturating_add(ParityDbWeight::get().reads_writes(25, 3))
	}
	fn draw() -> Weight {
		Weight::from_parts(24_427_000, 13430)
			.saturating_add(ParityDbWeight::get().reads_writes(9, 1))
	}
	fn conclude_accepted() -> Weight {
		Weight::from_parts(81_211_000, 15084)
			.saturating_add(ParityDbWeight::get().reads_writes(13, 8))
	}
	fn conclude_rejected() -> Weight {
		Weight::from_parts(77_706_000, 16312)
			.saturating_add(ParityDbWeight::get().reads_writes(13, 9))
	}
	fn close() -> Weight {
		Weight::from_parts(28_462_000, 25596)
			.saturating_add(ParityDbWeight::get().reads_writes(6, 5))
	}
	fn overturn() -> Weight {
		Weight::from_parts(83_604_000, 17082)
			.saturating_add(ParityDbWeight::get().reads_writes(13, 9))
	}
}
