//! One VM: determines the next step that the chain requires, and carries it out.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{anyhow, bail, ensure, Context};
use codec::Decode;
use hcc_chain::{api, configuration, AccountId32, Chain, ChainAt, Submitter};
use hcc_evidence::{
	snp::REPORT_LEN,
	vm::{vm_host_data, SignedConfirmation, VmEvidence, VmId, KEM_KEY_LEN},
};
use hcc_guest_protocol::{
	connect,
	vm::{
		BootRequest, BootResponse, Configure, ConfigureResponse, ConfirmRequest, ConfirmResponse,
		VmRequest, VERSIONS,
	},
	Address, Session,
};
use hcc_vm_config::{Protocol, VmConfig};
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore},
	time::timeout,
};

use crate::{
	launcher::{Boot, Hosted, Launcher, Stop, VmSpec, GUEST_PORT},
	relay::VmAccess,
	vm_tasks::Failures,
};

type Vm = api::runtime_types::pallet_compute::types::Vm<AccountId32>;
pub(crate) type State = api::runtime_types::pallet_compute::types::VmState;

/// Interval between two attempts to reach the agent in a VM.
const CONNECT_EVERY: Duration = Duration::from_millis(500);
/// Maximum time for which a launch counts towards the limit of concurrent launches. A VM that does
/// not boot must not block other launches for longer.
const MAX_LAUNCH: Duration = Duration::from_secs(10);
/// Time limit until a guest confirms its boot. A retry asks again.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(60);

/// The next step for a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
	Nothing,
	/// The miner must call `boot` before this tick.
	BeginBoot {
		until: u32,
	},
	Act(Act),
	/// The VM runs on this host, but must not run. It must be ended.
	End,
	/// An earlier assignment of the running VM has left something here.
	Forget,
}

/// Steps that one task carries out for one VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
	/// The VM must be launched, and evidence of its boot must be submitted that contains this
	/// nonce.
	AttestBoot { nonce: [u8; 32] },
	/// The guest must confirm its boot, whose evidence was accepted.
	ConfirmBoot,
	/// The VM must run on this host, but does not run. The crash must be reported.
	ReportCrash,
	/// The disk of the running VM is smaller than the tenant's.
	GrowDisk { gib: u32 },
}

/// A step for a boot of a VM. Retries of a step are counted separately for each boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
	/// The boot, or `None` if the step does not depend on it.
	pub boot: Option<Boot>,
	pub wanted: Wanted,
}

impl Step {
	/// Ends a VM that is no longer assigned to this miner.
	pub(crate) const END: Self = Self { boot: None, wanted: Wanted::End };
}

/// Returns the next step of a VM. `host` is what it has on this host, and `disk` is the size of the
/// disk that it should have, in GiB.
pub(crate) fn wanted(state: &State, boot: Boot, disk: u32, host: Option<&Hosted>) -> Wanted {
	let runs = host.and_then(|host| host.runs);
	let has_less = host.and_then(|host| host.disk).is_some_and(|has| has < disk);
	let has_earlier = host.and_then(|host| host.oldest).is_some_and(|oldest| oldest < boot.0);
	match state {
		State::Assigned { until } => Wanted::BeginBoot { until: *until },
		State::Booting { nonce, .. } => Wanted::Act(Act::AttestBoot { nonce: *nonce }),
		// A guest that no longer runs cannot confirm. The boot fails at its deadline.
		State::Attested { .. } if runs == Some(boot) => Wanted::Act(Act::ConfirmBoot),
		State::Running { .. } if runs != Some(boot) => Wanted::Act(Act::ReportCrash),
		State::Running { .. } if has_less => Wanted::Act(Act::GrowDisk { gib: disk }),
		State::Running { .. } if has_earlier => Wanted::Forget,
		State::Stopped { .. } if runs.is_some() => Wanted::End,
		State::Attested { .. }
		| State::Running { .. }
		| State::Stopped { .. }
		| State::Pending { .. }
		| State::Terminated => Wanted::Nothing,
	}
}

/// A VM in the state of a block.
pub(crate) struct Seen {
	pub id: VmId,
	pub state: State,
	pub boot: Boot,
	vm: Vm,
}

