//! The VMs that the chain has assigned to this miner. The agent boots, attests and ends them
//! concurrently.

use std::{path::PathBuf, sync::Arc, time::Duration};

use hcc_chain::{api, AccountId32, Chain, ChainAt, RuntimeWatch, Submitter};
use hcc_evidence::vm::VmId;
use hcc_service::Pulse;
use tokio::sync::Semaphore;

use crate::{
	config::Config,
	launcher::{self, Boot, Hosted, LauncherConfig, Owner},
	monitor::Monitor,
	node::{finalised_now, Behind},
	usage::Receipts,
	vm::{seen_at, Act, Seen, State, Step, VmDriver, Wanted},
	vm_tasks::VmTasks,
};

/// Interval at which the agent reads the states of the VMs.
const POLL_EVERY: Duration = Duration::from_secs(2);
/// Maximum number of concurrent launches. More launches would overload a host that receives many
/// VMs at the same time.
const MAX_LAUNCHES: usize = 8;
/// Maximum number of `boot` calls in one batch.
const MAX_BOOT_CALLS: usize = 32;

/// All VMs of this host.
pub(crate) struct Vms {
	launcher: Option<LauncherConfig>,
	/// The folder of the records and sockets of processes.
	run_dir: PathBuf,
	tasks: VmTasks,
	receipts: Receipts,
	launches: Arc<Semaphore>,
	/// The last logged reason why VMs that seem stopped or reassigned are left running.
	behind: Option<Behind>,
	monitor: Monitor,
	/// The pulse of the maintenance, if there is a launcher.
	pulse: Option<Pulse>,
}

/// The steps that must be started now.
#[derive(Default)]
struct Plan {
	/// VMs for which `boot` must be called.
	begin: Vec<(VmId, Step)>,
	/// VMs that need another step than a call of `boot`.
	act: Vec<(Seen, Act)>,
	/// VMs that run on this host for a later boot than the node knows. Either the node lags behind,
	/// or a block was replaced.
	uncertain: Vec<(Seen, Act)>,
	/// VMs that have something here and should not, according to the best block.
	end: Vec<(VmId, Step)>,
}

/// The end of a VM, or of its earlier assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
	/// The VM is terminated or assigned to another miner.
	Destroy,
	/// The tenant has stopped the VM.
	Stop,
	/// Only assignments before that generation end.
	Forget(u32),
}

/// Returns the end that the finalised block confirms. `seen` is the VM's state and boot in that
/// block, if it is assigned to this miner there.
///
/// A VM that is not assigned there may be a new one. It is destroyed only if the best block does
/// not assign it either.
fn ending(step: &Step, seen: Option<(State, Boot)>) -> Option<Ending> {
	match (step.wanted, seen) {
		(Wanted::End, Some((State::Stopped { .. }, _))) => Some(Ending::Stop),
		(Wanted::Forget, Some((State::Running { .. }, (generation, _)))) => {
			Some(Ending::Forget(generation))
		},
		(_, None) if *step == Step::END => Some(Ending::Destroy),
		_ => None,
	}
}

impl Vms {
	pub(crate) fn new(config: &Config, monitor: &Monitor) -> Self {
		Self {
			launcher: config.launcher.clone(),
			run_dir: config.run_dir.clone(),
			tasks: VmTasks::default(),
			receipts: Receipts::default(),
			launches: Arc::new(Semaphore::new(MAX_LAUNCHES)),
			behind: None,
			monitor: monitor.clone(),
			pulse: config.launcher.is_some().then(|| monitor.watch_vms()),
		}
	}

	/// Connects to a node once one is available.
	pub(crate) async fn connect(&self, urls: &str) -> Chain {
		let connecting = Chain::connect_when_ready(urls);
		match &self.pulse {
			Some(pulse) => pulse.waiting(connecting).await,
			None => connecting.await,
		}
	}

	/// Maintains the VMs until the node becomes unavailable. Continues after any other failure.
	pub(crate) async fn maintain(
		&mut self,
		chain: &Chain,
		hot: &Arc<Submitter>,
		miner: &AccountId32,
	) {
		let Some(config) = &self.launcher else { return std::future::pending().await };
		let owner = Owner { genesis: chain.genesis(), miner: miner.0 };
		let driver = Arc::new(VmDriver {
			chain: chain.clone(),
			hot: hot.clone(),
			launcher: launcher::open(config, &self.run_dir, owner),
			run_dir: self.run_dir.clone(),
			launches: self.launches.clone(),
		});
		let mut runtime = RuntimeWatch::default();
		let maintenance = async || {
			let at = driver.chain.best().await?;
			if let Err(error) = runtime.check(&at) {
				tracing::error!(%error, "VMs may not be maintained");
			}
			self.maintain_once(&driver, &at, miner).await
		};
		repeat_while(POLL_EVERY, maintenance, async || chain.best().await.is_ok()).await;
	}

