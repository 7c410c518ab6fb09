//! Enrolment of a TPM by credential activation: only that TPM can open the credentials.

extern crate alloc;
use alloc::vec::Vec;

use codec::Encode;
use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{Get, UnixTime},
	BoundedVec,
};
use hcc_evidence::{
	crypto::RustCrypto,
	host::EVAL_VERSION,
	tpm::{
		credential_secret, make_credential, seed_hash, verify_ek_to_root, AttestationKey,
		CredentialSecret, CredentialSeed, EndorsementKey,
	},
	UnixSeconds,
};
use hcc_primitives::{
	genesis, supermajority, ActiveValidators, EnrolledTpm, Miners as _, OnChipChange, Tick,
	TickSource, TpmRoots, ValidatorSlasher,
};
use sp_io::hashing::blake2_256;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_enrol_tpm(
		hot: &AccountIdOf<T>,
		miner: AccountIdOf<T>,
		ek_certificate: &[u8],
		intermediates: &[CertificateBytes],
		ak: AkBytes,
	) -> DispatchResult {
		ensure!(Self::is_hot_key(hot, &miner), Error::<T>::NotHotKey);
		let now = T::TickSource::now();
		let open = Enrolments::<T>::get(&miner).is_some_and(|former| former.deadline >= now);
		ensure!(!open, Error::<T>::EnrolmentOpen);
		let ak_name = Self::check_ak(&ak)?;
		let (ek_key, root) = Self::check_ek(ek_certificate, intermediates)?;
		let ek = ek_key.using_encoded(blake2_256);
		let holder = MinerOfEk::<T>::get(ek);
		ensure!(holder.is_none_or(|holder| holder == miner), Error::<T>::EkInUse);
		let committee = Self::draw_committee()?;
		let time = Self::rules().enrolment;
		let deadline = now.saturating_add(time);
		let validators = committee.iter().map(|member| member.validator.clone()).collect();
		Self::end_enrolment(&miner)?;
		let deposit = Self::hold_enrolment_deposit(&miner)?;
		let enrolment = Enrolment {
			ek,
			ek_key,
			root,
			ak,
			ak_name,
			committee,
			answered: false,
			answers_until: deadline.saturating_sub(time / 2),
			deadline,
			eval_version: EVAL_VERSION,
			deposit,
		};
		Enrolments::<T>::insert(&miner, enrolment);
		Self::deposit_event(Event::EnrolmentOpened { miner, ek, committee: validators, deadline });
		Ok(())
	}

	/// Returns the name of the attestation key. Refuses a key that could sign a forged quote, and a
	/// key whose signatures are too expensive for the chain to verify.
	pub(crate) fn check_ak(ak: &[u8]) -> Result<Vec<u8>, Error<T>> {
		let key = AttestationKey::from_tpmt_public(ak).map_err(|_| Error::<T>::AkRefused)?;
		key.check_restricted_signing().map_err(|_| Error::<T>::AkRefused)?;
		key.check_cost().map_err(|_| Error::<T>::AkRefused)?;
		key.name.ok_or(Error::<T>::AkRefused)
	}

	fn check_ek(
		certificate: &[u8],
		intermediates: &[CertificateBytes],
	) -> Result<(EndorsementKey, [u8; 32]), Error<T>> {
		let intermediates: Vec<Vec<u8>> = intermediates.iter().map(|der| der.to_vec()).collect();
		let now = UnixSeconds(T::Time::now().as_secs());
		let roots = T::TpmRoots::tpm_roots();
		let (key, root) = verify_ek_to_root::<RustCrypto>(certificate, &intermediates, &roots, now)
			.map_err(|_| Error::<T>::EkRefused)?;
		Ok((key, blake2_256(root)))
	}

	/// Returns the first active validators, up to the size of a committee. A random draw is not
	/// needed: the seed proves that a credential is correct, so the committee needs no honest
	/// majority.
	pub(crate) fn draw_committee() -> Result<
		BoundedVec<Member<AccountIdOf<T>>, frame_support::traits::ConstU32<MAX_COMMITTEE>>,
		Error<T>,
	> {
		let members: Vec<_> = T::Validators::active()
			.into_iter()
			.take(MAX_COMMITTEE as usize)
			.map(|validator| Member { validator, posted: None })
			.collect();
		ensure!(!members.is_empty(), Error::<T>::NoCommittee);
		BoundedVec::try_from(members).map_err(|_| Error::<T>::NoCommittee)
	}

	/// Checks that a worker signs for `validator`, which is in the committee of a miner's open
	/// enrolment.
	///
	/// ## Errors
	/// [`Error::NoEnrolment`], [`Error::NotOnCommittee`].
	pub fn check_helper(
		worker: &AccountIdOf<T>,
		validator: &AccountIdOf<T>,
		miner: &AccountIdOf<T>,
	) -> Result<(), Error<T>> {
		let mut enrolment = Enrolments::<T>::get(miner)
			.filter(|enrolment| T::TickSource::now() <= enrolment.deadline)
			.ok_or(Error::<T>::NoEnrolment)?;
		Self::member_of(&mut enrolment, worker, validator).map(drop)
	}

	/// Checks that a worker can post a credential: the checks of [`Self::check_helper`] pass, and
	/// the first half of the enrolment time is not over.
	///
	/// ## Errors
	/// [`Error::NoEnrolment`], [`Error::NotOnCommittee`].
	pub fn check_poster(
		worker: &AccountIdOf<T>,
		validator: &AccountIdOf<T>,
		miner: &AccountIdOf<T>,
	) -> Result<(), Error<T>> {
		Self::check_helper(worker, validator, miner)?;
		let enrolment = Enrolments::<T>::get(miner).ok_or(Error::<T>::NoEnrolment)?;
		Self::check_first_half(&enrolment)
	}

	/// Changes an enrolment whose deadline has not passed.
	fn with_enrolment<R>(
		miner: &AccountIdOf<T>,
		change: impl FnOnce(&mut EnrolmentOf<T>) -> Result<R, Error<T>>,
	) -> Result<R, Error<T>> {
		Enrolments::<T>::try_mutate(miner, |enrolment| {
			let now = T::TickSource::now();
			let enrolment = enrolment
				.as_mut()
				.filter(|enrolment| enrolment.deadline >= now)
				.ok_or(Error::<T>::NoEnrolment)?;
			change(enrolment)
		})
	}

	/// Checks that the first half of the time is not over.
	///
	/// In the second half, validators reveal their seeds. A later answer would leave them too
	/// little time, and a later credential could not be answered.
	fn check_first_half(enrolment: &EnrolmentOf<T>) -> Result<(), Error<T>> {
		ensure!(T::TickSource::now() <= enrolment.answers_until, Error::<T>::NoEnrolment);
		Ok(())
	}

	/// Returns the committee member `validator`, for which `worker` signs.
	fn member_of<'a>(
		enrolment: &'a mut EnrolmentOf<T>,
		worker: &AccountIdOf<T>,
		validator: &AccountIdOf<T>,
	) -> Result<&'a mut Member<AccountIdOf<T>>, Error<T>> {
		ensure!(T::Validators::is_worker(worker, validator), Error::<T>::NotOnCommittee);
		enrolment
			.committee
			.iter_mut()
			.find(|member| member.validator == *validator)
			.ok_or(Error::<T>::NotOnCommittee)
	}

	pub(crate) fn do_post_credential(
		worker: &AccountIdOf<T>,
		validator: AccountIdOf<T>,
		miner: AccountIdOf<T>,
		seed_hash: [u8; 32],
		credential: CredentialBytes,
	) -> DispatchResult {
		let empty = credential.id_object.is_empty() || credential.encrypted_secret.is_empty();
		ensure!(!empty, Error::<T>::CredentialLength);
		Self::with_enrolment(&miner, |enrolment| {
			Self::check_first_half(enrolment)?;
			ensure!(!enrolment.answered, Error::<T>::AlreadyAnswered);
			let member = Self::member_of(enrolment, worker, &validator)?;
			ensure!(member.posted.is_none(), Error::<T>::CredentialKnown);
			member.posted =
				Some(PostedCredential { seed_hash, credential, answer: None, shown: None });
			Ok(())
		})?;
		Self::deposit_event(Event::CredentialPosted { miner, validator });
		Ok(())
	}

	/// Checks that `answer_credentials` would succeed. Returns the deadline of the enrolment. An
	/// enrolment takes only one answer.
	///
	/// ## Errors
	/// The same errors as the call `answer_credentials`.
	pub fn check_answer(
		hot: &AccountIdOf<T>,
		miner: &AccountIdOf<T>,
		answers: &[(u8, CredentialSecret)],
	) -> Result<Tick, Error<T>> {
		ensure!(Self::is_hot_key(hot, miner), Error::<T>::NotHotKey);
		let mut enrolment = Enrolments::<T>::get(miner).ok_or(Error::<T>::NoEnrolment)?;
		Self::enter_answers(&mut enrolment, answers)?;
		Ok(enrolment.deadline)
	}

	/// Stores a miner's answers in its enrolment. Returns the number of answers.
	fn enter_answers(
		enrolment: &mut EnrolmentOf<T>,
		answers: &[(u8, CredentialSecret)],
	) -> Result<u32, Error<T>> {
		Self::check_first_half(enrolment)?;
		ensure!(!enrolment.answered, Error::<T>::AlreadyAnswered);
		for (number, secret) in answers {
			let posted = enrolment
				.committee
				.get_mut(usize::from(*number))
				.and_then(|member| member.posted.as_mut())
				.filter(|posted| posted.answer.is_none())
				.ok_or(Error::<T>::AnswerMismatch)?;
			posted.answer = Some(*secret);
		}
		let given = answers.len() as u32;
		let wanted = supermajority(enrolment.committee.len() as u32);
		ensure!(given >= wanted, Error::<T>::TooFewAnswers);
		enrolment.answered = true;
		Ok(given)
	}

	pub(crate) fn do_answer_credentials(
		hot: &AccountIdOf<T>,
		miner: AccountIdOf<T>,
		answers: &[(u8, CredentialSecret)],
	) -> DispatchResult {
		ensure!(Self::is_hot_key(hot, &miner), Error::<T>::NotHotKey);
		let answered =
			Self::with_enrolment(&miner, |enrolment| Self::enter_answers(enrolment, answers))?;
		Self::deposit_event(Event::CredentialsAnswered { miner, answered });
		Ok(())
	}

	pub(crate) fn do_reveal_seed(
		worker: &AccountIdOf<T>,
		validator: AccountIdOf<T>,
		miner: AccountIdOf<T>,
		seed: &CredentialSeed,
	) -> DispatchResult {
		let genesis = genesis::<T>();
		let (shown, done, same_version) = Self::with_enrolment(&miner, |enrolment| {
			ensure!(enrolment.answered, Error::<T>::NotAnswered);
			let (ek_key, ak_name) = (enrolment.ek_key.clone(), enrolment.ak_name.clone());
			let same_version = enrolment.eval_version == EVAL_VERSION;
			let member = Self::member_of(enrolment, worker, &validator)?;
			let posted = member.posted.as_mut().ok_or(Error::<T>::SeedMismatch)?;
			ensure!(posted.shown.is_none(), Error::<T>::SeedKnown);
			ensure!(posted.seed_hash == seed_hash(&genesis, seed), Error::<T>::SeedMismatch);
			// The key was verified at the start of the enrolment, so a credential can be made for
			// it.
			let sound = make_credential(&genesis, seed, &ek_key, &ak_name)
				.is_ok_and(|credential| posted.credential.is(&credential));
			let shown = if !sound {
				CredentialStatus::False
			} else if posted.answer == Some(credential_secret(&genesis, seed)) {
				CredentialStatus::Proven
			} else {
				CredentialStatus::Unproven
			};
			posted.shown = Some(shown);
			let proven = |member: &&Member<AccountIdOf<T>>| {
				member
					.posted
					.as_ref()
					.is_some_and(|posted| posted.shown == Some(CredentialStatus::Proven))
			};
			let proven = enrolment.committee.iter().filter(proven).count() as u32;
			let done = proven >= supermajority(enrolment.committee.len() as u32);
			Ok((shown, done, same_version))
		})?;
		Self::deposit_event(match shown {
			CredentialStatus::False => {
				// An honest worker makes the credential from the seed, so a difference is not an
				// accident, unless the runtime was upgraded in between.
				if same_version {
					T::ValidatorSlasher::slash(&validator, T::FalseCredential::get(), None);
				}
				Event::CredentialFalse { miner: miner.clone(), validator }
			},
			CredentialStatus::Proven | CredentialStatus::Unproven => Event::CredentialRevealed {
				miner: miner.clone(),
				validator,
				proven: shown == CredentialStatus::Proven,
			},
		});
		if done {
			Self::complete(miner)?;
		}
		Ok(())
	}

	/// Completes an enrolment: its TPM becomes the miner's TPM.
	fn complete(miner: AccountIdOf<T>) -> DispatchResult {
		let enrolment = Enrolments::<T>::take(&miner).ok_or(Error::<T>::NoEnrolment)?;
		Self::release_enrolment_deposit(&miner, &enrolment)?;
		Self::note_completed_service(&enrolment);
		// Another miner may have enrolled the same TPM since this enrolment began.
		let holder = MinerOfEk::<T>::get(enrolment.ek);
		ensure!(holder.is_none_or(|holder| holder == miner), Error::<T>::EkInUse);
		let qualified_name = AttestationKey::from_tpmt_public(&enrolment.ak)
			.ok()
			.and_then(|key| key.endorsement_qualified_name())
			.and_then(|name| BoundedVec::try_from(name).ok())
			.ok_or(Error::<T>::AkRefused)?;
		let tpm = EnrolledTpm {
			ek: enrolment.ek,
			ak: enrolment.ak,
			qualified_name,
			root: enrolment.root,
		};
		let former = Tpms::<T>::get(&miner);
		if let Some(former) = &former {
			MinerOfEk::<T>::remove(former.ek);
		}
		// Enrolling the same TPM again must not reset its chips. Otherwise the holder of a hot key
		// could have another boot accepted as the first one.
		let known = former.is_some_and(|former| former.ek == enrolment.ek);
		MinerOfEk::<T>::insert(enrolment.ek, &miner);
		Tpms::<T>::insert(&miner, tpm);
		Self::deposit_event(Event::TpmEnrolled { miner: miner.clone(), ek: enrolment.ek });
		let chips = Miners::<T>::get(&miner).map(|row| row.chips).unwrap_or_default();
		for chip in chips.into_iter().filter(|_| !known) {
			T::OnChipChange::on_ready(&chip, &miner);
		}
		Ok(())
	}
}
