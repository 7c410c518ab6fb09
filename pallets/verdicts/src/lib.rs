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
mod closing;
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
		ActiveValidators, Evaluator, FinalityStatements, OnVerdict, ServiceRecorder, StoreRules,
		SubjectId, Tick, TickSource, ValidatorSlasher,
	};
	use sp_core::H256;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The active validators, which serve on committees, and their worker keys.
		type Validators: ActiveValidators<AccountIdOf<Self>>;

		/// Receives the verdict of each subject, its overturning and its end.
		type OnVerdict: OnVerdict;

		/// Evaluates evidence in the runtime. Votes are compared with the result.
		type Evaluator: Evaluator;

		/// Slashes validators whose votes were proven false.
		type ValidatorSlasher: ValidatorSlasher<AccountIdOf<Self>>;

		/// Records which committee members voted.
		type ServiceRecorder: ServiceRecorder<AccountIdOf<Self>>;

		/// The currency from which deposits for proofs are withdrawn.
		type NativeBalance: Mutate<AccountIdOf<Self>> + Balanced<AccountIdOf<Self>>;

		/// Receives and counts the deposits that are burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// The clock by which subjects close.
		type TickSource: TickSource;

		/// Records the blocks that workers state as finalised.
		type Finality: FinalityStatements<AccountIdOf<Self>, BlockNumberFor<Self>>;

		/// The rules that governance sets.
		type Rules: Get<RulesOf<Self>>;

		/// Stores the rules of the genesis configuration.
		type StoreRules: StoreRules<RulesOf<Self>>;

		/// Randomness that draws verdicts for audit, and committees if the validators outnumber the
		/// seats. Without randomness (`None`), every verdict is audited and the first validators
		/// serve.
		type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

		/// Number of ticks in which votes for a subject count. An audited verdict waits for its
		/// proof for the same number of ticks.
		#[pallet::constant]
		type JudgingTicks: Get<Tick>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// Sets up the state of other pallets for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Subjects that are open, or whose verdict can still be proven false.
	// Not hashed: an identifier is already a hash that another pallet computes.
	#[pallet::storage]
	pub type Subjects<T: Config> = StorageMap<_, Identity, SubjectId, SubjectOf<T>, OptionQuery>;

	/// Subjects on which a committee agreed in a block, until the draw decides which verdicts are
	/// audited.
	// Hashed with Twox: callers cannot choose block numbers.
	#[pallet::storage]
	pub type Agreed<T: Config> = StorageMap<
		_,
		Twox64Concat,
		BlockNumberFor<T>,
		BoundedVec<SubjectId, ConstU32<MAX_AGREED>>,
		ValueQuery,
	>;

	/// The first block whose verdicts may still wait for the draw.
	#[pallet::storage]
	pub type AgreedFrom<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// Subjects by the tick at which they close. An entry is ignored if its subject now closes at a
	/// later tick.
	// Hashed with Twox: callers cannot choose ticks.
	#[pallet::storage]
	pub type Closing<T: Config> =
		StorageMap<_, Twox64Concat, Tick, BoundedVec<SubjectId, ConstU32<MAX_CLOSING>>, ValueQuery>;

	/// The last tick whose subjects are closed.
	#[pallet::storage]
	pub type ClosedUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The initial rules. With `None`, the runtime's default rules apply.
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
		/// A subject was opened and closes at tick `closes`. `evidence` is the hash of the bytes to
		/// be judged, which the body of this block contains.
		Opened { subject: SubjectId, evidence: H256, closes: Tick },
		/// A validator voted for a finding.
		Voted { subject: SubjectId, validator: AccountIdOf<T>, finding: H256 },
		/// More than two thirds of the committee agree on a finding. `code` is 0 for an acceptance,
		/// 1 if the evidence could not be judged, or else the reject code. The verdict takes effect
		/// two blocks later, unless it is drawn for audit.
		Decided { subject: SubjectId, code: u16, finding: H256 },
		/// The verdict was drawn for audit. It takes effect only if it is proven before tick
		/// `until`. Such a proof is free of charge.
		Audited { subject: SubjectId, until: Tick },
		/// The runtime evaluated the evidence itself, and its result `code` takes effect. If
		/// `overturned` is true, another verdict had taken effect, and its consequences are undone.
		/// `wrong` lists the validators that voted for another finding.
		Proven {
			subject: SubjectId,
			code: u16,
			finding: H256,
			by: AccountIdOf<T>,
			overturned: bool,
			wrong: Vec<AccountIdOf<T>>,
		},
		/// A proof contradicted no vote while votes still counted, so it has no effect. The sender
		/// `by` pays the fee. A sender that is not on the committee also loses its deposit.
		Groundless { subject: SubjectId, by: AccountIdOf<T> },
		/// The subject ended without a verdict: the committee did not agree in time, or an audited
		/// verdict was not proven.
		Void { subject: SubjectId },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The subject is already being judged. No action is needed.
		AlreadyOpen,
		/// Too many subjects are open. Retry in a few blocks.
		TooManySubjects,
		/// This block has no room for another verdict. Submit the votes again.
		TooManyVerdicts,
		/// There are no active validators. Wait for the next session.
		NoCommittee,
		/// The named validator is not active, or the account is not its worker key.
		NotAWorker,
		/// The validator is not on the committee of this subject.
		NotOnCommittee,
		/// The validator already voted for another finding. A vote cannot be changed.
		VotedDifferently,
		/// No vote has disclosed the finding with this hash yet. Include the finding in the vote.
		FindingMissing,
		/// The hash of the included finding differs from the hash in the vote.
		FindingMismatch,
		/// The subject does not exist, or its window has passed.
		NotOpen,
		/// The subject is already proven. No action is needed.
		AlreadyProven,
		/// The submitted bytes are not the evidence of this subject.
		EvidenceMismatch,
		/// The account cannot pay the deposit for a proof. `Rules::deposit` is the amount.
		DepositMissing,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::JudgingTicks::get() >= 2, "a subject needs at least two ticks for votes");
		}

		fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::close_due(meter);
			Self::draw(now, meter);
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
			T::Rules::get().clamped()
		}

		/// Returns a subject with its committee and its votes.
		pub fn subject(subject: SubjectId) -> Option<SubjectOf<T>> {
			Subjects::<T>::get(subject)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Submits votes, and states the last block that the worker has seen finalised.
		///
		/// Ignores a vote if its subject is closed or proven, if it comes after [`Subject::until`],
		/// or if it repeats an earlier vote. The call is free of charge if a vote counts, or if the
		/// clock accepts the statement free of charge ([`Config::Finality`]).
		///
		/// ## Dispatch Origin
		/// `Signed` by the worker key of `validator`, which must be active.
		///
		/// ## Errors
		/// - [`Error::NotAWorker`].
		/// - `BadStatement` of the clock: the block is not in the past, or is older than the block
		///   that the validator stated last.
		/// - [`Error::NotOnCommittee`], [`Error::VotedDifferently`], [`Error::FindingMissing`],
		///   [`Error::FindingMismatch`], [`Error::TooManyVerdicts`]: one of the votes is invalid,
		///   so none of them counts.
		///
		/// ## Events
		/// [`Event::Voted`], [`Event::Decided`], `FinalisedSeen` of the clock.
		#[pallet::call_index(0)]
		#[pallet::weight((
			<T as Config>::WeightInfo::vote(votes.len() as u32),
			DispatchClass::Operational,
		))]
		pub fn vote(
			origin: OriginFor<T>,
			validator: AccountIdOf<T>,
			votes: BoundedVec<Vote, ConstU32<MAX_VOTES>>,
			#[pallet::compact] finalised: BlockNumberFor<T>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let free = Self::do_vote(&who, validator, votes.into_inner(), finalised)?;
			Ok(if free { Pays::No } else { Pays::Yes }.into())
		}

		/// Evaluates the evidence of a subject in the runtime. The result is final.
		///
		/// Slashes every validator that voted for another finding, unless the validators used
		/// another version of the verifier. Undoes an effective verdict that differs from the
		/// result. Gives a verdict to a subject that has none.
		///
		/// The proof is free of charge if it contradicts a vote or if the verdict is audited. It is
		/// also free if the subject has no verdict in the last third of its voting time. In any
		/// other case the sender pays the fee, and a sender that is not on the committee loses its
		/// deposit as well. While votes still count, a proof that is not free of charge has no
		/// effect.
		///
		/// ## Dispatch Origin
		/// `Signed`. A worker names the committee member for which it signs as `validator`. Every
		/// other sender needs a free balance of [`Rules::deposit`].
		///
		/// ## Errors
		/// - [`Error::NotOpen`], [`Error::AlreadyProven`].
		/// - [`Error::EvidenceMismatch`]: the bytes are not the evidence of the subject.
		/// - [`Error::DepositMissing`].
		///
		/// ## Events
		/// [`Event::Proven`], or [`Event::Groundless`] if the proof has no effect.
		#[pallet::call_index(1)]
		#[pallet::weight((
			<T as Config>::WeightInfo::prove()
				.saturating_add(T::Evaluator::weight(evidence.len() as u32))
				.saturating_add(T::OnVerdict::weight()),
			DispatchClass::Operational,
		))]
		pub fn prove(
			origin: OriginFor<T>,
			validator: Option<AccountIdOf<T>>,
			subject: SubjectId,
			evidence: BoundedVec<u8, ConstU32<MAX_EVIDENCE>>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let free = Self::do_prove(who, validator, subject, &evidence)?;
			Ok(if free { Pays::No } else { Pays::Yes }.into())
		}
	}
}
