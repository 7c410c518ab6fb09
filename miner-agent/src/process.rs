//! Processes that outlive the agent, so that VMs continue to run while the agent is restarted or
//! upgraded.

use std::{
	collections::BTreeMap,
	ffi::{OsStr, OsString},
	fs, io,
	os::unix::{
		ffi::{OsStrExt, OsStringExt},
		fs::MetadataExt,
	},
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

/// Time that a process has to exit after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);
/// Interval at which the agent checks if the process has exited.
const POLL_EVERY: Duration = Duration::from_millis(100);
/// Time for which the agent watches a program after its start. A program that cannot be executed
/// exits within this time.
const EARLY_EXIT: Duration = Duration::from_millis(200);
/// Shell script that waits for a line of input, and then executes the program as the same process
/// and without input. If the input ends before a line, the script exits without executing the
/// program.
const WAIT_AND_EXECUTE: &str = r#"read -r go && exec "$@" </dev/null"#;
/// Environment variable that marks a started process. Its value is the generation, the boot counter
/// and the record file, separated by colons. The process keeps the variable when it executes
/// another program.
const MARK: &str = "HCC_MINER_VM";

/// The content of a record file: the identity of a process, and the boot of a VM for which the
/// process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
	pid: i32,
	/// The start time of the process by the kernel's clock. A later process with the same pid has
	/// another start time.
	started: u64,
	generation: u32,
	counter: u32,
}

impl Record {
	/// Returns true if the process still runs.
	fn is_alive(&self) -> bool {
		started(self.pid) == Some(self.started)
	}

	fn boot(&self) -> (u32, u32) {
		(self.generation, self.counter)
	}
}

/// The process of one VM, identified by its record file.
pub(crate) struct Process {
	file: PathBuf,
}

/// Records the processes that run without a record, for example because the folder of records was
/// lost. If several processes run for different boots of a VM, records the process of the latest
/// boot and ends the others.
///
/// Without a record, the agent would start the VM a second time. Skips a VM that is not free,
/// because its task may be starting or ending a process.
///
/// ## Errors
/// Fails if the folder cannot be created, or a record cannot be written.
pub(crate) fn adopt(folder: &Path, is_free: impl Fn(&Path) -> bool) -> anyhow::Result<()> {
	fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
	let mut running: BTreeMap<PathBuf, Vec<Record>> = BTreeMap::new();
	for (file, record) in marked_processes() {
		if file.parent() == Some(folder) && is_free(&file) {
			running.entry(file).or_default().push(record);
		}
	}
	for (file, processes) in running {
		adopt_latest(&Process::of(file), processes)?;
	}
	Ok(())
}

fn adopt_latest(process: &Process, mut found: Vec<Record>) -> anyhow::Result<()> {
	let recorded = process.record().filter(Record::is_alive);
	found.extend(recorded.clone());
	// A process that the program itself started in another process group has the same mark, but a
	// later start time.
	let first = |record: &Record| (record.boot(), std::cmp::Reverse(record.started));
	let Some(latest) = found.iter().max_by_key(|record| first(record)).cloned() else {
		return Ok(());
	};
	let is_recorded = recorded.is_some_and(|recorded| recorded.boot() == latest.boot());
	if !is_recorded {
		let file = process.file.display();
		tracing::warn!(pid = latest.pid, %file, "a VM runs without a record: recording it again");
		process.write(&latest)?;
	}
	for older in found.iter().filter(|record| record.boot() < latest.boot()) {
		if let Some(pid) = Pid::from_raw(older.pid).filter(|_| older.is_alive()) {
			tracing::warn!(pid = older.pid, "ending an earlier boot of a VM that runs twice");
			signal_group(pid, Signal::TERM)?;
		}
	}
	Ok(())
}

/// Returns the processes of this user that an agent has started, with their record files.
fn marked_processes() -> Vec<(PathBuf, Record)> {
	let own = rustix::process::geteuid().as_raw();
	let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
	entries
		.filter(|entry| entry.metadata().is_ok_and(|of| of.uid() == own))
		.filter_map(|entry| marked_process(entry.file_name().to_str()?.parse().ok()?))
		.collect()
}

