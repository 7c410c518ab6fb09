//! Weights of the calls of `pallet_registry`, measured by `make weights`.
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
	fn register() -> Weight;
	fn bond_more() -> Weight;
	fn set_hot() -> Weight;
	fn set_offer() -> Weight;
	fn add_chip() -> Weight;
	fn remove_chip() -> Weight;
	fn enrol_tpm() -> Weight;
	fn post_credential() -> Weight;
	fn answer_credentials() -> Weight;
	fn reveal_seed() -> Weight;
	fn exit() -> Weight;
	fn withdraw() -> Weight;
	fn lift_ban() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfHot` (r:1 w:1)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	fn register() -> Weight {
		Weight::from_parts(54_992_000, 3645).saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	fn bond_more() -> Weight {
		Weight::from_parts(51_787_000, 3645).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfHot` (r:1 w:2)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn set_hot() -> Weight {
		Weight::from_parts(15_944_000, 3645).saturating_add(T::DbWeight::get().reads_writes(2, 3))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	fn set_offer() -> Weight {
		Weight::from_parts(10_275_000, 3645).saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Banned` (r:1 w:0)
	/// Proof: `Registry::Banned` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:1)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:0)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:1 w:1)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastSeq` (r:1 w:0)
	/// Proof: `Attestation::LastSeq` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:0 w:1)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	fn add_chip() -> Weight {
		Weight::from_parts(40_771_000, 4215).saturating_add(T::DbWeight::get().reads_writes(11, 6))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::OpenClaims` (r:1 w:0)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:2 w:2)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Population` (r:1 w:1)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Veks` (r:1 w:1)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:4 w:4)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastSeq` (r:0 w:1)
	/// Proof: `Attestation::LastSeq` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:0 w:1)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn remove_chip() -> Weight {
		Weight::from_parts(200_779_000, 11518)
			.saturating_add(T::DbWeight::get().reads_writes(19, 19))
	}
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Enrolments` (r:1 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Policy::TpmRoots` (r:1 w:0)
	/// Proof: `Policy::TpmRoots` (`max_values`: Some(1), `max_size`: Some(1049689), added: 1050184, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfEk` (r:1 w:0)
	/// Proof: `Registry::MinerOfEk` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn enrol_tpm() -> Weight {
		Weight::from_parts(12_728_915_000, 1051174)
			.saturating_add(T::DbWeight::get().reads_writes(8, 1))
	}
	/// Storage: `Registry::Enrolments` (r:1 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn post_credential() -> Weight {
		Weight::from_parts(54_501_000, 7766).saturating_add(T::DbWeight::get().reads_writes(3, 1))
	}
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Enrolments` (r:1 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn answer_credentials() -> Weight {
		Weight::from_parts(61_632_000, 7559).saturating_add(T::DbWeight::get().reads_writes(4, 1))
	}
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Enrolments` (r:1 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfEk` (r:1 w:2)
	/// Proof: `Registry::MinerOfEk` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:1)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:2 w:2)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn reveal_seed() -> Weight {
		Weight::from_parts(1_318_197_000, 12043)
			.saturating_add(T::DbWeight::get().reads_writes(10, 7))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::OpenClaims` (r:2 w:0)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:2 w:2)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Population` (r:1 w:1)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:2 w:2)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Veks` (r:2 w:2)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:4 w:4)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:1)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(750), added: 3225, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastSeq` (r:0 w:2)
	/// Proof: `Attestation::LastSeq` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfHot` (r:0 w:1)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Enrolments` (r:0 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Registry::MinerOfChip` (r:0 w:2)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfEk` (r:0 w:1)
	/// Proof: `Registry::MinerOfEk` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn exit() -> Weight {
		Weight::from_parts(433_797_000, 11518)
			.saturating_add(T::DbWeight::get().reads_writes(24, 27))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn withdraw() -> Weight {
		Weight::from_parts(48_261_000, 3645).saturating_add(T::DbWeight::get().reads_writes(4, 3))
	}
	/// Storage: `Registry::Banned` (r:1 w:1)
	/// Proof: `Registry::Banned` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	fn lift_ban() -> Weight {
		Weight::from_parts(8_222_000, 3513).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn register() -> Weight {
		Weight::from_parts(54_992_000, 3645)
			.saturating_add(ParityDbWeight::get().reads_writes(5, 4))
	}
	fn bond_more() -> Weight {
		Weight::from_parts(51_787_000, 3645)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_hot() -> Weight {
		Weight::from_parts(15_944_000, 3645)
			.saturating_add(ParityDbWeight::get().reads_writes(2, 3))
	}
	fn set_offer() -> Weight {
		Weight::from_parts(10_275_000, 3645)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 2))
	}
	fn add_chip() -> Weight {
		Weight::from_parts(40_771_000, 4215)
			.saturating_add(ParityDbWeight::get().reads_writes(11, 6))
	}
	fn remove_chip() -> Weight {
		Weight::from_parts(200_779_000, 11518)
			.saturating_add(ParityDbWeight::get().reads_writes(19, 19))
	}
	fn enrol_tpm() -> Weight {
		Weight::from_parts(12_728_915_000, 1051174)
			.saturating_add(ParityDbWeight::get().reads_writes(8, 1))
	}
	fn post_credential() -> Weight {
		Weight::from_parts(54_501_000, 7766)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 1))
	}
	fn answer_credentials() -> Weight {
		Weight::from_parts(61_632_000, 7559)
			.saturating_add(ParityDbWeight::get().reads_writes(4, 1))
	}
	fn reveal_seed() -> Weight {
		Weight::from_parts(1_318_197_000, 12043)
			.saturating_add(ParityDbWeight::get().reads_writes(10, 7))
	}
	fn exit() -> Weight {
		Weight::from_parts(433_797_000, 11518)
			.saturating_add(ParityDbWeight::get().reads_writes(24, 27))
	}
	fn withdraw() -> Weight {
		Weight::from_parts(48_261_000, 3645)
			.saturating_add(ParityDbWeight::get().reads_writes(4, 3))
	}
	fn lift_ban() -> Weight {
		Weight::from_parts(8_222_000, 3513).saturating_add(ParityDbWeight::get().reads_writes(1, 1))
	}
}
