//! The guest agent with reports of a simulated chip.

use std::process::ExitCode;

use clap::Parser;
use hccam::{
	config::{Config, Options, EXIT_CODES},
	run, OwnReference, ReportError, ReportSource,
};
use insecure_agent::reports::Reports;
use insecure_sim::{issue_vcek, roots, Chip};
use tracing_subscriber::EnvFilter;

/// INSECURE: hccam without a secure processor.
#[derive(Parser)]
#[command(name = "insecure-hccam", version, after_help = EXIT_CODES)]
struct Cli {
	#[command(flatten)]
	options: Options,
	#[command(flatten)]
	reports: Reports,
}

/// The report source: reports that the declared test hierarchy signs.
struct Declared(Reports);

impl ReportSource for Declared {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		self.0
			.report(report_data)
			.map(|report| report.to_vec())
			.map_err(|error| ReportError(error.to_string()))
	}
}

/// Returns the reference values for the reports of a chip. For a value that is not configured, uses
/// the value of the simulated chip.
fn own_reference(config: &Config, reports: &Reports) -> anyhow::Result<OwnReference> {
	let mut reference = config.own_reference()?;
	if reference.veks.is_empty() {
		reference.veks.push(issue_vcek(&Chip::named(&reports.chip))?);
		reference.roots.push(roots());
	}
	if reference.measurements.is_empty() {
		reference.measurements.push(reports.measurement()?);
	}
	Ok(reference)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
	let cli = Cli::parse();
	let config = Config::load(&cli.options)?;
	tracing_subscriber::fmt()
		.with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
		.with_writer(std::io::stderr)
		.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
		.init();
	tracing::warn!("INSECURE: reports of a simulated chip");
	// With `--signed-by`, the agent stands for a host that misrepresents its hardware. Such a host
	// would not check its own evidence.
	let honest = cli.reports.signed_by.is_none();
	let reference = honest.then(|| own_reference(&config, &cli.reports)).transpose()?;
	run(&config, Declared(cli.reports), reference.as_ref()).await
}
