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
	use hcc_primitives::{ChipHash, Conduct, OpensCases, SlashesMiners, Tick, Ticks, Tier};
	use sp_runtime::Perbill;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// What governance sets.
		type Rules: Get<Rules>;

		/// The clock.
		type Ticks: Ticks;

		/// Punishes miners.
		type Miners: SlashesMiners<AccountIdOf<Self>>;

		/// Finds out whose the work was that a miner is slashed for.
		type Cases: OpensCases;

		/// How long a slash waits, in ticks: as long as a verdict that it follows from can be proven false.
		type SlashDelay: Get<Tick>;

		/// The weights of what is done by itself.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What each chip is known for. It outlives miners and accounts: a chip is what it did.
	// Hashed with Blake2: whoever registers a chip chooses the hash that it claims.
	#[pallet::storage]
	pub type Records<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, RecordOf<T>, OptionQuery>;

	/// How many thousandths of what they pay for the VMs on a chip get, where that is less than all.
	// Hashed with Blake2, as `Records`.
	#[pallet::storage]
	pub type Uses<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, score::PerMille, OptionQuery>;

	/// The chips for which miners are slashed at a tick.
	// Hashed with Twox: ticks are not chosen by anybody.
	#[pallet::storage]
	pub type Due<T: Config> =
		StorageMap<_, Twox64Concat, Tick, BoundedVec<ChipHash, ConstU32<MAX_SLASHES>>, ValueQuery>;

	/// The last tick whose slashes were made.
	#[pallet::storage]
	pub type SlashedUntil<T: Config> = StorageValue<_, Tick, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A chip's conduct at challenge `seq` changed its score, in thousandths, from `before` to `after`.
		ScoreChanged { chip: ChipHash, seq: u64, conduct: Conduct, before: u16, after: u16 },
		/// A VM on a chip got `got` thousandths of what it paid for: its VMs get `after` of it in the mean.
		UseChanged { chip: ChipHash, got: u16, before: u16, after: u16 },
		/// A verdict was proven false: what it had changed is taken back.
		Undone { chip: ChipHash, seq: u64, before: u16, after: u16 },
		/// A chip belongs to another tier now.
		TierChanged { chip: ChipHash, before: Tier, after: Tier },
		/// With challenge `seq` a chip got its last strike: its miner loses `part` of its bond at tick `due`, unless that is undone before.
		SlashPending { chip: ChipHash, miner: AccountIdOf<T>, seq: u64, part: Perbill, due: Tick },
		/// What a miner was to lose was undone.
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
		/// The rules in force, every value within its bounds.
		pub fn rules() -> Rules {
			T::Rules::get().clamped()
		}

		/// How many thousandths of what they pay for the VMs on a chip get, as their guests tell: the score is lowered by [`Rules::usage`] times what is missing.
		pub fn usage_of(chip: ChipHash) -> score::PerMille {
			Self::use_of(&chip)
		}

		/// What a chip is known for: its score in thousandths, before its use lowers it, its strikes, its last verdicts. None before its first challenge.
		pub fn record(chip: ChipHash) -> Option<RecordOf<T>> {
			Records::<T>::get(chip)
		}

		/// The tier of a chip, as the rules in force have it.
		pub fn tier_of(chip: ChipHash) -> Tier {
			Self::score_of(&chip).tier(&Self::rules())
		}
	}
}
