//! The files of a VM on its host: disk, console, and what a launch without SEV-SNP needs.

use std::{
	fs::{self, File},
	io::{self, Read, Seek, SeekFrom},
	os::unix::fs::MetadataExt,
	path::{Path, PathBuf},
};

use super::{identity::Identity, LauncherError};

/// The length of a console above which it is shortened.
const MAX_CONSOLE: u64 = 1 << 20;
/// The text that the agent in a tenant's VM prints once it listens.
pub(super) const VM_LISTENS: &[u8] = b"waiting for the configuration";
/// The text that hccam prints once it listens.
pub(super) const AGENT_LISTENS: &[u8] = b" listening";
/// The end of a console that is kept when it is shortened.
const KEPT_CONSOLE: u64 = 64 << 10;
const GIB: u64 = 1 << 30;

/// The files of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VmFiles {
	pub folder: PathBuf,
	/// The tenant's disk, or the settings of hccam.
	pub disk: PathBuf,
	/// The output of the serial console.
	pub console: PathBuf,
	/// The table of kernel hashes, without SEV-SNP.
	pub hash_table: PathBuf,
	/// The contents of the simulated chip's reports, without SEV-SNP.
	pub reports: PathBuf,
}

impl VmFiles {
	pub(super) fn of(state_dir: &Path, identity: &Identity) -> Self {
		let folder = state_dir.join(identity.folder());
		Self {
			disk: folder.join("disk.img"),
			console: folder.join("console.log"),
			hash_table: folder.join("hash-table"),
			reports: folder.join("insecure-reports"),
			folder,
		}
	}

	/// Makes the folder, and a disk of at least that size. A disk never shrinks.
	pub(super) fn prepare(&self, gib: u32) -> Result<(), LauncherError> {
		fs::create_dir_all(&self.folder).map_err(|error| failed(&self.folder, error))?;
		let grown = || {
			let disk = File::options().create(true).truncate(false).write(true).open(&self.disk)?;
			let wanted = bytes(gib);
			if disk.metadata()?.len() < wanted {
				disk.set_len(wanted)?;
			}
			disk.sync_all()
		};
		grown().map_err(|error| failed(&self.disk, error))?;
		self.empty_console()
	}

	/// Makes the folder, and a disk with the settings of hccam.
	pub(super) fn prepare_agent(&self, settings: &[u8]) -> Result<(), LauncherError> {
		fs::create_dir_all(&self.folder).map_err(|error| failed(&self.folder, error))?;
		fs::write(&self.disk, settings).map_err(|error| failed(&self.disk, error))?;
		self.empty_console()
	}

	/// Empties the console: its length shows how far this boot has come.
	fn empty_console(&self) -> Result<(), LauncherError> {
		let _earlier = fs::remove_file(self.old_console());
		fs::write(&self.console, "").map_err(|error| failed(&self.console, error))
	}

	/// Returns the path of the end of a console that was shortened.
	fn old_console(&self) -> PathBuf {
		self.console.with_extension("old")
	}

	/// Writes what a launch without SEV-SNP needs.
	pub(super) fn write_insecure(&self, table: &[u8], reports: &str) -> Result<(), LauncherError> {
		fs::write(&self.hash_table, table).map_err(|error| failed(&self.hash_table, error))?;
		fs::write(&self.reports, reports).map_err(|error| failed(&self.reports, error))
	}

	/// Returns the size of the disk in GiB, rounded down, or `None` if it does not exist.
	pub(super) fn disk_gib(&self) -> Option<u32> {
		u32::try_from(fs::metadata(&self.disk).ok()?.len() / GIB).ok()
	}

	/// Returns true if the VM has printed something since its launch.
	pub(super) fn has_printed(&self) -> bool {
		fs::metadata(&self.console).is_ok_and(|console| console.len() > 0)
	}

	/// Returns true if the guest's agent has announced on the console, with the given words, that
	/// it listens.
	pub(super) fn has_announced(&self, words: &[u8]) -> bool {
		let read = || {
			let mut start = Vec::new();
			File::open(&self.console)?.take(MAX_CONSOLE).read_to_end(&mut start)?;
			io::Result::Ok(start)
		};
		let start = read().unwrap_or_default();
		// A guest that has printed more has booted.
		let is_long = self.old_console().exists();
		is_long || start.windows(words.len()).any(|window| window == words)
	}

	/// Shortens a console that is too long to its end. A tenant could otherwise fill the host's
	/// disk. QEMU appends to the file, so it need not know.
	pub(super) fn bound_console(&self) -> io::Result<()> {
		let mut console = File::options().read(true).write(true).open(&self.console)?;
		let len = console.metadata()?.len();
		if len <= MAX_CONSOLE {
			return Ok(());
		}
		console.seek(SeekFrom::Start(len.saturating_sub(KEPT_CONSOLE)))?;
		let mut end = Vec::new();
		console.by_ref().take(KEPT_CONSOLE).read_to_end(&mut end)?;
		fs::write(self.old_console(), end)?;
		console.set_len(0)
	}

	/// Deletes all files.
	pub(super) fn delete(&self) -> Result<(), LauncherError> {
		match fs::remove_dir_all(&self.folder) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => {
				Err(failed(&self.folder, error))
			},
			_ => Ok(()),
		}
	}
}

fn failed(path: &Path, error: io::Error) -> LauncherError {
	LauncherError::of_file(path, error)
}

/// Returns the size of a disk in bytes.
pub(super) fn bytes(gib: u32) -> u64 {
	u64::from(gib).saturating_mul(GIB)
}

