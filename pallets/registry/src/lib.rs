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
mod enrolment;
mod impls;
mod queries;
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
			fungible::{BalancedHold, Credit, Inspect, Mutate, MutateHold},
			OnUnbalanced, UnixTime,
		},
	};
	use frame_system::pallet_prelude::*;
	use hcc_evidence::tpm::{CredentialSecret, CredentialSeed};
	use hcc_primitives::{
		ActiveValidators, ChipHash, Compensates, EnrolledTpm, OnChip, Slashes, Tick, Ticks,
		TpmRoots,
	};
	use sp_runtime::Perbill;

	use super::*;

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Where bonds are held.
		type NativeBalance: Inspect<AccountIdOf<Self>>
			+ Mutate<AccountIdOf<Self>>
			+ MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason>
			+ BalancedHold<AccountIdOf<Self>>;

		/// Counts what is burned.
		type Burned: OnUnbalanced<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// Keeps for tenants what they are given of it.
		type Tenants: Compensates<Credit<AccountIdOf<Self>, Self::NativeBalance>>;

		/// The overarching hold reason.
		type RuntimeHoldReason: From<HoldReason>;

		/// What governance sets.
		type Rules: Get<RulesOf<Self>>;

		/// Who decides that a banned chip may be registered again.
		type PardonOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Who makes credentials.
		type Validators: ActiveValidators<AccountIdOf<Self>>;

		/// Who takes from a validator that has posted a false credential.
		type Slashes: Slashes<AccountIdOf<Self>>;

		/// Which part of its bond that costs.
		type FalseCredential: Get<Perbill>;

		/// The clock of deadlines.
		type Ticks: Ticks;

		/// The time at which certificates must be valid.
		type Time: UnixTime;

		/// The certificates under which TPMs are genuine.
		type TpmRoots: TpmRoots;

		/// Is told of chips that come and go.
		type OnChip: OnChip<AccountIdOf<Self>>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;

		/// What benchmarks set up elsewhere.
		#[cfg(feature = "runtime-benchmarks")]
		type World: hcc_primitives::benchmarking::World<AccountIdOf<Self>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Why this pallet holds money.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The bond of a miner: what it can lose.
		Bond,
	}

	/// The miners.
	// Hashed with Blake2: accounts are chosen by whoever registers.
	#[pallet::storage]
	pub type Miners<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, MinerOf<T>, OptionQuery>;

	/// The changes of price that miners have told.
	// Hashed with Blake2, as `Miners`.
	#[pallet::storage]
	pub type NextAsks<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, NextAsk, OptionQuery>;

	/// The miner for which a hot key signs.
	// Hashed with Blake2: hot keys are chosen by whoever registers.
	#[pallet::storage]
	pub type MinerOfHot<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, AccountIdOf<T>, OptionQuery>;

	/// The miner of a chip.
	// Hashed with Blake2: whoever registers chooses the hash that it claims.
	#[pallet::storage]
	pub type MinerOfChip<T: Config> =
		StorageMap<_, Blake2_128Concat, ChipHash, AccountIdOf<T>, OptionQuery>;

	/// Chips that were shown live in two places: nobody can register them.
	// Hashed with Blake2, as `MinerOfChip`.
	#[pallet::storage]
	pub type Banned<T: Config> = StorageMap<_, Blake2_128Concat, ChipHash, (), OptionQuery>;

	/// The miner of a TPM, by the hash of its endorsement key.
	// Not hashed: a row needs a vendor's certificate for the key.
	#[pallet::storage]
	pub type MinerOfEk<T: Config> = StorageMap<_, Identity, EkHash, AccountIdOf<T>, OptionQuery>;

	/// The TPM of a miner.
	// Hashed with Blake2: accounts are chosen by whoever registers.
	#[pallet::storage]
	pub type Tpms<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, EnrolledTpm, OptionQuery>;

	/// The enrolment that a miner has begun.
	// Hashed with Blake2: accounts are chosen by whoever registers. Unbounded by type alone: keys and credentials have bounds that the calls
	// check.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Enrolments<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountIdOf<T>, EnrolmentOf<T>, OptionQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A miner holds a bond; `hot` signs for it.
		Registered { miner: AccountIdOf<T>, bond: BalanceOf<T>, hot: AccountIdOf<T> },
		/// A miner holds more than before; `bond` is the new total.
		BondRaised { miner: AccountIdOf<T>, bond: BalanceOf<T> },
		/// Another key signs for the miner from now on.
		HotSet { miner: AccountIdOf<T>, hot: AccountIdOf<T> },
		/// A miner offers this from now on.
		OfferSet { miner: AccountIdOf<T>, offer: Offer },
		/// From tick `from` on the miner asks `price` thousandths of the list price.
		AskTold { miner: AccountIdOf<T>, price: u16, from: Tick },
		/// A miner claims a chip.
		ChipAdded { miner: AccountIdOf<T>, chip: ChipHash },
		/// A miner has shown a chip that another had registered, and has it now.
		ChipHandedOver { chip: ChipHash, from: Option<AccountIdOf<T>>, to: AccountIdOf<T> },
		/// A chip was shown live in two places: nobody can register it any more.
		ChipBanned { chip: ChipHash },
		/// A chip that was banned may be registered again.
		BanLifted { chip: ChipHash },
		/// A miner gave a chip up.
		ChipRemoved { miner: AccountIdOf<T>, chip: ChipHash },
		/// A miner showed its TPM's certificate. The validators of `committee` are to make credentials until tick `deadline`.
		EnrolmentOpened {
			miner: AccountIdOf<T>,
			ek: EkHash,
			committee: Vec<AccountIdOf<T>>,
			deadline: Tick,
		},
		/// A validator made a credential for the TPM.
		CredentialPosted { miner: AccountIdOf<T>, validator: AccountIdOf<T> },
		/// The TPM opened credentials; their seeds are to be revealed.
		CredentialsAnswered { miner: AccountIdOf<T>, answered: u32 },
		/// A validator revealed its seed: the credential was sound, and the answer right or not.
		CredentialShown { miner: AccountIdOf<T>, validator: AccountIdOf<T>, proven: bool },
		/// A validator revealed a seed from which its credential does not follow: that one counts for nobody.
		CredentialFalse { miner: AccountIdOf<T>, validator: AccountIdOf<T> },
		/// The TPM is proven to hold the attestation key: it is the miner's.
		TpmEnrolled { miner: AccountIdOf<T>, ek: EkHash },
		/// A miner leaves. Its bond stays held, and can be lost, until tick `withdrawable`.
		Exited { miner: AccountIdOf<T>, withdrawable: Tick },
		/// A miner lost `amount` of its bond.
		Slashed { miner: AccountIdOf<T>, amount: BalanceOf<T> },
		/// A bond was released to its owner.
		Withdrawn { miner: AccountIdOf<T>, bond: BalanceOf<T> },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account is a miner already. Use `bond_more`, `set_hot` or `set_offer`.
		AlreadyRegistered,
		/// The account is no miner, or its key signs for none. Register first.
		NotRegistered,
		/// The miner has left. It can register again once it has withdrawn.
		Exiting,
		/// The miner has not left, so its bond stays. Call `exit` first.
		NotExiting,
		/// The unbonding ticks have not passed yet. `Event::Exited` says when they have.
		TooEarly,
		/// The bond is smaller than the rules ask for. Bond at least `Rules::min_bond`.
		BondTooSmall,
		/// Another miner uses this hot key. Choose one of your own.
		HotInUse,
		/// Another miner has this chip. If it is yours, call `attestation.claim`.
		ChipInUse,
		/// The miner has as many chips as its TPM may stand for.
		TooManyChips,
		/// The miner does not have this chip.
		ChipNotFound,
		/// The chip was shown live in two places, so that its key is in other hands than its maker's.
		ChipBanned,
		/// The chip is not banned. Nothing need be done.
		NotBanned,
		/// The endorsement key's certificate leads to no trusted vendor, or is not valid now, or its key is of another kind.
		EkRefused,
		/// Another miner's TPM has this endorsement key. One TPM is one miner's.
		EkInUse,
		/// The attestation key is not a restricted signing key of the endorsement hierarchy that never leaves its TPM; or neither RSA with 2048 bits nor P-256.
		AkRefused,
		/// An enrolment is open. Wait until it ends or its deadline passes.
		EnrolmentOpen,
		/// The miner has begun no enrolment, or its deadline has passed. Call `enrol_tpm`.
		NoEnrolment,
		/// No validators are in office to make credentials. Wait for the next session.
		NoCommittee,
		/// The account is no worker of a validator in this enrolment's committee.
		NotOnCommittee,
		/// The validator has posted its credential. Nothing need be done.
		CredentialKnown,
		/// The credential is longer than any can be, or empty.
		CredentialLength,
		/// The TPM has answered already; no more credentials are taken.
		AlreadyAnswered,
		/// Too few credentials are answered. Answer more than two thirds of the committee's.
		TooFewAnswers,
		/// An answer is to a credential that was not posted, or is given twice.
		AnswerMismatch,
		/// The TPM has not answered yet: seeds stay secret until then.
		NotAnswered,
		/// The seed is not the one whose hash was posted with the credential.
		SeedMismatch,
		/// The seed was revealed already. Nothing need be done.
		SeedKnown,
		/// The price is below [`Rules::least_ask`] or above [`Rules::most_ask`] of the list price.
		AskOutOfBounds,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
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

		/// How far a miner has come, and what it still lacks.
		pub fn standing(miner: AccountIdOf<T>) -> Option<Standing> {
			Self::standing_of(&miner)
		}

		/// A miner, by its own account or by its hot key.
		pub fn miner(account: AccountIdOf<T>) -> Option<MinerOf<T>> {
			Miners::<T>::get(&account).or_else(|| Miners::<T>::get(MinerOfHot::<T>::get(&account)?))
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Holds `bond` and registers the caller as a miner, for which `hot` signs.
		///
		/// ## Dispatch Origin
		/// `Signed`, with `bond` free.
		///
		/// ## Errors
		/// - [`Error::AlreadyRegistered`], [`Error::Exiting`]: the account has a bond already.
		/// - [`Error::BondTooSmall`]: less than the rules ask for.
		/// - [`Error::HotInUse`]: the key signs for another miner.
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

		/// Holds `extra` on top of the bond.
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

		/// Changes the key that signs for the miner, at once.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
		/// - [`Error::HotInUse`]: the key signs for another miner.
		///
		/// ## Events
		/// [`Event::HotSet`].
		#[pallet::call_index(2)]
		pub fn set_hot(origin: OriginFor<T>, hot: AccountIdOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_hot(who, hot)
		}

		/// Changes what the miner offers. Another price counts once [`Rules::notice`] has passed, and for what is begun then; all else counts at once.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`], [`Error::AskOutOfBounds`].
		///
		/// ## Events
		/// [`Event::OfferSet`]; [`Event::AskTold`] where the price is another.
		#[pallet::call_index(3)]
		pub fn set_offer(origin: OriginFor<T>, offer: Offer) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_offer(who, offer)
		}

		/// Claims a chip. From its TPM's enrolment on the miner must answer for it.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
		/// - [`Error::ChipInUse`]: another miner has it, or the caller already.
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

		/// Gives a chip up. What it is known for stays with it.
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

		/// Shows the TPM: the certificate of its endorsement key (DER), the certificates between that and a trusted root, and the attestation
		/// key's public area (TPMT_PUBLIC), a primary key of the endorsement hierarchy. A committee then makes credentials that only this TPM
		/// can open, and only for this key.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner's hot key.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
		/// - [`Error::EnrolmentOpen`]: one is open.
		/// - [`Error::EkRefused`], [`Error::EkInUse`], [`Error::AkRefused`].
		/// - [`Error::NoCommittee`].
		///
		/// ## Events
		/// [`Event::EnrolmentOpened`].
		#[pallet::call_index(6)]
		pub fn enrol_tpm(
			origin: OriginFor<T>,
			ek_certificate: CertificateBytes,
			intermediates: Intermediates,
			ak: AkBytes,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_enrol_tpm(who, &ek_certificate, &intermediates, ak)
		}

		/// Posts a credential for a miner's TPM, with the hash of the seed from which all of it follows. Free.
		///
		/// ## Dispatch Origin
		/// `Signed` by the worker of a validator in the enrolment's committee.
		///
		/// ## Errors
		/// - [`Error::NoEnrolment`], [`Error::NotOnCommittee`], [`Error::AlreadyAnswered`], [`Error::CredentialKnown`],
		///   [`Error::CredentialLength`].
		///
		/// ## Events
		/// [`Event::CredentialPosted`].
		#[pallet::call_index(7)]
		#[pallet::weight((<T as Config>::WeightInfo::post_credential(), DispatchClass::Operational))]
		pub fn post_credential(
			origin: OriginFor<T>,
			miner: AccountIdOf<T>,
			seed_hash: [u8; 32],
			credential: CredentialBytes,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_post_credential(who, miner, seed_hash, credential)?;
			Ok(Pays::No.into())
		}

		/// Gives the secrets that the TPM found in the credentials, each with the number of its maker in the committee.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner's hot key.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::NoEnrolment`], [`Error::AlreadyAnswered`].
		/// - [`Error::AnswerMismatch`]: no credential of that number, or one answered twice.
		/// - [`Error::TooFewAnswers`]: not more than two thirds of the committee.
		///
		/// ## Events
		/// [`Event::CredentialsAnswered`].
		#[pallet::call_index(8)]
		pub fn answer_credentials(
			origin: OriginFor<T>,
			answers: BoundedVec<(u8, CredentialSecret), ConstU32<MAX_COMMITTEE>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_answer_credentials(who, &answers)
		}

		/// Reveals the seed of a credential that was answered: the chain makes the credential again and compares. Free.
		///
		/// ## Dispatch Origin
		/// `Signed` by the worker of the validator that posted it.
		///
		/// ## Errors
		/// - [`Error::NoEnrolment`], [`Error::NotOnCommittee`], [`Error::NotAnswered`], [`Error::SeedMismatch`], [`Error::SeedKnown`].
		///
		/// ## Events
		/// [`Event::CredentialShown`] or [`Event::CredentialFalse`]; [`Event::TpmEnrolled`] with the last that is needed.
		#[pallet::call_index(9)]
		#[pallet::weight((<T as Config>::WeightInfo::reveal_seed(), DispatchClass::Operational))]
		pub fn reveal_seed(
			origin: OriginFor<T>,
			miner: AccountIdOf<T>,
			seed: CredentialSeed,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Self::do_reveal_seed(who, miner, &seed)?;
			Ok(Pays::No.into())
		}

		/// Leaves: chips and TPM are given up at once, the bond stays held for the unbonding ticks.
		///
		/// ## Dispatch Origin
		/// `Signed` by a miner.
		///
		/// ## Errors
		/// - [`Error::NotRegistered`], [`Error::Exiting`].
		///
		/// ## Events
		/// [`Event::Exited`], and [`Event::ChipRemoved`] for each chip.
		#[pallet::call_index(10)]
		pub fn exit(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_exit(who)
		}

		/// Takes the bond back once the unbonding ticks have passed.
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

		/// Lets a banned chip be registered again: its owner is not to blame where somebody else has extracted its key. What the chip is known for stays with it.
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
	}
}
