//! How a TPM is proven to be a miner's: by credentials that it alone can open.

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
	tpm::{
		credential_secret, make_credential, seed_hash, verify_ek_to_root, AttestationKey,
		CredentialSecret, CredentialSeed, EndorsementKey,
	},
	UnixSeconds,
};
use hcc_primitives::{
	genesis, supermajority, ActiveValidators, EnrolledTpm, OnChip, Slashes, Ticks, TpmRoots,
};
use sp_io::hashing::blake2_256;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_enrol_tpm(
		hot: AccountIdOf<T>,
		ek_certificate: &[u8],
		intermediates: &[CertificateBytes],
		ak: AkBytes,
	) -> DispatchResult {
		let miner = MinerOfHot::<T>::get(&hot).ok_or(Error::<T>::NotRegistered)?;
		let now = T::Ticks::now();
		let open = Enrolments::<T>::get(&miner).is_some_and(|former| former.deadline >= now);
		ensure!(!open, Error::<T>::EnrolmentOpen);
		let ak_name = Self::check_ak(&ak)?;
		let (ek_key, root) = Self::check_ek(ek_certificate, intermediates)?;
		let ek = ek_key.using_encoded(blake2_256);
		let holder = MinerOfEk::<T>::get(ek);
		ensure!(holder.is_none_or(|holder| holder == miner), Error::<T>::EkInUse);
		let committee = Self::draw_committee()?;
		let deadline = now.saturating_add(Self::rules().enrolment);
		let validators = committee.iter().map(|member| member.validator.clone()).collect();
		Enrolments::<T>::insert(
			&miner,
			Enrolment { ek, ek_key, root, ak, ak_name, committee, answered: false, deadline },
		);
		Self::deposit_event(Event::EnrolmentOpened { miner, ek, committee: validators, deadline });
		Ok(())
	}

	/// The name of the attestation key, if it is one whose quotes only its TPM can make, and the chain has time to verify.
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

	/// As many validators in office as a committee has places. They are not drawn by lot: what a credential conveys is proven by its seed,
	/// so it takes no honest majority to be sound.
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

	/// Whether a worker has something to do in a miner's enrolment.
	///
	/// ## Errors
	/// [`Error::NoEnrolment`], [`Error::NotOnCommittee`].
	pub fn check_helper(worker: &AccountIdOf<T>, miner: &AccountIdOf<T>) -> Result<(), Error<T>> {
		let mut enrolment = Enrolments::<T>::get(miner)
			.filter(|enrolment| T::Ticks::now() <= enrolment.deadline)
			.ok_or(Error::<T>::NoEnrolment)?;
		Self::member_of(&mut enrolment, worker).map(drop)
	}

	/// Changes an open enrolment.
	fn with_enrolment<R>(
		miner: &AccountIdOf<T>,
		change: impl FnOnce(&mut EnrolmentOf<T>) -> Result<R, Error<T>>,
	) -> Result<R, Error<T>> {
		Enrolments::<T>::try_mutate(miner, |enrolment| {
			let now = T::Ticks::now();
			let enrolment = enrolment
				.as_mut()
				.filter(|enrolment| enrolment.deadline >= now)
				.ok_or(Error::<T>::NoEnrolment)?;
			change(enrolment)
		})
	}

	/// The member of the committee for which `worker` signs.
	fn member_of<'a>(
		enrolment: &'a mut EnrolmentOf<T>,
		worker: &AccountIdOf<T>,
	) -> Result<&'a mut Member<AccountIdOf<T>>, Error<T>> {
		let validator = T::Validators::validator_of(worker).ok_or(Error::<T>::NotOnCommittee)?;
		enrolment
			.committee
			.iter_mut()
			.find(|member| member.validator == validator)
			.ok_or(Error::<T>::NotOnCommittee)
	}

	pub(crate) fn do_post_credential(
		worker: AccountIdOf<T>,
		miner: AccountIdOf<T>,
		seed_hash: [u8; 32],
		credential: CredentialBytes,
	) -> DispatchResult {
		let empty = credential.id_object.is_empty() || credential.encrypted_secret.is_empty();
		ensure!(!empty, Error::<T>::CredentialLength);
		let validator = Self::with_enrolment(&miner, |enrolment| {
			ensure!(!enrolment.answered, Error::<T>::AlreadyAnswered);
			let member = Self::member_of(enrolment, &worker)?;
			ensure!(member.posted.is_none(), Error::<T>::CredentialKnown);
			member.posted = Some(Posted { seed_hash, credential, answer: None, shown: None });
			Ok(member.validator.clone())
		})?;
		Self::deposit_event(Event::CredentialPosted { miner, validator });
		Ok(())
	}

	pub(crate) fn do_answer_credentials(
		hot: AccountIdOf<T>,
		answers: &[(u8, CredentialSecret)],
	) -> DispatchResult {
		let miner = MinerOfHot::<T>::get(&hot).ok_or(Error::<T>::NotRegistered)?;
		let answered = Self::with_enrolment(&miner, |enrolment| {
			// The other half of the time is the validators', to reveal their seeds: what came later would only cost them.
			let latest = enrolment.deadline.saturating_sub(Self::rules().enrolment / 2);
			ensure!(T::Ticks::now() <= latest, Error::<T>::NoEnrolment);
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
		})?;
		Self::deposit_event(Event::CredentialsAnswered { miner, answered });
		Ok(())
	}

	pub(crate) fn do_reveal_seed(
		worker: AccountIdOf<T>,
		miner: AccountIdOf<T>,
		seed: &CredentialSeed,
	) -> DispatchResult {
		let genesis = genesis::<T>();
		let (validator, shown, done) = Self::with_enrolment(&miner, |enrolment| {
			ensure!(enrolment.answered, Error::<T>::NotAnswered);
			let (ek_key, ak_name) = (enrolment.ek_key.clone(), enrolment.ak_name.clone());
			let member = Self::member_of(enrolment, &worker)?;
			let validator = member.validator.clone();
			let posted = member.posted.as_mut().ok_or(Error::<T>::SeedMismatch)?;
			ensure!(posted.shown.is_none(), Error::<T>::SeedKnown);
			ensure!(posted.seed_hash == seed_hash(&genesis, seed), Error::<T>::SeedMismatch);
			// The key was verified when the enrolment began: a credential can be made for it.
			let sound = make_credential(&genesis, seed, &ek_key, &ak_name)
				.is_ok_and(|credential| posted.credential.is(&credential));
			let shown = if !sound {
				Shown::False
			} else if posted.answer == Some(credential_secret(&genesis, seed)) {
				Shown::Proven
			} else {
				Shown::Unproven
			};
			posted.shown = Some(shown);
			let proven = |member: &&Member<AccountIdOf<T>>| {
				member.posted.as_ref().is_some_and(|posted| posted.shown == Some(Shown::Proven))
			};
			let proven = enrolment.committee.iter().filter(proven).count() as u32;
			Ok((validator, shown, proven >= supermajority(enrolment.committee.len() as u32)))
		})?;
		Self::deposit_event(match shown {
			Shown::False => {
				// Nothing but a credential that is made from the seed has its hash beside it by mistake.
				T::Slashes::slash(&validator, T::FalseCredential::get(), None);
				Event::CredentialFalse { miner: miner.clone(), validator }
			},
			Shown::Proven | Shown::Unproven => Event::CredentialShown {
				miner: miner.clone(),
				validator,
				proven: shown == Shown::Proven,
			},
		});
		if done {
			Self::complete(miner)?;
		}
		Ok(())
	}

	/// Makes the TPM of an enrolment the miner's.
	fn complete(miner: AccountIdOf<T>) -> DispatchResult {
		let enrolment = Enrolments::<T>::take(&miner).ok_or(Error::<T>::NoEnrolment)?;
		// Another miner may have enrolled the same TPM meanwhile.
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
		// The same TPM once more changes nothing for its chips: else whoever has the hot key could have another boot taken for the first.
		let known = former.is_some_and(|former| former.ek == enrolment.ek);
		MinerOfEk::<T>::insert(enrolment.ek, &miner);
		Tpms::<T>::insert(&miner, tpm);
		Self::deposit_event(Event::TpmEnrolled { miner: miner.clone(), ek: enrolment.ek });
		let chips = Miners::<T>::get(&miner).map(|row| row.chips).unwrap_or_default();
		for chip in chips.into_iter().filter(|_| !known) {
			T::OnChip::on_ready(&chip, &miner);
		}
		Ok(())
	}
}
