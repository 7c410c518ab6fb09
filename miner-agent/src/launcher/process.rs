//! Runs a program in the place of each VM, for unit tests and load tests.

use std::{
	collections::BTreeSet,
	fs,
	path::{Path, PathBuf},
	sync::{Mutex, PoisonError},
	time::Duration,
};

use async_trait::async_trait;
use hcc_evidence::vm::VmId;
use hcc_guest_protocol::Address;
use tokio::time::{sleep, Instant};

use super::{Boot, Hosted, Launcher, LauncherError, Stop, VmSpec};
use crate::process::{adopt, Process};

/// Time that a program has to answer.
const ANSWER: Duration = Duration::from_secs(120);
/// Interval between two checks of a program that boots.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// The launcher for processes.
pub(super) struct ProcessLauncher {
	program: PathBuf,
	/// The folder of the records and sockets of VMs.
	run_dir: PathBuf,
	/// VMs whose process is about to start or end. Their records do not change during that time.
	busy: Mutex<BTreeSet<VmId>>,
}

/// Keeps a VM busy.
struct Busy<'a> {
	launcher: &'a ProcessLauncher,
	vm: VmId,
}

impl Drop for Busy<'_> {
	fn drop(&mut self) {
		self.launcher.with_busy(|busy| busy.remove(&self.vm));
	}
}

impl ProcessLauncher {
	pub(super) fn new(program: PathBuf, run_dir: PathBuf) -> Self {
		Self { program, run_dir, busy: Mutex::default() }
	}

	fn with_busy<T>(&self, change: impl FnOnce(&mut BTreeSet<VmId>) -> T) -> T {
		change(&mut self.busy.lock().unwrap_or_else(PoisonError::into_inner))
	}

	fn keep_busy(&self, vm: VmId) -> Busy<'_> {
		self.with_busy(|busy| busy.insert(vm));
		Busy { launcher: self, vm }
	}

	fn process(&self, vm: VmId) -> Process {
		Process::of(self.run_dir.join(format!("vm-{vm}.json")))
	}

	fn address(&self, vm: VmId) -> Address {
		Address::Unix(self.run_dir.join(format!("vm-{vm}.sock")))
	}

	/// Returns the VMs that have a record, after it records those that run without one. A lost
	/// record must not start a VM twice.
	fn recorded(&self) -> anyhow::Result<Vec<VmId>> {
		let is_free = |file: &Path| {
			let vm = file.file_name().and_then(|name| vm_of(name.to_str()?));
			vm.is_some_and(|vm| self.with_busy(|busy| !busy.contains(&vm)))
		};
		adopt(&self.run_dir, is_free)?;
		let mut vms = Vec::new();
		for entry in fs::read_dir(&self.run_dir)? {
			vms.extend(entry?.file_name().to_str().and_then(vm_of));
		}
		Ok(vms)
	}

	async fn end(&self, vm: VmId) -> Result<(), LauncherError> {
		let _busy = self.keep_busy(vm);
		self.process(vm).end().await.map_err(|error| failed(&error))
	}
}

/// Returns the VM of a record file by its name.
fn vm_of(name: &str) -> Option<VmId> {
	name.strip_prefix("vm-")?.strip_suffix(".json")?.parse().ok()
}

fn failed(error: &anyhow::Error) -> LauncherError {
	LauncherError::Program(format!("{error:#}"))
}

#[async_trait]
impl Launcher for ProcessLauncher {
	async fn ensure(&self, spec: &VmSpec) -> Result<(), LauncherError> {
		let process = self.process(spec.vm);
		if process.running_boot() == Some(spec.boot) {
			return Ok(());
		}
		let _busy = self.keep_busy(spec.vm);
		process.end().await.map_err(|error| failed(&error))?;
		let (generation, counter) = spec.boot;
		let options = [
			("--vm", spec.vm.to_string()),
			("--generation", generation.to_string()),
			("--boot", counter.to_string()),
			("--image", hex::encode(spec.measurement)),
			("--host-data", hex::encode(spec.host_data)),
			("--vcpus", spec.vcpus.to_string()),
			("--memory", spec.memory.to_string()),
			("--disk", spec.disk.to_string()),
			("--listen", self.address(spec.vm).to_string()),
		];
		let arguments: Vec<_> =
			options.into_iter().flat_map(|(name, value)| [name.to_string(), value]).collect();
		let started = process.start(&self.program, &arguments, spec.boot).await;
		started.map_err(|error| failed(&error.context(self.program.display().to_string())))
	}

