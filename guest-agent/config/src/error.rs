use hcc_evidence::vm::config::MAX_CONFIG;

use crate::{MAX_DESTINATIONS, MAX_KEYS, MAX_PUBLISHED, MAX_USER_DATA, VERSION};

/// Errors of a configuration. The tenant who wrote it corrects it and signs it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
	/// Cause: the configuration is empty or too long.
	/// Remedy: shorten the user data, or download it in the VM.
	#[error("the configuration has {0} bytes, but needs 1 to {MAX_CONFIG}")]
	Length(usize),
	/// Cause: the bytes are not JSON, or have a wrong type, an unknown field or a repeated one.
	/// Remedy: compare with the README of `hcc-vm-config`.
	#[error("the configuration is malformed: {0}")]
	Format(String),
	/// Cause: the configuration is for another version of this format.
	/// Remedy: write it for this version, or use a newer image.
	#[error("version is {0}, but this program reads {VERSION}")]
	Version(u32),
	/// Cause: the host name is not one of RFC 1123, or has capital letters.
	/// Remedy: choose another name.
	#[error(
		"host_name {0:?} is invalid: it needs 1 to 63 lower-case letters, digits, '-' or '.', and \
		each part starts and ends with a letter or digit"
	)]
	HostName(String),
	/// Cause: an entry is not an OpenSSH public key, or has an algorithm that is not accepted.
	/// Remedy: copy the line of the file `id_….pub`, without options in front of it.
	#[error("ssh_keys[{at}] is invalid: {why}")]
	SshKey { at: usize, why: String },
	/// Cause: a list has too many entries.
	/// Remedy: remove some.
	#[error(
		"{field} has {seen} entries; at most {MAX_KEYS} ssh_keys, {MAX_DESTINATIONS} destinations, \
		{MAX_PUBLISHED} ports and {MAX_USER_DATA} files and commands are accepted"
	)]
	TooMany { field: &'static str, seen: usize },
	/// Cause: the same port is published twice.
	/// Remedy: remove one entry.
	#[error("publish[{at}] repeats port {port}")]
	RepeatedPort { at: usize, port: u16 },
	/// Cause: a path of the user data is not absolute, or contains `..` or a zero byte.
	/// Remedy: write the absolute path.
	#[error("user_data.write_files[{at}].path {path:?} is not a plain absolute path")]
	Path { at: usize, path: String },
	/// Cause: the permissions are not an octal number of at most 07777.
	/// Remedy: write, for example, "0644".
	#[error("user_data.write_files[{at}].permissions is not an octal mode")]
	Permissions { at: usize },
	/// Cause: a command is empty or contains a zero byte.
	/// Remedy: remove it.
	#[error("user_data.runcmd[{at}] is not a command")]
	Command { at: usize },
}
