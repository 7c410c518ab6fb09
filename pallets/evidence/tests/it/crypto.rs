//! Signatures of every algorithm that the verifier accepts.

use hcc_evidence::crypto::{
	Crypto, EcdsaKey, P256Key, P384Key, P521Key, RsaKey, RsaPadding, RustCrypto, SignatureHash,
};
use rsa::{
	pkcs1v15,
	pkcs8::DecodePrivateKey,
	pss,
	rand_core::{CryptoRng, Error, RngCore},
	signature::{RandomizedSigner, SignatureEncoding, Signer},
	traits::PublicKeyParts,
	RsaPrivateKey,
};
use sha2::{Digest, Sha256, Sha384, Sha512};

const MESSAGE: &[u8] = b"TPMS_ATTEST";
const HASHES: [SignatureHash; 3] =
	[SignatureHash::Sha256, SignatureHash::Sha384, SignatureHash::Sha512];

/// A source of salts. They need not be secret in a test.
struct Counter(u8);

impl RngCore for Counter {
	fn next_u32(&mut self) -> u32 {
		self.0 = self.0.wrapping_add(1);
		u32::from_le_bytes([self.0; 4])
	}

	fn next_u64(&mut self) -> u64 {
		u64::from(self.next_u32())
	}

	fn fill_bytes(&mut self, bytes: &mut [u8]) {
		for byte in bytes {
			self.0 = self.0.wrapping_add(1);
			*byte = self.0;
		}
	}

	fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
		self.fill_bytes(bytes);
		Ok(())
	}
}

impl CryptoRng for Counter {}

/// Returns a public test key with 4,096 bits.
fn rsa_key() -> (RsaPrivateKey, RsaKey) {
	let der = include_bytes!("../../../../guest-agent/insecure-sim/hierarchy/ask.key.der");
	let key = RsaPrivateKey::from_pkcs8_der(der).expect("the key is PKCS #8");
	let public = RsaKey { modulus: key.n().to_bytes_be(), exponent: 65_537 };
	(key, public)
}

#[test]
fn pss_verifies_with_salts_of_any_length() {
	let (key, public) = rsa_key();
	let most = key.size() - 32 - 2;
	for salt in [0, 1, 20, 32, 47, 222, most] {
		let signer = pss::SigningKey::<Sha256>::new_with_salt_len(key.clone(), salt);
		let signature = signer.sign_with_rng(&mut Counter(7), MESSAGE).to_vec();
		let verify = |padding, hash, message: &[u8], signature: &[u8]| {
			RustCrypto::rsa(&public, padding, hash, message, signature).is_ok()
		};
		let any = RsaPadding::PssAnySalt;
		assert!(verify(any, SignatureHash::Sha256, MESSAGE, &signature), "salt of {salt}");
		assert!(verify(RsaPadding::Pss { salt }, SignatureHash::Sha256, MESSAGE, &signature));
		assert!(!verify(
			RsaPadding::Pss { salt: salt + 1 },
			SignatureHash::Sha256,
			MESSAGE,
			&signature
		));
		assert!(!verify(any, SignatureHash::Sha384, MESSAGE, &signature), "another hash");
		assert!(!verify(any, SignatureHash::Sha256, b"TPMS_ATTESt", &signature), "another message");
		assert!(!verify(any, SignatureHash::Sha256, MESSAGE, &signature[1..]), "a short signature");
		for at in [0, 1, 100, 511] {
			let mut flipped = signature.clone();
			flipped[at] ^= 1;
			assert!(!verify(any, SignatureHash::Sha256, MESSAGE, &flipped), "byte {at}");
		}
	}
}

#[test]
fn pkcs1_signature_is_not_pss() {
	let (key, public) = rsa_key();
	let signature = pkcs1v15::SigningKey::<Sha512>::new(key).sign(MESSAGE).to_vec();
	for (padding, hash, wanted) in [
		(RsaPadding::Pkcs1, SignatureHash::Sha512, true),
		(RsaPadding::Pkcs1, SignatureHash::Sha384, false),
		(RsaPadding::PssAnySalt, SignatureHash::Sha512, false),
	] {
		let verified = RustCrypto::rsa(&public, padding, hash, MESSAGE, &signature);
		assert_eq!(verified.is_ok(), wanted, "{padding:?} with {hash:?}");
	}
}

fn digest(hash: SignatureHash) -> Vec<u8> {
	match hash {
		SignatureHash::Sha1 => Vec::new(),
		SignatureHash::Sha256 => Sha256::digest(MESSAGE).to_vec(),
		SignatureHash::Sha384 => Sha384::digest(MESSAGE).to_vec(),
		SignatureHash::Sha512 => Sha512::digest(MESSAGE).to_vec(),
	}
}

/// Checks that a signature verifies, and that no altered part of it does.
fn assert_verifies(key: EcdsaKey<'_>, hash: SignatureHash, r: &[u8], s: &[u8]) {
	let verify =
		|message: &[u8], r: &[u8], s: &[u8]| RustCrypto::ecdsa(key, hash, message, r, s).is_ok();
	assert!(verify(MESSAGE, r, s), "{hash:?}");
	// Leading zeroes are omitted by some TPMs and added by others.
	assert!(verify(MESSAGE, &r[r.iter().take_while(|byte| **byte == 0).count()..], s));
	assert!(!verify(b"TPMS_ATTESt", r, s), "{hash:?}");
	assert!(!verify(MESSAGE, s, r), "{hash:?}");
	assert!(!verify(MESSAGE, &[0], s) && !verify(MESSAGE, r, &[]), "{hash:?}");
	assert!(!verify(MESSAGE, &[&[1][..], r].concat(), s), "{hash:?}: longer than the curve");
}

macro_rules! curve_test {
	($name:ident, $curve:ident, $kind:ident, $key:ident, $len:literal) => {
		#[test]
		fn $name() {
			use $curve::ecdsa::{signature::hazmat::PrehashSigner, Signature, SigningKey};

			let mut secret = [0; $len];
			secret[$len - 1] = 7;
			let secret = SigningKey::from_slice(&secret).expect("a scalar");
			let point = secret.verifying_key().to_sec1_point(false);
			let key = $key {
				x: (*point.x().expect("a point")).into(),
				y: (*point.y().expect("a point")).into(),
			};
			for hash in HASHES {
				let signature: Signature = secret.sign_prehash(&digest(hash)).expect("signs");
				let (r, s) = signature.split_bytes();
				assert_verifies(EcdsaKey::$kind(&key), hash, &r, &s);
			}
		}
	};
}

curve_test!(p256_verifies_every_hash, p256, P256, P256Key, 32);
curve_test!(p384_verifies_every_hash, p384, P384, P384Key, 48);
curve_test!(p521_verifies_every_hash, p521, P521, P521Key, 66);
