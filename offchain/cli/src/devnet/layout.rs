//! Where things of a network are.

use std::{
	fs,
	path::{Path, PathBuf},
};

use anyhow::{bail, Context};

/// A file by which a network's folder is known: no other folder is ever emptied.
const MARK: &str = ".hcc-devnet";

/// A network's folder, and the folders of what runs in it.
pub(crate) struct Layout {
	folder: PathBuf,
	programs: PathBuf,
	machine: PathBuf,
}

impl Layout {
	/// Checks that everything is there that a network needs.
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
					"{} is not there: name the project's folder scripts/machine by --machine",
					scripts.display()
				);
			}
		}
		for program in wanted {
			let path = layout.program(program);
			if !path.is_file() {
				bail!(
					"{} is not there: build it (make build), or name its folder by --programs",
					path.display()
				);
			}
		}
		Ok(layout)
	}

	/// Makes the folder, without what an earlier network left.
	pub(crate) fn clear(&self) -> anyhow::Result<()> {
		let mark = self.file(MARK);
		let used = self.folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
		if used && !mark.exists() {
			bail!(
				"{} holds something else than a network: name another folder by --dir",
				self.folder.display()
			);
		}
		if used {
			fs::remove_dir_all(&self.folder)
				.with_context(|| format!("cannot empty {}", self.folder.display()))?;
		}
		fs::create_dir_all(self.logs())
			.and_then(|()| fs::write(&mark, ""))
			.with_context(|| format!("cannot make {}", self.folder.display()))
	}

	pub(crate) fn folder(&self) -> &Path {
		&self.folder
	}

	/// A file or folder of the network's.
	pub(crate) fn file(&self, name: &str) -> PathBuf {
		self.folder.join(name)
	}

	pub(crate) fn logs(&self) -> PathBuf {
		self.file("logs")
	}

	/// A program of the project's.
	pub(crate) fn program(&self, name: &str) -> PathBuf {
		self.programs.join(name)
	}

	pub(crate) fn programs(&self) -> &Path {
		&self.programs
	}

	/// A script that makes or starts the host.
	pub(crate) fn script(&self, name: &str) -> PathBuf {
		self.machine.join(name)
	}

	/// Writes a file, with the folders above it.
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

	fn layout(folder: &Path) -> Layout {
		Layout { folder: folder.to_owned(), programs: "/".into(), machine: "/".into() }
	}

	#[test]
	fn empties_a_networks_folder_and_no_other() {
		let temporary = tempfile::tempdir().expect("a folder");
		let network = layout(&temporary.path().join("network"));
		network.clear().expect("it is new");
		network.write("state/row", "1").expect("it is writable");
		network.clear().expect("it is a network's");
		assert!(!network.file("state").exists());

		fs::write(temporary.path().join("diary"), "mine").expect("it is writable");
		let error = layout(temporary.path()).clear().expect_err("it is somebody's");
		assert!(error.to_string().contains("--dir"), "{error}");
		assert!(temporary.path().join("diary").exists());
	}

	#[test]
	fn what_is_missing_is_named_with_its_remedy() {
		let empty = tempfile::tempdir().expect("a folder");
		let error = Layout::new(empty.path(), empty.path(), empty.path(), false)
			.err()
			.expect("no program is there");
		assert!(error.to_string().contains("make build"), "{error}");
	}
}
