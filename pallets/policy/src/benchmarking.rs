//! Benchmarks of the calls, each with rows of the maximum size.

extern crate alloc;
use alloc::{vec, vec::Vec};

use frame_benchmarking::v2::*;
use frame_support::{
	traits::{fungible::Mutate, EnsureOrigin, Get},
	BoundedVec,
};
use frame_system::RawOrigin;
use hcc_evidence::{
	boot::{BootRole, BootRules},
	crypto::RustCrypto,
	host::{chip_hash, ChipHash, GenerationTrust, TcbFloors},
	snp::{self, CpuId, ProductLine, TcbVersion, Vek, VekKind},
};
use hcc_primitives::{
	benchmarking::{World, NOW},
	EnrolledTpm,
};
use sp_io::hashing::sha2_256;
use sp_runtime::Saturating;

use super::*;

/// The declared test hierarchy and a certificate that it issued. `insecure-sim vek --chip
/// benchmarks` writes the certificate.
const ARK: &[u8] = include_bytes!("../../../guest-agent/insecure-sim/hierarchy/ark.der");
const ASK: &[u8] = include_bytes!("../../../guest-agent/insecure-sim/hierarchy/ask.der");
const VCEK: &[u8] = include_bytes!("benchmarking/vcek.der");
/// A revocation list of the maximum size, written by `insecure-sim crl --this-update 1770000000
/// --revoke 1 … --revoke 32`.
const CRL: &[u8] = include_bytes!("benchmarking/crl.der");

/// An RSA-4096 key (SubjectPublicKeyInfo) and its signatures (PKCS #1 v1.5, by openssl). The
/// signatures cover 16 digests. Digest N has 32 bytes of the value N, for N from 0 to 15.
const SIGNER: &[u8] = include_bytes!("benchmarking/signer.der");
const SIGNATURES: &[u8] = include_bytes!("benchmarking/signatures.bin");

const CPU: CpuId = CpuId { family: 0x1a, model: 0xff, stepping: 0xff };

fn certificate(filled_with: u8) -> Certificate {
	vec![filled_with; MAX_CERTIFICATE as usize].try_into().expect("of the maximum length")
}

fn hierarchies(filled_with: u8) -> AmdRootList {
	let hierarchy = AmdHierarchy {
		product: ProductLine::Turin,
		ark: certificate(filled_with),
		ask: certificate(filled_with),
	};
	vec![hierarchy; MAX_AMD_ROOTS as usize].try_into().expect("the maximum number")
}

fn vendors(filled_with: u8) -> TpmRootList {
	vec![certificate(filled_with); MAX_TPM_ROOTS as usize].try_into().expect("the maximum number")
}

fn rules() -> CpuRules {
	let tcb = TcbVersion { fmc: Some(1), boot_loader: 1, tee: 1, snp: 1, microcode: 1 };
	let floors = TcbFloors { current: tcb, reported: tcb, committed: tcb, launch: tcb };
	CpuRules { floors, mitigations: u64::MAX }
}

fn signer_key() -> SignerKey {
	SIGNER.to_vec().try_into().expect("not longer than the maximum")
}

/// Returns files that [`SIGNER`] has signed, each with its `security.ima` value.
fn signed_files() -> Vec<(FileHash, FileSignatureBytes)> {
	let signatures = SIGNATURES.chunks(512).enumerate();
	signatures
		.map(|(number, signature)| {
			let value = [&[3, 2, 4, 0, 0, 0, 0, 2, 0], signature].concat();
			([number as u8; 32], value.try_into().expect("not longer than the maximum"))
		})
		.collect()
}

/// Stores vouchers of other signers, so that a file has room for only one more voucher.
fn vouched_by_others<T: Config>(digest: &FileHash) {
	let others = (1..MAX_VOUCHERS as u8).map(|number| Voucher {
		signer: [number; 32],
		added: 0,
		depositor: account("other", number.into(), 0),
		deposit: T::VoucherDeposit::get(),
	});
	let others: Vec<_> = others.collect();
	Vouched::<T>::insert(digest, BoundedVec::truncate_from(others));
}

fn bounded(der: &[u8]) -> Certificate {
	der.to_vec().try_into().expect("not longer than the maximum")
}

