//! The VMs of this host to which the relay leads.

use std::{
	fs, io,
	path::{Path, PathBuf},
};

use anyhow::Context;
use hcc_evidence::{
	host::{Genesis, MinerId},
	vm::VmId,
};
use hcc_guest_protocol::{relay::Refusal, Address};
use serde::{Deserialize, Serialize};

use crate::process::{self, Process};

/// The access to a running VM, in a file that the agent writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VmAccess {
	pub genesis: Genesis,
	pub miner: MinerId,
	/// The address of the VM's agent, once it has answered. Other ports of the VM follow from it.
	/// An earlier connection can block a vsock device of the rig for good.
	pub agent: Option<String>,
	/// The ports that the VM's configuration publishes.
	pub published: Vec<u16>,
	/// The file with the console log, if the launcher keeps one.
	pub console: Option<PathBuf>,
	/// The ed25519 key that signed the VM's configuration.
	pub signer: [u8; 32],
}

impl VmAccess {
	fn file(run_dir: &Path, vm: VmId) -> PathBuf {
		run_dir.join(format!("access-{vm}.json"))
	}

	/// Writes the access to a VM.
	pub(crate) fn write(&self, run_dir: &Path, vm: VmId) -> anyhow::Result<()> {
		let file = Self::file(run_dir, vm);
		process::write(&file, &serde_json::to_vec(self)?)
			.with_context(|| format!("cannot write {}", file.display()))
	}

	/// Removes the access to a VM, if there is one.
	pub(crate) fn remove(run_dir: &Path, vm: VmId) -> anyhow::Result<()> {
		let file = Self::file(run_dir, vm);
		match fs::remove_file(&file) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => {
				Err(error).with_context(|| format!("cannot remove {}", file.display()))
			},
			_ => Ok(()),
		}
	}

	fn read(run_dir: &Path, vm: VmId) -> Option<Self> {
		serde_json::from_slice(&fs::read(Self::file(run_dir, vm)).ok()?).ok()
	}

	/// Returns the address of a port of the VM.
	pub(crate) fn port(&self, port: u32) -> Option<Address> {
		Some(self.agent.as_ref()?.parse::<Address>().ok()?.with_port(port))
	}
}

/// The VMs to which a relay leads.
pub(crate) trait VmDirectory: Send + Sync + 'static {
	/// Returns the access to a VM that runs here.
	fn find(&self, vm: VmId) -> Result<VmAccess, Refusal>;
}

/// The VMs that the agent has recorded in its folder.
pub(crate) struct RunDir {
	path: PathBuf,
}

impl RunDir {
	pub(crate) fn new(path: PathBuf) -> Self {
		Self { path }
	}
}

impl VmDirectory for RunDir {
	fn find(&self, vm: VmId) -> Result<VmAccess, Refusal> {
		let access = VmAccess::read(&self.path, vm).ok_or(Refusal::UnknownVm)?;
		let record = self.path.join(format!("vm-{vm}.json"));
		// A VM that is not a process of this host has no such record.
		if record.exists() && Process::of(record).running_boot().is_none() {
			return Err(Refusal::NotRunning);
		}
		Ok(access)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn access() -> VmAccess {
		VmAccess {
			genesis: [1; 32],
			miner: [2; 32],
			agent: Some("vsock:5:1".into()),
			published: vec![443],
			console: None,
			signer: [3; 32],
		}
	}

	#[test]
	fn access_found_until_removed() {
		let folder = tempfile::tempdir().expect("a folder");
		let vms = RunDir::new(folder.path().into());
		assert_eq!(vms.find(7), Err(Refusal::UnknownVm));
		access().write(folder.path(), 7).expect("written");
		assert_eq!(vms.find(7), Ok(access()));
		assert_eq!(vms.find(8), Err(Refusal::UnknownVm));
		VmAccess::remove(folder.path(), 7).expect("removed");
		VmAccess::remove(folder.path(), 7).expect("removing it twice succeeds");
		assert_eq!(vms.find(7), Err(Refusal::UnknownVm));
	}

	#[test]
	fn crashed_vm_is_not_running() {
		let folder = tempfile::tempdir().expect("a folder");
		access().write(folder.path(), 7).expect("written");
		fs::write(folder.path().join("vm-7.json"), "no process").expect("written");
		assert_eq!(RunDir::new(folder.path().into()).find(7), Err(Refusal::NotRunning));
	}

	#[test]
	fn ports_belong_to_the_guest_of_the_agent() {
		let ssh = access().port(22).map(|address| address.to_string());
		assert_eq!(ssh.as_deref(), Some("vsock:5:22"));
		for agent in [None, Some("elsewhere".into())] {
			assert_eq!(VmAccess { agent, ..access() }.port(22), None);
		}
	}
}
