//! `hcc devnet`: a whole network on one machine, for trials and tests.

mod chain_spec;
mod control;
mod forward;
mod host;
mod layout;
mod market;
mod network;
mod rig;
mod supervisor;

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::Context;
use hcc_chain::Chain;
use serde_json::{json, Value};
use tokio::signal::unix::{signal, SignalKind};

use layout::Layout;
use network::Network;
use rig::Rig;
use supervisor::Supervisor;

use crate::{exit::Exit, output::outln};

/// Time limit for the first finalised block.
const FINALITY_TIMEOUT: Duration = Duration::from_secs(180);

/// Run a whole network on this machine.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Devnet {
	/// Start a chain, its validators' workers, and a miner's host under QEMU. Ctrl-C stops all of
	/// them.
	Up(Up),
}

/// Start a chain, its validators' workers, and a miner's host under QEMU. Ctrl-C stops all of them.
///
/// The host is a virtual machine with measured boot: its kernel measures the programs that run, and
/// its TPM (swtpm) quotes the measurements. Its SEV-SNP reports are simulated, under a hierarchy
/// that test chains trust as stored policy.
///
/// As root, the host and the VMs of its miner are domains of one libvirt, in namespaces of their
/// own. Without root, or with --no-vms, `insecure-vm` takes the place of VMs.
///
/// The chain starts from genesis each time. A program that exits is restarted. Logs are in
/// DIR/logs, and DIR/devnet.json contains the addresses.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
	/// The network's folder, for state, logs and the host's image. The command removes the files of
	/// an earlier network.
	#[arg(long, value_name = "DIR", default_value = "devnet")]
	dir: PathBuf,

	/// The number of validators: 1 (preset `development`) or 4 (`local_testnet`).
	#[arg(long, default_value_t = 1, value_parser = validators)]
	validators: u16,

	/// The WebSocket port of the first node [default: a free port].
	#[arg(long, value_name = "PORT")]
	rpc_port: Option<u16>,

	/// The WebSocket URL of the node that the last worker uses, for example the URL of a proxy
	/// [default: the node of the worker's validator].
	#[arg(long, value_name = "URL")]
	last_worker_node: Option<String>,

	/// Run only the chain, without a miner's host.
	#[arg(long)]
	no_miner: bool,

	/// Run no VMs: the program `insecure-vm` takes their place. This needs no root.
	#[arg(long)]
	no_vms: bool,

	/// Let the miner run hccam in a VM of its own, instead of beside hcc-miner. Needs root and the
	/// image insecure-hccam.
	#[arg(long, conflicts_with_all = ["no_vms", "no_miner"])]
	agent_vm: bool,

	/// The folder of images of VMs, one folder each [default: images, beside the folder of the
	/// programs].
	#[arg(long, value_name = "DIR")]
	images: Option<PathBuf>,

	/// The folder of the programs [default: the folder of hcc].
	#[arg(long, value_name = "DIR")]
	programs: Option<PathBuf>,

	/// The folder of the scripts that make and start the host.
	#[arg(long, value_name = "DIR", default_value = "scripts/machine")]
	machine: PathBuf,

	/// The folder that caches the packages of QEMU and the host's kernel [default: hccs/machine in
	/// the user's cache folder].
	#[arg(long, value_name = "DIR")]
	packages: Option<PathBuf>,

	/// Print events as JSON, one object a line.
	#[arg(long)]
	json: bool,
}

fn validators(text: &str) -> Result<u16, String> {
	match text {
		"1" => Ok(1),
		"4" => Ok(4),
		_ => Err("expected 1 or 4: no preset has another number".into()),
	}
}

impl Devnet {
	pub(crate) fn run(&self) -> anyhow::Result<Exit> {
		let Self::Up(up) = self;
		// The runtime has one thread, because a program receives SIGTERM when the thread that
		// started it ends.
		let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
		runtime.block_on(up.run())
	}
}

