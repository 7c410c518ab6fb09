use std::{
	net::{Ipv4Addr, SocketAddr},
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{ensure, Context};
use clap::Args;
use hcc_chain::{
	keys::{read_secret, ExposeSecret, KeyError, PassphraseSource},
	AccountId32, Submitter,
};
use hcc_guest_protocol::Address;
use hcc_service::LogFormat;
use secrecy::SecretSlice;
use serde::{Deserialize, Serialize};

use crate::{AgentVmConfig, LauncherConfig, ProcessConfig, TpmSettings};

/// Options that all commands accept.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
	/// A TOML file whose keys have the names of the options. An option on the command line
	/// overrides the value in the file.
	#[arg(long, global = true)]
	pub config: Option<PathBuf>,
	/// The WebSocket URL of a node. Further URLs, separated by commas, name nodes that the agent
	/// uses if the first node fails.
	#[arg(long, global = true)]
	pub node: Option<String>,
	/// The miner's own account (SS58). Needed if the owner's key is not configured.
	#[arg(long, global = true)]
	pub miner: Option<AccountId32>,
	/// The file with the hot key: a phrase or a seed, or an encrypted key (hcc key new). Its mode
	/// must be 0600.
	#[arg(long, global = true)]
	pub hot_key_file: Option<PathBuf>,
	/// The file with the owner's key. For tests: keep this key on another machine. Without it,
	/// --print-call and the log show the calls that the owner must sign.
	#[arg(long, global = true)]
	pub owner_key_file: Option<PathBuf>,
	/// A file with the passphrase of encrypted keys. Without it, the systemd credential
	/// hcc-passphrase or the terminal provides it.
	#[arg(long, global = true)]
	pub passphrase_file: Option<PathBuf>,
	/// The bond that the miner provides at registration, in the smallest unit of α (10⁻⁹ α).
	#[arg(long, global = true)]
	pub bond: Option<u128>,
	/// The TPM: device:/dev/tpmrm0, or swtpm:host=HOST,port=PORT.
	#[arg(long, global = true)]
	pub tcti: Option<String>,
	/// The time limit of a TPM command in seconds [default: 30]. Creating an RSA key may take ten
	/// times as long.
	#[arg(long, global = true)]
	pub tpm_timeout: Option<u64>,
	/// The persistent handle of the TPM's RSA endorsement key, such as 0x81010001. By default, the
	/// agent creates the key from the TCG's template when it is needed.
	#[arg(long, global = true, value_parser = handle)]
	pub ek_handle: Option<u32>,
	/// The certificate of the endorsement key, in PEM or DER. By default, the agent reads it from
	/// the TPM.
	#[arg(long, global = true)]
	pub ek_cert: Option<PathBuf>,
	/// A file with the authorisation value of the endorsement hierarchy, if the hierarchy has one.
	#[arg(long, global = true)]
	pub endorsement_auth_file: Option<PathBuf>,
	/// The certificates between the TPM's certificate and its vendor's root, in PEM or DER and in
	/// this order.
	#[arg(long, global = true)]
	pub ek_chain: Vec<PathBuf>,
	/// The kernel's IMA log in binary form.
	#[arg(long, global = true)]
	pub ima_log: Option<PathBuf>,
	/// The UEFI event log of the firmware.
	#[arg(long, global = true)]
	pub boot_log: Option<PathBuf>,
	/// The maximum number of bytes of the IMA log in one transaction. The chain's limit applies if
	/// it is lower. The agent submits a longer log in parts.
	#[arg(long, global = true)]
	pub log_part: Option<usize>,
	/// The address of the guest agent: vsock:CID:PORT or unix:PATH. If the configuration has a
	/// section agent_vm, this program launches the agent in a VM, and the option has no effect.
	#[arg(long, global = true)]
	pub guest: Option<String>,
	/// The chip's VCEK certificate, in PEM or DER.
	#[arg(long, global = true)]
	pub vcek: Option<PathBuf>,
	/// A program that stands for a VM in tests, started with --vm, --generation, --boot, --image,
	/// --host-data, --vcpus, --memory, --disk and --listen. SIGTERM ends it. The program replaces
	/// the section launcher of the configuration file, which runs VMs under libvirt.
	#[arg(long, global = true)]
	pub launcher: Option<PathBuf>,
	/// A folder for the lock of the agent, and for the sockets and records of such programs.
	#[arg(long, global = true)]
	pub run_dir: Option<PathBuf>,
	/// The address on which to serve /healthz, /readyz and /metrics, such as 127.0.0.1:9617.
	/// Without it, nothing is served. Anyone who reaches it can read them.
	#[arg(long, global = true)]
	pub metrics: Option<SocketAddr>,
	/// The format of the log on standard error [default: text]. RUST_LOG sets the filter.
	#[arg(long, global = true, value_enum)]
	pub log_format: Option<LogFormat>,
	/// Print the effective configuration, and exit.
	#[arg(long, global = true)]
	pub print_config: bool,
}

