use alloc::vec::Vec;

use super::VmId;
use crate::{domain, host::Genesis};

/// What a guest has seen of its VM for a billing interval, or for the part of it since its boot or its last receipt.
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
pub struct Receipt {
	pub vm: VmId,
	/// How often the VM was given to a miner.
	pub generation: u32,
	/// The number of the boot whose key signs.
	pub boot_counter: u32,
	/// Higher with each receipt of a boot.
	pub sequence: u32,
	/// The billing interval.
	pub interval: u32,
	/// How long it tells of, in milliseconds, by the guest's clock.
	pub elapsed: u32,
	/// How long its vCPUs have worked, all together, in milliseconds.
	pub cpu_time: u64,
	/// How long they wanted to and could not, all together, in milliseconds.
	pub steal: u64,
	/// The memory that the VM has, in MiB.
	pub memory: u32,
	/// The disk that it has, in GiB.
	pub disk: u32,
	/// What it has sent, in MiB.
	pub egress: u32,
}

/// A receipt, and the signature by the key that its boot has shown.
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
pub struct SignedReceipt {
	pub receipt: Receipt,
	/// ed25519, over [`receipt_statement`].
	pub signature: [u8; 64],
}

/// What a guest signs of a receipt: all of it, each number little-endian.
pub fn receipt_statement(genesis: &Genesis, receipt: &Receipt) -> Vec<u8> {
	[
		&domain::RECEIPT[..],
		genesis,
		&receipt.vm.to_le_bytes(),
		&receipt.generation.to_le_bytes(),
		&receipt.boot_counter.to_le_bytes(),
		&receipt.sequence.to_le_bytes(),
		&receipt.interval.to_le_bytes(),
		&receipt.elapsed.to_le_bytes(),
		&receipt.cpu_time.to_le_bytes(),
		&receipt.steal.to_le_bytes(),
		&receipt.memory.to_le_bytes(),
		&receipt.disk.to_le_bytes(),
		&receipt.egress.to_le_bytes(),
	]
	.concat()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::host::sha256;

	const RECEIPT: Receipt = Receipt {
		vm: 7,
		generation: 2,
		boot_counter: 3,
		sequence: 4,
		interval: 5,
		elapsed: 3_600_000,
		cpu_time: 7_000_000,
		steal: 90_000,
		memory: 8_192,
		disk: 100,
		egress: 11,
	};

	/// Computed apart, with Python's hashlib, over the bytes that the design names.
	#[test]
	fn the_layout_has_a_vector() {
		let statement = sha256(&[&receipt_statement(&[1; 32], &RECEIPT)]);
		assert_eq!(hex::encode(statement), include_str!("vectors/receipt.hex").trim());
	}

	#[test]
	fn every_field_changes_the_statement() {
		let whole = receipt_statement(&[1; 32], &RECEIPT);
		assert_ne!(receipt_statement(&[2; 32], &RECEIPT), whole);
		for other in [
			Receipt { vm: 8, ..RECEIPT },
			Receipt { generation: 3, ..RECEIPT },
			Receipt { boot_counter: 4, ..RECEIPT },
			Receipt { sequence: 5, ..RECEIPT },
			Receipt { interval: 6, ..RECEIPT },
			Receipt { elapsed: 1, ..RECEIPT },
			Receipt { cpu_time: 1, ..RECEIPT },
			Receipt { steal: 1, ..RECEIPT },
			Receipt { memory: 1, ..RECEIPT },
			Receipt { disk: 1, ..RECEIPT },
			Receipt { egress: 1, ..RECEIPT },
		] {
			assert_ne!(receipt_statement(&[1; 32], &other), whole);
		}
	}
}
