//! The configuration of a VM: its bounds, its hash and the statement that a tenant signs over each
//! revision. Section 3.4 of `docs/protocol.md` specifies the layout.
//!
//! The bytes of a configuration are hashed and signed as they are. This crate never parses them.

use alloc::vec::Vec;

use crate::{
	domain,
	host::{sha256, Genesis, Hash256},
};

/// The maximum length of a configuration, in bytes.
pub const MAX_CONFIG: usize = 4096;

/// Returns the hash of a configuration: SHA-256 of its bytes. Returns `None` if the configuration
/// is empty or longer than [`MAX_CONFIG`].
pub fn config_hash(config: &[u8]) -> Option<Hash256> {
	(1..=MAX_CONFIG).contains(&config.len()).then(|| sha256(&[config]))
}

/// A revision of the configuration of one order.
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
pub struct ConfigRevision {
	/// The account of the tenant.
	pub tenant: [u8; 32],
	/// The number that distinguishes the orders of a tenant. The tenant can sign before the chain
	/// has given the VM a number.
	pub order_nonce: u64,
	/// The number of the revision. It rises with each change of the configuration.
	pub revision: u32,
	/// The hash of the configuration.
	pub hash: Hash256,
}

/// Returns the statement that a tenant signs over a revision. A signature for one order, or for an
/// older revision, never passes for another.
pub fn config_revision_statement(genesis: &Genesis, signed: &ConfigRevision) -> Vec<u8> {
	[
		&domain::CONFIG_V2[..],
		genesis,
		&signed.tenant,
		&signed.order_nonce.to_le_bytes(),
		&signed.revision.to_le_bytes(),
		&signed.hash,
	]
	.concat()
}

#[cfg(test)]
mod tests {
	use super::*;

	const REVISION: ConfigRevision =
		ConfigRevision { tenant: [5; 32], order_nonce: 6, revision: 9, hash: [7; 32] };

	#[test]
	fn length_is_bounded() {
		assert_eq!(config_hash(&[]), None);
		assert_eq!(config_hash(b"{}"), Some(sha256(&[b"{}"])));
		assert!(config_hash(&[b' '; MAX_CONFIG]).is_some());
		assert_eq!(config_hash(&[b' '; MAX_CONFIG + 1]), None);
	}

	/// Computed independently, with Python's hashlib, from the layout in `docs/protocol.md`.
	#[test]
	fn revision_statement_matches_its_vector() {
		let statement = sha256(&[&config_revision_statement(&[1; 32], &REVISION)]);
		assert_eq!(hex::encode(statement), include_str!("vectors/revision.hex").trim());
	}

	#[test]
	fn revision_statement_changes_with_each_field() {
		let whole = config_revision_statement(&[1; 32], &REVISION);
		assert_ne!(config_revision_statement(&[2; 32], &REVISION), whole);
		for other in [
			ConfigRevision { tenant: [6; 32], ..REVISION },
			ConfigRevision { order_nonce: 7, ..REVISION },
			ConfigRevision { revision: 8, ..REVISION },
			ConfigRevision { hash: [8; 32], ..REVISION },
		] {
			assert_ne!(config_revision_statement(&[1; 32], &other), whole);
		}
	}
}
