//! Credentials, activated as a TPM does it: in software, with the private keys that a TPM would never show.

use aes::Aes128;
use cfb_mode::cipher::{AsyncStreamCipher, KeyIvInit};
use hcc_evidence::{
	crypto::{P256Key, RsaKey},
	tpm::{
		credential_secret, make_credential, seed_hash, Credential, CredentialSeed, EndorsementKey,
	},
	RejectCode,
};
use hmac::{Hmac, Mac};
use rsa::{traits::PublicKeyParts, Oaep, RsaPrivateKey};
use sha2::{Digest, Sha256};

const GENESIS: [u8; 32] = [0x47; 32];
const SEED: CredentialSeed = [0x5e; 32];
const AK_NAME: &[u8] = &[0x00, 0x0b, 1, 2, 3, 4, 5, 6, 7, 8];

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
	let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("any length");
	parts.iter().for_each(|part| mac.update(part));
	mac.finalize().into_bytes().to_vec()
}

/// The body of a TPM2B and what follows it.
fn tpm2b(bytes: &[u8]) -> (&[u8], &[u8]) {
	let len = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
	bytes[2..].split_at(len)
}

/// TPM2_ActivateCredential, once the TPM has its seed.
fn activate(seed: &[u8], credential: &Credential, ak_name: &[u8]) -> Result<Vec<u8>, &'static str> {
	let (object, rest) = tpm2b(&credential.id_object);
	assert!(rest.is_empty());
	let (mac, identity) = tpm2b(object);
	let one = 1u32.to_be_bytes();
	let mac_key = hmac(seed, &[&one, b"INTEGRITY", &[0], &256u32.to_be_bytes()]);
	if hmac(&mac_key, &[identity, ak_name]) != mac {
		return Err("TPM_RC_INTEGRITY");
	}
	let key = hmac(seed, &[&one, b"STORAGE", &[0], ak_name, &128u32.to_be_bytes()]);
	let mut identity = identity.to_vec();
	let key: [u8; 16] = key[..16].try_into().expect("16 bytes");
	cfb_mode::Decryptor::<Aes128>::new(&key.into(), &[0; 16].into()).decrypt(&mut identity);
	let (secret, rest) = tpm2b(&identity);
	assert!(rest.is_empty());
	Ok(secret.to_vec())
}

fn rsa_ek() -> (RsaPrivateKey, EndorsementKey) {
	let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a key");
	let public = RsaKey { modulus: key.n().to_bytes_be(), exponent: 65_537 };
	(key, EndorsementKey::Rsa2048(public))
}

fn rsa_seed(key: &RsaPrivateKey, credential: &Credential) -> Vec<u8> {
	let (sealed, rest) = tpm2b(&credential.encrypted_secret);
	assert!(rest.is_empty());
	let padding = Oaep::new_with_label::<Sha256, _>("IDENTITY\0");
	key.decrypt(padding, sealed).expect("sealed to this key")
}

#[test]
fn an_rsa_tpm_reads_the_secret() {
	let (private, public) = rsa_ek();
	let credential = make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("made");
	let seed = rsa_seed(&private, &credential);
	let secret = activate(&seed, &credential, AK_NAME).expect("activated");
	assert_eq!(secret, credential_secret(&GENESIS, &SEED));
}

#[test]
fn an_ecc_tpm_reads_the_secret() {
	let private = p256::SecretKey::from_slice(&[0x11; 32]).expect("a scalar");
	let point = p256::Sec1Point::from(private.public_key());
	let coordinate = |bytes: Option<&p256::FieldBytes>| (*bytes.expect("a point")).into();
	let public =
		EndorsementKey::P256(P256Key { x: coordinate(point.x()), y: coordinate(point.y()) });
	let credential = make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("made");

	let (ephemeral, rest) = tpm2b(&credential.encrypted_secret);
	assert!(rest.is_empty());
	let (x, rest) = tpm2b(ephemeral);
	let (y, rest) = tpm2b(rest);
	assert!(rest.is_empty());
	let ephemeral = [&[4], x, y].concat();
	let ephemeral = p256::PublicKey::from_sec1_bytes(&ephemeral).expect("a point");
	let shared = p256::ecdh::diffie_hellman(private.to_nonzero_scalar(), ephemeral.as_affine());
	let seed = Sha256::new()
		.chain_update(1u32.to_be_bytes())
		.chain_update(shared.raw_secret_bytes())
		.chain_update(b"IDENTITY\0")
		.chain_update(x)
		.chain_update(point.x().expect("a point"))
		.finalize();
	let secret = activate(&seed, &credential, AK_NAME).expect("activated");
	assert_eq!(secret, credential_secret(&GENESIS, &SEED));
}

#[test]
fn another_attestation_key_gets_nothing() {
	let (private, public) = rsa_ek();
	let credential = make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("made");
	let seed = rsa_seed(&private, &credential);
	let other = [AK_NAME, &[0]].concat();
	assert_eq!(activate(&seed, &credential, &other), Err("TPM_RC_INTEGRITY"));
}

#[test]
fn a_credential_can_be_made_again_from_its_seed_and_from_no_other() {
	let (_, public) = rsa_ek();
	let credential = make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("made");
	assert_eq!(make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("made"), credential);
	let other = make_credential(&GENESIS, &[0; 32], &public, AK_NAME).expect("made");
	assert_ne!(other.id_object, credential.id_object);
	assert_ne!(other.encrypted_secret, credential.encrypted_secret);
	let elsewhere = make_credential(&[0; 32], &SEED, &public, AK_NAME).expect("made");
	assert_ne!(elsewhere, credential);
}

#[test]
fn the_hash_of_a_seed_tells_nothing_of_its_secret() {
	assert_ne!(seed_hash(&GENESIS, &SEED), credential_secret(&GENESIS, &SEED));
	assert_ne!(seed_hash(&GENESIS, &SEED), seed_hash(&[0; 32], &SEED));
}

#[test]
fn a_key_that_is_no_point_is_refused() {
	let nonsense = EndorsementKey::P256(P256Key { x: [1; 32], y: [2; 32] });
	let refused = make_credential(&GENESIS, &SEED, &nonsense, AK_NAME).expect_err("no point");
	assert_eq!(refused.code, RejectCode::EkKind);
	let nonsense = EndorsementKey::Rsa2048(RsaKey { modulus: vec![0x80; 256], exponent: 2 });
	let refused = make_credential(&GENESIS, &SEED, &nonsense, AK_NAME).expect_err("no key");
	assert_eq!(refused.code, RejectCode::EkKind);
}
