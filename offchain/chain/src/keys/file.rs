//! Files with secrets. Only their owner may have access.

use std::{
	env,
	fs::{File, OpenOptions},
	io::{Read, Write},
	os::unix::fs::{MetadataExt, OpenOptionsExt},
	path::Path,
};

use secrecy::{zeroize::Zeroizing, ExposeSecret, SecretString};

use super::KeyError;

/// The longest secret in bytes. A keystore has about 600.
const MAX_SECRET: usize = 4 << 10;
/// The permissions that no secret file may have: all of others and of the group, and execution.
const FORBIDDEN: u32 = 0o177;
/// The bits of a mode that are permissions.
const PERMISSIONS: u32 = 0o7777;

/// Reads a file with a secret.
///
/// Only its owner may have access, and that is the user of this process or root. A credential of
/// systemd is exempt: its folder protects it, and an access list may widen its mode.
///
/// ## Errors
/// [`KeyError::File`], [`KeyError::Exposed`], [`KeyError::ForeignOwner`], or
/// [`KeyError::Malformed`] if it is too long or no text.
pub fn read_secret(path: &Path) -> Result<SecretString, KeyError> {
	let file_error = |source| KeyError::File { path: path.display().to_string(), source };
	let file = File::open(path).map_err(file_error)?;
	let metadata = file.metadata().map_err(file_error)?;
	if !is_credential(path) {
		let user = rustix::process::geteuid().as_raw();
		check_access(path, metadata.mode() & PERMISSIONS, metadata.uid(), user)?;
	}
	// It never grows, so that no copy stays in memory.
	let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET + 64));
	file.take(MAX_SECRET as u64 + 1).read_to_end(&mut bytes).map_err(file_error)?;
	if bytes.len() > MAX_SECRET {
		return Err(KeyError::malformed(path, format!("it is longer than {MAX_SECRET} bytes")));
	}
	let text =
		std::str::from_utf8(&bytes).map_err(|_| KeyError::malformed(path, "it is not UTF-8 text"));
	let text = text?;
	Ok(SecretString::from(text.strip_prefix('\u{feff}').unwrap_or(text)))
}

/// Checks the mode and the owner of a file with a secret.
fn check_access(path: &Path, mode: u32, owner: u32, user: u32) -> Result<(), KeyError> {
	let path = path.display().to_string();
	if mode & FORBIDDEN != 0 {
		return Err(KeyError::Exposed { path, mode });
	}
	if owner != user && owner != 0 {
		return Err(KeyError::ForeignOwner { path, owner, user });
	}
	Ok(())
}

/// Returns `true` for a file in the folder of credentials that systemd gives this service.
fn is_credential(path: &Path) -> bool {
	env::var_os("CREDENTIALS_DIRECTORY")
		.is_some_and(|folder| path.parent() == Some(folder.as_ref()))
}

/// Creates a file with a secret, which only its owner may read.
///
/// ## Errors
/// [`KeyError::File`], also if the file exists.
pub fn write_secret(path: &Path, secret: &SecretString) -> Result<(), KeyError> {
	let file_error = |source| KeyError::File { path: path.display().to_string(), source };
	let mut options = OpenOptions::new();
	options.write(true).create_new(true).mode(0o600);
	let mut file = options.open(path).map_err(file_error)?;
	let written = file.write_all(secret.expose_secret().as_bytes());
	written.and_then(|()| file.sync_all()).map_err(file_error)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn file_of_another_user_is_refused() {
		let path = Path::new("hot.key");
		assert!(check_access(path, 0o600, 1000, 1000).is_ok());
		assert!(check_access(path, 0o400, 0, 1000).is_ok(), "root's file");
		for (owner, user) in [(1001, 1000), (1000, 0)] {
			let error = check_access(path, 0o600, owner, user).expect_err("foreign");
			assert!(error.is_exposed() && error.to_string().contains("chown"), "{error}");
		}
	}

	#[test]
	fn sticky_and_setuid_bits_are_refused_with_others() {
		let error = check_access(Path::new("hot.key"), 0o4644, 0, 0).expect_err("wide");
		assert!(error.to_string().contains("mode 4644"), "{error}");
	}

	#[test]
	fn long_file_is_refused_and_existing_one_is_kept() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("secret");
		let long = SecretString::from("x".repeat(MAX_SECRET + 1));
		write_secret(&path, &long).expect("written");
		assert!(matches!(read_secret(&path), Err(KeyError::Malformed { .. })));
		let again = write_secret(&path, &SecretString::from("other"));
		assert!(matches!(again, Err(KeyError::File { .. })), "the file exists");
	}
}
