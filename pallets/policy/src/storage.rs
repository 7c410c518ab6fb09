//! The storage of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage {
	/// The newest policy revision.
	#[pallet::storage]
	pub type CurrentRevision<T: Config> = StorageValue<_, Revision, ValueQuery>;

	/// Masks for the guest policy and PLATFORM_INFO in reports.
	#[pallet::storage]
	pub type Platform<T: Config> = StorageValue<_, History<PlatformRules>, ValueQuery>;

	/// The rules for each CPU type.
	// Not hashed: governance chooses the keys, which have three bytes (family, model, stepping).
	#[pallet::storage]
	pub type Cpus<T: Config> = StorageMap<_, Identity, CpuId, History<CpuRules>, ValueQuery>;

	/// The role of each launch measurement.
	// Not hashed: the key is a hash that governance chooses.
	#[pallet::storage]
	pub type Measurements<T: Config> =
		StorageMap<_, Identity, LaunchMeasurement, History<Role>, ValueQuery>;

	/// The rule for each file.
	// Not hashed: the key is a hash that governance chooses.
	#[pallet::storage]
	pub type Files<T: Config> = StorageMap<_, Identity, FileHash, History<FileRule>, ValueQuery>;

	/// The last revision that made the rules for files, file signers or boot stricter. Chips that
	/// were accepted before this revision must submit their whole IMA log again.
	#[pallet::storage]
	pub type LastFileTightening<T: Config> = StorageValue<_, Revision, ValueQuery>;

	/// The last revision that may have made any rule stricter: governance changed a rule, or AMD
	/// revoked a certificate. Chips that were accepted before this revision are challenged again.
	#[pallet::storage]
	pub type LastTightening<T: Config> = StorageValue<_, Revision, ValueQuery>;

	/// Trusted keys that sign files (SubjectPublicKeyInfo, DER). A file with a voucher of a trusted
	/// signer is allowed in the same way as a listed file.
	// Not hashed: the key is a hash that governance chooses.
	#[pallet::storage]
	pub type FileSigners<T: Config> =
		StorageMap<_, Identity, SignerId, History<SignerKey>, ValueQuery>;

	/// Vouchers for each file: signatures that the chain has verified.
	// Hashed with Blake2: any account can choose the key.
	#[pallet::storage]
	pub type Vouched<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		FileHash,
		BoundedVec<VoucherOf<T>, ConstU32<MAX_VOUCHERS>>,
		ValueQuery,
	>;

	/// Marks that vouchers wait for a revision that brings them into force.
	#[pallet::storage]
	pub type VouchersPending<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// The block in which vouchers came into force last.
	#[pallet::storage]
	pub type VouchedAt<T: Config> = StorageValue<_, BlockNumberFor<T>, OptionQuery>;

	/// The files that IMA must measure. For each file, one of its versions suffices.
	#[pallet::storage]
	pub type Required<T: Config> = StorageValue<_, History<RequiredFiles>, ValueQuery>;

	/// The rules for measured boot. Without rules, each boot must match the enrolled boot profile.
	#[pallet::storage]
	pub type Boot<T: Config> = StorageValue<_, History<BootRules>, ValueQuery>;

	/// The role of each digest of boot event logs. Boots must have only digests with a role.
	// Not hashed: the key is a hash that governance chooses.
	#[pallet::storage]
	pub type BootParts<T: Config> =
		StorageMap<_, Identity, BootDigest, History<BootRole>, ValueQuery>;

	/// The hierarchies under which chips are genuine.
	#[pallet::storage]
	pub type AmdRoots<T: Config> = StorageValue<_, History<AmdRootList>, ValueQuery>;

	/// The trust in each product line. A product line without a row is suspended.
	// Not hashed: there are only as many keys as product lines.
	#[pallet::storage]
	pub type Generations<T: Config> =
		StorageMap<_, Identity, ProductLine, History<GenerationTrust>, ValueQuery>;

	/// The newest revocation list of each AMD root.
	// Not hashed: the key is the hash of a root that governance trusts.
	#[pallet::storage]
	pub type Crls<T: Config> = StorageMap<_, Identity, ArkId, CrlRow, OptionQuery>;

	/// Number of seconds for which a revocation list remains current after its `nextUpdate`. With
	/// `None`, no list is required.
	#[pallet::storage]
	pub type RevocationGrace<T: Config> = StorageValue<_, u64, OptionQuery>;

	/// The certificates under which TPMs are genuine.
	#[pallet::storage]
	pub type TpmRoots<T: Config> = StorageValue<_, History<TpmRootList>, ValueQuery>;

	/// Hashes of vendors' certificates that were trusted once and are no longer trusted.
	// Not hashed: the key is the hash of a certificate that governance trusted once.
	#[pallet::storage]
	pub type DistrustedTpmRoots<T: Config> = StorageMap<_, Identity, [u8; 32], (), OptionQuery>;

	/// The VEKs of each chip, oldest first, at most one for each TCB.
	// Not hashed: the key is the hash of a chip id, and only registered chips have rows.
	#[pallet::storage]
	pub type Veks<T: Config> =
		StorageMap<_, Identity, ChipHash, BoundedVec<VekRowOf<T>, ConstU32<MAX_VEKS>>, ValueQuery>;

	/// The policy of revision 0. Certificates and hashes are in hexadecimal.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Masks for reports. May be `None` only if no AMD root is trusted.
		pub platform: Option<PlatformRules>,
		pub cpus: Vec<CpuSpec>,
		pub measurements: Vec<(Bytes, Role)>,
		pub files: Vec<FileSpec>,
		/// Required files. Each entry lists the versions of one file, of which one must be
		/// measured.
		pub required: Vec<Vec<H256>>,
		/// Rules for measured boot. With `None`, each boot must match the enrolled boot profile.
		pub boot_rules: Option<BootRulesSpec>,
		pub boot_parts: Vec<BootPartSpec>,
		/// Trust by product line name. A product line without an entry is suspended.
		pub generations: BTreeMap<String, GenerationTrustSpec>,
		/// Number of seconds for which a revocation list remains current after its `nextUpdate`.
		/// With `None`, no list is required.
		pub revocation_grace: Option<u64>,
		/// Hierarchies in addition to AMD's own.
		pub amd_roots: Vec<AmdHierarchySpec>,
		/// Adds AMD's own roots to the trusted hierarchies.
		pub trust_amd: bool,
		pub tpm_roots: Vec<Bytes>,
		#[serde(skip)]
		pub _marker: core::marker::PhantomData<T>,
	}
}
