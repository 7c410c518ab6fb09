//! Options and configuration of the agent.

use std::path::PathBuf;

use anyhow::{ensure, Context};
use clap::Args;
use hcc_guest_protocol::Address;
use serde::{Deserialize, Serialize};

use crate::Expected;

/// Options that all agents accept.
#[derive(Args, Clone, Debug)]
pub struct Options {
	/// A TOML file whose keys have the names of the options; options take precedence.
	#[arg(long)]
	pub config: Option<PathBuf>,
	/// The address to listen at: vsock:PORT or unix:PATH.
	#[arg(long)]
	pub listen: Option<String>,
	/// The SHA-256 digest of the miner's binary, which must be in the IMA log. Repeat the option
	/// for several versions.
	#[arg(long)]
	pub miner_binary: Vec<String>,
	/// Print the resulting configuration, and exit.
	#[arg(long)]
	pub print_config: bool,
}

/// The configuration of an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
	pub listen: String,
	pub miner_binary: Vec<String>,
}

impl Default for Config {
	fn default() -> Self {
		Self { listen: "vsock:5000".into(), miner_binary: Vec::new() }
	}
}

impl Config {
	/// Reads the configuration file; options override its values.
	pub fn load(options: &Options) -> anyhow::Result<Self> {
		let mut config: Self = match &options.config {
			Some(path) => {
				let text = std::fs::read_to_string(path)
					.with_context(|| format!("reading {}", path.display()))?;
				toml::from_str(&text).with_context(|| format!("in {}", path.display()))?
			},
			None => Self::default(),
		};
		if let Some(listen) = &options.listen {
			config.listen.clone_from(listen);
		}
		if !options.miner_binary.is_empty() {
			config.miner_binary.clone_from(&options.miner_binary);
		}
		Ok(config)
	}

	/// Parses the address to listen at.
	pub fn address(&self) -> anyhow::Result<Address> {
		self.listen.parse().map_err(anyhow::Error::msg)
	}

	/// Returns the requirements on the host.
	pub fn expected(&self) -> anyhow::Result<Expected> {
		let mut expected = Expected::default();
		for digest in &self.miner_binary {
			let mut bytes = [0; 32];
			let decoded = hex::decode_to_slice(digest, &mut bytes);
			ensure!(decoded.is_ok(), "{digest:?} is not a SHA-256 digest in hexadecimal");
			expected.miner_binary.push(bytes);
		}
		Ok(expected)
	}
}
