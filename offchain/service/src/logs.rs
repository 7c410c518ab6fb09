//! Logs on standard error.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
	/// Human-readable lines.
	#[default]
	Text,
	/// One JSON object a line.
	Json,
}

/// Starts the log. `RUST_LOG` sets the filter; without it, or if it is invalid, `filter` does.
pub fn init_logs(format: LogFormat, filter: &str) {
	let by_environment = EnvFilter::try_from_default_env();
	let is_invalid = by_environment.is_err() && std::env::var_os("RUST_LOG").is_some();
	let subscriber = tracing_subscriber::fmt()
		.with_env_filter(by_environment.unwrap_or_else(|_| EnvFilter::new(filter)))
		.with_writer(std::io::stderr)
		.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
	match format {
		LogFormat::Text => subscriber.init(),
		LogFormat::Json => subscriber.json().init(),
	}
	if is_invalid {
		tracing::warn!(filter, "RUST_LOG is invalid: using the default filter");
	}
}

#[cfg(test)]
mod tests {
	use clap::ValueEnum;

	use super::*;

	#[test]
	fn format_has_names_of_options() {
		assert_eq!(LogFormat::from_str("json", false), Ok(LogFormat::Json));
		assert_eq!(LogFormat::from_str("text", false), Ok(LogFormat::default()));
	}
}
