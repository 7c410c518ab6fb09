use std::{
	collections::BTreeMap,
	path::Path,
	sync::{Mutex as StdMutex, MutexGuard},
};

use hcc_evidence::vm::image::ImageId;
use hcc_image::{KernelHashTable, TABLE_LEN};

use super::*;
use crate::launcher::{config::Limits, image::Measurement, AGENT};

const OWNER: Owner = Owner { genesis: [1; 32], miner: [2; 32] };
const IMAGE: ImageId = [9; 32];
const MEASUREMENT: Measurement = [3; 48];

fn spec(vm: VmId, boot: Boot) -> VmSpec {
	VmSpec {
		vm,
		boot,
		image: IMAGE,
		measurement: MEASUREMENT,
		host_data: [4; 32],
		vcpus: 1,
		memory: 256,
		disk: 1,
		settings: None,
	}
}

/// libvirt in memory. Copies share its state, as connections do.
#[derive(Clone, Default)]
struct FakeLibvirt(Arc<StdMutex<FakeState>>);

#[derive(Default)]
struct FakeState {
	/// The definitions and states of domains, by UUID. A running domain keeps its definition.
	domains: BTreeMap<String, (String, String, DomainState)>,
	/// The definitions of networks by name, and true for active ones.
	networks: BTreeMap<String, (String, bool)>,
	/// Number of changes before the connection is lost.
	changes_left: Option<u32>,
	/// True if the change during which the connection is lost takes effect.
	last_takes_effect: bool,
	/// The message with which libvirt refuses to start domains.
	refuses: Option<String>,
	/// True if guests ignore the power button.
	ignores_button: bool,
	/// The time that an operation takes.
	takes: Duration,
	/// Changes that were carried out.
	log: Vec<String>,
}

impl FakeLibvirt {
	fn state(&self) -> MutexGuard<'_, FakeState> {
		self.0.lock().expect("no operation panics")
	}

	fn read<T>(&self, read: impl FnOnce(&FakeState) -> T) -> Result<T, HypervisorError> {
		let takes = self.state().takes;
		std::thread::sleep(takes);
		let state = self.state();
		if state.changes_left == Some(0) {
			return Err(HypervisorError::Gone("no connection".into()));
		}
		Ok(read(&state))
	}

	fn change<T>(
		&self,
		name: &str,
		change: impl FnOnce(&mut FakeState) -> Result<T, HypervisorError>,
	) -> Result<T, HypervisorError> {
		let mut state = self.state();
		let gone = Err(HypervisorError::Gone("no connection".into()));
		match state.changes_left {
			Some(0) => return gone,
			Some(1) => {
				state.changes_left = Some(0);
				if state.last_takes_effect {
					change(&mut state)?;
				}
				return gone;
			},
			Some(left) => state.changes_left = Some(left - 1),
			None => {},
		}
		state.log.push(name.into());
		change(&mut state)
	}

	/// Ends a domain as its guest would.
	fn power_off(&self, uuid: &str) {
		if let Some(domain) = self.state().domains.get_mut(uuid) {
			domain.2 = DomainState::Off;
		}
	}

	/// Returns the boots of the domains that run.
	fn running(&self) -> Vec<Boot> {
		let state = self.state();
		let running = state.domains.values().filter(|(.., state)| *state != DomainState::Off);
		running.filter_map(|(_, live, _)| Mark::read(live)?.boot()).collect()
	}

	fn counts(&self) -> (usize, usize) {
		let state = self.state();
		(state.domains.len(), state.networks.len())
	}
}

fn missing<T>() -> Result<T, HypervisorError> {
	Err(HypervisorError::Missing("there is none".into()))
}

impl Hypervisor for FakeLibvirt {
	fn domains(&self) -> Result<Vec<Defined<DomainState>>, HypervisorError> {
		self.read(|state| {
			let domains = state.domains.values();
			domains.map(|(_, live, state)| Defined { state: *state, xml: live.clone() }).collect()
		})
	}

	fn domain(&self, uuid: &str) -> Result<Option<Defined<DomainState>>, HypervisorError> {
		self.read(|state| {
			let domain = state.domains.get(uuid);
			domain.map(|(_, live, state)| Defined { state: *state, xml: live.clone() })
		})
	}

	fn networks(&self) -> Result<Vec<Defined<bool>>, HypervisorError> {
		self.read(|state| {
			let networks = state.networks.values();
			networks.map(|(xml, state)| Defined { state: *state, xml: xml.clone() }).collect()
		})
	}

