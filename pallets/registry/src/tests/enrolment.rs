//! Tests of credential activation with a real TPM's certificate and key. The secret in a credential
//! is computed from its seed instead of by the TPM.

use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{
		credential_secret, make_credential, seed_hash, verify_ek, AttestationKey, Credential,
		CredentialSecret, EndorsementKey,
	},
	UnixSeconds,
};
use hcc_evidence_testing::tpm;
use hcc_primitives::{Miners as _, VoteService};
use hcc_testing::{Active, Chips, Distrusted, Now, Roots, Served, Slashed};
use sp_io::hashing::blake2_256;
use sp_runtime::DispatchError;

use crate::{mock::*, *};

const CHIP: [u8; 32] = [0xc1; 32];

fn genesis() -> [u8; 32] {
	hcc_primitives::genesis::<Test>()
}

fn seed(validator: u8) -> [u8; 32] {
	[validator; 32]
}

fn enrol(hot: u8, certificate: Vec<u8>, ak: Vec<u8>) -> DispatchResult {
	let (certificate, ak) = (certificate.try_into().expect("short"), ak.try_into().expect("short"));
	Registry::enrol_tpm(signed(hot), account(hot - 100), certificate, Default::default(), ak)
}

fn endorsement_key() -> EndorsementKey {
	let der = tpm::ek_certificate().expect("the test vectors exist");
	verify_ek::<RustCrypto>(&der, &[], &[tpm::ca()], UnixSeconds(NOW / 1_000))
		.expect("the certificate is valid")
}

fn bytes(credential: Credential) -> CredentialBytes {
	CredentialBytes {
		id_object: credential.id_object.try_into().expect("short"),
		encrypted_secret: credential.encrypted_secret.try_into().expect("short"),
	}
}

fn credential(of: u8) -> CredentialBytes {
	let ak = AttestationKey::from_tpmt_public(&tpm::ak().expect("the test vectors exist"))
		.expect("the key is valid");
	let name = ak.name.expect("a public area has a name");
	bytes(
		make_credential(&genesis(), &seed(of), &endorsement_key(), &name)
			.expect("the key is valid"),
	)
}

fn post(validator: u8) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let hash = seed_hash(&genesis(), &seed(validator));
	let (who, credential) = (account(validator), credential(validator));
	Registry::post_credential(signed(validator), who, account(1), hash, credential)
}

fn answer(answers: &[(u8, CredentialSecret)]) -> DispatchResult {
	let answers = answers.to_vec().try_into().expect("few");
	Registry::answer_credentials(signed(101), account(1), answers)
}

fn right_answer(number: u8) -> (u8, CredentialSecret) {
	(number, credential_secret(&genesis(), &seed(201 + number)))
}

fn reveal(validator: u8) -> frame_support::dispatch::DispatchResultWithPostInfo {
	Registry::reveal_seed(signed(validator), account(validator), account(1), seed(validator))
}

/// Completes an enrolment with the credentials of three of the four validators, which is enough.
fn complete() {
	for validator in 201..=203 {
		assert_ok!(post(validator));
	}
	assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2)]));
	for validator in 201..=203 {
		assert_ok!(reveal(validator));
	}
}

/// Runs a test with miner 1, its chip and an enrolment of its TPM. Skips the test if there are no
/// test vectors.
fn enrolling(test: impl FnOnce()) {
	let (Some(certificate), Some(ak)) = (tpm::ek_certificate(), tpm::ak()) else { return };
	run(|| {
		registered(1);
		assert_ok!(Registry::add_chip(signed(1), CHIP));
		assert_ok!(enrol(101, certificate, ak));
		test();
	});
}

#[test]
fn answer_is_admitted_once() {
	enrolling(|| {
		let check = |hot: u8, answers: &[(u8, CredentialSecret)]| {
			let checked = Registry::check_answer(&account(hot), &account(1), answers);
			checked.map(drop).map_err(DispatchError::from)
		};
		let right = [right_answer(0), right_answer(1), right_answer(2)];
		assert_eq!(check(101, &right), Err(Error::<Test>::AnswerMismatch.into()));
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_eq!(check(1, &right), Err(Error::<Test>::NotHotKey.into()));
		assert_eq!(check(101, &right[..2]), Err(Error::<Test>::TooFewAnswers.into()));
		assert_eq!(check(101, &right), Ok(()));
		assert_eq!(check(101, &right), Ok(()), "a check changes nothing");
		assert_ok!(answer(&right));
		assert_eq!(check(101, &right), Err(Error::<Test>::AlreadyAnswered.into()));
	});
}

