//! `hcc devnet`: a whole network on one machine, to try and to test.

mod chain_spec;
mod control;
mod host;
mod layout;
mod market;
mod network;
mod supervisor;

use std::{
	io::Write,
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

/// How long the first finalised block may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Run a whole network on this machine.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Devnet {
	/// Start a chain, its validators' workers, and a miner's host under QEMU; stop them all on Ctrl-C.
	Up(Up),
}

/// Start a chain, its validators' workers, and a miner's host under QEMU; stop them all on Ctrl-C.
///
/// The host is a real machine: its kernel measures what runs, its TPM (swtpm) quotes that. Its SEV-SNP reports are made up, by a hierarchy
/// that test chains trust as stored policy. The chain begins anew each time. A program that ends by itself is started again. Logs are in DIR/logs,
/// and DIR/devnet.json says where everything listens.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
	/// The network's folder: state, logs, the host's image. What an earlier network left there is removed.
	#[arg(long, value_name = "DIR", default_value = "devnet")]
	dir: PathBuf,

	/// How many validators: 1 (preset `development`) or 4 (`local_testnet`).
	#[arg(long, default_value_t = 1, value_parser = validators)]
	validators: u16,

	/// The WebSocket port of the first node [default: any that is free].
	#[arg(long, value_name = "PORT")]
	rpc_port: Option<u16>,

	/// The chain alone, without a miner's host.
	#[arg(long)]
	no_miner: bool,

	/// The folder of the programs [default: where hcc is].
	#[arg(long, value_name = "DIR")]
	programs: Option<PathBuf>,

	/// The folder of the scripts that make and start the host.
	#[arg(long, value_name = "DIR", default_value = "scripts/machine")]
	machine: PathBuf,

	/// Where QEMU and the host's kernel are kept once they are downloaded [default: hccs/machine in the user's cache folder].
	#[arg(long, value_name = "DIR")]
	packages: Option<PathBuf>,

	/// Print what happens as JSON, an object a line.
	#[arg(long)]
	json: bool,
}

fn validators(text: &str) -> Result<u16, String> {
	match text {
		"1" => Ok(1),
		"4" => Ok(4),
		_ => Err("wanted 1 or 4: the presets have no other numbers".into()),
	}
}

impl Devnet {
	pub(crate) fn run(&self) -> anyhow::Result<u8> {
		let Self::Up(up) = self;
		// One thread: programs die with the thread that started them.
		let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
		runtime.block_on(up.run())
	}
}

impl Up {
	async fn run(&self) -> anyhow::Result<u8> {
		let (mut interrupt, mut terminate) =
			(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
		let told = |event: &str, text: &str| self.tell(event, text);
		let mut supervisor = Supervisor::new(&told);
		let result = tokio::select! {
			result = self.keep_up(&mut supervisor) => result,
			_ = interrupt.recv() => Ok(()),
			_ = terminate.recv() => Ok(()),
		};
		self.tell("stopping", "stopping");
		supervisor.stop().await;
		self.tell("stopped", "all has stopped");
		result.map(|()| 0)
	}

	/// Starts everything, and keeps it running.
	async fn keep_up(&self, supervisor: &mut Supervisor<'_>) -> anyhow::Result<()> {
		let layout = self.prepare()?;
		let network = Network::allot(self.validators, self.rpc_port)?;
		let mut additions = json!({});
		if !self.no_miner {
			self.tell("host", "making the miner's TPM and its machine's image");
			additions = host::make(&layout, &self.packages()?, network.rpc_port()).await?;
			self.tell("machine", "starting the miner's machine, to see what it boots");
			host::start(&layout, &self.packages()?, supervisor)?;
			host::add_boot(&layout, &mut additions, supervisor).await?;
		}
		self.tell("chain_spec", "making the chain's policy");
		chain_spec::write(&layout, self.validators, additions).await?;
		self.tell("starting", "starting the nodes and the workers");
		network.start(&layout, &market::open().await?, supervisor)?;
		self.await_finality(&network, supervisor).await?;
		self.ready(&layout, &network)?;
		supervisor.watch().await;
		Ok(())
	}

	fn prepare(&self) -> anyhow::Result<Layout> {
		let programs = match &self.programs {
			Some(folder) => folder.clone(),
			None => {
				let own = std::env::current_exe().context("where hcc is cannot be told")?;
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
			() = tokio::time::sleep(PATIENCE) => anyhow::bail!(
				"the chain finalises nothing within {} s; see the nodes' logs",
				PATIENCE.as_secs()
			),
		}
	}

	/// Says where everything listens.
	fn ready(&self, layout: &Layout, network: &Network) -> anyhow::Result<()> {
		let mut told = network.describe();
		told["event"] = json!("ready");
		told["logs"] = json!(layout.logs());
		let path = layout.file("devnet.json");
		std::fs::write(&path, format!("{told:#}\n"))
			.with_context(|| format!("cannot write {}", path.display()))?;
		let text = format!("ready: {}; logs in {}", network.rpc(), layout.logs().display());
		self.print(&told, &text);
		Ok(())
	}

	fn tell(&self, event: &str, text: &str) {
		self.print(&json!({ "event": event, "text": text }), text);
	}

	fn print(&self, event: &Value, text: &str) {
		let line = if self.json { event.to_string() } else { format!("devnet: {text}") };
		// Whoever read it may have gone; the network stays.
		let mut out = std::io::stdout().lock();
		drop(writeln!(out, "{line}").and_then(|()| out.flush()));
	}
}