impl Seen {
	pub(crate) fn step(&self, wanted: Wanted) -> Step {
		Step { boot: Some(self.boot), wanted }
	}

	/// Returns the next step.
	pub(crate) fn next_step(&self, host: Option<&Hosted>) -> Step {
		self.step(wanted(&self.state, self.boot, self.vm.allotted.disk, host))
	}
}

/// Reads a VM from a block's state. Returns `None` if the VM does not exist.
pub(crate) async fn seen_at(at: &ChainAt, id: VmId) -> anyhow::Result<Option<Seen>> {
	let vms = api::storage().compute().vms();
	let Some(row) = at.storage().try_fetch(vms, (id,)).await? else { return Ok(None) };
	let vm = row.decode()?;
	let boot = (vm.generation, vm.boot_counter);
	Ok(Some(Seen { id, state: vm.state.clone(), boot, vm }))
}

/// Carries out steps for VMs.
pub(crate) struct VmDriver {
	pub chain: Chain,
	pub hot: Arc<Submitter>,
	pub launcher: Arc<dyn Launcher>,
	/// The folder with the access of the relay to VMs.
	pub run_dir: PathBuf,
	/// Limits concurrent launches.
	pub launches: Arc<Semaphore>,
}

impl VmDriver {
	/// Calls `boot` for all given VMs in one batch, because each call has a deadline.
	pub(crate) async fn begin_boots(&self, ids: &[VmId]) -> Failures {
		let calls: Vec<_> = ids.iter().map(|id| api::tx().compute().boot(*id)).collect();
		let outcomes = match self.hot.submit_each(&self.chain, &calls).await {
			Ok(outcomes) => outcomes,
			Err(error) => {
				let failed = |id: &VmId| (*id, anyhow!("calling boot: {error}"));
				return ids.iter().map(failed).collect();
			},
		};
		let mut failures = Failures::new();
		for (id, outcome) in ids.iter().copied().zip(outcomes) {
			match outcome {
				// The call also succeeds if the chain does not allow the boot. The chain then ends
				// the assignment.
				Ok(_) => tracing::info!(vm = id, "boot called"),
				Err(error) => {
					failures.push((id, anyhow::Error::new(error).context("calling boot")));
				},
			}
		}
		failures
	}

	pub(crate) async fn act(&self, at: &ChainAt, seen: &Seen, act: Act) -> anyhow::Result<()> {
		match act {
			Act::AttestBoot { nonce } => self.attest_boot(at, seen, nonce).await,
			Act::ConfirmBoot => self.confirm_boot(seen).await,
			Act::ReportCrash => self.report_crash(seen.id).await,
			Act::GrowDisk { gib } => {
				self.launcher.grow_disk(seen.id, gib).await?;
				tracing::info!(vm = seen.id, gib, "disk grown");
				Ok(())
			},
		}
	}

	/// Launches a VM for its boot, and submits evidence of the boot to the chain.
	async fn attest_boot(&self, at: &ChainAt, seen: &Seen, nonce: [u8; 32]) -> anyhow::Result<()> {
		let configure = self.configure(at, seen).await?;
		let launching = self.ensure_launched(at, seen).await?;
		self.open_access(seen, &configure, None);
		let configuring = VmRequest::Configure(Box::new(configure.clone()));
		let request = VmRequest::ShowBoot(BootRequest {
			genesis: self.chain.genesis(),
			vm: seen.id,
			generation: seen.vm.generation,
			counter: seen.vm.boot_counter,
			nonce,
		});
		let asking = async {
			let address = self.reachable_address(seen.id).await?;
			match ask(&address, &configuring).await? {
				ConfigureResponse::Configured => {},
				ConfigureResponse::Refused { code, message } => {
					bail!("the VM's agent refused the configuration ({code}): {message}");
				},
			}
			let answer: BootResponse = ask(&address, &request).await?;
			Ok::<_, anyhow::Error>((address, answer))
		};
		let asking = hold_permit_while(launching, MAX_LAUNCH, asking);
		let (address, answer) = tokio::select! {
			answer = asking => answer?,
			failed = self.launcher.watch_boot(seen.id, seen.boot) => {
				// A retry launches the VM again.
				self.launcher.stop(seen.id, Stop::Force).await?;
				return Err(failed.into());
			},
		};
		let evidence = evidence_of(seen.id, seen.boot, answer)?;
		self.open_access(seen, &configure, Some(&address));
		let call = api::tx().compute().attest(evidence.into());
		let receipt =
			self.hot.submit(&self.chain, &call).await.context("submitting evidence of the boot")?;
		tracing::info!(vm = seen.id, block = %receipt.block, "evidence of the boot included");
		Ok(())
	}

