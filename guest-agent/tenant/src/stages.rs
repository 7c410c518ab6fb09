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
use hcc_vm_config::{Protocol, VmConfig};
use hccam::SecureProcessor;
use tokio::{process::Command, task::JoinSet};
use tokio_vsock::{VMADDR_CID_ANY, VMADDR_CID_HOST};

use crate::{
	apply, relay, root::VerityRoot, serve, BootAgent, Fatal, Folder, Keys, MachineMeter,
	RunningAgent,
};

/// The vsock ports of the agent and of sshd.
const AGENT_PORT: u16 = 1;
const SSH_PORT: u16 = 22;
/// The root of the file system.
const ROOT: &str = "/";
/// The command line of the kernel. The launch measurement covers it.
const COMMAND_LINE: &str = "/proc/cmdline";
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
	/// The folder where the root file system is mounted.
	#[arg(long, default_value = "/newroot")]
	pub new_root: PathBuf,
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
	/// The address of the VM's sshd.
	#[arg(long, default_value = "127.0.0.1:22")]
	pub sshd: SocketAddr,
}

/// Boots a VM with the secure processor of this machine. Mounts the root file system, and returns
/// once the boot is confirmed.
///
/// ## Errors
/// Fails if the boot cannot be confirmed. The VM must then power off.
pub async fn boot(options: &BootOptions) -> Result<(), Fatal> {
	let processor = SecureProcessor::open().map_err(Fatal::Device)?;
	let peers = Peers { host_cid: options.host_cid, any_port: options.any_host_port };
	let folder = Folder::create(&options.run_dir).map_err(Fatal::State)?;
	let meter = MachineMeter::new(Path::new(ROOT), &options.disk);
	let agent = BootAgent::new(processor, meter, Keys::generate()?, folder, peers)?;
	// A root that cannot be mounted is found before the boot is confirmed and paid.
	mount_root(&options.new_root).await.map_err(Fatal::Root)?;
	let listener = Listener::bind(&options.listen, peers).map_err(Fatal::Listen)?;
	tracing::info!(address = %options.listen, "waiting for the configuration");
	let deadline = Duration::from_secs(options.deadline);
	tokio::time::timeout(deadline, serve(&listener, agent)).await.unwrap_or(Err(Fatal::Deadline))
}

async fn mount_root(target: &Path) -> io::Result<()> {
	let root = VerityRoot::from_command_line(&std::fs::read_to_string(COMMAND_LINE)?);
	root.map_err(io::Error::other)?.mount(target).await?;
	tracing::info!("root file system mounted");
	Ok(())
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
	let relayed = Peers { any_port: true, ..peers };
	let mut bridges = JoinSet::new();
	bridges.spawn(relay::bridge(bind(&options.listen_ssh, relayed)?, options.sshd));
	for port in published_ports(&config) {
		match Listener::bind(&Address::Vsock { cid: VMADDR_CID_ANY, port: port.into() }, relayed) {
			Ok(listener) => {
				let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
				bridges.spawn(relay::bridge(listener, service));
			},
			Err(error) => tracing::warn!(port, %error, "cannot listen for the relay"),
		}
	}
	apply::host_name(&config.host_name, Path::new(ROOT)).context("setting the host name")?;
	tracing::info!(vm = booted.request.vm, boot = booted.request.counter, "running");
	let user_data = config.user_data;
	if folder.start_user_data().context("starting the user data")? {
		tokio::task::spawn_blocking(move || apply::user_data(&user_data, Path::new(ROOT)));
	}
	serve(&listener, agent).await?;
	power_off().await.context("powering off")
}

/// Returns the published ports, without those at which the agent itself listens. The relay leads to
/// each port by TCP, at the vsock port of the same number.
fn published_ports(config: &VmConfig) -> impl Iterator<Item = u16> + '_ {
	let tcp = config.publish.iter().filter(|open| open.protocol == Protocol::Tcp);
	tcp.map(|open| open.port.get()).filter(|port| ![AGENT_PORT, SSH_PORT].contains(port))
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

#[cfg(test)]
mod tests {
	use std::num::NonZeroU16;

	use hcc_vm_config::Published;

	use super::*;

	#[test]
	fn relay_leads_to_published_ports_of_tcp() {
		let mut config = VmConfig::named("vm");
		for (port, protocol) in [
			(443, Protocol::Tcp),
			(53, Protocol::Udp),
			(SSH_PORT, Protocol::Tcp),
			(AGENT_PORT, Protocol::Tcp),
			(8080, Protocol::Tcp),
		] {
			let port = NonZeroU16::new(port).expect("not zero");
			config.publish.push(Published { port, protocol });
		}
		assert_eq!(published_ports(&config).collect::<Vec<_>>(), [443, 8080]);
	}
}
