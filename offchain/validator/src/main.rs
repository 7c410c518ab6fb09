use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Parser;
use hcc_chain::{
	keys::{ExposeSecret, PassphraseSource},
	Nodes, Submitter,
};
use hcc_service::{init_logs, listen, supervise, Health};
use hcc_validator::{
	config::{Args, Config},
	exit,
	metrics::Metrics,
	price::Feed,
	state::State,
	worker::Worker,
};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
	let args = Args::parse();
	let config = Config::load(&args)?;
	if args.print_config {
		print!("{}", toml::to_string_pretty(&config)?);
		return Ok(ExitCode::SUCCESS);
	}
	init_logs(config.log_format, "info");
	match run(config, args.reset_state).await {
		Ok(()) => Ok(ExitCode::SUCCESS),
		Err(error) => match exit::code(&error) {
			Some(code) => {
				tracing::error!(error = format!("{error:#}"), code, "the worker ends");
				Ok(code.into())
			},
			None => Err(error),
		},
	}
}

async fn run(config: Config, reset_state: bool) -> anyhow::Result<()> {
	let passphrase = PassphraseSource::new(config.passphrase_file);
	let submitter = Submitter::from_file(&config.key_file, &passphrase);
	let submitter = Arc::new(submitter.context("reading the worker key")?);
	let opening = || format!("opening the state in {}", config.state.display());
	let secret = submitter.derived_secret("hcc-validator state");
	let state = State::open(&config.state, secret.expose_secret()).with_context(opening)?;
	if reset_state {
		state.reset().with_context(opening)?;
		tracing::warn!("the state was removed");
	}
	let (metrics, health) = (Metrics::default(), Health::default());
	if let Some(address) = config.metrics {
		let shown = metrics.clone();
		listen(address, health.clone(), move || shown.text())
			.await
			.with_context(|| format!("listening at {address} for --metrics"))?;
	}
	let nodes = Arc::new(Nodes::new(&config.node)?);
	let validator = config.validator.unwrap_or_else(|| submitter.account());
	let feed = Feed::new(
		nodes.clone(),
		validator,
		submitter.clone(),
		config.sources,
		config.report_every,
		metrics.clone(),
	)?;
	let worker = Worker::new(nodes, validator, submitter, state, metrics, &health);
	let work = async {
		tokio::select! {
			result = worker.clone().run() => result,
			() = feed.run(&health) => Ok(()),
			never = worker.clone().monitor(health.clone()) => match never {},
		}
	};
	// The worker repeats unfinished work at its next start.
	supervise(&health, work).await.unwrap_or(Ok(()))
}
