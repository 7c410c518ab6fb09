//! The local network: the process `hcc devnet up`, and all programs that it runs.

use std::{
	fs,
	path::{Path, PathBuf},
	process::Stdio,
	sync::Arc,
	time::Duration,
};

use rustix::process::{kill_process, Pid, Signal};
use tokio::{
	process::{Child, Command},
	time::{sleep, timeout},
};

use crate::{
	events::{name, Event, EventLog},
	proxy::Proxy,
	story::Story,
	Error, Result,
};

/// The time limit for the start, including the download of the machine's packages.
const START: Duration = Duration::from_secs(1_200);
/// The time limit for the stop. Each program of the network has 15 s to exit.
const STOP: Duration = Duration::from_secs(180);
/// The time that a program may still run after the network has stopped.
const AFTERMATH: Duration = Duration::from_secs(10);

/// The folders and the size of a network.
#[derive(Clone, Debug)]
pub struct Setup {
	/// The network's folder. The path must be absolute, because leftover programs are found by this
	/// path.
	pub folder: PathBuf,
	/// The folder of the built programs.
	pub programs: PathBuf,
	/// The folder of the scripts that make and start the machine.
	pub machine: PathBuf,
	/// The folder that caches the machine's packages. `None` stands for the default of `hcc devnet
	/// up`.
	pub packages: Option<PathBuf>,
	/// The number of validators: 1 or 4.
	pub validators: usize,
	/// The proxy through which the last worker uses its node, if any.
	pub proxy: Option<Arc<Proxy>>,
}

/// The addresses of a network that is ready.
#[derive(Clone, Debug)]
pub struct Addresses {
	/// The WebSocket URLs of the nodes.
	pub nodes: Vec<String>,
	/// The URLs of the workers' metrics.
	pub metrics: Vec<String>,
}

/// A network that is starting, running or stopping.
pub struct Network {
	child: Child,
	folder: PathBuf,
	log: Arc<EventLog>,
}

impl Network {
	/// Starts a network. Stop the network with [`Network::stop`]. If this process is killed, the
	/// network stops by itself.
	///
	/// ## Errors
	/// [`Error::Start`] if a program is missing.
	pub fn start(setup: &Setup) -> Result<Self> {
		let program = setup.programs.join("hcc");
		let not_started = |source| Error::Start { program: program.display().to_string(), source };
		// Without this check, `setpriv` would report a missing program on its standard error, and
		// not as an error of this function.
		fs::metadata(&program).map_err(not_started)?;
		let mut command = Command::new("setpriv");
		command
			.args(["--pdeathsig", "TERM", "--"])
			.arg(&program)
			.args(["devnet", "up", "--json", "--dir"])
			.arg(&setup.folder)
			.arg("--validators")
			.arg(setup.validators.to_string())
			.arg("--programs")
			.arg(&setup.programs)
			.arg("--machine")
			.arg(&setup.machine);
		if let Some(proxy) = &setup.proxy {
			command.arg("--last-worker-node").arg(proxy.url());
		}
		if let Some(packages) = &setup.packages {
			command.arg("--packages").arg(packages);
		}
		// The network has its own process group. So Ctrl-C in the terminal reaches only this
		// process, which stops the network in order.
		let mut child = command
			.stdin(Stdio::null())
			.stdout(Stdio::piped())
			.process_group(0)
			.kill_on_drop(true)
			.spawn()
			.map_err(|source| Error::Start { program: "setpriv".into(), source })?;
		let log = Arc::new(EventLog::new("hcc devnet up"));
		if let Some(output) = child.stdout.take() {
			tokio::spawn(log.clone().follow(output, None));
		}
		Ok(Self { child, folder: setup.folder.clone(), log })
	}

	/// Waits until the network is ready, and narrates the start.
	///
	/// ## Errors
	/// [`Error::Stopped`] if the network stops, and [`Error::NotSeen`] if the start takes too long.
	pub async fn ready(&self, story: &Story) -> Result<Addresses> {
		let what = "the network is ready";
		let _waiting = story.wait_for(what);
		timeout(START, self.follow_start(story)).await.unwrap_or_else(|_| {
			Err(Error::NotSeen { what: what.into(), seen: 0, wanted: 1, patience: START })
		})
	}

	async fn follow_start(&self, story: &Story) -> Result<Addresses> {
		let mut told = 0;
		loop {
			for event in self.log.since(told).await? {
				told += 1;
				if event.is(name::READY) {
					return Ok(addresses(&event));
				}
				story.say("network", event.text("text").unwrap_or_default());
			}
		}
	}

	/// Returns the log of the network's own events, such as programs that exit and are restarted.
	pub fn log(&self) -> &EventLog {
		&self.log
	}

