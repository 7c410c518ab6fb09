//! Runs an agent: checks the agent's own evidence, and then serves hosts.

use std::{
	process::ExitCode,
	sync::Arc,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use ed25519_dalek::SigningKey;
use hcc_evidence::UnixSeconds;
use hcc_service::{supervise, Health};

use crate::{
	check_own_evidence, config::Config, serve, Agent, OwnEvidenceError, OwnReference, ReportSource,
};

/// Time limit of one turn of the server's loop, for the watchdog of the service manager.
const TURN_LIMIT: Duration = Duration::from_secs(60);

/// Serves hosts with a new key, until the secure processor fails or a signal stops the process.
/// Returns the exit code.
///
/// First checks the agent's own evidence, unless `reference` is `None`.
///
/// ## Errors
/// Fails if the configuration is invalid, or if the agent cannot listen.
pub async fn run<S: ReportSource + 'static>(
	config: &Config,
	mut source: S,
	reference: Option<&OwnReference>,
) -> anyhow::Result<ExitCode> {
	let (address, expected) = (config.address()?, config.expected()?);
	let mut seed = [0; 32];
	getrandom::fill(&mut seed)
		.map_err(|error| anyhow::anyhow!("cannot generate a key: {error}"))?;
	let key = SigningKey::from_bytes(&seed);
	if let Some(reference) = reference {
		let guest_pk = key.verifying_key().to_bytes();
		if let Err(error) = check_own_evidence(&mut source, &guest_pk, reference, now()) {
			return Ok(stop(&error));
		}
		tracing::info!("report, certificate chain and launch measurement verified");
	}
	let agent = Arc::new(Agent::new(source, key, expected));
	let health = Health::default();
	let pulse = health.watch("serve", TURN_LIMIT);
	let serving = serve(&address, config.host_cid, agent, &pulse);
	match supervise(&health, serving).await {
		Some(failure) => {
			let failure = failure.with_context(|| format!("listening on {address}"))?;
			Ok(stop(&OwnEvidenceError::Report(failure)))
		},
		None => Ok(ExitCode::SUCCESS),
	}
}

/// Logs the reason why the agent stops, and returns its exit code.
pub fn stop(error: &OwnEvidenceError) -> ExitCode {
	tracing::error!(%error, exit_code = error.exit_code(), "the agent's own evidence fails: stopping");
	ExitCode::from(error.exit_code())
}

fn now() -> UnixSeconds {
	// A time before 1970 counts as 1970. No certificate is valid at that time, so the check fails.
	UnixSeconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}
