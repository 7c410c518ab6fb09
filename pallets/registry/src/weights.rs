//! Weights of the calls of `pallet_registry`, measured by `make weights`.
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
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfHot` (r:1 w:1)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn register() -> Weight {
		Weight::from_parts(66_399_000, 3676).saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn bond_more() -> Weight {
		Weight::from_parts(65_948_000, 3676).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfHot` (r:1 w:2)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn set_hot() -> Weight {
		Weight::from_parts(23_615_000, 3645).saturating_add(T::DbWeight::get().reads_writes(2, 3))
	}
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Registry::NextAsks` (r:1 w:1)
	/// Proof: `Registry::NextAsks` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	fn set_offer() -> Weight {
		Weight::from_parts(27_271_000, 3645).saturating_add(T::DbWeight::get().reads_writes(4, 2))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Banned` (r:1 w:0)
	/// Proof: `Registry::Banned` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:1)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(782), added: 3257, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:1)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:0)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Uses` (r:1 w:0)
	/// Proof: `Reputation::Uses` (`max_values`: None, `max_size`: Some(50), added: 2525, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:1 w:1)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastSeq` (r:1 w:0)
	/// Proof: `Attestation::LastSeq` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastBoots` (r:1 w:0)
	/// Proof: `Attestation::LastBoots` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:0 w:1)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	fn add_chip() -> Weight {
		Weight::from_parts(60_741_000, 4428).saturating_add(T::DbWeight::get().reads_writes(13, 6))
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
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Lives` (r:1 w:1)
	/// Proof: `Attestation::Lives` (`max_values`: None, `max_size`: Some(2209), added: 4684, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(782), added: 3257, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:1 w:1)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Uses` (r:1 w:0)
	/// Proof: `Reputation::Uses` (`max_values`: None, `max_size`: Some(50), added: 2525, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Veks` (r:1 w:1)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:4 w:4)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastSeq` (r:0 w:1)
	/// Proof: `Attestation::LastSeq` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:0 w:1)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn remove_chip() -> Weight {
		Weight::from_parts(272_776_000, 11734)
			.saturating_add(T::DbWeight::get().reads_writes(23, 20))
	}
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
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
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Duties` (r:1 w:1)
	/// Proof: `Validators::Duties` (`max_values`: Some(1), `max_size`: Some(8802), added: 9297, mode: `MaxEncodedLen`)
	fn enrol_tpm() -> Weight {
		// An estimate for a chain on P-521, until it is measured.
		Weight::from_parts(45_000_000_000, 1051174)
			.saturating_add(T::DbWeight::get().reads_writes(9, 2))
	}
	/// Storage: `Registry::Enrolments` (r:1 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn post_credential() -> Weight {
		Weight::from_parts(68_733_000, 7798).saturating_add(T::DbWeight::get().reads_writes(3, 1))
	}
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Enrolments` (r:1 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	fn answer_credentials() -> Weight {
		Weight::from_parts(76_904_000, 7658).saturating_add(T::DbWeight::get().reads_writes(4, 1))
	}
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Enrolments` (r:1 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::ValidatorOf` (r:1 w:0)
	/// Proof: `Validators::ValidatorOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfEk` (r:1 w:2)
	/// Proof: `Registry::MinerOfEk` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:1)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(782), added: 3257, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:2 w:2)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Duties` (r:1 w:1)
	/// Proof: `Validators::Duties` (`max_values`: Some(1), `max_size`: Some(8802), added: 9297, mode: `MaxEncodedLen`)
	fn reveal_seed() -> Weight {
		Weight::from_parts(1_665_068_000, 12186)
			.saturating_add(T::DbWeight::get().reads_writes(11, 8))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::OpenClaims` (r:2 w:0)
	/// Proof: `Attestation::OpenClaims` (`max_values`: None, `max_size`: Some(179), added: 2654, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:2 w:2)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Attestation::Population` (r:1 w:1)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:1 w:2)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Lives` (r:2 w:2)
	/// Proof: `Attestation::Lives` (`max_values`: None, `max_size`: Some(2209), added: 4684, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Rechecks` (r:1 w:1)
	/// Proof: `Attestation::Rechecks` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:1)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(782), added: 3257, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Records` (r:2 w:2)
	/// Proof: `Reputation::Records` (`max_values`: None, `max_size`: Some(586), added: 3061, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Uses` (r:2 w:0)
	/// Proof: `Reputation::Uses` (`max_values`: None, `max_size`: Some(50), added: 2525, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Veks` (r:2 w:2)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:4 w:4)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::LastSeq` (r:0 w:2)
	/// Proof: `Attestation::LastSeq` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Logs` (r:0 w:1)
	/// Proof: `Attestation::Logs` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Registry::MinerOfHot` (r:0 w:1)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Enrolments` (r:0 w:1)
	/// Proof: `Registry::Enrolments` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Registry::MinerOfChip` (r:0 w:2)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfEk` (r:0 w:1)
	/// Proof: `Registry::MinerOfEk` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Duties` (r:1 w:1)
	/// Proof: `Validators::Duties` (`max_values`: Some(1), `max_size`: Some(8802), added: 9297, mode: `MaxEncodedLen`)
	fn exit() -> Weight {
		Weight::from_parts(560_344_000, 11734)
			.saturating_add(T::DbWeight::get().reads_writes(30, 31))
	}
	/// Storage: `Registry::Miners` (r:1 w:1)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Clock::CurrentTick` (r:1 w:0)
	/// Proof: `Clock::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Registry::NextAsks` (r:0 w:1)
	/// Proof: `Registry::NextAsks` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	fn withdraw() -> Weight {
		Weight::from_parts(64_216_000, 3676).saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `Registry::Banned` (r:1 w:1)
	/// Proof: `Registry::Banned` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	fn lift_ban() -> Weight {
		Weight::from_parts(10_636_000, 3513).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn register() -> Weight {
		Weight::from_parts(66_399_000, 3676)
			.saturating_add(ParityDbWeight::get().reads_writes(5, 4))
	}
	fn bond_more() -> Weight {
		Weight::from_parts(65_948_000, 3676)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_hot() -> Weight {
		Weight::from_parts(23_615_000, 3645)
			.saturating_add(ParityDbWeight::get().reads_writes(2, 3))
	}
	fn set_offer() -> Weight {
		Weight::from_parts(27_271_000, 3645)
			.saturating_add(ParityDbWeight::get().reads_writes(4, 2))
	}
	fn add_chip() -> Weight {
		Weight::from_parts(60_741_000, 4428)
			.saturating_add(ParityDbWeight::get().reads_writes(13, 6))
	}
	fn remove_chip() -> Weight {
		Weight::from_parts(272_776_000, 11734)
			.saturating_add(ParityDbWeight::get().reads_writes(23, 20))
	}
	fn enrol_tpm() -> Weight {
		// An estimate for a chain on P-521, until it is measured.
		Weight::from_parts(45_000_000_000, 1051174)
			.saturating_add(ParityDbWeight::get().reads_writes(9, 2))
	}
	fn post_credential() -> Weight {
		Weight::from_parts(68_733_000, 7798)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 1))
	}
	fn answer_credentials() -> Weight {
		Weight::from_parts(76_904_000, 7658)
			.saturating_add(ParityDbWeight::get().reads_writes(4, 1))
	}
	fn reveal_seed() -> Weight {
		Weight::from_parts(1_665_068_000, 12186)
			.saturating_add(ParityDbWeight::get().reads_writes(11, 8))
	}
	fn exit() -> Weight {
		Weight::from_parts(560_344_000, 11734)
			.saturating_add(ParityDbWeight::get().reads_writes(30, 31))
	}
	fn withdraw() -> Weight {
		Weight::from_parts(64_216_000, 3676)
			.saturating_add(ParityDbWeight::get().reads_writes(4, 4))
	}
	fn lift_ban() -> Weight {
		Weight::from_parts(10_636_000, 3513)
			.saturating_add(ParityDbWeight::get().reads_writes(1, 1))
	}
}