	/// Kills the node of a validator. Validators are counted from 1. The network then restarts the
	/// node.
	///
	/// ## Errors
	/// [`Error::Unexpected`] if the node does not run.
	pub fn kill_node(&self, number: usize) -> Result<()> {
		let base = self.folder.join(format!("node-{number}")).display().to_string();
		let is_node = |arguments: &[String]| {
			arguments
				.windows(2)
				.any(|pair| matches!(pair, [flag, path] if flag == "--base-path" && *path == base))
		};
		let found = processes().into_iter().find(|process| is_node(&process.arguments));
		let no_node = || Error::Unexpected(format!("node {number} has no process"));
		let pid = Pid::from_raw(found.ok_or_else(no_node)?.id).ok_or_else(no_node)?;
		kill_process(pid, Signal::KILL)
			.map_err(|error| Error::Unexpected(format!("cannot kill node {number}: {error}")))
	}

	/// Stops the network. Checks that it exits with code 0, and that none of its programs still
	/// runs.
	///
	/// ## Errors
	/// [`Error::Stopped`] if the network fails, and [`Error::LeftRunning`] if a program still runs.
	pub async fn stop(mut self) -> Result<()> {
		let failed = |reason: String| Error::Stopped { program: "hcc devnet up", reason };
		let id = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
		if let Some(id) = id {
			// The signal fails only if the network has just exited.
			let _ = kill_process(id, Signal::TERM);
		}
		let ended = match timeout(STOP, self.child.wait()).await {
			Ok(ended) => ended.map_err(|error| failed(error.to_string()))?,
			Err(_) => return Err(failed(format!("it did not stop within {} s", STOP.as_secs()))),
		};
		nothing_left(&self.folder).await?;
		if ended.success() {
			Ok(())
		} else {
			Err(failed(ended.to_string()))
		}
	}
}

fn addresses(ready: &Event) -> Addresses {
	let texts = |field| ready.texts(field).into_iter().map(str::to_owned).collect();
	Addresses { nodes: texts("nodes"), metrics: texts("metrics") }
}

/// A running process: its id and its arguments.
struct Process {
	id: i32,
	arguments: Vec<String>,
}

/// Returns all processes except this one. Omits processes that exit in the meantime.
fn processes() -> Vec<Process> {
	let own = std::process::id().to_string();
	let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
	let others = entries.filter(|entry| entry.file_name() != own.as_str());
	others
		.filter_map(|entry| {
			let id = entry.file_name().to_str()?.parse().ok()?;
			let line = fs::read(entry.path().join("cmdline")).ok()?;
			Some(Process { id, arguments: arguments(&line) })
		})
		.collect()
}

/// Splits a command line of `/proc` into arguments. Each argument ends with a zero byte.
fn arguments(line: &[u8]) -> Vec<String> {
	let text = String::from_utf8_lossy(line);
	text.split_terminator('\0').map(str::to_owned).collect()
}

/// Returns the command lines of all processes that have a path in this folder among their
/// arguments.
fn left(folder: &Path) -> Vec<String> {
	let within = format!("{}/", folder.display());
	let lines = processes().into_iter().map(|process| process.arguments.join(" "));
	lines.filter(|line| line.contains(&within)).collect()
}

/// Waits until no process has a path in this folder among its arguments.
async fn nothing_left(folder: &Path) -> Result<()> {
	let gone = async {
		while !left(folder).is_empty() {
			sleep(Duration::from_millis(200)).await;
		}
	};
	match timeout(AFTERMATH, gone).await {
		Ok(()) => Ok(()),
		Err(_) => Err(Error::LeftRunning(left(folder))),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn arguments_are_split_at_zero_bytes() {
		assert_eq!(arguments(b"node\0--base-path\0/a b\0\0"), ["node", "--base-path", "/a b", ""]);
		assert!(arguments(b"").is_empty());
	}

	#[test]
	fn a_missing_program_is_named() {
		let setup = Setup {
			folder: "/nowhere/network".into(),
			programs: "/nowhere".into(),
			machine: "scripts/machine".into(),
			packages: None,
			validators: 1,
			proxy: None,
		};
		let error = Network::start(&setup).err().expect("there is no program").to_string();
		assert!(error.starts_with("cannot start /nowhere/hcc"), "{error}");
	}

	#[test]
	fn addresses_are_read_from_the_ready_event() {
		let line = r#"{"event":"ready","nodes":["ws://a"],"metrics":["http://b","http://c"]}"#;
		let found = addresses(&Event::parse(line).expect("it is JSON"));
		assert_eq!(found.nodes, ["ws://a"]);
		assert_eq!(found.metrics, ["http://b", "http://c"]);
	}

	#[tokio::test]
	async fn leftovers_are_found_by_their_folder() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("log");
		fs::write(&file, "").expect("it is writable");
		nothing_left(folder.path()).await.expect("nothing runs");
		let mut child = Command::new("tail")
			.arg("-f")
			.arg(&file)
			.kill_on_drop(true)
			.stdout(Stdio::null())
			.spawn()
			.expect("there is tail");
		// The arguments of a program appear in `/proc` shortly after its start.
		let shown = async {
			while left(folder.path()).is_empty() {
				sleep(Duration::from_millis(10)).await;
			}
		};
		timeout(Duration::from_secs(10), shown).await.expect("tail shows its arguments");
		let waiting = timeout(Duration::from_secs(1), nothing_left(folder.path()));
		assert!(waiting.await.is_err(), "tail runs");
		child.kill().await.expect("it runs");
		nothing_left(folder.path()).await.expect("it was killed");
	}
}
