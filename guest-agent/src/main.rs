use std::process::ExitCode;

use clap::Parser;
use hccam::{
	config::{Config, Options, EXIT_CODES},
	run, stop, OwnEvidenceError, SecureProcessor,
};
use tracing_subscriber::EnvFilter;

/// The guest agent in a confidential guest: has the secure processor bind the evidence that its
/// host has gathered, and signs it.
#[derive(Parser)]
#[command(name = "hccam", version, after_help = EXIT_CODES)]
struct Cli {
	#[command(flatten)]
	options: Options,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
	let cli = Cli::parse();
	let config = Config::load(&cli.options)?;
	if cli.options.print_config {
		print!("{}", toml::to_string_pretty(&config)?);
		return Ok(ExitCode::SUCCESS);
	}
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
	tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_writer(std::io::stderr)
		.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
		.init();
	let processor = match SecureProcessor::open() {
		Ok(processor) => processor,
		Err(error) => return Ok(stop(&OwnEvidenceError::Device(error.to_string()))),
	};
	let reference = config.own_reference()?;
	run(&config, processor, Some(&reference)).await
}
