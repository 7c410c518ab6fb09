//! The hashes that bind a VM's report to its order and its boot. The design's section 3 gives the layouts.

use alloc::vec::Vec;

use sha2::{Digest, Sha512};

use super::{Boot, VmEvidence, VmId};
use crate::{
	domain,
	host::{blake2_256, sha256, Genesis, Hash256},
};

/// The nonce of a boot. `parent` is the hash of the parent of the block that opens it.
pub fn boot_nonce(
	genesis: &Genesis,
	vm: VmId,
	generation: u32,
	boot_counter: u32,
	parent: &Hash256,
) -> Hash256 {
	let (vm, generation) = (vm.to_le_bytes(), generation.to_le_bytes());
	blake2_256(&[&domain::BOOT, genesis, &vm, &generation, &boot_counter.to_le_bytes(), parent])
}

/// What REPORT_DATA of a VM's report must be: it binds the report to the boot, and to the keys that the guest made.
pub fn vm_report_data(genesis: &Genesis, boot: &Boot, evidence: &VmEvidence) -> [u8; 64] {
	let mut hasher = Sha512::new();
	for part in [
		&domain::VM[..],
		genesis,
		&boot.nonce,
		&boot.vm.to_le_bytes(),
		&boot.generation.to_le_bytes(),
		&boot.counter.to_le_bytes(),
		&evidence.guest_pk,
		&evidence.kem_pk,
		&evidence.ssh_host_key_hash,
	] {
		hasher.update(part);
	}
	hasher.finalize().into()
}

/// What HOST_DATA of a VM must be, which its host sets at launch: it names the order, its configuration, and who holds the disk key.
pub fn vm_host_data(
	genesis: &Genesis,
	vm: VmId,
	generation: u32,
	config_hash: &Hash256,
	holders_root: &Hash256,
) -> Hash256 {
	let (vm, generation) = (vm.to_le_bytes(), generation.to_le_bytes());
	sha256(&[&domain::ORDER, genesis, &vm, &generation, config_hash, holders_root])
}

/// What a tenant signs of a VM's configuration.
pub fn config_statement(genesis: &Genesis, config_hash: &Hash256) -> Vec<u8> {
	[&domain::CONFIG[..], genesis, config_hash].concat()
}

/// The hash of a VM's evidence.
pub type VmEvidenceHash = Hash256;

/// The hash of evidence by which the chain knows it: blake2_256 of its SCALE.
#[cfg(feature = "scale")]
pub fn vm_evidence_hash(evidence: &VmEvidence) -> VmEvidenceHash {
	blake2_256(&[&codec::Encode::encode(evidence)])
}

#[cfg(test)]
mod tests {
	use super::*;

	fn evidence() -> VmEvidence {
		VmEvidence {
			vm: 7,
			generation: 2,
			boot_counter: 3,
			snp_report: Vec::new(),
			guest_pk: [4; 32],
			kem_pk: alloc::vec![5; super::super::KEM_KEY_LEN],
			ssh_host_key_hash: [6; 32],
		}
	}

	fn boot() -> Boot {
		Boot {
			vm: 7,
			generation: 2,
			counter: 3,
			nonce: boot_nonce(&[1; 32], 7, 2, 3, &[9; 32]),
			config_hash: [7; 32],
			holders_root: [8; 32],
			measurement: [0; 48],
		}
	}

	/// The layouts are fixed: these were computed apart, with Python's hashlib, over the bytes that the design names.
	#[test]
	fn each_layout_has_a_vector() {
		let genesis = [1; 32];
		let nonce = boot_nonce(&genesis, 7, 2, 3, &[9; 32]);
		assert_eq!(hex::encode(nonce), include_str!("vectors/boot.hex").trim());
		let report_data = vm_report_data(&genesis, &boot(), &evidence());
		assert_eq!(hex::encode(report_data), include_str!("vectors/vm.hex").trim());
		let host_data = vm_host_data(&genesis, 7, 2, &[7; 32], &[8; 32]);
		assert_eq!(hex::encode(host_data), include_str!("vectors/order.hex").trim());
		let config = sha256(&[&config_statement(&genesis, &[7; 32])]);
		assert_eq!(hex::encode(config), include_str!("vectors/config.hex").trim());
	}

	#[test]
	fn every_input_of_a_binding_changes_it() {
		let genesis = [1; 32];
		let whole = vm_report_data(&genesis, &boot(), &evidence());
		let with = |boot: Boot, evidence: VmEvidence| vm_report_data(&genesis, &boot, &evidence);
		for other in [
			vm_report_data(&[2; 32], &boot(), &evidence()),
			with(Boot { vm: 8, ..boot() }, evidence()),
			with(Boot { generation: 3, ..boot() }, evidence()),
			with(Boot { counter: 4, ..boot() }, evidence()),
			with(Boot { nonce: [0; 32], ..boot() }, evidence()),
			with(boot(), VmEvidence { guest_pk: [9; 32], ..evidence() }),
			with(boot(), VmEvidence { kem_pk: alloc::vec![9; 1216], ..evidence() }),
			with(boot(), VmEvidence { ssh_host_key_hash: [9; 32], ..evidence() }),
		] {
			assert_ne!(other, whole);
		}
		let order = vm_host_data(&genesis, 7, 2, &[7; 32], &[8; 32]);
		for other in [
			vm_host_data(&[2; 32], 7, 2, &[7; 32], &[8; 32]),
			vm_host_data(&genesis, 8, 2, &[7; 32], &[8; 32]),
			vm_host_data(&genesis, 7, 3, &[7; 32], &[8; 32]),
			vm_host_data(&genesis, 7, 2, &[9; 32], &[8; 32]),
			vm_host_data(&genesis, 7, 2, &[7; 32], &[9; 32]),
		] {
			assert_ne!(other, order);
		}
	}
}
