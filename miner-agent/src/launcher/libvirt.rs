//! Runs VMs under libvirt, which holds all state.
//!
//! A launch defines the VM's network, its files, then its domain, and starts it. The end of a VM
//! deletes its files, its network, then its domain. So a domain or a network names every VM that
//! has anything here, and each step can be repeated after a crash.

use std::{
	collections::BTreeMap,
	path::PathBuf,
	sync::Arc,
	time::{Duration, Instant},
};

use async_trait::async_trait;
use hcc_evidence::vm::VmId;
use hcc_guest_protocol::Address;
use tokio::{
	sync::{Mutex, Semaphore},
	time::{sleep, timeout},
};

use super::{
	allotment::{capacity, lowest_free, Subnet},
	config::LibvirtConfig,
	domain::{Domain, Security, Vsock, STATE_DISK},
	files::{bytes, check_room, VmFiles, AGENT_LISTENS, VM_LISTENS},
	hypervisor::{Defined, DomainState, Hypervisor, HypervisorError},
	identity::{Identity, Kind, Mark, Owner},
	image::{Images, LaunchImage},
	network::network_xml,
	Boot, Hosted, Launcher, LauncherError, Stop, VmSpec, AGENT_PORT, GUEST_PORT,
};

/// Time limit for one operation of libvirt. A start takes seconds on a busy host.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum number of concurrent operations. It bounds the threads that a hanging libvirt blocks.
const MAX_OPERATIONS: usize = 16;
/// Interval between two checks of a VM that boots or shuts down.
const CHECK_EVERY: Duration = Duration::from_millis(500);
/// Interval between two presses of the power button. A guest that boots ignores the first ones.
const PRESS_EVERY: Duration = Duration::from_secs(10);

/// The launcher for VMs under libvirt.
pub(super) struct LibvirtLauncher<H, I> {
	hypervisor: Arc<H>,
	images: Arc<I>,
	owner: Owner,
	config: LibvirtConfig,
	operations: Arc<Semaphore>,
	/// The time limit for one operation of libvirt.
	operation_timeout: Duration,
}

/// Held from the choice of a slot until a network or a domain records it. VMs and hccam have
/// launchers of their own on the same libvirt.
static PLACING: Mutex<()> = Mutex::const_new(());

/// A domain of an agent.
#[derive(Clone, Debug)]
struct FoundDomain {
	mark: Mark,
	state: DomainState,
}

impl FoundDomain {
	/// Returns the boot for which the domain runs.
	fn runs(&self) -> Option<Boot> {
		(self.state != DomainState::Off).then(|| self.mark.boot()).flatten()
	}

	fn uuid(&self) -> String {
		self.mark.identity.uuid(Kind::Domain).to_string()
	}
}

/// Returns a domain of an agent, or `None` for any other.
fn found_domain(Defined { state, xml }: Defined<DomainState>) -> Option<FoundDomain> {
	Some(FoundDomain { mark: Mark::read(&xml)?, state })
}

/// A network of an agent.
#[derive(Clone, Debug)]
struct FoundNetwork {
	identity: Identity,
	is_active: bool,
}

/// The domains and networks of all agents on this libvirt.
#[derive(Clone, Debug, Default)]
struct Found {
	domains: Vec<FoundDomain>,
	networks: Vec<FoundNetwork>,
}

impl Found {
	/// Returns the identities of a miner's VMs. A VM that was assigned twice has two.
	fn identities(&self, owner: Owner) -> Vec<Identity> {
		let domains = self.domains.iter().map(|domain| domain.mark.identity);
		let all = domains.chain(self.networks.iter().map(|network| network.identity));
		let mut distinct = BTreeMap::new();
		for identity in all.filter(|identity| identity.owner == owner) {
			distinct.entry((identity.vm, identity.generation)).or_insert(identity);
		}
		distinct.into_values().collect()
	}

	fn domain(&self, identity: &Identity) -> Option<&FoundDomain> {
		let uuid = identity.uuid(Kind::Domain);
		self.domains.iter().find(|domain| domain.mark.identity.uuid(Kind::Domain) == uuid)
	}

	fn network(&self, identity: &Identity) -> Option<&FoundNetwork> {
		let uuid = identity.uuid(Kind::Network);
		self.networks.iter().find(|network| network.identity.uuid(Kind::Network) == uuid)
	}

