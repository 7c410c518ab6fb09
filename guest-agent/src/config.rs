//! Options and configuration of the agent.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Context};
use clap::Args;
use hcc_evidence::snp::{self, AmdRoots, ProductLine};
use hcc_guest_protocol::Address;
use hcc_service::LogFormat;
use serde::{Deserialize, Serialize};
use tokio_vsock::VMADDR_CID_HOST;

use crate::{Expected, OwnReference};

/// The exit codes, for `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  stopped by a signal
  1  another error, for example in the configuration
  2  wrong use of the command line
  3  /dev/sev-guest is missing or cannot be opened
  4  the secure processor returned no usable report
  5  the report's certificate chain does not verify
  6  the launch measurement is not an expected one";

/// Options that all agents accept.
#[derive(Args, Clone, Debug)]
pub struct Options {
	/// A TOML file whose keys have the names of the options. An option on the command line
	/// overrides the value in the file.
	#[arg(long)]
	pub config: Option<PathBuf>,
	/// The address at which the agent listens: vsock:PORT or unix:PATH.
	#[arg(long)]
	pub listen: Option<String>,
	/// The vsock CID of the host. The agent serves no other peer [default: 2].
	#[arg(long)]
	pub host_cid: Option<u32>,
	/// A certificate of the chip's key (VCEK), in PEM or DER. Repeat the option for several TCB
	/// versions.
	#[arg(long)]
	pub vek: Vec<PathBuf>,
	/// Trust these roots instead of AMD's: a folder with subfolders milan, genoa or turin, each
	/// with ark.der and ask.der. For tests only.
	#[arg(long)]
	pub roots: Option<PathBuf>,
	/// The expected launch measurement of this guest, 48 bytes in hexadecimal. Repeat the option
	/// for several versions.
	#[arg(long, value_name = "HEX")]
	pub launch_measurement: Vec<String>,
	/// The SHA-256 digest of the miner's binary. The IMA log must contain this digest. Repeat the
	/// option for several versions.
	#[arg(long)]
	pub miner_binary: Vec<String>,
	/// The format of the log on standard error [default: text]. RUST_LOG sets the filter.
	#[arg(long, value_enum)]
	pub log_format: Option<LogFormat>,
	/// Print the effective configuration, and exit.
	#[arg(long)]
	pub print_config: bool,
}

/// The configuration of an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
	pub listen: String,
	pub host_cid: u32,
	pub vek: Vec<PathBuf>,
	pub roots: Option<PathBuf>,
	pub launch_measurement: Vec<String>,
	pub miner_binary: Vec<String>,
	pub log_format: LogFormat,
}

impl Default for Config {
	fn default() -> Self {
		Self {
			listen: "vsock:5000".into(),
			host_cid: VMADDR_CID_HOST,
			vek: Vec::new(),
			roots: None,
			launch_measurement: Vec::new(),
			miner_binary: Vec::new(),
			log_format: LogFormat::default(),
		}
	}
}

impl Config {
	/// Reads the configuration file. The options override its values.
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
		config.host_cid = options.host_cid.unwrap_or(config.host_cid);
		if !options.vek.is_empty() {
			config.vek.clone_from(&options.vek);
		}
		if options.roots.is_some() {
			config.roots.clone_from(&options.roots);
		}
		if !options.launch_measurement.is_empty() {
			config.launch_measurement.clone_from(&options.launch_measurement);
		}
		config.log_format = options.log_format.unwrap_or(config.log_format);
		if !options.miner_binary.is_empty() {
			config.miner_binary.clone_from(&options.miner_binary);
		}
		Ok(config)
	}

	/// Parses the address at which the agent listens.
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

	/// Reads the endorsements and reference values of the agent's own reports.
	pub fn own_reference(&self) -> anyhow::Result<OwnReference> {
		let roots = match &self.roots {
			Some(folder) => {
				tracing::warn!(folder = %folder.display(), "the roots are not those of AMD");
				read_roots(folder)?
			},
			None => snp::roots(),
		};
		let veks = self.vek.iter().map(|path| read_certificate(path));
		let mut measurements = Vec::new();
		for text in &self.launch_measurement {
			let mut bytes = [0; 48];
			let decoded = hex::decode_to_slice(text, &mut bytes);
			ensure!(
				decoded.is_ok(),
				"{text:?} is not a launch measurement: 48 bytes in hexadecimal"
			);
			measurements.push(bytes);
		}
		Ok(OwnReference { veks: veks.collect::<anyhow::Result<_>>()?, roots, measurements })
	}
}

/// Reads roots in the layout of `hcc verify snp --roots`.
fn read_roots(folder: &Path) -> anyhow::Result<Vec<AmdRoots>> {
	let mut roots = Vec::new();
	for product in ProductLine::ALL {
		let within = folder.join(product.name().to_lowercase());
		if within.is_dir() {
			let certificate = |name: &str| read_certificate(&within.join(name));
			let (ark, ask) = (certificate("ark.der")?, certificate("ask.der")?);
			roots.push(AmdRoots { product, ark, ask, asvk: None });
		}
	}
	ensure!(!roots.is_empty(), "{} has no folder milan, genoa or turin", folder.display());
	Ok(roots)
}

/// Reads a certificate in PEM or DER, and returns it in DER.
fn read_certificate(path: &Path) -> anyhow::Result<Vec<u8>> {
	let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
	if bytes.starts_with(b"-----BEGIN") {
		let parsed = pem::parse(&bytes).with_context(|| format!("in {}", path.display()))?;
		return Ok(parsed.into_contents());
	}
	Ok(bytes)
}
