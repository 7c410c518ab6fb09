//! A miner that enrols its TPM again and again: a real one's certificate, credentials as workers make them, now and then a false one.

use std::sync::OnceLock;

use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{credential_secret, make_credential, seed_hash, verify_ek, AttestationKey},
};
use pallet_registry::CredentialBytes;

use super::*;
use crate::tests::machine::GENESIS;

/// Whoever has the TPM.
pub(super) fn newcomer() -> AccountId {
	AccountId::new([0x99; 32])
}

fn origin() -> RuntimeOrigin {
	RuntimeOrigin::signed(newcomer())
}

fn registered() -> bool {
	Registry::miner(newcomer()).is_some_and(|row| row.withdrawable.is_none())
}

/// The seed of a validator's credential for the enrolment that is open, and one that it is not.
fn seed(who: u8, honest: bool) -> [u8; 32] {
	[if honest { who } else { who | 0x80 }; 32]
}

/// The authority that certified the TPM.
pub(super) fn authority() -> Vec<u8> {
	tpm::ca()
}

/// What a validator posts that is honest, made once: it is the same each time.
fn posted_by(who: u8) -> Option<CredentialBytes> {
	static MADE: OnceLock<Vec<Option<CredentialBytes>>> = OnceLock::new();
	let validators = 0..VALIDATORS.len() as u8;
	let made = MADE.get_or_init(|| validators.map(|who| credential(&seed(who, true))).collect());
	made[usize::from(who)].clone()
}

/// What a worker posts that has drawn that seed.
fn credential(seed: &[u8; 32]) -> Option<CredentialBytes> {
	let certificate = tpm::ek_certificate()?;
	let key = verify_ek::<RustCrypto>(&certificate, &[], &[tpm::ca()], LATER).expect("it holds");
	let public = AttestationKey::from_tpmt_public(&tpm::ak()?).expect("a key");
	let name = public.name.expect("of a public area");
	let made = make_credential(&GENESIS, seed, &key, &name).expect("it can be made");
	Some(CredentialBytes {
		id_object: made.id_object.try_into().expect("short"),
		encrypted_secret: made.encrypted_secret.try_into().expect("short"),
	})
}

/// Registers, where it is no miner, and opens an enrolment, where none is open.
pub(super) fn begin() -> DispatchResult {
	if !registered() {
		let _ = Registry::withdraw(origin());
		let bond = Registry::rules().min_bond;
		Registry::register(origin(), bond, newcomer(), Default::default())?;
	}
	let Some((certificate, ak)) = tpm::ek_certificate().zip(tpm::ak()) else { return Ok(()) };
	let certificate = certificate.try_into().expect("short");
	Registry::enrol_tpm(origin(), certificate, Default::default(), ak.try_into().expect("short"))
}

/// A validator posts a credential; one that is not honest tells the hash of another seed than it was made by.
pub(super) fn post(who: u8, honest: bool) -> DispatchResult {
	let who = who % VALIDATORS.len() as u8;
	let Some(credential) = posted_by(who) else { return Ok(()) };
	let hash = seed_hash(&GENESIS, &seed(who, honest));
	let worker = RuntimeOrigin::signed(worker(VALIDATORS[usize::from(who)]));
	Registry::post_credential(worker, newcomer(), hash, credential)
		.map(|_| ())
		.map_err(|error| error.error)
}

/// Tells what the TPM has found in all that was posted.
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
	Registry::answer_credentials(origin(), answers.try_into().expect("few"))
}

/// A validator reveals the seed whose hash it has told.
pub(super) fn reveal(who: u8, honest: bool) -> DispatchResult {
	let who = who % VALIDATORS.len() as u8;
	let worker = RuntimeOrigin::signed(worker(VALIDATORS[usize::from(who)]));
	Registry::reveal_seed(worker, newcomer(), seed(who, honest))
		.map(|_| ())
		.map_err(|error| error.error)
}

pub(super) fn leave() -> DispatchResult {
	Registry::exit(origin())
}

/// Whether what a validator has posted is false.
fn has_lied(who: u8) -> bool {
	let hash = seed_hash(&GENESIS, &seed(who % VALIDATORS.len() as u8, false));
	let open = pallet_registry::Enrolments::<Runtime>::get(newcomer());
	open.into_iter()
		.flat_map(|open| open.committee)
		.filter_map(|member| member.posted)
		.any(|posted| posted.seed_hash == hash)
}

/// One thing after the other, each by whose turn it may be. One credential of sixteen is false, and whoever has posted it stands by it.
pub(super) fn work(chance: &[u8; 32]) {
	let who = chance[11];
	let _ = match chance[10] % 8 {
		0 => begin(),
		1..4 => post(who, who >= 16),
		4 => answer(),
		_ => reveal(who, !has_lied(who)),
	};
}