	/// Returns the slots in use, of all agents.
	fn slots(&self) -> Vec<u32> {
		let domains = self.domains.iter().map(|domain| domain.mark.identity.slot);
		domains.chain(self.networks.iter().map(|network| network.identity.slot)).collect()
	}
}

impl<H: Hypervisor, I: Images> LibvirtLauncher<H, I> {
	pub(super) fn new(hypervisor: H, images: I, owner: Owner, config: LibvirtConfig) -> Self {
		Self {
			hypervisor: Arc::new(hypervisor),
			images: Arc::new(images),
			owner,
			config,
			operations: Arc::new(Semaphore::new(MAX_OPERATIONS)),
			operation_timeout: OPERATION_TIMEOUT,
		}
	}

	/// Carries out a blocking operation of libvirt, for no longer than the time limit.
	async fn operate<T: Send + 'static>(
		&self,
		what: &'static str,
		operation: impl FnOnce(&H) -> Result<T, HypervisorError> + Send + 'static,
	) -> Result<T, LauncherError> {
		let (hypervisor, operations) = (self.hypervisor.clone(), self.operations.clone());
		let operating = async move {
			let permit = operations.acquire_owned().await;
			let blocking = tokio::task::spawn_blocking(move || {
				let _permit = permit;
				operation(&hypervisor)
			});
			blocking.await.unwrap_or_else(|error| Err(HypervisorError::Refused(error.to_string())))
		};
		let slow = LauncherError::Slow { what, seconds: self.operation_timeout.as_secs() };
		timeout(self.operation_timeout, operating)
			.await
			.map_err(|_| slow)?
			.map_err(|error| self.error_of(what, error))
	}

	fn error_of(&self, what: &'static str, error: HypervisorError) -> LauncherError {
		match error {
			HypervisorError::Gone(why) => LauncherError::Gone(why),
			HypervisorError::Missing(why) | HypervisorError::Refused(why) => {
				if why.contains("No space left on device") {
					LauncherError::DiskFull(self.config.state_dir.clone())
				} else if why.contains("Cannot allocate memory") {
					LauncherError::NoRoom(why)
				} else {
					LauncherError::Refused { what, why }
				}
			},
		}
	}

	/// Like [`Self::operate`], but an object that is already gone is a success.
	async fn end(
		&self,
		what: &'static str,
		operation: impl FnOnce(&H) -> Result<(), HypervisorError> + Send + 'static,
	) -> Result<(), LauncherError> {
		let tolerant = move |hypervisor: &H| match operation(hypervisor) {
			Err(HypervisorError::Missing(_)) => Ok(()),
			other => other,
		};
		self.operate(what, tolerant).await
	}

	/// Carries out a blocking operation on files.
	async fn on_files<T: Send + 'static>(
		&self,
		operation: impl FnOnce() -> Result<T, LauncherError> + Send + 'static,
	) -> Result<T, LauncherError> {
		let blocking = tokio::task::spawn_blocking(operation);
		blocking.await.unwrap_or_else(|error| {
			Err(LauncherError::of_file(&self.config.state_dir, std::io::Error::other(error)))
		})
	}

	/// Reads all domains and networks.
	async fn find(&self) -> Result<Found, LauncherError> {
		let read = |hypervisor: &H| Ok((hypervisor.domains()?, hypervisor.networks()?));
		let (domains, networks) = self.operate("listing VMs", read).await?;
		let network = |Defined { state, xml }: Defined<bool>| {
			Some(FoundNetwork { identity: Mark::read(&xml)?.identity, is_active: state })
		};
		Ok(Found {
			domains: domains.into_iter().filter_map(found_domain).collect(),
			networks: networks.into_iter().filter_map(network).collect(),
		})
	}

	/// Reads one domain.
	async fn find_domain(&self, identity: &Identity) -> Result<Option<FoundDomain>, LauncherError> {
		let uuid = identity.uuid(Kind::Domain).to_string();
		let read = move |hypervisor: &H| hypervisor.domain(&uuid);
		let domain = self.operate("reading a VM", read).await?;
		Ok(domain.and_then(found_domain))
	}

	/// Returns the miner's domains of a VM.
	async fn domains_of(&self, vm: VmId) -> Result<Vec<FoundDomain>, LauncherError> {
		let of_vm = |domain: &FoundDomain| {
			let identity = &domain.mark.identity;
			identity.vm == vm && identity.owner == self.owner
		};
		Ok(self.find().await?.domains.into_iter().filter(of_vm).collect())
	}

	fn files(&self, identity: &Identity) -> VmFiles {
		VmFiles::of(&self.config.state_dir, identity)
	}

	/// Returns the CID of a VM.
	fn cid(&self, identity: &Identity) -> u32 {
		self.config.first_cid.saturating_add(identity.slot)
	}

	/// Returns the identity of a VM: that of its network or domain, or else one with a free slot.
	fn place(&self, found: &Found, spec: &VmSpec) -> Result<Identity, LauncherError> {
		let (generation, _) = spec.boot;
		let placed = found.identities(self.owner).into_iter();
		let mut placed = placed.filter(|of| (of.vm, of.generation) == (spec.vm, generation));
		if let Some(identity) = placed.next() {
			return Ok(identity);
		}
		let capacity = capacity(&self.config.network);
		let slot = lowest_free(&found.slots(), capacity).ok_or_else(|| {
			LauncherError::NoRoom(format!("all {capacity} networks of the range are in use"))
		})?;
		Ok(Identity { owner: self.owner, vm: spec.vm, generation, slot })
	}

	fn subnet(&self, identity: &Identity) -> Result<Subnet, LauncherError> {
		let range = &self.config.network;
		let subnet = Subnet::of(range, identity.slot);
		subnet.ok_or_else(|| LauncherError::NoRoom(format!("{range} lacks slot {}", identity.slot)))
	}

	/// Ensures that a VM's network is defined and active.
	async fn ensure_network(
		&self,
		found: &Found,
		identity: &Identity,
	) -> Result<(), LauncherError> {
		let known = found.network(identity);
		if known.is_none() {
			let xml = network_xml(identity, &self.subnet(identity)?);
			self.operate("a network", move |hypervisor| hypervisor.define_network(&xml)).await?;
		}
		if !known.is_some_and(|network| network.is_active) {
			let name = identity.name();
			self.operate("a network", move |hypervisor| hypervisor.start_network(&name)).await?;
		}
		Ok(())
	}

	/// Makes the files that a launch needs.
	async fn prepare_files(
		&self,
		identity: &Identity,
		spec: &VmSpec,
		image: &LaunchImage,
	) -> Result<(), LauncherError> {
		let (files, disk, settings) = (self.files(identity), spec.disk, spec.settings.clone());
		let reserved = self.config.limits.reserve_disk.then(|| self.config.state_dir.clone());
		let insecure = match (&self.config.insecure_chip, &image.hash_table) {
			(None, _) => None,
			(Some(chip), Ok(table)) => {
				// The processor would measure the bytes that are launched, and bind HOST_DATA.
				let (measurement, host_data) =
					(hex::encode(image.measurement), hex::encode(spec.host_data));
				let reports =
					format!("--chip {chip} --measurement {measurement} --host-data {host_data}");
				Some((table.bytes, reports))
			},
			(Some(_), Err(why)) => {
				let folder = image.firmware.display().to_string();
				return Err(LauncherError::ImageMismatch { folder, why: why.clone() });
			},
		};
		self.on_files(move || {
			if let Some(state_dir) = reserved {
				check_room(&state_dir, &files, disk)?;
			}
			match settings {
				Some(settings) => files.prepare_agent(&settings)?,
				None => files.prepare(disk)?,
			}
			match insecure {
				Some((table, reports)) => files.write_insecure(&table, &reports),
				None => Ok(()),
			}
		})
		.await
	}

	/// Returns the definition of a VM for a boot.
	fn define(
		&self,
		identity: &Identity,
		spec: &VmSpec,
		image: &LaunchImage,
	) -> Result<String, LauncherError> {
		let (_, counter) = spec.boot;
		let cid = self.cid(identity);
		let security = match (&self.config.insecure_chip, &image.hash_table) {
			(Some(_), Ok(table)) => Security::Insecure { hash_table_address: table.address },
			_ => Security::Snp {
				host_data: spec.host_data,
				cbitpos: self.config.cbitpos,
				reduced_phys_bits: self.config.reduced_phys_bits,
			},
		};
		let vsock = match &self.config.vsock_dir {
			Some(folder) => Vsock::User { socket: folder.join(format!("{cid}.sock")) },
			None => Vsock::Kernel { cid },
		};
		let domain = Domain {
			identity: *identity,
			counter,
			image,
			files: &self.files(identity),
			vcpus: spec.vcpus,
			memory: spec.memory,
			subnet: self.subnet(identity)?,
			security,
			vsock,
			limits: self.config.limits,
			emulator: self.config.emulator.as_deref(),
		};
		Ok(domain.to_xml())
	}

	/// Stops a domain if it runs. Keeps its definition, files and network.
	async fn stop_domain(&self, domain: &FoundDomain, how: Stop) -> Result<(), LauncherError> {
		if domain.state == DomainState::Off {
			return Ok(());
		}
		let seconds = match how {
			Stop::Graceful if domain.state == DomainState::Running => self.config.stop_seconds,
			Stop::Graceful | Stop::Force => 0,
		};
		if self.shut_down(domain, Duration::from_secs(seconds)).await {
			return Ok(());
		}
		if seconds > 0 {
			let vm = domain.mark.identity.vm;
			tracing::warn!(vm, seconds, "the guest does not shut down: ending it by force");
		}
		let uuid = domain.uuid();
		self.end("the end of a VM", move |hypervisor| hypervisor.destroy_domain(&uuid)).await
	}

	/// Presses the power button until the domain has ended. Returns false after the time limit.
	async fn shut_down(&self, domain: &FoundDomain, limit: Duration) -> bool {
		let begun = Instant::now();
		let mut pressed: Option<Instant> = None;
		while begun.elapsed() < limit {
			if pressed.is_none_or(|at| at.elapsed() >= PRESS_EVERY) {
				let uuid = domain.uuid();
				let press = move |hypervisor: &H| hypervisor.shut_down_domain(&uuid);
				if let Err(error) = self.end("a shutdown", press).await {
					tracing::debug!(%error, "the power button cannot be pressed");
				}
				pressed = Some(Instant::now());
			}
			// While libvirt is unavailable, nothing is known.
			if let Ok(now) = self.find_domain(&domain.mark.identity).await {
				if now.is_none_or(|now| now.state == DomainState::Off) {
					return true;
				}
			}
			sleep(CHECK_EVERY).await;
		}
		false
	}

	/// Deletes all that a VM has on this host. It can be repeated after a failure: a domain or a
	/// network names the VM until the end.
	async fn delete(&self, identity: &Identity) -> Result<(), LauncherError> {
		let uuid = identity.uuid(Kind::Domain).to_string();
		let ended = uuid.clone();
		self.end("the end of a VM", move |hypervisor| hypervisor.destroy_domain(&ended)).await?;
		let files = self.files(identity);
		self.on_files(move || files.delete()).await?;
		if self.find().await?.network(identity).is_some() {
			let name = identity.name();
			self.end("a network", move |hypervisor| hypervisor.remove_network(&name)).await?;
		}
		self.end("a VM", move |hypervisor| hypervisor.undefine_domain(&uuid)).await
	}

	/// Returns what the agent needs to know of a VM. Shortens its console.
	fn hosted(&self, found: &Found, identity: &Identity) -> Hosted {
		let runs = found.domain(identity).and_then(FoundDomain::runs);
		let files = self.files(identity);
		if runs.is_some() {
			if let Err(error) = files.bound_console() {
				tracing::debug!(%error, "the console cannot be shortened");
			}
		}
		let (port, words) = if identity.is_agent() {
			(AGENT_PORT, AGENT_LISTENS)
		} else {
			(GUEST_PORT, VM_LISTENS)
		};
		Hosted {
			vm: identity.vm,
			runs,
			agent: Address::Vsock { cid: self.cid(identity), port },
			is_reachable: self.config.vsock_dir.is_none() || files.has_announced(words),
			disk: files.disk_gib(),
			oldest: Some(identity.generation),
		}
	}
}