#[test]
fn tpm_enrolled_after_supermajority() {
	enrolling(|| {
		for validator in 201..=204 {
			assert_ok!(post(validator));
		}
		assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2), right_answer(3)]));
		assert_ok!(reveal(201));
		assert_ok!(reveal(202));
		assert_eq!(Registry::standing(account(1)), Some(Standing::WithoutTpm));
		assert_ok!(reveal(203));
		assert_eq!(Registry::standing(account(1)), Some(Standing::Ready));
		assert_eq!(Chips::get(), [(CHIP, Some(account(1)))]);
		let enrolled = Tpms::<Test>::get(account(1)).expect("enrolled");
		assert_eq!(enrolled.ak.to_vec(), tpm::ak().expect("the test vectors exist"));
		assert_noop!(reveal(204), Error::<Test>::NoEnrolment);
		assert_ok!(Registry::add_chip(signed(1), [2; 32]));
		assert_eq!(Chips::get().len(), 2, "a chip that is added later is ready immediately");
	});
}

#[test]
fn tpm_genuine_while_root_trusted() {
	enrolling(|| {
		complete();
		let root = blake2_256(&tpm::ca());
		assert_eq!(Tpms::<Test>::get(account(1)).map(|tpm| tpm.root), Some(root));
		let genuine = || Registry::genuine_tpm(&account(1)).is_some();
		assert!(genuine());
		Distrusted::set(vec![[1; 32], root]);
		assert!(!genuine() && Tpms::<Test>::contains_key(account(1)));
		assert_eq!(Registry::standing(account(1)), Some(Standing::WithoutTpm));
		Distrusted::set(vec![[1; 32]]);
		assert_eq!(Registry::standing(account(1)), Some(Standing::Ready));
	});
}

#[test]
fn two_of_four_answers_are_refused() {
	enrolling(|| {
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_noop!(answer(&[right_answer(0), right_answer(1)]), Error::<Test>::TooFewAnswers);
		assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2)]));
		for validator in 201..=203 {
			assert_ok!(reveal(validator));
		}
		assert!(Tpms::<Test>::contains_key(account(1)));
	});
}

#[test]
fn wrong_answer_does_not_enrol() {
	enrolling(|| {
		for validator in 201..=204 {
			assert_ok!(post(validator));
		}
		assert_ok!(answer(&[right_answer(0), right_answer(1), (2, [0; 32])]));
		for validator in 201..=204 {
			assert_ok!(reveal(validator));
		}
		assert!(!Tpms::<Test>::contains_key(account(1)));
		System::assert_has_event(
			Event::CredentialRevealed { miner: account(1), validator: account(203), proven: false }
				.into(),
		);
	});
}

/// The secret of a credential follows from its seed, without the TPM. An enrolment without the TPM
/// needs the seeds of more than two thirds of the committee.
#[test]
fn leaked_secrets_do_not_enrol() {
	for leaked in 1..=2 {
		enrolling(|| {
			for validator in 201..=204 {
				assert_ok!(post(validator));
			}
			let guess = |number: u8| (number, [number; 32]);
			let answers: Vec<_> = (0..4)
				.map(|number| if number < leaked { right_answer(number) } else { guess(number) })
				.collect();
			assert_ok!(answer(&answers));
			for number in 0..4 {
				assert_ok!(reveal(201 + number));
				let (miner, validator) = (account(1), account(201 + number));
				let proven = number < leaked;
				System::assert_has_event(
					Event::CredentialRevealed { miner, validator, proven }.into(),
				);
			}
			assert!(!Tpms::<Test>::contains_key(account(1)), "{leaked} of four are not enough");
			assert_eq!(Registry::standing(account(1)), Some(Standing::WithoutTpm));
			assert!(Chips::get().is_empty(), "no miner must answer for the chip");
		});
	}
}

