//! The VM in which `hccam` runs. The host agent launches it from an endorsed image, adopts it after
//! a restart, and launches it again when it ends.

use std::{convert::Infallible, fs, io, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{ensure, Context};
use base64::{prelude::BASE64_STANDARD, Engine};
use hcc_chain::{AccountId32, Chain};
use hcc_evidence::host::{agent_host_data, Genesis};
use hcc_guest_protocol::Address;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::{
	config::{certificate, Config},
	guest::Guest,
	host::Host,
	launcher::{
		self, AgentImage, Hosted, Launcher, LauncherError, Owner, Stop, VmSpec, AGENT, AGENT_VCPUS,
	},
	retry::RetryPolicy,
	LauncherConfig, LibvirtConfig,
};

/// Interval of checks if the VM runs.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// Interval of attempts to connect to hccam in a VM that boots.
const CONNECT_EVERY: Duration = Duration::from_secs(1);
/// The size of the disk of settings, in bytes.
const DISK: usize = 64 << 10;
/// The number of lines of a console that are logged after a failure.
const LAST_LINES: usize = 5;
/// The program of this process, whose digest hccam finds in the IMA log.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// The VM of hccam.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentVmConfig {
	/// The folder of the image. libvirt's host has it under the same path.
	pub image: PathBuf,
}

/// Returns the settings of hccam, as the image reads them: lines of a name and a value, padded with
/// zero bytes. They only let hccam find faults early.
fn settings(
	vek: &[u8],
	measurement: &[u8; 48],
	miner_binary: &[u8; 32],
) -> anyhow::Result<Vec<u8>> {
	let text = format!(
		"launch_measurement {}\nminer_binary {}\nvek {}\n",
		hex::encode(measurement),
		hex::encode(miner_binary),
		BASE64_STANDARD.encode(vek)
	);
	ensure!(text.len() < DISK, "the chip's certificate has {} bytes", vek.len());
	let mut disk = text.into_bytes();
	disk.resize(DISK, 0);
	Ok(disk)
}

/// Describes the VM. Its boot number follows from all that it is launched with. So another image,
/// certificate or program of the miner launches it again, and a restart of the agent does not.
fn spec(image: &AgentImage, host_data: [u8; 32], settings: Vec<u8>) -> VmSpec {
	let mut hasher = Sha256::new();
	for part in [&image.id[..], &host_data, &settings[..]] {
		hasher.update(part);
	}
	let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
	VmSpec {
		vm: AGENT,
		boot: (0, u32::from_le_bytes([a, b, c, d])),
		image: image.id,
		measurement: image.measurement,
		host_data,
		vcpus: AGENT_VCPUS,
		memory: image.memory,
		disk: 0,
		settings: Some(settings),
	}
}

/// Returns the configured VM and its launcher. Returns `None` if hccam runs elsewhere.
pub(crate) fn configured(
	config: &Config,
) -> anyhow::Result<Option<(&AgentVmConfig, &LibvirtConfig)>> {
	match (&config.agent_vm, &config.launcher) {
		(None, _) => Ok(None),
		(Some(agent), Some(LauncherConfig::Libvirt(libvirt))) => Ok(Some((agent, libvirt))),
		(Some(_), _) => {
			anyhow::bail!("[agent_vm] needs a [launcher] of kind libvirt: add it, or set guest")
		},
	}
}

/// Returns the address of hccam: that of its VM, or the configured one.
///
/// ## Errors
/// Fails if its VM does not run. This function does not launch it.
pub(crate) async fn address(config: &Config, genesis: Genesis) -> anyhow::Result<Address> {
	let Some((agent, libvirt)) = configured(config)? else { return config.guest() };
	let owner = Owner { genesis, miner: config.miner(&config.hot()?)?.0 };
	let hosted = launcher::open_agent(libvirt, &agent.image, owner).agent().await?;
	let runs = hosted.filter(|hosted| hosted.runs.is_some() && hosted.is_reachable);
	Ok(runs.context("the VM of hccam does not run: start hcc-miner run, and read its log")?.agent)
}

