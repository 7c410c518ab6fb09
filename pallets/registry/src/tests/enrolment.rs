//! Credential activation, with a real TPM's certificate and key. What the TPM would find in a credential follows from its seed.

use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{
		credential_secret, make_credential, seed_hash, verify_ek, AttestationKey, Credential,
		CredentialSecret, EndorsementKey,
	},
	UnixSeconds,
};
use hcc_primitives::{
	mock::{Active, Chips, Distrusted, Now, Roots, Slashed},
	Miners as _,
};
use sp_io::hashing::blake2_256;

use crate::{mock::*, tests::tpm, *};

const CHIP: [u8; 32] = [0xc1; 32];

fn genesis() -> [u8; 32] {
	hcc_primitives::genesis::<Test>()
}

fn seed(validator: u8) -> [u8; 32] {
	[validator; 32]
}

fn enrol(hot: u8, certificate: Vec<u8>, ak: Vec<u8>) -> DispatchResult {
	let certificate = certificate.try_into().expect("short");
	Registry::enrol_tpm(signed(hot), certificate, Default::default(), ak.try_into().expect("short"))
}

fn endorsement_key() -> EndorsementKey {
	let der = tpm::ek_certificate().expect("there are vectors");
	verify_ek::<RustCrypto>(&der, &[], &[tpm::ca()], UnixSeconds(NOW / 1_000)).expect("it holds")
}

fn bytes(credential: Credential) -> CredentialBytes {
	CredentialBytes {
		id_object: credential.id_object.try_into().expect("short"),
		encrypted_secret: credential.encrypted_secret.try_into().expect("short"),
	}
}

fn credential(of: u8) -> CredentialBytes {
	let ak =
		AttestationKey::from_tpmt_public(&tpm::ak().expect("there are vectors")).expect("a key");
	let name = ak.name.expect("of a public area");
	bytes(make_credential(&genesis(), &seed(of), &endorsement_key(), &name).expect("a key"))
}

fn post(validator: u8) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let hash = seed_hash(&genesis(), &seed(validator));
	Registry::post_credential(signed(validator), account(1), hash, credential(validator))
}

fn answer(answers: &[(u8, CredentialSecret)]) -> DispatchResult {
	Registry::answer_credentials(signed(101), answers.to_vec().try_into().expect("few"))
}

fn right_answer(number: u8) -> (u8, CredentialSecret) {
	(number, credential_secret(&genesis(), &seed(201 + number)))
}

fn reveal(validator: u8) -> frame_support::dispatch::DispatchResultWithPostInfo {
	Registry::reveal_seed(signed(validator), account(1), seed(validator))
}

/// Three of the four validators convey their credentials, and the TPM opens them: enough for it to be enrolled.
fn complete() {
	for validator in 201..=203 {
		assert_ok!(post(validator));
	}
	assert_ok!(answer(&[right_answer(0), right_answer(1), right_answer(2)]));
	for validator in 201..=203 {
		assert_ok!(reveal(validator));
	}
}

/// Runs a test with miner 1, its chip, and an enrolment of its TPM. Skips it where there are no vectors.
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
fn a_tpm_that_opens_more_than_two_thirds_is_enrolled() {
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
		assert_eq!(enrolled.ak.to_vec(), tpm::ak().expect("there are vectors"));
		assert_noop!(reveal(204), Error::<Test>::NoEnrolment);
		assert_ok!(Registry::add_chip(signed(1), [2; 32]));
		assert_eq!(Chips::get().len(), 2, "a chip that comes later is ready at once");
	});
}

#[test]
fn a_tpm_is_genuine_as_long_as_its_vendors_root_is_trusted() {
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
fn three_of_four_are_enough_and_two_are_not() {
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
fn wrong_answers_prove_nothing() {
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
			Event::CredentialShown { miner: account(1), validator: account(203), proven: false }
				.into(),
		);
	});
}

/// Whoever knows a seed knows the secret without a TPM: it takes more than two thirds of the committee to leak theirs.
#[test]
fn a_validator_that_leaks_its_secret_enrols_nobody() {
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
					Event::CredentialShown { miner, validator, proven }.into(),
				);
			}
			assert!(!Tpms::<Test>::contains_key(account(1)), "{leaked} of four are not enough");
			assert_eq!(Registry::standing(account(1)), Some(Standing::WithoutTpm));
			assert!(Chips::get().is_empty(), "nobody must answer for the chip");
		});
	}
}

#[test]
fn a_credential_that_does_not_follow_from_its_seed_counts_for_nobody() {
	enrolling(|| {
		let hash = seed_hash(&genesis(), &seed(201));
		// Made from another seed than the one whose hash is posted.
		assert_ok!(Registry::post_credential(signed(201), account(1), hash, credential(99)));
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
		assert_eq!(Slashed::get(), vec![(account(201), None)], "the two others showed true ones");
	});
}

#[test]
fn each_step_has_its_turn() {
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
		let wrong = Registry::reveal_seed(signed(201), account(1), [9; 32]);
		assert_noop!(wrong, Error::<Test>::SeedMismatch);
		assert_ok!(reveal(201));
		assert_noop!(reveal(201), Error::<Test>::SeedKnown);
	});
}

#[test]
fn an_enrolment_ends_with_its_deadline_and_can_be_begun_again() {
	enrolling(|| {
		let (certificate, ak) = (tpm::ek_certificate().expect("there"), tpm::ak().expect("there"));
		assert_noop!(enrol(101, certificate.clone(), ak.clone()), Error::<Test>::EnrolmentOpen);
		Now::set(1 + ENROLMENT);
		assert_ok!(post(201));
		Now::set(2 + ENROLMENT);
		assert_noop!(post(202), Error::<Test>::NoEnrolment);
		assert_ok!(enrol(101, certificate, ak));
	});
}

#[test]
fn one_tpm_is_one_miners() {
	enrolling(|| {
		complete();
		registered(2);
		let (certificate, ak) = (tpm::ek_certificate().expect("there"), tpm::ak().expect("there"));
		assert_noop!(enrol(102, certificate.clone(), ak.clone()), Error::<Test>::EkInUse);
		assert_ok!(Registry::exit(signed(1)));
		assert_ok!(enrol(102, certificate, ak));
	});
}

/// TPMT_PUBLIC of a restricted signing key of RSA that never leaves its TPM.
fn rsa_ak(bits: u16, exponent: u32) -> Vec<u8> {
	let modulus = vec![0xff; usize::from(bits) / 8];
	[
		// RSA, named by SHA-256; fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign.
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
fn a_tpm_without_a_vendor_or_with_another_key_is_refused() {
	let (Some(certificate), Some(ak)) = (tpm::ek_certificate(), tpm::ak()) else { return };
	run(|| {
		registered(1);
		assert_noop!(enrol(109, certificate.clone(), ak.clone()), Error::<Test>::NotRegistered);
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
fn an_answer_leaves_the_validators_half_of_the_time() {
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
fn the_same_tpm_once_more_changes_nothing_for_its_chips() {
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
		let (certificate, ak) = (tpm::ek_certificate().expect("there"), tpm::ak().expect("there"));
		assert_ok!(enrol(101, certificate, ak));
		prove();
		assert_eq!(Chips::get(), [(CHIP, Some(account(1)))], "told once");
		assert_eq!(Registry::standing(account(1)), Some(Standing::Ready));
	});
}
