//! The table of kernel hashes: the digests of the kernel, initrd and command line that the firmware
//! may start.
//!
//! QEMU writes it for SEV guests only, as a part of the launch measurement. On machines without SEV
//! the host agent has QEMU load it into the guest's memory, and the firmware then checks as usual.

use crate::{manifest::Sha256Digest, Error, File, Firmware, Manifest};

/// The length of an entry: its GUID, its length, and a digest.
const ENTRY_LEN: usize = 16 + 2 + 32;

/// The length of the table: its GUID, its length, and three entries.
const CONTENT_LEN: usize = 16 + 2 + 3 * ENTRY_LEN;

/// The length of the table with its padding, in bytes.
pub const TABLE_LEN: usize = CONTENT_LEN.next_multiple_of(16);

const TABLE: [u8; 16] =
	guid(0x9438d606, 0x4f22, 0x4cc9, [0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21]);
const COMMAND_LINE: [u8; 16] =
	guid(0x97d02dd8, 0xbd20, 0x4c94, [0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a]);
const INITRD: [u8; 16] =
	guid(0x44baf731, 0x3a2f, 0x4bd7, [0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d]);
const KERNEL: [u8; 16] =
	guid(0x4de79437, 0xabd2, 0x427f, [0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b]);

/// Returns the bytes of a GUID in UEFI's order: the first three fields are little-endian.
pub(crate) const fn guid(first: u32, second: u16, third: u16, rest: [u8; 8]) -> [u8; 16] {
	let (a, b, c, d) = (first.to_le_bytes(), second.to_le_bytes(), third.to_le_bytes(), rest);
	[a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]]
}

/// The table of kernel hashes, and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelHashTable {
	/// The address in the guest's memory.
	pub address: u32,
	pub bytes: [u8; TABLE_LEN],
}

impl KernelHashTable {
	/// Returns the table of an image, as QEMU makes it. The digest of the command line includes a
	/// final zero byte.
	///
	/// ## Errors
	/// [`Error::Firmware`] if the table does not fit where the firmware expects it.
	pub fn new(manifest: &Manifest, firmware: &Firmware) -> Result<Self, Error> {
		if (firmware.hash_table_size() as usize) < TABLE_LEN {
			return Err(Error::Firmware("its area for kernel hashes is too small"));
		}
		let line = [manifest.cmdline.as_bytes(), b"\0"].concat();
		let entries = [
			(COMMAND_LINE, Sha256Digest::of(&line)),
			(INITRD, manifest.files.get(File::Initrd).sha256),
			(KERNEL, manifest.files.get(File::Kernel).sha256),
		];
		let mut content = Vec::with_capacity(TABLE_LEN);
		content.extend_from_slice(&TABLE);
		content.extend_from_slice(&(CONTENT_LEN as u16).to_le_bytes());
		for (name, digest) in entries {
			content.extend_from_slice(&name);
			content.extend_from_slice(&(ENTRY_LEN as u16).to_le_bytes());
			content.extend_from_slice(&digest.0);
		}
		let mut bytes = [0; TABLE_LEN];
		for (byte, value) in bytes.iter_mut().zip(content) {
			*byte = value;
		}
		Ok(Self { address: firmware.hash_table_address(), bytes })
	}
}