/// Keeps the VM running, and updates the address in `host`. Never returns. Does nothing if hccam
/// runs elsewhere.
pub(crate) async fn keep(host: &Host, miner: &AccountId32) -> Infallible {
	if host.config.agent_vm.is_none() {
		return std::future::pending().await;
	}
	let genesis = Chain::connect_when_ready(&host.config.node).await.genesis();
	let owner = Owner { genesis, miner: miner.0 };
	let mut vm = None;
	let mut failures = 0u32;
	loop {
		let delay = match keep_once(&mut vm, &host.config, owner).await {
			Ok(address) => {
				failures = 0;
				host.set_guest(Some(address));
				CHECK_EVERY
			},
			Err(error) => {
				failures = failures.saturating_add(1);
				let cause = error.downcast_ref::<LauncherError>();
				let code = cause.map(LauncherError::code);
				let error = format!("{error:#}");
				tracing::warn!(code, error, failures, "hccam's VM cannot be kept: trying again");
				if matches!(cause, Some(LauncherError::Gone(_) | LauncherError::Slow { .. })) {
					// While libvirt is unavailable, the VM may run.
					CHECK_EVERY
				} else {
					host.set_guest(None);
					// Image and certificate are read again.
					vm = None;
					RetryPolicy::GrowingDelay.delay(failures).unwrap_or(CHECK_EVERY)
				}
			},
		};
		sleep(delay).await;
	}
}

/// Ensures that the VM runs, and returns the address of hccam. Describes the VM first if that has
/// not been done yet.
async fn keep_once(
	vm: &mut Option<AgentVm>,
	config: &Config,
	owner: Owner,
) -> anyhow::Result<Address> {
	let described = match vm.take() {
		Some(described) => described,
		None => AgentVm::open(config, owner).await?,
	};
	vm.insert(described).ensure().await
}

/// The VM of hccam on this host.
struct AgentVm {
	launcher: Arc<dyn Launcher>,
	spec: VmSpec,
	/// True once hccam has answered since the launch or the adoption.
	answers: bool,
}

impl AgentVm {
	/// Verifies the image, and collects what the VM is launched with.
	async fn open(config: &Config, owner: Owner) -> anyhow::Result<Self> {
		let (agent, libvirt) = configured(config)?.context("[agent_vm] is missing")?;
		let vcek = config.vcek.as_deref();
		let vek = certificate(vcek.context("[agent_vm] needs vcek, the certificate of the chip")?)?;
		let folder = agent.image.clone();
		let verifying = tokio::task::spawn_blocking(move || {
			Ok::<_, anyhow::Error>((launcher::agent_image(&folder)?, own_digest()?))
		});
		let (image, own) = verifying.await??;
		let host_data = agent_host_data(&owner.genesis, &owner.miner);
		let settings = settings(&vek, &image.measurement, &own)?;
		Ok(Self {
			launcher: launcher::open_agent(libvirt, &agent.image, owner),
			spec: spec(&image, host_data, settings),
			answers: false,
		})
	}

	/// Ensures that the VM runs and that hccam has answered in it. Returns its address.
	async fn ensure(&mut self) -> anyhow::Result<Address> {
		if let Some(hosted) = self.running().await?.filter(|_| self.answers) {
			return Ok(hosted.agent);
		}
		self.answers = false;
		self.launcher.ensure(&self.spec).await?;
		let address = tokio::select! {
			address = self.first_answer() => address?,
			failed = self.launcher.watch_boot(AGENT, self.spec.boot) => {
				self.log_console();
				self.launcher.stop(AGENT, Stop::Force).await?;
				return Err(failed.into());
			},
		};
		self.answers = true;
		tracing::info!(%address, "hccam answers in its VM");
		Ok(address)
	}

	/// Returns the VM if it runs as described.
	async fn running(&self) -> Result<Option<Hosted>, LauncherError> {
		let hosted = self.launcher.agent().await?;
		Ok(hosted.filter(|hosted| hosted.runs == Some(self.spec.boot)))
	}

	/// Waits until hccam answers, and returns its address.
	async fn first_answer(&self) -> anyhow::Result<Address> {
		loop {
			if let Some(hosted) = self.running().await?.filter(|hosted| hosted.is_reachable) {
				match Guest::meet(&hosted.agent).await {
					Ok(_) => return Ok(hosted.agent),
					Err(error) => tracing::debug!(%error, "hccam does not answer yet"),
				}
			}
			sleep(CONNECT_EVERY).await;
		}
	}

