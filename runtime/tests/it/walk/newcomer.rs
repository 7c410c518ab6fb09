//! A miner that repeatedly enrols its TPM, with the certificate of a real TPM. Workers post
//! credentials, and some credentials are false.

use std::sync::OnceLock;

use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{credential_secret, make_credential, seed_hash, verify_ek, AttestationKey},
};
use hcc_evidence_testing::{tpm, GENESIS};
use pallet_registry::CredentialBytes;

use super::*;

/// Returns the account of the miner that owns the TPM.
pub(super) fn newcomer() -> AccountId {
	AccountId::new([0x99; 32])
}

fn origin() -> RuntimeOrigin {
	RuntimeOrigin::signed(newcomer())
}

fn registered() -> bool {
	Registry::miner(newcomer()).is_some_and(|row| row.withdrawable.is_none())
}

/// Returns the seed of a validator's honest credential. If `honest` is false, returns another seed,
/// for a false credential.
fn seed(who: u8, honest: bool) -> [u8; 32] {
	[if honest { who } else { who | 0x80 }; 32]
}

/// Returns the authority that certified the TPM.
pub(super) fn authority() -> Vec<u8> {
	tpm::ca()
}

/// Returns the honest credential of a validator. It is made only once, because it never changes.
fn posted_by(who: u8) -> Option<CredentialBytes> {
	static MADE: OnceLock<Vec<Option<CredentialBytes>>> = OnceLock::new();
	let validators = 0..VALIDATORS.len() as u8;
	let made = MADE.get_or_init(|| validators.map(|who| credential(&seed(who, true))).collect());
	made[usize::from(who)].clone()
}

/// Returns the credential that a worker makes from a seed.
fn credential(seed: &[u8; 32]) -> Option<CredentialBytes> {
	let certificate = tpm::ek_certificate()?;
	let key = verify_ek::<RustCrypto>(&certificate, &[], &[tpm::ca()], LATER)
		.expect("the certificate is valid");
	let public = AttestationKey::from_tpmt_public(&tpm::ak()?).expect("the key parses");
	let name = public.name.expect("a public area has a name");
	let made = make_credential(&GENESIS, seed, &key, &name).expect("the credential can be made");
	Some(CredentialBytes {
		id_object: made.id_object.try_into().expect("it fits"),
		encrypted_secret: made.encrypted_secret.try_into().expect("it fits"),
	})
}

/// Registers the miner if necessary, and opens an enrolment if none is open.
pub(super) fn begin() -> DispatchResult {
	if !registered() {
		let _ = Registry::withdraw(origin());
		let bond = Registry::rules().min_bond;
		Registry::register(origin(), bond, newcomer(), Default::default())?;
	}
	let Some((certificate, ak)) = tpm::ek_certificate().zip(tpm::ak()) else { return Ok(()) };
	let (certificate, ak) =
		(certificate.try_into().expect("it fits"), ak.try_into().expect("it fits"));
	Registry::enrol_tpm(origin(), newcomer(), certificate, Default::default(), ak)
}

/// Posts the credential of a validator. A false credential states the hash of another seed.
pub(super) fn post(who: u8, honest: bool) -> DispatchResult {
	let who = who % VALIDATORS.len() as u8;
	let Some(credential) = posted_by(who) else { return Ok(()) };
	let hash = seed_hash(&GENESIS, &seed(who, honest));
	let validator = VALIDATORS[usize::from(who)];
	let origin = RuntimeOrigin::signed(worker(validator));
	Registry::post_credential(origin, validator.to_account_id(), newcomer(), hash, credential)
		.map(|_| ())
		.map_err(|error| error.error)
}

/// Answers all posted credentials.
pub(super) fn answer() -> DispatchResult {
	let Some(open) = pallet_registry::Enrolments::<Runtime>::get(newcomer()) else { return Ok(()) };
	let posted = open.committee.iter().enumerate().filter(|(_, member)| member.posted.is_some());
	let answers: Vec<_> = posted
		.filter_map(|(number, member)| {
			let is = |who: &Sr25519Keyring| who.to_account_id() == member.validator;
			let who = VALIDATORS.iter().position(is)? as u8;
			Some((number as u8, credential_secret(&GENESIS, &seed(who, true))))
		})
		.collect();
	Registry::answer_credentials(origin(), newcomer(), answers.try_into().expect("they fit"))
}

/// Reveals the seed of a validator.
pub(super) fn reveal(who: u8, honest: bool) -> DispatchResult {
	let who = who % VALIDATORS.len() as u8;
	let validator = VALIDATORS[usize::from(who)];
	let origin = RuntimeOrigin::signed(worker(validator));
	Registry::reveal_seed(origin, validator.to_account_id(), newcomer(), seed(who, honest))
		.map(|_| ())
		.map_err(|error| error.error)
}

pub(super) fn leave() -> DispatchResult {
	Registry::exit(origin())
}

/// Returns `true` if a validator has posted a false credential.
fn posted_false_seed(who: u8) -> bool {
	let hash = seed_hash(&GENESIS, &seed(who % VALIDATORS.len() as u8, false));
	let open = pallet_registry::Enrolments::<Runtime>::get(newcomer());
	open.into_iter()
		.flat_map(|open| open.committee)
		.filter_map(|member| member.posted)
		.any(|posted| posted.seed_hash == hash)
}

/// Runs a random step of the enrolment. One credential in sixteen is false, and its validator
/// reveals the false seed.
pub(super) fn work(random: &[u8; 32]) {
	let who = random[11];
	let _ = match random[10] % 8 {
		0 => begin(),
		1..4 => post(who, who >= 16),
		4 => answer(),
		_ => reveal(who, !posted_false_seed(who)),
	};
}

/// Two of four validators post no credentials, so no enrolment succeeds. The other two validators
/// post credentials.
#[test]
fn silent_members_of_enrolments_lose_as_absent_ones() {
	use pallet_validators::MIN_ASKED;

	if tpm::ek_certificate().zip(tpm::ak()).is_none() {
		return;
	}
	run(|_| {
		endow(&newcomer());
		pallet_timestamp::Now::<Runtime>::put(LATER.0 * 1_000);
		let vendors = vec![authority().try_into().expect("it fits")];
		let vendors = vendors.try_into().expect("it fits");
		assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), Some(vendors)));
		let before = VALIDATORS.map(bond);
		for _ in 0..MIN_ASKED {
			assert_ok!(begin());
			assert_ok!(post(0, true));
			assert_ok!(post(1, true));
			blocks(Registry::rules().enrolment + 1);
		}
		assert_ok!(leave());
		let duty = |validator: Sr25519Keyring| Validators::duty(validator.to_account_id());
		let served = VALIDATORS.map(|validator| duty(validator).map(|of| (of.asked, of.voted)));
		let (all, none) = (Some((MIN_ASKED, MIN_ASKED)), Some((MIN_ASKED, 0)));
		assert_eq!(served, [all, all, none, none]);
		Session::rotate_session();
		let lost = |bond: Balance| Validators::rules().absent_loss.mul_floor(bond);
		assert!(lost(before[2]) > 0);
		assert_eq!(
			VALIDATORS.map(bond),
			[before[0], before[1], before[2] - lost(before[2]), before[3] - lost(before[3])]
		);
	});
}
