use std::{future::Future, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};
use hcc_chain::keys::KeyError;
use hcc_miner::{
	config::{Config, Options},
	contest::contest,
	drain,
	monitor::Monitor,
	owner, preflight, relay, run,
};
use hcc_service::{init_logs, listen, supervise};
use tokio::signal::unix::{signal, SignalKind};

/// The host agent on a miner's host: enrols its TPM, answers the chain's challenges and runs VMs.
#[derive(Parser)]
#[command(name = "hcc-miner", version, after_help = EXIT_CODES)]
struct Cli {
	#[command(flatten)]
	options: Options,
	#[command(subcommand)]
	command: Command,
}

#[derive(Subcommand)]
enum Command {
	/// Register, enrol the TPM, and answer challenges until stopped.
	Run {
		/// Print the calls that the owner must sign on another machine, and exit.
		#[arg(long)]
		print_call: bool,
	},
	/// Contest, with evidence, the chip of this machine if another miner has registered it. A
	/// contest takes more than an hour. After it, the agent answers challenges until it is stopped.
	Contest,
	/// Prepare maintenance beside the running agent: empty the offer, wait until no VM runs, and
	/// pause the miner's chips.
	Drain {
		/// End the maintenance: restore the configured offer, and answer challenges again.
		#[arg(long)]
		undo: bool,
		/// Print the call that the owner must sign on another machine, and exit.
		#[arg(long)]
		print_call: bool,
	},
	/// Lead tenants to the VMs of this host by one TCP port, until stopped. Needs no key. The
	/// command run does this as well if the configuration has a section relay.
	Relay,
	/// List the requirements of a host, each with PASS, SKIP or FAIL and a remedy.
	Check {
		/// Print JSON.
		#[arg(long)]
		json: bool,
	},
}

/// The exit code of a wrong or missing passphrase.
const WRONG_PASSPHRASE: u8 = 77;
const EXIT_CODES: &str = "\
Exit codes:
  0   done, or stopped by a signal
  1   another error, for example in the configuration
  2   wrong use of the command line, or a failed requirement of hcc-miner check
  77  the passphrase of a key file is wrong or missing";

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
	init_logs(config.log_format, LOG);
	match act(cli.command, config).await {
		Err(error) if is_of_passphrase(&error) => {
			tracing::error!(error = format!("{error:#}"), "the agent ends");
			Ok(WRONG_PASSPHRASE.into())
		},
		ended => ended,
	}
}

fn is_of_passphrase(error: &anyhow::Error) -> bool {
	error.downcast_ref::<KeyError>().is_some_and(KeyError::is_of_passphrase)
}

async fn act(command: Command, config: Config) -> anyhow::Result<ExitCode> {
	match command {
		Command::Check { json } => preflight::check(&config, json).await,
		Command::Drain { undo, print_call: true } => {
			until_stopped(owner::print_drain(&config, undo)).await
		},
		Command::Drain { undo: false, .. } => until_stopped(drain::drain(&config)).await,
		Command::Drain { undo: true, .. } => until_stopped(drain::undo(&config)).await,
		Command::Relay => until_stopped(relay::run(&config)).await,
		Command::Run { print_call: true } => until_stopped(owner::print_missing(&config)).await,
		Command::Run { print_call: false } => {
			let monitor = started(&config).await?;
			finish(supervise(&monitor.health, run::run(config, &monitor)).await)
		},
		Command::Contest => {
			let monitor = started(&config).await?;
			finish(supervise(&monitor.health, contest(config, &monitor)).await)
		},
	}
}

/// Starts to serve health and metrics, if that is configured.
async fn started(config: &Config) -> anyhow::Result<Monitor> {
	let monitor = Monitor::default();
	if let Some(address) = config.metrics {
		let metrics = monitor.metrics.clone();
		listen(address, monitor.health.clone(), move || metrics.text())
			.await
			.with_context(|| format!("listening at {address} for --metrics"))?;
	}
	Ok(monitor)
}

/// Returns the exit code of a service, which a signal may have stopped.
fn finish(ended: Option<anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
	ended.unwrap_or(Ok(())).map(|()| ExitCode::SUCCESS)
}

async fn until_stopped(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
	let mut terminate = signal(SignalKind::terminate())?;
	tokio::select! {
		result = work => result.map(|()| ExitCode::SUCCESS),
		_ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
		_ = terminate.recv() => Ok(ExitCode::SUCCESS),
	}
}
