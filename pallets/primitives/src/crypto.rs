use hcc_evidence::crypto::Crypto;

/// The primitives as the runtime has them: signatures in pure Rust, so that they are the same everywhere, and hashes by the node, which takes a tenth of the time
/// that they take in wasm.
#[derive(Clone, Copy, Debug)]
pub struct NodeCrypto;

impl Crypto for NodeCrypto {
	fn sha256(message: &[u8]) -> [u8; 32] {
		sp_io::hashing::sha2_256(message)
	}
}
