//! Running VMs: the operations that the agent needs, and the means that carry them out.

mod allotment;
mod config;
mod connection;
mod domain;
mod error;
mod files;
mod hypervisor;
mod identity;
mod image;
mod libvirt;
mod network;
mod process;
mod xml;

use std::{
	path::{Path, PathBuf},
	sync::Arc,
	time::Duration,
};

use async_trait::async_trait;
use hcc_evidence::vm::{image::ImageId, VmId};
use hcc_guest_protocol::Address;

pub use config::{LauncherConfig, LibvirtConfig, Limits, ProcessConfig};
pub(crate) use error::LauncherError;
pub(crate) use identity::{Owner, AGENT};
pub(crate) use image::SurveyedImage;

/// The generation and boot counter of a VM. A later boot compares greater.
pub(crate) type Boot = (u32, u32);

/// The vsock port at which the agent in a VM listens.
pub(crate) const GUEST_PORT: u32 = 1;

/// The number of vCPUs of hccam's VM.
pub(crate) const AGENT_VCPUS: u32 = 1;

/// The vsock port at which hccam listens in its VM.
const AGENT_PORT: u32 = 5_000;

/// A VM as the chain wants it to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VmSpec {
	pub vm: VmId,
	pub boot: Boot,
	/// The image that the tenant ordered.
	pub image: ImageId,
	/// The launch measurement of the image with this number of vCPUs, as the chain has copied it.
	pub measurement: [u8; 48],
	/// The HOST_DATA of the VM's reports.
	pub host_data: [u8; 32],
	pub vcpus: u32,
	/// Memory in MiB.
	pub memory: u32,
	/// Disk in GiB.
	pub disk: u32,
	/// The settings of hccam, on a disk in the place of the tenant's. `None` for VMs of tenants.
	pub settings: Option<Vec<u8>>,
}

/// A VM that has something on this host: a process, a disk, a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hosted {
	pub vm: VmId,
	/// The boot for which the VM runs.
	pub runs: Option<Boot>,
	/// The address of the agent in the VM.
	pub agent: Address,
	/// False if the agent must not be connected to yet. A connection to a guest whose driver is
	/// missing would block vhost-device-vsock forever.
	pub is_reachable: bool,
	/// The size of its disk in GiB, if it has one.
	pub disk: Option<u32>,
	/// The first assignment from which the VM has anything here.
	pub oldest: Option<u32>,
}

/// The way in which a VM stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
	/// The guest is asked to shut down, and is forced off after a time.
	Graceful,
	/// The guest is forced off.
	Force,
}

/// Runs VMs on this host.
///
/// At most one operation for each VM is in progress at a time; [`Self::list`] may run beside it.
/// All operations can be repeated after a failure or a restart of the agent, and end within a
/// bounded time. VMs outlive the launcher.
#[async_trait]
pub(crate) trait Launcher: Send + Sync {
	/// Ensures that a VM runs for a boot. Another boot of the VM is stopped first, so this is a
	/// reboot as well. vCPUs, memory and the size of the disk take effect.
	async fn ensure(&self, spec: &VmSpec) -> Result<(), LauncherError>;

	/// Stops a VM if it runs. Keeps its disk.
	async fn stop(&self, vm: VmId, how: Stop) -> Result<(), LauncherError>;

	/// Ends a VM, and deletes all that it has on this host.
	async fn destroy(&self, vm: VmId) -> Result<(), LauncherError>;

	/// Deletes all that a VM has on this host from assignments before that generation.
	async fn destroy_earlier(&self, vm: VmId, generation: u32) -> Result<(), LauncherError>;

	/// Grows the disk of a running VM. A disk never shrinks.
	async fn grow_disk(&self, vm: VmId, gib: u32) -> Result<(), LauncherError>;

	/// Returns the VMs of tenants that have something on this host.
	async fn list(&self) -> Result<Vec<Hosted>, LauncherError>;

	/// Returns the VM of hccam, if it has something on this host. Only libvirt runs such a VM.
	async fn agent(&self) -> Result<Option<Hosted>, LauncherError> {
		Ok(None)
	}

	/// Waits until a boot has failed, and returns the reason. During that time the caller waits for
	/// the VM's agent.
	async fn watch_boot(&self, vm: VmId, boot: Boot) -> LauncherError;

	/// Returns the file with the console log of a VM, if the launcher keeps one.
	fn console(&self, vm: VmId, boot: Boot) -> Option<PathBuf>;
}

/// Time limit for the versions of libvirt and its VMM.
const VERSIONS_TIMEOUT: Duration = Duration::from_secs(30);

/// The versions of libvirt and of its VMM, as libvirt encodes them: a million for a major version,
/// and a thousand for a minor one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
	pub libvirt: u32,
	pub vmm: u32,
}

/// Queries the versions of libvirt and of its VMM.
///
/// ## Errors
/// The reason why libvirt does not answer.
pub(crate) async fn versions(config: &LibvirtConfig) -> Result<Versions, String> {
	let libvirt = connection::Libvirt::new(config.uri.clone());
	let asking = tokio::task::spawn_blocking(move || libvirt.versions());
	let answer = tokio::time::timeout(VERSIONS_TIMEOUT, asking).await;
	let answer =
		answer.map_err(|_| format!("no answer within {} s", VERSIONS_TIMEOUT.as_secs()))?;
	let versions = answer.map_err(|error| error.to_string())?;
	versions.map_err(|error| error.to_string())
}

/// Verifies all images of a launcher. Blocks.
///
/// ## Errors
/// [`LauncherError::Storage`] if the folder of images cannot be read.
pub(crate) fn survey_images(config: &LibvirtConfig) -> Result<Vec<SurveyedImage>, LauncherError> {
	image::ImageFolder::new(config.image_dir.clone()).survey()
}

/// An image in a folder of its own, and what follows from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgentImage {
	pub id: ImageId,
	/// The launch measurement with one vCPU.
	pub measurement: [u8; 48],
	/// The memory that the image needs, in MiB.
	pub memory: u32,
}

/// Verifies the image of hccam. Blocks.
///
/// ## Errors
/// [`LauncherError::ImageMismatch`] if it is damaged or has no row for one vCPU.
pub(crate) fn agent_image(folder: &Path) -> Result<AgentImage, LauncherError> {
	image::OneImage(folder.into()).agent_image()
}

/// Makes a launcher for the VM of hccam, which runs the image in that folder.
pub(crate) fn open_agent(config: &LibvirtConfig, image: &Path, owner: Owner) -> Arc<dyn Launcher> {
	Arc::new(libvirt::LibvirtLauncher::new(
		connection::Libvirt::new(config.uri.clone()),
		image::OneImage(image.into()),
		owner,
		config.clone(),
	))
}

/// Makes the configured launcher, for the VMs of a miner.
pub(crate) fn open(config: &LauncherConfig, run_dir: &Path, owner: Owner) -> Arc<dyn Launcher> {
	match config {
		LauncherConfig::Process(process) => {
			Arc::new(process::ProcessLauncher::new(process.program.clone(), run_dir.into()))
		},
		LauncherConfig::Libvirt(libvirt) => {
			if libvirt.insecure_chip.is_some() {
				tracing::warn!(
					"INSECURE: VMs have no memory encryption, and their chip is simulated"
				);
			}
			Arc::new(libvirt::LibvirtLauncher::new(
				connection::Libvirt::new(libvirt.uri.clone()),
				image::ImageFolder::new(libvirt.image_dir.clone()),
				owner,
				(**libvirt).clone(),
			))
		},
	}
}
