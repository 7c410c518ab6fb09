use std::process::ExitCode;

use clap::Parser;
use hcc_service::init_logs;
use hccam::{
	config::{Config, Options, EXIT_CODES},
	run, stop, OwnEvidenceError, SecureProcessor,
};

/// The guest agent in a confidential guest. It obtains an SNP report that is bound to the evidence
/// that the host has gathered, and signs the evidence.
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
	init_logs(config.log_format, "info");
	let processor = match SecureProcessor::open() {
		Ok(processor) => processor,
		Err(error) => return Ok(stop(&OwnEvidenceError::Device(error.to_string()))),
	};
	let reference = config.own_reference()?;
	run(&config, processor, Some(&reference)).await
}