/// The configuration of the agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
	pub node: String,
	pub miner: Option<AccountId32>,
	pub hot_key_file: PathBuf,
	pub owner_key_file: Option<PathBuf>,
	pub passphrase_file: Option<PathBuf>,
	pub bond: u128,
	pub tcti: String,
	pub tpm_timeout: u64,
	pub ek_handle: Option<u32>,
	pub ek_cert: Option<PathBuf>,
	pub endorsement_auth_file: Option<PathBuf>,
	pub ek_chain: Vec<PathBuf>,
	pub ima_log: PathBuf,
	pub boot_log: PathBuf,
	pub log_part: Option<usize>,
	pub guest: String,
	pub vcek: Option<PathBuf>,
	pub run_dir: PathBuf,
	pub metrics: Option<SocketAddr>,
	pub log_format: LogFormat,
	/// The means by which the agent runs VMs; without one the miner takes none.
	pub launcher: Option<LauncherConfig>,
	/// The VM in which hccam runs, under the launcher's libvirt. Its address then replaces `guest`.
	pub agent_vm: Option<AgentVmConfig>,
	/// The offer to tenants. Without an offer here, the agent leaves the offer on the chain
	/// unchanged.
	pub offer: Option<Offer>,
	/// The relay to VMs; without one the agent listens on no port.
	pub relay: Option<RelayConfig>,
}

/// The relay, by which tenants reach their VMs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelayConfig {
	/// The TCP address on which it listens.
	pub listen: SocketAddr,
	/// The endpoint for tenants, `host:port`. The agent publishes it on the chain.
	pub endpoint: Option<String>,
	/// The maximum number of connections to all VMs together.
	pub connections: usize,
	/// The maximum number of connections to one VM.
	pub connections_per_vm: usize,
	/// The time in seconds after which a connection without traffic ends.
	pub idle_seconds: u64,
}