/// Reads the mark of a process. Returns `None` for a process that does not lead its group, still
/// waits to be executed, has ended, or has a mark that no agent writes.
fn marked_process(pid: i32) -> Option<(PathBuf, Record)> {
	let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
	let mark = environment
		.split(|byte| *byte == 0)
		.find_map(|variable| variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))?;
	let (stat, line) = (Stat::of(pid)?, fs::read(format!("/proc/{pid}/cmdline")).ok()?);
	let waits = line.split(|byte| *byte == 0).any(|word| word == WAIT_AND_EXECUTE.as_bytes());
	if stat.group != pid || waits {
		return None;
	}
	let mut parts = mark.splitn(3, |byte| *byte == b':');
	let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse::<u32>().ok();
	let (generation, counter) = (number()?, number()?);
	let file = PathBuf::from(OsStr::from_bytes(parts.next()?));
	Some((file, Record { pid, started: stat.started, generation, counter }))
}

impl Process {
	/// Refers to the process that `file` records.
	pub(crate) fn of(file: PathBuf) -> Self {
		Self { file }
	}

	/// Starts a program for a boot, and replaces the record.
	///
	/// The program is executed only after its process is recorded. If the agent exits before, or
	/// cannot write the file, the program does not run.
	pub(crate) async fn start(
		&self,
		program: &Path,
		arguments: &[String],
		boot: (u32, u32),
	) -> anyhow::Result<()> {
		let mark = self.mark(boot);
		let spawned = spawn_waiting(program, arguments, &mark);
		let mut child = spawned.context("cannot start the program")?;
		// The script waits for a line or for the end of its input. Every early return closes the
		// input, so that the script exits.
		let mut input = child.stdin.take().context("the program has no input to wait for")?;
		self.write_record(child.id(), boot)?;
		input.write_all(b"\n").await.context("the program has exited")?;
		drop(input);
		match timeout(EARLY_EXIT, child.wait()).await {
			Ok(ended) => bail!("the program exited immediately: {}", ended?),
			Err(_) => Ok(()),
		}
	}

	/// Records the process and its boot.
	fn write_record(&self, pid: Option<u32>, boot: (u32, u32)) -> anyhow::Result<()> {
		let pid = pid.and_then(|pid| i32::try_from(pid).ok()).context("the program has exited")?;
		let started = started(pid).context("the program has exited")?;
		self.write(&Record { pid, started, generation: boot.0, counter: boot.1 })
	}

	fn write(&self, record: &Record) -> anyhow::Result<()> {
		write(&self.file, &serde_json::to_vec(record)?)
			.with_context(|| format!("cannot write {}", self.file.display()))
	}

	/// Returns the value of [`MARK`] for a boot.
	fn mark(&self, boot: (u32, u32)) -> OsString {
		let mut mark = format!("{}:{}:", boot.0, boot.1).into_bytes();
		mark.extend(self.file.as_os_str().as_bytes());
		OsString::from_vec(mark)
	}

	/// Returns the boot for which the process runs, or `None` if the process does not run.
	pub(crate) fn running_boot(&self) -> Option<(u32, u32)> {
		Some(self.record().filter(Record::is_alive)?.boot())
	}

	fn record(&self) -> Option<Record> {
		serde_json::from_slice(&fs::read(&self.file).ok()?).ok()
	}

