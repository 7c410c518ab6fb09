//! Locations of the files of a local network.

use std::{
	fs,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
};

use anyhow::{bail, Context};

/// The file that marks the folder of a network. `hcc devnet` never empties a folder that lacks this
/// file.
const MARK: &str = ".hcc-devnet";

/// A network's folder, and the folders of the programs and scripts that it needs.
pub(crate) struct Layout {
	folder: PathBuf,
	programs: PathBuf,
	machine: PathBuf,
}

impl Layout {
	/// Checks that all programs and scripts exist.
	pub(crate) fn new(
		folder: &Path,
		programs: &Path,
		machine: &Path,
		with_host: bool,
	) -> anyhow::Result<Self> {
		let folder = std::path::absolute(folder)
			.with_context(|| format!("{} cannot be a folder", folder.display()))?;
		let layout = Self { folder, programs: programs.to_owned(), machine: machine.to_owned() };
		let mut wanted = vec!["hccs-node", "hcc-validator"];
		if with_host {
			wanted.extend([
				"hcc-miner",
				"hccam",
				"insecure-sev-guest",
				"insecure-sim",
				"insecure-vm",
			]);
			let scripts = layout.machine.join("image.sh");
			if !scripts.is_file() {
				bail!(
					"{} is missing: give the folder scripts/machine of the project with --machine",
					scripts.display()
				);
			}
		}
		for program in wanted {
			let path = layout.program(program);
			if !path.is_file() {
				bail!(
					"{} is missing: build it (make build), or give its folder with --programs",
					path.display()
				);
			}
		}
		Ok(layout)
	}

	/// Describes a network's folder for a test. There are no programs and no scripts.
	#[cfg(test)]
	pub(crate) fn for_test(folder: &Path) -> Self {
		Self { folder: folder.to_owned(), programs: "/".into(), machine: "/".into() }
	}

	/// Creates the folder, and removes the files of an earlier network.
	pub(crate) fn clear(&self) -> anyhow::Result<()> {
		let mark = self.file(MARK);
		let used = self.folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
		if used && !mark.exists() {
			bail!(
				"{} contains other files than a network's: give another folder with --dir",
				self.folder.display()
			);
		}
		if used {
			fs::remove_dir_all(&self.folder)
				.with_context(|| format!("cannot empty {}", self.folder.display()))?;
		}
		fs::create_dir_all(self.logs())
			.and_then(|()| fs::write(&mark, ""))
			.with_context(|| format!("cannot create {}", self.folder.display()))
	}

	pub(crate) fn folder(&self) -> &Path {
		&self.folder
	}

	/// Returns the path of a file or folder of the network.
	pub(crate) fn file(&self, name: &str) -> PathBuf {
		self.folder.join(name)
	}

	pub(crate) fn logs(&self) -> PathBuf {
		self.file("logs")
	}

	/// Returns the path of a program.
	pub(crate) fn program(&self, name: &str) -> PathBuf {
		self.programs.join(name)
	}

	pub(crate) fn programs(&self) -> &Path {
		&self.programs
	}

	/// Returns the path of a script that makes or starts the host.
	pub(crate) fn script(&self, name: &str) -> PathBuf {
		self.machine.join(name)
	}

	/// Writes a file with a key, which only its owner may use.
	pub(crate) fn write_key(&self, name: &str, uri: &str) -> anyhow::Result<PathBuf> {
		let path = self.write(name, "")?;
		fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
			.and_then(|()| fs::write(&path, uri))
			.with_context(|| format!("cannot write {}", path.display()))?;
		Ok(path)
	}

	/// Writes a file, and creates its parent folders.
	pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> anyhow::Result<PathBuf> {
		let path = self.file(name);
		let above = path.parent().unwrap_or(&self.folder);
		fs::create_dir_all(above)
			.and_then(|()| fs::write(&path, content))
			.with_context(|| format!("cannot write {}", path.display()))?;
		Ok(path)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn clear_empties_only_network_folders() {
		let temporary = tempfile::tempdir().expect("a folder");
		let network = Layout::for_test(&temporary.path().join("network"));
		network.clear().expect("a new folder");
		network.write("state/row", "1").expect("writable");
		network.clear().expect("the folder of a network");
		assert!(!network.file("state").exists());

		fs::write(temporary.path().join("diary"), "mine").expect("writable");
		let error =
			Layout::for_test(temporary.path()).clear().expect_err("not the folder of a network");
		assert!(error.to_string().contains("--dir"), "{error}");
		assert!(temporary.path().join("diary").exists());
	}

	#[test]
	fn key_file_is_private() {
		let folder = tempfile::tempdir().expect("a folder");
		let path =
			Layout::for_test(folder.path()).write_key("worker.key", "//Alice").expect("writable");
		let mode = fs::metadata(&path).expect("it exists").permissions().mode();
		assert_eq!(mode & 0o777, 0o600);
		assert_eq!(fs::read_to_string(&path).expect("readable"), "//Alice");
	}

	#[test]
	fn missing_program_error_names_remedy() {
		let empty = tempfile::tempdir().expect("a folder");
		let error = Layout::new(empty.path(), empty.path(), empty.path(), false)
			.err()
			.expect("no program exists");
		assert!(error.to_string().contains("make build"), "{error}");
	}
}