	/// Cancels all tasks. The VMs continue to run.
	pub(crate) async fn cancel_tasks(&mut self) {
		self.tasks.end().await;
		self.receipts.end().await;
	}

	/// Starts the next step of each VM without waiting for it. A step that fails or hangs does not
	/// affect other VMs.
	async fn maintain_once(
		&mut self,
		driver: &Arc<VmDriver>,
		at: &ChainAt,
		miner: &AccountId32,
	) -> anyhow::Result<()> {
		if let Some(pulse) = &self.pulse {
			pulse.beat();
		}
		self.tasks.settle();
		// Without this list nothing is known, so nothing is done.
		let here = driver.launcher.list().await?;
		let hosted = hosted_by(at, miner).await?;
		let plan = self.plan(at, &hosted, &here).await?;
		for steps in plan.begin.chunks(MAX_BOOT_CALLS) {
			let driver = driver.clone();
			let ids: Vec<_> = steps.iter().map(|(id, _)| *id).collect();
			self.tasks.begin(steps, async move { driver.begin_boots(&ids).await });
		}
		for (seen, act) in plan.act {
			self.act(driver, at, seen, act);
		}
		if !plan.end.is_empty() || !plan.uncertain.is_empty() {
			if let Some(finalised) = self.finalised(&driver.chain).await? {
				self.end(driver, &finalised, miner, plan.end).await?;
				for (seen, act) in plan.uncertain {
					self.act(driver, at, seen, act);
				}
			}
		} else {
			self.behind = None;
		}
		let runs = here.into_iter().filter(|host| host.runs.is_some() && host.is_reachable);
		let guests = runs.filter(|host| hosted.contains(&host.vm));
		let guests: Vec<_> = guests.map(|host| (host.vm, host.agent)).collect();
		self.monitor.metrics.vms.set(i64::try_from(guests.len()).unwrap_or(i64::MAX));
		self.receipts.report(&driver.chain, &driver.hot, at, guests).await
	}

	/// Collects the next steps of all free VMs. Omits a step whose last failure was too recent.
	async fn plan(
		&mut self,
		at: &ChainAt,
		hosted: &[VmId],
		here: &[Hosted],
	) -> anyhow::Result<Plan> {
		let mut plan = Plan::default();
		for id in hosted.iter().copied() {
			if !self.tasks.is_free(id) {
				continue;
			}
			let seen = match seen_at(at, id).await {
				Ok(Some(seen)) => seen,
				Ok(None) => continue,
				Err(error) => {
					self.tasks.postpone(id, &error);
					continue;
				},
			};
			let host = here.iter().find(|host| host.vm == id);
			let runs = host.and_then(|host| host.runs);
			let step = seen.next_step(host);
			if self.tasks.is_delayed(id, &step) {
				continue;
			}
			match step.wanted {
				Wanted::Nothing => {},
				Wanted::BeginBoot { .. } => plan.begin.push((id, step)),
				Wanted::End | Wanted::Forget => plan.end.push((id, step)),
				Wanted::Act(act) if runs > Some(seen.boot) => plan.uncertain.push((seen, act)),
				Wanted::Act(act) => plan.act.push((seen, act)),
			}
		}
		let is_here = |id: VmId| here.iter().any(|host| host.vm == id);
		self.tasks.retain_failures(|id| hosted.contains(&id) || is_here(id));
		let others = here.iter().map(|host| host.vm).filter(|id| !hosted.contains(id));
		let free = others
			.filter(|id| self.tasks.is_free(*id) && !self.tasks.is_delayed(*id, &Step::END))
			.map(|id| (id, Step::END));
		plan.end.extend(free);
		Ok(plan)
	}

	/// Returns the last finalised block, or `None` if the node lags behind. Logs each kind of
	/// reason once.
	async fn finalised(&mut self, chain: &Chain) -> anyhow::Result<Option<ChainAt>> {
		match finalised_now(chain).await? {
			Ok(at) => {
				self.behind = None;
				Ok(Some(at))
			},
			Err(why) => {
				if !self.behind.is_some_and(|logged| logged.is_same_kind(&why)) {
					tracing::warn!(%why, "the node may be stale: no VM is ended");
				}
				self.behind = Some(why);
				Ok(None)
			},
		}
	}

