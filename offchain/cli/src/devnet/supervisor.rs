//! Starts programs, restarts each program that exits, and stops all programs at the end.

use std::{
	ffi::OsString,
	fs::File,
	path::PathBuf,
	process::{ExitStatus, Stdio},
	time::{Duration, Instant},
};

use anyhow::Context;
use rustix::process::{kill_process_group, Pid, Signal};
use tokio::{
	process::{Child, Command},
	time::{sleep, timeout},
};

/// Interval at which the supervisor checks if its programs still run.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// Time that a program has to exit after SIGTERM.
const GRACE: Duration = Duration::from_secs(15);
/// Initial and maximum pause before a restart. The pause doubles with each restart.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// Run time of a program after which its pause returns to the initial value.
const STABLE_AFTER: Duration = Duration::from_secs(60);

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
	pub(crate) name: String,
	pub(crate) path: PathBuf,
	pub(crate) arguments: Vec<OsString>,
	/// The file that receives the program's output.
	pub(crate) log: PathBuf,
}

struct Running {
	program: Program,
	child: Option<Child>,
	since: Instant,
	pause: Duration,
}

/// Programs that run until the supervisor stops them, in the order in which they were started.
pub(crate) struct Supervisor<'a> {
	running: Vec<Running>,
	report: &'a dyn Fn(&str, &str),
}

impl<'a> Supervisor<'a> {
	/// Creates a supervisor. `report` is called with the name and the text of each event.
	pub(crate) fn new(report: &'a dyn Fn(&str, &str)) -> Self {
		Self { running: Vec::new(), report }
	}

	/// Starts a program.
	pub(crate) fn start(&mut self, program: Program) -> anyhow::Result<()> {
		let child = spawn(&program)?;
		self.running.push(Running {
			program,
			child: Some(child),
			since: Instant::now(),
			pause: FIRST_PAUSE,
		});
		Ok(())
	}

	/// Restarts programs that exit. This function does not return.
	pub(crate) async fn watch(&mut self) {
		loop {
			for running in &mut self.running {
				running.check(self.report);
			}
			sleep(POLL_EVERY).await;
		}
	}

	/// Stops all programs, starting with the program that was started last.
	pub(crate) async fn stop(&mut self) {
		while let Some(mut running) = self.running.pop() {
			let Some(child) = &mut running.child else { continue };
			signal(child, Signal::TERM);
			if timeout(GRACE, child.wait()).await.is_err() {
				let text = format!("{} does not stop: killing it", running.program.name);
				(self.report)("killed", &text);
				signal(child, Signal::KILL);
				drop(child.wait().await);
			}
		}
	}
}

impl Running {
	/// Reports if the program has exited. After the pause, restarts it.
	fn check(&mut self, report: &dyn Fn(&str, &str)) {
		let name = &self.program.name;
		let Some(child) = &mut self.child else {
			if self.since.elapsed() >= self.pause {
				self.pause = (self.pause * 2).min(MAX_PAUSE);
				self.since = Instant::now();
				match spawn(&self.program) {
					Ok(child) => {
						self.child = Some(child);
						report("restarted", &format!("{name} restarted"));
					},
					Err(error) => report("ended", &format!("{name}: {error:#}")),
				}
			}
			return;
		};
		let ended = match child.try_wait() {
			Ok(None) => {
				if self.since.elapsed() >= STABLE_AFTER {
					self.pause = FIRST_PAUSE;
				}
				return;
			},
			Ok(Some(status)) => in_words(status),
			Err(error) => error.to_string(),
		};
		report("ended", &format!("{name} exited ({ended}): see {}", self.program.log.display()));
		self.child = None;
		self.since = Instant::now();
	}
}

fn in_words(status: ExitStatus) -> String {
	status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// Sends a signal to a program and its descendants.
fn signal(child: &Child, signal: Signal) {
	let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
	if let Some(group) = group {
		// The signal fails only if the program has just exited.
		let _ = kill_process_group(group, signal);
	}
}

fn spawn(program: &Program) -> anyhow::Result<Child> {
	let log = File::options()
		.create(true)
		.append(true)
		.open(&program.log)
		.with_context(|| format!("cannot write {}", program.log.display()))?;
	let also = log.try_clone().context("cannot duplicate the log's file handle")?;
	// The program has its own process group: Ctrl-C in the terminal reaches only hcc, which stops
	// the programs in order. If hcc is killed, the programs receive SIGTERM.
	Command::new("setpriv")
		.args(["--pdeathsig", "TERM", "--"])
		.arg(&program.path)
		.args(&program.arguments)
		.stdin(Stdio::null())
		.stdout(log)
		.stderr(also)
		.process_group(0)
		.spawn()
		.with_context(|| format!("cannot start {}", program.path.display()))
}

#[cfg(test)]
mod tests {
	use std::{cell::RefCell, fs};

	use super::*;

	fn shell(folder: &tempfile::TempDir, script: &str) -> Program {
		Program {
			name: "shell".into(),
			path: "/bin/sh".into(),
			arguments: vec!["-c".into(), script.into()],
			log: folder.path().join("log"),
		}
	}

	/// Runs the supervisor until the log has the given number of lines.
	async fn await_lines(supervisor: &mut Supervisor<'_>, log: &PathBuf, wanted: usize) {
		let there = async {
			while fs::read_to_string(log).map_or(0, |text| text.lines().count()) < wanted {
				sleep(Duration::from_millis(50)).await;
			}
		};
		tokio::select! {
			() = there => {},
			() = supervisor.watch() => {},
			() = sleep(Duration::from_secs(60)) => panic!("the log does not fill"),
		}
	}

	#[tokio::test]
	async fn exited_program_is_restarted() {
		let folder = tempfile::tempdir().expect("a folder");
		let events = RefCell::new(Vec::new());
		let report = |event: &str, _: &str| events.borrow_mut().push(event.to_owned());
		let mut supervisor = Supervisor::new(&report);
		let program = shell(&folder, "echo here; exit 3");
		supervisor.start(program.clone()).expect("a shell exists");
		await_lines(&mut supervisor, &program.log, 2).await;
		supervisor.stop().await;
		assert!(events.borrow().starts_with(&["ended".into(), "restarted".into()]));
	}

	#[tokio::test]
	async fn descendants_stop_with_program() {
		let folder = tempfile::tempdir().expect("a folder");
		let report = |_: &str, _: &str| {};
		let mut supervisor = Supervisor::new(&report);
		let program = shell(&folder, "sleep 600 & echo $!; wait");
		supervisor.start(program.clone()).expect("a shell exists");
		await_lines(&mut supervisor, &program.log, 1).await;
		let pid = fs::read_to_string(&program.log).expect("the log exists");
		supervisor.stop().await;
		let alive = |pid: &str| {
			// An exited process remains a zombie until its parent reaps it, so a zombie counts as
			// stopped.
			fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
				.is_ok_and(|stat| !stat.contains(") Z "))
		};
		for _ in 0..100 {
			if !alive(&pid) {
				return;
			}
			sleep(Duration::from_millis(50)).await;
		}
		panic!("the child still runs");
	}

	#[tokio::test]
	async fn start_fails_without_log_folder() {
		let folder = tempfile::tempdir().expect("a folder");
		let report = |_: &str, _: &str| {};
		let mut supervisor = Supervisor::new(&report);
		let program = Program { log: folder.path().join("no/log"), ..shell(&folder, "") };
		let error = supervisor.start(program).expect_err("the folder does not exist");
		assert!(error.to_string().contains("cannot write"), "{error}");
	}
}
