//! Weights of the calls of `pallet_policy`, measured by `make weights`.
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
	fn register_vek() -> Weight;
	fn post_crl() -> Weight;
	fn set_revocation_grace() -> Weight;
	fn remove_vek() -> Weight;
	fn set_platform() -> Weight;
	fn set_cpu() -> Weight;
	fn set_measurement() -> Weight;
	fn set_generation() -> Weight;
	fn set_files(n: u32) -> Weight;
	fn set_boot_rules() -> Weight;
	fn set_boot_parts(n: u32) -> Weight;
	fn set_required() -> Weight;
	fn set_amd_roots() -> Weight;
	fn set_tpm_roots() -> Weight;
	fn set_file_signer() -> Weight;
	fn vouch(n: u32) -> Weight;
	fn remove_voucher() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Policy::AmdRoots` (r:1 w:0)
	/// Proof: `Policy::AmdRoots` (`max_values`: Some(1), `max_size`: Some(262545), added: 263040, mode: `MaxEncodedLen`)
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Crls` (r:1 w:0)
	/// Proof: `Policy::Crls` (`max_values`: None, `max_size`: Some(689), added: 3164, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:0)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Veks` (r:1 w:1)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn register_vek() -> Weight {
		Weight::from_parts(8_093_807_000, 264030)
			.saturating_add(T::DbWeight::get().reads_writes(8, 3))
	}
	/// Storage: `Timestamp::Now` (r:1 w:0)
	/// Proof: `Timestamp::Now` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Policy::AmdRoots` (r:1 w:0)
	/// Proof: `Policy::AmdRoots` (`max_values`: Some(1), `max_size`: Some(262545), added: 263040, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Crls` (r:1 w:1)
	/// Proof: `Policy::Crls` (`max_values`: None, `max_size`: Some(689), added: 3164, mode: `MaxEncodedLen`)
	fn post_crl() -> Weight {
		Weight::from_parts(21_099_505_000, 264030)
			.saturating_add(T::DbWeight::get().reads_writes(3, 1))
	}
	/// Storage: `Policy::RevocationGrace` (r:1 w:1)
	/// Proof: `Policy::RevocationGrace` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn set_revocation_grace() -> Weight {
		Weight::from_parts(8_984_000, 1493).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `Policy::Veks` (r:1 w:1)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn remove_vek() -> Weight {
		Weight::from_parts(63_825_000, 4634).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Policy::Platform` (r:1 w:1)
	/// Proof: `Policy::Platform` (`max_values`: Some(1), `max_size`: Some(329), added: 824, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_platform() -> Weight {
		Weight::from_parts(15_634_000, 1814).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Policy::Cpus` (r:1 w:1)
	/// Proof: `Policy::Cpus` (`max_values`: None, `max_size`: Some(332), added: 2807, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_cpu() -> Weight {
		Weight::from_parts(17_146_000, 3797).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Policy::Measurements` (r:1 w:1)
	/// Proof: `Policy::Measurements` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_measurement() -> Weight {
		Weight::from_parts(17_416_000, 3594).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Policy::Generations` (r:1 w:1)
	/// Proof: `Policy::Generations` (`max_values`: None, `max_size`: Some(82), added: 2557, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_generation() -> Weight {
		Weight::from_parts(18_707_000, 3547).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Policy::Files` (r:256 w:256)
	/// Proof: `Policy::Files` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastFileTightening` (r:0 w:1)
	/// Proof: `Policy::LastFileTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_files(n: u32) -> Weight {
		Weight::from_parts(6_764_742, 1742)
			.saturating_add(Weight::from_parts(4_767_068, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(2, 3))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
	}
	/// Storage: `Policy::Boot` (r:1 w:1)
	/// Proof: `Policy::Boot` (`max_values`: Some(1), `max_size`: Some(81), added: 576, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastFileTightening` (r:0 w:1)
	/// Proof: `Policy::LastFileTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_boot_rules() -> Weight {
		Weight::from_parts(15_303_000, 1742).saturating_add(T::DbWeight::get().reads_writes(3, 4))
	}
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Boot` (r:1 w:0)
	/// Proof: `Policy::Boot` (`max_values`: Some(1), `max_size`: Some(81), added: 576, mode: `MaxEncodedLen`)
	/// Storage: `Policy::BootParts` (r:256 w:256)
	/// Proof: `Policy::BootParts` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_boot_parts(n: u32) -> Weight {
		Weight::from_parts(3_987_626, 1742)
			.saturating_add(Weight::from_parts(3_495_918, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
	}
	/// Storage: `Policy::Required` (r:1 w:1)
	/// Proof: `Policy::Required` (`max_values`: Some(1), `max_size`: Some(16529), added: 17024, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastFileTightening` (r:0 w:1)
	/// Proof: `Policy::LastFileTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_required() -> Weight {
		Weight::from_parts(19_409_000, 18014).saturating_add(T::DbWeight::get().reads_writes(3, 4))
	}
	/// Storage: `Policy::Platform` (r:1 w:0)
	/// Proof: `Policy::Platform` (`max_values`: Some(1), `max_size`: Some(329), added: 824, mode: `MaxEncodedLen`)
	/// Storage: `Policy::AmdRoots` (r:1 w:1)
	/// Proof: `Policy::AmdRoots` (`max_values`: Some(1), `max_size`: Some(262545), added: 263040, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_amd_roots() -> Weight {
		Weight::from_parts(158_756_000, 264030)
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
	}
	/// Storage: `Policy::TpmRoots` (r:1 w:1)
	/// Proof: `Policy::TpmRoots` (`max_values`: Some(1), `max_size`: Some(1049689), added: 1050184, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::DistrustedTpmRoots` (r:0 w:2)
	/// Proof: `Policy::DistrustedTpmRoots` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_tpm_roots() -> Weight {
		Weight::from_parts(1_119_066_000, 1051174)
			.saturating_add(T::DbWeight::get().reads_writes(3, 5))
	}
	/// Storage: `Policy::CurrentRevision` (r:1 w:1)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::FileSigners` (r:1 w:1)
	/// Proof: `Policy::FileSigners` (`max_values`: None, `max_size`: Some(4921), added: 7396, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::LastTightening` (r:0 w:1)
	/// Proof: `Policy::LastTightening` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_file_signer() -> Weight {
		Weight::from_parts(19_910_000, 8386).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	/// Storage: `Policy::FileSigners` (r:1 w:0)
	/// Proof: `Policy::FileSigners` (`max_values`: None, `max_size`: Some(4921), added: 7396, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:0)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Vouched` (r:16 w:16)
	/// Proof: `Policy::Vouched` (`max_values`: None, `max_size`: Some(385), added: 2860, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `Policy::VouchersPending` (r:0 w:1)
	/// Proof: `Policy::VouchersPending` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
	fn vouch(n: u32) -> Weight {
		Weight::from_parts(17_339_419, 8386)
			.saturating_add(Weight::from_parts(2_627_492_115, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
	}
	/// Storage: `Policy::Vouched` (r:1 w:1)
	/// Proof: `Policy::Vouched` (`max_values`: None, `max_size`: Some(385), added: 2860, mode: `MaxEncodedLen`)
	/// Storage: `Policy::FileSigners` (r:1 w:0)
	/// Proof: `Policy::FileSigners` (`max_values`: None, `max_size`: Some(4921), added: 7396, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Revisions` (r:1 w:0)
	/// Proof: `Attestation::Revisions` (`max_values`: Some(1), `max_size`: Some(257), added: 752, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:0)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn remove_voucher() -> Weight {
		Weight::from_parts(66_799_000, 8386).saturating_add(T::DbWeight::get().reads_writes(5, 2))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn register_vek() -> Weight {
		Weight::from_parts(8_093_807_000, 264030)
			.saturating_add(ParityDbWeight::get().reads_writes(8, 3))
	}
	fn post_crl() -> Weight {
		Weight::from_parts(21_099_505_000, 264030)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 1))
	}
	fn set_revocation_grace() -> Weight {
		Weight::from_parts(8_984_000, 1493).saturating_add(ParityDbWeight::get().reads_writes(1, 1))
	}
	fn remove_vek() -> Weight {
		Weight::from_parts(63_825_000, 4634)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_platform() -> Weight {
		Weight::from_parts(15_634_000, 1814)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_cpu() -> Weight {
		Weight::from_parts(17_146_000, 3797)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_measurement() -> Weight {
		Weight::from_parts(17_416_000, 3594)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_generation() -> Weight {
		Weight::from_parts(18_707_000, 3547)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn set_files(n: u32) -> Weight {
		Weight::from_parts(6_764_742, 1742)
			.saturating_add(Weight::from_parts(4_767_068, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(2, 3))
			.saturating_add(ParityDbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(n.into()))
	}
	fn set_boot_rules() -> Weight {
		Weight::from_parts(15_303_000, 1742)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 4))
	}
	fn set_boot_parts(n: u32) -> Weight {
		Weight::from_parts(3_987_626, 1742)
			.saturating_add(Weight::from_parts(3_495_918, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(3, 2))
			.saturating_add(ParityDbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(n.into()))
	}
	fn set_required() -> Weight {
		Weight::from_parts(19_409_000, 18014)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 4))
	}
	fn set_amd_roots() -> Weight {
		Weight::from_parts(158_756_000, 264030)
			.saturating_add(ParityDbWeight::get().reads_writes(4, 3))
	}
	fn set_tpm_roots() -> Weight {
		Weight::from_parts(1_119_066_000, 1051174)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 5))
	}
	fn set_file_signer() -> Weight {
		Weight::from_parts(19_910_000, 8386)
			.saturating_add(ParityDbWeight::get().reads_writes(3, 3))
	}
	fn vouch(n: u32) -> Weight {
		Weight::from_parts(17_339_419, 8386)
			.saturating_add(Weight::from_parts(2_627_492_115, 0).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().reads_writes(3, 2))
			.saturating_add(ParityDbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(ParityDbWeight::get().writes(1).saturating_mul(n.into()))
	}
	fn remove_voucher() -> Weight {
		Weight::from_parts(66_799_000, 8386)
			.saturating_add(ParityDbWeight::get().reads_writes(5, 2))
	}
}