	/// Lets the relay lead to a VM: to its console log, and to its ports once its agent has
	/// answered at an address. A failure must not delay the boot.
	fn open_access(&self, seen: &Seen, configure: &Configure, agent: Option<&Address>) {
		if let Err(error) = self.write_access(seen, configure, agent) {
			let error = format!("{error:#}");
			tracing::warn!(vm = seen.id, error, "the relay does not lead to the VM");
		}
	}

	fn write_access(
		&self,
		seen: &Seen,
		configure: &Configure,
		agent: Option<&Address>,
	) -> anyhow::Result<()> {
		let place = seen.vm.place.as_ref().context("the VM is not assigned")?;
		let access = VmAccess {
			genesis: configure.genesis,
			miner: place.miner.0,
			agent: agent.map(Address::to_string),
			published: published_ports(&configure.config),
			console: self.launcher.console(seen.id, seen.boot),
			signer: configure.signer,
		};
		access.write(&self.run_dir, seen.id)
	}

	/// Returns the configuration of a VM, as its tenant has signed it.
	async fn configure(&self, at: &ChainAt, seen: &Seen) -> anyhow::Result<Configure> {
		let orders = api::storage().compute().orders();
		let order = at.storage().fetch(orders, (seen.id,)).await?.decode()?;
		let signed = order.config;
		let config = configuration(&self.chain, at, signed.block, &signed.hash).await?;
		let config = config.with_context(|| {
			format!("the node has no body of block {} with the configuration", signed.block)
		})?;
		Ok(Configure {
			genesis: self.chain.genesis(),
			vm: seen.id,
			generation: seen.vm.generation,
			holders_root: order.holders_root,
			config,
			tenant: seen.vm.tenant.0,
			order_nonce: signed.order_nonce,
			revision: signed.revision,
			signer: signed.signer,
			signature: signed.signature,
		})
	}

	/// Asks the guest for the confirmation of its boot, and submits it to the chain.
	async fn confirm_boot(&self, seen: &Seen) -> anyhow::Result<()> {
		let (generation, counter) = seen.boot;
		let request = VmRequest::Confirm(ConfirmRequest { vm: seen.id, generation, counter });
		let asking = async {
			let address = self.reachable_address(seen.id).await?;
			ask(&address, &request).await
		};
		let answer = timeout(CONFIRM_TIMEOUT, asking).await;
		match answer.context("the VM's agent does not confirm its boot")?? {
			ConfirmResponse::Confirmed(signed) => self.confirm(signed).await,
			ConfirmResponse::Refused { code, message } => {
				bail!("the VM's agent does not confirm its boot ({code}): {message}");
			},
		}
	}

	/// Submits a guest's confirmation of its boot to the chain.
	async fn confirm(&self, signed: SignedConfirmation) -> anyhow::Result<()> {
		let vm = signed.confirmation.vm;
		let call = api::tx().compute().confirm(signed.into());
		let confirming = self.hot.submit(&self.chain, &call);
		let receipt = confirming.await.context("submitting the confirmation of the boot")?;
		tracing::info!(vm, block = %receipt.block, "confirmation of the boot included");
		Ok(())
	}

	async fn report_crash(&self, id: VmId) -> anyhow::Result<()> {
		let call = api::tx().compute().report_crash(id);
		let reporting = self.hot.submit_raising_tip(&self.chain, &call);
		reporting.await.context("reporting a crash")?;
		tracing::warn!(vm = id, "crash reported: the VM boots again");
		Ok(())
	}