#[test]
fn false_credential_is_slashed() {
	enrolling(|| {
		let hash = seed_hash(&genesis(), &seed(201));
		// The seed of the credential differs from the seed whose hash is posted.
		let forged = credential(99);
		assert_ok!(Registry::post_credential(signed(201), account(201), account(1), hash, forged));
		assert_ok!(post(202));
		assert_ok!(post(203));
		let found = credential_secret(&genesis(), &seed(99));
		assert_ok!(answer(&[(0, found), right_answer(1), right_answer(2)]));
		for validator in 201..=203 {
			assert_ok!(reveal(validator));
		}
		assert!(!Tpms::<Test>::contains_key(account(1)));
		System::assert_has_event(
			Event::CredentialFalse { miner: account(1), validator: account(201) }.into(),
		);
		assert_eq!(
			Slashed::get(),
			vec![(account(201), None)],
			"the other two credentials are correct"
		);
	});
}

/// A runtime upgrade can change how credentials are made.
#[test]
fn false_credential_of_another_version_is_not_slashed() {
	enrolling(|| {
		let hash = seed_hash(&genesis(), &seed(201));
		let made = credential(99);
		assert_ok!(Registry::post_credential(signed(201), account(201), account(1), hash, made));
		assert_ok!(post(202));
		assert_ok!(post(203));
		assert_ok!(answer(&[(0, [0; 32]), right_answer(1), right_answer(2)]));
		Enrolments::<Test>::mutate(account(1), |row| {
			row.as_mut().expect("the enrolment is open").eval_version -= 1;
		});
		for validator in 201..=203 {
			assert_ok!(reveal(validator));
		}
		System::assert_has_event(
			Event::CredentialFalse { miner: account(1), validator: account(201) }.into(),
		);
		assert!(Slashed::get().is_empty(), "the versions differ");
		assert!(!Tpms::<Test>::contains_key(account(1)), "it still does not count");
	});
}

fn enrol_again() -> DispatchResult {
	Now::mutate(|now| *now += ENROLMENT + 1);
	let (certificate, ak) = (tpm::ek_certificate(), tpm::ak());
	enrol(101, certificate.expect("it exists"), ak.expect("it exists"))
}

/// Returns the total amount of the miner's account, and its deposit.
fn funds() -> (u64, u64) {
	(Balances::free_balance(account(1)) + held(1) + deposited(1), deposited(1))
}

#[test]
fn deposit_returns_after_enrolment() {
	enrolling(|| {
		assert_eq!(funds(), (ENDOWMENT, DEPOSIT));
		complete();
		assert_eq!(funds(), (ENDOWMENT, 0));
	});
}

#[test]
fn deposit_is_lost_without_answer() {
	enrolling(|| {
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_ok!(enrol_again());
		assert_eq!(funds(), (ENDOWMENT - DEPOSIT, DEPOSIT), "the next one has its own");
		let lost = Event::EnrolmentDepositLost { miner: account(1), amount: DEPOSIT };
		System::assert_has_event(lost.into());
	});
}

#[test]
fn deposit_is_lost_after_false_answer() {
	enrolling(|| {
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_ok!(answer(&[right_answer(0), right_answer(1), (2, [0; 32])]));
		assert_ok!(reveal(203));
		assert_ok!(enrol_again());
		assert_eq!(funds(), (ENDOWMENT - DEPOSIT, DEPOSIT));
	});
}

#[test]
fn deposit_is_kept_if_validators_are_absent() {
	// There are too few credentials to answer.
	enrolling(|| {
		for validator in 201..=202 {
			assert_ok!(post(validator));
		}
		assert_ok!(enrol_again());
		assert_eq!(funds(), (ENDOWMENT, DEPOSIT));
	});
	// Too few seeds are revealed.
	enrolling(|| {
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2)]));
		assert_ok!(reveal(201));
		assert_ok!(enrol_again());
		assert_eq!(funds(), (ENDOWMENT, DEPOSIT));
	});
}

#[test]
fn deposit_is_lost_by_exit_from_open_enrolment() {
	enrolling(|| {
		assert_ok!(Registry::exit(signed(1)));
		assert_eq!(funds(), (ENDOWMENT - DEPOSIT, 0));
	});
	enrolling(|| {
		Now::set(2 + ENROLMENT);
		assert_ok!(Registry::exit(signed(1)));
		assert_eq!(funds(), (ENDOWMENT, 0), "no validator posted a credential");
	});
}

#[test]
fn enrolment_without_deposit_is_refused() {
	let (Some(certificate), Some(ak)) = (tpm::ek_certificate(), tpm::ak()) else { return };
	run(|| {
		registered(1);
		assert_ok!(Registry::bond_more(signed(1), ENDOWMENT - MIN_BOND - DEPOSIT));
		assert!(enrol(101, certificate, ak).is_err(), "a part must stay free");
		assert!(!Enrolments::<Test>::contains_key(account(1)));
	});
}