impl Default for RelayConfig {
	fn default() -> Self {
		Self {
			listen: (Ipv4Addr::UNSPECIFIED, 7922).into(),
			endpoint: None,
			connections: 256,
			connections_per_vm: 16,
			idle_seconds: 900,
		}
	}
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
			miner: None,
			hot_key_file: "/etc/hcc/hot.key".into(),
			owner_key_file: None,
			passphrase_file: None,
			// 100 α: the minimum bond in the genesis configuration.
			bond: 100_000_000_000,
			tcti: "device:/dev/tpmrm0".into(),
			tpm_timeout: 30,
			ek_handle: None,
			ek_cert: None,
			endorsement_auth_file: None,
			ek_chain: Vec::new(),
			ima_log: "/sys/kernel/security/ima/binary_runtime_measurements".into(),
			boot_log: "/sys/kernel/security/tpm0/binary_bios_measurements".into(),
			log_part: None,
			guest: "vsock:3:5000".into(),
			vcek: None,
			run_dir: "/run/hcc".into(),
			metrics: None,
			log_format: LogFormat::default(),
			launcher: None,
			agent_vm: None,
			offer: None,
			relay: None,
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
		override_with!(
			config,
			options,
			node,
			miner,
			hot_key_file,
			owner_key_file,
			passphrase_file,
			bond,
			tcti,
			tpm_timeout,
			ek_handle,
			ek_cert,
			endorsement_auth_file,
			ima_log,
			boot_log,
			log_part,
			guest,
			vcek,
			run_dir,
			metrics,
			log_format
		);
		if let Some(program) = options.launcher.clone() {
			config.launcher = Some(LauncherConfig::Process(ProcessConfig { program }));
		}
		if !options.ek_chain.is_empty() {
			config.ek_chain.clone_from(&options.ek_chain);
		}
		Ok(config)
	}

	/// Parses the address of the guest agent.
	pub fn guest(&self) -> anyhow::Result<Address> {
		self.guest.parse().map_err(anyhow::Error::msg)
	}

	/// Reads the settings of the TPM.
	pub fn tpm_settings(&self) -> anyhow::Result<TpmSettings> {
		let endorsement_auth = match &self.endorsement_auth_file {
			Some(path) => {
				let text = read_secret(path).context("reading the authorisation value")?;
				text.expose_secret().trim_end_matches('\n').as_bytes().to_vec()
			},
			None => Vec::new(),
		};
		Ok(TpmSettings {
			tcti: self.tcti.clone(),
			ek_handle: self.ek_handle,
			ek_cert: self.ek_cert.clone(),
			endorsement_auth: SecretSlice::from(endorsement_auth),
			timeout: Duration::from_secs(self.tpm_timeout),
		})
	}

	/// Reads the certificates between the TPM's certificate and its vendor's root.
	pub fn ek_intermediates(&self) -> anyhow::Result<Vec<Vec<u8>>> {
		let files = self.ek_chain.iter().map(|path| certificates(path));
		Ok(files.collect::<anyhow::Result<Vec<_>>>()?.concat())
	}

	/// Reads the hot key.
	pub fn hot(&self) -> anyhow::Result<Submitter> {
		self.key(&self.hot_key_file).context("reading the hot key")
	}

	/// Returns the miner's own account: the configured account or, if none is configured, the
	/// account of the owner's key. Without an owner's key, the hot key is the miner's own key.
	pub fn miner(&self, hot: &Submitter) -> anyhow::Result<AccountId32> {
		if let Some(miner) = self.miner {
			return Ok(miner);
		}
		Ok(self.owner()?.map_or_else(|| hot.account(), |owner| owner.account()))
	}

	/// Reads the owner's key, if one is configured.
	pub fn owner(&self) -> anyhow::Result<Option<Submitter>> {
		let owner = self.owner_key_file.as_deref().map(|path| self.key(path));
		owner.transpose().context("reading the owner's key")
	}

	fn key(&self, path: &Path) -> Result<Submitter, KeyError> {
		Submitter::from_file(path, &PassphraseSource::new(self.passphrase_file.clone()))
	}
}

/// Parses a TPM handle: hexadecimal with `0x`, or decimal.
fn handle(text: &str) -> Result<u32, String> {
	let parsed = match text.strip_prefix("0x") {
		Some(digits) => u32::from_str_radix(digits, 16),
		None => text.parse(),
	};
	parsed.map_err(|_| format!("{text:?} is not a handle such as 0x81010001"))
}

/// Reads a single certificate in PEM or DER, and returns it in DER.
pub fn certificate(path: &Path) -> anyhow::Result<Vec<u8>> {
	let mut all = certificates(path)?;
	let count = all.len();
	ensure!(count == 1, "{} has {count} certificates, wanted one", path.display());
	Ok(all.remove(0))
}

/// Reads certificates in PEM, with any text around them, or a single certificate in DER. Returns
/// the certificates in DER.
pub fn certificates(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
	const PEM: &[u8] = b"-----BEGIN";
	let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
	if !bytes.windows(PEM.len()).any(|window| window == PEM) {
		return Ok(vec![bytes]);
	}
	let parsed = pem::parse_many(&bytes).with_context(|| format!("in {}", path.display()))?;
	let certificates = parsed.into_iter().filter(|part| part.tag() == "CERTIFICATE");
	Ok(certificates.map(pem::Pem::into_contents).collect())
}

