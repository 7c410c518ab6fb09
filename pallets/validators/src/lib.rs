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

mod impls;
mod offences;
mod selection;
mod service;
mod session;
mod slash;
mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	extern crate alloc;
	use alloc::vec::Vec;

	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Balanced, BalancedHold, Credit, Mutate, MutateHold},
			OnUnbalanced,
		},
	};
	use frame_system::pallet_prelude::*;
	use sp_staking::SessionIndex;

	use super::*;

	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>>
		+ pallet_session::Config<ValidatorId = AccountIdOf<Self>>
	{
		/// The currency in which bonds are held.
		type NativeBalance: Mutate<AccountIdOf<Self>>
			+ Balanced<AccountIdOf<Self>>
			+ MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason>
			+ BalancedHold<AccountIdOf<Self>>;

		/// Receives and counts the slashed amounts that are burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// The overarching hold reason.
		type RuntimeHoldReason: From<HoldReason>;

		/// The rules that governance sets.
		type Rules: Get<RulesOf<Self>>;

		/// Maximum number of candidates.
		#[pallet::constant]
		type MaxCandidates: Get<u32>;

		/// Maximum size of the set, an upper bound for [`Rules::max_active`].
		#[pallet::constant]
		type MaxValidators: Get<u32>;

		/// Minimum size of a planned set. At least one.
		#[pallet::constant]
		type MinValidators: Get<u32>;

		/// Returns the slot of the current block.
		type Slot: Get<u64>;

		/// Number of equal parts of the pot. A session pays at most one part, so that the votes of
		/// one session cannot receive the earnings of a whole day.
		#[pallet::constant]
		type PayoutSessions: Get<u32>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The reasons for which this pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The bond of a validator, which can be slashed.
		Bond,
	}

	/// The candidates for the set, in order of joining.
	#[pallet::storage]
	pub type Candidates<T: Config> =
		StorageValue<_, BoundedVec<CandidateOf<T>, T::MaxCandidates>, ValueQuery>;

	/// The worker key of each candidate and of each account that unbonds.
	// Hashed with Blake2: callers choose their accounts.
	#[pallet::storage]
	pub type WorkerOf<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, AccountIdOf<T>, OptionQuery>;

	/// Accounts that left, each with the first session in which it can withdraw its bond.
	// Hashed with Blake2: callers choose their accounts.
	#[pallet::storage]
	pub type Unbonding<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, SessionIndex, OptionQuery>;

	/// The required, cast and paid votes of each validator in this session.
	#[pallet::storage]
	pub type Duties<T: Config> =
		StorageValue<_, BoundedVec<Duty<AccountIdOf<T>>, T::MaxCandidates>, ValueQuery>;

	/// The slots of this session so far.
	#[pallet::storage]
	pub type SessionSlots<T: Config> = StorageValue<_, SlotCount, ValueQuery>;

	/// The validators that authored a block in this session.
	#[pallet::storage]
	pub type Authors<T: Config> =
		StorageValue<_, BoundedVec<AccountIdOf<T>, T::MaxCandidates>, ValueQuery>;

	/// The cost of each validator's offences in a session so far.
	// Hashed with Twox and Blake2: callers choose their accounts, but not sessions.
	#[pallet::storage]
	pub type OffencesOf<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		SessionIndex,
		Blake2_128Concat,
		AccountIdOf<T>,
		Offence<BalanceOf<T>>,
		OptionQuery,
	>;

	/// Validators with a recent offence. They may not author blocks until their ban ends.
	#[pallet::storage]
	pub type Offenders<T: Config> =
		StorageValue<_, BoundedVec<Offender<AccountIdOf<T>>, T::MaxCandidates>, ValueQuery>;

	/// The set that this pallet planned last, and returned to `pallet-session`.
	#[pallet::storage]
	pub type Planned<T: Config> =
		StorageValue<_, BoundedVec<AccountIdOf<T>, T::MaxValidators>, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The initial candidates: the account and its worker key.
		pub candidates: Vec<(AccountIdOf<T>, AccountIdOf<T>)>,
		/// The bond of each initial candidate, held from the candidate's own balance.
		pub bond: BalanceOf<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (who, worker) in &self.candidates {
				Pallet::<T>::do_insert(who, self.bond, worker)
					.expect("a genesis candidate cannot pay its bond: correct the chain spec");
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account joined the candidates with a bond on hold.
		Joined { who: AccountIdOf<T>, bond: BalanceOf<T>, worker: AccountIdOf<T> },
		/// A candidate increased its bond; `bond` is the new total.
		BondRaised { who: AccountIdOf<T>, bond: BalanceOf<T> },
		/// A candidate changed its worker key. Votes signed by `worker` count from now on.
		WorkerSet { who: AccountIdOf<T>, worker: AccountIdOf<T> },
		/// An account left the candidates. Its bond stays on hold, and can be slashed, until
		/// session `withdrawable`.
		Left { who: AccountIdOf<T>, withdrawable: SessionIndex },
		/// A bond was released to its owner.
		Withdrawn { who: AccountIdOf<T>, bond: BalanceOf<T> },
		/// An account lost `amount` of its bond. `reward` went to the reporter, and the rest was
		/// burned.
		Slashed { who: AccountIdOf<T>, amount: BalanceOf<T>, reward: BalanceOf<T> },
		/// A validator was paid `amount` for `votes` votes of a session that matched the verdict.
		Paid { who: AccountIdOf<T>, votes: u32, amount: BalanceOf<T> },
		/// A validator cast only `voted` of `asked` required votes in a session, and loses a part
		/// of its bond.
		Absent { who: AccountIdOf<T>, asked: u32, voted: u32 },
		/// A validator authored none of its `expected` blocks in a session. It loses a part of its
		/// bond, as for missing votes.
		Idle { who: AccountIdOf<T>, expected: u32 },
		/// A new set was planned. It takes effect in session `session`.
		SetPlanned { session: SessionIndex, validators: Vec<AccountIdOf<T>> },
		/// A validator equivocated in session `session`. It loses a part of its bond, and is banned
		/// from authoring blocks for the number of unbonding sessions.
		Offended { who: AccountIdOf<T>, session: SessionIndex },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account is already a candidate. Use `bond_more` or `set_worker`.
		AlreadyJoined,
		/// The account left, and its bond is still on hold. Withdraw it first.
		StillUnbonding,
		/// The account is not a candidate. Join first.
		NotJoined,
		/// The account has no bond to withdraw.
		NotUnbonding,
		/// The bond is below the minimum. Bond at least `Rules::min_bond`.
		BondTooSmall,
		/// The account has no session keys. Call `session.set_keys` first.
		NoSessionKeys,
		/// The number of candidates is at its maximum. Wait until a candidate leaves.
		TooManyCandidates,
		/// The candidates would fall below the minimum size of the set. Wait until other accounts
		/// join.
		TooFewValidators,
		/// The unbonding sessions are not over yet, or the account is still active or banned.
		/// `Event::Left` states the first session in which the bond can be withdrawn.
		TooEarly,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MinValidators::get() >= 1, "the minimum set must have a validator");
			assert!(
				T::MinValidators::get() <= T::MaxValidators::get(),
				"the minimum set exceeds the maximum set"
			);
			assert!(
				T::MaxValidators::get() <= T::MaxCandidates::get(),
				"the set has more places than candidates"
			);
			assert!(T::PayoutSessions::get() >= 1, "the pot must be paid out");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns the current rules, with every value within its bounds.
		pub fn rules() -> RulesOf<T> {
			T::Rules::get().clamped::<T>()
		}

		/// Returns the service of a validator in this session, or `None` if no vote has been
		/// required of the validator yet.
		pub fn duty(who: AccountIdOf<T>) -> Option<Duty<AccountIdOf<T>>> {
			Self::duties_of(&who)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Joins the candidates with a hold of `bond`. The key `worker` signs the validator's
		/// votes.
		///
		/// ## Dispatch Origin
		/// `Signed` by an account that has session keys and a free balance of `bond`.
		///
		/// ## Errors
		/// - [`Error::AlreadyJoined`], [`Error::StillUnbonding`]: the account already has a bond.
		/// - [`Error::NoSessionKeys`]: call `session.set_keys` first.
		/// - [`Error::BondTooSmall`]: the bond is below the minimum.
		/// - [`Error::TooManyCandidates`]: there is no room for another candidate.
		///
		/// ## Events
		/// [`Event::Joined`].
		#[pallet::call_index(0)]
		pub fn join(
			origin: OriginFor<T>,
			#[pallet::compact] bond: BalanceOf<T>,
			worker: AccountIdOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_join(who, bond, worker)
		}

		/// Increases the bond by `extra`.
		///
		/// ## Dispatch Origin
		/// `Signed` by a candidate.
		///
		/// ## Errors
		/// - [`Error::NotJoined`]: the account is not a candidate.
		///
		/// ## Events
		/// [`Event::BondRaised`].
		#[pallet::call_index(1)]
		pub fn bond_more(
			origin: OriginFor<T>,
			#[pallet::compact] extra: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_bond_more(who, extra)
		}

		/// Changes the worker key with immediate effect. Votes signed by the former key are
		/// rejected from the next transaction on.
		///
		/// ## Dispatch Origin
		/// `Signed` by a candidate, or by an account that left and still unbonds.
		///
		/// ## Errors
		/// - [`Error::NotJoined`]: the account has no worker key.
		///
		/// ## Events
		/// [`Event::WorkerSet`].
		#[pallet::call_index(2)]
		pub fn set_worker(origin: OriginFor<T>, worker: AccountIdOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_worker(who, worker)
		}

		/// Leaves the candidates. The bond stays on hold, and can be slashed, for the unbonding
		/// sessions.
		///
		/// ## Dispatch Origin
		/// `Signed` by a candidate.
		///
		/// ## Errors
		/// - [`Error::NotJoined`]: the account is not a candidate.
		/// - [`Error::TooFewValidators`]: the candidates would fall below the minimum size of the
		///   set.
		///
		/// ## Events
		/// [`Event::Left`].
		#[pallet::call_index(3)]
		pub fn leave(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_leave(who)
		}

		/// Releases the bond after the unbonding sessions.
		///
		/// ## Dispatch Origin
		/// `Signed` by an account that left.
		///
		/// ## Errors
		/// - [`Error::NotUnbonding`]: the account did not leave.
		/// - [`Error::TooEarly`]: the unbonding sessions are not over.
		///
		/// ## Events
		/// [`Event::Withdrawn`].
		#[pallet::call_index(4)]
		pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who)
		}
	}
}
