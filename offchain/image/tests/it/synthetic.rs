//! A tiny image folder, with a firmware that has tables but no code. The tests of `hcc` use it too.

// Neither test program uses all of it.
#![allow(dead_code)]

use std::{fs, path::Path};

use serde_json::{json, Value};
use sha2::{Digest, Sha256};

/// The names of the files, and of the manifest.
pub const FIRMWARE: &str = "OVMF.fd";
pub const KERNEL: &str = "vmlinuz";
pub const INITRD: &str = "initrd";
pub const ROOT: &str = "root.squashfs";
pub const VERITY: &str = "root.verity";
pub const FILES: [&str; 5] = [FIRMWARE, KERNEL, INITRD, ROOT, VERITY];
pub const MANIFEST: &str = "image.json";

const BLOCK: usize = 4096;
/// The size of the firmware, and the place of its SEV metadata.
const FIRMWARE_LEN: usize = 2 * BLOCK;
const METADATA_AT: usize = BLOCK;
/// The bytes after the footer table.
const RESET_VECTOR: usize = 32;

/// The areas in the SEV metadata: address, size and type.
const AREAS: [(u32, u32, u32); 4] = [
	(0x80_0000, 0x2000, 1),
	(0x80_d000, 0x1000, 2),
	(0x80_e000, 0x1000, 3),
	(0x81_0000, 0x1000, 0x10),
];

/// The GUIDs of the footer table, in UEFI's byte order.
const FOOTER: &str = "de82b596b21ff745baeaa366c55a082d";
const RESET_BLOCK: &str = "de71f7007e1acb4f890e68c77e2fb44e";
const HASH_TABLE: &str = "1f3755723b3a044b927b1da6efa8d454";
const METADATA: &str = "666588dc4a989847a75e5585a7bf67cc";

/// Returns the firmware.
pub fn firmware() -> Vec<u8> {
	let mut bytes: Vec<u8> = (0..FIRMWARE_LEN).map(|at| (at * 7) as u8).collect();
	let mut metadata = b"ASEV".to_vec();
	let len = 16 + 12 * AREAS.len() as u32;
	for number in [len, 1, AREAS.len() as u32] {
		metadata.extend(number.to_le_bytes());
	}
	for (address, size, kind) in AREAS {
		[address, size, kind].iter().for_each(|number| metadata.extend(number.to_le_bytes()));
	}
	bytes[METADATA_AT..METADATA_AT + metadata.len()].copy_from_slice(&metadata);
	let mut table = Vec::new();
	let from_end = (FIRMWARE_LEN - METADATA_AT) as u32;
	table.extend(entry(METADATA, &[from_end]));
	table.extend(entry(HASH_TABLE, &[0x81_0c00, 0x400]));
	table.extend(entry(RESET_BLOCK, &[0x80_b004]));
	table.extend((table.len() as u16 + 18).to_le_bytes());
	table.extend(hex::decode(FOOTER).expect("a GUID"));
	let end = FIRMWARE_LEN - RESET_VECTOR;
	bytes[end - table.len()..end].copy_from_slice(&table);
	bytes
}

/// Returns an entry of the footer table: data, length, GUID.
fn entry(name: &str, numbers: &[u32]) -> Vec<u8> {
	let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
	bytes.extend((bytes.len() as u16 + 18).to_le_bytes());
	bytes.extend(hex::decode(name).expect("a GUID"));
	bytes
}

/// Returns the root file system: three blocks.
fn root() -> Vec<u8> {
	[1, 2, 3].iter().flat_map(|byte| [*byte; BLOCK]).collect()
}

/// Returns the hash tree of the root file system: one block.
fn verity() -> Vec<u8> {
	let mut tree: Vec<u8> = root().chunks(BLOCK).flat_map(Sha256::digest).collect();
	tree.resize(BLOCK, 0);
	tree
}

fn digest(bytes: &[u8]) -> String {
	hex::encode(Sha256::digest(bytes))
}

/// Writes the image to a folder.
pub fn write(folder: &Path) {
	let bytes = [firmware(), b"kernel".to_vec(), b"initrd".to_vec(), root(), verity()];
	let mut files = json!({});
	for (name, bytes) in FILES.iter().zip(&bytes) {
		fs::write(folder.join(name), bytes).expect("written");
		files[*name] = json!({ "sha256": digest(bytes), "size": bytes.len() });
	}
	let root_hash = digest(&verity());
	let manifest = json!({
		"format": 1,
		"name": "minimal",
		"version": "0.1.0",
		"cmdline": format!("console=ttyS0 hcc.root={root_hash} hcc.blocks=3 hcc.init=/sbin/init"),
		"files": files,
		"memory_mib": 256,
		"cpu": "EPYC-v4",
		"vcpus": [1, 2, 4],
		"insecure": false,
	});
	fs::write(folder.join(MANIFEST), manifest.to_string()).expect("written");
}

/// Changes the manifest of a folder.
pub fn edit_manifest(folder: &Path, edit: impl FnOnce(&mut Value)) {
	let path = folder.join(MANIFEST);
	let mut manifest =
		serde_json::from_slice(&fs::read(&path).expect("read")).expect("a manifest is JSON");
	edit(&mut manifest);
	fs::write(path, manifest.to_string()).expect("written");
}

/// Replaces a file, and states its digest and size in the manifest.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) {
	fs::write(folder.join(name), bytes).expect("written");
	edit_manifest(folder, |manifest| {
		manifest["files"][name] = json!({ "sha256": digest(bytes), "size": bytes.len() });
	});
}
