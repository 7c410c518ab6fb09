use hcc_evidence::crypto::Crypto;

/// The cryptographic primitives of the runtime. Signatures are verified in pure Rust, so that the
/// result is the same on every machine. The node computes hashes natively, in a tenth of the time
/// that wasm code takes.
#[derive(Clone, Copy, Debug)]
pub struct NodeCrypto;

impl Crypto for NodeCrypto {
	fn sha256(message: &[u8]) -> [u8; 32] {
		sp_io::hashing::sha2_256(message)
	}
}
