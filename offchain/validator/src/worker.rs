//! Processing of the finalised blocks, in order and without gaps.

use std::{
	sync::{Arc, Mutex},
	time::Duration,
};

use api::runtime_types::{
	bounded_collections::bounded_vec::BoundedVec, hcc_primitives::finding::Finding,
	pallet_verdicts::types::Vote,
};
use hcc_chain::{api, evidence_in, AccountId32, Chain, ChainAt, ChainError, Submitter, H256};
use hcc_evidence::host::finding_hash;

use crate::{
	credentials, disputes,
	judge::{judge, Judgement},
	metrics::{Code, Metrics},
	state::{PendingVote, State},
	subject::{self, needs, Need},
};

/// Interval of queries for a new finalised block.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Pause after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(3);
/// Number of blocks between statements of the finalised number if there are no votes. The chain
/// accepts them free of charge at this interval.
const STATEMENT_INTERVAL: u64 = 10;
/// Maximum number of votes in one transaction.
const MAX_VOTES: usize = 32;
/// Maximum number of these transactions at a time. More verdicts do not fit into a block, and a
/// refusal costs its fee.
const MAX_BATCHES: usize = 16;
/// Number of finalised blocks in which evidence can still be open: the time for votes, and the lag
/// of finality. Nodes prune the state of much older blocks.
const LOOK_BACK: u64 = 150;

/// Number of failures after which a block is skipped.
const MAX_TRIES: u32 = 5;

/// The worker.
pub struct Worker {
	node: String,
	/// The validator for which the worker signs.
	validator: AccountId32,
	submitter: Arc<Submitter>,
	state: State,
	metrics: Metrics,
	/// The block that failed last, and its number of failures.
	stuck: Mutex<(u64, u32)>,
	/// The block at which the worker last stated a finalised number.
	stated: Mutex<Option<u64>>,
}

impl Worker {
	pub fn new(
		node: String,
		validator: AccountId32,
		submitter: Arc<Submitter>,
		state: State,
		metrics: Metrics,
	) -> Self {
		let (stuck, stated) = (Mutex::default(), Mutex::default());
		Self { node, validator, submitter, state, metrics, stuck, stated }
	}

	/// Runs until it is stopped. Reconnects if the node becomes unavailable.
	pub async fn run(&self) -> anyhow::Result<()> {
		loop {
			let chain = Chain::connect_when_ready(&self.node).await;
			tracing::info!(node = self.node, worker = %self.submitter.account(), "connected");
			if let Err(error) = chain.check_compatible().await {
				tracing::warn!(%error, "the runtime differs from the one of this program: votes may fail");
			}
			if let Err(error) = self.follow(&chain).await {
				self.metrics.failures.inc();
				tracing::warn!(error = format!("{error:#}"), "retrying after a failure");
				tokio::time::sleep(FAILURE_PAUSE).await;
			}
		}
	}

	async fn follow(&self, chain: &Chain) -> anyhow::Result<()> {
		if self.state.bind(&chain.genesis())? {
			tracing::warn!("the state was of another chain: starting with an empty one");
		}
		let validator = self.validator;
		self.await_appointment(chain).await?;
		loop {
			let finalised = chain.finalised_number().await?;
			let next = match self.state.cursor()? {
				Some(done) => (done + 1).max(look_back(finalised)),
				None => look_back(finalised),
			};
			if next > finalised {
				tokio::time::sleep(POLL_INTERVAL).await;
				continue;
			}
			let at = chain.block(next).await?;
			self.process_or_skip(chain, &at).await?;
			// Acts only once it has caught up, on the subjects that are open now.
			if next == finalised {
				self.act(chain, &at, &validator).await?;
			}
		}
	}

	/// Waits until the validator has set this worker's key.
	async fn await_appointment(&self, chain: &Chain) -> Result<(), ChainError> {
		let (worker, validator) = (self.submitter.account(), self.validator);
		loop {
			let at = chain.finalised().await?;
			let address = api::storage().validators().worker_of();
			if let Some(found) = at.storage().try_fetch(address, (validator,)).await? {
				if found.decode()? == worker {
					return Ok(());
				}
			}
			tracing::warn!(%worker, %validator, "this is not the validator's worker key: call validators.set_worker, or set validator");
			tokio::time::sleep(Duration::from_secs(30)).await;
		}
	}

	/// Processes a block. Skips a block that fails repeatedly although the node answers, and raises
	/// an alarm. A single block must not prevent votes on the others.
	async fn process_or_skip(&self, chain: &Chain, at: &ChainAt) -> anyhow::Result<()> {
		let number = at.block_number();
		let Err(error) = self.process(chain, at).await else { return Ok(()) };
		let tries = {
			let mut stuck = self.stuck.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
			*stuck = (number, if stuck.0 == number { stuck.1 + 1 } else { 1 });
			stuck.1
		};
		// Waits without limit for a node that is unavailable.
		if tries < MAX_TRIES || Chain::connect(&self.node).await.is_err() {
			return Err(error);
		}
		self.metrics.differences.inc();
		tracing::error!(number, error = format!("{error:#}"), "ALARM: block skipped");
		self.state.advance(number, &[])
	}