	/// Waits until the agent in a VM can be connected to, and returns its address.
	async fn reachable_address(&self, id: VmId) -> anyhow::Result<Address> {
		loop {
			let host = self.hosted(id).await?.context("the VM is no longer on this host")?;
			if host.is_reachable {
				return Ok(host.agent);
			}
			tokio::time::sleep(CONNECT_EVERY).await;
		}
	}

	/// Returns what a VM has on this host.
	async fn hosted(&self, id: VmId) -> anyhow::Result<Option<Hosted>> {
		Ok(self.launcher.list().await?.into_iter().find(|hosted| hosted.vm == id))
	}

	/// Stops a VM that its tenant has stopped. Its disk remains.
	pub(crate) async fn stop(&self, id: VmId) -> anyhow::Result<()> {
		VmAccess::remove(&self.run_dir, id)?;
		self.launcher.stop(id, Stop::Graceful).await?;
		tracing::info!(vm = id, "VM stopped");
		Ok(())
	}

	/// Deletes what earlier assignments of a VM have left here.
	pub(crate) async fn forget_earlier(&self, id: VmId, generation: u32) -> anyhow::Result<()> {
		self.launcher.destroy_earlier(id, generation).await?;
		tracing::info!(vm = id, generation, "earlier assignments deleted");
		Ok(())
	}

	/// Ends a VM that is terminated or assigned to another miner, and deletes its disk.
	pub(crate) async fn destroy(&self, id: VmId) -> anyhow::Result<()> {
		VmAccess::remove(&self.run_dir, id)?;
		self.launcher.destroy(id).await?;
		tracing::info!(vm = id, "VM ended: it is terminated or assigned to another miner");
		Ok(())
	}

	/// Launches a VM for its current boot, unless it already runs for this boot. First ends the
	/// process of a previous boot. Returns a launch permit if the VM was launched.
	async fn ensure_launched(
		&self,
		at: &ChainAt,
		seen: &Seen,
	) -> anyhow::Result<Option<OwnedSemaphorePermit>> {
		let Seen { id, boot, vm, .. } = seen;
		let runs = self.hosted(*id).await?.and_then(|host| host.runs);
		if runs == Some(*boot) {
			return Ok(None);
		}
		VmAccess::remove(&self.run_dir, *id)?;
		// Before the permit, since a guest takes time to shut down.
		if runs.is_some() {
			self.launcher.stop(*id, Stop::Graceful).await.context("ending the previous boot")?;
		}
		let orders = api::storage().compute().orders();
		let order = at.storage().fetch(orders, (*id,)).await?.decode()?;
		let host_data = vm_host_data(
			&self.chain.genesis(),
			*id,
			vm.generation,
			&order.config.hash,
			&order.holders_root,
		);
		let spec = VmSpec {
			vm: *id,
			boot: *boot,
			image: order.image,
			measurement: order.measurement,
			host_data,
			vcpus: vm.allotted.vcpus,
			memory: vm.allotted.memory,
			disk: vm.allotted.disk,
			settings: None,
		};
		let launches = self.launches.clone();
		let permit = launches.acquire_owned().await.context("launches have ended")?;
		self.launcher.ensure(&spec).await?;
		tracing::info!(vm = id, generation = vm.generation, boot = vm.boot_counter, "launched");
		Ok(Some(permit))
	}
}

/// Returns the TCP ports that a configuration publishes. A guest boots with no configuration that
/// cannot be parsed, so that one publishes none.
fn published_ports(config: &[u8]) -> Vec<u16> {
	let Ok(config) = VmConfig::parse(config) else { return Vec::new() };
	let tcp = config.publish.iter().filter(|open| open.protocol == Protocol::Tcp);
	// The VM's agent does not serve the world.
	let ports = tcp.map(|open| open.port.get()).filter(|port| u32::from(*port) != GUEST_PORT);
	ports.collect()
}

