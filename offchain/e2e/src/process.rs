//! The processes of this machine.

use std::{
	fs,
	path::{Path, PathBuf},
};

use rustix::process::{kill_process, Pid, Signal};

use crate::{Error, Result};

/// A process of this machine.
#[derive(Clone, Debug)]
pub struct Process {
	pub id: i32,
	pub arguments: Vec<String>,
}

impl Process {
	/// Its PID namespace. `None` if it has ended, or belongs to another user.
	pub fn namespace(&self) -> Option<PathBuf> {
		fs::read_link(format!("/proc/{}/ns/pid", self.id)).ok()
	}

	/// Returns true if an argument starts so.
	pub fn has_argument(&self, start: &str) -> bool {
		self.arguments.iter().any(|argument| argument.starts_with(start))
	}

	/// Returns true if a file in that folder is among the arguments.
	pub fn uses(&self, folder: &Path) -> bool {
		self.arguments.join(" ").contains(&format!("{}/", folder.display()))
	}

	/// Kills it.
	///
	/// ## Errors
	/// [`Error::Unexpected`] if it has ended.
	pub fn kill(&self) -> Result<()> {
		let failed = |reason: &dyn std::fmt::Display| {
			Error::Unexpected(format!("cannot kill {}: {reason}", self.arguments.join(" ")))
		};
		let id = Pid::from_raw(self.id).ok_or_else(|| failed(&"it has no number"))?;
		kill_process(id, Signal::KILL).map_err(|error| failed(&error))
	}
}

/// All processes but this one. Those that end meanwhile are left out.
pub fn processes() -> Vec<Process> {
	let own = std::process::id().to_string();
	let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
	let others = entries.filter(|entry| entry.file_name() != own.as_str());
	others
		.filter_map(|entry| {
			let id = entry.file_name().to_str()?.parse().ok()?;
			let line = fs::read(entry.path().join("cmdline")).ok()?;
			Some(Process { id, arguments: arguments(&line) })
		})
		.collect()
}

/// The arguments of a process, as `/proc` has them: each ends with a zero byte.
fn arguments(line: &[u8]) -> Vec<String> {
	let text = String::from_utf8_lossy(line);
	text.split_terminator('\0').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn arguments_are_split_at_zero_bytes() {
		assert_eq!(arguments(b"node\0--base-path\0/a b\0\0"), ["node", "--base-path", "/a b", ""]);
		assert!(arguments(b"").is_empty());
	}

	#[test]
	fn arguments_match_by_start_and_folder() {
		let arguments = ["qemu", "guest=hcc-vm-7-1-aa,debug-threads=on", "/net/rig/x"];
		let process = Process { id: 1, arguments: arguments.map(str::to_owned).into() };
		assert!(process.has_argument("guest=hcc-vm-7-") && !process.has_argument("hcc-vm-7-"));
		assert!(process.uses(Path::new("/net")) && !process.uses(Path::new("/net/ri")));
	}
}
