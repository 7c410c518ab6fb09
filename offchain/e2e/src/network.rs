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
	process::{processes, Process},
	proxy::Proxy,
	rig,
	story::Story,
	Error, Result,
};

/// The time limit for the start, including the download of the machine's packages.
const START: Duration = Duration::from_secs(1_200);
/// The time limit for the stop. Each program of the network has 15 s to exit.
const STOP: Duration = Duration::from_secs(180);
/// The time that a program may still run after the network has stopped.
const AFTERMATH: Duration = Duration::from_secs(20);

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
	/// The folder of images of VMs. None: the network has no VMs.
	pub images: Option<PathBuf>,
	/// The name of the image of which the tenant orders a VM.
	pub vm_image: String,
	/// True if hccam runs in a VM of its own.
	pub agent_vm: bool,
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
		match &setup.images {
			Some(images) => command.arg("--images").arg(images),
			None => command.arg("--no-vms"),
		};
		if setup.agent_vm {
			command.arg("--agent-vm");
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
		process_with("--base-path", &base)?.kill()
	}

	/// Stops the machine's TPM, so that it answers nothing. It continues when the returned value is
	/// dropped.
	///
	/// ## Errors
	/// [`Error::Unexpected`] if the node does not run.
	pub fn hang_tpm(&self) -> Result<HungTpm> {
		let state = format!("dir={}", self.folder.join("tpm").display());
		let tpm = Pid::from_raw(process_with("--tpmstate", &state)?.id);
		HungTpm::new(tpm.ok_or_else(|| Error::Unexpected("the TPM has no process".into()))?)
	}

	/// Stops the network. Checks that it exits with code 0, and that none of its programs still
	/// runs.
	///
	/// ## Errors
	/// [`Error::Stopped`] if the network fails, and [`Error::LeftRunning`] if a program still runs.
	pub async fn stop(mut self) -> Result<()> {
		let rig = rig::namespace(&self.folder);
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
		nothing_left(&self.folder, rig.as_deref()).await?;
		if ended.success() {
			Ok(())
		} else {
			Err(failed(ended.to_string()))
		}
	}

	/// Kills the network, and checks that it leaves nothing running.
	///
	/// ## Errors
	/// [`Error::Stopped`] if it cannot be killed; [`Error::LeftRunning`].
	pub async fn kill(mut self) -> Result<()> {
		let rig = rig::namespace(&self.folder);
		let failed = |error: std::io::Error| Error::Stopped {
			program: "hcc devnet up",
			reason: error.to_string(),
		};
		self.child.kill().await.map_err(failed)?;
		nothing_left(&self.folder, rig.as_deref()).await
	}
}

/// A process that is stopped, and continues when this is dropped.
#[derive(Debug)]
pub struct HungTpm(Pid);

impl HungTpm {
	fn new(process: Pid) -> Result<Self> {
		kill_process(process, Signal::STOP)
			.map_err(|error| Error::Unexpected(format!("cannot stop the TPM: {error}")))?;
		Ok(Self(process))
	}
}

impl Drop for HungTpm {
	fn drop(&mut self) {
		// An error: it has ended.
		let _ = kill_process(self.0, Signal::CONT);
	}
}

fn addresses(ready: &Event) -> Addresses {
	let texts = |field| ready.texts(field).into_iter().map(str::to_owned).collect();
	Addresses { nodes: texts("nodes"), metrics: texts("metrics") }
}

/// The process that has this option with this value among its arguments.
fn process_with(option: &str, value: &str) -> Result<Process> {
	let has = |process: &Process| {
		let mut pairs = process.arguments.windows(2);
		pairs.any(|pair| matches!(pair, [name, of] if name == option && of == value))
	};
	let none = || Error::Unexpected(format!("no process has the option {option} {value}"));
	processes().into_iter().find(has).ok_or_else(none)
}

/// The command lines of all processes with a file of that folder among their arguments or in the
/// PID namespace of the network's rig, and the mounts in the folder.
fn left(folder: &Path, rig: Option<&Path>) -> Vec<String> {
	let in_rig =
		|process: &Process| rig.is_some_and(|rig| process.namespace().as_deref() == Some(rig));
	let mut left: Vec<String> = processes()
		.into_iter()
		.filter(|process| process.uses(folder) || in_rig(process))
		.map(|process| process.arguments.join(" "))
		.collect();
	let within = format!("{}/", folder.display());
	let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
	let mounts = mounts.lines().filter(|line| line.contains(&within));
	left.extend(mounts.map(|line| format!("mount {line}")));
	left
}

/// Waits until nothing of the network in that folder is left. `rig` is the namespace of its rig.
async fn nothing_left(folder: &Path, rig: Option<&Path>) -> Result<()> {
	let gone = async {
		while !left(folder, rig).is_empty() {
			sleep(Duration::from_millis(200)).await;
		}
	};
	match timeout(AFTERMATH, gone).await {
		Ok(()) => Ok(()),
		Err(_) => Err(Error::LeftRunning(left(folder, rig))),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_missing_program_is_named() {
		let setup = Setup {
			folder: "/nowhere/network".into(),
			programs: "/nowhere".into(),
			machine: "scripts/machine".into(),
			packages: None,
			validators: 1,
			images: None,
			vm_image: String::new(),
			agent_vm: false,
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

	/// The state of a process, a letter as `/proc` has it.
	fn state_of(process: Pid) -> Option<String> {
		let line = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
		Some(line.rsplit_once(") ")?.1.split(' ').next()?.to_owned())
	}

	#[tokio::test]
	async fn hung_process_continues_when_dropped() {
		let child = Command::new("sleep").arg("60").kill_on_drop(true).spawn().expect("it starts");
		let id = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).expect("it runs");
		let becomes = async |stopped: bool| {
			while (state_of(id).as_deref() == Some("T")) != stopped {
				sleep(Duration::from_millis(10)).await;
			}
		};
		let hung = HungTpm::new(id).expect("it is stopped");
		timeout(Duration::from_secs(10), becomes(true)).await.expect("it stops");
		drop(hung);
		timeout(Duration::from_secs(10), becomes(false)).await.expect("it continues");
	}

	#[test]
	fn missing_process_is_named() {
		let error = process_with("--tpmstate", "dir=/nowhere").expect_err("there is none");
		assert!(error.to_string().contains("--tpmstate dir=/nowhere"), "{error}");
	}

	#[tokio::test]
	async fn leftovers_are_found_by_their_folder() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = folder.path().join("log");
		fs::write(&file, "").expect("it is writable");
		nothing_left(folder.path(), None).await.expect("nothing runs");
		let mut child = Command::new("tail")
			.arg("-f")
			.arg(&file)
			.kill_on_drop(true)
			.stdout(Stdio::null())
			.spawn()
			.expect("there is tail");
		// The arguments of a program appear in `/proc` shortly after its start.
		let shown = async {
			while left(folder.path(), None).is_empty() {
				sleep(Duration::from_millis(10)).await;
			}
		};
		timeout(Duration::from_secs(10), shown).await.expect("tail shows its arguments");
		let waiting = timeout(Duration::from_secs(1), nothing_left(folder.path(), None));
		assert!(waiting.await.is_err(), "tail runs");
		child.kill().await.expect("it runs");
		nothing_left(folder.path(), None).await.expect("it was killed");
	}
}
