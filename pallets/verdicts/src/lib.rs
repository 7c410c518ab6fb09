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

mod audit;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod clock;
mod committee;
mod impls;
mod proof;
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
	extern crate alloc;
	use alloc::vec::Vec;

	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Balanced, Credit, Mutate},
			OnUnbalanced, Randomness,
		},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{
		ActiveValidators, Evaluates, OnVerdict, Serves, Slashes, SubjectId, Tick,
	};
	use sp_core::H256;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Who judges.
		type Validators: ActiveValidators<AccountIdOf<Self>>;

		/// Is told what was found.
		type OnVerdict: OnVerdict;

		/// What a verdict means: evaluates evidence as the chain does.
		type Evaluates: Evaluates;

		/// Punishes whoever voted otherwise.
		type Slashes: Slashes<AccountIdOf<Self>>;

		/// Is told who has voted.
		type Serves: Serves<AccountIdOf<Self>>;

		/// Where deposits for proofs are taken from.
		type NativeBalance: Mutate<AccountIdOf<Self>> + Balanced<AccountIdOf<Self>>;

		/// Counts what is burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// What governance sets.
		type Rules: Get<RulesOf<Self>>;

		/// Keeps the rules of the genesis.
		type StoreRules: StoreRules<RulesOf<Self>>;

		/// By which verdicts are drawn for audit, and a committee where there are more validators than places. None: then every verdict is
		/// drawn, and those validators serve who come first.
		type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

		/// How long a subject stays open, in ticks: a judge has that long to vote, and late votes count that long.
		#[pallet::constant]
		type JudgingTicks: Get<Tick>;

		/// By how many blocks the finalised number may lag before the clock stands still.
		#[pallet::constant]
		type MaxFinalityLag: Get<u32>;

		/// Whether the clock is to stand still whatever is final.
		type Paused: Get<bool>;

		/// After how many blocks a worker may state its finalised number again for free.
		#[pallet::constant]
		type StatementInterval: Get<u32>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The clock.
	#[pallet::storage]
	pub type CurrentTick<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// The block that more than two thirds of the validators in office have seen finalised; zero until they have stated one.
	#[pallet::storage]
	pub type FinalisedSeen<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// What each validator in office last stated.
	#[pallet::storage]
	pub type Statements<T: Config> =
		StorageValue<_, BoundedVec<StatementOf<T>, ConstU32<MAX_VALIDATORS>>, ValueQuery>;

	/// What is being judged.
	// Not hashed: subjects are hashes that a pallet makes.
	#[pallet::storage]
	pub type Subjects<T: Config> = StorageMap<_, Identity, SubjectId, SubjectOf<T>, OptionQuery>;

	/// The subjects on which a committee came to agree in a block, until it is known which of them must be proven.
	// Hashed with Twox: block numbers are not chosen by anybody.
	#[pallet::storage]
	pub type Agreed<T: Config> = StorageMap<
		_,
		Twox64Concat,
		BlockNumberFor<T>,
		BoundedVec<SubjectId, ConstU32<MAX_AGREED>>,
		ValueQuery,
	>;

	/// The first block whose verdicts may not have taken effect yet.
	#[pallet::storage]
	pub type AgreedFrom<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The subjects that close at a tick.
	// Hashed with Twox: ticks are not chosen by anybody.
	#[pallet::storage]
	pub type Closing<T: Config> =
		StorageMap<_, Twox64Concat, Tick, BoundedVec<SubjectId, ConstU32<MAX_CLOSING>>, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// None: the runtime's own.
		pub rules: Option<RulesOf<T>>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Some(rules) = self.rules {
				T::StoreRules::store(rules);
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A subject is to be judged until tick `closes`. `evidence` is the hash of the bytes, which this block's body holds.
		Opened { subject: SubjectId, evidence: H256, closes: Tick },
		/// A validator voted for a finding.
		Voted { subject: SubjectId, validator: AccountIdOf<T>, finding: H256 },
		/// More than two thirds of the committee agree: `code` is 0 where the evidence was accepted, 1 where it could not be judged, or the
		/// code of a rejection. It takes effect two blocks later, unless it is drawn for audit.
		Decided { subject: SubjectId, code: u16, finding: H256 },
		/// The verdict was drawn: it takes effect only if somebody proves it before tick `until`, which is free.
		Audited { subject: SubjectId, until: Tick },
		/// The chain found `code` itself, which takes effect. `overturned`: another verdict had, and what it caused is undone. `wrong` voted
		/// otherwise.
		Proven {
			subject: SubjectId,
			code: u16,
			finding: H256,
			by: AccountIdOf<T>,
			overturned: bool,
			wrong: Vec<AccountIdOf<T>>,
		},
		/// The chain found nothing else than whoever has voted so far, before the time to vote was over: the proof cost `by` its fee, and whoever judges nothing his deposit.
		Groundless { subject: SubjectId, by: AccountIdOf<T> },
		/// The committee did not agree in time, or what it agreed on was drawn for audit and not proven.
		Void { subject: SubjectId },
		/// More than two thirds of the validators have seen `number` finalised.
		FinalisedSeen { number: BlockNumberFor<T> },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The subject is being judged already. Nothing need be done.
		AlreadyOpen,
		/// So many subjects are open that there is no room for another. Try again in a few blocks.
		TooManySubjects,
		/// So many verdicts were made in this block that there is no room for another. File the votes again.
		TooManyVerdicts,
		/// No validators are in office. Wait for the next session.
		NoCommittee,
		/// The account is no worker of a validator in office.
		NotAWorker,
		/// The validator does not judge this subject.
		NotOnCommittee,
		/// The validator has voted for another finding: a vote cannot be changed.
		VotedDifferently,
		/// Nobody has shown the finding of that hash yet. Show it with the vote.
		FindingMissing,
		/// The finding has another hash than the vote.
		FindingMismatch,
		/// Nothing is judged under that identifier, or its window has passed.
		NotOpen,
		/// The subject was proven already. Nothing need be done.
		AlreadyProven,
		/// The bytes are not those that are judged.
		EvidenceMismatch,
		/// The account cannot lose the deposit that a proof takes. `Rules::deposit` says how much.
		DepositMissing,
		/// The stated block is not before this one, or is before the last one stated.
		BadStatement,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::JudgingTicks::get() >= 2, "a subject needs time to be judged");
			assert!(T::StatementInterval::get() >= 1, "a statement costs a block");
			assert!(
				T::StatementInterval::get() < T::MaxFinalityLag::get(),
				"the clock would stand still between statements"
			);
		}

		fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::advance(now, meter);
			Self::draw(now, meter);
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
			T::Rules::get().clamped()
		}

		/// The tick of this block.
		pub fn tick() -> Tick {
			CurrentTick::<T>::get()
		}

		/// A subject that is being judged, its committee and its votes.
		pub fn subject(subject: SubjectId) -> Option<SubjectOf<T>> {
			Subjects::<T>::get(subject)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Files votes, and states the last block that the worker has seen finalised.
		///
		/// Votes for subjects that have closed or were proven are passed over, and so are votes that come after [`Subject::until`] or were filed before. Free if a vote counted, or if the
		/// last statement is [`Config::StatementInterval`] blocks old.
		///
		/// ## Dispatch Origin
		/// `Signed` by the worker of a validator in office.
		///
		/// ## Errors
		/// - [`Error::NotAWorker`].
		/// - [`Error::BadStatement`].
		/// - [`Error::NotOnCommittee`], [`Error::VotedDifferently`], [`Error::FindingMissing`], [`Error::FindingMismatch`],
		///   [`Error::TooManyVerdicts`] for any of the votes: then none counts.
		///
		/// ## Events
		/// [`Event::Voted`], [`Event::Decided`], [`Event::FinalisedSeen`].
		#[pallet::call_index(0)]
		#[pallet::weight((
			<T as Config>::WeightInfo::file(votes.len() as u32),
			DispatchClass::Operational,
		))]
		pub fn file(
			origin: OriginFor<T>,
			votes: BoundedVec<Vote, ConstU32<MAX_VOTES>>,
			#[pallet::compact] finalised: BlockNumberFor<T>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let free = Self::do_file(who, votes.into_inner(), finalised)?;
			Ok(if free { Pays::No } else { Pays::Yes }.into())
		}

		/// Has the chain evaluate evidence that is being judged, or was: what it finds is what every vote should have been. Whoever voted otherwise
		/// loses a part of its bond; a verdict that was otherwise is void, and what it caused is undone; a subject without a verdict has one.
		///
		/// Free if it proves anybody wrong, or what was drawn for audit. Else it costs its fee, and whoever is not on the committee the deposit as well.
		///
		/// ## Dispatch Origin
		/// `Signed`. By others than a worker of the committee with [`Rules::deposit`] free.
		///
		/// ## Errors
		/// - [`Error::NotOpen`], [`Error::AlreadyProven`].
		/// - [`Error::EvidenceMismatch`]: other bytes than were included.
		/// - [`Error::DepositMissing`].
		///
		/// ## Events
		/// [`Event::Proven`].
		#[pallet::call_index(1)]
		#[pallet::weight((
			<T as Config>::WeightInfo::prove()
				.saturating_add(T::Evaluates::weight(evidence.len() as u32))
				.saturating_add(T::OnVerdict::weight()),
			DispatchClass::Operational,
		))]
		pub fn prove(
			origin: OriginFor<T>,
			subject: SubjectId,
			evidence: BoundedVec<u8, ConstU32<MAX_EVIDENCE>>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let free = Self::do_prove(who, subject, &evidence)?;
			Ok(if free { Pays::No } else { Pays::Yes }.into())
		}
	}
}
