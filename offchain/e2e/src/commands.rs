//! Runs the project's programs, with the command lines that a person would use.

use std::{
	path::{Path, PathBuf},
	process::{Output, Stdio},
	time::Duration,
};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::{Error, Result};

/// The time limit of a command. It exceeds the time that `hcc` waits until a block includes a
/// transaction.
const PATIENCE: Duration = Duration::from_secs(180);

/// The program `hcc`, used with one node.
pub struct Hcc {
	program: PathBuf,
	node: String,
}

impl Hcc {
	/// Uses the `hcc` in a folder of programs, with the URL of a node.
	pub fn new(programs: &Path, node: impl Into<String>) -> Self {
		Self { program: programs.join("hcc"), node: node.into() }
	}

	pub fn program(&self) -> &Path {
		&self.program
	}

	/// Runs a subcommand that queries the node. Returns its human-readable output.
	///
	/// ## Errors
	/// [`Error::Failed`] if the exit code is not 0.
	pub async fn text(&self, arguments: &[&str]) -> Result<String> {
		let arguments = [arguments, &["--node", self.node.as_str()][..]].concat();
		succeed(&self.program, &arguments, PATIENCE).await
	}

	/// Runs a subcommand that queries the node, with `--json`. Returns the JSON that the subcommand
	/// prints.
	///
	/// ## Errors
	/// [`Error::Failed`] if the exit code is not 0, and [`Error::NotJson`] if the output is not
	/// JSON.
	pub async fn json(&self, arguments: &[&str]) -> Result<Value> {
		let arguments = [arguments, &["--node", self.node.as_str(), "--json"][..]].concat();
		let printed = succeed(&self.program, &arguments, PATIENCE).await?;
		parse(&self.program, &arguments, &printed)
	}

	/// Runs a subcommand that needs no node, with `--json`. Returns the exit code and the JSON that
	/// the subcommand prints.
	///
	/// ## Errors
	/// [`Error::NotJson`] if the output is not JSON.
	pub async fn offline(&self, arguments: &[&str]) -> Result<(Option<i32>, Value)> {
		let arguments = [arguments, &["--json"][..]].concat();
		let output = run(&self.program, &arguments, PATIENCE).await?;
		let printed = String::from_utf8_lossy(&output.stdout);
		Ok((output.status.code(), parse(&self.program, &arguments, &printed)?))
	}
}

/// Runs a program until it exits. The program is killed if the returned future is dropped.
///
/// ## Errors
/// [`Error::Start`] if the program cannot be started, and [`Error::TooSlow`] if it runs for longer
/// than `patience`.
pub async fn run(program: &Path, arguments: &[&str], patience: Duration) -> Result<Output> {
	let output =
		Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
	match timeout(patience, output).await {
		Ok(output) => {
			output.map_err(|source| Error::Start { program: program.display().to_string(), source })
		},
		Err(_) => Err(Error::TooSlow { command: in_words(program, arguments), patience }),
	}
}

/// Runs a program that must succeed, and returns its output.
///
/// ## Errors
/// The errors of [`run`], and [`Error::Failed`] if the exit code is not 0.
pub async fn succeed(program: &Path, arguments: &[&str], patience: Duration) -> Result<String> {
	let output = run(program, arguments, patience).await?;
	let printed = String::from_utf8_lossy(&output.stdout).into_owned();
	if output.status.success() {
		return Ok(printed);
	}
	let said = format!("{printed}{}", String::from_utf8_lossy(&output.stderr));
	Err(Error::Failed {
		command: in_words(program, arguments),
		status: output.status,
		said: said.trim().to_owned(),
	})
}

/// Returns a field of a program's output, by a JSON pointer (RFC 6901).
///
/// ## Errors
/// [`Error::Missing`] if the output has no such field.
pub fn field<'v>(value: &'v Value, pointer: &str) -> Result<&'v Value> {
	value.pointer(pointer).ok_or_else(|| missing(pointer, value))
}

/// Returns a text in a program's output, by a JSON pointer.
///
/// ## Errors
/// [`Error::Missing`] if the output has no such field, or if the field is not a text.
pub fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str> {
	field(value, pointer)?.as_str().ok_or_else(|| missing(pointer, value))
}

/// Returns a number in a program's output, by a JSON pointer.
///
/// ## Errors
/// [`Error::Missing`] if the output has no such field, or if the field is not a whole number.
pub fn number(value: &Value, pointer: &str) -> Result<u64> {
	field(value, pointer)?.as_u64().ok_or_else(|| missing(pointer, value))
}

fn missing(pointer: &str, value: &Value) -> Error {
	Error::Missing { field: pointer.to_owned(), found: value.to_string() }
}

fn parse(program: &Path, arguments: &[&str], printed: &str) -> Result<Value> {
	serde_json::from_str(printed)
		.map_err(|source| Error::NotJson { command: in_words(program, arguments), source })
}

fn in_words(program: &Path, arguments: &[&str]) -> String {
	let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
	format!("{name} {}", arguments.join(" "))
}

#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	#[tokio::test]
	async fn a_failure_tells_command_and_output() {
		let shell = Path::new("/bin/sh");
		let script = ["-c", "echo out; echo why >&2; exit 3"];
		let error = succeed(shell, &script, PATIENCE).await.expect_err("it fails").to_string();
		assert!(error.starts_with("sh -c ") && error.ends_with("out\nwhy"), "{error}");
		let error = run(Path::new("/no/program"), &[], PATIENCE).await.expect_err("there is none");
		assert!(error.to_string().starts_with("cannot start /no/program"), "{error}");
		let error = run(shell, &["-c", "sleep 60"], Duration::from_millis(20)).await;
		assert!(error.expect_err("it is slow").to_string().contains("did not end"));
	}

	#[test]
	fn absent_fields_are_errors() {
		let value = json!({ "chips": [{ "score": 520, "tier": "regular" }] });
		assert_eq!(number(&value, "/chips/0/score").ok(), Some(520));
		assert_eq!(text(&value, "/chips/0/tier").ok(), Some("regular"));
		assert!(number(&value, "/chips/0/tier").is_err());
		let error = text(&value, "/chips/1/tier").expect_err("there is one chip").to_string();
		assert!(error.starts_with("/chips/1/tier is missing in {"), "{error}");
	}
}