	fn define_domain(&self, xml: &str) -> Result<(), HypervisorError> {
		let mark = Mark::read(xml).expect("it has a mark");
		let uuid = mark.identity.uuid(Kind::Domain).to_string();
		self.change("define", |state| {
			let known = state.domains.get(&uuid).map(|(_, live, state)| (live.clone(), *state));
			let (live, now) = match known {
				Some((live, now)) if now != DomainState::Off => (live, now),
				_ => (xml.to_string(), DomainState::Off),
			};
			state.domains.insert(uuid, (xml.into(), live, now));
			Ok(())
		})
	}

	fn start_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		self.change("start", |state| {
			if let Some(why) = &state.refuses {
				return Err(HypervisorError::Refused(why.clone()));
			}
			let Some(domain) = state.domains.get_mut(uuid) else { return missing() };
			assert_eq!(domain.2, DomainState::Off, "libvirt starts a domain once");
			let mark = Mark::read(&domain.0).expect("it has a mark");
			let network = state.networks.get(&mark.identity.name());
			let is_active = network.is_some_and(|(_, is_active)| *is_active);
			assert_ne!(is_active, mark.identity.is_agent(), "VMs of tenants alone have a network");
			domain.1.clone_from(&domain.0);
			domain.2 = DomainState::Running;
			Ok(())
		})
	}

	fn shut_down_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		self.change("press", |state| {
			let ignores = state.ignores_button;
			match state.domains.get_mut(uuid) {
				Some(domain) if domain.2 == DomainState::Running => {
					if !ignores {
						domain.2 = DomainState::Off;
					}
					Ok(())
				},
				_ => missing(),
			}
		})
	}

	fn destroy_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		self.change("destroy", |state| match state.domains.get_mut(uuid) {
			Some(domain) if domain.2 != DomainState::Off => {
				domain.2 = DomainState::Off;
				Ok(())
			},
			_ => missing(),
		})
	}

	fn undefine_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		self.change("undefine", |state| match state.domains.remove(uuid) {
			Some((.., now)) => {
				assert_eq!(now, DomainState::Off, "no domain loses its definition while it runs");
				Ok(())
			},
			None => missing(),
		})
	}

	fn resize_disk(&self, uuid: &str, device: &str, bytes: u64) -> Result<(), HypervisorError> {
		self.change(&format!("resize {device} {bytes}"), |state| {
			let runs = |(.., now): &(_, _, DomainState)| *now != DomainState::Off;
			if state.domains.get(uuid).is_some_and(runs) {
				Ok(())
			} else {
				missing()
			}
		})
	}

	fn define_network(&self, xml: &str) -> Result<(), HypervisorError> {
		let identity = Mark::read(xml).expect("it has a mark").identity;
		self.change("define network", |state| {
			let slots = state.networks.values().filter_map(|(xml, _)| Mark::read(xml));
			if slots.map(|mark| mark.identity.slot).any(|slot| slot == identity.slot) {
				return Err(HypervisorError::Refused("the bridge is in use".into()));
			}
			state.networks.insert(identity.name(), (xml.into(), false));
			Ok(())
		})
	}

	fn start_network(&self, name: &str) -> Result<(), HypervisorError> {
		self.change("start network", |state| {
			let Some(network) = state.networks.get_mut(name) else { return missing() };
			network.1 = true;
			Ok(())
		})
	}

	fn remove_network(&self, name: &str) -> Result<(), HypervisorError> {
		self.change("remove network", |state| {
			state.networks.remove(name).map(drop).map_or_else(missing, Ok)
		})
	}
}

/// One image.
struct FakeImages;

impl Images for FakeImages {
	fn find(
		&self,
		id: &ImageId,
		measurement: &Measurement,
		_: u32,
	) -> Result<LaunchImage, LauncherError> {
		if *id != IMAGE {
			return Err(LauncherError::ImageMissing { dir: "x".into(), id: hex::encode(id) });
		}
		assert_eq!(*measurement, MEASUREMENT);
		Ok(LaunchImage {
			id: "05".into(),
			measurement: MEASUREMENT,
			firmware: "OVMF.fd".into(),
			kernel: "vmlinuz".into(),
			initrd: "initrd".into(),
			root: "root.squashfs".into(),
			verity: "root.verity".into(),
			cmdline: "quiet".into(),
			cpu: hcc_image::CPU.into(),
			hash_table: Ok(KernelHashTable { address: 0x1000, bytes: [6; TABLE_LEN] }),
		})
	}
}

type TestLauncher = LibvirtLauncher<FakeLibvirt, FakeImages>;