/// Trusts the maximum number of hierarchies. The last one has issued [`VCEK`].
fn trust_hierarchies<T: Config>() -> Result<(), BenchmarkError> {
	let other = AmdHierarchy { product: ProductLine::Genoa, ark: bounded(ARK), ask: bounded(ARK) };
	let mut all = vec![other; MAX_AMD_ROOTS as usize - 1];
	all.push(AmdHierarchy { product: ProductLine::Genoa, ark: bounded(ARK), ask: bounded(ASK) });
	let all: AmdRootList = all.try_into().expect("the maximum number");
	Pallet::<T>::do_set_value::<AmdRoots<T>, _>(Some(all), PolicyItem::AmdRoots)?;
	Ok(())
}

fn verified() -> Result<Vek, BenchmarkError> {
	let roots = snp::AmdRoots {
		product: ProductLine::Genoa,
		ark: ARK.to_vec(),
		ask: ASK.to_vec(),
		asvk: None,
	};
	snp::verify_vek::<RustCrypto>(VCEK, &[roots], NOW)
		.map_err(|_| BenchmarkError::Stop("the certificate is invalid"))
}

fn chip_of(vek: &Vek) -> Result<ChipHash, BenchmarkError> {
	match &vek.kind {
		VekKind::Vcek { hardware_id } => Ok(chip_hash(vek.product, hardware_id)),
		VekKind::Vlek => Err(BenchmarkError::Stop("the key is not a VCEK")),
	}
}

/// Registers a miner with a chip and `keys` VEKs, each for a TCB other than the certificate's.
fn miner_with_keys<T: Config>(vek: &Vek, keys: u32) -> Result<AccountIdOf<T>, BenchmarkError> {
	let miner: AccountIdOf<T> = account("miner", 0, 0);
	let tpm = EnrolledTpm {
		ek: [9; 32],
		ak: Default::default(),
		qualified_name: Default::default(),
		root: [0; 32],
	};
	let chip = chip_of(vek)?;
	T::World::register(&miner, &[chip], tpm);
	let rich = T::VekDeposit::get().saturating_mul(1_000_000u32.into());
	T::NativeBalance::set_balance(&miner, rich);
	for number in 0..keys {
		let mut other = vek.clone();
		other.tcb.microcode = other.tcb.microcode.wrapping_add(1 + number as u8);
		Pallet::<T>::store_vek(chip, other, miner.clone())?;
	}
	Ok(miner)
}

/// Gives an account enough funds for every deposit.
fn fund<T: Config>(who: &AccountIdOf<T>) {
	let rich = T::VoucherDeposit::get().saturating_mul(1_000_000u32.into());
	T::NativeBalance::set_balance(who, rich);
}

/// Returns a SHA-256 digest that is unique for each number.
fn digest(at: u32) -> [u8; 32] {
	let mut digest = [0xee; 32];
	digest[..4].copy_from_slice(&at.to_le_bytes());
	digest
}

