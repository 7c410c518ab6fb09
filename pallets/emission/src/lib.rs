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
#[allow(clippy::arithmetic_side_effects)]
mod benchmarking;
mod impls;
pub mod schedule;
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
	use frame_support::{pallet_prelude::*, weights::WeightMeter};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{
		units::Balance, Liveness, Minter, PaidTime, SettlementShares, StoreRules,
	};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Mints and counts α.
		type Minter: Minter<AccountIdOf<Self>>;

		/// Rules that governance sets.
		type Rules: Get<Rules>;

		/// Stores the rules of the genesis.
		type StoreRules: StoreRules<Rules>;

		/// The clock of paid time. Eras are measured in paid slots.
		type PaidTime: PaidTime;

		/// Source of the share of a payment that returns to neither miner nor validators.
		type Shares: SettlementShares;

		/// Source of the tiers of chips.
		type Liveness: Liveness;

		/// The account that receives the validators' part.
		type ValidatorsPot: Get<AccountIdOf<Self>>;

		/// The account that receives the treasury's part.
		type Treasury: Get<AccountIdOf<Self>>;

		/// Weights of the calls and hooks.
		type WeightInfo: WeightInfo;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The current era.
	#[pallet::storage]
	pub type CurrentEra<T: Config> = StorageValue<_, Era, ValueQuery>;

	/// Amounts that miners are owed for an era, until their payout.
	// Eras are hashed with Twox: they are numbered. Miners are hashed with Blake2: accounts are
	// chosen by their owners.
	#[pallet::storage]
	pub type Owed<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		EraIndex,
		Blake2_128Concat,
		AccountIdOf<T>,
		Balance,
		ValueQuery,
	>;

	/// Eras that have ended and can still be paid out.
	// Hashed with Twox: eras are numbered.
	#[pallet::storage]
	pub type Eras<T: Config> = StorageMap<_, Twox64Concat, EraIndex, ClosedEra, OptionQuery>;

	/// The oldest era that is not removed yet.
	#[pallet::storage]
	pub type OldestEra<T: Config> = StorageValue<_, EraIndex, ValueQuery>;

	/// Sums over all eras.
	#[pallet::storage]
	pub type EmissionTotals<T: Config> = StorageValue<_, Totals, ValueQuery>;

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

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An era ended. Miners can claim the amount `miners` of the `budget`. Validators and
		/// treasury received their parts, and the rest is burned. A miner's part is the amount that
		/// it is owed, times `for_miners` / `total_owed` if this fraction is below one.
		EraClosed {
			era: EraIndex,
			budget: Balance,
			miners: Balance,
			validators: Balance,
			treasury: Balance,
			burned: Balance,
			total_owed: Balance,
			for_miners: Balance,
		},
		/// A miner received its part of an era.
		PaidOut { era: EraIndex, miner: AccountIdOf<T>, owed: Balance, amount: Balance },
		/// An era was removed. Its unclaimed parts are burned.
		EraForgotten { era: EraIndex, burned: Balance },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The miner is owed nothing for that era, or has received its part.
		NothingOwed,
		/// The era has not ended, or was removed.
		NotPayable,
		/// The miner's account does not exist, and the part is below the existential deposit.
		/// Transfer an amount to the account first.
		TooLittle,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::advance_era(meter);
			Self::forget(meter);
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

		/// Returns the current bonus on payments, for chips of the best tier.
		pub fn bonus() -> Perbill {
			Self::current_bonus()
		}

		/// Returns the current era.
		pub fn era() -> Era {
			CurrentEra::<T>::get()
		}

		/// Returns the budget of the current era.
		pub fn budget() -> Balance {
			Self::current_budget()
		}

		/// Returns an era that has ended and can still be paid out.
		pub fn closed_era(era: EraIndex) -> Option<ClosedEra> {
			Eras::<T>::get(era)
		}

		/// Returns the amount that a miner is owed for an era. Once the era has ended, also returns
		/// the miner's part.
		pub fn owed_to(era: EraIndex, miner: AccountIdOf<T>) -> (Balance, Option<Balance>) {
			let owed = Owed::<T>::get(era, miner);
			(owed, Eras::<T>::get(era).map(|closed| schedule::part(&closed.division, owed)))
		}

		/// Returns the sums over all eras.
		pub fn totals() -> Totals {
			EmissionTotals::<T>::get()
		}
	}

	use sp_runtime::Perbill;

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Pays a miner its part of an era.
		///
		/// ## Dispatch Origin
		/// `Signed` by any account. The miner receives the amount.
		///
		/// ## Errors
		/// [`Error::NothingOwed`], [`Error::NotPayable`], [`Error::TooLittle`].
		///
		/// ## Events
		/// [`Event::PaidOut`].
		#[pallet::call_index(0)]
		pub fn payout(
			origin: OriginFor<T>,
			era: EraIndex,
			miner: AccountIdOf<T>,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_payout(era, miner)
		}
	}
}
