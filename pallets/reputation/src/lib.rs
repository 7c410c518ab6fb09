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
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod benchmarking;
mod impls;
pub mod score;
mod slash;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use score::{Rules, Score};
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::{pallet_prelude::*, weights::WeightMeter};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{
		ChallengeOutcome, ChipHash, CompensationCases, MinerSlasher, Tick, TickSource, Tier,
	};
	use sp_runtime::Perbill;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Rules that governance sets.
		type Rules: Get<Rules>;

		/// The clock of deadlines.
		type TickSource: TickSource;

		/// Slashes miners.
		type Miners: MinerSlasher<AccountIdOf<Self>>;

		/// Compensation cases of the tenants that a slashed chip worked for.
		type Cases: CompensationCases;

		/// Delay of a slash, in ticks. During the delay, the verdicts that led to the slash can be
		/// proven false.
		type SlashDelay: Get<Tick>;

		/// Weights of the hooks.
		type WeightInfo: WeightInfo;

		/// State of other pallets that benchmarks set up.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Records of chips. A record remains when its chip leaves, and applies to the chip's next
	/// miner.
	// Hashed with Blake2: the miner that registers a chip chooses the hash.
	#[pallet::storage]
	pub type Records<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, RecordOf<T>, OptionQuery>;

	/// Usage scores of chips with a shortfall, in thousandths of the allotted resources.
	// Hashed with Blake2, for the same reason as `Records`.
	#[pallet::storage]
	pub type UsageScores<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, score::PerMille, OptionQuery>;

	/// Chips with pending slashes, by the tick at which the slashes are due.
	// Hashed with Twox: no account chooses ticks.
	#[pallet::storage]
	pub type SlashQueue<T: Config> =
		StorageMap<_, Twox64Concat, Tick, BoundedVec<ChipHash, ConstU32<MAX_SLASHES>>, ValueQuery>;

	/// The last tick whose slashes were all applied.
	#[pallet::storage]
	pub type SlashedUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// The outcome of challenge `seq` changed the score of a chip, in thousandths, from
		/// `before` to `after`.
		ScoreChanged {
			chip: ChipHash,
			seq: u64,
			outcome: ChallengeOutcome,
			before: u16,
			after: u16,
		},
		/// A VM on a chip received `got` thousandths of its allotted resources. This changed the
		/// usage score of the chip from `before` to `after`.
		UsageScoreChanged { chip: ChipHash, got: u16, before: u16, after: u16 },
		/// A verdict was proven false, and its effect on the score was undone.
		OutcomeUndone { chip: ChipHash, seq: u64, before: u16, after: u16 },
		/// The tier of a chip changed.
		TierChanged { chip: ChipHash, before: Tier, after: Tier },
		/// Challenge `seq` gave a chip the strike that suspends it. The chip's miner loses `part`
		/// of its bond at tick `due`, unless the slash is cancelled first.
		SlashPending { chip: ChipHash, miner: AccountIdOf<T>, seq: u64, part: Perbill, due: Tick },
		/// A pending slash was cancelled: its strike was undone, or no longer suspends the chip.
		SlashLifted { chip: ChipHash, miner: AccountIdOf<T>, seq: u64 },
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::make_slashes(meter);
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

		/// Returns the usage score of a chip: the mean share of allotted resources that its VMs
		/// received, in thousandths, by their receipts. The reputation score is lowered by
		/// [`Rules::usage`] times the shortfall.
		pub fn usage_of(chip: ChipHash) -> score::PerMille {
			Self::usage_score(&chip)
		}

		/// Returns the record of a chip, or `None` before its first challenge.
		///
		/// The score in the record is in thousandths. The usage score does not lower it yet.
		pub fn record(chip: ChipHash) -> Option<RecordOf<T>> {
			Records::<T>::get(chip)
		}

		/// Returns the tier of a chip under the current rules.
		pub fn tier_of(chip: ChipHash) -> Tier {
			Self::score_of(&chip).tier(&Self::rules())
		}
	}
}
