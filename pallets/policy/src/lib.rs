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
mod events;
mod genesis;
pub mod history;
mod host;
mod impls;
mod revocation;
mod signers;
mod storage;
mod tightening;
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
pub use genesis::*;
pub use history::{History, Revision};
pub use host::{FilesAt, PolicyAt};
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[import_section(events::events)]
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
	use hcc_primitives::ChipOwnership;
	use sp_core::{Bytes, H256};

	use super::{tightening::*, *};

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The origin that may set any rule.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The origin that may only tighten policy: it cannot make anything acceptable that is not
		/// acceptable now.
		type TightenOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The oldest revision by which open evidence may still be judged. Older values can be
		/// pruned.
		type OldestNeeded: Get<Revision>;

		/// Limits on the IMA log in one piece of evidence.
		type ImaLimits: Get<Limits>;

		/// The currency of deposits.
		type NativeBalance: Inspect<AccountIdOf<Self>>
			+ Mutate<AccountIdOf<Self>>
			+ MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason>;

		/// The overarching hold reason.
		type RuntimeHoldReason: From<HoldReason>;

		/// The deposit for a stored VEK.
		#[pallet::constant]
		type VekDeposit: Get<BalanceOf<Self>>;

		/// The deposit for a stored voucher.
		#[pallet::constant]
		type VoucherDeposit: Get<BalanceOf<Self>>;

		/// The minimum number of blocks between two revisions that bring vouchers into force.
		#[pallet::constant]
		type VouchInterval: Get<BlockNumberFor<Self>>;

		/// The register of chips and their miners.
		type Chips: ChipOwnership<AccountIdOf<Self>>;

		/// The time at which certificates and revocation lists must be valid.
		type Time: UnixTime;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// State of other pallets that benchmarks need.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Reasons for which this pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a stored VEK.
		Vek,
		/// The deposit for a stored voucher.
		Voucher,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			self.build_policy().expect("the policy in the chain spec must be valid; correct it");
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
		/// Returns the newest policy revision.
		pub fn revision() -> Revision {
			CurrentRevision::<T>::get()
		}

		/// Returns the current masks for the guest policy and PLATFORM_INFO.
		pub fn platform() -> Option<PlatformRules> {
			Platform::<T>::get().current().copied()
		}

		/// Returns the current rules for a CPU type: family, model and stepping.
		pub fn cpu(family: u8, model: u8, stepping: u8) -> Option<CpuRules> {
			Cpus::<T>::get(CpuId { family, model, stepping }).current().copied()
		}

		/// Returns the current rule for the file with this SHA-256 digest.
		pub fn file(digest: FileHash) -> Option<FileRule> {
			Files::<T>::get(digest).current().copied()
		}

		/// Returns the current role of a launch measurement.
		pub fn measurement(measurement: LaunchMeasurement) -> Option<Role> {
			Measurements::<T>::get(measurement).current().copied()
		}

		/// Returns the files that IMA must measure now. For each file, one of its versions
		/// suffices.
		pub fn required() -> Option<RequiredFiles> {
			Required::<T>::get().current().cloned()
		}

		/// Returns the current rules for measured boot.
		pub fn boot_rules() -> Option<BootRules> {
			Boot::<T>::get().current().copied()
		}

		/// Returns the current role of a SHA-256 digest in boot event logs.
		pub fn boot_part(digest: BootDigest) -> Option<BootRole> {
			BootParts::<T>::get(digest).current().copied()
		}

		/// Returns the hierarchies under which chips are genuine now.
		pub fn amd_roots() -> Option<AmdRootList> {
			AmdRoots::<T>::get().current().cloned()
		}

		/// Returns the current trust in a product line. `None` has the effect of `Suspended`.
		pub fn generation(product: ProductLine) -> Option<GenerationTrust> {
			Generations::<T>::get(product).current().copied()
		}

		/// Returns the newest revocation list of a root, by the SHA-256 of the root's certificate
		/// (DER).
		pub fn crl(ark: ArkId) -> Option<CrlRow> {
			Crls::<T>::get(ark)
		}

		/// Returns the registered VEKs of a chip.
		pub fn veks(chip: ChipHash) -> Vec<Vek> {
			Veks::<T>::get(chip).into_iter().map(|row| row.vek).collect()
		}

		/// Returns a signer's key (SubjectPublicKeyInfo, DER) by its SHA-256, if the signer is
		/// trusted now.
		pub fn file_signer(signer: SignerId) -> Option<SignerKey> {
			FileSigners::<T>::get(signer).current().cloned()
		}

		/// Returns the vouchers for a file. Each has a signer and the first revision in which it
		/// counts.
		pub fn vouchers(digest: FileHash) -> Vec<VoucherOf<T>> {
			Vouched::<T>::get(digest).into_inner()
		}

		/// Returns the certificates under which TPMs are genuine now.
		pub fn tpm_roots() -> Option<TpmRootList> {
			TpmRoots::<T>::get().current().cloned()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Sets the masks for the guest policy and PLATFORM_INFO in SNP reports.
		///
		/// The masks can be changed but not removed, because no evidence can be judged without
		/// them.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(0)]
		pub fn set_platform(origin: OriginFor<T>, rules: PlatformRules) -> DispatchResult {
			Self::admit(origin, tightens(Platform::<T>::get().current(), Some(&rules)))?;
			Self::do_set_value::<Platform<T>, _>(Some(rules), PolicyItem::Platform)
		}

		/// Sets the TCB floors and mitigations for a CPU type. `None` removes the rules, so that
		/// evidence from such a CPU is rejected.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
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

		/// Sets the role of a launch measurement. `None` removes the role, so that the measurement
		/// is rejected.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
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

		/// Sets one rule for several files in one revision. `None` removes their rules, so that the
		/// files are unknown.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
		///
		/// ## Errors
		/// [`Error::Unchanged`] if the list is empty or one entry has this value already;
		/// [`Error::TooManyRevisions`].
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

		/// Sets the files that IMA must measure. For each file, one of its versions suffices. With
		/// `None`, no file is required.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
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

		/// Sets the AMD hierarchies under which chips are genuine. With `None`, no chip is genuine.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
		///
		/// ## Errors
		/// [`Error::Unchanged`], [`Error::TooManyRevisions`], [`Error::NoPlatform`].
		///
		/// ## Events
		/// [`Event::Changed`].
		#[pallet::call_index(5)]
		pub fn set_amd_roots(origin: OriginFor<T>, roots: Option<AmdRootList>) -> DispatchResult {
			ensure!(roots.is_none() || Self::platform().is_some(), Error::<T>::NoPlatform);
			Self::admit(origin, tightens(AmdRoots::<T>::get().current(), roots.as_ref()))?;
			Self::do_set_value::<AmdRoots<T>, _>(roots, PolicyItem::AmdRoots)
		}

		/// Sets the vendors' certificates under which TPMs are genuine. With `None`, no TPM is
		/// genuine.
		///
		/// A TPM that was enrolled under a removed certificate is not genuine until the certificate
		/// is trusted again.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
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

		/// Registers a chip's VCEK by its certificate (DER) and holds a deposit. The chain verifies
		/// the certificate up to a trusted root.
		///
		/// The chip's miner, or its hot key, can always register a key. If there is no room, the
		/// new key replaces the oldest one. The miner also takes over a key that another account
		/// registered. Other accounts can fill half of the room. A reissued certificate replaces a
		/// certificate for the same TCB that expires earlier.
		///
		/// ## Dispatch Origin
		/// `Signed` by any account with a free balance of [`Config::VekDeposit`].
		///
		/// ## Errors
		/// - [`Error::VekRefused`]: the certificate is invalid, or is not the certificate of a
		///   VCEK.
		/// - [`Error::VekRevoked`]: AMD has revoked the issuer's certificate.
		/// - [`Error::ChipNotRegistered`]: no miner has registered the chip.
		/// - [`Error::VekKnown`]: the key is registered already.
		/// - [`Error::TooManyVeks`]: there is no room for keys from other accounts.
		///
		/// ## Events
		/// [`Event::VekRegistered`], and [`Event::VekRemoved`] for a key that is replaced.
		#[pallet::call_index(7)]
		pub fn register_vek(origin: OriginFor<T>, certificate: Certificate) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register_vek(who, &certificate)
		}

		/// Removes a chip's key and releases its deposit.
		///
		/// ## Dispatch Origin
		/// `Signed` by the account that registered the key.
		///
		/// ## Errors
		/// - [`Error::VekNotFound`]: the caller has not registered such a key.
		/// - [`Error::LastVek`]: the key is the last valid key of a registered chip.
		///
		/// ## Events
		/// [`Event::VekRemoved`].
		#[pallet::call_index(8)]
		pub fn remove_vek(origin: OriginFor<T>, chip: ChipHash, tcb: TcbVersion) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_vek(who, chip, tcb)
		}

		/// Sets the rules for measured boot. With rules, each new boot must have only parts that
		/// [`Pallet::set_boot_parts`] lists. `None` removes the rules, so that each boot must match
		/// the enrolled boot profile.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
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

		/// Sets one role for several digests of boot event logs, in one revision. `None` removes
		/// their roles, so that boots with these parts are rejected.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if `role` is `None`.
		///
		/// ## Errors
		/// [`Error::Unchanged`] if the list is empty or one entry has this value already;
		/// [`Error::TooManyRevisions`].
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

		/// Sets the trust in a product line. `None` has the effect of `Suspended`.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new rule accepts nothing
		/// that the current one rejects.
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

		/// Sets the number of seconds for which a revocation list remains current after its
		/// `nextUpdate`. With `None`, no list is required.
		///
		/// Evidence whose revocation list is stale stays undecided and has no effect. The change
		/// makes no revision.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if the new time is shorter, or
		/// if no list was required before.
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

		/// Posts a revocation list (DER) of an AMD root, as AMD's key server provides it. The call
		/// is free if the list is newer than the stored one.
		///
		/// ## Dispatch Origin
		/// `Signed` by any account.
		///
		/// ## Errors
		/// [`Error::CrlRefused`], [`Error::CrlNotNewer`], [`Error::CrlTooLong`].
		///
		/// ## Events
		/// [`Event::CrlPosted`]; also [`Event::Changed`] if the list revokes a certificate that the
		/// stored list does not revoke. Chips that were accepted before are then challenged again.
		#[pallet::call_index(13)]
		#[pallet::weight(
			// Several roots can have the issuer's name, and the list is checked against each.
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

		/// Adds or removes trust in a key that signs files. The key is an RSA or P-256 key in the
		/// form of SubjectPublicKeyInfo (DER).
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`]; also [`Config::TightenOrigin`] if `trusted` is `false`.
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

		/// Stores vouchers for files that a trusted signer has signed. Each signature is a value of
		/// `security.ima`, as `evmctl ima_sign` makes it.
		///
		/// The files are allowed from the next revision on, which follows within
		/// [`Config::VouchInterval`] blocks. They are allowed while the signer is trusted. A file
		/// that policy forbids stays forbidden.
		///
		/// ## Dispatch Origin
		/// `Signed` by any account with a free balance of [`Config::VoucherDeposit`] for each file.
		///
		/// ## Errors
		/// - [`Error::SignerUnknown`].
		/// - [`Error::AlreadyVouched`]: the list is empty, or the signer's voucher for a file is
		///   stored already.
		/// - [`Error::FileSignatureRefused`], [`Error::TooManyVouchers`]: one of the files causes
		///   the error, and no voucher is stored.
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

		/// Removes a voucher that can no longer have an effect, and releases its deposit.
		///
		/// ## Dispatch Origin
		/// `Signed` by the account that vouched.
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
