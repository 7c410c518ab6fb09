//! The VMs that the chain has given this miner: booted, shown, stopped as it says.

use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainAt, Submitter};
use hcc_evidence::vm::{vm_host_data, VmEvidence, VmId};
use hccam::{
	connect,
	frame::{receive, send},
	vm::{BootShown, Question, ShowBoot, VERSION},
	Address,
};
use tokio::process::Command;

use crate::{config::Config, process::Process, usage::Receipts};

type Vm = api::runtime_types::pallet_compute::types::Vm<AccountId32>;
type State = api::runtime_types::pallet_compute::types::State;

/// How often to look what the chain wants.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a VM may take until its agent answers.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often its agent is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// How long to wait until a VM is tried again with which something failed.
const AFTER_FAILURE: Duration = Duration::from_secs(20);

/// All VMs of this host.
pub(crate) struct Vms {
	launcher: Option<PathBuf>,
	/// Where it is remembered what runs.
	run_dir: PathBuf,
	/// With which not to try before then.
	later: BTreeMap<VmId, Instant>,
	receipts: Receipts,
}

impl Vms {
	pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
		let run_dir = config.run_dir.clone();
		if config.launcher.is_some() {
			std::fs::create_dir_all(&run_dir)
				.with_context(|| format!("cannot make {}", run_dir.display()))?;
		}
		Ok(Self {
			launcher: config.launcher.clone(),
			run_dir,
			later: BTreeMap::new(),
			receipts: Receipts::default(),
		})
	}

	/// Does what the chain wants of VMs, until the node goes away.
	pub(crate) async fn tend_always(
		&mut self,
		chain: &Chain,
		hot: &Submitter,
		miner: &AccountId32,
	) -> anyhow::Result<()> {
		loop {
			self.tend(chain, hot, miner).await?;
			tokio::time::sleep(LOOK_EVERY).await;
		}
	}

	/// Does what the chain wants of each VM now. What fails with one holds up no other.
	async fn tend(
		&mut self,
		chain: &Chain,
		hot: &Submitter,
		miner: &AccountId32,
	) -> anyhow::Result<()> {
		let Some(launcher) = self.launcher.clone() else { return Ok(()) };
		let at = chain.best().await?;
		let hosted = hosted_by(&at, miner).await?;
		self.end_others(&hosted).await?;
		self.later.retain(|id, until| hosted.contains(id) && Instant::now() < *until);
		for id in hosted.iter().copied() {
			if self.later.contains_key(&id) {
				continue;
			}
			if let Err(error) = self.tend_one(chain, hot, &at, &launcher, id).await {
				tracing::warn!(vm = id, error = format!("{error:#}"), "trying again later");
				self.later.insert(id, Instant::now() + AFTER_FAILURE);
			}
		}
		let runs = hosted.into_iter().filter(|id| self.process(*id).runs_for().is_some());
		let guests: Vec<_> = runs.map(|id| (id, Address::Unix(self.socket(id)))).collect();
		self.receipts.tell(chain, hot, &at, &guests).await
	}

	async fn tend_one(
		&self,
		chain: &Chain,
		hot: &Submitter,
		at: &ChainAt,
		launcher: &Path,
		id: VmId,
	) -> anyhow::Result<()> {
		let vms = api::storage().compute().vms();
		let Some(row) = at.storage().try_fetch(vms, (id,)).await? else { return Ok(()) };
		let vm = row.decode()?;
		match &vm.state {
			State::Assigned { .. } => {
				let call = api::tx().compute().boot(id);
				hot.submit(chain, &call).await.context("beginning the boot")?;
				tracing::info!(vm = id, "boot begun");
			},
			State::Booting { nonce, .. } => {
				self.ensure_launched(at, launcher, id, &vm, chain.genesis()).await?;
				self.show(chain, hot, id, &vm, *nonce).await?;
			},
			State::Running { .. } => {
				if self.process(id).runs_for() != Some((vm.generation, vm.boot_counter)) {
					let call = api::tx().compute().report_crash(id);
					hot.submit(chain, &call).await.context("telling of a crash")?;
					tracing::warn!(vm = id, "it has crashed: it boots again");
				}
			},
			State::Stopped { .. } => {
				if self.process(id).runs_for().is_some() {
					self.process(id).end().await?;
					tracing::info!(vm = id, "stopped");
				}
			},
			State::Pending { .. } | State::Terminated => {},
		}
		Ok(())
	}

	fn process(&self, id: VmId) -> Process {
		Process::of(self.run_dir.join(format!("vm-{id}.json")))
	}

	/// Ends the VMs that run here and are no more this miner's.
	async fn end_others(&self, hosted: &[VmId]) -> anyhow::Result<()> {
		for entry in std::fs::read_dir(&self.run_dir)? {
			let name = entry?.file_name();
			let id = name.to_str().and_then(|name| name.strip_prefix("vm-")?.strip_suffix(".json"));
			let Some(id) = id.and_then(|id| id.parse::<VmId>().ok()) else { continue };
			if !hosted.contains(&id) {
				self.process(id).end().await?;
				tracing::info!(vm = id, "ended: it is not this miner's any more");
			}
		}
		Ok(())
	}

	fn socket(&self, id: VmId) -> PathBuf {
		self.run_dir.join(format!("vm-{id}.sock"))
	}

	/// Launches a VM for its boot, unless that runs already; what ran before of it ends.
	async fn ensure_launched(
		&self,
		at: &ChainAt,
		launcher: &Path,
		id: VmId,
		vm: &Vm,
		genesis: [u8; 32],
	) -> anyhow::Result<()> {
		let boot = (vm.generation, vm.boot_counter);
		let process = self.process(id);
		if process.runs_for() == Some(boot) {
			return Ok(());
		}
		process.end().await.context("ending what ran before")?;
		let orders = api::storage().compute().orders();
		let order = at.storage().fetch(orders, (id,)).await?.decode()?;
		let host_data =
			vm_host_data(&genesis, id, vm.generation, &order.config.hash, &order.holders_root);
		let mut command = Command::new(launcher);
		command
			.args(["--vm", &id.to_string()])
			.args(["--generation", &vm.generation.to_string()])
			.args(["--boot", &vm.boot_counter.to_string()])
			.args(["--image", &hex::encode(order.measurement)])
			.args(["--host-data", &hex::encode(host_data)])
			.args(["--vcpus", &vm.allotted.vcpus.to_string()])
			.args(["--memory", &vm.allotted.memory.to_string()])
			.args(["--disk", &vm.allotted.disk.to_string()])
			.args(["--listen", &Address::Unix(self.socket(id)).to_string()]);
		process.start(&mut command, boot).with_context(|| launcher.display().to_string())?;
		tracing::info!(vm = id, generation = vm.generation, boot = vm.boot_counter, "launched");
		Ok(())
	}

	/// Has a VM show its boot, and shows it to the chain.
	async fn show(
		&self,
		chain: &Chain,
		hot: &Submitter,
		id: VmId,
		vm: &Vm,
		nonce: [u8; 32],
	) -> anyhow::Result<()> {
		let question = ShowBoot {
			version: VERSION,
			genesis: chain.genesis(),
			vm: id,
			generation: vm.generation,
			counter: vm.boot_counter,
			nonce,
		};
		let address = Address::Unix(self.socket(id));
		let shown = tokio::time::timeout(PATIENCE, ask(&address, &question))
			.await
			.context("the VM's agent does not answer")??;
		let evidence = match shown {
			BootShown::Evidence { snp_report, guest_pk, kem_pk, ssh_host_key_hash } => VmEvidence {
				vm: id,
				generation: vm.generation,
				boot_counter: vm.boot_counter,
				snp_report,
				guest_pk,
				kem_pk,
				ssh_host_key_hash,
			},
			BootShown::Failed { message } => anyhow::bail!("the VM's agent failed: {message}"),
		};
		let call = api::tx().compute().attest(evidence.into());
		let block = hot.submit(chain, &call).await.context("showing the boot")?.block;
		tracing::info!(vm = id, %block, "it runs");
		Ok(())
	}
}

/// Asks the agent in a VM, as soon as it listens.
async fn ask(address: &Address, question: &ShowBoot) -> anyhow::Result<BootShown> {
	loop {
		match connect(address).await {
			Ok(mut stream) => {
				send(&mut stream, &Question::ShowBoot(question.clone())).await?;
				let answer = receive(&mut stream).await?;
				return answer.context("the VM's agent gave no answer");
			},
			Err(error) => {
				tracing::debug!(%address, %error, "not yet");
				tokio::time::sleep(TRY_EVERY).await;
			},
		}
	}
}

/// The VMs that a miner was given.
async fn hosted_by(at: &ChainAt, miner: &AccountId32) -> anyhow::Result<Vec<VmId>> {
	let mut rows = at.storage().iter(api::storage().compute().hosted(), (*miner,)).await?;
	let mut hosted = Vec::new();
	while let Some(row) = rows.next().await {
		let (_, id) = row?.key()?.decode()?;
		hosted.push(id);
	}
	hosted.sort_unstable();
	Ok(hosted)
}
