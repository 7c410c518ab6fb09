//! Values that simulated machines, their challenges and the policy share.

use hcc_evidence::{host::Hash256, UnixSeconds};
use sha2::{Digest, Sha256};

/// The time of the tests, 2026-06-01. The certificates of the test hierarchy are valid then.
pub const NOW: UnixSeconds = UnixSeconds(1_780_272_000);
/// The genesis hash of the chain that sends the challenges.
pub const GENESIS: Hash256 = [0x47; 32];
/// The account of the miner that owns the machine.
pub const MINER: [u8; 32] = [0x4d; 32];
/// The launch measurement of the attestation agent's guest.
pub const MEASUREMENT: [u8; 48] = [0x6d; 48];

/// Returns the SHA-256 digest of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash256 {
	Sha256::digest(bytes).into()
}

/// Returns the digest of the miner's binary, which the log must contain.
pub fn miner_binary() -> Hash256 {
	sha256(b"hcc-miner")
}
