//! The agent's options.

use std::path::PathBuf;

use anyhow::{ensure, Context};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{Address, Expected};

/// Options that every agent has.
#[derive(Args, Clone, Debug)]
pub struct Options {
	/// A TOML file with the same names as the options; options win.
	#[arg(long)]
	pub config: Option<PathBuf>,
	/// Where to listen: vsock:PORT or unix:PATH.
	#[arg(long)]
	pub listen: Option<String>,
	/// SHA-256 of the miner's binary, which must have been measured; may be given for each of its versions.
	#[arg(long)]
	pub miner_binary: Vec<String>,
	/// Print the configuration that results, and exit.
	#[arg(long)]
	pub print_config: bool,
}

/// What an agent runs with.
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
	/// The file's values, overridden by the options.
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

	/// Where to listen.
	pub fn address(&self) -> anyhow::Result<Address> {
		self.listen.parse().map_err(anyhow::Error::msg)
	}

	/// What a host must show.
	pub fn expected(&self) -> anyhow::Result<Expected> {
		let mut expected = Expected::default();
		for digest in &self.miner_binary {
			let mut bytes = [0; 32];
			let decoded = hex::decode_to_slice(digest, &mut bytes);
			ensure!(decoded.is_ok(), "{digest:?} is no SHA-256 in hexadecimal");
			expected.miner_binary.push(bytes);
		}
		Ok(expected)
	}
}
