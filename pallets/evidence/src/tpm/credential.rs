//! Credentials: secrets that only the TPM with a certain endorsement key can read, and only for a certain attestation key in the same TPM.
//!
//! Source: TCG, TPM library part 1, chapter 24 ("Credential Protection") and appendices B.10 and C.6.
//!
//! All randomness of a credential follows from a seed. Whoever makes one posts the seed's hash with it, and reveals the seed once it was
//! answered: then everybody can make it again and see that it was sound.

use alloc::vec::Vec;

use aes::Aes128;
use cfb_mode::cipher::{AsyncStreamCipher, KeyIvInit};
use hmac::{Hmac, Mac};
use p256::{
	elliptic_curve::{
		ops::Reduce,
		sec1::{FromSec1Point, ToSec1Point},
	},
	FieldBytes, NonZeroScalar, PublicKey, Scalar, Sec1Point,
};
use rsa::{
	rand_core::{CryptoRng, Error as RandError, RngCore},
	BigUint, Oaep, RsaPublicKey,
};
use sha2::{Digest, Sha256};

use super::EndorsementKey;
use crate::{domain, Check, RejectCode, Rejection};

/// What a credential is made from.
pub type CredentialSeed = [u8; 32];
/// What a credential conveys.
pub type CredentialSecret = [u8; 32];

/// The label of the seed's encryption, with its closing zero.
const IDENTITY: &str = "IDENTITY\0";

/// A credential as TPM2_ActivateCredential takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct Credential {
	/// TPM2B_ID_OBJECT.
	pub id_object: Vec<u8>,
	/// TPM2B_ENCRYPTED_SECRET.
	pub encrypted_secret: Vec<u8>,
}

/// What follows from a seed. Each use has its own number, so that none tells anything of another.
#[derive(Clone, Copy)]
enum Use {
	Hash = 0,
	Secret = 1,
	TpmSeed = 2,
	OaepSalt = 3,
	EphemeralKey = 4,
}

fn derive(genesis: &[u8; 32], seed: &CredentialSeed, to: Use) -> [u8; 32] {
	let mut hasher = Sha256::new();
	for part in [&domain::CREDENTIAL[..], genesis, &[to as u8], seed] {
		hasher.update(part);
	}
	hasher.finalize().into()
}

/// The hash of the seed, which is posted with the credential.
pub fn seed_hash(genesis: &[u8; 32], seed: &CredentialSeed) -> [u8; 32] {
	derive(genesis, seed, Use::Hash)
}

/// The secret that the credential of this seed conveys.
pub fn credential_secret(genesis: &[u8; 32], seed: &CredentialSeed) -> CredentialSecret {
	derive(genesis, seed, Use::Secret)
}

/// Makes the credential of that seed for the attestation key of that name. The same inputs give the same bytes.
///
/// ## Errors
/// [`RejectCode::EkKind`]: the endorsement key is no point of its curve, or no RSA key.
pub fn make_credential(
	genesis: &[u8; 32],
	seed: &CredentialSeed,
	ek: &EndorsementKey,
	ak_name: &[u8],
) -> Check<Credential> {
	let (tpm_seed, encrypted_secret) = match ek {
		EndorsementKey::Rsa2048(key) => {
			let tpm_seed = derive(genesis, seed, Use::TpmSeed);
			let salt = Salt(derive(genesis, seed, Use::OaepSalt));
			let key = RsaPublicKey::new(
				BigUint::from_bytes_be(&key.modulus),
				BigUint::from(key.exponent),
			)
			.map_err(|_| bad_key())?;
			let padding = Oaep::new_with_label::<Sha256, _>(IDENTITY);
			let sealed = key.encrypt(&mut { salt }, padding, &tpm_seed).map_err(|_| bad_key())?;
			(tpm_seed, tpm2b(&[&sealed]))
		},
		EndorsementKey::P256(key) => {
			let point = Sec1Point::from_affine_coordinates(&key.x.into(), &key.y.into(), false);
			let ek = Option::<PublicKey>::from(PublicKey::from_sec1_point(&point))
				.ok_or_else(bad_key)?;
			ephemeral(&ek, derive(genesis, seed, Use::EphemeralKey))?
		},
	};
	let secret = credential_secret(genesis, seed);
	let mut identity = tpm2b(&[&secret]);
	let key = kdfa(&tpm_seed, b"STORAGE", ak_name, 128);
	let key: [u8; 16] = key.first_chunk().copied().unwrap_or_default();
	cfb_mode::Encryptor::<Aes128>::new(&key.into(), &[0; 16].into()).encrypt(&mut identity);
	let mac_key = kdfa(&tpm_seed, b"INTEGRITY", &[], 256);
	let mac = hmac_sha256(&mac_key, &[&identity, ak_name]);
	Ok(Credential { id_object: tpm2b(&[&tpm2b(&[&mac]), &identity]), encrypted_secret })
}

