//! The rig: one libvirt whose domains are the miner's host and the VMs that the miner launches.
//!
//! `scripts/rig/rig.sh` makes it, in namespaces of its own. It needs root.

use std::{
	fs,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::{bail, Context};
use hcc_image::Image;
use rustix::process::geteuid;
use tokio::{process::Command, time::sleep};

use super::{
	forward,
	host::output_of,
	layout::Layout,
	supervisor::{Program, Supervisor},
};

/// The folder of the rig's scripts, relative to that of the machine's.
const SCRIPTS: &str = "../rig";
/// The script of the tool root, relative to the same folder.
const TOOL_ROOT: &str = "../../images/tool-root.sh";
/// The image that VMs of a network boot, unless their tenant orders another.
const IMAGE: &str = "insecure-minimal";
/// The image in which hccam runs, if it has a VM of its own.
const AGENT_IMAGE: &str = "insecure-hccam";
/// The number of vCPUs of hccam's VM.
const AGENT_VCPUS: u32 = 1;
/// The files of an image.
const IMAGE_FILES: [&str; 6] =
	["image.json", "OVMF.fd", "vmlinuz", "initrd", "root.squashfs", "root.verity"];
/// Programs of the machine that the rig uses, and the packages of Debian that contain them.
const PROGRAMS: [(&str, &str); 4] = [
	("mmdebstrap", "mmdebstrap"),
	("unshare", "util-linux"),
	("nsenter", "util-linux"),
	("pgrep", "procps"),
];
/// The folder that host and rig share, and its name in the network's folder. The paths in it are
/// the same for the miner in the host and for libvirt.
const SHARED: &str = "/var/lib/hcc";
const SHARED_OUTSIDE: &str = "shared";
/// Time limit for the start, until the host boots.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const POLL_EVERY: Duration = Duration::from_millis(100);
/// The last stage of the start.
const READY: &str = "ready";

/// Returns true if this process may start a rig.
pub(crate) fn is_permitted() -> bool {
	geteuid().is_root()
}

/// Returns the requirements of VMs that this machine does not meet, each with a remedy.
/// With `agent_vm`, hccam has a VM of its own.
pub(crate) fn missing(layout: &Layout, images: &Path, agent_vm: bool) -> Vec<String> {
	let mut missing = Vec::new();
	for script in [format!("{SCRIPTS}/rig.sh"), TOOL_ROOT.to_owned()] {
		let path = layout.script(&script);
		if !path.is_file() {
			missing.push(format!(
				"the script {}: run hcc in a checkout of hccs, or name its folder scripts/machine \
				 with --machine",
				path.display()
			));
		}
	}
	for (program, package) in PROGRAMS {
		if !is_on_path(program) {
			missing
				.push(format!("the program {program} (package {package}): run scripts/setup.sh"));
		}
	}
	for name in [Some(IMAGE), agent_vm.then_some(AGENT_IMAGE)].into_iter().flatten() {
		let image = images.join(name);
		if let Some(file) = IMAGE_FILES.into_iter().find(|file| !image.join(file).is_file()) {
			missing.push(format!(
				"the image {name}, of which {} does not exist: make image RECIPE={name}, or name \
				 the folder of images with --images",
				image.join(file).display()
			));
		}
	}
	missing
}

fn is_on_path(program: &str) -> bool {
	let path = std::env::var_os("PATH").unwrap_or_default();
	std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Builds the programs of the rig that Debian lacks, if they are not in the cache.
pub(crate) async fn build_programs(layout: &Layout) -> anyhow::Result<()> {
	let mut build = Command::new(layout.script(&format!("{SCRIPTS}/programs.sh")));
	output_of(&mut build).await.context("cannot build the programs of the rig").map(drop)
}

/// Makes the tool root, if it is not in the cache.
pub(crate) async fn make_tool_root(layout: &Layout) -> anyhow::Result<()> {
	let mut make = Command::new(layout.script(&format!("{SCRIPTS}/rig.sh")));
	output_of(make.arg("tool-root")).await.context("cannot make the tool root").map(drop)
}

/// The rig of a network.
pub(crate) struct Rig {
	images: PathBuf,
	/// The port of the miner's relay: on this machine, in the rig and in the host.
	relay_port: u16,
	/// True if hccam has a VM of its own.
	agent_vm: bool,
}

impl Rig {
	/// Creates a rig with the images in a folder.
	pub(crate) fn new(images: PathBuf, relay_port: u16, agent_vm: bool) -> Self {
		Self { images, relay_port, agent_vm }
	}

	/// Returns the launch measurement of the image of hccam, if hccam has a VM of its own. Verifies
	/// the image.
	pub(crate) fn agent_measurement(&self) -> anyhow::Result<Option<[u8; 48]>> {
		if !self.agent_vm {
			return Ok(None);
		}
		let image = Image::verify(&self.images.join(AGENT_IMAGE), |_| {})?;
		Ok(Some(image.row(AGENT_VCPUS)?.measurement))
	}

	/// Returns the address by which tenants reach VMs.
	pub(crate) fn relay(&self) -> String {
		format!("127.0.0.1:{}", self.relay_port)
	}

	/// Returns the sections of the miner's configuration about VMs. `gateway` is the address of the
	/// rig as the host sees it, and `chip` the simulated chip of its VMs.
	///
	/// The kernel of this machine may lack cgroups and queueing disciplines, so the VMs have no
	/// limits that need them.
	pub(crate) fn miner_sections(&self, gateway: &str, chip: &str) -> String {
		let Self { relay_port, .. } = self;
		let agent = if self.agent_vm {
			format!("\n[agent_vm]\nimage = \"{SHARED}/images/{AGENT_IMAGE}\"\n")
		} else {
			String::new()
		};
		format!(
			"\n[launcher]\nkind = \"libvirt\"\nuri = \"qemu+tcp://{gateway}/system\"\n\
			 image_dir = \"{SHARED}/images\"\nstate_dir = \"{SHARED}/vms\"\n\
			 network = \"10.201.0.0/26\"\nfirst_cid = 1000\nvsock_dir = \"/run/hcc/vsock\"\n\
			 emulator = \"/usr/bin/qemu-system-x86_64\"\ninsecure_chip = \"{chip}\"\n\
			 \n[launcher.limits]\ncpu_percent = 0\nnetwork_kib = 0\nreserve_disk = false\n\
			 \n[relay]\nlisten = \"0.0.0.0:{relay_port}\"\nendpoint = \"{}\"\n{agent}",
			self.relay()
		)
	}

	/// Starts the rig, which boots the host. Reports each stage.
	pub(crate) async fn start(
		&self,
		layout: &Layout,
		packages: &Path,
		rpc_port: u16,
		supervisor: &mut Supervisor<'_>,
		report: impl Fn(&str),
	) -> anyhow::Result<()> {
		self.share_images(layout)?;
		let folder = layout.file("rig");
		fs::create_dir_all(&folder)
			.with_context(|| format!("cannot create {}", folder.display()))?;
		forward::to_port(&folder.join("node.sock"), rpc_port)?;
		forward::to_socket(self.relay_port, &folder.join("relay.sock")).await?;
		supervisor.start(Program {
			name: "rig".into(),
			path: layout.script(&format!("{SCRIPTS}/rig.sh")),
			arguments: vec![
				"run".into(),
				layout.folder().into(),
				packages.into(),
				rpc_port.to_string().into(),
				self.relay_port.to_string().into(),
			],
			log: layout.logs().join("rig.log"),
		})?;
		let stages = folder.join("stages");
		tokio::select! {
			started = follow(&stages, START_TIMEOUT, report) => started.with_context(|| {
				format!("the rig has not started; see the logs in {}", layout.logs().display())
			}),
			() = supervisor.watch() => bail!("the rig has stopped"),
		}
	}

	/// Puts the images where the miner looks for them, as if it had fetched them.
	fn share_images(&self, layout: &Layout) -> anyhow::Result<()> {
		let images = fs::read_dir(&self.images)
			.with_context(|| format!("cannot read {}", self.images.display()))?;
		for image in images {
			let image = image.context("cannot read the folder of images")?;
			let files = IMAGE_FILES.map(|file| (image.path().join(file), file));
			if !files.iter().all(|(path, _)| path.is_file()) {
				continue;
			}
			let name = image.file_name();
			let folder = layout.file(SHARED_OUTSIDE).join("images").join(name);
			fs::create_dir_all(&folder)
				.with_context(|| format!("cannot create {}", folder.display()))?;
			for (path, file) in files {
				fs::copy(&path, folder.join(file))
					.with_context(|| format!("cannot copy {}", path.display()))?;
			}
		}
		Ok(())
	}
}

/// Reports the lines of a file as they appear, until the last stage.
async fn follow(stages: &Path, limit: Duration, report: impl Fn(&str)) -> anyhow::Result<()> {
	let began = Instant::now();
	let mut seen = 0;
	while began.elapsed() < limit {
		let text = fs::read_to_string(stages).unwrap_or_default();
		for stage in text.lines().skip(seen) {
			report(stage);
			seen += 1;
			if stage == READY {
				return Ok(());
			}
		}
		sleep(POLL_EVERY).await;
	}
	bail!("it reached {seen} stages within {} s", limit.as_secs())
}

#[cfg(test)]
mod tests {
	use std::cell::RefCell;

	use super::*;

	#[tokio::test]
	async fn stages_are_reported_once() {
		let folder = tempfile::tempdir().expect("a folder");
		let stages = folder.path().join("stages");
		let seen = RefCell::new(Vec::new());
		let report = |stage: &str| seen.borrow_mut().push(stage.to_owned());
		let write = async {
			for text in
				["", "namespaces\n", "namespaces\nlibvirtd\n", "namespaces\nlibvirtd\nready\n"]
			{
				fs::write(&stages, text).expect("writable");
				sleep(POLL_EVERY * 2).await;
			}
		};
		let (result, ()) = tokio::join!(follow(&stages, START_TIMEOUT, report), write);
		result.expect("it is ready");
		assert_eq!(*seen.borrow(), ["namespaces", "libvirtd", "ready"]);
	}

	#[tokio::test]
	async fn start_has_time_limit() {
		let error = follow(Path::new("/absent"), POLL_EVERY, |_| {}).await.expect_err("no stages");
		assert!(error.to_string().contains("0 stages"), "{error}");
	}

	#[test]
	fn missing_requirements_name_remedies() {
		let empty = tempfile::tempdir().expect("a folder");
		let layout = Layout::for_test(empty.path());
		let missing = missing(&layout, empty.path(), true);
		for wanted in ["--machine", "RECIPE=insecure-minimal", "RECIPE=insecure-hccam"] {
			assert!(missing.iter().any(|line| line.contains(wanted)), "{wanted}: {missing:?}");
		}
	}

	#[test]
	fn complete_images_alone_are_shared() {
		let folder = tempfile::tempdir().expect("a folder");
		let images = folder.path().join("images");
		for (image, files) in [("whole", &IMAGE_FILES[..]), ("part", &IMAGE_FILES[..5])] {
			fs::create_dir_all(images.join(image)).expect("writable");
			for file in files {
				fs::write(images.join(image).join(file), image).expect("writable");
			}
		}
		let layout = Layout::for_test(&folder.path().join("network"));
		let rig = Rig { images, relay_port: 1, agent_vm: false };
		assert!(rig.agent_measurement().expect("there is none").is_none());
		rig.share_images(&layout).expect("they are readable");
		let shared = layout.file("shared/images");
		assert_eq!(fs::read_to_string(shared.join("whole/initrd")).expect("copied"), "whole");
		assert!(!shared.join("part").exists());
	}

	#[test]
	fn miner_sections_name_ports_and_chip() {
		let mut rig = Rig { images: "/images".into(), relay_port: 4_070, agent_vm: false };
		let sections = rig.miner_sections("10.0.2.2", "alice");
		for wanted in
			["uri = \"qemu+tcp://10.0.2.2/system\"", "endpoint = \"127.0.0.1:4070\"", "\"alice\""]
		{
			assert!(sections.contains(wanted), "{wanted} is not in {sections}");
		}
		assert!(!sections.contains("[agent_vm]"), "{sections}");
		rig.agent_vm = true;
		let sections = rig.miner_sections("10.0.2.2", "alice");
		let wanted = "[agent_vm]\nimage = \"/var/lib/hcc/images/insecure-hccam\"\n";
		assert!(sections.ends_with(wanted), "{sections}");
	}
}
