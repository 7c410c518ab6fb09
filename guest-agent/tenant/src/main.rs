use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hcc_guest::{boot, run, BootOptions, RunOptions};
use tracing_subscriber::EnvFilter;

/// The exit codes of the boot stage, for `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  the boot is confirmed
  1  another error
  2  wrong use of the command line
  3  /dev/sev-guest is missing or cannot be opened
  4  the secure processor returned no usable report
  5  the keys cannot be made
  6  the state of the boot cannot be written
  7  the agent cannot listen
  8  the boot was not confirmed in time
  9  the root file system cannot be mounted";

/// The agent in a tenant's VM.
#[derive(Parser)]
#[command(name = "hcc-guest", version)]
struct Cli {
	#[command(subcommand)]
	stage: Stage,
}

#[derive(Subcommand)]
enum Stage {
	/// In the initramfs: mount the root, check the configuration, attest and confirm the boot.
	#[command(after_help = EXIT_CODES)]
	Boot(BootOptions),
	/// In the running VM: apply the configuration, report usage, and connect the relay to sshd.
	Serve(RunOptions),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
	let cli = Cli::parse();
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
	tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_writer(std::io::stderr)
		.with_ansi(false)
		.init();
	match cli.stage {
		Stage::Boot(options) => match boot(&options).await {
			Ok(()) => ExitCode::SUCCESS,
			Err(fatal) => {
				tracing::error!(error = %fatal, exit_code = fatal.exit_code(), "the boot failed");
				ExitCode::from(fatal.exit_code())
			},
		},
		Stage::Serve(options) => match run(&options).await {
			Ok(()) => ExitCode::SUCCESS,
			Err(error) => {
				tracing::error!(error = format!("{error:#}"), "the agent stops");
				ExitCode::FAILURE
			},
		},
	}
}
