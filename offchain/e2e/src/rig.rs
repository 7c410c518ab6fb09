//! The rig of the network: its libvirt, and the processes of its VMs.

use std::{
	fs,
	path::{Path, PathBuf},
	time::Duration,
};

use crate::{
	commands,
	process::{processes, Process},
	Error, Result,
};

/// The text that the agent of a VM prints once it listens.
pub const FIRST_WORDS: &str = "waiting for the configuration";
/// The time limit of a command for libvirt.
const PATIENCE: Duration = Duration::from_secs(60);
/// The folder that the rig shares with this machine, as the rig names it, and its name in the
/// network's folder.
const SHARED: &str = "/var/lib/hcc";
const SHARED_OUTSIDE: &str = "shared";

/// The rig of the network in a folder.
pub struct Rig {
	folder: PathBuf,
	script: PathBuf,
}

impl Rig {
	/// The rig of the network in that folder. `machine` is the folder of the machine's scripts.
	pub fn new(folder: &Path, machine: &Path) -> Self {
		Self { folder: folder.to_owned(), script: machine.join("../rig/rig.sh") }
	}

	/// Runs virsh in the rig.
	async fn virsh(&self, arguments: &[&str]) -> Result<String> {
		let folder = self.folder.display().to_string();
		let all = [&["enter", &folder, "virsh", "--quiet"][..], arguments].concat();
		commands::succeed(&self.script, &all, PATIENCE).await
	}

	/// Returns true if libvirtd answers.
	pub async fn answers(&self) -> bool {
		self.virsh(&["list"]).await.is_ok()
	}

	/// The definition of the domain of a VM, for a launch under another name. It has no network, no
	/// UUID, and no mark by which the miner would adopt it.
	///
	/// ## Errors
	/// [`Error::Missing`] if no domain is that VM's.
	pub async fn domain(&self, vm: u64) -> Result<String> {
		let names = self.virsh(&["list", "--all", "--name"]).await?;
		let start = format!("hcc-vm-{vm}-");
		let name = names.lines().map(str::trim).find(|name| name.starts_with(&start));
		let missing = || Error::Missing { field: start.clone(), found: names.clone() };
		let text = self.virsh(&["dumpxml", "--inactive", name.ok_or_else(missing)?]).await?;
		let parts = [
			("<uuid>", "</uuid>"),
			("<metadata>", "</metadata>"),
			("<interface ", "</interface>"),
			("<console ", "</console>"),
		];
		Ok(parts.into_iter().fold(text, |text, (start, end)| without(&text, start, end)))
	}

	/// Launches a domain of that definition under another name. Returns the path of its console.
	///
	/// ## Errors
	/// [`Error::Failed`] if libvirt refuses it; [`Error::File`].
	pub async fn create(&self, domain: &str, name: &str) -> Result<PathBuf> {
		let shared = self.folder.join(SHARED_OUTSIDE);
		let console = shared.join(format!("{name}.log"));
		let domain = without(domain, "<name>", "</name>");
		let domain = without(&domain, "<serial ", "</serial>");
		let serial = format!(
			"<devices><serial type='file'><source path='{SHARED}/{name}.log'/>\
			 <target type='isa-serial' port='0'/></serial>"
		);
		let domain = domain.replacen("<devices>", &serial, 1);
		// After the start tag of the domain, which has attributes.
		let domain = domain.replacen(">\n", &format!(">\n<name>{name}</name>\n"), 1);
		let path = shared.join(format!("{name}.xml"));
		fs::write(&path, domain).map_err(Error::file(&path))?;
		self.virsh(&["create", &format!("{SHARED}/{name}.xml")]).await?;
		Ok(console)
	}

	/// Ends a domain.
	///
	/// ## Errors
	/// [`Error::Failed`] if there is no such domain.
	pub async fn destroy(&self, name: &str) -> Result<()> {
		self.virsh(&["destroy", name]).await.map(drop)
	}

	/// The number of processes of a VM.
	pub fn processes(&self, vm: u64) -> usize {
		self.of_vm(vm).count()
	}

	/// Kills the process of a VM. Returns false if it has none.
	///
	/// ## Errors
	/// [`Error::Unexpected`] if it cannot be killed.
	pub fn kill_vm(&self, vm: u64) -> Result<bool> {
		let found = self.of_vm(vm).next();
		found.map(|process| process.kill()).transpose().map(|killed| killed.is_some())
	}

	/// Kills libvirtd. The rig starts it again.
	///
	/// ## Errors
	/// [`Error::Unexpected`] if it does not run.
	pub fn kill_libvirtd(&self) -> Result<()> {
		let none = || Error::Unexpected("libvirtd does not run".into());
		program(&self.folder, "libvirtd").ok_or_else(none)?.kill()
	}

	/// The process of hccam's VM, if it runs.
	pub fn agent_process(&self) -> Option<Process> {
		self.all().find(|process| process.has_argument("guest=hcc-agent-"))
	}

	fn of_vm(&self, vm: u64) -> impl Iterator<Item = Process> {
		let start = format!("guest=hcc-vm-{vm}-");
		self.all().filter(move |process| process.has_argument(&start))
	}

	/// All processes of the rig.
	fn all(&self) -> impl Iterator<Item = Process> {
		let namespace = namespace(&self.folder);
		processes()
			.into_iter()
			.filter(move |process| namespace.is_some() && process.namespace() == namespace)
	}
}

/// The PID namespace of the rig of the network in that folder, if one runs. All processes of a rig
/// are in it, and no others.
pub fn namespace(folder: &Path) -> Option<PathBuf> {
	// No scene kills this program.
	program(folder, "vhost-device-vsock")?.namespace()
}

/// The process of a program of the rig of the network in that folder.
fn program(folder: &Path, name: &str) -> Option<Process> {
	let matches = |process: &Process| {
		let program = process.arguments.first().map(Path::new).and_then(Path::file_name);
		program.is_some_and(|program| program == name) && process.uses(&folder.join("rig"))
	};
	processes().into_iter().find(matches)
}

/// Removes everything between two texts, and the texts. Does nothing if one is absent.
fn without(text: &str, start: &str, end: &str) -> String {
	let cut = text.split_once(start).and_then(|(before, rest)| {
		let (_, after) = rest.split_once(end)?;
		Some(format!("{before}{after}"))
	});
	cut.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn parts_are_cut_out() {
		let text = "<domain>\n<name>a</name>\n<uuid>b</uuid></domain>";
		assert_eq!(without(text, "<uuid>", "</uuid>"), "<domain>\n<name>a</name>\n</domain>");
		assert_eq!(without(text, "<interface ", "</interface>"), text);
	}

	#[test]
	fn network_without_rig_has_no_namespace() {
		let empty = tempfile::tempdir().expect("a folder");
		assert_eq!(namespace(empty.path()), None);
		let rig = Rig::new(empty.path(), Path::new("scripts/machine"));
		assert_eq!(rig.processes(0), 0);
		assert!(!rig.kill_vm(0).expect("there is none"));
		assert!(rig.kill_libvirtd().is_err());
		assert!(rig.agent_process().is_none());
	}
}