#[async_trait]
impl<H: Hypervisor, I: Images> Launcher for LibvirtLauncher<H, I> {
	async fn ensure(&self, spec: &VmSpec) -> Result<(), LauncherError> {
		let runs = |domain: &FoundDomain| domain.runs() == Some(spec.boot);
		if self.domains_of(spec.vm).await?.iter().any(runs) {
			return Ok(());
		}
		// Before anything ends or is made.
		let (images, id) = (self.images.clone(), spec.image);
		let (measurement, vcpus) = (spec.measurement, spec.vcpus);
		let image = self.on_files(move || images.find(&id, &measurement, vcpus)).await?;
		// An earlier assignment keeps its disk: a best block may be replaced.
		self.stop(spec.vm, Stop::Graceful).await?;
		let placing = PLACING.lock().await;
		let found = self.find().await?;
		let identity = self.place(&found, spec)?;
		if !identity.is_agent() {
			self.ensure_network(&found, &identity).await?;
		}
		self.prepare_files(&identity, spec, &image).await?;
		let xml = self.define(&identity, spec, &image)?;
		self.operate("a VM", move |hypervisor| hypervisor.define_domain(&xml)).await?;
		drop(placing);
		let uuid = identity.uuid(Kind::Domain).to_string();
		self.operate("the start of a VM", move |hypervisor| hypervisor.start_domain(&uuid)).await
	}

