#![doc = include_str!("../README.md")]

mod error;
mod firmware;
mod folder;
mod hash_table;
mod manifest;
mod rows;
mod verity;

pub use error::Error;
pub use firmware::Firmware;
pub use folder::{Image, Progress};
pub use hash_table::{KernelHashTable, TABLE_LEN};
pub use manifest::{
	File, FileEntry, Files, Manifest, Sha256Digest, FORMAT, MANIFEST, MAX_COMMAND_LINE,
	MAX_MANIFEST, MAX_VCPUS,
};

/// The virtual CPU model of all images, as QEMU names it. Launch measurements depend on it.
pub const CPU: &str = "EPYC-v4";