#[cfg(test)]
mod tests {
	use std::os::unix::fs::PermissionsExt;

	use hcc_chain::keys::{write_secret, SecretString};

	use super::*;

	#[test]
	fn launcher_option_replaces_configured_launcher() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("miner.toml");
		let text = "[launcher]\nkind = \"libvirt\"\nuri = \"qemu:///session\"\n";
		std::fs::write(&path, text).expect("written");
		let mut options = Options { config: Some(path), ..Options::default() };
		let configured = Config::load(&options).expect("valid").launcher;
		let has_uri = |launcher: &LauncherConfig| match launcher {
			LauncherConfig::Libvirt(libvirt) => libvirt.uri == "qemu:///session",
			LauncherConfig::Process(_) => false,
		};
		assert!(configured.as_ref().is_some_and(has_uri), "{configured:?}");
		options.launcher = Some("/bin/true".into());
		let process = LauncherConfig::Process(ProcessConfig { program: "/bin/true".into() });
		assert_eq!(Config::load(&options).expect("valid").launcher, Some(process));
	}

	#[test]
	fn printed_configuration_is_readable() {
		let config = Config {
			launcher: Some(LauncherConfig::Libvirt(Box::default())),
			agent_vm: Some(AgentVmConfig { image: "/images/hccam".into() }),
			offer: Some(Offer { region: 276, vcpus: 1, memory: 2, disk: 3, price: 4 }),
			..Config::default()
		};
		let text = toml::to_string(&config).expect("it has a form");
		let read: Config = toml::from_str(&text).expect("it is readable");
		assert_eq!((read.launcher, read.offer), (config.launcher, config.offer));
		assert_eq!(read.agent_vm, config.agent_vm);
	}

	#[test]
	fn certificates_found_among_text() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("chain.pem");
		let one = pem::encode(&pem::Pem::new("CERTIFICATE", [1, 2]));
		let two = pem::encode(&pem::Pem::new("CERTIFICATE", [3]));
		let key = pem::encode(&pem::Pem::new("PUBLIC KEY", [4]));
		let text = format!("\u{feff}subject: one\n{one}between\n{key}{two}after\n");
		std::fs::write(&path, text).expect("written");
		assert_eq!(certificates(&path).expect("they are read"), [vec![1, 2], vec![3]]);
		assert!(certificate(&path).is_err(), "there are two");
		std::fs::write(&path, [0x30, 0x00]).expect("written");
		assert_eq!(certificate(&path).expect("it is read"), [0x30, 0x00]);
	}

	#[test]
	fn relay_is_configured_by_its_section() {
		assert_eq!(Config::default().relay, None);
		let config: Config = toml::from_str("[relay]").expect("parsed");
		assert_eq!(config.relay, Some(RelayConfig::default()));
		let text = "[relay]\nlisten = \"[::1]:22\"\nendpoint = \"host:1\"\nidle_seconds = 60";
		let relay = toml::from_str::<Config>(text).expect("parsed").relay.expect("configured");
		assert_eq!((relay.listen.port(), relay.idle_seconds), (22, 60));
		assert_eq!(relay.endpoint.as_deref(), Some("host:1"));
		assert!(toml::from_str::<Config>("[relay]\nport = 22").is_err(), "unknown");
	}

	#[test]
	fn handle_is_hexadecimal_or_decimal() {
		assert_eq!(handle("0x81010001"), Ok(0x8101_0001));
		assert_eq!(handle("2164326401"), Ok(0x8101_0001));
		assert!(handle("81010001h").is_err());
	}

	#[test]
	fn authorisation_value_has_no_line_break() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("auth");
		write_secret(&path, &SecretString::from("secret\n")).expect("written");
		let config = Config { endorsement_auth_file: Some(path.clone()), ..Config::default() };
		let settings = config.tpm_settings().expect("it is read");
		assert_eq!(settings.endorsement_auth.expose_secret(), b"secret");
		let wide = std::fs::Permissions::from_mode(0o644);
		std::fs::set_permissions(&path, wide).expect("the mode is set");
		assert!(config.tpm_settings().is_err(), "others may read it");
	}
}
