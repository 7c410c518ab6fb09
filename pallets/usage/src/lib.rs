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
pub mod shortfall;
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
	use hcc_primitives::{ChipHash, IntervalIndex, Liveness, RunningGuests, UsageRecorder};
	use sp_runtime::Perbill;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The rules that governance sets.
		type Rules: Get<Rules>;

		/// The source of the guests of running VMs.
		type RunningGuests: RunningGuests;

		/// The source of billing intervals.
		type Liveness: Liveness;

		/// The recorder of the chips' usage scores.
		type Reputation: UsageRecorder;

		/// The duration of a slot, in milliseconds.
		#[pallet::constant]
		type MillisPerSlot: Get<u32>;

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

	/// The last receipt of each VM, and its unsettled entries.
	// Hashed with Twox: ids are sequential.
	#[pallet::storage]
	pub type Accounts<T: Config> = StorageMap<_, Twox64Concat, VmId, Account, OptionQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A receipt was accepted. `lost` is the lost time that counts for its interval, in
		/// milliseconds.
		ReceiptSubmitted { receipt: Receipt, lost: u32 },
		/// Intervals with receipts were settled. The VM lost `lost` of `covered` milliseconds.
		/// `refund` is the part of the charge that is refunded.
		UsageSettled {
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
		/// The call contains no receipts.
		Empty,
		/// The VM does not exist, or it does not run.
		NotRunning,
		/// The receipt does not belong to the current boot, or belongs to an interval before that
		/// boot.
		OtherBoot,
		/// The receipt is not signed by the key in the boot evidence.
		BadSignature,
		/// The sequence number is not higher than the number of the last receipt of this boot.
		Replayed,
		/// This interval or a later one already has a receipt.
		Doubled,
		/// The interval is not over.
		NotOver,
		/// The interval is too old. Its charge may already be settled.
		TooLate,
		/// The receipt covers no time.
		NoTime,
		/// CPU time and steal together exceed the time of the vCPUs.
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
		/// Returns the current rules, with every value clamped to its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// Returns the last receipt of a VM and its unsettled entries.
		pub fn account(vm: VmId) -> Option<Account> {
			Accounts::<T>::get(vm)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Submits usage receipts that guests have signed. One invalid receipt fails the whole
		/// call.
		///
		/// ## Dispatch Origin
		/// `Signed` by any account: usually the miner, or a tenant that has the receipts from its
		/// VM.
		///
		/// ## Errors
		/// All of [`Error`].
		///
		/// ## Events
		/// [`Event::ReceiptSubmitted`] for each receipt.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::submit_receipts(receipts.len() as u32))]
		pub fn submit_receipts(
			origin: OriginFor<T>,
			receipts: BoundedVec<SignedReceipt, ConstU32<MAX_RECEIPTS>>,
		) -> DispatchResult {
			ensure_signed(origin)?;
			ensure!(!receipts.is_empty(), Error::<T>::Empty);
			receipts.iter().try_for_each(Self::do_submit_receipts)
		}
	}
}
