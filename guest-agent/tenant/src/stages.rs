//! The two stages of a VM: the boot in the initramfs, and the run after `switch_root`.

use std::{
	io,
	net::{Ipv4Addr, SocketAddr},
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::Context;
use clap::Args;
use hcc_guest_protocol::{Address, Listener, Peers};
use hcc_vm_config::VmConfig;
use hccam::SecureProcessor;
use tokio::process::Command;
use tokio_vsock::VMADDR_CID_HOST;

use crate::{apply, serve, ssh, BootAgent, Fatal, Folder, Keys, MachineMeter, RunningAgent};

/// The port of sshd.
const SSH_PORT: u16 = 22;
/// The root of the file system.
const ROOT: &str = "/";
/// The folder that exists if systemd runs the VM.
const SYSTEMD: &str = "/run/systemd/system";

/// Options of the boot stage.
#[derive(Args, Clone, Debug)]
pub struct BootOptions {
	/// The address to listen at: vsock:PORT or unix:PATH.
	#[arg(long, default_value = "vsock:1")]
	pub listen: Address,
	/// The vsock CID of the host; the agent serves no other peer. Only images for test machines,
	/// whose host is another guest, set it.
	#[arg(long, default_value_t = VMADDR_CID_HOST)]
	pub host_cid: u32,
	/// Serve unprivileged processes of the host as well. Only images for test machines set it.
	#[arg(long)]
	pub any_host_port: bool,
	/// The folder for the state of the boot, in memory.
	#[arg(long, default_value = "/run/hcc")]
	pub run_dir: PathBuf,
	/// The disk that the tenant pays for, by its name in /sys/block.
	#[arg(long, default_value = "vda")]
	pub disk: String,
	/// The time within which the boot must be confirmed, in seconds.
	#[arg(long, default_value_t = 1800)]
	pub deadline: u64,
}

/// Options of the running stage.
#[derive(Args, Clone, Debug)]
pub struct RunOptions {
	/// The address to listen at: vsock:PORT or unix:PATH.
	#[arg(long, default_value = "vsock:1")]
	pub listen: Address,
	/// The address where the host's relay reaches sshd: vsock:PORT or unix:PATH.
	#[arg(long, default_value = "vsock:22")]
	pub listen_ssh: Address,
	/// The folder with the state of the boot.
	#[arg(long, default_value = "/run/hcc")]
	pub run_dir: PathBuf,
	/// The disk that the tenant pays for, by its name in /sys/block.
	#[arg(long, default_value = "vda")]
	pub disk: String,
	/// The SSH daemon.
	#[arg(long, default_value = "/usr/sbin/sshd")]
	pub sshd: PathBuf,
}

/// Boots a VM with the secure processor of this machine. Returns once the boot is confirmed.
///
/// ## Errors
/// Fails if the boot cannot be confirmed. The VM must then power off.
pub async fn boot(options: &BootOptions) -> Result<(), Fatal> {
	let processor = SecureProcessor::open().map_err(Fatal::Device)?;
	let peers = Peers { host_cid: options.host_cid, any_port: options.any_host_port };
	let folder = Folder::create(&options.run_dir).map_err(Fatal::State)?;
	let meter = MachineMeter::new(Path::new(ROOT), &options.disk);
	let agent = BootAgent::new(processor, meter, Keys::generate()?, folder, peers)?;
	let listener = Listener::bind(&options.listen, peers).map_err(Fatal::Listen)?;
	tracing::info!(address = %options.listen, "waiting for the configuration");
	let deadline = Duration::from_secs(options.deadline);
	tokio::time::timeout(deadline, serve(&listener, agent)).await.unwrap_or(Err(Fatal::Deadline))
}

/// Serves a VM whose boot is confirmed, until the host stops it. Then powers off.
///
/// ## Errors
/// Fails if there is no confirmed boot, or if the agent cannot listen.
pub async fn run(options: &RunOptions) -> anyhow::Result<()> {
	let folder = Folder::of(&options.run_dir);
	let booted = folder.booted().context("the boot was not confirmed")?;
	let config = VmConfig::parse(&folder.config().context("cannot read the configuration")?)?;
	let meter = MachineMeter::new(Path::new(ROOT), &options.disk);
	let agent = RunningAgent::new(folder.clone(), meter).context("cannot read the boot")?;
	let peers = booted.peers();
	let bind = |address: &Address, peers| {
		Listener::bind(address, peers).with_context(|| format!("listening on {address}"))
	};
	let listener = bind(&options.listen, peers)?;
	// SSH protects itself, and the relay is not privileged.
	let ssh_listener = bind(&options.listen_ssh, Peers { any_port: true, ..peers })?;
	apply::settings(&config, &folder, Path::new(ROOT)).context("applying the configuration")?;
	let sshd_config = ssh::write_config(&folder, SSH_PORT, config.publishes_tcp(SSH_PORT))?;
	tracing::info!(vm = booted.request.vm, boot = booted.request.counter, "running");
	let user_data = config.user_data;
	tokio::task::spawn_blocking(move || apply::user_data(&user_data, Path::new(ROOT)));
	let local = SocketAddr::from((Ipv4Addr::LOCALHOST, SSH_PORT));
	tokio::select! {
		served = serve(&listener, agent) => served?,
		() = ssh::supervise(&options.sshd, &sshd_config) => {},
		() = ssh::bridge(&ssh_listener, local) => {},
	}
	power_off().await.context("powering off")
}

/// Powers the VM off. Under systemd, services end in order first.
async fn power_off() -> io::Result<()> {
	tracing::info!("powering off");
	let mut command = if Path::new(SYSTEMD).is_dir() {
		let mut command = Command::new("systemctl");
		command.arg("poweroff");
		command
	} else {
		let mut command = Command::new("/bin/sh");
		command.args(["-c", "sync; exec poweroff -f"]);
		command
	};
	let status = command.status().await?;
	if status.success() {
		return Ok(());
	}
	Err(io::Error::other(format!("the command ended with {status}")))
}
