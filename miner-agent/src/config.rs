use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use hcc_chain::Submitter;
use hcc_guest_protocol::Address;
use serde::{Deserialize, Serialize};

/// Options that all commands accept.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
	/// A TOML file whose keys have the names of the options; options take precedence.
	#[arg(long, global = true)]
	pub config: Option<PathBuf>,
	/// The WebSocket URL of a node. Further URLs, after commas, name nodes that take over.
	#[arg(long, global = true)]
	pub node: Option<String>,
	/// The file with the hot key: a phrase or a seed.
	#[arg(long, global = true)]
	pub hot_key_file: Option<PathBuf>,
	/// The file with the owner's key, needed to register the miner and its chip, and to change its
	/// offer.
	#[arg(long, global = true)]
	pub owner_key_file: Option<PathBuf>,
	/// The bond at registration, in the smallest unit of α.
	#[arg(long, global = true)]
	pub bond: Option<u128>,
	/// The TPM: device:/dev/tpmrm0, or swtpm:host=HOST,port=PORT.
	#[arg(long, global = true)]
	pub tcti: Option<String>,
	/// Certificates between the TPM's certificate and its vendor's root, PEM or DER, in order.
	#[arg(long, global = true)]
	pub ek_chain: Vec<PathBuf>,
	/// The kernel's IMA log in binary form.
	#[arg(long, global = true)]
	pub ima_log: Option<PathBuf>,
	/// The UEFI event log of the firmware.
	#[arg(long, global = true)]
	pub boot_log: Option<PathBuf>,
	/// The maximum bytes of the IMA log in one transaction, if lower than the chain's limit. The
	/// agent submits a longer log in parts.
	#[arg(long, global = true)]
	pub log_part: Option<usize>,
	/// The guest agent: vsock:CID:PORT or unix:PATH.
	#[arg(long, global = true)]
	pub guest: Option<String>,
	/// The chip's VCEK certificate, PEM or DER.
	#[arg(long, global = true)]
	pub vcek: Option<PathBuf>,
	/// The program that runs one VM, started with --vm, --generation, --boot, --image, --host-data,
	/// --vcpus, --memory, --disk and --listen. SIGTERM ends it. Without a launcher the miner takes
	/// no VMs.
	#[arg(long, global = true)]
	pub launcher: Option<PathBuf>,
	/// A folder for the sockets and records of VMs.
	#[arg(long, global = true)]
	pub run_dir: Option<PathBuf>,
	/// Print the resulting configuration, and exit.
	#[arg(long, global = true)]
	pub print_config: bool,
}

/// The configuration of the agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
	pub node: String,
	pub hot_key_file: PathBuf,
	pub owner_key_file: Option<PathBuf>,
	pub bond: u128,
	pub tcti: String,
	pub ek_chain: Vec<PathBuf>,
	pub ima_log: PathBuf,
	pub boot_log: PathBuf,
	pub log_part: Option<usize>,
	pub guest: String,
	pub vcek: Option<PathBuf>,
	pub launcher: Option<PathBuf>,
	pub run_dir: PathBuf,
	/// The offer to tenants; without one the agent leaves the offer on the chain unchanged.
	pub offer: Option<Offer>,
}

/// The capacity that is offered to tenants, for all VMs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
	/// The ISO 3166-1 numeric code of the country.
	pub region: u16,
	pub vcpus: u16,
	/// Memory in MiB.
	pub memory: u32,
	/// Disk in GiB.
	pub disk: u32,
	/// The price in thousandths of the list price. A new price takes effect after the chain's
	/// notice period.
	#[serde(default = "list_price")]
	pub price: u16,
}

fn list_price() -> u16 {
	1_000
}

impl Default for Config {
	fn default() -> Self {
		Self {
			node: "ws://127.0.0.1:9944".into(),
			hot_key_file: "/etc/hcc/hot.key".into(),
			owner_key_file: None,
			// 100 α, the minimum bond of the genesis configuration.
			bond: 100_000_000_000,
			tcti: "device:/dev/tpmrm0".into(),
			ek_chain: Vec::new(),
			ima_log: "/sys/kernel/security/ima/binary_runtime_measurements".into(),
			boot_log: "/sys/kernel/security/tpm0/binary_bios_measurements".into(),
			log_part: None,
			guest: "vsock:3:5000".into(),
			vcek: None,
			launcher: None,
			run_dir: "/run/hcc".into(),
			offer: None,
		}
	}
}

macro_rules! override_with {
	($config:ident, $options:ident, $($name:ident),+) => {
		$(if let Some(value) = &$options.$name {
			$config.$name = value.clone().into();
		})+
	};
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
		override_with!(
			config,
			options,
			node,
			hot_key_file,
			owner_key_file,
			bond,
			tcti,
			ima_log,
			boot_log,
			log_part,
			guest,
			vcek,
			launcher,
			run_dir
		);
		if !options.ek_chain.is_empty() {
			config.ek_chain.clone_from(&options.ek_chain);
		}
		Ok(config)
	}

	/// Parses the address of the guest agent.
	pub fn guest(&self) -> anyhow::Result<Address> {
		self.guest.parse().map_err(anyhow::Error::msg)
	}

	/// Reads the hot key.
	pub fn hot(&self) -> anyhow::Result<Submitter> {
		key(&self.hot_key_file)
	}

	/// Reads the owner's key, if one is configured.
	pub fn owner(&self) -> anyhow::Result<Option<Submitter>> {
		self.owner_key_file.as_deref().map(key).transpose()
	}
}

fn key(path: &std::path::Path) -> anyhow::Result<Submitter> {
	let uri = std::fs::read_to_string(path)
		.with_context(|| format!("reading the key from {}", path.display()))?;
	Submitter::from_uri(&uri).with_context(|| format!("in {}", path.display()))
}

/// Reads a certificate in PEM or DER, and returns it as DER.
pub fn certificate(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
	let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
	if bytes.starts_with(b"-----BEGIN") {
		let parsed = pem::parse(&bytes).with_context(|| format!("in {}", path.display()))?;
		return Ok(parsed.into_contents());
	}
	Ok(bytes)
}
