use std::process::ExitCode;

use clap::Parser;
use hccam::{
	config::{Config, Options, EXIT_CODES},
	run, stop, OwnEvidenceError, ReportError, ReportSource,
};
use sev::firmware::guest::Firmware;
use tracing_subscriber::EnvFilter;

/// The guest agent in a confidential guest. It obtains an SNP report that is bound to the evidence
/// that the host has gathered, and signs the evidence.
#[derive(Parser)]
#[command(name = "hccam", version, after_help = EXIT_CODES)]
struct Cli {
	#[command(flatten)]
	options: Options,
}

/// The secure processor, accessed through the guest's kernel.
struct SecureProcessor(Firmware);

impl ReportSource for SecureProcessor {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		self.0
			.get_report(None, Some(report_data), Some(0))
			.map_err(|error| ReportError(error.to_string()))
	}
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
	let firmware = match Firmware::open() {
		Ok(firmware) => firmware,
		Err(error) => return Ok(stop(&OwnEvidenceError::Device(error.to_string()))),
	};
	let reference = config.own_reference()?;
	run(&config, SecureProcessor(firmware), Some(&reference)).await
}
