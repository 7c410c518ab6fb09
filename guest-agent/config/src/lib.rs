#![doc = include_str!("../README.md")]

mod check;
mod error;
mod net;

use std::num::NonZeroU16;

use hcc_evidence::vm::config::MAX_CONFIG;
use serde::{Deserialize, Serialize};

pub use error::ConfigError;
pub use net::{InvalidNet, Net};

/// The version of the format.
pub const VERSION: u32 = 1;
/// Maximum number of SSH keys.
pub const MAX_KEYS: usize = 16;
/// Maximum number of listed destinations.
pub const MAX_DESTINATIONS: usize = 64;
/// Maximum number of published ports.
pub const MAX_PUBLISHED: usize = 32;
/// Maximum number of files, and of commands, in the user data.
pub const MAX_USER_DATA: usize = 16;

/// The configuration of a VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmConfig {
	/// The version of the format, [`VERSION`].
	pub version: u32,
	pub host_name: String,
	/// OpenSSH public keys that may log in as root.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub ssh_keys: Vec<String>,
	/// The network destinations that the host lets through.
	#[serde(default, skip_serializing_if = "Egress::is_open")]
	pub egress: Egress,
	/// The ports that the host opens to the internet.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub publish: Vec<Published>,
	#[serde(default, skip_serializing_if = "UserData::is_empty")]
	pub user_data: UserData,
}

/// The network destinations that a VM may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
	/// All.
	#[default]
	Open,
	/// None.
	Closed,
	/// These only.
	Listed(Vec<Destination>),
}

impl Egress {
	/// Returns true if all destinations are let through.
	pub const fn is_open(&self) -> bool {
		matches!(self, Self::Open)
	}
}

/// One port of an address or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
	pub net: Net,
	#[serde(default)]
	pub protocol: Protocol,
	pub port: NonZeroU16,
}

/// A port that the host opens to the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
	pub port: NonZeroU16,
	#[serde(default)]
	pub protocol: Protocol,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
	#[default]
	Tcp,
	Udp,
}

/// The first steps of the VM's root. A subset of cloud-init's user data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserData {
	/// Files to write, in this order.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub write_files: Vec<UserFile>,
	/// Commands to run after that by `/bin/sh -c`, in this order.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub runcmd: Vec<String>,
}

impl UserData {
	/// Returns true if there is nothing to do.
	pub fn is_empty(&self) -> bool {
		self.write_files.is_empty() && self.runcmd.is_empty()
	}
}

/// A file of the user data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFile {
	/// The absolute path.
	pub path: String,
	pub content: String,
	/// The mode, in octal. Without it, the mode is 0644.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub permissions: Option<String>,
}

impl UserFile {
	/// Returns the mode, or `None` if it is not an octal number of at most 07777.
	pub fn mode(&self) -> Option<u32> {
		let text = self.permissions.as_deref().unwrap_or("0644");
		let digits = text.bytes().all(|byte| byte.is_ascii_digit());
		u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o7777)
	}
}

impl VmConfig {
	/// Returns a configuration with a host name and nothing else.
	pub fn named(host_name: &str) -> Self {
		Self {
			version: VERSION,
			host_name: host_name.into(),
			ssh_keys: Vec::new(),
			egress: Egress::Open,
			publish: Vec::new(),
			user_data: UserData::default(),
		}
	}

	/// Parses and checks a configuration.
	///
	/// ## Errors
	/// Fails if the bytes exceed their bounds, are not JSON of this format, or contain a value that
	/// a VM cannot apply.
	pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
		if !(1..=MAX_CONFIG).contains(&bytes.len()) {
			return Err(ConfigError::Length(bytes.len()));
		}
		let config: Self = serde_json::from_slice(bytes)
			.map_err(|error| ConfigError::Format(error.to_string()))?;
		config.check()?;
		Ok(config)
	}

	/// Checks the configuration, and returns the bytes to sign and to order with.
	///
	/// ## Errors
	/// Fails if a value is invalid, or if the bytes are too long.
	pub fn to_bytes(&self) -> Result<Vec<u8>, ConfigError> {
		self.check()?;
		let bytes =
			serde_json::to_vec(self).map_err(|error| ConfigError::Format(error.to_string()))?;
		if bytes.len() > MAX_CONFIG {
			return Err(ConfigError::Length(bytes.len()));
		}
		Ok(bytes)
	}
}

#[cfg(test)]
mod tests;
