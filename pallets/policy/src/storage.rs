//! What is stored.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage {
	/// The newest revision.
	#[pallet::storage]
	pub type CurrentRevision<T: Config> = StorageValue<_, Revision, ValueQuery>;

	/// Bits of a report that are judged as masks.
	#[pallet::storage]
	pub type Platform<T: Config> = StorageValue<_, History<PlatformRules>, ValueQuery>;

	/// What is asked of each kind of CPU.
	// Not hashed: family, model and stepping are three bytes, set by governance.
	#[pallet::storage]
	pub type Cpus<T: Config> = StorageMap<_, Identity, CpuId, History<CpuRules>, ValueQuery>;

	/// What runs in a guest of a launch measurement.
	// Not hashed: the key is a hash, set by governance.
	#[pallet::storage]
	pub type Measurements<T: Config> =
		StorageMap<_, Identity, LaunchMeasurement, History<Role>, ValueQuery>;

	/// What is known of a file.
	// Not hashed: the key is a hash, set by governance.
	#[pallet::storage]
	pub type Files<T: Config> = StorageMap<_, Identity, FileHash, History<FileRule>, ValueQuery>;

	/// The last revision in which the list of files, of those that must be measured, or of what may boot became stricter.
	#[pallet::storage]
	pub type FilesTightened<T: Config> = StorageValue<_, Revision, ValueQuery>;

	/// The last revision in which anything may have become stricter: the last one that governance made, or in which AMD revoked something.
	#[pallet::storage]
	pub type Tightened<T: Config> = StorageValue<_, Revision, ValueQuery>;

	/// The keys by which files are signed: SubjectPublicKeyInfo, DER. What they sign is allowed as if it were listed.
	// Not hashed: the key is a hash, set by governance.
	#[pallet::storage]
	pub type FileSigners<T: Config> =
		StorageMap<_, Identity, SignerId, History<SignerKey>, ValueQuery>;

	/// Files whose signatures were verified.
	// Hashed with Blake2: whoever vouches chooses the key.
	#[pallet::storage]
	pub type Vouched<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		FileHash,
		BoundedVec<VoucherOf<T>, ConstU32<MAX_VOUCHERS>>,
		ValueQuery,
	>;

	/// Whether there are vouchers that wait for a revision.
	#[pallet::storage]
	pub type VouchersWait<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// The block in which vouchers last came into force.
	#[pallet::storage]
	pub type VouchedAt<T: Config> = StorageValue<_, BlockNumberFor<T>, OptionQuery>;

	/// Files that must be measured.
	#[pallet::storage]
	pub type Required<T: Config> = StorageValue<_, History<RequiredFiles>, ValueQuery>;

	/// What is asked of what boots; none: each boot must be like the enrolled one.
	#[pallet::storage]
	pub type Boot<T: Config> = StorageValue<_, History<BootRules>, ValueQuery>;

	/// What may boot, by the digests in firmwares' event logs.
	// Not hashed: the key is a hash, set by governance.
	#[pallet::storage]
	pub type BootParts<T: Config> =
		StorageMap<_, Identity, BootDigest, History<BootRole>, ValueQuery>;

	/// The hierarchies under which chips are genuine.
	#[pallet::storage]
	pub type AmdRoots<T: Config> = StorageValue<_, History<AmdRootList>, ValueQuery>;

	/// How far the processors of each product line are trusted; those without a row are not.
	// Not hashed: there are as many keys as product lines.
	#[pallet::storage]
	pub type Generations<T: Config> =
		StorageMap<_, Identity, ProductLine, History<GenerationTrust>, ValueQuery>;

	/// The newest revocation list of each of AMD's roots.
	// Not hashed: the key is a hash of a root that governance trusts.
	#[pallet::storage]
	pub type Crls<T: Config> = StorageMap<_, Identity, ArkId, CrlRow, OptionQuery>;

	/// For how many seconds after its end a revocation list counts. None: no list is asked for.
	#[pallet::storage]
	pub type RevocationGrace<T: Config> = StorageValue<_, u64, OptionQuery>;

	/// The certificates under which TPMs are genuine.
	#[pallet::storage]
	pub type TpmRoots<T: Config> = StorageValue<_, History<TpmRootList>, ValueQuery>;

	/// The hashes of those that were trusted and are no more.
	// Not hashed: the key is a hash of a certificate that governance has trusted.
	#[pallet::storage]
	pub type DistrustedTpmRoots<T: Config> = StorageMap<_, Identity, [u8; 32], (), OptionQuery>;

	/// The keys of each chip, newest last, each for another TCB.
	// Not hashed: the key is a hash of a chip's id, and rows exist only for registered chips.
	#[pallet::storage]
	pub type Veks<T: Config> =
		StorageMap<_, Identity, ChipHash, BoundedVec<VekRowOf<T>, ConstU32<MAX_VEKS>>, ValueQuery>;
}
