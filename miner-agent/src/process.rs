//! A program that outlives this one: what runs on the host goes on while the agent is restarted or upgraded.

use std::{
	fs, io,
	path::{Path, PathBuf},
	process::Stdio,
	time::{Duration, Instant},
};

use anyhow::Context;
use rustix::process::{kill_process, Pid, Signal};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);
/// How often to look whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is remembered of a program, in a file: which process it is, and of which boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
	pid: i32,
	/// When it began, as the kernel counts: another process may get its number.
	started: u64,
	generation: u32,
	counter: u32,
}

/// The program of one VM, by the file that tells of it.
pub(crate) struct Process {
	file: PathBuf,
}

impl Process {
	/// That of which `file` tells.
	pub(crate) fn of(file: PathBuf) -> Self {
		Self { file }
	}

	/// Starts it for a boot. What the file tells of is forgotten.
	pub(crate) fn start(&self, command: &mut Command, boot: (u32, u32)) -> anyhow::Result<()> {
		let mut child = command
			.stdin(Stdio::null())
			// What ends the agent by its terminal does not end what it has started.
			.process_group(0)
			.kill_on_drop(false)
			.spawn()
			.context("cannot start it")?;
		let kept = self.keep(child.id(), boot);
		if kept.is_err() {
			// Nobody would know of it: another would be started beside it.
			child.start_kill().context("it cannot be ended, nor remembered")?;
		}
		kept
	}

	/// Remembers what runs for which boot.
	fn keep(&self, pid: Option<u32>, boot: (u32, u32)) -> anyhow::Result<()> {
		let pid = pid.and_then(|pid| i32::try_from(pid).ok()).context("it has ended")?;
		let started = started(pid).context("it has ended")?;
		let record = Record { pid, started, generation: boot.0, counter: boot.1 };
		write(&self.file, &serde_json::to_vec(&record)?)
			.with_context(|| format!("cannot write {}", self.file.display()))
	}

	/// The boot for which it runs; none where it does not run.
	pub(crate) fn runs_for(&self) -> Option<(u32, u32)> {
		let record = self.record().filter(|record| started(record.pid) == Some(record.started))?;
		Some((record.generation, record.counter))
	}

	fn record(&self) -> Option<Record> {
		serde_json::from_slice(&fs::read(&self.file).ok()?).ok()
	}

	/// Ends it: asks first.
	pub(crate) async fn end(&self) -> anyhow::Result<()> {
		let alive = || self.record().filter(|record| started(record.pid) == Some(record.started));
		let deadline = Instant::now() + GRACE;
		let mut signal = Signal::TERM;
		while let Some(record) = alive() {
			if Instant::now() > deadline {
				signal = Signal::KILL;
			}
			let pid = Pid::from_raw(record.pid).context("no number of a process")?;
			match kill_process(pid, signal) {
				Err(error) if error != rustix::io::Errno::SRCH => {
					return Err(error).context("cannot end it");
				},
				_ => tokio::time::sleep(LOOK_EVERY).await,
			}
		}
		match fs::remove_file(&self.file) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => {
				Err(error).with_context(|| format!("cannot remove {}", self.file.display()))
			},
			_ => Ok(()),
		}
	}
}

/// Whole or not at all.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
	let new = file.with_extension("new");
	fs::write(&new, bytes)?;
	fs::rename(new, file)
}

/// When a process began, in the kernel's ticks since boot; none where there is none, or it has ended and waits to be reaped.
fn started(pid: i32) -> Option<u64> {
	let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
	// Its name, in parentheses, may hold anything.
	let (_, rest) = stat.rsplit_once(')')?;
	let mut fields = rest.split_whitespace();
	let state = fields.next()?;
	let started = fields.nth(18)?.parse().ok()?;
	(state != "Z" && state != "X").then_some(started)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn sleeping() -> Command {
		let mut command = Command::new("sleep");
		command.arg("600");
		command
	}

	#[tokio::test]
	async fn a_program_is_found_again_and_ended() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("vm-1.json");
		Process::of(file.clone()).start(&mut sleeping(), (1, 2)).expect("it starts");
		// As after a restart of the agent.
		let again = Process::of(file.clone());
		assert_eq!(again.runs_for(), Some((1, 2)));
		again.end().await.expect("it ends");
		assert_eq!(again.runs_for(), None);
		assert!(!file.exists());
		again.end().await.expect("to end what has ended is nothing");
	}

	#[tokio::test]
	async fn another_process_of_the_same_number_is_another() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		process.start(&mut sleeping(), (1, 1)).expect("it starts");
		let record = process.record().expect("it was written");
		let mut other = record.clone();
		other.started += 1;
		write(&process.file, &serde_json::to_vec(&other).expect("json")).expect("written");
		assert_eq!(process.runs_for(), None);
		write(&process.file, &serde_json::to_vec(&record).expect("json")).expect("written");
		process.end().await.expect("it ends");
	}

	#[test]
	fn nothing_and_nonsense_run_for_nothing() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		assert_eq!(process.runs_for(), None);
		fs::write(&process.file, "nonsense").expect("written");
		assert_eq!(process.runs_for(), None);
		assert_eq!(started(-1), None);
	}
}
