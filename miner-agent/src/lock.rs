//! The lock of the agent's folder. Without the lock, two agents with the same folder would start
//! each VM twice.

use std::{
	fs::{self, File, TryLockError},
	io::{Read, Write},
	path::Path,
};

use anyhow::{bail, Context};

/// The name of the lock file in the folder of VMs.
const NAME: &str = "hcc-miner.lock";

/// The lock of a folder. The kernel releases it when the agent exits.
#[derive(Debug)]
pub(crate) struct AgentLock {
	_file: File,
}

impl AgentLock {
	/// Locks a folder. Creates the folder if it does not exist.
	///
	/// ## Errors
	/// Fails if another agent has locked the folder.
	pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
		fs::create_dir_all(folder)
			.with_context(|| format!("cannot create {}", folder.display()))?;
		let path = folder.join(NAME);
		let mut file = File::options()
			.read(true)
			.write(true)
			.create(true)
			.truncate(false)
			.open(&path)
			.with_context(|| format!("cannot open {}", path.display()))?;
		match file.try_lock() {
			Ok(()) => {},
			Err(TryLockError::WouldBlock) => {
				let mut holder = String::new();
				file.read_to_string(&mut holder).unwrap_or_default();
				bail!(
					"another hcc-miner (process {}) uses {}: stop it, or set another run_dir for \
					another miner",
					holder.trim(),
					folder.display()
				);
			},
			Err(TryLockError::Error(error)) => {
				return Err(error).with_context(|| format!("cannot lock {}", path.display()));
			},
		}
		file.set_len(0)?;
		writeln!(file, "{}", std::process::id())?;
		Ok(Self { _file: file })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn second_agent_with_same_folder_is_refused() {
		let folder = tempfile::tempdir().expect("a folder");
		let first = AgentLock::take(folder.path()).expect("the folder is free");
		let error = AgentLock::take(folder.path()).expect_err("it is locked").to_string();
		let holder = std::process::id().to_string();
		assert!(error.contains(&holder) && error.contains("run_dir"), "{error}");
		let other = tempfile::tempdir().expect("a folder");
		assert!(AgentLock::take(&other.path().join("new")).is_ok(), "another folder");
		drop(first);
		assert!(AgentLock::take(folder.path()).is_ok(), "the first agent has ended");
	}
}
