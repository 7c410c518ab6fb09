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
mod benchmarking;
mod clock;
mod committee;
mod impls;
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
	use frame_support::{pallet_prelude::*, traits::Randomness, weights::WeightMeter};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{ActiveValidators, OnVerdict, SubjectId, Tick};
	use sp_core::H256;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Who judges.
		type Validators: ActiveValidators<AccountIdOf<Self>>;

		/// Is told what was found.
		type OnVerdict: OnVerdict;

		/// By which a committee is drawn where there are more validators than places. None: then those who come first serve.
		type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

		/// How long a subject stays open, in ticks: a judge has that long to vote, and late votes count that long.
		#[pallet::constant]
		type JudgingTicks: Get<Tick>;

		/// By how many blocks the finalised number may lag before the clock stands still.
		#[pallet::constant]
		type MaxFinalityLag: Get<u32>;

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

	/// The subjects that close at a tick.
	// Hashed with Twox: ticks are not chosen by anybody.
	#[pallet::storage]
	pub type Closing<T: Config> =
		StorageMap<_, Twox64Concat, Tick, BoundedVec<SubjectId, ConstU32<MAX_CLOSING>>, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A subject is to be judged until tick `closes`. `evidence` is the hash of the bytes, which this block's body holds.
		Opened { subject: SubjectId, evidence: H256, closes: Tick },
		/// A validator voted for a finding.
		Voted { subject: SubjectId, validator: AccountIdOf<T>, finding: H256 },
		/// More than two thirds of the committee agree: `code` is 0 where the evidence was accepted, 1 where it could not be judged, or the
		/// code of a rejection.
		Decided { subject: SubjectId, code: u16, finding: H256 },
		/// The committee did not agree in time.
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
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
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
		/// Votes for subjects that have closed are passed over, and so are votes that were filed before. Free if a vote counted, or if the
		/// last statement is [`Config::StatementInterval`] blocks old.
		///
		/// ## Dispatch Origin
		/// `Signed` by the worker of a validator in office.
		///
		/// ## Errors
		/// - [`Error::NotAWorker`].
		/// - [`Error::BadStatement`].
		/// - [`Error::NotOnCommittee`], [`Error::VotedDifferently`], [`Error::FindingMissing`], [`Error::FindingMismatch`] for any of the
		///   votes: then none counts.
		///
		/// ## Events
		/// [`Event::Voted`], [`Event::Decided`], [`Event::FinalisedSeen`].
		#[pallet::call_index(0)]
		#[pallet::weight((
			<T as Config>::WeightInfo::file(votes.len() as u32)
				.saturating_add(T::OnVerdict::weight().saturating_mul(votes.len() as u64)),
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
	}
}
