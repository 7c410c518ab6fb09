//! The control port of the miner's machine.

use std::{path::Path, time::Duration};

use anyhow::{bail, Context};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::UnixStream,
};

/// Time limit for the machine's start.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Time limit for one answer. A command that is sent too early waits until the machine listens.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The text that precedes the exit code at the end of an answer.
const END: &str = "##END ";

/// Runs a command in the machine as soon as it listens, and returns its output.
pub(crate) async fn run(socket: &Path, command: &str) -> anyhow::Result<String> {
	let answered = async {
		loop {
			// The machine does not answer until it has started.
			match tokio::time::timeout(ANSWER_TIMEOUT, ask(socket, command)).await {
				Ok(Ok(answer)) => return answer,
				Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
			}
		}
	};
	let answer = tokio::time::timeout(START_TIMEOUT, answered).await.with_context(|| {
		format!(
			"the machine did not start within {} s; see the log of its console",
			START_TIMEOUT.as_secs()
		)
	})?;
	let (printed, code) = answer.rsplit_once(END).context("the machine's answer is incomplete")?;
	if code.trim() != "0" {
		bail!("{command:?} failed in the machine: {}", printed.trim());
	}
	Ok(printed.to_owned())
}

async fn ask(socket: &Path, command: &str) -> anyhow::Result<String> {
	let mut port = UnixStream::connect(socket).await?;
	port.write_all(format!("{command}\n").as_bytes()).await?;
	let mut seen = Vec::new();
	loop {
		let mut more = [0; 4096];
		let count = port.read(&mut more).await?;
		anyhow::ensure!(count > 0, "the machine closed the port");
		seen.extend(more.iter().take(count));
		let text = String::from_utf8_lossy(&seen);
		let ended = text.rsplit_once(END).is_some_and(|(_, code)| code.ends_with('\n'));
		if ended {
			return Ok(text.into_owned());
		}
	}
}
