use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use ed25519_dalek::SigningKey;
use hccam::{
	config::{Config, Options},
	serve, Agent, ReportError, ReportSource,
};
use sev::firmware::guest::Firmware;
use tracing_subscriber::EnvFilter;

/// The guest agent in a confidential guest: has the secure processor bind the evidence that its
/// host has gathered, and signs it.
#[derive(Parser)]
#[command(name = "hccam", version)]
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

/// The exit code after a failed check of the host.
const REFUSED: u8 = 2;

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
	let firmware = Firmware::open().context(
		"cannot open /dev/sev-guest: not an SEV-SNP guest, or the kernel lacks the sev-guest module",
	)?;
	let mut seed = [0; 32];
	getrandom::fill(&mut seed)
		.map_err(|error| anyhow::anyhow!("cannot generate a key: {error}"))?;
	let key = SigningKey::from_bytes(&seed);
	let mut agent = Agent::new(SecureProcessor(firmware), key, config.expected()?);
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
