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

mod accepted;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod challenges;
mod claims;
mod draw;
mod evidence;
mod lifecycle;
mod liveness;
mod log;
mod renewal;
mod statistics;
mod sweep;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use accepted::Accepted;
use evidence::logs_len;
pub use log::most_entries;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

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
		ChipHash, ClaimsChips, Conduct, FollowsLogs, Interval, IntervalIndex, Judges, Lived,
		Liveness, Miners, Reputation, SubjectId, Tick, Ticks, Tier, Veks,
	};

	use super::*;

	#[pallet::config]
	pub trait Config:
		frame_system::Config<
		RuntimeEvent: From<Event<Self>>,
		AccountId: Into<[u8; 32]> + From<[u8; 32]>,
	>
	{
		/// What governance sets.
		type Rules: Get<Rules>;

		/// Takes the rules of the genesis.
		type StoreRules: StoreRules;

		/// The register of miners.
		type Miners: Miners<AccountIdOf<Self>>;

		/// Whose chips are.
		type Chips: ClaimsChips<AccountIdOf<Self>>;

		/// The keys of chips.
		type Veks: Veks;

		/// Has evidence judged.
		type Judges: Judges;

		/// Keeps what chips are known for.
		type Reputation: Reputation<AccountIdOf<Self>>;

		/// The clock of deadlines.
		type Ticks: Ticks;

		/// The time at which certificates must be valid.
		type Time: UnixTime;

		/// The revision of policy by which evidence is judged that is included now.
		type Revision: Get<u32>;

		/// The last revision in which a list of files became stricter.
		type FilesTightened: Get<u32>;

		/// The last revision in which anything may have become stricter.
		type Tightened: Get<u32>;

		/// Follows logs that are handed in in parts.
		type Logs: FollowsLogs;

		/// By how many ticks it is spread when chips must show their logs anew; who was not judged anew after as many is challenged.
		#[pallet::constant]
		type RenewalTicks: Get<Tick>;

		/// By which chips are drawn. None: then none is drawn in this block.
		type Randomness: Randomness<Option<Self::Hash>, BlockNumberFor<Self>>;

		/// The most bytes of a measurement log in one evidence.
		#[pallet::constant]
		type MaxLog: Get<u32>;

		/// The most entries of a measurement log in one evidence, or in one part that is handed in.
		#[pallet::constant]
		type MaxEntries: Get<u32>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The chips that must answer challenges.
	// Hashed with Blake2: whoever registers a chip chooses the hash that it claims. Unbounded by type alone: of a checkpoint's required files
	// there are as many as policy has versions.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Hosts<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, HostOf<T>, OptionQuery>;

	/// The number of the last challenge of a chip that is nobody's now.
	// Hashed with Blake2, as `Hosts`.
	#[pallet::storage]
	pub type LastSeq<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, u64, ValueQuery>;

	/// The boot of a chip that is nobody's now.
	// Hashed with Blake2, as `Hosts`.
	#[pallet::storage]
	pub type LastBoots<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, LastBoot, OptionQuery>;

	/// The last change by which policy became stricter, and how far it has come that chips are challenged for it.
	#[pallet::storage]
	pub type Stricter<T: Config> = StorageValue<_, Sweep, OptionQuery>;

	/// Challenges, all in all.
	#[pallet::storage]
	pub type Counted<T: Config> = StorageValue<_, Counts, ValueQuery>;

	/// The chips of each tier, numbered without gaps, so that one can be drawn at once.
	// Hashed with Twox: numbers are not chosen by anybody.
	#[pallet::storage]
	pub type Drawn<T: Config> =
		StorageDoubleMap<_, Twox64Concat, Tier, Twox64Concat, u32, ChipHash, OptionQuery>;

	/// How many chips each tier has.
	#[pallet::storage]
	pub type Population<T: Config> = StorageMap<_, Twox64Concat, Tier, u32, ValueQuery>;

	/// Chips to be challenged at once, first come first served: new ones, and those that failed.
	#[pallet::storage]
	pub type Rechecks<T: Config> =
		StorageValue<_, BoundedVec<ChipHash, ConstU32<MAX_RECHECKS>>, ValueQuery>;

	/// The chips whose challenges must be answered by a tick.
	// Hashed with Twox: ticks are not chosen by anybody.
	#[pallet::storage]
	pub type Due<T: Config> =
		StorageMap<_, Twox64Concat, Tick, BoundedVec<ChipHash, ConstU32<MAX_DUE>>, ValueQuery>;

	/// The last tick whose deadlines were kept.
	#[pallet::storage]
	pub type KeptUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// The last tick at which chips were drawn.
	#[pallet::storage]
	pub type DrawnUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	/// Chips that another miner than the one that registered them says it has.
	// Hashed with Blake2, as `Hosts`.
	#[pallet::storage]
	pub type OpenClaims<T: Config> =
		CountedStorageMap<_, Blake2_128Concat, ChipHash, ClaimOf<T>, OptionQuery>;

	/// The chips whose claims are to be settled.
	#[pallet::storage]
	pub type Settling<T: Config> =
		StorageValue<_, BoundedVec<ChipHash, ConstU32<MAX_OPEN_CLAIMS>>, ValueQuery>;

	/// The last change of policy since which logs must be judged anew.
	#[pallet::storage]
	pub type Tightened<T: Config> = StorageValue<_, Tightening, OptionQuery>;

	/// What evidence that is being judged must be judged by, as it was when it was included.
	// Not hashed: subjects are hashes that this pallet makes. Unbounded by type alone, as `Hosts`.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Contexts<T: Config> = StorageMap<_, Identity, SubjectId, PinnedContext, OptionQuery>;

	/// What verdicts have caused that can still be proven false.
	// Not hashed: as `Contexts`.
	#[pallet::storage]
	pub type Effects<T: Config> = StorageMap<_, Identity, SubjectId, Effect, OptionQuery>;

	/// The logs that miners have handed in in parts, as they are too long for one evidence: where they lead. Evidence may go on from there.
	// Hashed with Blake2: accounts are chosen by their owners. Unbounded by type alone, as `Hosts`.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Logs<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, FoldedLog, OptionQuery>;

	/// What each chip lived through, oldest interval first: those in which it was challenged.
	// Hashed with Blake2, as `Hosts`.
	#[pallet::storage]
	pub type Lives<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		ChipHash,
		BoundedVec<Life, ConstU32<MAX_LIVES>>,
		ValueQuery,
	>;

	/// The billing interval of now.
	#[pallet::storage]
	pub type CurrentInterval<T: Config> = StorageValue<_, Interval, ValueQuery>;

	/// The revisions of policy by which evidence is being judged, and how much of it.
	#[pallet::storage]
	pub type Revisions<T: Config> =
		StorageValue<_, BoundedBTreeMap<u32, u32, ConstU32<MAX_REVISIONS>>, ValueQuery>;

	/// The rules from the start.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// None: the runtime's own.
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

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A miner handed in a part of its measurement log, which now has that many `entries`. `id` covers all its parts.
		LogFollowed { miner: AccountIdOf<T>, id: [u8; 32], entries: u32 },
		/// A chip must prove itself until tick `deadline`.
		Challenged {
			chip: ChipHash,
			miner: AccountIdOf<T>,
			seq: u64,
			nonce: [u8; 32],
			deadline: Tick,
		},
		/// Evidence was included, and is being judged as `subject`. Its bytes are in this block's body.
		EvidenceIncluded { chip: ChipHash, miner: AccountIdOf<T>, seq: u64, subject: SubjectId },
		/// A challenge is closed.
		Concluded { chip: ChipHash, miner: AccountIdOf<T>, seq: u64, conduct: Conduct },
		/// What was concluded of a challenge was proven false, and is undone.
		Overturned { chip: ChipHash, miner: AccountIdOf<T>, seq: u64 },
		/// A miner shows a chip that another has registered: if that is so, its holder must show it too.
		ChipClaimed { chip: ChipHash, claimant: AccountIdOf<T>, holder: AccountIdOf<T> },
		/// A claim came to nothing: its evidence was not accepted, or its claimant has no room, or the holder's machine has other faults.
		ClaimRefused { chip: ChipHash, claimant: AccountIdOf<T> },
		/// A challenge is closed and counts for nothing: it could not be judged, or not in time.
		Void { chip: ChipHash, miner: AccountIdOf<T>, seq: u64 },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account is no miner's hot key, or the evidence names another miner.
		NotTheMiner,
		/// None of the miner's chips has an open challenge of that number: it was answered, missed, or never made.
		NoChallenge,
		/// A part of the evidence is longer than any such part is, or the report is not 1184 bytes long.
		EvidenceLength,
		/// The report or the quote cannot be decoded.
		EvidenceMalformed,
		/// extraData of the quote is not the hash over this challenge: a quote for another challenge, miner, chip or guest.
		QuoteNotBound,
		/// REPORT_DATA is not the hash over this challenge, quote and log: a report for something else.
		ReportNotBound,
		/// The chip's key for the report's REPORTED_TCB is not registered. Call `policy.register_vek` with its certificate first.
		VekMissing,
		/// The miner's TPM is not enrolled, or its vendor's root is trusted no more. Call `registry.enrol_tpm` with one that is genuine.
		TpmMissing,
		/// Nobody has registered the chip. Call `registry.add_chip`.
		NobodysChip,
		/// The chip is the claimant's.
		OwnChip,
		/// The claimant's TPM is not enrolled, or it has as many chips as it may.
		NoRoom,
		/// The chip is claimed already. Wait until that is settled.
		Claimed,
		/// As many claims are open as there may be. Try again in a few minutes.
		TooManyClaims,
		/// The block that the claim answers is none of the last ones.
		ClaimTooOld,
		/// The certificate does not hold, or is not that of the chip's key for the report's REPORTED_TCB. `hcc verify snp` tells why.
		CertificateRefused,
		/// The report of a claim is not signed by the chip's key.
		ReportRefused,
		/// The part of the log does not begin where the last one ended. `attestation.log` tells where to go on; what begins with entry 0 begins anew.
		LogElsewhere,
		/// The part of the log cannot be followed: it is cut off, altered, of an unknown template, or does not begin with `boot_aggregate`.
		LogMalformed,
		/// The part of the log has more entries than [`Config::MaxEntries`].
		LogTooLong,
		/// The evidence goes on from a log that was not handed in, up to that entry. Call `attestation.submit_log`.
		LogMissing,
		/// A list of files became stricter since the log was handed in. Hand it in again, from entry 0.
		LogOutdated,
		/// Policy has no rules yet.
		NoPolicy,
		/// Policy has changed so often lately that evidence is being judged by as many revisions as there may be. Try again in a few blocks.
		TooManyRevisions,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::keep_intervals(meter);
			Self::note_tightening(meter);
			Self::note_stricter(meter);
			Self::settle_claims(meter);
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
		/// The rules in force, every value within its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// A chip that must answer challenges: its checkpoint, its open challenge.
		pub fn host(chip: ChipHash) -> Option<HostOf<T>> {
			Hosts::<T>::get(chip)
		}

		/// The tick from which on a chip must show its whole log, since policy became stricter after it was judged; none where it need not.
		pub fn renewal(chip: ChipHash) -> Option<Tick> {
			Self::renewal_of(&chip, &Hosts::<T>::get(chip)?)
		}

		/// How many chips there are, how often they are challenged, and what came of it.
		pub fn statistics() -> Statistics {
			Self::statistics_now()
		}

		/// The claim to a chip, if there is one.
		pub fn claim_to(chip: ChipHash) -> Option<ClaimOf<T>> {
			OpenClaims::<T>::get(chip)
		}

		/// The billing interval of now.
		pub fn interval() -> Interval {
			<Self as Liveness>::interval()
		}

		/// Whether a chip was live in an interval: its last verdict before was an acceptance, and it failed or missed no challenge of it. None while that can still change.
		pub fn was_live(chip: ChipHash, interval: IntervalIndex) -> Option<bool> {
			match <Self as Liveness>::was_live(&chip, interval, interval) {
				Lived::Unsettled => None,
				lived => Some(lived == Lived::Live),
			}
		}

		/// The log that a miner has handed in in parts: where it leads.
		pub fn log(miner: AccountIdOf<T>) -> Option<FoldedLog> {
			Logs::<T>::get(miner)
		}

		/// What evidence is judged by that is being judged as `subject`.
		pub fn context(subject: SubjectId) -> Option<PinnedContext> {
			Contexts::<T>::get(subject)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Answers a challenge. The bytes stay in the block's body, where the validators' workers find them; the chain keeps their hash, and
		/// pins what they are to be judged by. Free if the evidence is bound to an open challenge; the first that is spends it.
		///
		/// ## Dispatch Origin
		/// `Signed` by the miner's hot key.
		///
		/// ## Errors
		/// - [`Error::NotTheMiner`], [`Error::NoChallenge`], [`Error::TpmMissing`].
		/// - [`Error::EvidenceLength`], [`Error::EvidenceMalformed`].
		/// - [`Error::QuoteNotBound`], [`Error::ReportNotBound`]: bound to something else.
		/// - [`Error::VekMissing`]: its certificate was not registered.
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

		/// Claims a chip that another miner has registered, by evidence that the chip is the caller's: as an answer to a challenge whose number is that of one of the last
		/// [`MAX_CLAIM_AGE`] blocks with its highest bit set, and whose nonce binds that block's hash; with the certificate (DER) of the chip's key, since the holder may leave no room to register it. If it is accepted, the holder must show the chip at once. If it cannot, the
		/// chip is the caller's once no verdict on it can be proven false any more; if it can, the chip's key is in two hands, and nobody can have it.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner's hot key.
		///
		/// ## Errors
		/// - [`Error::NotTheMiner`], [`Error::NobodysChip`], [`Error::OwnChip`], [`Error::NoRoom`], [`Error::Claimed`], [`Error::TooManyClaims`],
		///   [`Error::ClaimTooOld`].
		/// - [`Error::EvidenceLength`], [`Error::EvidenceMalformed`], [`Error::QuoteNotBound`], [`Error::ReportNotBound`], [`Error::CertificateRefused`], [`Error::ReportRefused`].
		///
		/// ## Events
		/// [`Event::EvidenceIncluded`], [`Event::ChipClaimed`].
		#[pallet::call_index(1)]
		#[pallet::weight(
			<T as Config>::WeightInfo::claim(logs_len(evidence))
				.saturating_add(T::Veks::verify_weight())
		)]
		pub fn claim(
			origin: OriginFor<T>,
			chip: ChipHash,
			evidence: Box<HostEvidence>,
			certificate: BoundedVec<u8, ConstU32<MAX_CERTIFICATE>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_claim(who, chip, &evidence, &certificate)
		}

		/// Hands in a part of the measurement log of the caller's machine, whole records from entry `from` on: where a log is too long for one
		/// evidence. The chain follows it and judges its files; it keeps where that leads. What it finds counts once evidence goes on from the log's end,
		/// since only a quote shows that it is this machine's.
		///
		/// A part that begins with entry 0 begins anew; all others go on where the last one ended.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner's hot key.
		///
		/// ## Errors
		/// - [`Error::NotTheMiner`], [`Error::LogElsewhere`].
		/// - [`Error::LogMalformed`], [`Error::LogTooLong`], [`Error::NoPolicy`].
		///
		/// ## Events
		/// [`Event::LogFollowed`].
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::submit_log(
			most_entries::<T>(records.len()),
			records.len() as u32,
		))]
		pub fn submit_log(
			origin: OriginFor<T>,
			from: u32,
			records: BoundedVec<u8, T::MaxLog>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let entries = Self::do_submit_log(who, from, &records)?;
			Ok(Some(T::WeightInfo::submit_log(entries, records.len() as u32)).into())
		}
	}
}
