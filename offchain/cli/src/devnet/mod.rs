//! `hcc devnet`: a whole network on one machine, for trials and tests.

mod chain_spec;
mod control;
mod host;
mod layout;
mod market;
mod network;
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
/// its TPM (swtpm) quotes the measurements. The host's SEV-SNP reports are simulated. A test
/// hierarchy of certificates signs them, which the policy of test chains trusts. The chain starts
/// from genesis each time. A program that exits is restarted. Logs are in DIR/logs, and
/// DIR/devnet.json contains the addresses.
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
		let mut additions = json!({});
		if !self.no_miner {
			self.report("host", "making the miner's TPM and its machine's image");
			additions = host::make(&layout, &self.packages()?, network.rpc_port()).await?;
			self.report("machine", "starting the miner's machine, to measure its boot");
			host::start(&layout, &self.packages()?, supervisor)?;
			host::add_boot(&layout, &mut additions, supervisor).await?;
		}
		self.report("chain_spec", "making the chain's policy");
		chain_spec::write(&layout, self.validators, additions).await?;
		self.report("starting", "starting the nodes and the workers");
		let proxy = self.last_worker_node.as_deref();
		network.start(&layout, &market::open().await?, proxy, supervisor)?;
		self.await_finality(&network, supervisor).await?;
		self.ready(&layout, &network)?;
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

	fn packages(&self) -> anyhow::Result<PathBuf> {
		if let Some(folder) = &self.packages {
			return Ok(folder.clone());
		}
		let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
		let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
		let cache = cache.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")?;
		Ok(cache.join("hccs/machine"))
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
	fn ready(&self, layout: &Layout, network: &Network) -> anyhow::Result<()> {
		let mut event = network.describe();
		event["event"] = json!("ready");
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

	fn print(&self, event: &Value, text: &str) {
		let line = if self.json { event.to_string() } else { format!("devnet: {text}") };
		// If the reader of the output has exited, `outln!` ignores the error, and the network
		// continues.
		outln!("{line}");
	}
}
