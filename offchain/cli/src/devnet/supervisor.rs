//! Keeps programs running, and stops them.

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

/// How often to look whether programs still run.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a program may take to stop.
const GRACE: Duration = Duration::from_secs(15);
/// A program that ends again and again is started again later and later.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After so long it is taken to run well.
const SETTLED: Duration = Duration::from_secs(60);

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
	pub(crate) name: String,
	pub(crate) path: PathBuf,
	pub(crate) arguments: Vec<OsString>,
	/// Where what it prints goes.
	pub(crate) log: PathBuf,
}

struct Running {
	program: Program,
	child: Option<Child>,
	since: Instant,
	pause: Duration,
}

/// Programs that run until they are told to stop, in order of their start.
pub(crate) struct Supervisor<'a> {
	running: Vec<Running>,
	tell: &'a dyn Fn(&str, &str),
}

impl<'a> Supervisor<'a> {
	/// Tells `tell` what happens: an event's name, and a text.
	pub(crate) fn new(tell: &'a dyn Fn(&str, &str)) -> Self {
		Self { running: Vec::new(), tell }
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

	/// Starts programs again that end by themselves. Does not return.
	pub(crate) async fn watch(&mut self) {
		loop {
			for running in &mut self.running {
				running.look(self.tell);
			}
			sleep(LOOK_EVERY).await;
		}
	}

	/// Stops all programs, the last one first.
	pub(crate) async fn stop(&mut self) {
		while let Some(mut running) = self.running.pop() {
			let Some(child) = &mut running.child else { continue };
			signal(child, Signal::TERM);
			if timeout(GRACE, child.wait()).await.is_err() {
				let text = format!("{} does not stop: it is killed", running.program.name);
				(self.tell)("killed", &text);
				signal(child, Signal::KILL);
				drop(child.wait().await);
			}
		}
	}
}

impl Running {
	/// Notes that the program has ended, or starts it again once its pause is over.
	fn look(&mut self, tell: &dyn Fn(&str, &str)) {
		let name = &self.program.name;
		let Some(child) = &mut self.child else {
			if self.since.elapsed() >= self.pause {
				self.pause = (self.pause * 2).min(LONGEST_PAUSE);
				self.since = Instant::now();
				match spawn(&self.program) {
					Ok(child) => {
						self.child = Some(child);
						tell("restarted", &format!("{name} runs again"));
					},
					Err(error) => tell("ended", &format!("{name}: {error:#}")),
				}
			}
			return;
		};
		let ended = match child.try_wait() {
			Ok(None) => {
				if self.since.elapsed() >= SETTLED {
					self.pause = FIRST_PAUSE;
				}
				return;
			},
			Ok(Some(status)) => in_words(status),
			Err(error) => error.to_string(),
		};
		tell("ended", &format!("{name} has ended ({ended}): see {}", self.program.log.display()));
		self.child = None;
		self.since = Instant::now();
	}
}

fn in_words(status: ExitStatus) -> String {
	status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// A signal to a program and whatever it has started.
fn signal(child: &Child, signal: Signal) {
	let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
	if let Some(group) = group {
		// An error: it has ended just now.
		let _ = kill_process_group(group, signal);
	}
}

fn spawn(program: &Program) -> anyhow::Result<Child> {
	let log = File::options()
		.create(true)
		.append(true)
		.open(&program.log)
		.with_context(|| format!("cannot write {}", program.log.display()))?;
	let also = log.try_clone().context("cannot use the log twice")?;
	// In a group of its own: Ctrl-C in the terminal is for hcc, which stops the programs in their order. Should hcc be killed, they go with it.
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

	/// Watches until the log holds that many lines.
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
	async fn a_program_that_ends_is_started_again() {
		let folder = tempfile::tempdir().expect("a folder");
		let events = RefCell::new(Vec::new());
		let tell = |event: &str, _: &str| events.borrow_mut().push(event.to_owned());
		let mut supervisor = Supervisor::new(&tell);
		let program = shell(&folder, "echo here; exit 3");
		supervisor.start(program.clone()).expect("there is a shell");
		await_lines(&mut supervisor, &program.log, 2).await;
		supervisor.stop().await;
		assert!(events.borrow().starts_with(&["ended".into(), "restarted".into()]));
	}

	#[tokio::test]
	async fn what_a_program_started_stops_with_it() {
		let folder = tempfile::tempdir().expect("a folder");
		let tell = |_: &str, _: &str| {};
		let mut supervisor = Supervisor::new(&tell);
		let program = shell(&folder, "sleep 600 & echo $!; wait");
		supervisor.start(program.clone()).expect("there is a shell");
		await_lines(&mut supervisor, &program.log, 1).await;
		let pid = fs::read_to_string(&program.log).expect("it was written");
		supervisor.stop().await;
		let alive = |pid: &str| {
			// A child that nobody waits for any more is a zombie until it is reaped.
			fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
				.is_ok_and(|stat| !stat.contains(") Z "))
		};
		for _ in 0..100 {
			if !alive(&pid) {
				return;
			}
			sleep(Duration::from_millis(50)).await;
		}
		panic!("the child goes on");
	}

	#[tokio::test]
	async fn a_program_that_is_not_there_is_an_error() {
		let folder = tempfile::tempdir().expect("a folder");
		let tell = |_: &str, _: &str| {};
		let mut supervisor = Supervisor::new(&tell);
		let program = Program { log: folder.path().join("no/log"), ..shell(&folder, "") };
		let error = supervisor.start(program).expect_err("there is no such folder");
		assert!(error.to_string().contains("cannot write"), "{error}");
	}
}