fn digests(
	count: u32,
) -> frame_support::BoundedVec<[u8; 32], frame_support::traits::ConstU32<MAX_FILES>> {
	let digests = (0..count).map(digest).collect::<Vec<_>>();
	digests.try_into().expect("the maximum number")
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// Measures the case in which the new key replaces the oldest one.
	#[benchmark]
	fn register_vek() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		trust_hierarchies::<T>()?;
		let vek = verified()?;
		let miner = miner_with_keys::<T>(&vek, MAX_VEKS)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner), bounded(VCEK));

		let rows = Veks::<T>::get(chip_of(&vek)?);
		assert!(rows.iter().any(|row| row.vek.tcb == vek.tcb));
		Ok(())
	}

	/// Measures the check against one root. The call multiplies this weight by the maximum number
	/// of roots that can have the issuer's name.
	#[benchmark]
	fn post_crl() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		trust_hierarchies::<T>()?;
		let caller: AccountIdOf<T> = account("caller", 0, 0);
		let list = CRL.to_vec().try_into().expect("not longer than the maximum");

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), list);

		let row = Crls::<T>::get(snp::ark_id(ARK))
			.ok_or(BenchmarkError::Stop("the list is not stored"))?;
		assert_eq!(row.revoked.len() as u32, MAX_REVOKED);
		Ok(())
	}

	#[benchmark]
	fn set_revocation_grace() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(1));

		assert_eq!(RevocationGrace::<T>::get(), Some(1));
		Ok(())
	}

	#[benchmark]
	fn remove_vek() -> Result<(), BenchmarkError> {
		let vek = verified()?;
		let miner = miner_with_keys::<T>(&vek, MAX_VEKS - 1)?;
		let chip = chip_of(&vek)?;
		Pallet::<T>::store_vek(chip, vek.clone(), miner.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner), chip, vek.tcb);

		assert!(Veks::<T>::get(chip).iter().all(|row| row.vek.tcb != vek.tcb));
		Ok(())
	}

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
		_(origin as T::RuntimeOrigin, rules);

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
	fn set_generation() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, ProductLine::Turin, Some(GenerationTrust::Reduced));

		let row = Generations::<T>::get(ProductLine::Turin);
		assert_eq!(row.current(), Some(&GenerationTrust::Reduced));
		Ok(())
	}

	#[benchmark]
	fn set_files(n: Linear<1, MAX_FILES>) -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, digests(n), Some(FileRule::Forbidden));

		assert_eq!(Files::<T>::get(digest(0)).current(), Some(&FileRule::Forbidden));
		Ok(())
	}

	#[benchmark]
	fn set_boot_rules() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		let rules = BootRules { secure_boot: true };

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(rules));

		assert_eq!(Boot::<T>::get().current(), Some(&rules));
		Ok(())
	}

	#[benchmark]
	fn set_boot_parts(n: Linear<1, MAX_FILES>) -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, digests(n), Some(BootRole::Kernel));

		assert_eq!(BootParts::<T>::get(digest(0)).current(), Some(&BootRole::Kernel));
		Ok(())
	}

	#[benchmark]
	fn set_required() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		let versions = vec![[1; 32]; MAX_VERSIONS as usize].try_into().expect("the maximum number");
		let files: RequiredFiles =
			vec![versions; MAX_REQUIRED as usize].try_into().expect("the maximum number");

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(files.clone()));

		assert_eq!(Required::<T>::get().current(), Some(&files));
		Ok(())
	}

	#[benchmark]
	fn set_amd_roots() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;
		let rules = PlatformRules {
			guest_required: 1,
			guest_forbidden: 2,
			platform_required: 3,
			platform_allowed: 4,
		};
		Pallet::<T>::do_set_value::<Platform<T>, _>(Some(rules), PolicyItem::Platform)?;
		for filled_with in 1..4 {
			Pallet::<T>::do_set_value::<AmdRoots<T>, _>(
				Some(hierarchies(filled_with)),
				PolicyItem::AmdRoots,
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
			Pallet::<T>::do_set_tpm_roots(Some(vendors(filled_with)))?;
		}

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Some(vendors(0)));

		assert_eq!(TpmRoots::<T>::get().current(), Some(&vendors(0)));
		Ok(())
	}

	#[benchmark]
	fn set_file_signer() -> Result<(), BenchmarkError> {
		let origin = admin::<T>()?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, signer_key(), true);

		assert!(FileSigners::<T>::get(sha2_256(SIGNER)).current().is_some());
		Ok(())
	}

	/// Measures files that have room for only one more voucher.
	#[benchmark]
	fn vouch(n: Linear<1, MAX_VOUCHED>) -> Result<(), BenchmarkError> {
		let who: AccountIdOf<T> = whitelisted_caller();
		fund::<T>(&who);
		Pallet::<T>::do_set_file_signer(sha2_256(SIGNER), Some(signer_key()))?;
		let files: Vec<_> = signed_files().into_iter().take(n as usize).collect();
		for (digest, _) in &files {
			vouched_by_others::<T>(digest);
		}
		let files = files.try_into().expect("not more than the maximum");

		#[extrinsic_call]
		_(RawOrigin::Signed(who), sha2_256(SIGNER), files);

		assert_eq!(Vouched::<T>::get([0; 32]).len() as u32, MAX_VOUCHERS);
		Ok(())
	}

	#[benchmark]
	fn remove_voucher() -> Result<(), BenchmarkError> {
		let who: AccountIdOf<T> = whitelisted_caller();
		fund::<T>(&who);
		Pallet::<T>::do_set_file_signer(sha2_256(SIGNER), Some(signer_key()))?;
		vouched_by_others::<T>(&[0; 32]);
		Pallet::<T>::do_vouch(who.clone(), sha2_256(SIGNER), signed_files()[..1].to_vec())?;
		Pallet::<T>::do_set_file_signer(sha2_256(SIGNER), None)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), [0; 32], sha2_256(SIGNER));

		assert_eq!(Vouched::<T>::get([0; 32]).len() as u32, MAX_VOUCHERS - 1);
		Ok(())
	}
}
