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
mod kept;
mod orders;
mod outcomes;
mod placement;
pub mod price;
mod state;
mod told;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;
pub use pallet::*;
pub use price::{Allotment, List, Rate, Shares};
pub use types::*;
pub use weights::WeightInfo;

#[import_section(outcomes::outcomes)]
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
	use hcc_evidence::vm::VmEvidence;
	use hcc_primitives::{
		units::Balance, ChipHash, ChipOwners, IntervalIndex, JudgesVms, Liveness, Miners, Offers,
		OnSettled, Oracle, Price, Tick, Ticks, Usage,
	};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The native token.
		type NativeBalance: MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason, Balance = Balance>
			+ BalancedHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason, Balance = Balance>
			+ Balanced<AccountIdOf<Self>, Balance = Balance>;

		/// Counts what is burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// Why money is held.
		type RuntimeHoldReason: From<HoldReason>;

		/// Says which flavours there are.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// What governance sets.
		type Rules: Get<Rules>;

		/// Takes the rules of the genesis.
		type StoreRules: StoreRules;

		/// What α is worth.
		type Oracle: Oracle;

		/// The clock.
		type Ticks: Ticks;

		/// The register of miners.
		type Miners: Miners<AccountIdOf<Self>>
			+ Offers<AccountIdOf<Self>>
			+ ChipOwners<AccountIdOf<Self>>;

		/// Knows which chips prove themselves.
		type Liveness: Liveness;

		/// Judges what VMs show at boot.
		type Vms: JudgesVms<AccountIdOf<Self>>;

		/// By which miners are drawn. None: then none is drawn in this block.
		type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

		/// Who is paid the validators' share.
		type ValidatorsPot: Get<AccountIdOf<Self>>;

		/// Who is paid the treasury's share.
		type Treasury: Get<AccountIdOf<Self>>;

		/// Is told of what is paid for intervals.
		type OnSettled: OnSettled<AccountIdOf<Self>>;

		/// Knows what VMs got.
		type Usage: Usage;

		/// What is held for the rows of a VM.
		#[pallet::constant]
		type Deposit: Get<Balance>;

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
		/// What a tenant has set aside for a VM.
		Escrow,
		/// For the rows of a VM.
		Deposit,
	}

	/// The kinds of VM that can be ordered.
	// Hashed with Twox: governance chooses the numbers.
	#[pallet::storage]
	pub type Flavours<T: Config> = StorageMap<_, Twox64Concat, FlavourId, Flavour, OptionQuery>;

	/// How many VMs there ever were.
	#[pallet::storage]
	pub type LastId<T: Config> = StorageValue<_, Id, ValueQuery>;

	/// What was ordered, of every VM that is not gone.
	// Hashed with Twox: VMs are numbered.
	#[pallet::storage]
	pub type Orders<T: Config> = StorageMap<_, Twox64Concat, Id, OrderOf<T>, OptionQuery>;

	/// The VMs.
	// Hashed with Twox: VMs are numbered.
	#[pallet::storage]
	pub type Vms<T: Config> = StorageMap<_, Twox64Concat, Id, VmOf<T>, OptionQuery>;

	/// The last boot of each VM that has shown its evidence.
	// Hashed with Twox: VMs are numbered.
	#[pallet::storage]
	pub type Boots<T: Config> = StorageMap<_, Twox64Concat, Id, BootRow, OptionQuery>;

	/// The last settlements of each VM, oldest first.
	// Hashed with Twox: VMs are numbered.
	#[pallet::storage]
	pub type Settlements<T: Config> =
		StorageMap<_, Twox64Concat, Id, BoundedVec<Settlement, ConstU32<MAX_SETTLED>>, ValueQuery>;

	/// The VMs of each tenant.
	// Hashed with Blake2: accounts are chosen by their owners.
	#[pallet::storage]
	pub type Rented<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountIdOf<T>, Twox64Concat, Id, (), OptionQuery>;

	/// The VMs that each miner was given.
	// Hashed with Blake2: accounts are chosen by whoever registers.
	#[pallet::storage]
	pub type Hosted<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, AccountIdOf<T>, Twox64Concat, Id, (), OptionQuery>;

	/// What of a miner's offer is given to VMs.
	// Hashed with Blake2: accounts are chosen by whoever registers.
	#[pallet::storage]
	pub type Used<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, Allotment, ValueQuery>;

	/// The miners that have not booted what they were given, and get no work until a tick.
	// Hashed with Blake2, as `Used`.
	#[pallet::storage]
	pub type Resting<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, Tick, OptionQuery>;

	/// Which VMs the chain looks after at a tick. Every VM is there once.
	// Hashed with Twox: neither ticks nor numbers are chosen by anybody.
	#[pallet::storage]
	pub type Agenda<T: Config> =
		StorageDoubleMap<_, Twox64Concat, Tick, Twox64Concat, Id, (), OptionQuery>;

	/// The last tick whose VMs were looked after.
	#[pallet::storage]
	pub type AttendedUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// All that was ever paid.
	#[pallet::storage]
	pub type Paid<T: Config> = StorageValue<_, Totals, ValueQuery>;

	/// The rules and the flavours from the start.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// None: the runtime's own.
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
		/// The rules in force, every value within its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// What can be ordered.
		pub fn flavours() -> Vec<(FlavourId, Flavour)> {
			Flavours::<T>::iter().collect()
		}

		/// What a flavour costs in an hour: at the list price in 10⁻⁶ USD, rounded up, and in the smallest units of α now, where that is known.
		pub fn quote(flavour: FlavourId) -> Option<(u64, Option<Balance>)> {
			Self::quote_of(flavour)
		}

		/// The least that must be set aside to order at `max_price`. None where nobody knows what α is worth.
		pub fn least_escrow(max_price: u64) -> Option<Balance> {
			Self::least_escrow_at(price::rate_of(max_price), T::Oracle::for_orders()?)
		}

		/// What was ordered.
		pub fn order_of(vm: Id) -> Option<OrderOf<T>> {
			Orders::<T>::get(vm)
		}

		/// How far a VM has come, and what it owes.
		pub fn vm(vm: Id) -> Option<VmOf<T>> {
			Vms::<T>::get(vm)
		}

		/// The last boot of a VM that has shown its evidence.
		pub fn boot_of(vm: Id) -> Option<BootRow> {
			Boots::<T>::get(vm)
		}

		/// What became of what a VM owed, oldest first; older ones are in the events of their blocks.
		pub fn settlements_of(vm: Id) -> Vec<Settlement> {
			Settlements::<T>::get(vm).into_inner()
		}

		/// What of a miner's offer is given to VMs.
		pub fn used_of(miner: AccountIdOf<T>) -> Allotment {
			Used::<T>::get(miner)
		}

		/// All that was ever paid.
		pub fn paid() -> Totals {
			Paid::<T>::get()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Has a flavour, or has it no more. VMs of it stay as they are.
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

		/// Orders a VM, and sets `escrow` aside for it. A miner is drawn in one of the next blocks.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoFlavour`], [`Error::BadSignature`], [`Error::NoPrice`], [`Error::EscrowTooSmall`]; where the tenant has not that much.
		///
		/// ## Events
		/// [`Event::Ordered`].
		#[pallet::call_index(1)]
		// That a miner is looked for costs nobody else: it is paid here, as often as it may happen, the first and the last time of each round among it.
		#[pallet::weight(<T as Config>::WeightInfo::order().saturating_add(
			<T as Config>::WeightInfo::attend_pending()
				.saturating_mul((ROUNDS.saturating_add(2).saturating_mul(MAX_GENERATIONS)).into())
		))]
		pub fn order(
			origin: OriginFor<T>,
			order: Box<OrderOf<T>>,
			#[pallet::compact] escrow: Balance,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_order(who, *order, escrow)
		}

		/// Sets more aside for a VM.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`]; where the tenant has not that much.
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

		/// Stops a VM that runs. While it is stopped its disk alone is kept and paid for; it is given up after [`Rules::stopped`], or once its escrow is used up, but for a day.
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

		/// Has a VM booted again that is stopped.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`], [`Error::NoPrice`], [`Error::EscrowTooSmall`], [`Error::NoRoom`], [`Error::TrustTooLow`], [`Error::TierTooLow`].
		///
		/// ## Events
		/// [`Event::Restarted`].
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::start().saturating_add(Pallet::<T>::another_chip()))]
		pub fn start(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_start(who, vm)
		}

		/// Has a VM booted again that runs.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// As `start`.
		///
		/// ## Events
		/// [`Event::Restarted`].
		#[pallet::call_index(5)]
		#[pallet::weight(<T as Config>::WeightInfo::reboot().saturating_add(Pallet::<T>::another_chip()))]
		pub fn reboot(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_reboot(who, vm)
		}

		/// Gives a VM that is stopped another flavour, at the price of now, for no more than `max_price` in 10⁻⁶ USD an hour.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`], [`Error::NoFlavour`], [`Error::DiskShrinks`], [`Error::NoRoom`], [`Error::TooExpensive`], [`Error::Unsettled`].
		///
		/// ## Events
		/// [`Event::Resized`].
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

		/// Gives a VM up, with its disk. What is not owed is given back at once, the rest once it is settled.
		///
		/// ## Dispatch Origin
		/// `Signed` by the tenant.
		///
		/// ## Errors
		/// [`Error::NoVm`], [`Error::NotTheTenant`], [`Error::WrongState`].
		///
		/// ## Events
		/// [`Event::Terminated`].
		#[pallet::call_index(7)]
		pub fn terminate(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_terminate(who, vm)
		}

		/// Begins the boot of a VM that the miner was given: its evidence must bind the nonce that this makes.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// [`Error::NotTheMiner`], [`Error::NoVm`], [`Error::WrongState`], [`Error::NoPrice`]; [`Error::HostNotLive`], [`Error::TrustTooLow`], [`Error::TierTooLow`] where no chip of the miner's could have it run.
		///
		/// ## Events
		/// [`Event::BootBegun`].
		#[pallet::call_index(8)]
		#[pallet::weight(<T as Config>::WeightInfo::boot().saturating_add(Pallet::<T>::another_chip()))]
		pub fn boot(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_boot(who, vm)
		}

		/// Shows the evidence of a VM that boots. The chain itself verifies it; from then on it runs and is paid for.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// [`Error::NotTheMiner`], [`Error::NoVm`], [`Error::WrongState`], [`Error::EvidenceRefused`], [`Error::HostNotLive`], [`Error::TrustTooLow`], [`Error::TierTooLow`].
		///
		/// ## Events
		/// [`Event::Booted`].
		#[pallet::call_index(9)]
		#[pallet::weight(<T as Config>::WeightInfo::attest().saturating_add(T::Vms::weight()))]
		pub fn attest(origin: OriginFor<T>, evidence: Box<VmEvidence>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_attest(who, &evidence)
		}

		/// Says that a VM that ran has crashed, so that it can boot again.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// [`Error::NotTheMiner`], [`Error::NoVm`], [`Error::WrongState`], [`Error::TooManyCrashes`].
		///
		/// ## Events
		/// [`Event::Crashed`].
		#[pallet::call_index(10)]
		pub fn report_crash(origin: OriginFor<T>, vm: Id) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_report_crash(who, vm)
		}

		/// Lets chips do for a VM from its next boot on that are trusted less ([`Order::reduced`]), or no more. Where the generation of the chip that it runs on is trusted
		/// less than when it was ordered, it boots no more without that.
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
	}
}
