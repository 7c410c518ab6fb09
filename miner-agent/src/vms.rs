//! The VMs that the chain has given this miner: booted, shown, stopped as it says, side by side.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainAt, Submitter};
use hcc_evidence::vm::VmId;
use tokio::sync::Semaphore;

use crate::{
	config::Config,
	node::{finalised_now, Behind},
	tended::Tended,
	usage::Receipts,
	vm::{seen_at, wanted, Act, Keeper, Seen, State, Step, Wanted},
};

/// How often to look what the chain wants.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How many VMs are launched at once: a host that is given many at a time is to boot them, not to choke on them.
const LAUNCHES: usize = 8;
/// Of how many VMs it is said together that they boot.
const BOOTS_AT_ONCE: usize = 32;

/// All VMs of this host.
pub(crate) struct Vms {
	launcher: Option<PathBuf>,
	/// Where it is remembered what runs.
	run_dir: PathBuf,
	tended: Tended,
	receipts: Receipts,
	launches: Arc<Semaphore>,
	/// Why VMs are left running that seem not to be this miner's, or stopped.
	behind: Option<Behind>,
}

/// What is to be done now.
#[derive(Default)]
struct Plan {
	/// VMs of which it is to be said that they boot.
	begin: Vec<(VmId, Step)>,
	/// VMs with which something else is to be done.
	act: Vec<(Seen, Act)>,
	/// VMs that run here for a later boot than the node knows: it lags behind, or a block was replaced.
	doubtful: Vec<(Seen, Act)>,
	/// VMs that run and should not, as the best block has it.
	end: Vec<(VmId, Step)>,
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
			tended: Tended::default(),
			receipts: Receipts::default(),
			launches: Arc::new(Semaphore::new(LAUNCHES)),
			behind: None,
		})
	}

	/// Does what the chain wants of VMs. It does not end by itself, and has no error: challenges are answered whatever is wrong with VMs, and end with
	/// the node themselves.
	pub(crate) async fn tend_always(
		&mut self,
		chain: &Chain,
		hot: &Arc<Submitter>,
		miner: &AccountId32,
	) {
		let Some(launcher) = self.launcher.clone() else { return std::future::pending().await };
		let keeper = Arc::new(Keeper {
			chain: chain.clone(),
			hot: hot.clone(),
			launcher,
			run_dir: self.run_dir.clone(),
			launches: self.launches.clone(),
		});
		again_and_again(LOOK_EVERY, async || self.tend(&keeper, miner).await).await;
	}

	/// Breaks off what goes on. VMs themselves run on.
	pub(crate) async fn rest(&mut self) {
		self.tended.end().await;
		self.receipts.end().await;
	}

	/// Begins what the chain wants of each VM now, and waits for none of it: what fails or hangs with one holds up no other.
	async fn tend(&mut self, keeper: &Arc<Keeper>, miner: &AccountId32) -> anyhow::Result<()> {
		self.tended.settle();
		let at = keeper.chain.best().await?;
		let hosted = hosted_by(&at, miner).await?;
		let plan = self.plan(keeper, &at, &hosted).await?;
		for steps in plan.begin.chunks(BOOTS_AT_ONCE) {
			let keeper = keeper.clone();
			let ids: Vec<_> = steps.iter().map(|(id, _)| *id).collect();
			self.tended.begin(steps, async move { keeper.begin_boots(&ids).await });
		}
		for (seen, act) in plan.act {
			self.act(keeper, &at, seen, act);
		}
		if !plan.end.is_empty() || !plan.doubtful.is_empty() {
			if let Some(finalised) = self.finalised(&keeper.chain).await? {
				self.end(keeper, &finalised, miner, plan.end).await?;
				for (seen, act) in plan.doubtful {
					self.act(keeper, &at, seen, act);
				}
			}
		} else {
			self.behind = None;
		}
		let runs = hosted.into_iter().filter(|id| keeper.process(*id).runs_for().is_some());
		let guests = runs.map(|id| (id, keeper.address(id))).collect();
		self.receipts.tell(&keeper.chain, &keeper.hot, &at, guests).await
	}

	/// What is to be done with the VMs that are free, unless it has failed lately.
	async fn plan(
		&mut self,
		keeper: &Keeper,
		at: &ChainAt,
		hosted: &[VmId],
	) -> anyhow::Result<Plan> {
		let mut plan = Plan::default();
		for id in hosted.iter().copied() {
			if !self.tended.is_free(id) {
				continue;
			}
			let seen = match seen_at(at, id).await {
				Ok(Some(seen)) => seen,
				Ok(None) => continue,
				Err(error) => {
					self.tended.put_off(id, &error);
					continue;
				},
			};
			let runs = keeper.process(id).runs_for();
			let step = seen.step(wanted(&seen.state, seen.boot, runs));
			if self.tended.rests(id, &step) {
				continue;
			}
			match step.wanted {
				Wanted::Nothing => {},
				Wanted::BeginBoot { .. } => plan.begin.push((id, step)),
				Wanted::End => plan.end.push((id, step)),
				Wanted::Act(act) if runs > Some(seen.boot) => plan.doubtful.push((seen, act)),
				Wanted::Act(act) => plan.act.push((seen, act)),
			}
		}
		let remembered = keeper.remembered()?;
		self.tended.forget_others(|id| hosted.contains(&id) || remembered.contains(&id));
		let others = remembered.into_iter().filter(|id| !hosted.contains(id));
		let free = others
			.filter(|id| self.tended.is_free(*id) && !self.tended.rests(*id, &Step::END))
			.map(|id| (id, Step::END));
		plan.end.extend(free);
		Ok(plan)
	}

	/// The last finalised block, unless the node is behind; then it is told once why.
	async fn finalised(&mut self, chain: &Chain) -> anyhow::Result<Option<ChainAt>> {
		match finalised_now(chain).await? {
			Ok(at) => {
				self.behind = None;
				Ok(Some(at))
			},
			Err(why) => {
				if !self.behind.is_some_and(|told| told.is_like(&why)) {
					tracing::warn!(%why, "no VM is ended for what this node says");
				}
				self.behind = Some(why);
				Ok(None)
			},
		}
	}

	/// Ends those of the VMs that are another's, or stopped, as the finalised block has it: a best block may be replaced, and its tenant would have
	/// lost what ran.
	async fn end(
		&mut self,
		keeper: &Arc<Keeper>,
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
			let keeper = keeper.clone();
			self.tended.begin(&[(id, step)], async move {
				let done = keeper.end(id).await;
				done.err().map(|error| (id, error)).into_iter().collect()
			});
		}
		Ok(())
	}

	/// Begins what is to be done with one VM.
	fn act(&mut self, keeper: &Arc<Keeper>, at: &ChainAt, seen: Seen, act: Act) {
		let (keeper, at, id) = (keeper.clone(), at.clone(), seen.id);
		let step = seen.step(Wanted::Act(act));
		self.tended.begin(&[(id, step)], async move {
			let done = keeper.act(&at, &seen, act).await;
			done.err().map(|error| (id, error)).into_iter().collect()
		});
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

/// Tends VMs again and again, whatever comes of it.
async fn again_and_again(every: Duration, mut tend: impl AsyncFnMut() -> anyhow::Result<()>) {
	loop {
		if let Err(error) = tend().await {
			tracing::warn!(error = format!("{error:#}"), "looking after VMs: trying again");
		}
		tokio::time::sleep(every).await;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[tokio::test]
	async fn what_is_wrong_with_vms_does_not_end_that_they_are_tended() {
		let mut times = 0;
		let tending = again_and_again(Duration::from_millis(1), async || {
			times += 1;
			Err::<(), _>(anyhow::anyhow!("the folder of VMs is gone"))
		});
		let ended = tokio::time::timeout(Duration::from_millis(500), tending).await;
		assert!(ended.is_err(), "it goes on");
		assert!(times > 1);
	}
}