fn config(state_dir: &Path) -> LibvirtConfig {
	LibvirtConfig {
		state_dir: state_dir.into(),
		insecure_chip: Some("alice".into()),
		stop_seconds: 1,
		firmware_seconds: 1,
		guest_seconds: 2,
		limits: Limits { reserve_disk: false, ..Limits::default() },
		..LibvirtConfig::default()
	}
}

/// A libvirt, a folder, and agents that may restart.
struct Host {
	libvirt: FakeLibvirt,
	folder: tempfile::TempDir,
}

impl Host {
	fn new() -> Self {
		let folder = tempfile::tempdir().expect("a folder");
		Self { libvirt: FakeLibvirt::default(), folder }
	}

	/// Starts an agent.
	fn agent(&self) -> TestLauncher {
		self.agent_of(OWNER)
	}

	fn agent_of(&self, owner: Owner) -> TestLauncher {
		let config = config(self.folder.path());
		LibvirtLauncher::new(self.libvirt.clone(), FakeImages, owner, config)
	}

	/// Returns the names of the folders of VMs.
	fn folders(&self) -> Vec<String> {
		let entries = std::fs::read_dir(self.folder.path()).expect("it exists");
		let names = entries.map(|entry| entry.expect("an entry").file_name());
		let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
		names.sort();
		names
	}
}

fn code<T>(result: Result<T, LauncherError>) -> &'static str {
	result.map(drop).expect_err("it fails").code()
}

/// Describes the VM of hccam.
fn agent_spec(boot: Boot, settings: &[u8]) -> VmSpec {
	VmSpec { vm: AGENT, disk: 0, settings: Some(settings.into()), ..spec(0, boot) }
}

#[tokio::test]
async fn agent_runs_beside_vms_and_is_adopted() {
	let host = Host::new();
	host.agent().ensure(&spec(7, (1, 1))).await.expect("launched");
	let first = agent_spec((0, 9), b"one");
	host.agent().ensure(&first).await.expect("launched");
	assert_eq!(host.libvirt.counts(), (2, 1));
	let changes = host.libvirt.state().log.len();
	let agent = host.agent();
	agent.ensure(&first).await.expect("it runs");
	assert_eq!(host.libvirt.state().log.len(), changes, "nothing changed");
	let listed = agent.list().await.expect("listed");
	assert_eq!(listed.iter().map(|hosted| hosted.vm).collect::<Vec<_>>(), [7]);
	let hosted = agent.agent().await.expect("listed").expect("it is here");
	assert_eq!((hosted.vm, hosted.runs), (AGENT, Some((0, 9))));
	assert_eq!(hosted.agent, Address::Vsock { cid: 1_001, port: AGENT_PORT });
	// It ends, and other settings are another boot.
	let uuid = Identity { owner: OWNER, vm: AGENT, generation: 0, slot: 1 }.uuid(Kind::Domain);
	host.libvirt.power_off(&uuid.to_string());
	assert_eq!(agent.agent().await.expect("listed").and_then(|hosted| hosted.runs), None);
	agent.ensure(&agent_spec((0, 10), b"two")).await.expect("launched again");
	let hosted = agent.agent().await.expect("listed").expect("it is here");
	assert_eq!(hosted.runs, Some((0, 10)));
	let disk = std::fs::read(host.folder.path().join("agent-02020202/disk.img"));
	assert_eq!(disk.expect("its settings"), b"two");
	// Another miner's hccam is another VM.
	let other = host.agent_of(Owner { miner: [5; 32], ..OWNER });
	assert_eq!(other.agent().await.expect("listed"), None);
	other.ensure(&first).await.expect("launched");
	assert_eq!(host.libvirt.counts(), (3, 1));
}

#[tokio::test]
async fn vm_is_launched_once_and_adopted_after_restart() {
	let host = Host::new();
	host.agent().ensure(&spec(7, (1, 1))).await.expect("launched");
	let changes = host.libvirt.state().log.len();
	let agent = host.agent();
	agent.ensure(&spec(7, (1, 1))).await.expect("it runs");
	assert_eq!(host.libvirt.state().log.len(), changes, "nothing changed");
	let listed = agent.list().await.expect("listed");
	let agent = Address::Vsock { cid: 1_000, port: GUEST_PORT };
	let runs = Some((1, 1));
	let (disk, oldest) = (Some(1), Some(1));
	assert_eq!(listed, [Hosted { vm: 7, runs, agent, is_reachable: true, disk, oldest }]);
}

