use std::{future::Future, process::ExitCode};

use clap::{Parser, Subcommand};
use hcc_miner::{
	config::{Config, Options},
	contest::contest,
	drain, preflight, run,
};
use tokio::signal::unix::{signal, SignalKind};
use tracing_subscriber::EnvFilter;

/// The host agent on a miner's host: enrols its TPM, answers the chain's challenges and runs VMs.
#[derive(Parser)]
#[command(name = "hcc-miner", version)]
struct Cli {
	#[command(flatten)]
	options: Options,
	#[command(subcommand)]
	command: Command,
}

#[derive(Subcommand)]
enum Command {
	/// Register, enrol the TPM, and answer challenges until stopped.
	Run,
	/// Contest, with evidence, the chip of this machine if another miner has registered it. A
	/// contest takes more than an hour. After it, the agent answers challenges until it is stopped.
	Contest,
	/// Prepare maintenance beside the running agent: empty the offer, wait until no VM runs, and
	/// pause the miner's chips.
	Drain {
		/// End the maintenance: restore the configured offer, and answer challenges again.
		#[arg(long)]
		undo: bool,
	},
	/// List the requirements of a host, each with PASS, SKIP or FAIL and a remedy.
	Check {
		/// Print JSON.
		#[arg(long)]
		json: bool,
	},
}

/// The default log filter. `tss_esapi` is turned off, because it logs each error that it also
/// returns.
const LOG: &str = "info,tss_esapi=off";

fn main() -> anyhow::Result<ExitCode> {
	// The TPM's software stack would log lines of its source code. The agent describes the errors
	// in words instead.
	if std::env::var_os("TSS2_LOG").is_none() {
		std::env::set_var("TSS2_LOG", "all+none");
	}
	let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
	let ended = runtime.block_on(execute());
	// Does not wait for a TPM command that hangs.
	runtime.shutdown_background();
	ended
}

async fn execute() -> anyhow::Result<ExitCode> {
	let cli = Cli::parse();
	let config = Config::load(&cli.options)?;
	if cli.options.print_config {
		print!("{}", toml::to_string_pretty(&config)?);
		return Ok(ExitCode::SUCCESS);
	}
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG));
	tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_writer(std::io::stderr)
		.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
		.init();
	match cli.command {
		Command::Check { json } => preflight::check(&config, json).await,
		Command::Drain { undo: false } => until_stopped(drain::drain(&config)).await,
		Command::Drain { undo: true } => until_stopped(drain::undo(&config)).await,
		Command::Run => until_stopped(run::run(config)).await,
		Command::Contest => until_stopped(contest(config)).await,
	}
}

async fn until_stopped(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
	let mut terminate = signal(SignalKind::terminate())?;
	tokio::select! {
		result = work => result.map(|()| ExitCode::SUCCESS),
		_ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
		_ = terminate.recv() => Ok(ExitCode::SUCCESS),
	}
}
