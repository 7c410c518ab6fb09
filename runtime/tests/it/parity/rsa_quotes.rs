//! Tests with quotes that RSA keys sign. TPMs support such keys as well.

use codec::Encode;
use hcc_evidence::{
	crypto::RsaKey,
	host::HostEvidence,
	tpm::{PublicKey, Scheme},
	RejectCode,
};
use rsa::{
	pkcs1v15,
	pkcs8::DecodePrivateKey,
	pss,
	rand_core::OsRng,
	signature::{RandomizedSigner, SignatureEncoding, Signer},
	traits::PublicKeyParts,
	RsaPrivateKey,
};
use sha2::Sha256;

use super::{
	code,
	foreign::{pin, rsassa, tpmt_public},
	rebooted,
};

/// Returns the private key of the simulated ASK, which is public. Here, it signs quotes instead of
/// certificates.
fn key() -> RsaPrivateKey {
	let der = include_bytes!("../../../../guest-agent/insecure-sim/hierarchy/ask.key.der");
	RsaPrivateKey::from_pkcs8_der(der).expect("the key is PKCS #8")
}

/// Sets the byte that states the scheme in a TPMT_PUBLIC or TPMT_SIGNATURE.
fn put_scheme(bytes: &mut [u8], at: usize, scheme: Scheme) {
	bytes[at] = match scheme {
		Scheme::RsaSsa => 0x14,
		Scheme::RsaPss => 0x16,
		Scheme::Ecdsa => 0x18,
	};
}

fn sign(key: &RsaPrivateKey, scheme: Scheme, message: &[u8]) -> Vec<u8> {
	match scheme {
		Scheme::RsaPss => {
			let signer = pss::SigningKey::<Sha256>::new(key.clone());
			signer.sign_with_rng(&mut OsRng, message).to_vec()
		},
		Scheme::RsaSsa | Scheme::Ecdsa => {
			pkcs1v15::SigningKey::<Sha256>::new(key.clone()).sign(message).to_vec()
		},
	}
}

#[test]
fn rsa_quotes_have_equal_findings() {
	let (mut chain, honest, machine, _) = rebooted();
	let key = key();
	let public = RsaKey { modulus: key.n().to_bytes_be(), exponent: 65_537 };
	for scheme in [Scheme::RsaSsa, Scheme::RsaPss] {
		let mut ak = tpmt_public(&PublicKey::Rsa(public.clone()));
		put_scheme(&mut ak, 13, scheme);
		pin(&mut chain, |pinned| pinned.ak = ak);
		let mut signature = rsassa(&sign(&key, scheme, &honest.tpms_attest));
		put_scheme(&mut signature, 1, scheme);
		let mut find = |signature: Vec<u8>| {
			let mut evidence = HostEvidence { tpm_signature: signature, ..honest.clone() };
			machine.sign(&mut evidence);
			code(chain.evaluate_all(&evidence.encode()))
		};
		assert_eq!(find(signature.clone()), Some(0), "{scheme:?}");
		// The signature starts after the scheme, the hash and the length.
		for at in (6..signature.len()).step_by(31) {
			let mut flipped = signature.clone();
			flipped[at] ^= 1 << (at % 8);
			let rejected = Some(RejectCode::QuoteSignature.number());
			assert_eq!(find(flipped), rejected, "{scheme:?}, byte {at}");
		}
		let mut other = signature.clone();
		put_scheme(&mut other, 1, Scheme::Ecdsa);
		assert_eq!(find(other), Some(RejectCode::SignatureEncoding.number()), "{scheme:?}");
	}
}
