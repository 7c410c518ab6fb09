//! The attestation agent, with reports of a chip that does not exist.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use ed25519_dalek::SigningKey;
use hccam::{
	config::{Config, Options},
	serve, Agent, ReportError, ReportSource,
};
use insecure_sim::{Chip, ReportFields};
use tracing_subscriber::EnvFilter;

/// INSECURE: hccam without a secure processor.
#[derive(Parser)]
#[command(name = "insecure-hccam", version)]
struct Cli {
	#[command(flatten)]
	options: Options,
	/// The chip's name.
	#[arg(long)]
	chip: String,
	/// Sign as another chip than the reports name.
	#[arg(long)]
	signed_by: Option<String>,
	/// MEASUREMENT: 48 bytes [default: zeroes].
	#[arg(long, value_name = "HEX")]
	measurement: Option<String>,
}

/// The declared test hierarchy in place of the secure processor.
struct Declared {
	chip: Chip,
	signer: Chip,
	measurement: [u8; 48],
}

impl ReportSource for Declared {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		ReportFields::new(report_data, self.measurement)
			.sign_as(&self.chip, &self.signer)
			.map(|report| report.to_vec())
			.map_err(|error| ReportError(error.to_string()))
	}
}

/// The exit code after a check of the host failed.
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
	tracing::warn!("INSECURE: reports of a chip that does not exist");
	let mut measurement = [0; 48];
	if let Some(text) = &cli.measurement {
		hex::decode_to_slice(text, &mut measurement).context("--measurement")?;
	}
	let source = Declared {
		chip: Chip::named(&cli.chip),
		signer: Chip::named(cli.signed_by.as_deref().unwrap_or(&cli.chip)),
		measurement,
	};
	let mut seed = [0; 32];
	getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
	let mut agent = Agent::new(source, SigningKey::from_bytes(&seed), config.expected()?);
	let address = config.address()?;
	tokio::select! {
		refusal = serve(&address, &mut agent) => {
			let refusal = refusal.with_context(|| format!("listening on {address}"))?;
			tracing::error!(%refusal, "the host does not hold: stopping");
			Ok(ExitCode::from(REFUSED))
		},
		_ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
	}
}
