//! The parts of the configuration that the agent applies to the running VM.

use std::{
	fs::{self, Permissions},
	io,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	process::Command,
};

use hcc_vm_config::{UserData, UserFile, VmConfig};

use crate::{record::AUTHORIZED_KEYS, Folder};

/// Sets the host name, and writes the keys that may log in.
pub(crate) fn settings(config: &VmConfig, folder: &Folder, root: &Path) -> io::Result<()> {
	let name = format!("{}\n", config.host_name);
	fs::write(root.join("proc/sys/kernel/hostname"), &name)?;
	fs::write(root.join("etc/hostname"), &name)?;
	let keys: String = config.ssh_keys.iter().map(|key| format!("{key}\n")).collect();
	folder.write(AUTHORIZED_KEYS, keys.as_bytes())
}

/// Writes the files of the user data and runs its commands, each after the one before. A failed step
/// does not keep the next ones from running, as with cloud-init.
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
	fn host_name_and_keys_are_set() {
		let root = machine();
		let folder = Folder::create(&root.path().join("run/hcc")).expect("a folder");
		let mut config = VmConfig::named("web-1");
		config.ssh_keys = vec!["ssh-ed25519 AAAA one".into(), "ssh-ed25519 BBBB two".into()];
		settings(&config, &folder, root.path()).expect("applied");
		let read = |name: &str| fs::read_to_string(root.path().join(name)).expect("readable");
		assert_eq!(read("proc/sys/kernel/hostname"), "web-1\n");
		assert_eq!(read("etc/hostname"), "web-1\n");
		let keys = "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n";
		assert_eq!(read("run/hcc/authorized_keys"), keys);
		let mode = fs::metadata(root.path().join("run/hcc/authorized_keys")).expect("its mode");
		assert_eq!(mode.permissions().mode() & 0o777, 0o600);
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
