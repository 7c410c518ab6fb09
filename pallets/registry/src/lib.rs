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
mod chips;
mod deposits;
mod enrolment;
mod events;
mod impls;
mod queries;
mod relay;
mod service;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
	extern crate alloc;
	use alloc::vec::Vec;

	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{BalancedHold, Credit, Inspect, Mutate, MutateHold},
			OnUnbalanced, UnixTime,
		},
	};
	use frame_system::pallet_prelude::*;
	use hcc_evidence::tpm::{CredentialSecret, CredentialSeed};
	use hcc_primitives::{
		ActiveValidators, ChipHash, Compensator, EnrolledTpm, OnChipChange, ProductLines,
		ServiceRecorder, Tick, TickSource, TpmRoots, ValidatorSlasher,
	};
	use sp_runtime::Perbill;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The currency of bonds.
		type NativeBalance: Inspect<AccountIdOf<Self>>
			+ Mutate<AccountIdOf<Self>>
			+ MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason>
			+ BalancedHold<AccountIdOf<Self>>;

		/// Receives the funds that are burned, and counts them.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// Receives slashed funds before they are burned, and keeps the tenants' compensation.
		type Tenants: Compensator<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// The overarching hold reason.
		type RuntimeHoldReason: From<HoldReason>;

		/// The rules that governance sets.
		type Rules: Get<RulesOf<Self>>;

		/// The origin that may lift the ban on a chip.
		type PardonOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The active validators, which make credentials.
		type Validators: ActiveValidators<AccountIdOf<Self>>;

		/// Slashes a validator that has posted a false credential.
		type ValidatorSlasher: ValidatorSlasher<AccountIdOf<Self>>;

		/// Records which committee members made credentials and revealed their seeds.
		type ServiceRecorder: ServiceRecorder<AccountIdOf<Self>>;

		/// The part of its bond that a validator loses for a false credential.
		type FalseCredential: Get<Perbill>;

		/// The deposit of an enrolment. A miner that does not answer the credentials loses it.
		#[pallet::constant]
		type EnrolmentDeposit: Get<BalanceOf<Self>>;

		/// The clock of deadlines.
		type TickSource: TickSource;

		/// The time at which certificates must be valid.
		type Time: UnixTime;

		/// The certificates under which TPMs are genuine.
		type TpmRoots: TpmRoots;

		/// The product lines of chips, which limit offers.
		type ProductLines: ProductLines;

		/// Handles chips that are added, removed or transferred.
		type OnChipChange: OnChipChange<AccountIdOf<Self>>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// State of other pallets that benchmarks need.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Reasons for which this pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The bond of a miner, which can be slashed.
		Bond,
		/// The deposit of an enrolment, which is lost if the miner does not answer.
		Enrolment,
	}

	/// All miners by their own accounts.
	// Hashed with Blake2: any account can be a key.
	#[pallet::storage]
	pub type Miners<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, MinerOf<T>, OptionQuery>;

	/// Announced changes of price that are pending.
	// Hashed with Blake2: any account can be a key.
	#[pallet::storage]
	pub type NextAsks<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, NextAsk, OptionQuery>;

	/// The endpoints of miners' relays, by which tenants reach their VMs.
	// Hashed with Blake2: any account can be a key.
	#[pallet::storage]
	pub type Relays<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, RelayEndpoint, OptionQuery>;

	/// The miner of each chip.
	// Hashed with Blake2: miners choose the hashes that they register.
	#[pallet::storage]
	pub type MinerOfChip<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, AccountIdOf<T>, OptionQuery>;

	/// Banned chips: a contest proved that the chip was live in two places. No account can register
	/// a banned chip.
	// Hashed with Blake2: miners choose the hashes that they register.
	#[pallet::storage]
	pub type Banned<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, (), OptionQuery>;

	/// The miner of each TPM, by the hash of its endorsement key.
	// Not hashed: a row requires a vendor's certificate for the key.
	#[pallet::storage]
	pub type MinerOfEk<T: Config> = StorageMap<_, Identity, EkHash, AccountIdOf<T>, OptionQuery>;

	/// The TPM of each miner.
	// Hashed with Blake2: any account can be a key.
	#[pallet::storage]
	pub type Tpms<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, EnrolledTpm, OptionQuery>;

	/// The open enrolment of each miner.
	// Hashed with Blake2: any account can be a key. The type is unbounded, but the calls bound the
	// keys and the credentials.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Enrolments<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, EnrolmentOf<T>, OptionQuery>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns the rules in force, each value clamped to its bounds.
		pub fn rules() -> RulesOf<T> {
			T::Rules::get().clamped()
		}

		/// Returns the standing of a miner: ready, or the first requirement that it does not meet.
		pub fn standing(miner: AccountIdOf<T>) -> Option<Standing> {
			Self::standing_of(&miner)
		}

		/// Returns a miner by its own account.
		pub fn miner(account: AccountIdOf<T>) -> Option<MinerOf<T>> {
			Miners::<T>::get(&account)
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Registers the caller as a miner with the hot key `hot`, and holds `bond`.
		///
		/// ## Dispatch Origin
		/// `Signed` by any account with a free balance of `bond`.
		///
		/// ## Errors
		/// - [`Error::AlreadyRegistered`], [`Error::Exiting`]: the account has a bond already.
		/// - [`Error::AskOutOfBounds`]: the price is not allowed.
		/// - [`Error::BondTooSmall`]: the bond is below the minimum.
		///
		/// ## Events
		/// [`Event::Registered`].
		#[pallet::call_index(0)]
		pub fn register(
			origin: OriginFor<T>,
			#[pallet::compact] bond: BalanceOf<T>,
			hot: AccountIdOf<T>,
			offer: Offer,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register(who, bond, hot, offer)
		}

		/// Raises the bond by `extra`.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
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

		/// Changes the miner's hot key. The new key is effective immediately.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
		///
		/// ## Events
		/// [`Event::HotSet`].
		#[pallet::call_index(2)]
		pub fn set_hot(origin: OriginFor<T>, hot: AccountIdOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_hot(who, hot)
		}

		/// Changes the offer. Region and capacity change immediately. Another price takes effect
		/// after [`Rules::notice`] ticks, and only for VMs that are assigned from then on.
		///
		/// A pending price that is due takes effect first. A pending price that is not due is
		/// replaced, or cancelled if the current price is set again.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`], [`Error::AskOutOfBounds`].
		///
		/// ## Events
		/// [`Event::OfferSet`]; also [`Event::AskAnnounced`] if the price changes.
		#[pallet::call_index(3)]
		pub fn set_offer(origin: OriginFor<T>, offer: Offer) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_offer(who, offer)
		}

		/// Registers a chip. The miner must answer challenges for the chip once the miner's TPM is
		/// enrolled.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
		/// - [`Error::ChipInUse`]: another miner or the caller has registered the chip.
		/// - [`Error::ChipBanned`].
		/// - [`Error::TooManyChips`].
		///
		/// ## Events
		/// [`Event::ChipAdded`].
		#[pallet::call_index(4)]
		pub fn add_chip(origin: OriginFor<T>, chip: ChipHash) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_add_chip(who, chip)
		}

		/// Removes a chip from the miner. The chip keeps its reputation.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`], [`Error::ChipNotFound`].
		///
		/// ## Events
		/// [`Event::ChipRemoved`].
		#[pallet::call_index(5)]
		pub fn remove_chip(origin: OriginFor<T>, chip: ChipHash) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_chip(who, chip)
		}

		/// Begins the enrolment of a TPM. A committee of validators then makes credentials that
		/// only this TPM can open, and only for this attestation key. A deposit is held from the
		/// miner's own account. If the enrolment succeeds, the deposit is released immediately. If
		/// not, the deposit is released with the next enrolment or at [`Self::exit`], unless the
		/// miner is at fault.
		///
		/// The other arguments are the EK certificate (DER), the certificates between it and a
		/// trusted root, and the attestation key's public area (TPMT_PUBLIC). The attestation key
		/// must be a primary key of the endorsement hierarchy.
		///
		/// ## Dispatch Origin
		/// `Signed` by the hot key of `miner`. The miner needs a free balance of
		/// [`Config::EnrolmentDeposit`].
		///
		/// ## Errors
		/// - [`Error::NotHotKey`].
		/// - [`Error::EnrolmentOpen`]: an enrolment of the miner is open.
		/// - [`Error::EkRefused`], [`Error::EkInUse`], [`Error::AkRefused`].
		/// - [`Error::NoCommittee`].
		///
		/// ## Events
		/// [`Event::EnrolmentOpened`]; also [`Event::EnrolmentDepositLost`] if the deposit of the
		/// former enrolment is burned.
		#[pallet::call_index(6)]
		pub fn enrol_tpm(
			origin: OriginFor<T>,
			miner: AccountIdOf<T>,
			ek_certificate: CertificateBytes,
			intermediates: Intermediates,
			ak: AkBytes,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_enrol_tpm(&who, miner, &ek_certificate, &intermediates, ak)
		}

		/// Posts a credential for a miner's TPM, and the hash of the seed from which it is made.
		/// The call is possible in the first half of the enrolment time. It is free on success.
		///
		/// ## Dispatch Origin
		/// `Signed` by the worker key of `validator`, which must be in the enrolment's committee.
		///
		/// ## Errors
		/// - [`Error::NoEnrolment`], [`Error::NotOnCommittee`], [`Error::AlreadyAnswered`],
		///   [`Error::CredentialKnown`], [`Error::CredentialLength`].
		///
		/// ## Events
		/// [`Event::CredentialPosted`].
		#[pallet::call_index(7)]
		#[pallet::weight((<T as Config>::WeightInfo::post_credential(), DispatchClass::Operational))]
		pub fn post_credential(
			origin: OriginFor<T>,
			validator: AccountIdOf<T>,
			miner: AccountIdOf<T>,
			seed_hash: [u8; 32],
			credential: CredentialBytes,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_post_credential(&who, validator, miner, seed_hash, credential)?;
			Ok(Pays::No.into())
		}

		/// Submits the secrets that the TPM found in the credentials. Each has the index of a
		/// committee member, which made the credential. The call is possible once, in the first
		/// half of the enrolment time. It is operational, because it has a deadline.
		///
		/// ## Dispatch Origin
		/// `Signed` by the hot key of `miner`.
		///
		/// ## Errors
		/// - [`Error::NotHotKey`], [`Error::NoEnrolment`], [`Error::AlreadyAnswered`].
		/// - [`Error::AnswerMismatch`]: an index has no credential, or is answered twice.
		/// - [`Error::TooFewAnswers`]: at most two thirds of the committee's credentials are
		///   answered.
		///
		/// ## Events
		/// [`Event::CredentialsAnswered`].
		#[pallet::call_index(8)]
		#[pallet::weight((<T as Config>::WeightInfo::answer_credentials(), DispatchClass::Operational))]
		pub fn answer_credentials(
			origin: OriginFor<T>,
			miner: AccountIdOf<T>,
			answers: BoundedVec<(u8, CredentialSecret), ConstU32<MAX_COMMITTEE>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_answer_credentials(&who, miner, &answers)
		}

		/// Reveals the seed of a credential after the TPM has answered. The chain makes the
		/// credential again from the seed and compares it with the posted one. The call is free on
		/// success.
		///
		/// ## Dispatch Origin
		/// `Signed` by the worker key of `validator`, which must have posted the credential.
		///
		/// ## Errors
		/// - [`Error::NoEnrolment`], [`Error::NotOnCommittee`], [`Error::NotAnswered`],
		///   [`Error::SeedMismatch`], [`Error::SeedKnown`].
		///
		/// ## Events
		/// [`Event::CredentialRevealed`] or [`Event::CredentialFalse`]; also [`Event::TpmEnrolled`]
		/// when more than two thirds of the committee's credentials are proven.
		#[pallet::call_index(9)]
		#[pallet::weight((<T as Config>::WeightInfo::reveal_seed(), DispatchClass::Operational))]
		pub fn reveal_seed(
			origin: OriginFor<T>,
			validator: AccountIdOf<T>,
			miner: AccountIdOf<T>,
			seed: CredentialSeed,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_reveal_seed(&who, validator, miner, &seed)?;
			Ok(Pays::No.into())
		}

		/// Leaves the registry. Chips, hot key and TPM are released immediately. The bond stays on
		/// hold for [`Rules::unbonding`] ticks and can still be slashed.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
		///
		/// ## Events
		/// [`Event::Exited`], [`Event::ChipRemoved`] for each chip, and
		/// [`Event::EnrolmentDepositLost`] if an enrolment is open.
		#[pallet::call_index(10)]
		pub fn exit(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_exit(who)
		}

		/// Releases the bond after the unbonding period and removes the miner.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner that has left.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::NotExiting`], [`Error::TooEarly`].
		///
		/// ## Events
		/// [`Event::Withdrawn`].
		#[pallet::call_index(11)]
		pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who)
		}

		/// Lifts the ban on a chip, so that it can be registered again. The chip's owner may be
		/// innocent, because another party may have extracted the key. The chip keeps its
		/// reputation.
		///
		/// ## Dispatch Origin
		/// [`Config::PardonOrigin`].
		///
		/// ## Errors
		/// - [`Error::NotBanned`].
		///
		/// ## Events
		/// [`Event::BanLifted`].
		#[pallet::call_index(12)]
		pub fn lift_ban(origin: OriginFor<T>, chip: ChipHash) -> DispatchResult {
			T::PardonOrigin::ensure_origin(origin)?;
			Self::do_lift_ban(chip)
		}

		/// Publishes the endpoint of the miner's relay, by which tenants reach their VMs, as
		/// `host:port`. An empty endpoint removes it. The chain checks only the form.
		///
		/// ## Dispatch Origin
		/// `Signed` by the hot key of `miner`.
		///
		/// ## Errors
		/// - [`Error::NotHotKey`], [`Error::RelayMalformed`].
		///
		/// ## Events
		/// [`Event::RelaySet`].
		#[pallet::call_index(13)]
		pub fn set_relay(
			origin: OriginFor<T>,
			miner: AccountIdOf<T>,
			relay: RelayEndpoint,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_relay(&who, miner, relay)
		}
	}
}