/// Converts the answer of a VM's agent to evidence.
///
/// Checks the lengths in the answer. The tenant controls the answer, and the miner's fee grows with
/// its length.
fn evidence_of(id: VmId, boot: Boot, answer: BootResponse) -> anyhow::Result<VmEvidence> {
	let (generation, boot_counter) = boot;
	let (snp_report, guest_pk, kem_pk, ssh_host_key_hash) = match answer {
		BootResponse::Evidence { snp_report, guest_pk, kem_pk, ssh_host_key_hash } => {
			(snp_report, guest_pk, kem_pk, ssh_host_key_hash)
		},
		BootResponse::Failed { message } => bail!("the VM's agent failed: {message}"),
	};
	ensure!(
		snp_report.len() == REPORT_LEN && kem_pk.len() == KEM_KEY_LEN,
		"the VM's agent sent a report of {} bytes and a key of {}",
		snp_report.len(),
		kem_pk.len()
	);
	Ok(VmEvidence {
		vm: id,
		generation,
		boot_counter,
		snp_report,
		guest_pk,
		kem_pk,
		ssh_host_key_hash,
	})
}

/// Does the work. Holds a permit during the work, for at most `max`.
async fn hold_permit_while<T>(
	permit: Option<OwnedSemaphorePermit>,
	max: Duration,
	work: impl Future<Output = T>,
) -> T {
	let mut work = std::pin::pin!(work);
	if let Ok(done) = timeout(max, work.as_mut()).await {
		return done;
	}
	drop(permit);
	work.await
}

