//! The reasons why a scene fails.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a scene fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// A program cannot be started. Remedy: build the programs (`make build`), or name their
	/// folder.
	#[error("cannot start {program}: {source}")]
	Start { program: String, source: io::Error },
	/// A program exits with an error.
	#[error("{command} failed ({status}): {said}")]
	Failed { command: String, status: ExitStatus, said: String },
	/// A program runs for too long.
	#[error("{command} did not end within {} s", .patience.as_secs())]
	TooSlow { command: String, patience: Duration },
	/// A program's output is not JSON.
	#[error("{command} prints no JSON: {source}")]
	NotJson { command: String, source: serde_json::Error },
	/// A value is missing in a program's output.
	#[error("{field} is missing in {found}")]
	Missing { field: String, found: String },
	/// An event or a state did not appear in time.
	#[error("not seen within {} s: {what} ({seen} of {wanted})", .patience.as_secs())]
	NotSeen { what: String, seen: usize, wanted: usize, patience: Duration },
	/// A program that must run until the end has stopped.
	#[error("{program} has stopped: {reason}")]
	Stopped { program: &'static str, reason: String },
	/// A file cannot be read or written.
	#[error("cannot use {}: {source}", .path.display())]
	File { path: PathBuf, source: io::Error },
	/// The machine does not execute a command.
	#[error("the machine failed to run {command:?}: {reason}")]
	Machine { command: String, reason: String },
	/// A worker's metrics cannot be read.
	#[error("cannot read the metrics: {0}")]
	Metrics(#[from] reqwest::Error),
	/// Programs of the network still run after the network has stopped.
	#[error("still running after the end: {}", .0.join("; "))]
	LeftRunning(Vec<String>),
	/// The network behaves differently than expected.
	#[error("{0}")]
	Unexpected(String),
	/// A scene fails.
	#[error("scene {scene}: {source}")]
	Scene { scene: &'static str, source: Box<Error> },
	/// The user has interrupted the run.
	#[error("interrupted")]
	Interrupted,
}

impl Error {
	/// Returns a function that converts an I/O error of the file at `path`.
	pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
		let path = path.into();
		move |source| Self::File { path, source }
	}
}
