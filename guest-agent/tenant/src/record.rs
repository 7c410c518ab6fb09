//! The state of a boot, in a folder in memory. The agent in the initramfs writes it, and the agent
//! in the running VM reads it.

use std::{
	fs::{self, DirBuilder, OpenOptions, Permissions},
	io::{self, Write},
	os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
	path::{Path, PathBuf},
};

use codec::{Decode, DecodeAll, Encode};
use ed25519_dalek::SigningKey;
use hcc_evidence::vm::SignedConfirmation;
use hcc_guest_protocol::{
	vm::{BootRequest, BootResponse},
	Peers,
};
use hcc_vm_config::VmConfig;
use hccam::usage::{Progress, Reading};

use crate::{Fatal, Keys};

const CONFIG: &str = "config.json";
const GUEST_KEY: &str = "guest.key";
const BOOTED: &str = "boot.scale";
const PROGRESS: &str = "receipts.scale";
const USER_DATA: &str = "user-data";
// Files that the programs of the image read.
const SSH_HOST_KEY: &str = "ssh_host_ed25519_key";
const SSH_HOST_KEY_PUB: &str = "ssh_host_ed25519_key.pub";
const AUTHORIZED_KEYS: &str = "authorized_keys";
const HOST_NAME: &str = "hostname";

/// A confirmed boot.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Booted {
	/// The boot.
	pub request: BootRequest,
	/// The evidence that was shown for it.
	pub evidence: BootResponse,
	pub confirmation: SignedConfirmation,
	/// The reading when the evidence was made. Receipts start there.
	pub began: Reading,
	/// The CID of the host, and whether unprivileged processes of the host are served.
	pub host: (u32, bool),
}

impl Booted {
	/// Returns the peers that the agent serves.
	pub const fn peers(&self) -> Peers {
		Peers { host_cid: self.host.0, any_port: self.host.1 }
	}
}

/// The folder. Only root can read it.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
	/// Creates the folder, or takes over an existing one.
	///
	/// ## Errors
	/// Fails if it cannot be created, or if its mode cannot be set.
	pub fn create(path: &Path) -> io::Result<Self> {
		DirBuilder::new().recursive(true).mode(0o700).create(path)?;
		fs::set_permissions(path, Permissions::from_mode(0o700))?;
		Ok(Self(path.into()))
	}

	/// Refers to a folder that exists.
	pub fn of(path: &Path) -> Self {
		Self(path.into())
	}

	/// Returns the path of a file in the folder.
	fn path(&self, name: &str) -> PathBuf {
		self.0.join(name)
	}

	/// Stores a confirmed boot and what the image reads from its configuration. The record of the
	/// boot comes last: without it, the boot does not count as confirmed.
	pub(crate) fn store(&self, booted: &Booted, keys: &Keys, config: &[u8]) -> Result<(), Fatal> {
		let parsed =
			VmConfig::parse(config).map_err(|error| Fatal::State(io::Error::other(error)))?;
		let host_name = format!("{}\n", parsed.host_name);
		let authorized: String = parsed.ssh_keys.iter().map(|key| format!("{key}\n")).collect();
		let (private, public) = keys.ssh_host_key_files()?;
		let (guest_key, record) = (keys.guest.to_bytes(), booted.encode());
		let files: [(&str, &[u8]); 7] = [
			(CONFIG, config),
			(HOST_NAME, host_name.as_bytes()),
			(AUTHORIZED_KEYS, authorized.as_bytes()),
			(SSH_HOST_KEY, &private),
			(SSH_HOST_KEY_PUB, &public),
			(GUEST_KEY, &guest_key),
			(BOOTED, &record),
		];
		for (name, bytes) in files {
			self.write(name, bytes).map_err(Fatal::State)?;
		}
		Ok(())
	}

	/// Writes a file that only root can read, atomically.
	fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
		let new = self.path(&format!("{name}.new"));
		let mut file =
			OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
		file.write_all(bytes)?;
		fs::rename(new, self.path(name))
	}

	/// Reads the record of the confirmed boot.
	///
	/// ## Errors
	/// Fails if no boot was confirmed, or if the record cannot be read.
	pub fn booted(&self) -> io::Result<Booted> {
		decode(&fs::read(self.path(BOOTED))?)
	}

	/// Reads the bytes of the configuration.
	///
	/// ## Errors
	/// Fails if the file cannot be read.
	pub fn config(&self) -> io::Result<Vec<u8>> {
		fs::read(self.path(CONFIG))
	}

	/// Reads the key of the boot.
	///
	/// ## Errors
	/// Fails if the file cannot be read, or does not contain a key.
	pub fn guest_key(&self) -> io::Result<SigningKey> {
		let bytes = fs::read(self.path(GUEST_KEY))?;
		let seed: &[u8; 32] =
			bytes.as_slice().try_into().map_err(|_| io::ErrorKind::InvalidData)?;
		Ok(SigningKey::from_bytes(seed))
	}

	/// Reads the receipts of the boot, or returns `None` if there are none yet.
	pub(crate) fn progress(&self) -> io::Result<Option<Progress>> {
		match fs::read(self.path(PROGRESS)) {
			Ok(bytes) => decode(&bytes).map(Some),
			Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
			Err(error) => Err(error),
		}
	}

	/// Marks the user data as started. Returns false if an earlier run of the agent has started it.
	pub(crate) fn start_user_data(&self) -> io::Result<bool> {
		match OpenOptions::new().write(true).create_new(true).open(self.path(USER_DATA)) {
			Ok(_) => Ok(true),
			Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
			Err(error) => Err(error),
		}
	}

	pub(crate) fn store_progress(&self, progress: &Progress) -> io::Result<()> {
		self.write(PROGRESS, &progress.encode())
	}
}

fn decode<T: Decode>(bytes: &[u8]) -> io::Result<T> {
	T::decode_all(&mut &bytes[..])
		.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn user_data_starts_once() {
		let run = tempfile::tempdir().expect("a folder");
		let folder = Folder::create(run.path()).expect("a folder");
		assert!(folder.start_user_data().expect("marked"));
		assert!(!folder.start_user_data().expect("readable"));
	}

	#[test]
	fn files_are_readable_by_root_only() {
		let run = tempfile::tempdir().expect("a folder");
		let folder = Folder::create(&run.path().join("hcc")).expect("a folder");
		folder.write(GUEST_KEY, &[7; 32]).expect("written");
		let mode = |path: PathBuf| fs::metadata(path).expect("its mode").permissions().mode();
		assert_eq!(mode(run.path().join("hcc")) & 0o777, 0o700);
		assert_eq!(mode(run.path().join("hcc/guest.key")) & 0o777, 0o600);
		assert_eq!(folder.guest_key().expect("readable").to_bytes(), [7; 32]);
		folder.write(GUEST_KEY, &[7; 31]).expect("written");
		assert!(folder.guest_key().is_err(), "it is too short");
	}
}
