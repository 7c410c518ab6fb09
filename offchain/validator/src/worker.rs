//! The tasks of the worker. Each task waits for the node and for blocks on its own, so that no task
//! delays another.

use std::{
	sync::{Arc, Mutex},
	time::Duration,
};

use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainError, Nodes, Submitter};
use hcc_service::{Health, Pulse};
use tokio::{sync::Notify, task::JoinSet};

use crate::{
	credentials,
	exit::{self, OtherChain},
	finality::Stated,
	metrics::Metrics,
	monitor::Readiness,
	state::State,
};

/// Interval at which a task queries the last finalised block.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Pause of a task after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(3);
/// Time limit of one turn of a task, for the health of the process. A turn may wait for the blocks
/// of several transactions, each for up to two minutes.
const TURN_LIMIT: Duration = Duration::from_secs(600);

/// A task of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
	/// States the number of the last finalised block.
	State,
	/// Judges the evidence in finalised blocks.
	Judge,
	/// Submits votes.
	Vote,
	/// Proves disputed subjects.
	Prove,
	/// Posts credentials for enrolments, and reveals their seeds.
	Serve,
}

impl Task {
	const ALL: [Self; 5] = [Self::State, Self::Judge, Self::Vote, Self::Prove, Self::Serve];

	fn name(self) -> &'static str {
		match self {
			Self::State => "state",
			Self::Judge => "judge",
			Self::Vote => "vote",
			Self::Prove => "prove",
			Self::Serve => "serve",
		}
	}
}

/// The worker.
pub struct Worker {
	pub(crate) nodes: Arc<Nodes>,
	/// The validator for which the worker signs.
	pub(crate) validator: AccountId32,
	pub(crate) submitter: Arc<Submitter>,
	pub(crate) state: Arc<State>,
	pub(crate) metrics: Metrics,
	/// The block whose processing failed last, and the number of its failures.
	pub(crate) stuck: Mutex<(u64, u32)>,
	/// The numbers of finalised blocks that this worker has stated.
	pub(crate) stated: Stated,
	/// Wakes the task that submits votes, after a block was judged.
	pub(crate) judged: Notify,
	health: Health,
	/// The pulse of the task that judges blocks.
	pub(crate) judging: Pulse,
	pub(crate) readiness: Readiness,
}

impl Worker {
	pub fn new(
		nodes: Arc<Nodes>,
		validator: AccountId32,
		submitter: Arc<Submitter>,
		state: State,
		metrics: Metrics,
		health: &Health,
	) -> Arc<Self> {
		Arc::new(Self {
			nodes,
			validator,
			submitter,
			state: Arc::new(state),
			metrics,
			stuck: Mutex::default(),
			stated: Stated::default(),
			judged: Notify::new(),
			health: health.clone(),
			judging: health.watch(Task::Judge.name(), TURN_LIMIT),
			readiness: Readiness::new(health),
		})
	}

	/// Runs all tasks until one of them fails. If the node fails, the worker connects to the next
	/// node.
	///
	/// ## Errors
	/// Only errors with an exit code ([`exit::code`]): the state on disk failed, or it belongs to
	/// another chain.
	pub async fn run(self: Arc<Self>) -> anyhow::Result<()> {
		let chain = self.judging.waiting(self.nodes.chain()).await;
		let genesis = chain.genesis();
		if !self.state.on(move |state| state.bind(&genesis)).await? {
			return Err(OtherChain.into());
		}
		tracing::info!(node = chain.url(), worker = %self.submitter.account(), "connected");
		if let Err(error) = chain.check_compatible().await {
			tracing::warn!(%error, "this program was built for another runtime: votes may fail");
		}
		let mut tasks = JoinSet::new();
		for task in Task::ALL {
			let pulse = match task {
				Task::Judge => self.judging.clone(),
				task => self.health.watch(task.name(), TURN_LIMIT),
			};
			tasks.spawn(self.clone().repeat(task, pulse));
		}
		// A task ends only with an error after which the process must exit.
		let ended = tasks.join_next().await.context("no task was started")?;
		ended.context("a task panicked")?
	}

	/// Repeats a task for each new finalised block. Returns only an error after which the process
	/// must exit.
	async fn repeat(self: Arc<Self>, task: Task, pulse: Pulse) -> anyhow::Result<()> {
		let mut done = None;
		loop {
			let chain = pulse.waiting(self.nodes.chain()).await;
			match self.step(task, &chain, &mut done).await {
				Ok(()) => self.pause(task).await,
				Err(error) if exit::code(&error).is_some() => return Err(error),
				Err(error) => {
					self.metrics.failures.inc();
					tracing::warn!(?task, error = format!("{error:#}"), "retrying after a failure");
					pulse.waiting(self.nodes.check(&chain)).await;
					tokio::time::sleep(FAILURE_PAUSE).await;
				},
			}
		}
	}

	/// Runs a task once if there is a new finalised block. `done` is the last finalised block for
	/// which the task ran.
	async fn step(&self, task: Task, chain: &Chain, done: &mut Option<u64>) -> anyhow::Result<()> {
		let finalised = chain.finalised_number().await?;
		// The task `Vote` also runs without a new block, because new votes may have been recorded.
		if *done == Some(finalised) && !matches!(task, Task::Vote) {
			return Ok(());
		}
		if task != Task::Judge && !self.is_appointed(task, chain).await? {
			return Ok(());
		}
		match task {
			Task::State => self.state_finality(chain).await?,
			Task::Judge => self.judge_blocks(chain).await?,
			Task::Vote => self.submit_open_votes(chain).await?,
			Task::Prove => self.prove(chain).await?,
			Task::Serve => self.serve(chain).await?,
		}
		*done = Some(finalised);
		Ok(())
	}

	/// Waits until a task may have work again.
	async fn pause(&self, task: Task) {
		if task == Task::Vote {
			tokio::select! {
				() = self.judged.notified() => {},
				() = tokio::time::sleep(POLL_INTERVAL) => {},
			}
		} else {
			tokio::time::sleep(POLL_INTERVAL).await;
		}
	}

	/// Returns `true` if the validator has appointed this worker on the chain.
	async fn is_appointed(&self, task: Task, chain: &Chain) -> Result<bool, ChainError> {
		let (validator, worker) = (self.validator, self.submitter.account());
		let is_appointed = self.is_named(chain).await?;
		if !is_appointed && task == Task::State {
			tracing::warn!(
				%validator,
				%worker,
				"the validator has not appointed this worker: call validators.set_worker, or correct validator"
			);
		}
		Ok(is_appointed)
	}

	/// Reads if the validator names this worker in the finalised block.
	pub(crate) async fn is_named(&self, chain: &Chain) -> Result<bool, ChainError> {
		let at = chain.finalised().await?;
		let address = api::storage().validators().worker_of();
		let named = at.storage().try_fetch(address, (self.validator,)).await?;
		let named = named.map(|named| named.decode()).transpose()?;
		Ok(named == Some(self.submitter.account()))
	}

	/// Takes the steps that open enrolments require of this validator.
	async fn serve(&self, chain: &Chain) -> anyhow::Result<()> {
		let Self { submitter, state, metrics, validator, .. } = self;
		let at = chain.finalised().await?;
		Ok(credentials::serve(chain, &at, validator, submitter, state, metrics).await?)
	}
}