/// Checks that all disks in a folder have room at their full sizes, and that of a VM at the given
/// size. Disks take space only as they are written, so free space alone says little.
///
/// ## Errors
/// [`LauncherError::NoRoom`], or a failure to read.
pub(super) fn check_room(state_dir: &Path, vm: &VmFiles, gib: u32) -> Result<(), LauncherError> {
	fs::create_dir_all(state_dir).map_err(|error| failed(state_dir, error))?;
	let mut promised = 0u64;
	for entry in fs::read_dir(state_dir).map_err(|error| failed(state_dir, error))? {
		let disk = entry.map_err(|error| failed(state_dir, error))?.path().join("disk.img");
		if disk != vm.disk {
			promised = promised.saturating_add(unwritten(&disk, 0));
		}
	}
	let wanted = promised.saturating_add(unwritten(&vm.disk, bytes(gib)));
	let system = rustix::fs::statvfs(state_dir);
	let system = system.map_err(|error| failed(state_dir, error.into()))?;
	let free = system.f_bavail.saturating_mul(system.f_frsize);
	if wanted <= free {
		return Ok(());
	}
	let (wanted, free) = (wanted.div_ceil(GIB), free / GIB);
	let folder = state_dir.display();
	Err(LauncherError::NoRoom(format!("the disks in {folder} need {wanted} GiB, {free} are free")))
}

/// Returns the number of bytes that a disk may still take, at its size or at the given one.
fn unwritten(disk: &Path, at_least: u64) -> u64 {
	/// The unit of the number of blocks of a file.
	const BLOCK: u64 = 512;
	let (len, blocks) =
		fs::metadata(disk).map_or((0, 0), |metadata| (metadata.len(), metadata.blocks()));
	len.max(at_least).saturating_sub(blocks.saturating_mul(BLOCK))
}

#[cfg(test)]
mod tests {
	use super::{super::identity::tests::IDENTITY, *};

	fn files() -> (tempfile::TempDir, VmFiles) {
		let folder = tempfile::tempdir().expect("a folder");
		let files = VmFiles::of(folder.path(), &IDENTITY);
		(folder, files)
	}

	#[test]
	fn disk_is_sparse_and_grows_only() {
		let (_folder, files) = files();
		assert_eq!(files.disk_gib(), None);
		files.prepare(3).expect("prepared");
		fs::write(files.folder.join("other"), "x").expect("written");
		files.prepare(5).expect("grown");
		assert_eq!(files.disk_gib(), Some(5));
		files.prepare(4).expect("prepared");
		assert_eq!(files.disk_gib(), Some(5));
		assert!(fs::metadata(&files.disk).expect("it exists").blocks() < 1_000);
		files.delete().expect("deleted");
		assert!(!files.folder.exists());
		files.delete().expect("deleting twice succeeds");
	}

	#[test]
	fn console_is_empty_at_launch_and_bounded_later() {
		let (_folder, files) = files();
		files.prepare(1).expect("prepared");
		assert!(!files.has_printed());
		let mut text = vec![b'x'; MAX_CONSOLE as usize];
		fs::write(&files.console, &text).expect("written");
		files.bound_console().expect("short enough");
		assert!(files.has_printed());
		text.extend(b"the end");
		fs::write(&files.console, &text).expect("written");
		files.bound_console().expect("shortened");
		assert!(!files.has_printed());
		assert!(files.has_announced(VM_LISTENS), "it has printed enough");
		let old = fs::read(files.old_console()).expect("it is kept");
		assert_eq!(old.len() as u64, KEPT_CONSOLE);
		assert!(old.ends_with(b"xxthe end"));
		fs::write(&files.console, "x").expect("written");
		files.prepare(1).expect("prepared again");
		assert!(!files.has_printed() && !files.has_announced(VM_LISTENS));
		fs::write(&files.console, "quiet\r\nINFO hcc_guest: waiting for the configuration\r\n")
			.expect("written");
		assert!(files.has_announced(VM_LISTENS) && !files.has_announced(AGENT_LISTENS));
	}

	#[test]
	fn settings_of_agent_replace_earlier_ones() {
		let (_folder, files) = files();
		for settings in [&b"longer settings"[..], b"settings"] {
			files.prepare_agent(settings).expect("prepared");
			assert_eq!(fs::read(&files.disk).expect("read"), settings);
		}
	}

	#[test]
	fn insecure_files_are_written() {
		let (_folder, files) = files();
		files.prepare(1).expect("prepared");
		files.write_insecure(&[7; 3], "--chip alice").expect("written");
		assert_eq!(fs::read_to_string(&files.reports).expect("text"), "--chip alice");
		assert_eq!(fs::read(&files.hash_table).expect("read"), [7; 3]);
	}

	#[test]
	fn disks_without_room_are_refused() {
		let (folder, files) = files();
		check_room(folder.path(), &files, 0).expect("nothing is wanted");
		let error = check_room(folder.path(), &files, u32::MAX).expect_err("no host has that");
		assert_eq!(error.code(), "no-room");
		// Another VM's disk is promised at its full size.
		let other = VmFiles::of(folder.path(), &Identity { vm: 8, ..IDENTITY });
		fs::create_dir_all(&other.folder).expect("a folder");
		let disk = File::create(&other.disk).expect("a disk");
		disk.set_len(bytes(1024)).expect("it is sparse");
		assert!(unwritten(&other.disk, 0) >= bytes(1024) - (1 << 20));
		let seen = check_room(folder.path(), &other, 0).map_err(|error| error.code());
		let with_other = check_room(folder.path(), &files, 0).map_err(|error| error.code());
		assert_eq!(seen, with_other, "both count the same disk");
	}

	#[test]
	fn unwritable_folder_is_a_storage_error() {
		let (folder, files) = files();
		fs::write(folder.path().join(IDENTITY.folder()), "a file").expect("written");
		assert_eq!(files.prepare(1).expect_err("it is a file").code(), "storage");
	}
}