#[test]
fn enrolment_steps_out_of_order_are_refused() {
	enrolling(|| {
		assert_noop!(reveal(201), Error::<Test>::NotAnswered);
		assert_noop!(answer(&[right_answer(0)]), Error::<Test>::AnswerMismatch);
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_noop!(post(201), Error::<Test>::CredentialKnown);
		assert_noop!(post(205), Error::<Test>::NotOnCommittee);
		let twice = [right_answer(0), right_answer(0), right_answer(1)];
		assert_noop!(answer(&twice), Error::<Test>::AnswerMismatch);
		assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2)]));
		assert_noop!(answer(&[right_answer(0)]), Error::<Test>::AlreadyAnswered);
		assert_noop!(post(204), Error::<Test>::AlreadyAnswered);
		assert_noop!(reveal(204), Error::<Test>::SeedMismatch);
		let wrong = Registry::reveal_seed(signed(201), account(201), account(1), [9; 32]);
		assert_noop!(wrong, Error::<Test>::SeedMismatch);
		assert_ok!(reveal(201));
		assert_noop!(reveal(201), Error::<Test>::SeedKnown);
	});
}

#[test]
fn enrolment_restarts_after_deadline() {
	enrolling(|| {
		let (certificate, ak) = (
			tpm::ek_certificate().expect("the test vectors exist"),
			tpm::ak().expect("the test vectors exist"),
		);
		assert_noop!(enrol(101, certificate.clone(), ak.clone()), Error::<Test>::EnrolmentOpen);
		Now::set(1 + ENROLMENT / 2);
		assert_ok!(post(201));
		Now::set(2 + ENROLMENT / 2);
		assert_noop!(post(202), Error::<Test>::NoEnrolment);
		Now::set(1 + ENROLMENT);
		assert_noop!(enrol(101, certificate.clone(), ak.clone()), Error::<Test>::EnrolmentOpen);
		Now::set(2 + ENROLMENT);
		assert_ok!(enrol(101, certificate, ak));
	});
}

#[test]
fn ek_in_use_is_refused() {
	enrolling(|| {
		complete();
		registered(2);
		let (certificate, ak) = (
			tpm::ek_certificate().expect("the test vectors exist"),
			tpm::ak().expect("the test vectors exist"),
		);
		assert_noop!(enrol(102, certificate.clone(), ak.clone()), Error::<Test>::EkInUse);
		assert_ok!(Registry::exit(signed(1)));
		assert_ok!(enrol(102, certificate, ak));
	});
}

/// Returns the TPMT_PUBLIC of a restricted RSA signing key that is fixed to its TPM.
fn rsa_ak(bits: u16, exponent: u32) -> Vec<u8> {
	let modulus = vec![0xff; usize::from(bits) / 8];
	[
		// RSA, name algorithm SHA-256. Attributes: fixedTPM, fixedParent, sensitiveDataOrigin,
		// userWithAuth, restricted, sign.
		&[0x00, 0x01, 0x00, 0x0b, 0x00, 0x05, 0x00, 0x72][..],
		// No policy, no symmetric cipher; RSASSA with SHA-256.
		&[0x00, 0x00, 0x00, 0x10, 0x00, 0x14, 0x00, 0x0b],
		&bits.to_be_bytes(),
		&exponent.to_be_bytes(),
		&(modulus.len() as u16).to_be_bytes(),
		&modulus,
	]
	.concat()
}

#[test]
fn untrusted_ek_or_ak_is_refused() {
	let (Some(certificate), Some(ak)) = (tpm::ek_certificate(), tpm::ak()) else { return };
	run(|| {
		registered(1);
		assert_noop!(enrol(109, certificate.clone(), ak.clone()), Error::<Test>::NotHotKey);
		let mut altered = certificate.clone();
		altered[200] ^= 1;
		assert_noop!(enrol(101, altered, ak.clone()), Error::<Test>::EkRefused);
		assert_noop!(enrol(101, vec![], ak.clone()), Error::<Test>::EkRefused);
		let mut unrestricted = ak.clone();
		// TPMA_OBJECT is at 4..8; RESTRICTED is bit 16.
		unrestricted[5] &= !1;
		assert_noop!(enrol(101, certificate.clone(), unrestricted), Error::<Test>::AkRefused);
		assert_noop!(enrol(101, certificate.clone(), ak[1..].to_vec()), Error::<Test>::AkRefused);
		for (bits, exponent) in [(3072, 0), (4096, 0), (2048, 3), (2048, 0x8000_0001)] {
			let key = rsa_ak(bits, exponent);
			assert_noop!(enrol(101, certificate.clone(), key), Error::<Test>::AkRefused);
		}
		Active::set(vec![]);
		for exponent in [0, 65_537] {
			let key = rsa_ak(2048, exponent);
			assert_noop!(enrol(101, certificate.clone(), key), Error::<Test>::NoCommittee);
		}
		assert_noop!(enrol(101, certificate.clone(), ak.clone()), Error::<Test>::NoCommittee);
		Roots::set(vec![]);
		assert_noop!(enrol(101, certificate, ak), Error::<Test>::EkRefused);
	});
}