/// Lets an agent and its connection end at each change, before and after it takes effect. Then
/// another agent does the same work, and the end must be the same.
#[tokio::test]
async fn interruption_at_each_step_loses_and_doubles_nothing() {
	let mut interrupted = 0;
	for last_takes_effect in [false, true] {
		for changes in 1.. {
			let host = Host::new();
			host.agent().ensure(&spec(7, (1, 9))).await.expect("an earlier assignment runs");
			host.libvirt.state().changes_left = Some(changes);
			host.libvirt.state().last_takes_effect = last_takes_effect;
			let agent = host.agent();
			let launched = agent.ensure(&spec(7, (2, 1))).await;
			let destroyed = if launched.is_ok() { agent.destroy(7).await } else { Ok(()) };
			let is_complete = launched.is_ok() && destroyed.is_ok();
			host.libvirt.state().changes_left = None;
			let agent = host.agent();
			if launched.is_err() {
				agent.ensure(&spec(7, (2, 1))).await.expect("launched at last");
				assert_eq!(host.libvirt.running(), [(2, 1)], "after {changes} changes");
				assert_eq!(host.libvirt.counts(), (2, 2), "after {changes} changes");
				assert_eq!(host.folders(), ["vm-7-1", "vm-7-2"]);
				agent.destroy_earlier(7, 2).await.expect("destroyed");
				assert_eq!(host.libvirt.running(), [(2, 1)], "after {changes} changes");
				assert_eq!(host.libvirt.counts(), (1, 1), "after {changes} changes");
				assert_eq!(host.folders(), ["vm-7-2"]);
			}
			// Everything that is left is listed, so the agent destroys it again.
			for hosted in agent.list().await.expect("listed") {
				agent.destroy(hosted.vm).await.expect("destroyed");
			}
			assert_eq!(host.libvirt.counts(), (0, 0), "after {changes} changes");
			assert_eq!(host.folders(), [""; 0], "after {changes} changes");
			if is_complete {
				break;
			}
			interrupted += 1;
		}
	}
	assert!(interrupted > 20, "{interrupted}");
}

#[tokio::test]
async fn later_boot_replaces_earlier_one() {
	let host = Host::new();
	let agent = host.agent();
	agent.ensure(&spec(7, (1, 1))).await.expect("launched");
	host.libvirt.state().log.clear();
	let larger = VmSpec { disk: 3, vcpus: 2, ..spec(7, (1, 2)) };
	agent.ensure(&larger).await.expect("launched again");
	assert_eq!(host.libvirt.running(), [(1, 2)]);
	assert_eq!(host.libvirt.state().log, ["press", "define", "start"]);
	let listed = agent.list().await.expect("listed");
	assert_eq!(listed.first().and_then(|hosted| hosted.disk), Some(3));
	let state = host.libvirt.state();
	let (xml, ..) = state.domains.values().next().expect("there is one");
	assert!(xml.contains("<vcpu placement=\"static\">2</vcpu>"), "{xml}");
}

#[tokio::test]
async fn deaf_guest_is_forced_off() {
	let host = Host::new();
	let agent = host.agent();
	agent.ensure(&spec(7, (1, 1))).await.expect("launched");
	host.libvirt.state().ignores_button = true;
	host.libvirt.state().log.clear();
	agent.stop(7, Stop::Graceful).await.expect("stopped");
	assert_eq!(host.libvirt.state().log, ["press", "destroy"]);
	// Its disk remains.
	assert_eq!((host.libvirt.counts(), host.folders()), ((1, 1), vec!["vm-7-1".to_string()]));
	agent.stop(7, Stop::Graceful).await.expect("stopping twice succeeds");
}

#[tokio::test]
async fn other_miners_vms_are_left_alone() {
	let host = Host::new();
	let other = host.agent_of(Owner { miner: [9; 32], ..OWNER });
	other.ensure(&spec(7, (1, 1))).await.expect("launched");
	let agent = host.agent();
	agent.ensure(&spec(8, (1, 1))).await.expect("launched");
	let listed = agent.list().await.expect("listed");
	assert_eq!(listed.iter().map(|hosted| hosted.vm).collect::<Vec<_>>(), [8]);
	let cids: Vec<_> = listed.into_iter().map(|hosted| hosted.agent).collect();
	assert_eq!(cids, [Address::Vsock { cid: 1_001, port: GUEST_PORT }], "another slot");
	agent.destroy(7).await.expect("there is none of this miner");
	assert_eq!(host.libvirt.running().len(), 2);
}

#[tokio::test]
async fn vm_without_slot_has_no_room() {
	let host = Host::new();
	let mut agent = host.agent();
	agent.config.network = "10.0.0.0/29".parse().expect("a range");
	agent.ensure(&spec(1, (1, 1))).await.expect("launched");
	agent.ensure(&spec(2, (1, 1))).await.expect("launched");
	assert_eq!(code(agent.ensure(&spec(3, (1, 1))).await), "no-room");
	agent.destroy(1).await.expect("destroyed");
	agent.ensure(&spec(3, (1, 1))).await.expect("the slot is free");
}

