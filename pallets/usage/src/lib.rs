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

#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod benchmarking;
mod impls;
pub mod lack;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use hcc_evidence::vm::{Receipt, SignedReceipt, VmId};
	use hcc_primitives::{ChipHash, Guests, IntervalIndex, Liveness, NotesUse, Ticks};
	use sp_runtime::Perbill;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// What governance sets.
		type Rules: Get<Rules>;

		/// Knows the guests that run.
		type Guests: Guests;

		/// Knows the billing intervals.
		type Liveness: Liveness;

		/// The clock.
		type Ticks: Ticks;

		/// Keeps what chips are known for.
		type Reputation: NotesUse;

		/// How long a tick is, in milliseconds.
		#[pallet::constant]
		type MillisPerTick: Get<u32>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the guest of each VM has told that is not settled.
	// Hashed with Twox: VMs are numbered.
	#[pallet::storage]
	pub type Accounts<T: Config> = StorageMap<_, Twox64Concat, VmId, Account, OptionQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A guest has told of an interval: of that time it counts `lost` milliseconds as not got.
		Told { receipt: Receipt, lost: u32 },
		/// Intervals are paid of which a guest has told: of `covered` milliseconds its VM has not got `lost`. The part `refund` is given back.
		Counted {
			vm: VmId,
			chip: ChipHash,
			first: IntervalIndex,
			last: IntervalIndex,
			lost: u64,
			covered: u64,
			refund: Perbill,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// There are no receipts in it.
		Empty,
		/// There is no such VM, or it does not run.
		NotRunning,
		/// The receipt is of another boot than that which runs, or of an interval before it.
		OtherBoot,
		/// The receipt is not signed by the key that the boot has shown.
		BadSignature,
		/// The boot has told this already: its sequence must rise.
		Replayed,
		/// That interval was told of already.
		Doubled,
		/// The interval is not over.
		NotOver,
		/// It is too late to tell of that interval.
		TooLate,
		/// The receipt tells of no time, or of more than has passed.
		Stretched,
		/// The vCPUs cannot have worked and waited for longer than there was.
		Impossible,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
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

		/// What the guest of a VM has told that is not settled.
		pub fn account(vm: VmId) -> Option<Account> {
			Accounts::<T>::get(vm)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Tells what VMs got, by receipts that their guests have signed: of all of them, or, where one does not hold, of none.
		///
		/// ## Dispatch Origin
		/// `Signed` by anybody: the miner, or a tenant that has its receipts from its VM.
		///
		/// ## Errors
		/// Every [`Error`].
		///
		/// ## Events
		/// [`Event::Told`] for each.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::tell(receipts.len() as u32))]
		pub fn tell(
			origin: OriginFor<T>,
			receipts: BoundedVec<SignedReceipt, ConstU32<MAX_RECEIPTS>>,
		) -> DispatchResult {
			ensure_signed(origin)?;
			ensure!(!receipts.is_empty(), Error::<T>::Empty);
			receipts.iter().try_for_each(Self::do_tell)
		}
	}
}
