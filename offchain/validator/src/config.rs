use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::Parser;
use hcc_chain::AccountId32;
use hcc_service::LogFormat;
use serde::{Deserialize, Serialize};

use crate::price::Source;

/// The worker beside a validator's node. Judges evidence, submits votes, and makes credentials for
/// TPMs.
#[derive(Parser)]
#[command(name = "hcc-validator", version)]
pub struct Args {
	/// A TOML file with the same names as the options. An option on the command line overrides the
	/// value in the file.
	#[arg(long)]
	pub config: Option<PathBuf>,
	/// The WebSocket URL of the validator's own node. Further URLs, separated by commas, name nodes
	/// that the worker uses if the own node fails.
	#[arg(long)]
	pub node: Option<String>,
	/// The validator's account (SS58) [default: the worker key's own account].
	#[arg(long)]
	pub validator: Option<AccountId32>,
	/// The file with the worker key: a phrase or a seed, or an encrypted key (hcc key new). Its
	/// mode must be 0600.
	#[arg(long)]
	pub key_file: Option<PathBuf>,
	/// A file with the passphrase of an encrypted key. Without it, the systemd credential
	/// hcc-passphrase or the terminal provides it.
	#[arg(long)]
	pub passphrase_file: Option<PathBuf>,
	/// The folder in which the worker keeps its state.
	#[arg(long)]
	pub state: Option<PathBuf>,
	/// The address on which to serve /healthz, /readyz and /metrics, such as 127.0.0.1:9616.
	/// Without it, nothing is served. Anyone who reaches it can read them.
	#[arg(long)]
	pub metrics: Option<SocketAddr>,
	/// First remove the state, including all votes that no block contains yet. This option is
	/// needed once if the state belongs to another chain.
	#[arg(long)]
	pub reset_state: bool,
	/// The format of the log on standard error [default: text]. RUST_LOG sets the filter.
	#[arg(long, value_enum)]
	pub log_format: Option<LogFormat>,
	/// Print the effective configuration and exit.
	#[arg(long)]
	pub print_config: bool,
}

/// The configuration of the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
	pub node: String,
	/// The validator for which the worker signs. `None` stands for the account of the worker key.
	pub validator: Option<AccountId32>,
	pub key_file: PathBuf,
	pub passphrase_file: Option<PathBuf>,
	pub state: PathBuf,
	pub metrics: Option<SocketAddr>,
	pub log_format: LogFormat,
	/// Number of blocks between price reports. The oracle pallet rejects a report that follows the
	/// previous one after less than half of the oracle's interval.
	pub report_every: u64,
	/// The sources of the price. Without sources, the worker reports no price.
	pub sources: Vec<Source>,
}

impl Default for Config {
	fn default() -> Self {
		Self {
			node: "ws://127.0.0.1:9944".into(),
			validator: None,
			key_file: "/etc/hcc/worker.key".into(),
			passphrase_file: None,
			state: "/var/lib/hcc-validator".into(),
			metrics: None,
			log_format: LogFormat::default(),
			report_every: 25,
			sources: Vec::new(),
		}
	}
}

impl Config {
	/// Loads the configuration file. The options in `args` override its values.
	pub fn load(args: &Args) -> anyhow::Result<Self> {
		let mut config = match &args.config {
			Some(path) => {
				let text = std::fs::read_to_string(path)
					.with_context(|| format!("reading {}", path.display()))?;
				toml::from_str(&text).with_context(|| format!("in {}", path.display()))?
			},
			None => Self::default(),
		};
		if let Some(node) = &args.node {
			config.node.clone_from(node);
		}
		config.validator = args.validator.or(config.validator);
		if let Some(key_file) = &args.key_file {
			config.key_file.clone_from(key_file);
		}
		if args.passphrase_file.is_some() {
			config.passphrase_file.clone_from(&args.passphrase_file);
		}
		if let Some(state) = &args.state {
			config.state.clone_from(state);
		}
		config.validator = args.validator.or(config.validator);
		config.metrics = args.metrics.or(config.metrics);
		config.log_format = args.log_format.unwrap_or(config.log_format);
		Ok(config)
	}
}