	/// Ends the process and its descendants: first by SIGTERM, and after the time limit by SIGKILL.
	pub(crate) async fn end(&self) -> anyhow::Result<()> {
		let alive = || self.record().filter(Record::is_alive);
		let deadline = Instant::now() + GRACE;
		let mut signal = Signal::TERM;
		let mut ended = None;
		while let Some(record) = alive() {
			if Instant::now() > deadline {
				signal = Signal::KILL;
			}
			let pid = Pid::from_raw(record.pid).context("the record contains an invalid pid")?;
			signal_group(pid, signal)?;
			ended = Some(pid);
			tokio::time::sleep(POLL_EVERY).await;
		}
		// While descendants remain, the kernel does not reuse the group id. So this signal reaches
		// only descendants.
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

/// Sends a signal to a process that an agent has started, and to the descendants of the process.
fn signal_group(pid: Pid, signal: Signal) -> anyhow::Result<()> {
	match kill_process_group(pid, signal) {
		Err(error) if error != rustix::io::Errno::SRCH => {
			Err(error).context("cannot signal the process")
		},
		_ => Ok(()),
	}
}

/// Spawns a shell that executes the program once a line is written to the shell's input. If the
/// input ends before, the shell exits.
fn spawn_waiting(program: &Path, arguments: &[String], mark: &OsStr) -> io::Result<Child> {
	Command::new("/bin/sh")
		.env(MARK, mark)
		.args(["-c", WAIT_AND_EXECUTE, "hcc-miner"])
		.arg(program)
		.args(arguments)
		.stdin(Stdio::piped())
		// With its own process group, the process does not receive signals from the agent's
		// terminal.
		.process_group(0)
		.kill_on_drop(false)
		.spawn()
}

/// Replaces a file atomically.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
	let new = file.with_extension("new");
	fs::write(&new, bytes)?;
	fs::rename(new, file)
}

/// Returns the start time of a process, in the kernel's ticks since boot.
///
/// Returns `None` if no such process exists, or if it has exited and is not reaped yet.
fn started(pid: i32) -> Option<u64> {
	Stat::of(pid).map(|stat| stat.started)
}

/// The state in `/proc` of a process that has not exited.
struct Stat {
	/// The id of the process group.
	group: i32,
	/// The start time of the process, in the kernel's ticks since boot.
	started: u64,
}

impl Stat {
	fn of(pid: i32) -> Option<Self> {
		let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
		// The name of the program is in parentheses, and may contain any character.
		let (_, rest) = stat.rsplit_once(')')?;
		let mut fields = rest.split_whitespace();
		let state = fields.next()?;
		let group = fields.nth(1)?.parse().ok()?;
		let started = fields.nth(16)?.parse().ok()?;
		(state != "Z" && state != "X").then_some(Self { group, started })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Starts a program that sleeps. It stands for a VM that runs.
	async fn sleep(process: &Process, boot: (u32, u32)) {
		let started = process.start(Path::new("sleep"), &["600".into()], boot).await;
		started.expect("it starts");
	}

	/// Returns a program that creates a file when it is executed.
	fn marking(mark: &Path) -> (&'static Path, Vec<String>) {
		(Path::new("touch"), vec![mark.display().to_string()])
	}

	#[tokio::test]
	async fn program_found_and_ended_after_restart() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("vm-1.json");
		sleep(&Process::of(file.clone()), (1, 2)).await;
		// After a restart, the agent knows the process only by its record file.
		let again = Process::of(file.clone());
		assert_eq!(again.running_boot(), Some((1, 2)));
		again.end().await.expect("it ends");
		assert_eq!(again.running_boot(), None);
		assert!(!file.exists());
		again.end().await.expect("ending it twice succeeds");
	}

	#[tokio::test]
	async fn recorded_process_is_program_without_input() {
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
	async fn descendants_end_with_program() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		let pid = folder.path().join("child");
		// The shell exits on SIGTERM, but its child ignores SIGTERM.
		let script = format!("(trap '' TERM; sleep 600) & echo $! > {}; wait", pid.display());
		let arguments = ["-c".into(), script];
		process.start(Path::new("sh"), &arguments, (1, 1)).await.expect("it starts");
		let child = || {
			let text = fs::read_to_string(&pid).unwrap_or_default();
			text.trim().parse::<i32>().unwrap_or_default()
		};
		while child() == 0 {
			tokio::time::sleep(POLL_EVERY).await;
		}
		assert!(started(child()).is_some());
		process.end().await.expect("it ends");
		for _ in 0..50 {
			if started(child()).is_none() {
				return;
			}
			tokio::time::sleep(POLL_EVERY).await;
		}
		panic!("the child still runs");
	}

