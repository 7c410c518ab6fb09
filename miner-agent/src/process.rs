//! A program that outlives this one: what runs on the host goes on while the agent is restarted or upgraded.

use std::{
	fs, io,
	path::{Path, PathBuf},
	process::Stdio,
	time::{Duration, Instant},
};

use anyhow::{bail, Context};
use rustix::process::{kill_process_group, Pid, Signal};
use serde::{Deserialize, Serialize};
use tokio::{
	io::AsyncWriteExt,
	process::{Child, Command},
	time::timeout,
};

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);
/// How often to look whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a program is watched that was started: one that cannot be executed ends at once.
const AT_ONCE: Duration = Duration::from_millis(200);
/// What holds a program back: a shell that waits for a line, and then becomes the program, as the same process, without input. At the end of its input it
/// ends, and has executed nothing.
const HOLD_BACK: &str = r#"read -r go && exec "$@" </dev/null"#;

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
	///
	/// It is executed once it is remembered: if this program ends before that, or cannot write the file, nothing runs of which nobody knows.
	pub(crate) async fn start(
		&self,
		program: &Path,
		arguments: &[String],
		boot: (u32, u32),
	) -> anyhow::Result<()> {
		let mut child = held_back(program, arguments).context("cannot start it")?;
		// What it waits for: dropped on each way out.
		let mut hold = child.stdin.take().context("it cannot be held back")?;
		self.keep(child.id(), boot)?;
		hold.write_all(b"\n").await.context("it has ended")?;
		drop(hold);
		match timeout(AT_ONCE, child.wait()).await {
			Ok(ended) => bail!("it has ended at once: {}", ended?),
			Err(_) => Ok(()),
		}
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

	/// Ends it, and whatever it has started: asks first.
	pub(crate) async fn end(&self) -> anyhow::Result<()> {
		let alive = || self.record().filter(|record| started(record.pid) == Some(record.started));
		let deadline = Instant::now() + GRACE;
		let mut signal = Signal::TERM;
		let mut ended = None;
		while let Some(record) = alive() {
			if Instant::now() > deadline {
				signal = Signal::KILL;
			}
			let pid = Pid::from_raw(record.pid).context("no number of a process")?;
			signal_group(pid, signal)?;
			ended = Some(pid);
			tokio::time::sleep(LOOK_EVERY).await;
		}
		// What it has left behind keeps its number from being another's.
		if let Some(pid) = ended {
			signal_group(pid, Signal::KILL)?;
		}
		match fs::remove_file(&self.file) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => {
				Err(error).with_context(|| format!("cannot remove {}", self.file.display()))
			},
			_ => Ok(()),
		}
	}
}

/// Signals a process that was started here and those that it has started.
fn signal_group(pid: Pid, signal: Signal) -> anyhow::Result<()> {
	match kill_process_group(pid, signal) {
		Err(error) if error != rustix::io::Errno::SRCH => Err(error).context("cannot end it"),
		_ => Ok(()),
	}
}

/// A process that becomes the program when a line is written to its input, and ends where that ends before.
fn held_back(program: &Path, arguments: &[String]) -> io::Result<Child> {
	Command::new("/bin/sh")
		.args(["-c", HOLD_BACK, "hcc-miner"])
		.arg(program)
		.args(arguments)
		.stdin(Stdio::piped())
		// What ends the agent by its terminal does not end what it has started.
		.process_group(0)
		.kill_on_drop(false)
		.spawn()
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

	/// Has a program sleep, as a VM does.
	async fn sleep(process: &Process, boot: (u32, u32)) {
		let started = process.start(Path::new("sleep"), &["600".into()], boot).await;
		started.expect("it starts");
	}

	/// A program that leaves a mark where it is executed.
	fn marking(mark: &Path) -> (&'static Path, Vec<String>) {
		(Path::new("touch"), vec![mark.display().to_string()])
	}

	#[tokio::test]
	async fn a_program_is_found_again_and_ended() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("vm-1.json");
		sleep(&Process::of(file.clone()), (1, 2)).await;
		// As after a restart of the agent.
		let again = Process::of(file.clone());
		assert_eq!(again.runs_for(), Some((1, 2)));
		again.end().await.expect("it ends");
		assert_eq!(again.runs_for(), None);
		assert!(!file.exists());
		again.end().await.expect("to end what has ended is nothing");
	}

	#[tokio::test]
	async fn what_is_remembered_is_the_program_itself_and_it_has_no_input() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		sleep(&process, (1, 1)).await;
		let pid = process.record().expect("it was written").pid;
		let line = fs::read(format!("/proc/{pid}/cmdline")).expect("it runs");
		assert_eq!(String::from_utf8_lossy(&line), "sleep\x00600\x00");
		let input = fs::read_link(format!("/proc/{pid}/fd/0")).expect("it runs");
		assert_eq!(input, Path::new("/dev/null"));
		process.end().await.expect("it ends");
	}

	#[tokio::test]
	async fn what_a_program_has_started_ends_with_it() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		let pid = folder.path().join("child");
		// It leaves at once where it is asked, and its child does not.
		let script = format!("(trap '' TERM; sleep 600) & echo $! > {}; wait", pid.display());
		let arguments = ["-c".into(), script];
		process.start(Path::new("sh"), &arguments, (1, 1)).await.expect("it starts");
		let child = || {
			let text = fs::read_to_string(&pid).unwrap_or_default();
			text.trim().parse::<i32>().unwrap_or_default()
		};
		while child() == 0 {
			tokio::time::sleep(LOOK_EVERY).await;
		}
		assert!(started(child()).is_some());
		process.end().await.expect("it ends");
		for _ in 0..50 {
			if started(child()).is_none() {
				return;
			}
			tokio::time::sleep(LOOK_EVERY).await;
		}
		panic!("it is left behind");
	}

	#[tokio::test]
	async fn a_program_that_cannot_be_remembered_is_not_executed() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("no-folder/vm-1.json"));
		let mark = folder.path().join("mark");
		let (program, arguments) = marking(&mark);
		let started = process.start(program, &arguments, (1, 1)).await;
		let error = started.expect_err("it cannot be written down");
		assert!(error.to_string().contains("cannot write"), "{error:#}");
		tokio::time::sleep(2 * AT_ONCE).await;
		assert!(!mark.exists());
	}

	#[tokio::test]
	async fn a_program_that_nobody_lets_go_ends_without_being_executed() {
		let folder = tempfile::tempdir().expect("a folder");
		let mark = folder.path().join("mark");
		let (program, arguments) = marking(&mark);
		let mut child = held_back(program, &arguments).expect("it is held back");
		tokio::time::sleep(AT_ONCE).await;
		assert!(child.try_wait().expect("its state").is_none(), "it waits");
		// As where the agent has ended.
		drop(child.stdin.take());
		let ended = timeout(GRACE, child.wait()).await.expect("in time").expect("its end");
		assert!(!ended.success() && !mark.exists());
	}

	#[tokio::test]
	async fn a_program_that_cannot_be_executed_is_told() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		let started = process.start(&folder.path().join("nothing"), &[], (1, 1)).await;
		let error = started.expect_err("there is no such program");
		assert!(error.to_string().contains("ended at once"), "{error:#}");
		assert_eq!(process.runs_for(), None);
	}

	#[tokio::test]
	async fn another_process_of_the_same_number_is_another() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		sleep(&process, (1, 1)).await;
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
