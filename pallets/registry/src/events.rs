//! Events and errors of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A miner registered with a bond. Its hot key is `hot`.
		Registered { miner: AccountIdOf<T>, bond: BalanceOf<T>, hot: AccountIdOf<T> },
		/// A miner raised its bond. `bond` is the new total.
		BondRaised { miner: AccountIdOf<T>, bond: BalanceOf<T> },
		/// The miner changed its hot key.
		HotSet { miner: AccountIdOf<T>, hot: AccountIdOf<T> },
		/// A miner set a new offer. `offer.price` is the price in force, not an announced one.
		OfferSet { miner: AccountIdOf<T>, offer: Offer },
		/// The miner announced another price: `price` thousandths of the list price, in force from
		/// tick `from` on.
		AskAnnounced { miner: AccountIdOf<T>, price: u16, from: Tick },
		/// A miner registered a chip.
		ChipAdded { miner: AccountIdOf<T>, chip: ChipHash },
		/// A chip moved to the miner `to`, which won a contest. `from` is the former holder, if
		/// any.
		ChipHandedOver { chip: ChipHash, from: Option<AccountIdOf<T>>, to: AccountIdOf<T> },
		/// A contest proved that a chip was live in two places. No account can register the chip
		/// any longer.
		ChipBanned { chip: ChipHash },
		/// The ban on a chip was lifted. It can be registered again.
		BanLifted { chip: ChipHash },
		/// A chip was removed from a miner.
		ChipRemoved { miner: AccountIdOf<T>, chip: ChipHash },
		/// A miner began to enrol a TPM. The validators of `committee` must make credentials until
		/// tick `deadline`.
		EnrolmentOpened {
			miner: AccountIdOf<T>,
			ek: EkHash,
			committee: Vec<AccountIdOf<T>>,
			deadline: Tick,
		},
		/// A validator posted a credential for the miner's TPM.
		CredentialPosted { miner: AccountIdOf<T>, validator: AccountIdOf<T> },
		/// The TPM opened `answered` credentials. The validators that made them must reveal their
		/// seeds now.
		CredentialsAnswered { miner: AccountIdOf<T>, answered: u32 },
		/// A validator revealed its seed, and its credential was correct. `proven` is true if the
		/// miner's answer to the credential was correct too.
		CredentialRevealed { miner: AccountIdOf<T>, validator: AccountIdOf<T>, proven: bool },
		/// A validator revealed a seed from which its credential does not follow. The credential
		/// does not count. The validator is slashed, unless the version of the verifier has changed
		/// since the enrolment began.
		CredentialFalse { miner: AccountIdOf<T>, validator: AccountIdOf<T> },
		/// An enrolment ended by a fault of its miner, which lost the deposit `amount`.
		EnrolmentDepositLost { miner: AccountIdOf<T>, amount: BalanceOf<T> },
		/// The TPM was proven to hold the attestation key, and is now the miner's TPM.
		TpmEnrolled { miner: AccountIdOf<T>, ek: EkHash },
		/// A miner left. Its bond stays on hold, and can be slashed, until tick `withdrawable`.
		Exited { miner: AccountIdOf<T>, withdrawable: Tick },
		/// A miner lost `amount` of its bond.
		Slashed { miner: AccountIdOf<T>, amount: BalanceOf<T> },
		/// A miner withdrew its bond.
		Withdrawn { miner: AccountIdOf<T>, bond: BalanceOf<T> },
		/// A miner published the endpoint of its relay, or removed it if `relay` is empty.
		RelaySet { miner: AccountIdOf<T>, relay: RelayEndpoint },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account is a miner already. Use `bond_more`, `set_hot` or `set_offer`.
		AlreadyRegistered,
		/// The account is not a miner. Call `register` first.
		NotRegistered,
		/// The miner has left. It can register again after `withdraw`.
		Exiting,
		/// The miner has not left, so its bond stays on hold. Call `exit` first.
		NotExiting,
		/// The unbonding period is not over. `Event::Exited` states the tick at which it ends.
		TooEarly,
		/// The bond is below `Rules::min_bond`.
		BondTooSmall,
		/// The account is not the hot key of the named miner. The miner sets it with `set_hot`.
		NotHotKey,
		/// The chip is registered already. If another miner has registered your chip, call
		/// `attestation.contest`.
		ChipInUse,
		/// The miner has `MAX_CHIPS` chips, the maximum for one TPM.
		TooManyChips,
		/// The miner has not registered this chip.
		ChipNotFound,
		/// The chip is banned. It was live in two places, so another party has its key.
		ChipBanned,
		/// The chip is not banned. Nothing needs to be done.
		NotBanned,
		/// The endorsement key's certificate does not lead to a trusted vendor root, is not valid
		/// now, or is for an unsupported kind of key.
		EkRefused,
		/// Another miner has enrolled this endorsement key. A TPM belongs to one miner.
		EkInUse,
		/// The attestation key is refused. It must be a restricted signing key of the endorsement
		/// hierarchy, fixed to its TPM, and either RSA-2048 or P-256.
		AkRefused,
		/// An enrolment is open. Wait until it ends or its deadline passes.
		EnrolmentOpen,
		/// The miner has no open enrolment, or the time for this step has passed. Call `enrol_tpm`.
		NoEnrolment,
		/// No validator is active, so there is no committee. Retry in the next session.
		NoCommittee,
		/// The account is not the worker key of the named validator, or that validator is not in
		/// the enrolment's committee.
		NotOnCommittee,
		/// The validator has posted its credential already. Nothing needs to be done.
		CredentialKnown,
		/// A part of the credential is empty.
		CredentialLength,
		/// The TPM has answered already. Further credentials and answers are refused.
		AlreadyAnswered,
		/// Too few credentials are answered. Answer more than two thirds of the committee's
		/// credentials.
		TooFewAnswers,
		/// An answer is for a credential that was not posted, or that is answered already.
		AnswerMismatch,
		/// The TPM has not answered yet. Seeds stay secret until then.
		NotAnswered,
		/// The seed does not match the hash that was posted with the credential, or no credential
		/// was posted.
		SeedMismatch,
		/// The seed was revealed already. Nothing needs to be done.
		SeedKnown,
		/// The price is below [`Rules::least_ask`] or above [`Rules::most_ask`].
		AskOutOfBounds,
		/// The relay's endpoint is not `host:port` in printable ASCII characters.
		RelayMalformed,
	}
}
