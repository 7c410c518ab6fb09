//! The VMs that the chain has assigned to this miner. The agent boots, attests and ends them
//! concurrently.

use std::{path::PathBuf, sync::Arc, time::Duration};

use hcc_chain::{api, AccountId32, Chain, ChainAt, RuntimeWatch, Submitter};
use hcc_evidence::vm::VmId;
use tokio::sync::Semaphore;

use crate::{
	config::Config,
	node::{finalised_now, Behind},
	usage::Receipts,
	vm::{seen_at, wanted, Act, Seen, State, Step, VmDriver, Wanted},
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
	launcher: Option<PathBuf>,
	/// The folder of the records and sockets of VMs.
	run_dir: PathBuf,
	tasks: VmTasks,
	receipts: Receipts,
	launches: Arc<Semaphore>,
	/// The last logged reason why VMs that seem stopped or reassigned are left running.
	behind: Option<Behind>,
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
	/// VMs that run but must not run, according to the best block.
	end: Vec<(VmId, Step)>,
}

impl Vms {
	pub(crate) fn new(config: &Config) -> Self {
		Self {
			launcher: config.launcher.clone(),
			run_dir: config.run_dir.clone(),
			tasks: VmTasks::default(),
			receipts: Receipts::default(),
			launches: Arc::new(Semaphore::new(MAX_LAUNCHES)),
			behind: None,
		}
	}

	/// Maintains the VMs until the node becomes unavailable. Continues after any other failure.
	pub(crate) async fn maintain(
		&mut self,
		chain: &Chain,
		hot: &Arc<Submitter>,
		miner: &AccountId32,
	) {
		let Some(launcher) = self.launcher.clone() else { return std::future::pending().await };
		let driver = Arc::new(VmDriver {
			chain: chain.clone(),
			hot: hot.clone(),
			launcher,
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
		self.tasks.settle();
		driver.adopt_running(|id| self.tasks.is_free(id))?;
		let hosted = hosted_by(at, miner).await?;
		let plan = self.plan(driver, at, &hosted).await?;
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
		let runs = hosted.into_iter().filter(|id| driver.process(*id).running_boot().is_some());
		let guests = runs.map(|id| (id, driver.address(id))).collect();
		self.receipts.report(&driver.chain, &driver.hot, at, guests).await
	}

	/// Collects the next steps of all free VMs. Omits a step whose last failure was too recent.
	async fn plan(
		&mut self,
		driver: &VmDriver,
		at: &ChainAt,
		hosted: &[VmId],
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
			let runs = driver.process(id).running_boot();
			let step = seen.step(wanted(&seen.state, seen.boot, runs));
			if self.tasks.is_delayed(id, &step) {
				continue;
			}
			match step.wanted {
				Wanted::Nothing => {},
				Wanted::BeginBoot { .. } => plan.begin.push((id, step)),
				Wanted::End => plan.end.push((id, step)),
				Wanted::Act(act) if runs > Some(seen.boot) => plan.uncertain.push((seen, act)),
				Wanted::Act(act) => plan.act.push((seen, act)),
			}
		}
		let recorded = driver.recorded()?;
		self.tasks.retain_failures(|id| hosted.contains(&id) || recorded.contains(&id));
		let others = recorded.into_iter().filter(|id| !hosted.contains(id));
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

	/// Ends VMs that are stopped or reassigned according to the finalised block. The best block
	/// does not suffice: if it is replaced, the tenant would have lost a running VM.
	async fn end(
		&mut self,
		driver: &Arc<VmDriver>,
		finalised: &ChainAt,
		miner: &AccountId32,
		steps: Vec<(VmId, Step)>,
	) -> anyhow::Result<()> {
		let hosted = hosted_by(finalised, miner).await?;
		for (id, step) in steps {
			if hosted.contains(&id) {
				let seen = seen_at(finalised, id).await?;
				if !seen.is_some_and(|seen| matches!(seen.state, State::Stopped { .. })) {
					continue;
				}
			}
			let driver = driver.clone();
			self.tasks.begin(&[(id, step)], async move {
				let done = driver.end(id).await;
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
