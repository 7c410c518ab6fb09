//! Benchmarks of the calls, each with the largest rows that there can be.

extern crate alloc;
use alloc::vec;

use frame_benchmarking::v2::*;
use frame_support::traits::EnsureOrigin;
use hcc_evidence::{
	host::TcbFloors,
	snp::{CpuId, ProductLine, TcbVersion},
};

use super::*;

const CPU: CpuId = CpuId { family: 0x1a, model: 0xff, stepping: 0xff };

fn certificate(filled_with: u8) -> Certificate {
	vec![filled_with; MAX_CERTIFICATE as usize].try_into().expect("of the largest length")
}

fn hierarchies(filled_with: u8) -> AmdRootList {
	let hierarchy = AmdHierarchy {
		product: ProductLine::Turin,
		ark: certificate(filled_with),
		ask: certificate(filled_with),
	};
	vec![hierarchy; MAX_AMD_ROOTS as usize].try_into().expect("as many as there can be")
}

fn vendors(filled_with: u8) -> TpmRootList {
	vec![certificate(filled_with); MAX_TPM_ROOTS as usize]
		.try_into()
		.expect("as many as there can be")
}

fn rules() -> CpuRules {
	let tcb = TcbVersion { fmc: Some(1), boot_loader: 1, tee: 1, snp: 1, microcode: 1 };
	let floors = TcbFloors { current: tcb, reported: tcb, committed: tcb, launch: tcb };
	CpuRules { floors, mitigations: u64::MAX }
}

#[benchmarks]
mod benchmarks {
	use super::*;

	fn admin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
		T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
	}

	#[benchmark]
	fn set_platform() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		let rules = PlatformRules {
			guest_required: 1,
			guest_forbidden: 2,
			platform_required: 3,
			platform_allowed: 4,
		};

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(rules));

		assert_eq!(Platform::<T>::get().current(), Some(&rules));
		Ok(())
	}

	#[benchmark]
	fn set_cpu() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, CPU, Some(rules()));

		assert_eq!(Cpus::<T>::get(CPU).current(), Some(&rules()));
		Ok(())
	}

	#[benchmark]
	fn set_measurement() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, [7; 48], Some(Role::TenantVm));

		assert_eq!(Measurements::<T>::get([7; 48]).current(), Some(&Role::TenantVm));
		Ok(())
	}

	#[benchmark]
	fn set_files(n: Linear<1, MAX_FILES>) -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		let digest = |at: u32| {
			let mut digest = [0xee; 32];
			digest[..4].copy_from_slice(&at.to_le_bytes());
			digest
		};
		let digests = (0..n).map(digest).collect::<alloc::vec::Vec<_>>();
		let digests = digests.try_into().expect("as many as there can be");

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, digests, Some(FileRule::Forbidden));

		assert_eq!(Files::<T>::get(digest(0)).current(), Some(&FileRule::Forbidden));
		Ok(())
	}

	#[benchmark]
	fn set_required() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		let versions = vec![[1; 32]; MAX_VERSIONS as usize].try_into().expect("the most");
		let files: RequiredFiles =
			vec![versions; MAX_REQUIRED as usize].try_into().expect("the most");

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(files.clone()));

		assert_eq!(Required::<T>::get().current(), Some(&files));
		Ok(())
	}

	#[benchmark]
	fn set_amd_roots() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		for filled_with in 1..4 {
			Pallet::<T>::do_set_value::<AmdRoots<T>, _>(
				Some(hierarchies(filled_with)),
				Subject::AmdRoots,
			)?;
		}

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(hierarchies(0)));

		assert_eq!(AmdRoots::<T>::get().current(), Some(&hierarchies(0)));
		Ok(())
	}

	#[benchmark]
	fn set_tpm_roots() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		for filled_with in 1..4 {
			Pallet::<T>::do_set_value::<TpmRoots<T>, _>(
				Some(vendors(filled_with)),
				Subject::TpmRoots,
			)?;
		}

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(vendors(0)));

		assert_eq!(TpmRoots::<T>::get().current(), Some(&vendors(0)));
		Ok(())
	}
}
