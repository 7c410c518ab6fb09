use hcc_evidence::crypto::{
	BadSignature, Crypto, P256Key, P384Key, RsaKey, RsaPadding, RustCrypto,
};

/// The primitives as the runtime has them: signatures in pure Rust, so that they are the same everywhere, and hashes by the node, which takes a tenth of the time
/// that they take in wasm.
#[derive(Clone, Copy, Debug)]
pub struct NodeCrypto;

impl Crypto for NodeCrypto {
	fn sha256(message: &[u8]) -> [u8; 32] {
		sp_io::hashing::sha2_256(message)
	}

	fn p384_sha384(
		key: &P384Key,
		message: &[u8],
		r: &[u8; 48],
		s: &[u8; 48],
	) -> Result<(), BadSignature> {
		RustCrypto::p384_sha384(key, message, r, s)
	}

	fn p256_sha256(
		key: &P256Key,
		message: &[u8],
		r: &[u8; 32],
		s: &[u8; 32],
	) -> Result<(), BadSignature> {
		RustCrypto::p256_sha256(key, message, r, s)
	}

	fn rsa(
		key: &RsaKey,
		padding: RsaPadding,
		message: &[u8],
		signature: &[u8],
	) -> Result<(), BadSignature> {
		RustCrypto::rsa(key, padding, message, signature)
	}

	fn ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
		RustCrypto::ed25519(key, message, signature)
	}
}
