//! Credentials: encrypted secrets. Only the TPM with a given endorsement key can decrypt the
//! secret, and only if the TPM also holds a given attestation key.
//!
//! Source: TCG, TPM library part 1, chapter 24 ("Credential Protection") and appendices B.10 and
//! C.6.
//!
//! All random values of a credential derive from a seed. The validator that makes a credential
//! publishes the hash of the seed together with the credential, and reveals the seed after the
//! answer. Any party can then recompute the credential and check that it was well-formed.

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

/// The seed of a credential.
pub type CredentialSeed = [u8; 32];
/// The secret in a credential.
pub type CredentialSecret = [u8; 32];

/// The label for the encryption of the TPM's seed, with its final zero.
const IDENTITY: &str = "IDENTITY\0";

/// A credential, in the form that TPM2_ActivateCredential takes.
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

/// The values that derive from a seed. Each has its own number, so that one value reveals nothing
/// about another.
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

/// Returns the hash of the seed, which is published with the credential.
pub fn seed_hash(genesis: &[u8; 32], seed: &CredentialSeed) -> [u8; 32] {
	derive(genesis, seed, Use::Hash)
}

/// Returns the secret in the credential with this seed.
pub fn credential_secret(genesis: &[u8; 32], seed: &CredentialSeed) -> CredentialSecret {
	derive(genesis, seed, Use::Secret)
}

/// Makes the credential for the attestation key with the name `ak_name`. The same inputs give the
/// same bytes.
///
/// ## Errors
/// [`RejectCode::EkKind`]: the endorsement key is not a point on its curve, or not a valid RSA key.
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

/// Returns the TPM's seed and the ephemeral public key of an ECDH exchange with `ek`. The public
/// key is a TPMS_ECC_POINT in a TPM2B.
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

/// Encodes the concatenated `parts` as a TPM2B. All callers stay far below its limit of 64 KiB.
fn tpm2b(parts: &[&[u8]]) -> Vec<u8> {
	let body = parts.concat();
	let len = u16::try_from(body.len()).unwrap_or(u16::MAX);
	[&len.to_be_bytes()[..], &body].concat()
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
	// HMAC accepts keys of any length, so the error does not occur.
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

/// Computes KDFa with SHA-256 for up to 256 bits (part 1, 11.4.10.2). The function appends a zero
/// to the label.
fn kdfa(key: &[u8], label: &[u8], context: &[u8], bits: u32) -> [u8; 32] {
	let counter = 1u32.to_be_bytes();
	hmac_sha256(key, &[&counter, label, &[0], context, &bits.to_be_bytes()])
}

/// Computes KDFe with SHA-256 for 256 bits (part 1, 11.4.10.3).
fn kdfe(shared: &[u8], party_u: &[u8], party_v: &[u8]) -> [u8; 32] {
	let mut hasher = Sha256::new();
	for part in [&1u32.to_be_bytes()[..], shared, IDENTITY.as_bytes(), party_u, party_v] {
		hasher.update(part);
	}
	hasher.finalize().into()
}

/// A substitute for a random number generator. OAEP calls it once, for its salt.
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

#[cfg(test)]
mod tests {
	use super::*;

	/// The vector was computed independently with Python's hashlib. It is the concatenation of all
	/// derived values.
	#[test]
	fn derived_values_match_their_vector() {
		let uses = [Use::Hash, Use::Secret, Use::TpmSeed, Use::OaepSalt, Use::EphemeralKey];
		let values = uses.map(|to| derive(&[1; 32], &[2; 32], to));
		let vector = include_str!("vectors/credential.hex").trim();
		assert_eq!(hex::encode(values.as_flattened()), vector);
	}
}