	/// Logs the end of the console, in which hccam names the reason of a refusal.
	fn log_console(&self) {
		let console = self.launcher.console(AGENT, self.spec.boot);
		let text = console.and_then(|path| fs::read(path).ok()).unwrap_or_default();
		for line in last_lines(&String::from_utf8_lossy(&text)) {
			tracing::warn!(line, "console of hccam's VM");
		}
	}
}

/// Returns the last lines of a console without control characters.
fn last_lines(text: &str) -> Vec<String> {
	let lines = text.lines().rev().filter(|line| !line.trim().is_empty()).take(LAST_LINES);
	let mut lines: Vec<_> =
		lines.map(|line| line.chars().filter(|letter| !letter.is_control()).collect()).collect();
	lines.reverse();
	lines
}

/// Returns the SHA-256 digest of this program.
fn own_digest() -> anyhow::Result<[u8; 32]> {
	let mut program = fs::File::open(OWN_PROGRAM).context("reading this program")?;
	let mut hasher = Sha256::new();
	io::copy(&mut program, &mut hasher).context("reading this program")?;
	Ok(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn image() -> AgentImage {
		AgentImage { id: [1; 32], measurement: [2; 48], memory: 256 }
	}

	#[test]
	fn settings_are_lines_that_the_image_reads() {
		let disk = settings(&[7; 4], &[0xab; 48], &[0xcd; 32]).expect("they fit");
		assert_eq!(disk.len(), DISK);
		let text = String::from_utf8(disk).expect("text");
		let lines: Vec<_> = text.trim_end_matches('\0').lines().collect();
		let wanted = [
			format!("launch_measurement {}", "ab".repeat(48)),
			format!("miner_binary {}", "cd".repeat(32)),
			"vek BwcHBw==".to_string(),
		];
		assert_eq!(lines, wanted);
		assert!(settings(&vec![0; DISK], &[0; 48], &[0; 32]).is_err(), "it is too long");
	}

	#[test]
	fn names_of_settings_are_those_of_the_image() {
		let init = include_str!("../../images/hccam/root/sbin/init");
		let disk = settings(&[7; 4], &[1; 48], &[2; 32]).expect("they fit");
		let text = String::from_utf8(disk).expect("text");
		let names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once(' ')?.0)).collect();
		assert_eq!(names.len(), 3);
		assert!(names.iter().all(|name| init.contains(&format!("\t\t{name})"))), "{names:?}");
	}

	#[test]
	fn each_change_is_another_boot() {
		let boot = |image: &AgentImage, host_data, settings: &[u8]| {
			spec(image, host_data, settings.to_vec()).boot
		};
		let first = boot(&image(), [3; 32], b"a");
		assert_eq!(boot(&image(), [3; 32], b"a"), first);
		assert_ne!(boot(&image(), [3; 32], b"b"), first);
		assert_ne!(boot(&image(), [4; 32], b"a"), first);
		assert_ne!(boot(&AgentImage { id: [9; 32], ..image() }, [3; 32], b"a"), first);
		assert_eq!(spec(&image(), [3; 32], Vec::new()).vm, AGENT);
	}

	#[test]
	fn agent_vm_needs_libvirt() {
		let agent_vm = Some(AgentVmConfig { image: "/var/lib/hcc/images/hccam".into() });
		let config = Config { agent_vm, ..Config::default() };
		assert!(configured(&config).is_err());
		let launcher = Some(LauncherConfig::Libvirt(Box::default()));
		assert!(configured(&Config { launcher, ..config }).expect("it is complete").is_some());
		assert!(configured(&Config::default()).expect("hccam runs elsewhere").is_none());
	}

	#[test]
	fn console_is_logged_without_control_characters() {
		let text = "one\r\n\r\n2\n3\n4\n5\n\u{1b}[31mhccam has ended\u{1b}[0m\r\n";
		assert_eq!(last_lines(text), ["2", "3", "4", "5", "[31mhccam has ended[0m"]);
	}
}