	async fn stop(&self, vm: VmId, how: Stop) -> Result<(), LauncherError> {
		for domain in self.domains_of(vm).await? {
			self.stop_domain(&domain, how).await?;
		}
		Ok(())
	}

	async fn destroy(&self, vm: VmId) -> Result<(), LauncherError> {
		for identity in self.find().await?.identities(self.owner) {
			if identity.vm == vm {
				self.delete(&identity).await?;
			}
		}
		Ok(())
	}

	async fn destroy_earlier(&self, vm: VmId, generation: u32) -> Result<(), LauncherError> {
		for identity in self.find().await?.identities(self.owner) {
			if identity.vm == vm && identity.generation < generation {
				self.delete(&identity).await?;
			}
		}
		Ok(())
	}

	async fn grow_disk(&self, vm: VmId, gib: u32) -> Result<(), LauncherError> {
		for domain in self.domains_of(vm).await? {
			if domain.state == DomainState::Off {
				continue;
			}
			if self.config.limits.reserve_disk {
				let (state_dir, files) =
					(self.config.state_dir.clone(), self.files(&domain.mark.identity));
				self.on_files(move || check_room(&state_dir, &files, gib)).await?;
			}
			let uuid = domain.uuid();
			let grow = move |hypervisor: &H| hypervisor.resize_disk(&uuid, STATE_DISK, bytes(gib));
			self.operate("a larger disk", grow).await?;
		}
		Ok(())
	}

