use alloc::vec::Vec;

use super::VmId;
use crate::{
	domain,
	host::{Genesis, Hash256},
};

/// A guest's statement that it has booted, and which state of its disk it has opened.
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
pub struct Confirmation {
	pub vm: VmId,
	/// The number of miners that the VM was assigned to so far.
	pub generation: u32,
	/// The number of the boot whose key signs the confirmation.
	pub boot_counter: u32,
	/// The commitment to the key of the disk, at the first boot of a disk. `None` without a new
	/// key.
	pub key_commit: Option<Hash256>,
	/// The root over the tokens that hold the shares of the key. Zeroes without a disk key.
	pub token_root: Hash256,
	/// The stamp of the volume. Zero without a disk key.
	pub stamp: u64,
}

/// A confirmation with the signature of the key in the evidence of its boot.
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
pub struct SignedConfirmation {
	pub confirmation: Confirmation,
	/// The ed25519 signature over [`confirmation_statement`].
	pub signature: [u8; 64],
}

/// Returns the statement that a guest signs to confirm its boot.
pub fn confirmation_statement(genesis: &Genesis, confirmation: &Confirmation) -> Vec<u8> {
	let (present, commitment) = match &confirmation.key_commit {
		Some(commitment) => (1u8, *commitment),
		None => (0, [0; 32]),
	};
	[
		&domain::CONFIRMATION[..],
		genesis,
		&confirmation.vm.to_le_bytes(),
		&confirmation.generation.to_le_bytes(),
		&confirmation.boot_counter.to_le_bytes(),
		&[present],
		&commitment,
		&confirmation.token_root,
		&confirmation.stamp.to_le_bytes(),
	]
	.concat()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::host::sha256;

	const CONFIRMATION: Confirmation = Confirmation {
		vm: 7,
		generation: 2,
		boot_counter: 3,
		key_commit: Some([4; 32]),
		token_root: [5; 32],
		stamp: 6,
	};

	/// Computed independently, with Python's hashlib, from the layout in `docs/protocol.md`.
	#[test]
	fn confirmation_statement_matches_its_vector() {
		let statement = sha256(&[&confirmation_statement(&[1; 32], &CONFIRMATION)]);
		assert_eq!(hex::encode(statement), include_str!("vectors/confirmation.hex").trim());
	}

	#[test]
	fn confirmation_statement_changes_with_each_field() {
		let whole = confirmation_statement(&[1; 32], &CONFIRMATION);
		assert_ne!(confirmation_statement(&[2; 32], &CONFIRMATION), whole);
		for other in [
			Confirmation { vm: 8, ..CONFIRMATION },
			Confirmation { generation: 3, ..CONFIRMATION },
			Confirmation { boot_counter: 4, ..CONFIRMATION },
			Confirmation { key_commit: None, ..CONFIRMATION },
			Confirmation { key_commit: Some([9; 32]), ..CONFIRMATION },
			Confirmation { token_root: [9; 32], ..CONFIRMATION },
			Confirmation { stamp: 7, ..CONFIRMATION },
		] {
			assert_ne!(confirmation_statement(&[1; 32], &other), whole);
		}
	}

	#[test]
	fn absent_commitment_differs_from_zeroes() {
		let without = Confirmation { key_commit: None, ..CONFIRMATION };
		let zeroes = Confirmation { key_commit: Some([0; 32]), ..CONFIRMATION };
		let (without, zeroes) =
			(confirmation_statement(&[1; 32], &without), confirmation_statement(&[1; 32], &zeroes));
		assert_ne!(without, zeroes);
		assert_eq!(without.len(), zeroes.len());
	}
}
