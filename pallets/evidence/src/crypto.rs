//! The cryptographic primitives, as a trait and its default implementation.
//!
//! The wasm runtime and native workers may implement the trait with different libraries. A
//! differential test checks that all implementations give the same answers.

use alloc::vec::Vec;

use const_oid::AssociatedOid;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{
	pkcs1v15, pss, signature::hazmat::PrehashVerifier as _, traits::PublicKeyParts, BigUint,
	RsaPublicKey,
};
use sha1::Sha1;
use sha2::{
	digest::{Digest, FixedOutputReset},
	Sha256, Sha384, Sha512,
};

use crate::{bytes::padded, certificate::scalars};

/// An error: a signature does not verify. It has no details, because an honest signer cannot use
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

/// A public key on P-384, as big-endian affine coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub struct P384Key {
	pub x: [u8; 48],
	pub y: [u8; 48],
}

/// A public key on P-256, as big-endian affine coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct P256Key {
	pub x: [u8; 32],
	pub y: [u8; 32],
}

/// A public key on P-521, as big-endian affine coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P521Key {
	pub x: [u8; 66],
	pub y: [u8; 66],
}

/// A public key for ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaKey<'a> {
	P256(&'a P256Key),
	P384(&'a P384Key),
	P521(&'a P521Key),
}

/// An RSA public key. The modulus is big-endian, without leading zeroes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct RsaKey {
	pub modulus: Vec<u8>,
	pub exponent: u32,
}

/// The hash algorithms of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureHash {
	/// SHA-1 is broken: collisions are feasible. Only a caller that accepts SHA-1 explicitly passes
	/// it.
	Sha1,
	Sha256,
	Sha384,
	Sha512,
}

impl SignatureHash {
	fn digest(self, message: &[u8]) -> Vec<u8> {
		match self {
			Self::Sha1 => Sha1::digest(message).to_vec(),
			Self::Sha256 => Sha256::digest(message).to_vec(),
			Self::Sha384 => Sha384::digest(message).to_vec(),
			Self::Sha512 => Sha512::digest(message).to_vec(),
		}
	}
}

/// The supported RSA paddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding {
	/// PKCS #1 v1.5, for TPM_ALG_RSASSA and certificates of TPM vendors.
	Pkcs1,
	/// PSS with a salt of this many bytes, for AMD's certificates.
	Pss { salt: usize },
	/// PSS with a salt of any length, for TPM_ALG_RSAPSS. Depending on its revision, a TPM uses a
	/// salt as long as the hash or the longest salt that the key allows.
	PssAnySalt,
}

/// The signature checks of evidence, and the hash of its long parts.
///
/// The default methods are pure Rust and behave the same natively and in wasm. An implementation
/// may override them with another library.
pub trait Crypto {
	/// Returns the SHA-256 digest of `message`. Messages of only a few blocks are hashed without
	/// this method.
	fn sha256(message: &[u8]) -> [u8; 32] {
		Sha256::digest(message).into()
	}

	/// Verifies an ECDSA signature on P-384 over SHA-384 of `message`. `r` and `s` are big-endian.
	fn p384_sha384(
		key: &P384Key,
		message: &[u8],
		r: &[u8; 48],
		s: &[u8; 48],
	) -> Result<(), BadSignature> {
		let key = p384_public_key(key)?;
		let signature = p384::ecdsa::Signature::from_scalars(*r, *s).map_err(|_| BadSignature)?;
		key.verify_prehash(&Sha384::digest(message), &signature).map_err(|_| BadSignature)
	}

	/// Verifies an ECDSA signature on P-256 over SHA-256 of `message`. `r` and `s` are big-endian.
	fn p256_sha256(
		key: &P256Key,
		message: &[u8],
		r: &[u8; 32],
		s: &[u8; 32],
	) -> Result<(), BadSignature> {
		let key = p256_public_key(key)?;
		let signature = p256::ecdsa::Signature::from_scalars(*r, *s).map_err(|_| BadSignature)?;
		key.verify_prehash(&Sha256::digest(message), &signature).map_err(|_| BadSignature)
	}