	/// Ends VMs that are stopped or reassigned according to the finalised block. A best block may
	/// be replaced, and the tenant would have lost a running VM or its disk.
	async fn end(
		&mut self,
		driver: &Arc<VmDriver>,
		finalised: &ChainAt,
		miner: &AccountId32,
		steps: Vec<(VmId, Step)>,
	) -> anyhow::Result<()> {
		let hosted = hosted_by(finalised, miner).await?;
		for (id, step) in steps {
			let seen = seen_at(finalised, id).await?.filter(|_| hosted.contains(&id));
			let Some(ending) = ending(&step, seen.map(|seen| (seen.state, seen.boot))) else {
				continue;
			};
			let driver = driver.clone();
			self.tasks.begin(&[(id, step)], async move {
				let done = match ending {
					Ending::Destroy => driver.destroy(id).await,
					Ending::Stop => driver.stop(id).await,
					Ending::Forget(generation) => driver.forget_earlier(id, generation).await,
				};
				done.err().map(|error| (id, error)).into_iter().collect()
			});
		}
		Ok(())
	}

	/// Starts a step for one VM.
	fn act(&mut self, driver: &Arc<VmDriver>, at: &ChainAt, seen: Seen, act: Act) {
		let (driver, at, id) = (driver.clone(), at.clone(), seen.id);
		let step = seen.step(Wanted::Act(act));
		self.tasks.begin(&[(id, step)], async move {
			let done = driver.act(&at, &seen, act).await;
			done.err().map(|error| (id, error)).into_iter().collect()
		});
	}
}

/// Returns the VMs that are assigned to a miner.
pub(crate) async fn hosted_by(at: &ChainAt, miner: &AccountId32) -> anyhow::Result<Vec<VmId>> {
	let mut rows = at.storage().iter(api::storage().compute().vms_of_miner(), (*miner,)).await?;
	let mut hosted = Vec::new();
	while let Some(row) = rows.next().await {
		let (_, id) = row?.key()?.decode()?;
		hosted.push(id);
	}
	hosted.sort_unstable();
	Ok(hosted)
}

/// Repeats the maintenance of VMs. Returns after an error if the node does not answer, and
/// continues after any other error.
async fn repeat_while(
	every: Duration,
	mut maintain_once: impl AsyncFnMut() -> anyhow::Result<()>,
	mut answers: impl AsyncFnMut() -> bool,
) {
	loop {
		if let Err(error) = maintain_once().await {
			tracing::warn!(error = format!("{error:#}"), "maintenance of VMs failed: retrying");
			if !answers().await {
				return;
			}
		}
		tokio::time::sleep(every).await;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const SHORT: Duration = Duration::from_millis(1);

	#[test]
	fn disk_is_deleted_only_if_no_block_assigns_the_vm() {
		let step = |wanted| Step { boot: Some((2, 1)), wanted };
		let running = || Some((State::Running { since: 3 }, (2, 1)));
		let stopped = || Some((State::Stopped { since: 3, until: 9 }, (2, 1)));
		assert_eq!(ending(&Step::END, None), Some(Ending::Destroy));
		assert_eq!(ending(&Step::END, running()), None);
		assert_eq!(ending(&Step::END, stopped()), Some(Ending::Stop));
		// The assignment is not final yet.
		assert_eq!(ending(&step(Wanted::End), None), None);
		assert_eq!(ending(&step(Wanted::Forget), None), None);
		assert_eq!(ending(&step(Wanted::End), running()), None);
		assert_eq!(ending(&step(Wanted::End), stopped()), Some(Ending::Stop));
		assert_eq!(ending(&step(Wanted::Forget), running()), Some(Ending::Forget(2)));
		assert_eq!(ending(&step(Wanted::Forget), stopped()), None);
	}

	#[tokio::test]
	async fn errors_do_not_end_maintenance() {
		let mut times = 0;
		let failing = async || {
			times += 1;
			Err::<(), _>(anyhow::anyhow!("the folder of VMs is missing"))
		};
		let maintenance = repeat_while(SHORT, failing, async || true);
		let ended = tokio::time::timeout(Duration::from_millis(500), maintenance).await;
		assert!(ended.is_err(), "the loop continues");
		assert!(times > 1);
	}

	#[tokio::test]
	async fn lost_node_ends_maintenance() {
		let failing = async || Err::<(), _>(anyhow::anyhow!("the connection is closed"));
		let maintenance = repeat_while(SHORT, failing, async || false);
		let ended = tokio::time::timeout(Duration::from_secs(10), maintenance).await;
		assert!(ended.is_ok(), "the agent connects again");
	}
}
