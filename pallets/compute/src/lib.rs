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

mod agenda;
#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod benchmarking;
mod billing;
mod boots;
mod configuration;
mod disk_rent;
mod events;
mod guests;
mod maintenance;
mod orders;
mod placement;
pub mod price;
mod rules;
pub mod silence;
mod storage;
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;
pub use pallet::*;
pub use price::{Allotment, List, Rate, Shares};
pub use rules::{Rules, SharesOf};
pub use types::*;
pub use weights::WeightInfo;

#[import_section(events::events)]
#[import_section(storage::storage)]
#[frame_support::pallet]
pub mod pallet {
	extern crate alloc;
	use alloc::{boxed::Box, vec::Vec};
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Balanced, BalancedHold, Credit, MutateHold},
			OnUnbalanced, Randomness,
		},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use hcc_evidence::vm::{SignedConfirmation, VmEvidence};
	use hcc_primitives::{
		units::Balance, ChipHash, ChipOwnership, ImageDirectory, IntervalIndex, Liveness, Miners,
		OfferBook, OnSettled, Oracle, PaidSlots, PaidTime, Price, StoreRules, Tick, TickSource,
		Usage, VmVerifier,
	};

	use super::*;

	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>, AccountId: Into<[u8; 32]>>
	{
		/// The native token.
		type NativeBalance: MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason, Balance = Balance>
			+ BalancedHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason, Balance = Balance>
			+ Balanced<AccountIdOf<Self>, Balance = Balance>;

		/// Receives burned tokens and counts them.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// The reason for which this pallet holds funds.
		type RuntimeHoldReason: From<HoldReason>;

		/// The origin that sets flavours.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The rules that governance sets.
		type Rules: Get<Rules>;

		/// Stores the rules of the genesis configuration.
		type StoreRules: StoreRules<Rules>;

		/// The source of the price of α.
		type Oracle: Oracle;

		/// The clock of deadlines and of paid time.
		type TickSource: TickSource + PaidTime;

		/// The register of miners, their offers and their chips.
		type Miners: Miners<AccountIdOf<Self>>
			+ OfferBook<AccountIdOf<Self>>
			+ ChipOwnership<AccountIdOf<Self>>;

		/// The source of billing intervals and of the liveness of chips.
		type Liveness: Liveness;

		/// The directory of images that can be ordered.
		type Images: ImageDirectory;

		/// The verifier of boot evidence.
		type Vms: VmVerifier<AccountIdOf<Self>>;

		/// The randomness for drawing miners. With `None`, no miner is drawn in this block.
		type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

		/// The account that receives the validators' share.
		type ValidatorsPot: Get<AccountIdOf<Self>>;

		/// The account that receives the treasury's share.
		type Treasury: Get<AccountIdOf<Self>>;

		/// A handler that is notified of each payment for intervals.
		type OnSettled: OnSettled<AccountIdOf<Self>>;

		/// The source of usage receipts, which reduce charges.
		type Usage: Usage;

		/// The amount held for the storage rows of a VM.
		#[pallet::constant]
		type Deposit: Get<Balance>;

		/// The price of one search for a miner. It is burned from the escrow, so that no other
		/// account pays for searches.
		#[pallet::constant]
		type SearchFee: Get<Balance>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// The setup of other pallets for benchmarks.
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
		/// The escrow of a VM, from which its charges are taken.
		Escrow,
		/// The deposit for the storage rows of a VM.
		Deposit,
	}

	/// The initial rules and flavours.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The initial rules. With `None`, the runtime's default rules apply.
		pub rules: Option<Rules>,
		pub flavours: Vec<FlavourSpec>,
		#[serde(skip)]
		pub _marker: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Some(rules) = self.rules {
				T::StoreRules::store(rules);
			}
			for flavour in &self.flavours {
				Flavours::<T>::insert(flavour.number, Flavour::from(flavour));
			}
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::attend_due(meter);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns the current rules, with every value clamped to its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// Returns all flavours that can be ordered.
		pub fn flavours() -> Vec<(FlavourId, Flavour)> {
			Flavours::<T>::iter().collect()
		}

		/// Returns the list price of a flavour for one hour.
		///
		/// The first value is in 10⁻⁶ USD and rounded up. The second is in the smallest units of α
		/// and rounded down; it is `None` if no fresh price of α is known.
		pub fn quote(flavour: FlavourId) -> Option<(u64, Option<Balance>)> {
			Self::quote_of(flavour)
		}

		/// Returns the lowest escrow with which a VM can be ordered at `max_price`, or `None` if no
		/// fresh price of α is known.
		pub fn least_escrow(max_price: u64) -> Option<Balance> {
			Self::least_order_escrow(max_price, T::Oracle::for_orders()?)
		}

		/// Returns the order of a VM.
		pub fn order_of(vm: Id) -> Option<OrderOf<T>> {
			Orders::<T>::get(vm)
		}

		/// Returns the state and the accounts of a VM.
		pub fn vm(vm: Id) -> Option<VmOf<T>> {
			Vms::<T>::get(vm)
		}

		/// Returns the last boot of a VM whose evidence was accepted, confirmed or not.
		pub fn boot_of(vm: Id) -> Option<BootRow> {
			Boots::<T>::get(vm)
		}

		/// Returns all rows of a VM that a verifier of its boot or a holder of key shares needs.
		pub fn vm_context(vm: Id) -> Option<VmContextOf<T>> {
			let (row, order) = (Vms::<T>::get(vm)?, Orders::<T>::get(vm)?);
			Some(VmContext { vm: row, order, boot: Boots::<T>::get(vm) })
		}

		/// Returns the VM of a tenant's order, by the nonce of the order.
		pub fn vm_of_order(tenant: AccountIdOf<T>, order_nonce: u64) -> Option<Id> {
			OrderNonces::<T>::get(tenant, order_nonce)
		}

		/// Returns the last settlements of a VM, oldest first. Older settlements exist only as
		/// events.
		pub fn settlements_of(vm: Id) -> Vec<Settlement> {
			Settlements::<T>::get(vm).into_inner()
		}

		/// Returns the part of a miner's offer that VMs occupy.
		pub fn used_of(miner: AccountIdOf<T>) -> Allotment {
			AllottedCapacity::<T>::get(miner)
		}

		/// Returns the totals of all payments since genesis.
		pub fn paid() -> Totals {
			PaymentTotals::<T>::get()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Creates, replaces or removes a flavour. Existing VMs of that flavour do not change.
		///
		/// ## Dispatch Origin
		/// [`Config::AdminOrigin`].
		///
		/// ## Errors
		/// [`Error::EmptyFlavour`].
		///
		/// ## Events
		/// [`Event::FlavourSet`].
		#[pallet::call_index(0)]
		pub fn set_flavour(
			origin: OriginFor<T>,
			flavour: FlavourId,
			row: Option<Flavour>,
		) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_flavour(flavour, row)
		}

		/// Orders a VM and holds `escrow` and a deposit for it. The chain draws a miner in one of
		/// the next blocks. Each search for a miner costs [`Config::SearchFee`] of the escrow.
		///
		/// The chain copies the launch measurement for the flavour's number of vCPUs from the
		/// directory of images. A later change of the directory does not affect the VM.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoFlavour`], [`Error::NoPrice`], [`Error::EscrowTooSmall`],
		/// [`Error::NonceInUse`], [`Error::NoImage`], [`Error::NoRow`], [`Error::NotEndorsed`],
		/// [`Error::TooFewRebuilds`], [`Error::AgentImage`], [`Error::EmptyConfig`],
		/// [`Error::BadSignature`]. The token's error if the tenant's balance is too low.
		///
		/// ## Events
		/// [`Event::Ordered`].
		#[pallet::call_index(1)]
		pub fn order(
			origin: OriginFor<T>,
			order: Box<OrderRequestOf<T>>,
			#[pallet::compact] escrow: Balance,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_order(who, *order, escrow)
		}

		/// Adds `amount` to the escrow of a VM.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`]. The token's error if
		/// the tenant's balance is too low.
		///
		/// ## Events
		/// [`Event::ToppedUp`].
		#[pallet::call_index(2)]
		pub fn top_up(
			origin: OriginFor<T>,
			vm: Id,
			#[pallet::compact] amount: Balance,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_top_up(who, vm, amount)
		}

		/// Stops a running VM.
		///
		/// A stopped VM keeps only its disk, for which it pays disk rent. The chain terminates it
		/// after [`Rules::stopped`] ticks, or when its escrow no longer covers the rent, but not
		/// within the first day.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`].
		///
		/// ## Events
		/// [`Event::Stopped`].
		#[pallet::call_index(3)]
		pub fn stop(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_stop(who, vm)
		}

		/// Starts a stopped VM. Its miner has to boot it again.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`], [`Error::NoPrice`],
		/// [`Error::EscrowTooSmall`], [`Error::NoRoom`], [`Error::TrustTooLow`],
		/// [`Error::TierTooLow`].
		///
		/// ## Events
		/// [`Event::Restarted`], and [`Event::DiskPaid`] if disk rent was due.
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::start().saturating_add(Pallet::<T>::extra_chip_weight()))]
		pub fn start(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_start(who, vm)
		}

		/// Reboots a running VM. Its miner has to boot it again.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// The same errors as `start`.
		///
		/// ## Events
		/// [`Event::Restarted`].
		#[pallet::call_index(5)]
		#[pallet::weight(<T as Config>::WeightInfo::reboot().saturating_add(Pallet::<T>::extra_chip_weight()))]
		pub fn reboot(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_reboot(who, vm)
		}

		/// Gives a stopped VM another flavour, at the current list price and ask. The call fails if
		/// the new price exceeds `max_price`, in 10⁻⁶ USD an hour. The new disk must not be
		/// smaller.
		///
		/// If the number of vCPUs changes, the chain copies the launch measurement again from the
		/// directory of images.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`], [`Error::NoFlavour`],
		/// [`Error::DiskShrinks`], [`Error::NoRoom`], [`Error::TooExpensive`],
		/// [`Error::Unsettled`], [`Error::NoPrice`], [`Error::EscrowTooSmall`], [`Error::NoImage`],
		/// [`Error::NoRow`], [`Error::AgentImage`].
		///
		/// ## Events
		/// [`Event::Resized`], and [`Event::DiskPaid`] if disk rent was due.
		#[pallet::call_index(6)]
		pub fn resize(
			origin: OriginFor<T>,
			vm: Id,
			flavour: FlavourId,
			max_price: u64,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_resize(who, vm, flavour, max_price)
		}

		/// Terminates a VM and releases its disk. The escrow returns to the tenant immediately.
		/// Open charges and the deposit follow after settlement.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`].
		///
		/// ## Events
		/// [`Event::Terminated`], [`Event::BootFailed`] if the VM was booting, and
		/// [`Event::DiskPaid`] if disk rent was due.
		#[pallet::call_index(7)]
		pub fn terminate(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_terminate(who, vm)
		}

		/// Begins the boot of a VM that is assigned to the miner. The call makes a nonce, which the
		/// boot evidence must contain. The boot fee is taken from the escrow. The call is
		/// operational, because it has a deadline.
		///
		/// If the chain does not allow the boot now, because of trust, tier or an unknown price of
		/// α, the assignment ends. The miner is not at fault.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// [`Error::NotTheMiner`], [`Error::NoVm`], [`Error::WrongState`]. [`Error::HostNotLive`]
		/// if none of the miner's chips can run the VM now, but one may still become live.
		///
		/// ## Events
		/// [`Event::BootBegun`]. [`Event::AssignmentFailed`] if the assignment ends.
		#[pallet::call_index(8)]
		#[pallet::weight((
			<T as Config>::WeightInfo::boot()
				.saturating_add(<T as Config>::WeightInfo::give_back())
				.saturating_add(Pallet::<T>::extra_chip_weight()),
			DispatchClass::Operational,
		))]
		pub fn boot(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_boot(who, vm)
		}

		/// Submits the boot evidence of a VM. The runtime verifies it. If it is accepted, the guest
		/// has to confirm the boot. The call is operational, because it has a deadline. The last of
		/// [`MAX_REFUSALS`] refused calls ends the boot.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// [`Error::NotTheMiner`], [`Error::NoVm`], [`Error::WrongState`],
		/// [`Error::EvidenceRefused`], [`Error::HostNotLive`], [`Error::TrustTooLow`],
		/// [`Error::TierTooLow`].
		///
		/// ## Events
		/// [`Event::Attested`].
		#[pallet::call_index(9)]
		#[pallet::weight((
			<T as Config>::WeightInfo::attest().saturating_add(T::Vms::weight()),
			DispatchClass::Operational,
		))]
		pub fn attest(origin: OriginFor<T>, evidence: Box<VmEvidence>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_attest(who, &evidence)
		}

		/// Reports that a running VM has crashed, so that the miner can boot it again.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// [`Error::NotTheMiner`], [`Error::NoVm`], [`Error::WrongState`],
		/// [`Error::TooManyCrashes`].
		///
		/// ## Events
		/// [`Event::Crashed`].
		#[pallet::call_index(10)]
		pub fn report_crash(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_report_crash(who, vm)
		}

		/// Allows or forbids chips with reduced trust ([`Order::reduced`]) for a VM, from its next
		/// boot on.
		///
		/// If the trust in the chip's generation falls to `Reduced` after the order, the VM cannot
		/// boot again until its tenant allows reduced trust. While a miner has to boot the VM, the
		/// tenant can allow reduced trust, but not forbid it.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`].
		///
		/// ## Events
		/// [`Event::ReducedSet`].
		#[pallet::call_index(11)]
		pub fn set_reduced(origin: OriginFor<T>, vm: Id, reduced: bool) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_reduced(who, vm, reduced)
		}

		/// Submits the guest's confirmation of the boot whose evidence was accepted. The VM runs
		/// and is charged from this block on. The call is operational, because it has a deadline.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// [`Error::NotTheMiner`], [`Error::NoVm`], [`Error::WrongState`],
		/// [`Error::ConfirmationRefused`].
		///
		/// ## Events
		/// [`Event::Booted`].
		#[pallet::call_index(12)]
		#[pallet::weight((<T as Config>::WeightInfo::confirm(), DispatchClass::Operational))]
		pub fn confirm(origin: OriginFor<T>, confirmed: Box<SignedConfirmation>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_confirm(who, &confirmed)
		}

		/// Sets a new revision of a VM's configuration. The VM boots with it from its next boot on.
		/// The signer of the order signs it. The configuration cannot change while a boot is open.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`],
		/// [`Error::OldRevision`], [`Error::EmptyConfig`], [`Error::BadSignature`].
		///
		/// ## Events
		/// [`Event::ConfigSet`].
		#[pallet::call_index(13)]
		pub fn set_config(
			origin: OriginFor<T>,
			vm: Id,
			config: ConfigBytes,
			revision: u32,
			signature: [u8; 64],
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_config(who, vm, config, revision, signature)
		}
	}
}
