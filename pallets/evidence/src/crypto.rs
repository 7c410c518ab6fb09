//! Cryptographic primitives behind a trait.
//!
//! The wasm runtime and native workers may take them from different libraries. A differential test
//! checks that all implementations give the same answers.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{
	pkcs1v15, pss, signature::hazmat::PrehashVerifier as _, traits::PublicKeyParts, BigUint,
	RsaPublicKey,
};
use sha2::{Digest, Sha256, Sha384};

use crate::certificate::scalars;

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

/// An RSA public key. The modulus is big-endian, without leading zeroes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct RsaKey {
	pub modulus: alloc::vec::Vec<u8>,
	pub exponent: u32,
}

/// The supported RSA paddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding {
	/// PSS with SHA-384 and a salt of 48 bytes, for AMD's certificates.
	PssSha384,
	/// PSS with SHA-256 and a salt of 32 bytes, for TPM_ALG_RSAPSS.
	PssSha256,
	/// PKCS #1 v1.5 with SHA-256, for TPM_ALG_RSASSA and certificates of TPM vendors.
	Pkcs1Sha256,
	/// PKCS #1 v1.5 with SHA-384, for certificates of TPM vendors.
	Pkcs1Sha384,
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
		let point = p384::Sec1Point::from_affine_coordinates(&key.x.into(), &key.y.into(), false);
		let key = p384::ecdsa::VerifyingKey::from_sec1_point(&point).map_err(|_| BadSignature)?;
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

	/// Verifies an RSA signature over `message`, with the hash that belongs to the padding.
	fn rsa(
		key: &RsaKey,
		padding: RsaPadding,
		message: &[u8],
		signature: &[u8],
	) -> Result<(), BadSignature> {
		let key = rsa_public_key(key)?;
		if signature.len() != key.size() {
			return Err(BadSignature);
		}
		match padding {
			RsaPadding::PssSha384 => {
				let signature = pss::Signature::try_from(signature).map_err(|_| BadSignature)?;
				pss::VerifyingKey::<Sha384>::new(key)
					.verify_prehash(&Sha384::digest(message), &signature)
			},
			RsaPadding::PssSha256 => {
				let signature = pss::Signature::try_from(signature).map_err(|_| BadSignature)?;
				pss::VerifyingKey::<Sha256>::new(key)
					.verify_prehash(&Sha256::digest(message), &signature)
			},
			RsaPadding::Pkcs1Sha256 => {
				let signature =
					pkcs1v15::Signature::try_from(signature).map_err(|_| BadSignature)?;
				pkcs1v15::VerifyingKey::<Sha256>::new(key)
					.verify_prehash(&Sha256::digest(message), &signature)
			},
			RsaPadding::Pkcs1Sha384 => {
				let signature =
					pkcs1v15::Signature::try_from(signature).map_err(|_| BadSignature)?;
				pkcs1v15::VerifyingKey::<Sha384>::new(key)
					.verify_prehash(&Sha384::digest(message), &signature)
			},
		}
		.map_err(|_| BadSignature)
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

impl Crypto for RustCrypto {}
