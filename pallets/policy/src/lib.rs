#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

mod change;
mod genesis;
pub mod history;
mod host;
mod impls;
mod outcomes;
mod revocation;
mod signers;
mod storage;
mod tighten;
mod types;
mod veks;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;
pub use genesis::{
	AmdHierarchySpec, BootPartSpec, BootRoleSpec, BootRulesSpec, CpuSpec, FileSpec,
	GenerationTrustSpec, TcbSpec,
};
pub use history::{History, Revision};
pub use host::{FilesAt, PolicyAt};
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[import_section(outcomes::outcomes)]
#[import_section(storage::storage)]
#[frame_support::pallet]
pub mod pallet {
	extern crate alloc;
	use alloc::{collections::BTreeMap, string::String, vec::Vec};

	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Inspect, Mutate, MutateHold},
			UnixTime,
		},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use hcc_evidence::{
		boot::{BootRole, BootRules},
		host::{ChipHash, GenerationTrust},
		ima::Limits,
		snp::{ArkId, CpuId, ProductLine, TcbVersion, Vek, MAX_CRL},
	};
	use hcc_primitives::ChipOwners;
	use sp_core::{Bytes, H256};

	use super::{tighten::*, *};

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Who changes the rules.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Who may make less acceptable than is, and nothing else.
		type TightenOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The oldest revision by which something may still be judged. Older ones can be forgotten.
		type OldestNeeded: Get<Revision>;

		/// How much of a measurement log one evidence may bring.
		type ImaLimits: Get<Limits>;

		/// Where deposits are held.
		type NativeBalance: Inspect<AccountIdOf<Self>>
			+ Mutate<AccountIdOf<Self>>
			+ MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason>;

		/// The overarching hold reason.
		type RuntimeHoldReason: From<HoldReason>;

		/// What a chip's key costs while it is stored.
		#[pallet::constant]
		type VekDeposit: Get<BalanceOf<Self>>;

		/// What it costs to vouch for a file while that is stored.
		#[pallet::constant]
		type VoucherDeposit: Get<BalanceOf<Self>>;

		/// After how many blocks files for which somebody vouches come into force, where others did lately.
		#[pallet::constant]
		type VouchInterval: Get<BlockNumberFor<Self>>;

		/// Whose chips are.
		type Chips: ChipOwners<AccountIdOf<Self>>;

		/// The time at which certificates must be valid.
		type Time: UnixTime;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The row of a chip's key.
		Vek,
		/// A file's row.
		Voucher,
	}

	/// The rules from the start. Certificates and hashes are in hexadecimal.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// None only where no chip is genuine.
		pub platform: Option<PlatformRules>,
		pub cpus: Vec<CpuSpec>,
		pub measurements: Vec<(Bytes, Role)>,
		pub files: Vec<FileSpec>,
		/// Each file with its versions.
		pub required: Vec<Vec<H256>>,
		/// None: each boot must be like the enrolled one.
		pub boot_rules: Option<BootRulesSpec>,
		pub boot_parts: Vec<BootPartSpec>,
		/// By the product line's name. Those that are not named are not trusted.
		pub generations: BTreeMap<String, GenerationTrustSpec>,
		/// None: no revocation list is asked for.
		pub revocation_grace: Option<u64>,
		/// Hierarchies beside AMD's own.
		pub amd_roots: Vec<AmdHierarchySpec>,
		/// Whether AMD's own roots are trusted.
		pub trust_amd: bool,
		pub tpm_roots: Vec<Bytes>,
		#[serde(skip)]
		pub _marker: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			self.build_policy().expect("the policy of the chain spec must be sound; correct it");
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::enforce_vouchers(now, meter);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The newest revision.
		pub fn revision() -> Revision {
			CurrentRevision::<T>::get()
		}

		/// What is asked of platforms now.
		pub fn platform() -> Option<PlatformRules> {
			Platform::<T>::get().current().copied()
		}

		/// What is asked of such a CPU now: family, model, stepping.
		pub fn cpu(family: u8, model: u8, stepping: u8) -> Option<CpuRules> {
			Cpus::<T>::get(CpuId { family, model, stepping }).current().copied()
		}

		/// What is known of the file with that SHA-256 now.
		pub fn file(digest: FileHash) -> Option<FileRule> {
			Files::<T>::get(digest).current().copied()
		}

		/// What runs in a guest of that launch measurement, as ruled now.
		pub fn measurement(measurement: LaunchMeasurement) -> Option<Role> {
			Measurements::<T>::get(measurement).current().copied()
		}

		/// The files that must be measured now, each in one of its versions.
		pub fn required() -> Option<RequiredFiles> {
			Required::<T>::get().current().cloned()
		}

		/// What is asked of what boots now.
		pub fn boot_rules() -> Option<BootRules> {
			Boot::<T>::get().current().copied()
		}

		/// What that SHA-256 digest of an event log stands for now.
		pub fn boot_part(digest: BootDigest) -> Option<BootRole> {
			BootParts::<T>::get(digest).current().copied()
		}

		/// The hierarchies under which chips are genuine now.
		pub fn amd_roots() -> Option<AmdRootList> {
			AmdRoots::<T>::get().current().cloned()
		}

		/// How far processors of that product line are trusted now.
		pub fn generation(product: ProductLine) -> Option<GenerationTrust> {
			Generations::<T>::get(product).current().copied()
		}

		/// The newest revocation list of the root whose certificate (DER) has that SHA-256.
		pub fn crl(ark: ArkId) -> Option<CrlRow> {
			Crls::<T>::get(ark)
		}

		/// The keys of a chip.
		pub fn veks(chip: ChipHash) -> Vec<Vek> {
			Veks::<T>::get(chip).into_iter().map(|row| row.vek).collect()
		}

		/// The key by which files are signed (SubjectPublicKeyInfo, DER) whose SHA-256 that is, if it is trusted now.
		pub fn file_signer(signer: SignerId) -> Option<SignerKey> {
			FileSigners::<T>::get(signer).current().cloned()
		}

		/// By which signers that file was signed, and from which revision on that counts.
		pub fn vouchers(digest: FileHash) -> Vec<VoucherOf<T>> {
			Vouched::<T>::get(digest).into_inner()
		}

		/// The certificates under which TPMs are genuine now.
		pub fn tpm_roots() -> Option<TpmRootList> {
			TpmRoots::<T>::get().current().cloned()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Sets which bits of reports must be set, may be, must not be. They can be changed, and not taken back: without any nothing can be judged.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(0)]
		pub fn set_platform(origin: OriginFor<T>, rules: PlatformRules) -> DispatchResult {
			Self::admit(origin, tightens(Platform::<T>::get().current(), Some(&rules)))?;
			Self::do_set_value::<Platform<T>, _>(Some(rules), Subject::Platform)
		}

		/// Sets what is asked of a kind of CPU; without rules it is refused.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(1)]
		pub fn set_cpu(
			origin: OriginFor<T>,
			cpu: CpuId,
			rules: Option<CpuRules>,
		) -> DispatchResult {
			Self::admit(origin, tightens(Cpus::<T>::get(cpu).current(), rules.as_ref()))?;
			Self::do_set_cpu(cpu, rules)
		}

		/// Sets what runs in a guest of a launch measurement; without a role it is refused.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(2)]
		pub fn set_measurement(
			origin: OriginFor<T>,
			measurement: LaunchMeasurement,
			role: Option<Role>,
		) -> DispatchResult {
			let row = Measurements::<T>::get(measurement);
			Self::admit(origin, tightens(row.current(), role.as_ref()))?;
			Self::do_set_measurement(measurement, role)
		}

		/// Sets what is known of files, all alike, in one revision; files without a rule are unknown.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`] if one of them is ruled so already, or there is none; [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(3)]
		#[pallet::weight(<T as Config>::WeightInfo::set_files(digests.len() as u32))]
		pub fn set_files(
			origin: OriginFor<T>,
			digests: BoundedVec<FileHash, ConstU32<MAX_FILES>>,
			rule: Option<FileRule>,
		) -> DispatchResult {
			Self::change_files(origin, digests, rule)
		}

		/// Sets which files must be measured.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(4)]
		pub fn set_required(origin: OriginFor<T>, files: Option<RequiredFiles>) -> DispatchResult {
			Self::change_required(origin, files)
		}

		/// Sets the hierarchies under which chips are genuine.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`]; [`Error::NoPlatform`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(5)]
		pub fn set_amd_roots(origin: OriginFor<T>, roots: Option<AmdRootList>) -> DispatchResult {
			ensure!(roots.is_none() || Self::platform().is_some(), Error::<T>::NoPlatform);
			Self::admit(origin, tightens(AmdRoots::<T>::get().current(), roots.as_ref()))?;
			Self::do_set_value::<AmdRoots<T>, _>(roots, Subject::AmdRoots)
		}

		/// Sets the certificates under which TPMs are genuine.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(6)]
		pub fn set_tpm_roots(origin: OriginFor<T>, roots: Option<TpmRootList>) -> DispatchResult {
			Self::admit(origin, tightens(TpmRoots::<T>::get().current(), roots.as_ref()))?;
			Self::do_set_tpm_roots(roots)
		}

		/// Registers a chip's key by its certificate (DER), verified up to a trusted root. A deposit is held for it.
		///
		/// The chip's miner can always register one: its newest then replaces the oldest. Others fill the room that is left.
		///
		/// ## Dispatch Origin
		/// `Signed`, with [`Config::VekDeposit`] free.
		///
		/// ## Errors
		/// - [`Error::VekRefused`]: the certificate does not hold.
		/// - [`Error::ChipNotRegistered`]: no miner has that chip.
		/// - [`Error::VekKnown`]: it is registered.
		/// - [`Error::TooManyVeks`]: no room for others.
		///
		/// ## Events
		/// [`Event::VekRegistered`], and [`Event::VekRemoved`] for a key that it replaces.
		#[pallet::call_index(7)]
		pub fn register_vek(origin: OriginFor<T>, certificate: Certificate) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register_vek(who, &certificate)
		}

		/// Forgets a chip's key, and releases its deposit.
		///
		/// ## Dispatch Origin
		/// `Signed` by who registered it.
		///
		/// ## Errors
		/// - [`Error::VekNotFound`]: no such key of the caller's.
		/// - [`Error::LastVek`]: it is the only key of a registered chip that counts.
		///
		/// ## Events
		/// [`Event::VekRemoved`].
		#[pallet::call_index(8)]
		pub fn remove_vek(origin: OriginFor<T>, chip: ChipHash, tcb: TcbVersion) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_vek(who, chip, tcb)
		}

		/// Sets what is asked of what boots: then each boot is held against what may boot. Without rules each boot must be like the enrolled one.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(9)]
		pub fn set_boot_rules(origin: OriginFor<T>, rules: Option<BootRules>) -> DispatchResult {
			Self::change_boot_rules(origin, rules)
		}

		/// Sets what digests of event logs stand for, all alike, in one revision; what has no role may not boot.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`] if one of them is ruled so already, or there is none; [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(10)]
		#[pallet::weight(<T as Config>::WeightInfo::set_boot_parts(digests.len() as u32))]
		pub fn set_boot_parts(
			origin: OriginFor<T>,
			digests: BoundedVec<BootDigest, ConstU32<MAX_FILES>>,
			role: Option<BootRole>,
		) -> DispatchResult {
			Self::change_boot_parts(origin, digests, role)
		}

		/// Sets how far processors of a product line are trusted; without a rule they are not.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where nothing is accepted then that is not now.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(11)]
		pub fn set_generation(
			origin: OriginFor<T>,
			product: ProductLine,
			trust: Option<GenerationTrust>,
		) -> DispatchResult {
			let row = Generations::<T>::get(product);
			Self::admit(origin, tightens(row.current(), trust.as_ref()))?;
			Self::do_set_generation(product, trust)
		}

		/// Sets for how many seconds after its end a revocation list counts; none are asked for without. Where none is current, evidence is judged by nobody, and
		/// counts for nothing.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where it is less than now, or was not set.
		///
		/// ## Errors
		/// [`Error::Unchanged`].
		///
		/// ## Events
		/// [`Event::RevocationGraceSet`].
		#[pallet::call_index(12)]
		pub fn set_revocation_grace(origin: OriginFor<T>, grace: Option<u64>) -> DispatchResult {
			Self::change_revocation_grace(origin, grace)
		}

		/// Posts a revocation list (DER) of one of AMD's roots, as AMD's key server gives it. Free if it is newer than the one that is known.
		///
		/// ## Dispatch Origin
		/// `Signed` by anyone.
		///
		/// ## Errors
		/// [`Error::CrlRefused`], [`Error::CrlNotNewer`], [`Error::CrlTooLong`].
		///
		/// ## Events
		/// [`Event::CrlPosted`]; [`Event::Changed`] where it revokes what was not revoked before: whoever was accepted until then is asked again.
		#[pallet::call_index(13)]
		#[pallet::weight(
			// Each root of the issuer's name may have to be tried.
			<T as Config>::WeightInfo::post_crl().saturating_mul(MAX_AMD_ROOTS.into())
				.saturating_add(T::DbWeight::get().reads_writes(1, 2))
		)]
		pub fn post_crl(
			origin: OriginFor<T>,
			list: BoundedVec<u8, ConstU32<{ MAX_CRL as u32 }>>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Self::do_post_crl(&list)?;
			Ok(Pays::No.into())
		}

		/// Trusts a key by which files are signed (SubjectPublicKeyInfo, DER: RSA or P-256), or trusts it no more.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; or [`Config::TightenOrigin`], where it is trusted no more.
		///
		/// ## Errors
		/// [`Error::SignerMalformed`], [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(14)]
		pub fn set_file_signer(
			origin: OriginFor<T>,
			key: SignerKey,
			trusted: bool,
		) -> DispatchResult {
			Self::change_file_signer(origin, key, trusted)
		}

		/// Vouches for files by the signatures of a signer that is trusted: each the value of `security.ima`, as `evmctl ima_sign` makes it. They are allowed from the next revision on,
		/// which comes within [`Config::VouchInterval`], for as long as the signer is trusted.
		///
		/// ## Dispatch Origin
		/// `Signed` by anyone, with [`Config::VoucherDeposit`] free for each file.
		///
		/// ## Errors
		/// [`Error::SignerUnknown`], [`Error::FileSignatureRefused`], [`Error::AlreadyVouched`], [`Error::TooManyVouchers`] for any of the files: then none counts.
		///
		/// ## Events
		/// [`Event::FilesVouched`].
		#[pallet::call_index(15)]
		#[pallet::weight(<T as Config>::WeightInfo::vouch(files.len() as u32))]
		pub fn vouch(
			origin: OriginFor<T>,
			signer: SignerId,
			files: BoundedVec<(FileHash, FileSignatureBytes), ConstU32<MAX_VOUCHED>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_vouch(who, signer, files.into_inner())
		}

		/// Forgets that a file was signed, where it counts for nothing any more, and releases the deposit.
		///
		/// ## Dispatch Origin
		/// `Signed` by who vouched.
		///
		/// ## Errors
		/// [`Error::VoucherNotFound`], [`Error::VoucherNeeded`].
		///
		/// ## Events
		/// [`Event::VoucherRemoved`].
		#[pallet::call_index(16)]
		pub fn remove_voucher(
			origin: OriginFor<T>,
			digest: FileHash,
			signer: SignerId,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_voucher(who, digest, signer)
		}
	}
}
