use alloc::vec::Vec;

use super::VmId;
use crate::{domain, host::Genesis};

/// The resources that a guest received in a billing interval, or in the part of it since the boot
/// or the last receipt.
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
	/// The number of miners to which the VM was assigned so far.
	pub generation: u32,
	/// The number of the boot whose key signs the receipt.
	pub boot_counter: u32,
	/// The number of the receipt, which increases with each receipt of a boot.
	pub sequence: u32,
	/// The billing interval.
	pub interval: u32,
	/// The duration that the receipt covers, in milliseconds of the guest's clock.
	pub elapsed: u32,
	/// The time for which the vCPUs ran, summed over all vCPUs, in milliseconds.
	pub cpu_time: u64,
	/// The time for which runnable vCPUs did not run (steal time), summed over all vCPUs, in
	/// milliseconds.
	pub steal: u64,
	/// The memory of the VM, in MiB.
	pub memory: u32,
	/// The disk of the VM, in GiB.
	pub disk: u32,
	/// The data that the VM sent, in MiB.
	pub egress: u32,
}

/// A receipt with the signature of the key in the evidence of its boot.
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
	/// The ed25519 signature over [`receipt_statement`].
	pub signature: [u8; 64],
}

/// Returns the statement that a guest signs: all fields of the receipt, as little-endian numbers.
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

	/// The vector was computed independently, with Python's hashlib, from the layout in
	/// `docs/protocol.md`.
	#[test]
	fn receipt_statement_matches_its_vector() {
		let statement = sha256(&[&receipt_statement(&[1; 32], &RECEIPT)]);
		assert_eq!(hex::encode(statement), include_str!("vectors/receipt.hex").trim());
	}

	#[test]
	fn receipt_statement_changes_with_each_field() {
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
