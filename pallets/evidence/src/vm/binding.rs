//! The hashes that bind a VM's report to its order and its boot. Section 3 of `docs/protocol.md`
//! specifies the layouts.

use alloc::vec::Vec;

use sha2::{Digest, Sha512};

use super::{Boot, VmEvidence, VmId};
use crate::{
	domain,
	host::{blake2_256, sha256, Genesis, Hash256, MinerId},
};

/// Returns the nonce of a boot. `parent` is the parent hash of the block that opens the boot.
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

/// Returns the REPORT_DATA that a VM's report must have. It binds the report to the boot and to the
/// keys that the guest created.
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

/// Returns the HOST_DATA that a VM must have, which its host sets at launch. HOST_DATA binds the
/// order, its configuration and the holders of the disk key.
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

/// Returns the statement that a tenant signs, with the key of the configuration, to read the
/// console log that `miner` keeps of a VM. The miner's relay chooses the nonce.
pub fn console_statement(genesis: &Genesis, miner: &MinerId, vm: VmId, nonce: &Hash256) -> Vec<u8> {
	[&domain::CONSOLE[..], genesis, miner, &vm.to_le_bytes(), nonce].concat()
}

/// The hash of a VM's evidence.
pub type VmEvidenceHash = Hash256;

/// Returns the hash that identifies evidence on the chain: blake2_256 of its SCALE encoding.
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
			snp_report: alloc::vec![],
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

	/// The layouts are fixed. The vectors were computed independently, with Python's hashlib, from
	/// the layouts in `docs/protocol.md`.
	#[test]
	fn bindings_match_their_vectors() {
		let genesis = [1; 32];
		let nonce = boot_nonce(&genesis, 7, 2, 3, &[9; 32]);
		assert_eq!(hex::encode(nonce), include_str!("vectors/boot.hex").trim());
		let report_data = vm_report_data(&genesis, &boot(), &evidence());
		assert_eq!(hex::encode(report_data), include_str!("vectors/vm.hex").trim());
		let host_data = vm_host_data(&genesis, 7, 2, &[7; 32], &[8; 32]);
		assert_eq!(hex::encode(host_data), include_str!("vectors/order.hex").trim());
		let console = sha256(&[&console_statement(&genesis, &[2; 32], 7, &[3; 32])]);
		assert_eq!(hex::encode(console), include_str!("vectors/console.hex").trim());
	}

	#[test]
	fn binding_changes_with_each_input() {
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
