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

mod acceptances;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod challenges;
mod conclusions;
mod contests;
mod draw;
mod events;
mod evidence;
mod lifecycle;
mod liveness;
mod log;
mod pauses;
mod reattestation;
mod statistics;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use acceptances::Accepted;
use evidence::logs_len;
use frame_support::pallet_macros::import_section;
pub use log::most_entries;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
	extern crate alloc;
	use alloc::boxed::Box;

	use frame_support::{
		pallet_prelude::*,
		traits::{Randomness, UnixTime},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use hcc_evidence::host::{FoldedLog, HostEvidence, PinnedContext};
	use hcc_primitives::{
		Adjudicator, ChallengeOutcome, ChipHash, ChipTransfers, Interval, IntervalIndex, Liveness,
		LivenessStatus, LogVerifier, Miners, PaidTime, Pause, Reputation, StoreRules, SubjectId,
		Tick, TickSource, Tier, Veks,
	};

	use super::*;

	#[pallet::config]
	pub trait Config:
		frame_system::Config<
		RuntimeEvent: From<Event<Self>>,
		AccountId: Into<[u8; 32]> + From<[u8; 32]>,
	>
	{
		/// Rules that governance sets.
		type Rules: Get<Rules>;

		/// Stores the rules of the genesis.
		type StoreRules: StoreRules<Rules>;

		/// The register of miners.
		type Miners: Miners<AccountIdOf<Self>>;

		/// Owners of chips, and the transfer of contested chips.
		type Chips: ChipTransfers<AccountIdOf<Self>>;

		/// The keys of chips.
		type Veks: Veks;

		/// Opens subjects for evidence, so that validators judge it.
		type Adjudicator: Adjudicator;

		/// Scores and tiers of chips.
		type Reputation: Reputation<AccountIdOf<Self>>;

		/// The clock of deadlines and of paid time.
		type TickSource: TickSource + PaidTime;

		/// Clock time at which certificates must be valid.
		type Time: UnixTime;

		/// The current policy revision, by which evidence in this block is judged.
		type Revision: Get<u32>;

		/// The last policy revision in which a list of files became stricter.
		type LastFileTightening: Get<u32>;

		/// The last policy revision in which any rule may have become stricter.
		type LastTightening: Get<u32>;

		/// Verifies the parts of submitted logs.
		type Logs: LogVerifier;

		/// Number of ticks over which re-attestation is spread after a policy tightening. Chips
		/// that were not attested by then are challenged.
		#[pallet::constant]
		type ReattestationTicks: Get<Tick>;

		/// Minimum number of ticks between the starts of two pauses of a chip, even if the chip
		/// gets another miner in between.
		#[pallet::constant]
		type PauseInterval: Get<Tick>;

		/// Randomness of the draw. With `None`, this block draws no chip.
		type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

		/// Maximum length of a measurement log in one piece of evidence or one submission, in
		/// bytes.
		#[pallet::constant]
		type MaxLog: Get<u32>;

		/// Maximum number of entries of a measurement log in one piece of evidence or one
		/// submission.
		#[pallet::constant]
		type MaxEntries: Get<u32>;

		/// Weights of the calls and hooks.
		type WeightInfo: WeightInfo;

		/// State of other pallets that benchmarks set up.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Chips that must answer challenges.
	// Hashed with Blake2: the miner that registers a chip chooses the hash. The type is unbounded,
	// but a checkpoint has at most as many required files as policy has versions.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Hosts<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, HostOf<T>, OptionQuery>;

	/// Numbers of the last challenges of chips that have left their miner.
	// Hashed with Blake2, for the same reason as `Hosts`.
	#[pallet::storage]
	pub type LastSeq<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, u64, ValueQuery>;

	/// Boot profiles of chips that have left their miner.
	// Hashed with Blake2, for the same reason as `Hosts`.
	#[pallet::storage]
	pub type LastBoots<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, LastBoot, OptionQuery>;

	/// Last maintenance pauses of chips. A row remains when its chip leaves, and limits the next
	/// miner.
	// Hashed with Blake2, for the same reason as `Hosts`.
	#[pallet::storage]
	pub type LastPauses<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, Pause, OptionQuery>;

	/// Numbers of challenges and of their outcomes since genesis.
	#[pallet::storage]
	pub type ChallengeCounts<T: Config> = StorageValue<_, Counters, ValueQuery>;

	/// Chips by tier and position. Positions have no gaps, so that one read draws a chip.
	// Hashed with Twox: no account chooses positions.
	#[pallet::storage]
	pub type DrawPool<T: Config> =
		StorageDoubleMap<_, Twox64Concat, Tier, Twox64Concat, u32, ChipHash, OptionQuery>;

	/// Number of chips in each tier.
	#[pallet::storage]
	pub type Population<T: Config> = StorageMap<_, Twox64Concat, Tier, u32, ValueQuery>;

	/// Numbers of chips before the transactions of this block, and before those of its parent.
	/// Draws use the numbers of the parent.
	#[pallet::storage]
	pub type DrawCounts<T: Config> = StorageValue<_, PopulationHistory, ValueQuery>;

	/// Chips that wait for a challenge in the next blocks, oldest first: new chips, and chips that
	/// failed.
	#[pallet::storage]
	pub type Rechecks<T: Config> =
		StorageValue<_, BoundedVec<ChipHash, ConstU32<MAX_RECHECKS>>, ValueQuery>;

	/// Chips by the tick at which the deadline of their challenge is processed.
	// Hashed with Twox: no account chooses ticks.
	#[pallet::storage]
	pub type DeadlineQueue<T: Config> =
		StorageMap<_, Twox64Concat, Tick, BoundedVec<ChipHash, ConstU32<MAX_DUE>>, ValueQuery>;

	/// The last tick whose deadlines were processed.
	#[pallet::storage]
	pub type KeptUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// The tick of the last draw.
	#[pallet::storage]
	pub type DrawnUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// Open contests by chip.
	// Hashed with Blake2, for the same reason as `Hosts`.
	#[pallet::storage]
	pub type OpenContests<T: Config> =
		CountedStorageMap<_, Blake2_128Concat, ChipHash, ChipContestOf<T>, OptionQuery>;

	/// Chips whose contests wait for settlement.
	#[pallet::storage]
	pub type ContestSettlementQueue<T: Config> =
		StorageValue<_, BoundedVec<ChipHash, ConstU32<MAX_OPEN_CONTESTS>>, ValueQuery>;

	/// Progress of re-attestation after policy became stricter.
	#[pallet::storage]
	pub type Reattestation<T: Config> = StorageValue<_, ReattestationState, ValueQuery>;

	/// Pinned contexts of evidence, from inclusion until its verdict can no longer be proven false.
	// Not hashed: subjects are hashes that this pallet makes. Unbounded for the same reason as
	// `Hosts`.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Contexts<T: Config> = StorageMap<_, Identity, SubjectId, PinnedContext, OptionQuery>;

	/// Effects of verdicts that can still be proven false.
	// Not hashed, for the same reason as `Contexts`.
	#[pallet::storage]
	pub type Effects<T: Config> = StorageMap<_, Identity, SubjectId, Effect, OptionQuery>;

	/// States of the logs that miners submitted in parts. Evidence may continue such a log.
	// Hashed with Blake2: accounts are chosen by their owners. Unbounded for the same reason as
	// `Hosts`.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Logs<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, FoldedLog, OptionQuery>;

	/// The number of log parts that each miner submitted for an open challenge, with the nonce of
	/// its newest challenge at that time. A row is removed when the miner leaves.
	// Hashed with Blake2: accounts are chosen by their owners.
	#[pallet::storage]
	pub type LogParts<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, ([u8; 32], u16), OptionQuery>;

	/// The last billing intervals in which each chip was challenged, oldest first.
	// Hashed with Blake2, for the same reason as `Hosts`.
	#[pallet::storage]
	pub type LivenessRecords<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		ChipHash,
		BoundedVec<IntervalLiveness, ConstU32<MAX_LIVENESS_RECORDS>>,
		ValueQuery,
	>;

	/// The current billing interval.
	#[pallet::storage]
	pub type CurrentInterval<T: Config> = StorageValue<_, Interval, ValueQuery>;

	/// Number of pinned contexts by policy revision. Policy keeps these revisions.
	#[pallet::storage]
	pub type Revisions<T: Config> =
		StorageValue<_, BoundedBTreeMap<u32, u32, ConstU32<MAX_REVISIONS>>, ValueQuery>;

	/// Rules at genesis.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// With `None`, the runtime's default rules apply.
		pub rules: Option<Rules>,
		#[serde(skip)]
		pub _marker: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Some(rules) = self.rules {
				T::StoreRules::store(rules);
			}
		}
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account is not the hot key of the miner that the call or its evidence names.
		NotTheMiner,
		/// None of the miner's chips has an open challenge with this number. The challenge was
		/// answered or missed, or it was never made.
		NoChallenge,
		/// A part of the evidence exceeds its maximum length, or the report does not have 1184
		/// bytes.
		EvidenceLength,
		/// The report or the quote cannot be decoded.
		EvidenceMalformed,
		/// The `extraData` of the quote is not the hash over this challenge. The quote is for
		/// another challenge, miner, chip or guest.
		QuoteNotBound,
		/// REPORT_DATA is not the hash over this challenge, quote and log.
		ReportNotBound,
		/// No key of the chip is registered for the report's REPORTED_TCB. Call
		/// `policy.register_vek` with its certificate first.
		VekMissing,
		/// The miner's TPM is not enrolled, or its vendor's root is no longer trusted. Call
		/// `registry.enrol_tpm` with a genuine TPM.
		TpmMissing,
		/// No miner has registered the chip. Call `registry.add_chip`.
		NobodysChip,
		/// The chip belongs to the contender already.
		OwnChip,
		/// The contender has no enrolled TPM, or has the maximum number of chips.
		NoRoom,
		/// Another contest for the chip is open. Wait until it is settled.
		AlreadyContested,
		/// The maximum number of contests is open. Retry in a few minutes.
		TooManyContests,
		/// The contest answers a block that is not one of the last [`MAX_CONTEST_AGE`] blocks.
		ContestNonceTooOld,
		/// The certificate is invalid, or does not certify the chip's key for the report's
		/// REPORTED_TCB. `hcc verify snp` gives the reason.
		CertificateRefused,
		/// The report of a contest is not signed by the chip's key.
		ReportRefused,
		/// The part of the log does not begin at the end of the last part. `attestation.log` gives
		/// the position of that end. A part that begins with entry 0 starts the log again.
		LogElsewhere,
		/// The part of the log is invalid: truncated, altered, of an unknown template, or without
		/// `boot_aggregate` as its first entry.
		LogMalformed,
		/// The part of the log has more entries than [`Config::MaxEntries`].
		LogTooLong,
		/// The evidence continues a log that was not submitted up to that entry. Call
		/// `attestation.submit_log`.
		LogMissing,
		/// A list of files became stricter since the log was submitted. Submit the log again, from
		/// entry 0.
		LogOutdated,
		/// Policy has no rules yet.
		NoPolicy,
		/// Evidence is being judged under the maximum number of policy revisions. Retry in a few
		/// blocks.
		TooManyRevisions,
		/// The miner has no chip that must answer challenges.
		NothingToPause,
		/// A chip of the miner has an open challenge, or receives one in the next blocks. Answer
		/// the challenge, and retry after the verdict.
		ChallengeOpen,
		/// A chip of the miner did not pass its last challenge, or has not passed one since its
		/// last pause. Retry after its next acceptance.
		Failing,
		/// A slash for a chip of the miner is pending. Retry when it was applied or cancelled.
		SlashPending,
		/// A chip of the miner was paused less than [`Config::PauseInterval`] ago, by this miner or
		/// an earlier one.
		PausedRecently,
		/// No deadline has room for another challenge. Retry in the next block.
		TooManyChallenges,
		/// The miner has submitted [`MAX_LOG_PARTS`] parts of logs for its open challenge. Submit
		/// further parts without `due`.
		LogPartsSpent,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::note_population(meter);
			Self::advance_interval(meter);
			Self::note_tightening(meter);
			Self::settle_contests(meter);
			Self::keep_deadlines(meter);
			Self::challenge_rechecks(meter);
			Self::sweep(meter);
			Self::draw(meter);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns the current rules, each value clamped to its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// Returns the state of a chip: checkpoint, open challenge, tier.
		pub fn host(chip: ChipHash) -> Option<HostOf<T>> {
			Hosts::<T>::get(chip)
		}

		/// Returns the tick from which on a chip must submit its whole log after a policy
		/// tightening. Returns `None` if no log is due.
		pub fn log_due(chip: ChipHash) -> Option<Tick> {
			Self::log_due_at(&chip, &Hosts::<T>::get(chip)?)
		}

		/// Returns the number of chips by tier, their intervals, and the outcomes of challenges.
		pub fn statistics() -> Statistics {
			Self::statistics_now()
		}

		/// Returns the open contest for a chip, if there is one.
		pub fn contest_of(chip: ChipHash) -> Option<ChipContestOf<T>> {
			OpenContests::<T>::get(chip)
		}

		/// Returns the current billing interval.
		pub fn interval() -> Interval {
			<Self as Liveness>::interval()
		}

		/// Returns `true` if a chip was live in an interval, and `None` while that can still
		/// change.
		///
		/// A live chip has an acceptance as its last verdict before the interval. It failed or
		/// missed no challenge of the interval.
		pub fn was_live(chip: ChipHash, interval: IntervalIndex) -> Option<bool> {
			match <Self as Liveness>::was_live(&chip, interval, interval) {
				LivenessStatus::Unsettled => None,
				liveness => Some(liveness == LivenessStatus::Live),
			}
		}

		/// Returns the state of the log that a miner submitted in parts.
		pub fn log(miner: AccountIdOf<T>) -> Option<FoldedLog> {
			Logs::<T>::get(miner)
		}

		/// Returns the pinned context of a subject.
		pub fn context(subject: SubjectId) -> Option<PinnedContext> {
			Contexts::<T>::get(subject)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Answers a challenge.
		///
		/// The bytes stay in the block body, where validators' workers find them. The chain stores
		/// their hash, and pins the context by which they are judged. The call is free if the
		/// evidence is bound to an open challenge. A challenge takes only the first such evidence.
		///
		/// ## Dispatch Origin
		/// `Signed` by the hot key of the miner that the evidence names.
		///
		/// ## Errors
		/// - [`Error::NotTheMiner`], [`Error::NoChallenge`], [`Error::TpmMissing`].
		/// - [`Error::EvidenceLength`], [`Error::EvidenceMalformed`].
		/// - [`Error::QuoteNotBound`], [`Error::ReportNotBound`]: the evidence is bound to another
		///   challenge or log.
		/// - [`Error::LogMissing`], [`Error::LogOutdated`]: the evidence continues a log that is
		///   missing or outdated.
		/// - [`Error::VekMissing`]: the certificate of the chip's key was not registered.
		/// - [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::EvidenceIncluded`].
		#[pallet::call_index(0)]
		#[pallet::weight((
			<T as Config>::WeightInfo::submit_evidence(logs_len(evidence)),
			DispatchClass::Operational,
		))]
		pub fn submit_evidence(
			origin: OriginFor<T>,
			evidence: Box<HostEvidence>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_submit_evidence(who, &evidence)?;
			Ok(Pays::No.into())
		}

		/// Contests a chip that another miner has registered.
		///
		/// The evidence answers a challenge that is derived from one of the last
		/// [`MAX_CONTEST_AGE`] blocks. The number of the challenge is the block number with the
		/// highest bit set. The nonce contains the hash of the block. `certificate` (DER) certifies
		/// the chip's key, which need not be registered, because the holder may have used all room
		/// for keys.
		///
		/// If the evidence is accepted, the holder is challenged in the next blocks. If the holder
		/// cannot prove the chip, the contender receives it once all verdicts of the contest are
		/// final. If the holder proves the chip, two parties have its key, and the chip is banned.
		///
		/// ## Dispatch Origin
		/// `Signed` by the hot key of the miner that the evidence names.
		///
		/// ## Errors
		/// - [`Error::NotTheMiner`], [`Error::NobodysChip`], [`Error::OwnChip`], [`Error::NoRoom`].
		/// - [`Error::AlreadyContested`], [`Error::TooManyContests`],
		///   [`Error::ContestNonceTooOld`].
		/// - [`Error::EvidenceLength`], [`Error::EvidenceMalformed`].
		/// - [`Error::QuoteNotBound`], [`Error::ReportNotBound`], [`Error::CertificateRefused`],
		///   [`Error::ReportRefused`].
		/// - [`Error::LogMissing`], [`Error::LogOutdated`], [`Error::TpmMissing`].
		/// - [`Error::TooManyRevisions`].
		///
		/// ## Events
		/// [`Event::EvidenceIncluded`], [`Event::ChipContested`].
		#[pallet::call_index(1)]
		#[pallet::weight(
			<T as Config>::WeightInfo::contest(logs_len(evidence))
				.saturating_add(T::Veks::verify_weight())
		)]
		pub fn contest(
			origin: OriginFor<T>,
			chip: ChipHash,
			evidence: Box<HostEvidence>,
			certificate: BoundedVec<u8, ConstU32<MAX_CERTIFICATE>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_contest(who, chip, &evidence, &certificate)
		}

		/// Submits a part of the measurement log of a miner's machine, for logs that are too
		/// long for one piece of evidence.
		///
		/// A part has whole records from entry `from` on. The chain verifies the part, judges its
		/// files, and stores the resulting state. The findings count once evidence continues the
		/// log from its end, because only a quote proves that the log belongs to this machine.
		///
		/// A part that begins with entry 0 starts the log again. Each other part continues at the
		/// end of the last part.
		///
		/// With `due`, the call is operational. This requires an open challenge of the miner. The
		/// runtime admits [`MAX_LOG_PARTS`] such calls for each challenge.
		///
		/// ## Dispatch Origin
		/// `Signed` by the hot key of `miner`.
		///
		/// ## Errors
		/// - [`Error::NotTheMiner`], [`Error::LogElsewhere`].
		/// - [`Error::NoChallenge`]: `due` is set, but no challenge is open.
		/// - [`Error::LogMalformed`], [`Error::LogTooLong`], [`Error::NoPolicy`].
		///
		/// ## Events
		/// [`Event::LogFollowed`].
		#[pallet::call_index(2)]
		#[pallet::weight((
			<T as Config>::WeightInfo::submit_log(
				most_entries::<T>(records.len()),
				records.len() as u32,
			),
			if *due { DispatchClass::Operational } else { DispatchClass::Normal },
		))]
		pub fn submit_log(
			origin: OriginFor<T>,
			miner: AccountIdOf<T>,
			from: u32,
			records: BoundedVec<u8, T::MaxLog>,
			due: bool,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let entries = Self::do_submit_log(&who, miner, from, &records, due)?;
			Ok(Some(T::WeightInfo::submit_log(entries, records.len() as u32)).into())
		}

		/// Pauses all chips of a miner for maintenance.
		///
		/// Each chip is challenged now, with a deadline after [`Rules::pause`] ticks. Until then,
		/// the chip is not challenged again and receives no work. Its VMs leave `Running`. The
		/// miner ends the pause with an answer. A missed deadline counts as a missed challenge.
		/// Afterwards each chip must pass an ordinary challenge before it receives work.
		///
		/// ## Dispatch Origin
		/// `Signed` by the hot key of `miner`.
		///
		/// ## Errors
		/// - [`Error::NotTheMiner`], [`Error::NothingToPause`], [`Error::ChallengeOpen`],
		///   [`Error::Failing`], [`Error::AlreadyContested`], [`Error::SlashPending`].
		/// - [`Error::PausedRecently`], [`Error::TooManyChallenges`].
		///
		/// ## Events
		/// [`Event::Challenged`] and [`Event::Paused`] for each chip.
		#[pallet::call_index(3)]
		pub fn pause(origin: OriginFor<T>, miner: AccountIdOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_pause(&who, &miner)
		}
	}
}