#[test]
fn answer_fails_after_half_time() {
	enrolling(|| {
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		let answers = [right_answer(0), right_answer(1), right_answer(2)];
		Now::set(2 + ENROLMENT / 2);
		assert_noop!(answer(&answers), Error::<Test>::NoEnrolment);
		Now::set(1 + ENROLMENT / 2);
		assert_ok!(answer(&answers));
	});
}

#[test]
fn re_enrolled_tpm_leaves_chips_unchanged() {
	enrolling(|| {
		let prove = || {
			for validator in 201..=203 {
				assert_ok!(post(validator));
			}
			assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2)]));
			for validator in 201..=203 {
				assert_ok!(reveal(validator));
			}
		};
		prove();
		let (certificate, ak) = (
			tpm::ek_certificate().expect("the test vectors exist"),
			tpm::ak().expect("the test vectors exist"),
		);
		assert_ok!(enrol(101, certificate, ak));
		prove();
		assert_eq!(
			Chips::get(),
			[(CHIP, Some(account(1)))],
			"the chip is reported ready only once"
		);
		assert_eq!(Registry::standing(account(1)), Some(Standing::Ready));
	});
}

/// Lets the enrolment expire and begins another one. Returns the service that the chain then
/// records, with the numbers of the validators.
fn service_after_expiry() -> Vec<(u8, VoteService)> {
	Now::mutate(|now| *now += ENROLMENT + 1);
	let (certificate, ak) = (tpm::ek_certificate(), tpm::ak());
	assert_ok!(enrol(
		101,
		certificate.expect("the test vectors exist"),
		ak.expect("the test vectors exist")
	));
	served()
}

/// Returns the recorded service, with the numbers of the validators.
fn served() -> Vec<(u8, VoteService)> {
	let all = Served::get();
	assert_eq!(all.len(), 1, "service is recorded once");
	let number = |who: &sp_runtime::AccountId32| {
		let bytes: &[u8; 32] = who.as_ref();
		bytes[0]
	};
	all[0].iter().map(|(who, service)| (number(who), *service)).collect()
}

#[test]
fn members_without_credential_are_absent() {
	enrolling(|| {
		assert_ok!(post(201));
		assert_ok!(post(202));
		let (voted, absent) = (VoteService::Voted, VoteService::Absent);
		let wanted = [(201, voted), (202, voted), (203, absent), (204, absent)];
		assert_eq!(service_after_expiry(), wanted);
	});
}

#[test]
fn members_without_seed_after_answer_are_absent() {
	enrolling(|| {
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2)]));
		assert_ok!(reveal(201));
		assert_ok!(reveal(202));
		let (voted, absent) = (VoteService::Voted, VoteService::Absent);
		let wanted = [(201, voted), (202, voted), (203, absent), (204, absent)];
		assert_eq!(service_after_expiry(), wanted);
	});
}

#[test]
fn wrong_answer_excuses_members_without_credential() {
	enrolling(|| {
		for validator in 201..=203 {
			assert_ok!(post(validator));
		}
		assert_ok!(answer(&[right_answer(0), right_answer(1), (2, [0; 32])]));
		assert_ok!(reveal(201));
		assert_ok!(reveal(203));
		let (voted, absent) = (VoteService::Voted, VoteService::Absent);
		assert_eq!(service_after_expiry(), [(201, voted), (202, absent), (203, voted)]);
	});
}

#[test]
fn completed_enrolment_excuses_others() {
	enrolling(|| {
		assert_ok!(post(204));
		complete();
		let voted = VoteService::Voted;
		assert_eq!(served(), [(201, voted), (202, voted), (203, voted)]);
	});
}
