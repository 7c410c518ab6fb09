use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Parser;
use hcc_chain::{Nodes, Submitter};
use hcc_validator::{
	config::{Args, Config},
	exit, metrics,
	price::Feed,
	state::State,
	worker::Worker,
};
use tokio::signal::unix::{signal, SignalKind};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
	let args = Args::parse();
	let config = Config::load(&args)?;
	if args.print_config {
		print!("{}", toml::to_string_pretty(&config)?);
		return Ok(ExitCode::SUCCESS);
	}
	log(config.log_json);
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
	let key = std::fs::read_to_string(&config.key_file)
		.with_context(|| format!("reading the worker key from {}", config.key_file.display()))?;
	let submitter = Arc::new(Submitter::from_uri(&key).context("reading the worker key")?);
	let opening = || format!("opening the state in {}", config.state.display());
	let state = State::open(&config.state, key.trim()).with_context(opening)?;
	if reset_state {
		state.reset().with_context(opening)?;
		tracing::warn!("the state was removed");
	}
	let metrics = metrics::Metrics::default();
	if let Some(address) = config.metrics {
		metrics::serve(address, metrics.clone()).await?;
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
	let worker = Worker::new(nodes, validator, submitter, state, metrics);
	tokio::select! {
		result = worker.run() => result,
		() = feed.run() => Ok(()),
		() = stopped() => {
			tracing::info!("stopping");
			Ok(())
		},
	}
}

fn log(json: bool) {
	let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
	let subscriber = tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_writer(std::io::stderr)
		.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
	if json {
		subscriber.json().init();
	} else {
		subscriber.init();
	}
}

/// Waits until the process receives a signal to stop. The worker repeats unfinished work at its
/// next start.
async fn stopped() {
	match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
		(Ok(mut interrupt), Ok(mut terminate)) => {
			tokio::select! {
				_ = interrupt.recv() => {},
				_ = terminate.recv() => {},
			}
		},
		_ => std::future::pending().await,
	}
}