	#[tokio::test]
	async fn unrecorded_program_not_executed() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("no-folder/vm-1.json"));
		let mark = folder.path().join("mark");
		let (program, arguments) = marking(&mark);
		let started = process.start(program, &arguments, (1, 1)).await;
		let error = started.expect_err("the record cannot be written");
		assert!(error.to_string().contains("cannot write"), "{error:#}");
		tokio::time::sleep(2 * EARLY_EXIT).await;
		assert!(!mark.exists());
	}

	#[tokio::test]
	async fn waiting_program_exits_without_agent() {
		let folder = tempfile::tempdir().expect("a folder");
		let mark = folder.path().join("mark");
		let (program, arguments) = marking(&mark);
		let identity = OsStr::new("1:1:/nowhere/vm-1.json");
		let mut child = spawn_waiting(program, &arguments, identity).expect("the shell starts");
		let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
		tokio::time::sleep(EARLY_EXIT).await;
		assert!(child.try_wait().expect("its state").is_none(), "it waits");
		assert!(marked_process(pid).is_none(), "it is not adopted");
		// Closes the pipe, as the exit of the agent does.
		drop(child.stdin.take());
		let ended = timeout(GRACE, child.wait()).await.expect("in time").expect("its end");
		assert!(!ended.success() && !mark.exists());
	}

	#[tokio::test]
	async fn start_fails_if_program_cannot_execute() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		let started = process.start(&folder.path().join("nothing"), &[], (1, 1)).await;
		let error = started.expect_err("there is no such program");
		assert!(error.to_string().contains("exited immediately"), "{error:#}");
		assert_eq!(process.running_boot(), None);
	}

	#[tokio::test]
	async fn running_vm_found_after_loss_of_records() {
		let parent = tempfile::tempdir().expect("a folder");
		let folder = parent.path().join("run");
		fs::create_dir(&folder).expect("a folder");
		let process = Process::of(folder.join("vm-1.json"));
		sleep(&process, (3, 4)).await;
		fs::remove_dir_all(&folder).expect("removed");
		assert_eq!(process.running_boot(), None);
		adopt(&parent.path().join("other"), |_| true).expect("adopted");
		adopt(&folder, |_| false).expect("adopted");
		assert_eq!(process.running_boot(), None, "another folder, and a VM that is not free");
		adopt(&folder, |_| true).expect("adopted");
		assert_eq!(process.running_boot(), Some((3, 4)));
		process.end().await.expect("it ends");
		adopt(&folder, |_| true).expect("adopted");
		assert_eq!(process.running_boot(), None);
	}

	#[tokio::test]
	async fn earlier_boot_of_vm_that_runs_twice_is_ended() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		sleep(&process, (1, 1)).await;
		let earlier = process.record().expect("it was written");
		fs::remove_file(&process.file).expect("removed");
		sleep(&process, (1, 2)).await;
		adopt(folder.path(), |_| true).expect("adopted");
		assert_eq!(process.running_boot(), Some((1, 2)));
		for _ in 0..100 {
			if !earlier.is_alive() {
				break;
			}
			tokio::time::sleep(POLL_EVERY).await;
		}
		assert!(!earlier.is_alive());
		process.end().await.expect("it ends");
	}

	#[tokio::test]
	async fn reused_pid_is_another_process() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		sleep(&process, (1, 1)).await;
		let record = process.record().expect("it was written");
		let mut other = record.clone();
		other.started += 1;
		write(&process.file, &serde_json::to_vec(&other).expect("json")).expect("written");
		assert_eq!(process.running_boot(), None);
		write(&process.file, &serde_json::to_vec(&record).expect("json")).expect("written");
		process.end().await.expect("it ends");
	}

	#[test]
	fn missing_or_malformed_record_does_not_run() {
		let folder = tempfile::tempdir().expect("a folder");
		let process = Process::of(folder.path().join("vm-1.json"));
		assert_eq!(process.running_boot(), None);
		fs::write(&process.file, "nonsense").expect("written");
		assert_eq!(process.running_boot(), None);
		assert_eq!(started(-1), None);
	}
}