	async fn list(&self) -> Result<Vec<Hosted>, LauncherError> {
		let found = self.find().await?;
		let mut hosted: BTreeMap<VmId, Hosted> = BTreeMap::new();
		for identity in found.identities(self.owner) {
			if identity.is_agent() {
				continue;
			}
			let mut next = self.hosted(&found, &identity);
			// Assignments ascend. Of several, the one that runs counts, or else the latest.
			if let Some(known) = hosted.remove(&next.vm) {
				let oldest = known.oldest;
				next = if known.runs <= next.runs { next } else { known };
				next.oldest = oldest;
			}
			hosted.insert(next.vm, next);
		}
		Ok(hosted.into_values().collect())
	}

	async fn agent(&self) -> Result<Option<Hosted>, LauncherError> {
		let found = self.find().await?;
		let identities = found.identities(self.owner);
		let agent = identities.iter().find(|identity| identity.is_agent());
		Ok(agent.map(|identity| self.hosted(&found, identity)))
	}

	async fn watch_boot(&self, vm: VmId, boot: Boot) -> LauncherError {
		let begun = Instant::now();
		// The slot does not matter for the UUID and the files.
		let identity = Identity { owner: self.owner, vm, generation: boot.0, slot: 0 };
		let files = self.files(&identity);
		loop {
			sleep(CHECK_EVERY).await;
			let elapsed = begun.elapsed().as_secs();
			if elapsed >= self.config.guest_seconds {
				return LauncherError::GuestSilent { seconds: self.config.guest_seconds };
			}
			// While libvirt is unavailable, the VM may run.
			let Ok(domain) = self.find_domain(&identity).await else { continue };
			let Some(domain) = domain.filter(|domain| domain.runs() == Some(boot)) else {
				return LauncherError::GuestEnded;
			};
			if domain.state == DomainState::Paused {
				return LauncherError::DiskFull(self.config.state_dir.clone());
			}
			if elapsed >= self.config.firmware_seconds && !files.has_printed() {
				return LauncherError::FirmwareHang { seconds: self.config.firmware_seconds };
			}
		}
	}

	fn console(&self, vm: VmId, boot: Boot) -> Option<PathBuf> {
		// The slot does not matter for the files.
		let identity = Identity { owner: self.owner, vm, generation: boot.0, slot: 0 };
		Some(self.files(&identity).console)
	}
}

#[cfg(test)]
mod tests;