	async fn stop(&self, vm: VmId, _how: Stop) -> Result<(), LauncherError> {
		self.end(vm).await
	}

	async fn destroy(&self, vm: VmId) -> Result<(), LauncherError> {
		self.end(vm).await
	}

	/// Does nothing: a VM has one process.
	async fn destroy_earlier(&self, _vm: VmId, _generation: u32) -> Result<(), LauncherError> {
		Ok(())
	}

	/// Does nothing: the program has no disk.
	async fn grow_disk(&self, _vm: VmId, _gib: u32) -> Result<(), LauncherError> {
		Ok(())
	}

	async fn list(&self) -> Result<Vec<Hosted>, LauncherError> {
		let recorded = self.recorded().map_err(|error| failed(&error))?;
		let hosted = recorded.into_iter().map(|vm| Hosted {
			vm,
			runs: self.process(vm).running_boot(),
			agent: self.address(vm),
			is_reachable: true,
			disk: None,
			oldest: None,
		});
		Ok(hosted.collect())
	}

	async fn watch_boot(&self, vm: VmId, boot: Boot) -> LauncherError {
		let deadline = Instant::now() + ANSWER;
		while Instant::now() < deadline {
			sleep(CHECK_EVERY).await;
			if self.process(vm).running_boot() != Some(boot) {
				return LauncherError::GuestEnded;
			}
		}
		LauncherError::GuestSilent { seconds: ANSWER.as_secs() }
	}

	fn console(&self, _vm: VmId, _boot: Boot) -> Option<PathBuf> {
		None
	}
}

#[cfg(test)]
mod tests {
	use std::os::unix::fs::PermissionsExt;

	use super::*;

	const SPEC: VmSpec = VmSpec {
		vm: 7,
		boot: (2, 3),
		image: [5; 32],
		measurement: [1; 48],
		host_data: [2; 32],
		vcpus: 1,
		memory: 256,
		disk: 1,
		settings: None,
	};

	/// Returns a launcher whose program records its arguments and sleeps.
	fn launcher(folder: &Path) -> ProcessLauncher {
		let program = folder.join("program");
		let text =
			format!("#!/bin/sh\necho \"$@\" >>{}/arguments\nexec sleep 600\n", folder.display());
		fs::write(&program, text).expect("written");
		let mode = fs::Permissions::from_mode(0o755);
		fs::set_permissions(&program, mode).expect("executable");
		let run_dir = folder.join("run");
		fs::create_dir(&run_dir).expect("a folder");
		ProcessLauncher::new(program, run_dir)
	}

	#[tokio::test]
	async fn process_runs_once_for_each_boot() {
		let folder = tempfile::tempdir().expect("a folder");
		let launcher = launcher(folder.path());
		launcher.ensure(&SPEC).await.expect("it starts");
		launcher.ensure(&SPEC).await.expect("it runs");
		launcher.ensure(&VmSpec { boot: (2, 4), ..SPEC }).await.expect("it starts again");
		let listed = launcher.list().await.expect("listed");
		let agent = Address::Unix(folder.path().join("run/vm-7.sock"));
		let runs = Some((2, 4));
		let wanted = Hosted { vm: 7, runs, agent, is_reachable: true, disk: None, oldest: None };
		assert_eq!(listed, [wanted]);
		let arguments = fs::read_to_string(folder.path().join("arguments")).expect("read");
		let boots: Vec<_> = arguments.lines().filter_map(|line| line.split(' ').nth(5)).collect();
		assert_eq!(boots, ["3", "4"], "{arguments}");
		launcher.stop(7, Stop::Force).await.expect("it ends");
		assert_eq!(launcher.list().await.expect("listed"), []);
	}

	#[tokio::test]
	async fn missing_program_is_an_error_of_the_program() {
		let folder = tempfile::tempdir().expect("a folder");
		let launcher = ProcessLauncher::new(folder.path().join("nothing"), folder.path().into());
		let error = launcher.ensure(&SPEC).await.expect_err("there is no program");
		assert_eq!(error.code(), "program");
		assert!(error.to_string().contains("nothing"), "{error}");
	}

	#[tokio::test]
	async fn ended_process_is_noticed_while_it_boots() {
		let folder = tempfile::tempdir().expect("a folder");
		let launcher = launcher(folder.path());
		assert_eq!(launcher.watch_boot(7, (2, 3)).await.code(), "guest-ended");
	}
}
