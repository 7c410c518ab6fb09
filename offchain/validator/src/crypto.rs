//! Signature checks of evidence, faster than in pure Rust.
//!
//! AWS-LC provides ECDSA, which takes nearly all of the time of an evaluation. For RSA and Ed25519,
//! this module uses the same code as the runtime, so that both are equally strict. The runtime's
//! result decides in any case: if the worker's own result differs from it, the worker does not
//! vote.

use aws_lc_rs::{
	digest,
	signature::{
		UnparsedPublicKey, VerificationAlgorithm, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED,
	},
};
use hcc_evidence::crypto::{BadSignature, Crypto, P256Key, P384Key};

/// Cryptographic primitives. AWS-LC implements them, or RustCrypto where it is as fast.
#[derive(Clone, Copy, Debug)]
pub struct AwsLc;

/// The tag of an uncompressed SEC 1 point. The coordinates x and y follow the tag.
const UNCOMPRESSED: u8 = 4;

fn verify<A: VerificationAlgorithm>(
	algorithm: &'static A,
	x: &[u8],
	y: &[u8],
	message: &[u8],
	r: &[u8],
	s: &[u8],
) -> Result<(), BadSignature> {
	let point = [&[UNCOMPRESSED], x, y].concat();
	UnparsedPublicKey::new(algorithm, point)
		.verify(message, &[r, s].concat())
		.map_err(|_| BadSignature)
}

impl Crypto for AwsLc {
	fn sha256(message: &[u8]) -> [u8; 32] {
		let mut hash = [0; 32];
		// The digest always has the length of SHA-256, so this cannot panic.
		hash.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
		hash
	}

	fn p384_sha384(
		key: &P384Key,
		message: &[u8],
		r: &[u8; 48],
		s: &[u8; 48],
	) -> Result<(), BadSignature> {
		verify(&ECDSA_P384_SHA384_FIXED, &key.x, &key.y, message, r, s)
	}

	fn p256_sha256(
		key: &P256Key,
		message: &[u8],
		r: &[u8; 32],
		s: &[u8; 32],
	) -> Result<(), BadSignature> {
		verify(&ECDSA_P256_SHA256_FIXED, &key.x, &key.y, message, r, s)
	}
}

#[cfg(test)]
mod parity;
#[cfg(test)]
mod tests {
	use hcc_evidence::crypto::{EcdsaKey, RustCrypto, SignatureHash};
	use p256::ecdsa::signature::hazmat::PrehashSigner;
	use sha2::{Digest, Sha256, Sha384};

	use super::*;

	/// A message, its signature and the key. All of them are derived from a number.
	struct P384Case {
		key: P384Key,
		message: Vec<u8>,
		r: [u8; 48],
		s: [u8; 48],
	}

	fn p384_case(number: u8) -> P384Case {
		let secret =
			p384::ecdsa::SigningKey::from_slice(&Sha384::digest([number])).expect("a valid scalar");
		let point = secret.verifying_key().to_sec1_point(false);
		let message = vec![number; 672];
		let signature: p384::ecdsa::Signature =
			secret.sign_prehash(&Sha384::digest(&message)).expect("signs");
		P384Case {
			key: P384Key {
				x: (*point.x().expect("a point")).into(),
				y: (*point.y().expect("a point")).into(),
			},
			message,
			r: signature.r().to_bytes().into(),
			s: signature.s().to_bytes().into(),
		}
	}

	fn p384(case: &P384Case) -> bool {
		let P384Case { key, message, r, s } = case;
		let ours = AwsLc::p384_sha384(key, message, r, s).is_ok();
		assert_eq!(
			ours,
			RustCrypto::p384_sha384(key, message, r, s).is_ok(),
			"the implementations differ"
		);
		ours
	}

	#[test]
	fn p384_results_agree() {
		for number in 0..16 {
			assert!(p384(&p384_case(number)));
			for bit in 0..8 {
				let mask = 1u8 << bit;
				for at in [0, 1, 23, 46, 47] {
					let mut case = p384_case(number);
					case.r[at] ^= mask;
					assert!(!p384(&case));
					let mut case = p384_case(number);
					case.s[at] ^= mask;
					assert!(!p384(&case));
					let mut case = p384_case(number);
					case.key.x[at] ^= mask;
					assert!(!p384(&case));
					let mut case = p384_case(number);
					case.message[at * 14] ^= mask;
					assert!(!p384(&case));
				}
			}
		}
	}