	/// Verifies an ECDSA signature over `message`. `r` and `s` are big-endian.
	fn ecdsa(
		key: EcdsaKey<'_>,
		hash: SignatureHash,
		message: &[u8],
		r: &[u8],
		s: &[u8],
	) -> Result<(), BadSignature> {
		match (key, hash) {
			(EcdsaKey::P256(key), SignatureHash::Sha256) => {
				Self::p256_sha256(key, message, &scalar(r)?, &scalar(s)?)
			},
			(EcdsaKey::P384(key), SignatureHash::Sha384) => {
				Self::p384_sha384(key, message, &scalar(r)?, &scalar(s)?)
			},
			(EcdsaKey::P256(key), hash) => {
				let signature =
					p256::ecdsa::Signature::from_scalars(scalar::<32>(r)?, scalar::<32>(s)?)
						.map_err(|_| BadSignature)?;
				p256_public_key(key)?
					.verify_prehash(&hash.digest(message), &signature)
					.map_err(|_| BadSignature)
			},
			(EcdsaKey::P384(key), hash) => {
				let signature =
					p384::ecdsa::Signature::from_scalars(scalar::<48>(r)?, scalar::<48>(s)?)
						.map_err(|_| BadSignature)?;
				p384_public_key(key)?
					.verify_prehash(&hash.digest(message), &signature)
					.map_err(|_| BadSignature)
			},
			(EcdsaKey::P521(key), hash) => {
				let signature =
					p521::ecdsa::Signature::from_scalars(scalar::<66>(r)?, scalar::<66>(s)?)
						.map_err(|_| BadSignature)?;
				p521_public_key(key)?
					.verify_prehash(&hash.digest(message), &signature)
					.map_err(|_| BadSignature)
			},
		}
	}

	/// Verifies an RSA signature over `message`.
	fn rsa(
		key: &RsaKey,
		padding: RsaPadding,
		hash: SignatureHash,
		message: &[u8],
		signature: &[u8],
	) -> Result<(), BadSignature> {
		let key = rsa_public_key(key)?;
		if signature.len() != key.size() {
			return Err(BadSignature);
		}
		match hash {
			SignatureHash::Sha1 => rsa_verify::<Sha1>(key, padding, message, signature),
			SignatureHash::Sha256 => rsa_verify::<Sha256>(key, padding, message, signature),
			SignatureHash::Sha384 => rsa_verify::<Sha384>(key, padding, message, signature),
			SignatureHash::Sha512 => rsa_verify::<Sha512>(key, padding, message, signature),
		}
	}

	/// Verifies an ed25519 signature over `message` strictly. Weak keys and non-canonical
	/// signatures fail.
	fn ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
		ed25519_dalek::VerifyingKey::from_bytes(key)
			.and_then(|key| {
				key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature))
			})
			.map_err(|_| BadSignature)
	}
}

/// The primitives of the RustCrypto project: pure Rust, the same natively and in wasm.
#[derive(Clone, Copy, Debug)]
pub struct RustCrypto;

impl RustCrypto {
	/// Verifies an RSA PKCS #1 v1.5 signature over a SHA-256 digest.
	pub fn rsa_over_digest(
		key: &RsaKey,
		digest: &[u8; 32],
		signature: &[u8],
	) -> Result<(), BadSignature> {
		let key = rsa_public_key(key)?;
		if signature.len() != key.size() {
			return Err(BadSignature);
		}
		let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| BadSignature)?;
		let verified =
			pkcs1v15::VerifyingKey::<Sha256>::new(key).verify_prehash(digest, &signature);
		verified.map_err(|_| BadSignature)
	}

	/// Verifies an ECDSA signature (DER) on P-256 over a SHA-256 digest.
	pub fn p256_over_digest(
		key: &P256Key,
		digest: &[u8; 32],
		signature: &[u8],
	) -> Result<(), BadSignature> {
		let (r, s) = scalars::<32>(signature).ok_or(BadSignature)?;
		let signature = p256::ecdsa::Signature::from_scalars(r, s).map_err(|_| BadSignature)?;
		p256_public_key(key)?.verify_prehash(digest, &signature).map_err(|_| BadSignature)
	}
}

fn rsa_public_key(key: &RsaKey) -> Result<RsaPublicKey, BadSignature> {
	RsaPublicKey::new(BigUint::from_bytes_be(&key.modulus), BigUint::from(key.exponent))
		.map_err(|_| BadSignature)
}

