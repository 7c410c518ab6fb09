//! Weights of the calls of `pallet-policy`.
//!
//! Not measured yet: upper bounds reckoned from the storage that each call touches and the largest rows. `make weights` is to write the
//! measured file over this one.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn set_platform() -> Weight;
	fn set_cpu() -> Weight;
	fn set_measurement() -> Weight;
	fn set_files(n: u32) -> Weight;
	fn set_required() -> Weight;
	fn set_amd_roots() -> Weight;
	fn set_tpm_roots() -> Weight;
	fn register_vek() -> Weight;
	fn remove_vek() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn set_platform() -> Weight {
		Weight::from_parts(50_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	fn set_cpu() -> Weight {
		Weight::from_parts(50_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	fn set_measurement() -> Weight {
		Weight::from_parts(50_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	fn set_files(n: u32) -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(20_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
			.saturating_add(T::DbWeight::get().reads_writes(1, 1).saturating_mul(n.into()))
	}
	fn set_required() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	fn set_amd_roots() -> Weight {
		Weight::from_parts(500_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	fn set_tpm_roots() -> Weight {
		Weight::from_parts(2_000_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	// Three RSA-4096 verifications for each root of the issuer's name, of which there are two on test chains: 1.5 ms each in wasm.
	fn register_vek() -> Weight {
		Weight::from_parts(20_000_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(6, 4))
	}
	fn remove_vek() -> Weight {
		Weight::from_parts(100_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn set_platform() -> Weight {
		Weight::from_parts(50_000_000, 0).saturating_add(ParityDbWeight::get().reads_writes(2, 2))
	}
	fn set_cpu() -> Weight {
		Self::set_platform()
	}
	fn set_measurement() -> Weight {
		Self::set_platform()
	}
	fn set_files(n: u32) -> Weight {
		Self::set_platform().saturating_mul(u64::from(n).saturating_add(1))
	}
	fn set_required() -> Weight {
		Self::set_platform()
	}
	fn set_amd_roots() -> Weight {
		Self::set_platform()
	}
	fn set_tpm_roots() -> Weight {
		Self::set_platform()
	}
	fn register_vek() -> Weight {
		Self::set_platform()
	}
	fn remove_vek() -> Weight {
		Self::set_platform()
	}
}
