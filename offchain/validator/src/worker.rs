//! The tasks of the worker. Each waits for the node and for blocks on its own, so that none delays
//! another.

use std::{
	sync::{Arc, Mutex},
	time::Duration,
};

use anyhow::Context;
use hcc_chain::{AccountId32, Chain, Nodes, Submitter};
use tokio::{sync::Notify, task::JoinSet};

use crate::{
	credentials,
	exit::{self, OtherChain},
	finality::Stated,
	identity::Identity,
	metrics::Metrics,
	state::State,
};

/// Interval of queries for a new finalised block.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Pause after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(3);

/// A task of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
	/// States the last finalised block.
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
}

/// The worker.
pub struct Worker {
	nodes: Arc<Nodes>,
	pub(crate) identity: Arc<Identity>,
	pub(crate) submitter: Arc<Submitter>,
	pub(crate) state: Arc<State>,
	pub(crate) metrics: Metrics,
	/// The block that failed last, and its number of failures.
	pub(crate) stuck: Mutex<(u64, u32)>,
	/// The finalised numbers that were stated.
	pub(crate) stated: Stated,
	/// Wakes the task that submits votes.
	pub(crate) judged: Notify,
}

impl Worker {
	pub fn new(
		nodes: Arc<Nodes>,
		identity: Arc<Identity>,
		submitter: Arc<Submitter>,
		state: State,
		metrics: Metrics,
	) -> Arc<Self> {
		Arc::new(Self {
			nodes,
			identity,
			submitter,
			state: Arc::new(state),
			metrics,
			stuck: Mutex::default(),
			stated: Stated::default(),
			judged: Notify::new(),
		})
	}

	/// Runs until it is stopped. A node that fails is replaced by the next one.
	///
	/// ## Errors
	/// Those with an exit code ([`exit::code`]): the state on disk failed, or it belongs to another
	/// chain.
	pub async fn run(self: Arc<Self>) -> anyhow::Result<()> {
		let chain = self.nodes.chain().await;
		let genesis = chain.genesis();
		if !self.state.on(move |state| state.bind(&genesis)).await? {
			return Err(OtherChain.into());
		}
		tracing::info!(node = chain.url(), worker = %self.submitter.account(), "connected");
		if let Err(error) = chain.check_compatible().await {
			tracing::warn!(%error, "the runtime differs from the one of this program: votes may fail");
		}
		let mut tasks = JoinSet::new();
		for task in Task::ALL {
			tasks.spawn(self.clone().repeat(task));
		}
		// A task ends only by an error that ends the process.
		let ended = tasks.join_next().await.context("no task was started")?;
		ended.context("a task panicked")?
	}

	/// Repeats a task for each finalised block.
	async fn repeat(self: Arc<Self>, task: Task) -> anyhow::Result<()> {
		let mut done = None;
		loop {
			let chain = self.nodes.chain().await;
			match self.step(task, &chain, &mut done).await {
				Ok(()) => self.pause(task).await,
				Err(error) if exit::code(&error).is_some() => return Err(error),
				Err(error) => {
					self.metrics.failures.inc();
					tracing::warn!(?task, error = format!("{error:#}"), "retrying after a failure");
					self.nodes.check(&chain).await;
					tokio::time::sleep(FAILURE_PAUSE).await;
				},
			}
		}
	}

	/// Runs a task once if there is a finalised block that it has not seen.
	async fn step(&self, task: Task, chain: &Chain, done: &mut Option<u64>) -> anyhow::Result<()> {
		let finalised = chain.finalised_number().await?;
		// New votes are submitted without a new block.
		if *done == Some(finalised) && !matches!(task, Task::Vote) {
			return Ok(());
		}
		if task == Task::Judge {
			self.judge_blocks(chain).await?;
		} else if let Some(validator) = self.validator(task, chain).await? {
			match task {
				Task::State => self.state_finality(chain, validator).await?,
				Task::Vote => self.submit_open_votes(chain, validator).await?,
				Task::Prove => self.prove(chain, validator).await?,
				Task::Serve => self.serve(chain, validator).await?,
				Task::Judge => {},
			}
		}
		*done = Some(finalised);
		Ok(())
	}

	/// Waits until a task may have work.
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

	/// Returns the validator that this worker signs for, if there is one.
	async fn validator(&self, task: Task, chain: &Chain) -> anyhow::Result<Option<AccountId32>> {
		let before = self.identity.known();
		let found = self.identity.validator(&chain.finalised().await?).await?;
		match found {
			Some(validator) if before != Some(validator) => {
				self.state.on(move |state| state.set_validator(validator)).await?;
				tracing::info!(%validator, "signing for this validator");
			},
			Some(_) => {},
			None if task == Task::State => tracing::warn!(
				worker = %self.submitter.account(),
				"the worker key belongs to no validator yet: call validators.set_worker"
			),
			None => {},
		}
		Ok(found)
	}

	/// Takes the steps that open enrolments require.
	async fn serve(&self, chain: &Chain, validator: AccountId32) -> anyhow::Result<()> {
		let Self { submitter, state, metrics, .. } = self;
		let at = chain.finalised().await?;
		Ok(credentials::serve(chain, &at, &validator, submitter, state, metrics).await?)
	}
}
