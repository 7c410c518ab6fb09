use std::{future::Future, process::ExitCode};

use clap::{Parser, Subcommand};
use hcc_miner::{
	config::{Config, Options},
	contest::contest,
	drain, preflight, relay, run,
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
	/// Contest the chip of this machine, which another miner has registered, with evidence. Takes
	/// more than an hour; then answers challenges until stopped.
	Contest,
	/// Prepare maintenance beside the running agent: empty the offer, wait until no VM runs, and
	/// pause the miner's chips.
	Drain {
		/// End the maintenance: restore the configured offer, and answer challenges again.
		#[arg(long)]
		undo: bool,
	},
	/// Lead tenants to the VMs of this host by one TCP port, until stopped. Needs no key. The
	/// command run does this as well if the configuration has a section relay.
	Relay,
	/// List what a host must have, each with PASS, SKIP or FAIL and a remedy.
	Check {
		/// Print JSON.
		#[arg(long)]
		json: bool,
	},
}

/// The log filter without `RUST_LOG`. The crate for the TPM logs each error that it returns.
const LOG: &str = "info,tss_esapi=off";

fn main() -> anyhow::Result<ExitCode> {
	// The TPM's software stack logs its own source lines. Its errors are described in words.
	if std::env::var_os("TSS2_LOG").is_none() {
		std::env::set_var("TSS2_LOG", "all+none");
	}
	let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
	let ended = runtime.block_on(execute());
	// A TPM command that hangs does not delay the end.
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
		Command::Relay => until_stopped(relay::run(&config)).await,
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
