use alloc::vec::Vec;

use super::image::ImageId;
use crate::{domain, host::Genesis};

/// Returns the statement that a rebuilder signs: the files of the image follow from its sources.
///
/// `account` is the account that publishes the statement and pays for its row. No other account can
/// publish the signature.
pub fn rebuild_statement(genesis: &Genesis, image: &ImageId, account: &[u8; 32]) -> Vec<u8> {
	[&domain::REBUILD[..], genesis, image, account].concat()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::host::sha256;

	/// Computed independently, with Python's hashlib, from the layout in `docs/protocol.md`.
	#[test]
	fn rebuild_statement_matches_its_vector() {
		let statement = sha256(&[&rebuild_statement(&[1; 32], &[2; 32], &[3; 32])]);
		assert_eq!(hex::encode(statement), include_str!("vectors/rebuild.hex").trim());
	}

	#[test]
	fn rebuild_statement_changes_with_each_field() {
		let whole = rebuild_statement(&[1; 32], &[2; 32], &[3; 32]);
		for other in [
			rebuild_statement(&[9; 32], &[2; 32], &[3; 32]),
			rebuild_statement(&[1; 32], &[9; 32], &[3; 32]),
			rebuild_statement(&[1; 32], &[2; 32], &[9; 32]),
		] {
			assert_ne!(other, whole);
		}
	}
}