fn p256_public_key(key: &P256Key) -> Result<p256::ecdsa::VerifyingKey, BadSignature> {
	let point = p256::Sec1Point::from_affine_coordinates(&key.x.into(), &key.y.into(), false);
	p256::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(|_| BadSignature)
}

fn p384_public_key(key: &P384Key) -> Result<p384::ecdsa::VerifyingKey, BadSignature> {
	let point = p384::Sec1Point::from_affine_coordinates(&key.x.into(), &key.y.into(), false);
	p384::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(|_| BadSignature)
}

fn p521_public_key(key: &P521Key) -> Result<p521::ecdsa::VerifyingKey, BadSignature> {
	let point = p521::Sec1Point::from_affine_coordinates(&key.x.into(), &key.y.into(), false);
	p521::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(|_| BadSignature)
}

/// Pads a scalar with leading zeroes, which a TPM may omit.
fn scalar<const N: usize>(bytes: &[u8]) -> Result<[u8; N], BadSignature> {
	padded(bytes).ok_or(BadSignature)
}

fn rsa_verify<D: Digest + AssociatedOid + FixedOutputReset>(
	key: RsaPublicKey,
	padding: RsaPadding,
	message: &[u8],
	signature: &[u8],
) -> Result<(), BadSignature> {
	let digest = D::digest(message);
	match padding {
		RsaPadding::Pkcs1 => {
			let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| BadSignature)?;
			pkcs1v15::VerifyingKey::<D>::new(key)
				.verify_prehash(&digest, &signature)
				.map_err(|_| BadSignature)
		},
		RsaPadding::Pss { salt } => {
			let signature = pss::Signature::try_from(signature).map_err(|_| BadSignature)?;
			pss::VerifyingKey::<D>::new_with_salt_len(key, salt)
				.verify_prehash(&digest, &signature)
				.map_err(|_| BadSignature)
		},
		RsaPadding::PssAnySalt => pss_any_salt::<D>(&key, &digest, signature).ok_or(BadSignature),
	}
}

/// Verifies RSASSA-PSS with a salt of any length (RFC 8017, 8.1.2 and 9.1.2). MGF1 uses the hash of
/// the message. The crate `rsa` would need the length of the salt in advance, and each attempt
/// would cost an exponentiation. Returns `None` for a bad signature.
fn pss_any_salt<D: Digest>(key: &RsaPublicKey, digest: &[u8], signature: &[u8]) -> Option<()> {
	let representative = BigUint::from_bytes_be(signature);
	if representative >= *key.n() {
		return None;
	}
	let message = representative.modpow(key.e(), key.n()).to_bytes_be();
	let bits = key.n().bits().checked_sub(1)?;
	let len = bits.div_ceil(8);
	let mut encoded = alloc::vec![0; len];
	encoded.get_mut(len.checked_sub(message.len())?..)?.copy_from_slice(&message);

	let (trailer, rest) = encoded.split_last()?;
	let hash_len = <D as Digest>::output_size();
	let (masked, hash) = rest.split_at_checked(rest.len().checked_sub(hash_len)?)?;
	let unused = u32::try_from(len.checked_mul(8)?.checked_sub(bits)?).ok()?;
	let used = 0xff_u8.checked_shr(unused)?;
	if *trailer != 0xbc || masked.first()? & !used != 0 {
		return None;
	}
	let mut data: Vec<u8> =
		masked.iter().zip(mgf1::<D>(hash, masked.len())).map(|(byte, mask)| byte ^ mask).collect();
	*data.first_mut()? &= used;
	let (one, salt) = data.get(data.iter().position(|&byte| byte != 0)?..)?.split_first()?;
	let wanted =
		D::new().chain_update([0_u8; 8]).chain_update(digest).chain_update(salt).finalize();
	(*one == 1 && wanted.as_slice() == hash).then_some(())
}

/// Returns `len` bytes of the mask generation function MGF1 (RFC 8017, B.2.1).
fn mgf1<D: Digest>(seed: &[u8], len: usize) -> Vec<u8> {
	(0..u32::MAX)
		.flat_map(|counter| {
			D::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize()
		})
		.take(len)
		.collect()
}

impl Crypto for RustCrypto {}