#[tokio::test]
async fn vm_without_disk_space_has_no_room() {
	let host = Host::new();
	let mut agent = host.agent();
	agent.config.limits.reserve_disk = true;
	let huge = VmSpec { disk: u32::MAX, ..spec(7, (1, 1)) };
	assert_eq!(code(agent.ensure(&huge).await), "no-room");
	assert!(host.libvirt.running().is_empty());
}

#[tokio::test]
async fn each_refusal_has_its_code() {
	let host = Host::new();
	let agent = host.agent();
	for (why, wanted) in [
		("internal error: qemu exited", "domain-refused"),
		("write: No space left on device", "disk-full"),
		("qemu: Cannot allocate memory", "no-room"),
	] {
		host.libvirt.state().refuses = Some(why.into());
		assert_eq!(code(agent.ensure(&spec(7, (1, 1))).await), wanted);
	}
	let other = VmSpec { image: [8; 32], ..spec(7, (1, 1)) };
	assert_eq!(code(agent.ensure(&other).await), "image-missing");
	host.libvirt.state().changes_left = Some(0);
	assert_eq!(code(agent.list().await), "libvirt-gone");
}

#[tokio::test]
async fn hanging_libvirt_is_slow() {
	let host = Host::new();
	let mut agent = host.agent();
	agent.operation_timeout = Duration::from_millis(50);
	host.libvirt.state().takes = Duration::from_millis(500);
	assert_eq!(code(agent.list().await), "libvirt-slow");
}

#[tokio::test]
async fn failed_boots_have_distinct_codes() {
	let host = Host::new();
	let agent = host.agent();
	let boot = (1, 1);
	agent.ensure(&spec(7, boot)).await.expect("launched");
	assert_eq!(agent.watch_boot(7, boot).await.code(), "firmware-hang");
	let console = host.folder.path().join("vm-7-1/console.log");
	std::fs::write(console, "EFI stub").expect("written");
	assert_eq!(agent.watch_boot(7, boot).await.code(), "guest-silent");
	let uuid = host.libvirt.state().domains.keys().next().expect("there is one").clone();
	if let Some(domain) = host.libvirt.state().domains.get_mut(&uuid) {
		domain.2 = DomainState::Paused;
	}
	assert_eq!(agent.watch_boot(7, boot).await.code(), "disk-full");
	host.libvirt.power_off(&uuid);
	assert_eq!(agent.watch_boot(7, boot).await.code(), "guest-ended");
	assert_eq!(agent.watch_boot(7, (1, 2)).await.code(), "guest-ended");
}

#[tokio::test]
async fn simulated_chip_reports_launched_bytes() {
	let host = Host::new();
	host.agent().ensure(&spec(7, (1, 1))).await.expect("launched");
	let reports = host.folder.path().join("vm-7-1/insecure-reports");
	let reports = std::fs::read_to_string(reports).expect("it was written");
	let wanted = format!(
		"--chip alice --measurement {} --host-data {}",
		hex::encode(MEASUREMENT),
		hex::encode([4; 32])
	);
	assert_eq!(reports, wanted);
	let table = std::fs::read(host.folder.path().join("vm-7-1/hash-table")).expect("written");
	assert_eq!(table, [6; TABLE_LEN]);
}

#[tokio::test]
async fn guest_without_kernel_vsock_is_reachable_once_it_listens() {
	let host = Host::new();
	let mut agent = host.agent();
	agent.config.vsock_dir = Some("/run/hcc/vsock".into());
	agent.ensure(&spec(7, (1, 1))).await.expect("launched");
	let is_reachable =
		async || agent.list().await.expect("listed").iter().all(|vm| vm.is_reachable);
	assert!(!is_reachable().await);
	let console = host.folder.path().join("vm-7-1/console.log");
	std::fs::write(console, "waiting for the configuration\n").expect("written");
	assert!(is_reachable().await);
}

#[tokio::test]
async fn disk_of_running_vm_grows_online() {
	let host = Host::new();
	let agent = host.agent();
	agent.ensure(&spec(7, (1, 1))).await.expect("launched");
	agent.grow_disk(7, 5).await.expect("grown");
	let wanted = format!("resize vda {}", 5u64 << 30);
	assert_eq!(host.libvirt.state().log.last(), Some(&wanted));
	agent.stop(7, Stop::Force).await.expect("stopped");
	host.libvirt.state().log.clear();
	agent.grow_disk(7, 6).await.expect("it grows at the next boot");
	assert!(host.libvirt.state().log.is_empty());
}