	/// Judges the evidence in a block.
	async fn process(&self, chain: &Chain, at: &ChainAt) -> anyhow::Result<()> {
		let number = at.block_number();
		let mut votes = Vec::new();
		let found = evidence_in(at, chain.genesis()).await?;
		for subject in found.missing {
			self.metrics.differences.inc();
			tracing::error!(%subject, "ALARM: no vote: the block does not contain the evidence");
		}
		for included in found.evidence {
			match judge(at, chain.genesis(), &included, &self.metrics).await? {
				Judgement::Vote(vote) => {
					self.metrics.judged.get_or_create(&Code { code: vote.code.into() }).inc();
					votes.push(vote);
				},
				Judgement::Abstain(why) => {
					self.metrics.differences.inc();
					tracing::error!(subject = %included.subject, why, "ALARM: no vote");
				},
			}
		}
		let genesis = chain.genesis();
		let found = |vote: &PendingVote| {
			(vote.subject, H256(finding_hash(&genesis, vote.code, &vote.claims)))
		};
		self.state.judged(number, &votes.iter().map(found).collect::<Vec<_>>())?;
		disputes::scan_block(at, &self.state, &self.metrics).await?;
		self.state.advance(number, &votes)?;
		self.metrics.block.set(i64::try_from(number).unwrap_or(i64::MAX));
		Ok(())
	}

	/// Submits votes and statements, sends proofs, and serves enrolments. These run concurrently,
	/// since each waits for blocks, and a failure of one does not block the others.
	async fn act(
		&self,
		chain: &Chain,
		at: &ChainAt,
		validator: &AccountId32,
	) -> anyhow::Result<()> {
		let Self { submitter, state, metrics, .. } = self;
		let (filed, proven, served) = tokio::join!(
			self.submit_open_votes(chain, at.block_number(), validator),
			disputes::prove(chain, at, validator, submitter, state, metrics),
			credentials::serve(chain, at, validator, submitter, state, metrics),
		);
		filed.and(proven)?;
		Ok(served?)
	}

	/// Submits the votes that the chain lacks, and states the finalised number.
	async fn submit_open_votes(
		&self,
		chain: &Chain,
		number: u64,
		validator: &AccountId32,
	) -> anyhow::Result<()> {
		let votes = self.open_votes(chain, validator).await?;
		let batches = batches(&votes, self.is_statement_due(number));
		if batches.is_empty() {
			return Ok(());
		}
		// The next statement is due after the interval even if this one is refused, since a refusal
		// costs its fee.
		*self.stated.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(number);
		Ok(self.submit_batches(chain, &batches, number).await?)
	}

	fn is_statement_due(&self, number: u64) -> bool {
		let stated = *self.stated.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		stated.is_none_or(|stated| number >= stated.saturating_add(STATEMENT_INTERVAL))
	}

	/// Returns the votes that the best block lacks, those with the earliest deadline first. Removes
	/// votes that are settled in a finalised block.
	async fn open_votes(
		&self,
		chain: &Chain,
		validator: &AccountId32,
	) -> anyhow::Result<Vec<PendingVote>> {
		let pending = self.state.pending()?;
		if pending.is_empty() {
			return Ok(pending);
		}
		let (finalised, best) = (chain.finalised().await?, chain.best().await?);
		let (then, now) = (subject::tick(&finalised).await?, subject::tick(&best).await?);
		let mut settled = Vec::new();
		let mut open = Vec::new();
		for vote in pending {
			let row = subject::read(&finalised, vote.subject).await?;
			if needs(row.as_ref(), then, validator) == Need::Nothing {
				settled.push(vote.subject);
				continue;
			}
			let row = subject::read(&best, vote.subject).await?;
			if needs(row.as_ref(), now, validator) == Need::Vote {
				open.push((row.map(|row| row.until), vote));
			}
		}
		self.state.settle(&settled)?;
		open.sort_by_key(|(until, _)| *until);
		Ok(open.into_iter().map(|(_, vote)| vote).collect())
	}

	/// Submits all batches of votes concurrently. The outcome of one does not affect the others.
	async fn submit_batches(
		&self,
		chain: &Chain,
		batches: &[&[PendingVote]],
		finalised: u64,
	) -> Result<(), ChainError> {
		let genesis = chain.genesis();
		let finalised = u32::try_from(finalised)
			.map_err(|_| ChainError::Incompatible("block numbers have 32 bits".into()))?;
		let call = |votes: &&[PendingVote]| {
			let votes = votes.iter().map(|vote| chain_vote(&genesis, vote)).collect();
			api::tx().verdicts().vote(self.validator, BoundedVec(votes), finalised)
		};
		let calls: Vec<_> = batches.iter().map(call).collect();
		let outcomes = self.submitter.submit_each(chain, &calls).await?;
		record_outcomes(&self.metrics, batches, outcomes)
	}
}

