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
mod issuance;
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
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Balanced, Inspect},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use hcc_primitives::{units::Balance, Liveness, SettlementShares, Ticks};

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The native token.
		type NativeBalance: Balanced<AccountIdOf<Self>, Balance = Balance>
			+ Inspect<AccountIdOf<Self>, Balance = Balance>;

		/// What governance sets.
		type Rules: Get<Rules>;

		/// Takes the rules of the genesis.
		type StoreRules: StoreRules;

		/// The clock.
		type Ticks: Ticks;

		/// Which part of a payment comes back to neither miner nor validators.
		type Shares: SettlementShares;

		/// Knows the tiers of chips.
		type Liveness: Liveness;

		/// Who is paid the validators' part.
		type ValidatorsPot: Get<AccountIdOf<Self>>;

		/// Who is paid the treasury's part.
		type Treasury: Get<AccountIdOf<Self>>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The era of now.
	#[pallet::storage]
	pub type CurrentEra<T: Config> = StorageValue<_, Era, ValueQuery>;

	/// What miners are owed for an era, as long as they have not claimed it.
	// Eras hashed with Twox: they are numbered. Miners with Blake2: accounts are chosen by whoever registers.
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

	/// The eras of which something can be claimed.
	// Hashed with Twox: eras are numbered.
	#[pallet::storage]
	pub type Eras<T: Config> = StorageMap<_, Twox64Concat, EraIndex, ClosedEra, OptionQuery>;

	/// The first era that is not forgotten.
	#[pallet::storage]
	pub type Oldest<T: Config> = StorageValue<_, EraIndex, ValueQuery>;

	/// All that eras have brought.
	#[pallet::storage]
	pub type Brought<T: Config> = StorageValue<_, Totals, ValueQuery>;

	/// How much α there was when the chain started.
	#[pallet::storage]
	pub type Initial<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// How much α was there and is no more: what tenants paid and nobody has, what slashes took and nobody was owed, deposits that were lost, fees that
	/// found no author, and what was too little to keep an account alive.
	#[pallet::storage]
	pub type Destroyed<T: Config> = StorageValue<_, Balance, ValueQuery>;

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
			Initial::<T>::put(T::NativeBalance::total_issuance());
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An era is over: of its `budget`, miners can claim `miners`, validators and treasury have their parts, and the rest is burned. Each miner has `for_miners` / `total_owed` of what it
		/// is owed, and no more than all of it.
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
		/// A miner has its part of an era.
		Claimed { era: EraIndex, miner: AccountIdOf<T>, owed: Balance, amount: Balance },
		/// Nothing of an era can be claimed any more: what was not is burned.
		EraForgotten { era: EraIndex, burned: Balance },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The miner is owed nothing for that era, or has claimed it.
		NothingOwed,
		/// The era is not over, or is forgotten.
		NotClaimable,
		/// The part is less than makes the miner's account exist. Put something there first.
		TooLittle,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
			Self::keep_eras(meter);
			Self::forget(meter);
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

		/// The part of what is paid that miners are owed on top now, for chips of the best tier.
		pub fn bonus() -> Perbill {
			Self::bonus_now()
		}

		/// The era of now.
		pub fn era() -> Era {
			CurrentEra::<T>::get()
		}

		/// What the era of now may bring.
		pub fn budget() -> Balance {
			Self::budget_now()
		}

		/// An era that is over, and of which something can be claimed.
		pub fn closed_era(era: EraIndex) -> Option<ClosedEra> {
			Eras::<T>::get(era)
		}

		/// What a miner is owed for an era, and what it has for that where the era is over.
		pub fn owed_to(era: EraIndex, miner: AccountIdOf<T>) -> (Balance, Option<Balance>) {
			let owed = Owed::<T>::get(era, miner);
			(owed, Eras::<T>::get(era).map(|closed| schedule::part(&closed.division, owed)))
		}

		/// All that eras have brought.
		pub fn brought() -> Totals {
			Brought::<T>::get()
		}

		/// How much α there is, and why.
		pub fn issuance() -> Issuance {
			Self::issuance_now()
		}
	}

	use sp_runtime::Perbill;

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Gives a miner its part of an era.
		///
		/// ## Dispatch Origin
		/// `Signed` by anybody: the miner has it.
		///
		/// ## Errors
		/// [`Error::NothingOwed`], [`Error::NotClaimable`], [`Error::TooLittle`].
		///
		/// ## Events
		/// [`Event::Claimed`].
		#[pallet::call_index(0)]
		pub fn claim(origin: OriginFor<T>, era: EraIndex, miner: AccountIdOf<T>) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_claim(era, miner)
		}
	}
}