/// Sends a request to the agent in a VM as soon as the agent listens.
async fn ask<Response: Decode>(address: &Address, request: &VmRequest) -> anyhow::Result<Response> {
	loop {
		match connect(address).await {
			Ok(stream) => {
				let mut session = Session::connect(stream, VERSIONS).await?;
				let (since, version) = (request.since(), session.version());
				ensure!(since <= version, "the VM's agent speaks version {version} of {since}");
				session.send(request).await?;
				let response = session.receive().await?;
				return response.context("the VM's agent closed the session without an answer");
			},
			Err(error) => {
				tracing::debug!(%address, %error, "the VM's agent does not listen yet");
				tokio::time::sleep(CONNECT_EVERY).await;
			},
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn host(runs: Option<Boot>, disk: Option<u32>) -> Hosted {
		let agent = Address::Vsock { cid: 1_000, port: 1 };
		Hosted { vm: 7, runs, agent, is_reachable: true, disk, oldest: Some(1) }
	}

	fn wanted_of(state: &State, boot: Boot, runs: Option<Boot>) -> Wanted {
		wanted(state, boot, 5, Some(&host(runs, Some(5))))
	}

	#[test]
	fn step_follows_from_state_and_running_boot() {
		let (before, boot) = ((1, 1), (1, 2));
		let assigned = State::Assigned { until: 9 };
		assert_eq!(wanted_of(&assigned, boot, None), Wanted::BeginBoot { until: 9 });
		let booting = State::Booting { nonce: [7; 32], fee: 0, since: 3, until: 9 };
		let attest_boot = Wanted::Act(Act::AttestBoot { nonce: [7; 32] });
		assert_eq!(wanted_of(&booting, boot, None), attest_boot);
		assert_eq!(wanted_of(&booting, boot, Some(boot)), attest_boot);
		let attested = State::Attested { fee: 0, since: 3, until: 9 };
		let confirm = Wanted::Act(Act::ConfirmBoot);
		assert_eq!(wanted_of(&attested, boot, Some(boot)), confirm);
		assert_eq!(wanted_of(&attested, boot, Some(before)), Wanted::Nothing);
		assert_eq!(wanted_of(&attested, boot, None), Wanted::Nothing);
		let running = State::Running { since: 3 };
		assert_eq!(wanted_of(&running, boot, Some(boot)), Wanted::Nothing);
		let crashed = Wanted::Act(Act::ReportCrash);
		assert_eq!(wanted_of(&running, boot, Some(before)), crashed);
		assert_eq!(wanted_of(&running, boot, None), crashed);
		assert_eq!(wanted_of(&State::Terminated, boot, Some(boot)), Wanted::Nothing);
	}

	#[test]
	fn smaller_disk_of_running_vm_grows() {
		let (boot, running) = ((1, 2), State::Running { since: 3 });
		let grow = Wanted::Act(Act::GrowDisk { gib: 5 });
		assert_eq!(wanted(&running, boot, 5, Some(&host(Some(boot), Some(4)))), grow);
		assert_eq!(wanted(&running, boot, 4, Some(&host(Some(boot), Some(5)))), Wanted::Nothing);
		assert_eq!(wanted(&running, boot, 5, Some(&host(Some(boot), None))), Wanted::Nothing);
	}

	#[test]
	fn earlier_assignment_is_forgotten_once_vm_runs() {
		let (boot, running) = ((2, 1), State::Running { since: 3 });
		let earlier = host(Some(boot), None);
		assert_eq!(wanted(&running, boot, 5, Some(&earlier)), Wanted::Forget);
		let booting = State::Booting { nonce: [7; 32], fee: 0, since: 3, until: 9 };
		let attest_boot = Wanted::Act(Act::AttestBoot { nonce: [7; 32] });
		assert_eq!(wanted(&booting, boot, 5, Some(&earlier)), attest_boot);
		let only = Hosted { oldest: Some(2), ..earlier };
		assert_eq!(wanted(&running, boot, 5, Some(&only)), Wanted::Nothing);
	}

	#[test]
	fn vm_that_has_nothing_here_crashed() {
		let running = State::Running { since: 3 };
		assert_eq!(wanted(&running, (1, 2), 5, None), Wanted::Act(Act::ReportCrash));
		let stopped = State::Stopped { since: 3, until: 9 };
		assert_eq!(wanted(&stopped, (1, 2), 5, None), Wanted::Nothing);
		assert_eq!(wanted(&stopped, (1, 2), 5, Some(&host(Some((1, 2)), None))), Wanted::End);
	}

	#[test]
	fn published_ports_are_those_of_the_configuration() {
		let config = br#"{ "version": 1, "host_name": "web", "publish": [
			{ "port": 443 }, { "port": 53, "protocol": "udp" }, { "port": 1 }, { "port": 80 }
		] }"#;
		assert_eq!(published_ports(config), [443, 80]);
		assert!(published_ports(b"no configuration").is_empty());
	}

	fn answer(report: usize, key: usize) -> BootResponse {
		BootResponse::Evidence {
			snp_report: vec![1; report],
			guest_pk: [2; 32],
			kem_pk: vec![3; key],
			ssh_host_key_hash: [4; 32],
		}
	}

	#[test]
	fn evidence_needs_exact_lengths() {
		let (report, key) = (REPORT_LEN, KEM_KEY_LEN);
		let evidence = evidence_of(7, (2, 3), answer(report, key)).expect("the lengths are right");
		assert_eq!((evidence.vm, evidence.generation, evidence.boot_counter), (7, 2, 3));
		assert_eq!(evidence.snp_report, vec![1; report]);
		assert_eq!(evidence.kem_pk, vec![3; key]);
		assert_eq!((evidence.guest_pk, evidence.ssh_host_key_hash), ([2; 32], [4; 32]));
		for (report, key) in [(report + 1, key), (report - 1, key), (report, key + 1), (report, 0)]
		{
			assert!(evidence_of(7, (2, 3), answer(report, key)).is_err(), "{report} {key}");
		}
	}

	#[test]
	fn failed_answer_gives_no_evidence() {
		let failed = BootResponse::Failed { message: "no report".into() };
		let error = evidence_of(7, (2, 3), failed).expect_err("there is none");
		assert!(error.to_string().contains("no report"));
	}

	#[tokio::test]
	async fn hanging_guest_releases_launch_permit() {
		let launches = Arc::new(Semaphore::new(1));
		let permit = launches.clone().acquire_owned().await.expect("there is one");
		let max = Duration::from_millis(20);
		let hangs = hold_permit_while(Some(permit), max, std::future::pending::<()>());
		let hanging = tokio::spawn(hangs);
		let next = timeout(Duration::from_secs(10), launches.acquire_owned()).await;
		assert!(next.expect("in time").is_ok());
		assert!(!hanging.is_finished(), "the task still waits for it");
		hanging.abort();
	}

	#[tokio::test]
	async fn answering_guest_releases_permit_immediately() {
		let launches = Arc::new(Semaphore::new(1));
		let permit = launches.clone().acquire_owned().await.expect("there is one");
		let hour = Duration::from_secs(3_600);
		assert_eq!(hold_permit_while(Some(permit), hour, std::future::ready(5)).await, 5);
		assert_eq!(launches.available_permits(), 1);
	}
}
