//! The port by which the miner's machine does as it is told.

use std::{path::Path, time::Duration};

use anyhow::{bail, Context};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::UnixStream,
};

/// How long the machine may take to start.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one answer may take: what is asked before the machine listens waits for it.
const ANSWER: Duration = Duration::from_secs(60);
/// What ends an answer, before its exit code.
const END: &str = "##END ";

/// Runs a command in the machine, as soon as it listens, and gives what it prints.
pub(crate) async fn run(socket: &Path, command: &str) -> anyhow::Result<String> {
	let answered = async {
		loop {
			// Until the machine has started, nothing answers.
			match tokio::time::timeout(ANSWER, ask(socket, command)).await {
				Ok(Ok(answer)) => return answer,
				Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
			}
		}
	};
	let answer = tokio::time::timeout(PATIENCE, answered).await.with_context(|| {
		format!("the machine did not start within {} s; see its console's log", PATIENCE.as_secs())
	})?;
	let (printed, code) = answer.rsplit_once(END).context("the machine's answer has no end")?;
	if code.trim() != "0" {
		bail!("in the machine {command:?} failed: {}", printed.trim());
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