impl Up {
	async fn run(&self) -> anyhow::Result<Exit> {
		let (mut interrupt, mut terminate) =
			(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
		let report = |event: &str, text: &str| self.report(event, text);
		let mut supervisor = Supervisor::new(&report);
		let result = tokio::select! {
			result = self.start_and_watch(&mut supervisor) => result,
			_ = interrupt.recv() => Ok(()),
			_ = terminate.recv() => Ok(()),
		};
		self.report("stopping", "stopping");
		supervisor.stop().await;
		self.report("stopped", "all programs have stopped");
		result.map(|()| Exit::Done)
	}

	/// Starts all programs, and restarts each program that exits.
	async fn start_and_watch(&self, supervisor: &mut Supervisor<'_>) -> anyhow::Result<()> {
		let layout = self.prepare()?;
		let network = Network::allot(self.validators, self.rpc_port)?;
		let rig = self.rig(&layout, network.relay_port()).await?;
		let preset = chain_spec::export(&layout, self.validators);
		let mut additions = json!({});
		let spec = if self.no_miner {
			preset.await?
		} else {
			let (packages, rpc_port) = (self.packages()?, network.rpc_port());
			self.report("host", "making the miner's TPM and its machine's image");
			additions = host::make(&layout, &packages, rpc_port, rig.as_ref()).await?;
			self.report("machine", "starting the miner's machine, to measure its boot");
			match &rig {
				Some(rig) => {
					let report = |stage: &str| self.report_stage(stage);
					rig.start(&layout, &packages, rpc_port, supervisor, report).await?;
				},
				None => host::start(&layout, &packages, supervisor)?,
			}
			// The machine takes a while to boot.
			let boot = host::add_boot(&layout, &mut additions, supervisor);
			tokio::try_join!(preset, boot)?.0
		};
		self.report("chain_spec", "making the chain's policy");
		chain_spec::write(&layout, spec, additions).await?;
		self.report("starting", "starting the nodes and the workers");
		let proxy = self.last_worker_node.as_deref();
		network.start(&layout, &market::open().await?, proxy, supervisor)?;
		// The miner launches a VM of hccam with its HOST_DATA itself.
		if !self.no_miner && !self.agent_vm {
			self.launch_agent(&layout, &network, supervisor).await?;
		}
		self.await_finality(&network, supervisor).await?;
		self.ready(&layout, &network, rig.as_ref())?;
		supervisor.watch().await;
		Ok(())
	}

	fn prepare(&self) -> anyhow::Result<Layout> {
		let programs = match &self.programs {
			Some(folder) => folder.clone(),
			None => {
				let own = std::env::current_exe().context("cannot find the folder of hcc")?;
				own.parent().unwrap_or(Path::new("/")).to_owned()
			},
		};
		let layout = Layout::new(&self.dir, &programs, &self.machine, !self.no_miner)?;
		layout.clear()?;
		Ok(layout)
	}

	/// Prepares the rig, unless the network has no VMs.
	async fn rig(&self, layout: &Layout, relay_port: u16) -> anyhow::Result<Option<Rig>> {
		if self.no_miner || self.no_vms {
			return Ok(None);
		}
		if !rig::is_permitted() {
			anyhow::ensure!(!self.agent_vm, "--agent-vm needs root: run the command with sudo -E");
			let text =
				"without root there are no VMs: insecure-vm takes their place; for VMs, run \
				 the command as root (sudo -E)";
			self.report("no_vms", text);
			return Ok(None);
		}
		let images = self
			.images
			.clone()
			.unwrap_or_else(|| layout.programs().parent().unwrap_or(Path::new("/")).join("images"));
		let missing = rig::missing(layout, &images, self.agent_vm);
		for requirement in &missing {
			self.report("missing", &format!("VMs need {requirement}"));
		}
		anyhow::ensure!(
			missing.is_empty(),
			"this machine does not meet {} of the requirements of VMs, listed above; --no-vms starts \
			 the network without them",
			missing.len()
		);
		self.report("rig_programs", "making the rig's vsock and file devices (once, 5 minutes)");
		rig::build_programs(layout).await?;
		self.report("tool_root", "making the rig's tools, QEMU and libvirt (once, 2 minutes)");
		rig::make_tool_root(layout).await?;
		Ok(Some(Rig::new(images, relay_port, self.agent_vm)))
	}

	fn packages(&self) -> anyhow::Result<PathBuf> {
		if let Some(folder) = &self.packages {
			return Ok(folder.clone());
		}
		let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
		let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
		let cache = cache.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")?;
		Ok(cache.join("hccs/machine"))
	}

	/// Sets HOST_DATA of the miner's agent, which depends on the genesis block. The chain does not
	/// challenge the host before its TPM is enrolled, which takes longer.
	async fn launch_agent(
		&self,
		layout: &Layout,
		network: &Network,
		supervisor: &mut Supervisor<'_>,
	) -> anyhow::Result<()> {
		let launched = async {
			loop {
				if let Ok(chain) = Chain::connect(&network.rpc()).await {
					return host::set_host_data(layout, &chain.genesis()).await;
				}
				tokio::time::sleep(Duration::from_millis(500)).await;
			}
		};
		tokio::select! {
			launched = launched => launched,
			() = supervisor.watch() => Ok(()),
			() = tokio::time::sleep(FINALITY_TIMEOUT) => anyhow::bail!(
				"the first node did not answer within {} s; see its log",
				FINALITY_TIMEOUT.as_secs()
			),
		}
	}

	async fn await_finality(
		&self,
		network: &Network,
		supervisor: &mut Supervisor<'_>,
	) -> anyhow::Result<()> {
		let finalised = async {
			loop {
				if let Ok(chain) = Chain::connect(&network.rpc()).await {
					if chain.finalised_number().await.is_ok_and(|number| number > 0) {
						return;
					}
				}
				tokio::time::sleep(Duration::from_millis(500)).await;
			}
		};
		tokio::select! {
			() = finalised => Ok(()),
			() = supervisor.watch() => Ok(()),
			() = tokio::time::sleep(FINALITY_TIMEOUT) => anyhow::bail!(
				"no block was finalised within {} s; see the logs of the nodes",
				FINALITY_TIMEOUT.as_secs()
			),
		}
	}

	/// Reports the addresses of all programs.
	fn ready(&self, layout: &Layout, network: &Network, rig: Option<&Rig>) -> anyhow::Result<()> {
		let mut event = network.describe();
		event["event"] = json!("ready");
		if let Some(rig) = rig {
			event["relay"] = json!(rig.relay());
		}
		event["logs"] = json!(layout.logs());
		let path = layout.file("devnet.json");
		std::fs::write(&path, format!("{event:#}\n"))
			.with_context(|| format!("cannot write {}", path.display()))?;
		let text = format!("ready: {}; logs in {}", network.rpc(), layout.logs().display());
		self.print(&event, &text);
		Ok(())
	}

	fn report(&self, event: &str, text: &str) {
		self.print(&json!({ "event": event, "text": text }), text);
	}

	/// Reports a stage of the rig's start.
	fn report_stage(&self, stage: &str) {
		let text = format!("the rig has reached its stage {stage}");
		self.print(&json!({ "event": "rig", "stage": stage, "text": text }), &text);
	}

	fn print(&self, event: &Value, text: &str) {
		let line = if self.json { event.to_string() } else { format!("devnet: {text}") };
		// If the reader of the output has exited, `outln!` ignores the error, and the network
		// continues.
		outln!("{line}");
	}
}
