//! The parts of the configuration that the agent applies to the running VM.

use std::{
	fs::{self, Permissions},
	io,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	process::Command,
};

use hcc_vm_config::{UserData, UserFile};

/// Sets the host name, now and for programs that read it later.
pub(crate) fn host_name(name: &str, root: &Path) -> io::Result<()> {
	fs::write(root.join("proc/sys/kernel/hostname"), name)?;
	fs::write(root.join("etc/hostname"), format!("{name}\n"))
}

/// Writes the files of the user data and runs its commands, each after the one before. After a
/// failed step the next ones still run, as with cloud-init.
pub(crate) fn user_data(user_data: &UserData, root: &Path) {
	for file in &user_data.write_files {
		if let Err(error) = write_file(file, root) {
			tracing::warn!(path = file.path, %error, "cannot write a file of the user data");
		}
	}
	for (at, command) in user_data.runcmd.iter().enumerate() {
		match Command::new("/bin/sh").arg("-c").arg(command).status() {
			Ok(status) if status.success() => {},
			Ok(status) => tracing::warn!(at, %status, "a command of the user data failed"),
			Err(error) => tracing::warn!(at, %error, "cannot run a command of the user data"),
		}
	}
}

fn write_file(file: &UserFile, root: &Path) -> io::Result<()> {
	let path = below(root, &file.path);
	if let Some(parent) = path.parent() {
		fs::create_dir_all(parent)?;
	}
	fs::write(&path, &file.content)?;
	let mode = file.mode().ok_or(io::ErrorKind::InvalidInput)?;
	fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Returns an absolute path as seen from `root`.
fn below(root: &Path, path: &str) -> PathBuf {
	root.join(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn machine() -> tempfile::TempDir {
		let root = tempfile::tempdir().expect("a folder");
		fs::create_dir_all(root.path().join("proc/sys/kernel")).expect("a folder");
		fs::create_dir_all(root.path().join("etc")).expect("a folder");
		root
	}

	#[test]
	fn host_name_is_set() {
		let root = machine();
		host_name("web-1", root.path()).expect("applied");
		let read = |name: &str| fs::read_to_string(root.path().join(name)).expect("readable");
		assert_eq!(read("proc/sys/kernel/hostname"), "web-1");
		assert_eq!(read("etc/hostname"), "web-1\n");
	}

	#[test]
	fn failed_step_does_not_stop_user_data() {
		let root = machine();
		let marks = [root.path().join("one"), root.path().join("two")];
		let data = UserData {
			write_files: vec![
				UserFile {
					path: "/etc/hostname/x".into(),
					content: String::new(),
					permissions: None,
				},
				UserFile {
					path: "/opt/tool".into(),
					content: "text".into(),
					permissions: Some("0750".into()),
				},
			],
			runcmd: vec![
				format!("touch {}", marks[0].display()),
				"exit 3".into(),
				format!("touch {}", marks[1].display()),
			],
		};
		fs::write(root.path().join("etc/hostname"), "vm").expect("written");
		user_data(&data, root.path());
		let tool = root.path().join("opt/tool");
		assert_eq!(fs::read_to_string(&tool).expect("written"), "text");
		let mode = fs::metadata(&tool).expect("its mode").permissions().mode();
		assert_eq!(mode & 0o777, 0o750);
		assert!(marks.iter().all(|mark| mark.exists()));
	}
}