/// Divides votes into batches of one transaction each. Returns one empty batch if there are no
/// votes and a statement is due. Votes beyond the limit are submitted in a later block.
fn batches(votes: &[PendingVote], due: bool) -> Vec<&[PendingVote]> {
	if votes.is_empty() && due {
		return vec![votes];
	}
	votes.chunks(MAX_VOTES).take(MAX_BATCHES).collect()
}

/// Encodes a vote for the chain, with the finding that it discloses.
fn chain_vote(genesis: &[u8; 32], vote: &PendingVote) -> Vote {
	Vote {
		subject: vote.subject,
		hash: H256(finding_hash(genesis, vote.code, &vote.claims)),
		finding: Some(Finding { code: vote.code, claims: BoundedVec(vote.claims.clone()) }),
	}
}

/// Records the outcomes of submitted batches. Logs a refusal. Its votes stay in the state, and are
/// submitted again while they are open.
///
/// ## Errors
/// The first error that is not a refusal, after all outcomes are recorded.
fn record_outcomes<T>(
	metrics: &Metrics,
	batches: &[&[PendingVote]],
	outcomes: Vec<Result<T, ChainError>>,
) -> Result<(), ChainError> {
	let mut failure = None;
	for (votes, outcome) in batches.iter().zip(outcomes) {
		match outcome {
			Ok(_) => {
				metrics.votes.inc_by(votes.len() as u64);
			},
			Err(error @ ChainError::Refused { .. }) => {
				metrics.failures.inc();
				tracing::error!(%error, "the chain refused the votes");
			},
			Err(error) => failure = failure.or(Some(error)),
		}
	}
	failure.map_or(Ok(()), Err)
}

/// Returns the first block that can contain open evidence, if `finalised` is the last finalised
/// one.
fn look_back(finalised: u64) -> u64 {
	finalised.saturating_sub(LOOK_BACK).max(1)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn votes(count: usize) -> Vec<PendingVote> {
		let vote = |number: usize| {
			let mut subject = [0; 32];
			subject[..8].copy_from_slice(&(number as u64).to_be_bytes());
			PendingVote { subject: H256(subject), code: 0, claims: vec![1] }
		};
		(0..count).map(vote).collect()
	}

	fn refusal() -> ChainError {
		ChainError::Refused {
			pallet: "Verdicts".into(),
			error: "TooManyVerdicts".into(),
			meaning: String::new(),
		}
	}

	#[test]
	fn votes_are_batched_once_each() {
		let votes = votes(MAX_VOTES * 2 + 1);
		let batches = batches(&votes, false);
		assert_eq!(batches.iter().map(|part| part.len()).collect::<Vec<_>>(), [32, 32, 1]);
		assert_eq!(batches.concat(), votes);
	}

	#[test]
	fn batches_are_limited_by_room_in_block() {
		let votes = votes(MAX_VOTES * MAX_BATCHES + 1);
		let batches = batches(&votes, true);
		assert_eq!(batches.len(), MAX_BATCHES);
		assert_eq!(batches.concat(), votes[..MAX_VOTES * MAX_BATCHES]);
	}

	#[test]
	fn empty_batch_only_for_due_statement() {
		assert!(batches(&[], false).is_empty());
		assert_eq!(batches(&[], true), [&[] as &[PendingVote]]);
		assert_eq!(batches(&votes(1), true).len(), 1);
	}

	#[test]
	fn chain_vote_discloses_its_finding() {
		let genesis = [9; 32];
		let [vote] = <[_; 1]>::try_from(votes(1)).expect("one");
		let chain_vote = chain_vote(&genesis, &vote);
		assert_eq!(chain_vote.subject, vote.subject);
		assert_eq!(chain_vote.hash, H256(finding_hash(&genesis, vote.code, &vote.claims)));
		let shown = chain_vote.finding.map(|finding| (finding.code, finding.claims.0));
		assert_eq!(shown, Some((vote.code, vote.claims)));
	}

	#[test]
	fn refused_batch_does_not_affect_others() {
		let (metrics, votes) = (Metrics::default(), votes(MAX_VOTES + 5));
		let outcomes = vec![Err(refusal()), Ok(())];
		record_outcomes(&metrics, &batches(&votes, false), outcomes)
			.expect("a refusal is not an error");
		assert_eq!((metrics.votes.get(), metrics.failures.get()), (5, 1));
	}

	#[test]
	fn accepted_batches_are_counted_despite_failures() {
		let (metrics, votes) = (Metrics::default(), votes(MAX_VOTES * 3 + 5));
		let outcomes =
			vec![Err(ChainError::TimedOut(120)), Ok(()), Err(ChainError::replaced()), Ok(())];
		let noted = record_outcomes(&metrics, &batches(&votes, false), outcomes);
		assert!(matches!(noted, Err(ChainError::TimedOut(120))), "the first failure");
		assert_eq!((metrics.votes.get(), metrics.failures.get()), (32 + 5, 0));
	}

	#[test]
	fn look_back_skips_blocks_of_closed_evidence() {
		assert_eq!(look_back(0), 1);
		assert_eq!(look_back(LOOK_BACK), 1);
		assert_eq!(look_back(LOOK_BACK + 7), 7);
	}
}