	/// Tests all hash functions, although only SHA-384 has a separate implementation in this
	/// module.
	#[test]
	fn every_signature_hash_agrees() {
		let P384Case { key, message, r, s } = p384_case(3);
		let key = EcdsaKey::P384(&key);
		for hash in [SignatureHash::Sha256, SignatureHash::Sha384, SignatureHash::Sha512] {
			let ours = AwsLc::ecdsa(key, hash, &message, &r, &s);
			assert_eq!(ours, RustCrypto::ecdsa(key, hash, &message, &r, &s), "{hash:?}");
			assert_eq!(ours.is_ok(), hash == SignatureHash::Sha384, "{hash:?}");
		}
	}

	#[test]
	fn hashes_agree() {
		for len in [0, 1, 55, 56, 63, 64, 65, 119, 1_184, 65_536] {
			let message: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
			assert_eq!(AwsLc::sha256(&message), RustCrypto::sha256(&message), "{len} bytes");
		}
	}

	#[test]
	fn p384_results_agree_for_edge_scalars() {
		// The order of P-384, in big-endian: FIPS 186-4, D.1.2.4.
		let order = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
		let order: [u8; 48] = hex::decode(order).expect("hex").try_into().expect("48 bytes");
		let mut below = order;
		below[47] -= 1;
		let mut one = [0; 48];
		one[47] = 1;
		for value in [[0; 48], [0xff; 48], order, below, one] {
			let mut case = p384_case(1);
			case.r = value;
			assert!(!p384(&case));
			let mut case = p384_case(1);
			case.s = value;
			assert!(!p384(&case));
			let mut case = p384_case(1);
			case.key = P384Key { x: value, y: value };
			assert!(!p384(&case));
		}
		// An ECDSA signature stays valid if s is replaced by the order minus s.
		let mut case = p384_case(2);
		let mut borrow = 0i16;
		for at in (0..48).rev() {
			let difference = i16::from(order[at]) - i16::from(case.s[at]) - borrow;
			borrow = i16::from(difference < 0);
			case.s[at] = difference.rem_euclid(256) as u8;
		}
		assert!(p384(&case));
	}

	#[test]
	fn p256_results_agree() {
		for number in 0..16u8 {
			let secret = p256::ecdsa::SigningKey::from_slice(&Sha256::digest([number]))
				.expect("a valid scalar");
			let point = secret.verifying_key().to_sec1_point(false);
			let key = P256Key {
				x: (*point.x().expect("a point")).into(),
				y: (*point.y().expect("a point")).into(),
			};
			let message = [number; 100];
			let signature: p256::ecdsa::Signature =
				secret.sign_prehash(&Sha256::digest(message)).expect("signs");
			let (r, s): ([u8; 32], [u8; 32]) =
				(signature.r().to_bytes().into(), signature.s().to_bytes().into());
			let both = |key: &P256Key, r: &[u8; 32], s: &[u8; 32]| {
				let ours = AwsLc::p256_sha256(key, &message, r, s).is_ok();
				let theirs = RustCrypto::p256_sha256(key, &message, r, s).is_ok();
				assert_eq!(ours, theirs, "the implementations differ");
				ours
			};
			assert!(both(&key, &r, &s));
			for at in 0..32 {
				let flipped = |bytes: &[u8; 32]| {
					let mut bytes = *bytes;
					bytes[at] ^= 1 << (at % 8);
					bytes
				};
				assert!(!both(&key, &flipped(&r), &s));
				assert!(!both(&key, &r, &flipped(&s)));
				assert!(!both(&P256Key { x: flipped(&key.x), y: key.y }, &r, &s));
			}
			assert!(!both(&key, &[0; 32], &s));
			assert!(!both(&key, &r, &[0; 32]));
			assert!(!both(&key, &[0xff; 32], &[0xff; 32]));
		}
	}
}
