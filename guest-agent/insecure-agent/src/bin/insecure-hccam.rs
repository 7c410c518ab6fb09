//! The guest agent with reports of a simulated chip.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use ed25519_dalek::SigningKey;
use hccam::{
	config::{Config, Options},
	serve, Agent, ReportError, ReportSource,
};
use insecure_agent::reports::Reports;
use tracing_subscriber::EnvFilter;

/// INSECURE: hccam without a secure processor.
#[derive(Parser)]
#[command(name = "insecure-hccam", version)]
struct Cli {
	#[command(flatten)]
	options: Options,
	#[command(flatten)]
	reports: Reports,
}

/// A report source of the declared test hierarchy.
struct Declared(Reports);

impl ReportSource for Declared {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		self.0
			.report(report_data)
			.map(|report| report.to_vec())
			.map_err(|error| ReportError(error.to_string()))
	}
}

/// The exit code after a failed check of the host.
const REFUSED: u8 = 2;

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
	let source = Declared(cli.reports);
	let mut seed = [0; 32];
	getrandom::fill(&mut seed)
		.map_err(|error| anyhow::anyhow!("cannot generate a key: {error}"))?;
	let mut agent = Agent::new(source, SigningKey::from_bytes(&seed), config.expected()?);
	let address = config.address()?;
	tokio::select! {
		refusal = serve(&address, &mut agent) => {
			let refusal = refusal.with_context(|| format!("listening on {address}"))?;
			tracing::error!(%refusal, "the host failed a check: stopping");
			Ok(ExitCode::from(REFUSED))
		},
		_ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
	}
}
