//! Checks of parsed values.

use ssh_key::{Algorithm, PublicKey};

use crate::{
	ConfigError, Egress, VmConfig, MAX_DESTINATIONS, MAX_KEYS, MAX_PUBLISHED, MAX_USER_DATA,
	VERSION,
};

/// The longest host name that Linux and DNS labels accept.
const MAX_HOST_NAME: usize = 63;

impl VmConfig {
	pub(crate) fn check(&self) -> Result<(), ConfigError> {
		if self.version != VERSION {
			return Err(ConfigError::Version(self.version));
		}
		if !is_host_name(&self.host_name) {
			return Err(ConfigError::HostName(self.host_name.clone()));
		}
		self.check_counts()?;
		for (at, key) in self.ssh_keys.iter().enumerate() {
			check_key(key).map_err(|why| ConfigError::SshKey { at, why })?;
		}
		for (at, open) in self.publish.iter().enumerate() {
			if self.publish.iter().take(at).any(|before| before == open) {
				return Err(ConfigError::RepeatedPort { at, port: open.port.get() });
			}
		}
		self.check_user_data()
	}

	fn check_counts(&self) -> Result<(), ConfigError> {
		let destinations = match &self.egress {
			Egress::Listed(destinations) => destinations.len(),
			Egress::Open | Egress::Closed => 0,
		};
		for (field, seen, most) in [
			("ssh_keys", self.ssh_keys.len(), MAX_KEYS),
			("egress.listed", destinations, MAX_DESTINATIONS),
			("publish", self.publish.len(), MAX_PUBLISHED),
			("user_data.write_files", self.user_data.write_files.len(), MAX_USER_DATA),
			("user_data.runcmd", self.user_data.runcmd.len(), MAX_USER_DATA),
		] {
			if seen > most {
				return Err(ConfigError::TooMany { field, seen });
			}
		}
		Ok(())
	}

	fn check_user_data(&self) -> Result<(), ConfigError> {
		for (at, file) in self.user_data.write_files.iter().enumerate() {
			if !is_plain_path(&file.path) {
				return Err(ConfigError::Path { at, path: file.path.clone() });
			}
			if file.mode().is_none() {
				return Err(ConfigError::Permissions { at });
			}
		}
		for (at, command) in self.user_data.runcmd.iter().enumerate() {
			if command.is_empty() || command.contains('\0') {
				return Err(ConfigError::Command { at });
			}
		}
		Ok(())
	}
}

fn is_host_name(name: &str) -> bool {
	let is_part = |part: &str| {
		let mut bytes = part.bytes();
		!part.is_empty()
			&& !part.starts_with('-')
			&& !part.ends_with('-')
			&& bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
	};
	name.len() <= MAX_HOST_NAME && name.split('.').all(is_part)
}

/// Checks a line for `authorized_keys`. Another line in it would admit another key.
fn check_key(line: &str) -> Result<(), String> {
	if line.chars().any(char::is_control) {
		return Err("it contains a control character".into());
	}
	let key = PublicKey::from_openssh(line)
		.map_err(|error| format!("it is not an OpenSSH public key without options ({error})"))?;
	match key.algorithm() {
		Algorithm::Ed25519
		| Algorithm::Ecdsa { .. }
		| Algorithm::Rsa { .. }
		| Algorithm::SkEd25519
		| Algorithm::SkEcdsaSha2NistP256 => Ok(()),
		other => Err(format!("the algorithm {} is not accepted", other.as_str())),
	}
}

/// Returns true for an absolute path without `..`.
fn is_plain_path(path: &str) -> bool {
	path.strip_prefix('/').is_some_and(|rest| {
		!rest.is_empty() && !rest.contains('\0') && rest.split('/').all(|part| part != "..")
	})
}
