//! Storage of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage {
	/// Flavours that can be ordered.
	// Hashed with Twox: governance chooses the keys.
	#[pallet::storage]
	pub type Flavours<T: Config> = StorageMap<_, Twox64Concat, FlavourId, Flavour, OptionQuery>;

	/// The number of VMs that were ever ordered. It is also the id of the latest VM.
	#[pallet::storage]
	pub type LastId<T: Config> = StorageValue<_, Id, ValueQuery>;

	/// The order of each VM. A row is removed together with its VM.
	// Twox is safe: ids are sequential.
	#[pallet::storage]
	pub type Orders<T: Config> = StorageMap<_, Twox64Concat, Id, OrderOf<T>, OptionQuery>;

	/// The state and the accounts of each VM.
	// Twox is safe: ids are sequential.
	#[pallet::storage]
	pub type Vms<T: Config> = StorageMap<_, Twox64Concat, Id, VmOf<T>, OptionQuery>;

	/// The last boot of each VM whose evidence was accepted, confirmed or not.
	// Twox is safe: ids are sequential.
	#[pallet::storage]
	pub type Boots<T: Config> = StorageMap<_, Twox64Concat, Id, BootRow, OptionQuery>;

	/// The last boot with refused evidence of each VM: its boot counter, and its number of
	/// refusals.
	// Twox is safe: ids are sequential.
	#[pallet::storage]
	pub type Refusals<T: Config> = StorageMap<_, Twox64Concat, Id, (u32, u8), OptionQuery>;

	/// The last settlements of each VM, oldest first.
	// Twox is safe: ids are sequential.
	#[pallet::storage]
	pub type Settlements<T: Config> =
		StorageMap<_, Twox64Concat, Id, BoundedVec<Settlement, ConstU32<MAX_SETTLED>>, ValueQuery>;

	/// The VMs by tenant and order nonce.
	// Blake2 is necessary: tenants can choose their account ids. Twox is safe for the nonce: a
	// tenant who chooses it badly harms only itself.
	#[pallet::storage]
	pub type OrderNonces<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountIdOf<T>, Twox64Concat, u64, Id, OptionQuery>;

	/// The VMs of each tenant.
	// Hashed with Blake2: tenants can choose their account ids.
	#[pallet::storage]
	pub type VmsOfTenant<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountIdOf<T>, Twox64Concat, Id, (), OptionQuery>;

	/// The VMs that are assigned to each miner.
	// Blake2 is necessary: miners can choose their account ids.
	#[pallet::storage]
	pub type VmsOfMiner<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountIdOf<T>, Twox64Concat, Id, (), OptionQuery>;

	/// The part of each miner's offer that VMs occupy.
	// Blake2 is necessary: miners can choose their account ids.
	#[pallet::storage]
	pub type AllottedCapacity<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, Allotment, ValueQuery>;

	/// Miners that missed a deadline, each with the tick until which it receives no new VMs.
	// Blake2 is necessary: miners can choose their account ids.
	#[pallet::storage]
	pub type RestingMiners<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, Tick, OptionQuery>;

	/// The VMs that the chain reviews at each tick. Every VM has exactly one entry.
	// Hashed with Twox: users choose neither ticks nor ids.
	#[pallet::storage]
	pub type Agenda<T: Config> =
		StorageDoubleMap<_, Twox64Concat, Tick, Twox64Concat, Id, (), OptionQuery>;

	/// The last tick whose VMs were all reviewed.
	#[pallet::storage]
	pub type AttendedUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// The totals of all payments since genesis.
	#[pallet::storage]
	pub type PaymentTotals<T: Config> = StorageValue<_, Totals, ValueQuery>;
}