fn bad_key() -> Rejection {
	Rejection::new(RejectCode::EkKind, "endorsement key", "no such key", "RSA-2048 or P-256")
}

/// The TPM's seed by agreement with a key of one use, and that key's point: TPMS_ECC_POINT in a TPM2B.
fn ephemeral(ek: &PublicKey, scalar: [u8; 32]) -> Check<([u8; 32], Vec<u8>)> {
	let scalar = <Scalar as Reduce<FieldBytes>>::reduce(&scalar.into());
	let scalar = Option::<NonZeroScalar>::from(NonZeroScalar::new(scalar)).ok_or_else(bad_key)?;
	let public = PublicKey::from_secret_scalar(&scalar).to_sec1_point(false);
	let shared = p256::ecdh::diffie_hellman(scalar, ek.as_affine());
	let ek = ek.to_sec1_point(false);
	match (public.x(), public.y(), ek.x()) {
		(Some(x), Some(y), Some(ek_x)) => {
			let seed = kdfe(shared.raw_secret_bytes(), x, ek_x);
			Ok((seed, tpm2b(&[&tpm2b(&[x]), &tpm2b(&[y])])))
		},
		_ => Err(bad_key()),
	}
}

/// A TPM2B structure of `parts`, one after another. None here is near 64 KiB.
fn tpm2b(parts: &[&[u8]]) -> Vec<u8> {
	let body = parts.concat();
	let len = u16::try_from(body.len()).unwrap_or(u16::MAX);
	[&len.to_be_bytes()[..], &body].concat()
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
	// HMAC takes keys of any length.
	match <Hmac<Sha256> as Mac>::new_from_slice(key) {
		Ok(mut mac) => {
			for part in parts {
				mac.update(part);
			}
			mac.finalize().into_bytes().into()
		},
		Err(_) => [0; 32],
	}
}

/// KDFa with SHA-256 for up to 256 bits: part 1, 11.4.10.2. The label is closed by a zero.
fn kdfa(key: &[u8], label: &[u8], context: &[u8], bits: u32) -> [u8; 32] {
	let counter = 1u32.to_be_bytes();
	hmac_sha256(key, &[&counter, label, &[0], context, &bits.to_be_bytes()])
}

/// KDFe with SHA-256 for 256 bits: part 1, 11.4.10.3.
fn kdfe(shared: &[u8], party_u: &[u8], party_v: &[u8]) -> [u8; 32] {
	let mut hasher = Sha256::new();
	for part in [&1u32.to_be_bytes()[..], shared, IDENTITY.as_bytes(), party_u, party_v] {
		hasher.update(part);
	}
	hasher.finalize().into()
}

/// Stands in for the generator of random bytes that OAEP asks once, for its salt.
struct Salt([u8; 32]);

impl RngCore for Salt {
	fn next_u32(&mut self) -> u32 {
		rsa::rand_core::impls::next_u32_via_fill(self)
	}

	fn next_u64(&mut self) -> u64 {
		rsa::rand_core::impls::next_u64_via_fill(self)
	}

	fn fill_bytes(&mut self, to: &mut [u8]) {
		for (to, from) in to.iter_mut().zip(self.0.iter().cycle()) {
			*to = *from;
		}
	}

	fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), RandError> {
		self.fill_bytes(to);
		Ok(())
	}
}

impl CryptoRng for Salt {}
