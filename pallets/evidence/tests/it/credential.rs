//! Activation of credentials with an independent implementation of TPM2_ActivateCredential. The
//! implementation has the private keys, which a TPM never reveals.

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

/// Splits bytes into the body of a TPM2B and the rest.
fn tpm2b(bytes: &[u8]) -> (&[u8], &[u8]) {
	let len = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
	bytes[2..].split_at(len)
}

/// The part of TPM2_ActivateCredential after the decryption of the seed.
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
	key.decrypt(padding, sealed).expect("the seed is encrypted to this key")
}

#[test]
fn rsa_tpm_decrypts_secret() {
	let (private, public) = rsa_ek();
	let credential =
		make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("a credential is made");
	let seed = rsa_seed(&private, &credential);
	let secret = activate(&seed, &credential, AK_NAME).expect("the credential is activated");
	assert_eq!(secret, credential_secret(&GENESIS, &SEED));
}

#[test]
fn ecc_tpm_decrypts_secret() {
	let private = p256::SecretKey::from_slice(&[0x11; 32]).expect("a scalar");
	let point = p256::Sec1Point::from(private.public_key());
	let coordinate = |bytes: Option<&p256::FieldBytes>| (*bytes.expect("a point")).into();
	let public =
		EndorsementKey::P256(P256Key { x: coordinate(point.x()), y: coordinate(point.y()) });
	let credential =
		make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("a credential is made");

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
	let secret = activate(&seed, &credential, AK_NAME).expect("the credential is activated");
	assert_eq!(secret, credential_secret(&GENESIS, &SEED));
}

#[test]
fn activation_fails_for_other_ak() {
	let (private, public) = rsa_ek();
	let credential =
		make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("a credential is made");
	let seed = rsa_seed(&private, &credential);
	let other = [AK_NAME, &[0]].concat();
	assert_eq!(activate(&seed, &credential, &other), Err("TPM_RC_INTEGRITY"));
}

#[test]
fn credential_is_reproducible_from_its_seed_only() {
	let (_, public) = rsa_ek();
	let credential =
		make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("a credential is made");
	assert_eq!(
		make_credential(&GENESIS, &SEED, &public, AK_NAME).expect("a credential is made"),
		credential
	);
	let other =
		make_credential(&GENESIS, &[0; 32], &public, AK_NAME).expect("a credential is made");
	assert_ne!(other.id_object, credential.id_object);
	assert_ne!(other.encrypted_secret, credential.encrypted_secret);
	let elsewhere =
		make_credential(&[0; 32], &SEED, &public, AK_NAME).expect("a credential is made");
	assert_ne!(elsewhere, credential);
}

#[test]
fn seed_hash_differs_from_secret() {
	assert_ne!(seed_hash(&GENESIS, &SEED), credential_secret(&GENESIS, &SEED));
	assert_ne!(seed_hash(&GENESIS, &SEED), seed_hash(&[0; 32], &SEED));
}

#[test]
fn credential_rejects_invalid_ek() {
	let invalid = EndorsementKey::P256(P256Key { x: [1; 32], y: [2; 32] });
	let refused =
		make_credential(&GENESIS, &SEED, &invalid, AK_NAME).expect_err("not a point on the curve");
	assert_eq!(refused.code, RejectCode::EkKind);
	let invalid = EndorsementKey::Rsa2048(RsaKey { modulus: vec![0x80; 256], exponent: 2 });
	let refused = make_credential(&GENESIS, &SEED, &invalid, AK_NAME).expect_err("not a valid key");
	assert_eq!(refused.code, RejectCode::EkKind);
}
