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
		/// Where bonds are held.
		type NativeBalance: Mutate<AccountIdOf<Self>>
			+ Balanced<AccountIdOf<Self>>
			+ MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason>
			+ BalancedHold<AccountIdOf<Self>>;

		/// Counts what is burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// The overarching hold reason.
		type RuntimeHoldReason: From<HoldReason>;

		/// What governance sets.
		type Rules: Get<RulesOf<Self>>;

		/// The most accounts that can stand for the set.
		#[pallet::constant]
		type MaxCandidates: Get<u32>;

		/// The largest set; an upper bound for [`Rules::max_active`].
		#[pallet::constant]
		type MaxValidators: Get<u32>;

		/// The smallest set that is still planned. At least one.
		#[pallet::constant]
		type MinValidators: Get<u32>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The bond of a validator: what it can lose.
		Bond,
	}

	/// Who stands for the set, in order of joining.
	#[pallet::storage]
	pub type Candidates<T: Config> =
		StorageValue<_, BoundedVec<CandidateOf<T>, T::MaxCandidates>, ValueQuery>;

	/// The worker key of each candidate.
	// Hashed with Blake2: accounts are chosen by whoever joins.
	#[pallet::storage]
	pub type WorkerOf<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, AccountIdOf<T>, OptionQuery>;

	/// The candidate that a worker key signs for.
	// Hashed with Blake2: worker keys are chosen by whoever joins.
	#[pallet::storage]
	pub type ValidatorOf<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, AccountIdOf<T>, OptionQuery>;

	/// Who has left, and the first session in which its bond can be withdrawn.
	// Hashed with Blake2: accounts are chosen by whoever joins.
	#[pallet::storage]
	pub type Unbonding<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, SessionIndex, OptionQuery>;

	/// How the validators have served in this session.
	#[pallet::storage]
	pub type Duties<T: Config> =
		StorageValue<_, BoundedVec<Duty<AccountIdOf<T>>, T::MaxCandidates>, ValueQuery>;

	/// What offences in a session have cost so far.
	// Sessions are not chosen by anybody; accounts are.
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

	/// Who has offended lately: they author no more, as long as they are here.
	#[pallet::storage]
	pub type Offenders<T: Config> =
		StorageValue<_, BoundedVec<Offender<AccountIdOf<T>>, T::MaxCandidates>, ValueQuery>;

	/// The set last handed to `pallet-session`.
	#[pallet::storage]
	pub type Planned<T: Config> =
		StorageValue<_, BoundedVec<AccountIdOf<T>, T::MaxValidators>, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The candidates from the start: the account and its worker key.
		pub candidates: Vec<(AccountIdOf<T>, AccountIdOf<T>)>,
		/// The bond that each of them holds, out of its own balance.
		pub bond: BalanceOf<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (who, worker) in &self.candidates {
				Pallet::<T>::do_insert(who, self.bond, worker)
					.expect("a genesis candidate must be able to bond; correct the chain spec");
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account holds a bond and stands for the set.
		Joined { who: AccountIdOf<T>, bond: BalanceOf<T>, worker: AccountIdOf<T> },
		/// A candidate holds more than before; `bond` is the new total.
		BondRaised { who: AccountIdOf<T>, bond: BalanceOf<T> },
		/// A candidate's votes are signed by this key from now on.
		WorkerSet { who: AccountIdOf<T>, worker: AccountIdOf<T> },
		/// A candidate stands no more. Its bond stays held, and can be lost, until the session `withdrawable`.
		Left { who: AccountIdOf<T>, withdrawable: SessionIndex },
		/// A bond was released to its owner.
		Withdrawn { who: AccountIdOf<T>, bond: BalanceOf<T> },
		/// An account lost `amount` of its bond, of which `reward` went to whoever reported it; the rest was burned.
		Slashed { who: AccountIdOf<T>, amount: BalanceOf<T>, reward: BalanceOf<T> },
		/// A validator was paid for the votes of a session that counted.
		Paid { who: AccountIdOf<T>, votes: u32, amount: BalanceOf<T> },
		/// A validator voted for too few of the session's subjects, and loses a part of its bond.
		Absent { who: AccountIdOf<T>, asked: u32, voted: u32 },
		/// A new set was planned; it takes effect in session `session`.
		SetPlanned { session: SessionIndex, validators: Vec<AccountIdOf<T>> },
		/// A validator was proven to have equivocated in session `session`: it loses a part of its bond, and authors no more for as long as
		/// bonds are held.
		Offended { who: AccountIdOf<T>, session: SessionIndex },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account stands for the set already. Use `bond_more` or `set_worker`.
		AlreadyJoined,
		/// The account left and its bond is still held. Withdraw it first.
		StillUnbonding,
		/// The account does not stand for the set. Join first.
		NotJoined,
		/// The account has no bond to withdraw.
		NotUnbonding,
		/// The bond is smaller than the rules ask for. Bond at least `Rules::min_bond`.
		BondTooSmall,
		/// The account has no session keys. Call `session.set_keys` first.
		NoSessionKeys,
		/// Another validator uses this worker key. Choose one of your own.
		WorkerInUse,
		/// As many accounts stand as there is room for. Wait until one leaves.
		TooManyCandidates,
		/// The set would fall below its smallest size. Wait until others join.
		TooFewValidators,
		/// The unbonding sessions have not passed yet. `Event::Left` says when they have.
		TooEarly,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MinValidators::get() >= 1, "a chain needs a validator");
			assert!(
				T::MinValidators::get() <= T::MaxValidators::get(),
				"bounds of the set are crossed"
			);
			assert!(
				T::MaxValidators::get() <= T::MaxCandidates::get(),
				"more places than candidates"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The rules in force, every value within its bounds.
		pub fn rules() -> RulesOf<T> {
			T::Rules::get().clamped::<T>()
		}

		/// How a validator has served in this session; none where it was not asked for a vote yet.
		pub fn duty(who: AccountIdOf<T>) -> Option<Duty<AccountIdOf<T>>> {
			Self::duties_of(&who)
		}

		/// The validator for which `worker` signs, if any.
		pub fn validator_of(worker: AccountIdOf<T>) -> Option<AccountIdOf<T>> {
			ValidatorOf::<T>::get(worker)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Holds `bond` and stands for the set, with votes signed by `worker`.
		///
		/// ## Dispatch Origin
		/// `Signed`, with session keys set and `bond` free.
		///
		/// ## Errors
		/// - [`Error::AlreadyJoined`], [`Error::StillUnbonding`]: the account has a bond already.
		/// - [`Error::NoSessionKeys`]: `session.set_keys` comes first.
		/// - [`Error::BondTooSmall`]: less than the rules ask for.
		/// - [`Error::WorkerInUse`]: the worker key signs for another validator.
		/// - [`Error::TooManyCandidates`]: no room.
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

		/// Holds `extra` on top of the bond.
		///
		/// ## Dispatch Origin
		/// `Signed` by a candidate.
		///
		/// ## Errors
		/// - [`Error::NotJoined`]: the account does not stand for the set.
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

		/// Changes the worker key, at once. Votes by the former key are refused from the next transaction on.
		///
		/// ## Dispatch Origin
		/// `Signed` by a candidate.
		///
		/// ## Errors
		/// - [`Error::NotJoined`]: the account does not stand for the set.
		/// - [`Error::WorkerInUse`]: the worker key signs for another validator.
		///
		/// ## Events
		/// [`Event::WorkerSet`].
		#[pallet::call_index(2)]
		pub fn set_worker(origin: OriginFor<T>, worker: AccountIdOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_worker(who, worker)
		}

		/// Stands for the set no more. The bond stays held, and can be lost, for the unbonding sessions.
		///
		/// ## Dispatch Origin
		/// `Signed` by a candidate.
		///
		/// ## Errors
		/// - [`Error::NotJoined`]: the account does not stand for the set.
		/// - [`Error::TooFewValidators`]: the set would fall below its smallest size.
		///
		/// ## Events
		/// [`Event::Left`].
		#[pallet::call_index(3)]
		pub fn leave(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_leave(who)
		}

		/// Takes the bond back once the unbonding sessions have passed.
		///
		/// ## Dispatch Origin
		/// `Signed` by an account that has left.
		///
		/// ## Errors
		/// - [`Error::NotUnbonding`]: the account has not left.
		/// - [`Error::TooEarly`]: the unbonding sessions have not passed.
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
