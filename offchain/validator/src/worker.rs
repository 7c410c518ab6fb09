//! Follows the finalised blocks, one after another, without gaps.

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
	judge::{judge, Judged},
	metrics::{Code, Metrics},
	state::{PendingVote, State},
	subject::{self, needs, Need},
};

/// How often to look for a finalised block.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(3);
/// After how many blocks without a vote the finalised number is stated again. The chain lets it be free then.
const STATEMENT_INTERVAL: u64 = 10;
/// The most votes in one transaction.
const MAX_VOTES: usize = 32;
/// The most of these transactions at a time: a block has no room for more verdicts, and to be refused costs.
const MAX_FILINGS: usize = 16;
/// How far back evidence can still be open: what the chain gives it to be judged in, and finality. Nodes forget the state of blocks that are much
/// older.
const LOOK_BACK: u64 = 150;

/// How often a block may fail before it is skipped.
const MAX_TRIES: u32 = 5;

/// The worker.
pub struct Worker {
	node: String,
	submitter: Arc<Submitter>,
	state: State,
	metrics: Metrics,
	/// The block that failed last, and how often.
	stuck: Mutex<(u64, u32)>,
	/// The block at which it last stated what is finalised.
	stated: Mutex<Option<u64>>,
}

impl Worker {
	pub fn new(node: String, submitter: Arc<Submitter>, state: State, metrics: Metrics) -> Self {
		let (stuck, stated) = (Mutex::default(), Mutex::default());
		Self { node, submitter, state, metrics, stuck, stated }
	}

	/// Works until it is stopped. The node may go and come back.
	pub async fn run(&self) -> anyhow::Result<()> {
		loop {
			let chain = Chain::connect_when_ready(&self.node).await;
			tracing::info!(node = self.node, worker = %self.submitter.account(), "connected");
			if let Err(error) = chain.check_compatible().await {
				tracing::warn!(%error, "votes may fail");
			}
			if let Err(error) = self.follow(&chain).await {
				self.metrics.failures.inc();
				tracing::warn!(error = format!("{error:#}"), "trying again");
				tokio::time::sleep(AFTER_FAILURE).await;
			}
		}
	}

	async fn follow(&self, chain: &Chain) -> anyhow::Result<()> {
		if self.state.bind(&chain.genesis())? {
			tracing::warn!("the state was of another chain: beginning anew");
		}
		let validator = self.validator(chain).await?;
		loop {
			let finalised = chain.finalised_number().await?;
			let next = match self.state.cursor()? {
				Some(done) => (done + 1).max(look_back(finalised)),
				None => look_back(finalised),
			};
			if next > finalised {
				tokio::time::sleep(LOOK_EVERY).await;
				continue;
			}
			let at = chain.block(next).await?;
			self.work_through_or_skip(chain, &at).await?;
			// Having caught up, it acts on what is open now.
			if next == finalised {
				self.act(chain, &at, &validator).await?;
			}
		}
	}

	/// The validator for which this worker signs. Without one, it waits for it.
	async fn validator(&self, chain: &Chain) -> Result<AccountId32, ChainError> {
		let worker = self.submitter.account();
		loop {
			let at = chain.finalised().await?;
			let address = api::storage().validators().validator_of();
			if let Some(found) = at.storage().try_fetch(address, (worker,)).await? {
				return Ok(found.decode()?);
			}
			tracing::warn!(%worker, "signs for no validator yet: call validators.set_worker");
			tokio::time::sleep(Duration::from_secs(30)).await;
		}
	}

	/// Works a block through. One that fails again and again, while the node answers otherwise, is skipped with an alarm: no block may keep the
	/// worker from voting on the others.
	async fn work_through_or_skip(&self, chain: &Chain, at: &ChainAt) -> anyhow::Result<()> {
		let number = at.block_number();
		let Err(error) = self.work_through(chain, at).await else { return Ok(()) };
		let tries = {
			let mut stuck = self.stuck.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
			*stuck = (number, if stuck.0 == number { stuck.1 + 1 } else { 1 });
			stuck.1
		};
		// A node that is gone is waited for, however long.
		if tries < MAX_TRIES || Chain::connect(&self.node).await.is_err() {
			return Err(error);
		}
		self.metrics.differences.inc();
		tracing::error!(number, error = format!("{error:#}"), "ALARM: block skipped");
		self.state.advance(number, &[])
	}

	/// Judges what a block includes.
	async fn work_through(&self, chain: &Chain, at: &ChainAt) -> anyhow::Result<()> {
		let number = at.block_number();
		let mut votes = Vec::new();
		let found = evidence_in(at, chain.genesis()).await?;
		for subject in found.missing {
			self.metrics.differences.inc();
			tracing::error!(%subject, "ALARM: no vote: the evidence is not in its block");
		}
		for included in found.evidence {
			match judge(at, chain.genesis(), &included, &self.metrics).await? {
				Judged::Vote(vote) => {
					self.metrics.judged.get_or_create(&Code { code: vote.code.into() }).inc();
					votes.push(vote);
				},
				Judged::Abstain(why) => {
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
		disputes::look(at, &self.state, &self.metrics).await?;
		self.state.advance(number, &votes)?;
		self.metrics.block.set(i64::try_from(number).unwrap_or(i64::MAX));
		Ok(())
	}

	/// Files votes and statements, proves what is false, and serves enrolments: side by side, since each waits for blocks, and what fails with one holds up no other.
	async fn act(
		&self,
		chain: &Chain,
		at: &ChainAt,
		validator: &AccountId32,
	) -> anyhow::Result<()> {
		let Self { submitter, state, metrics, .. } = self;
		let (filed, proven, served) = tokio::join!(
			self.file_open(chain, at.block_number(), validator),
			disputes::prove(chain, at, validator, submitter, state, metrics),
			credentials::serve(chain, at, validator, submitter, state, metrics),
		);
		filed.and(proven)?;
		Ok(served?)
	}

	/// Files the votes that the chain lacks, and states what is finalised.
	async fn file_open(
		&self,
		chain: &Chain,
		number: u64,
		validator: &AccountId32,
	) -> anyhow::Result<()> {
		let votes = self.open_votes(chain, validator).await?;
		let filings = filings(&votes, self.is_statement_due(number));
		if filings.is_empty() {
			return Ok(());
		}
		// Refused or not, the next statement is due in a while: a refusal costs.
		*self.stated.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(number);
		Ok(self.file(chain, &filings, number).await?)
	}

	fn is_statement_due(&self, number: u64) -> bool {
		let stated = *self.stated.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		stated.is_none_or(|stated| number >= stated.saturating_add(STATEMENT_INTERVAL))
	}

	/// The votes that the chain lacks, by its best block, those first that are soonest too late. What is settled in a finalised one is forgotten.
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

	/// Files votes, all at once: what becomes of one transaction is nothing to the others.
	async fn file(
		&self,
		chain: &Chain,
		filings: &[&[PendingVote]],
		finalised: u64,
	) -> Result<(), ChainError> {
		let genesis = chain.genesis();
		let finalised = u32::try_from(finalised)
			.map_err(|_| ChainError::Incompatible("block numbers have 32 bits".into()))?;
		let call = |votes: &&[PendingVote]| {
			let votes = votes.iter().map(|vote| ballot(&genesis, vote)).collect();
			api::tx().verdicts().file(BoundedVec(votes), finalised)
		};
		let calls: Vec<_> = filings.iter().map(call).collect();
		let outcomes = self.submitter.submit_each(chain, &calls).await?;
		note(&self.metrics, filings, outcomes)
	}
}

/// What is filed at once: as many votes in each transaction as it can hold, or none in one where a statement is due. What is left is filed the next time.
fn filings(votes: &[PendingVote], due: bool) -> Vec<&[PendingVote]> {
	if votes.is_empty() && due {
		return vec![votes];
	}
	votes.chunks(MAX_VOTES).take(MAX_FILINGS).collect()
}

/// A vote as the chain takes it.
fn ballot(genesis: &[u8; 32], vote: &PendingVote) -> Vote {
	Vote {
		subject: vote.subject,
		hash: H256(finding_hash(genesis, vote.code, &vote.claims)),
		finding: Some(Finding { code: vote.code, claims: BoundedVec(vote.claims.clone()) }),
	}
}

/// Notes what came of filings. What is refused is told of; its votes stay, and are filed again while they are open.
///
/// ## Errors
/// The first that is no refusal, once all are noted.
fn note<T>(
	metrics: &Metrics,
	filings: &[&[PendingVote]],
	outcomes: Vec<Result<T, ChainError>>,
) -> Result<(), ChainError> {
	let mut failure = None;
	for (votes, outcome) in filings.iter().zip(outcomes) {
		match outcome {
			Ok(_) => {
				metrics.votes.inc_by(votes.len() as u64);
			},
			Err(error @ ChainError::Refused { .. }) => {
				metrics.failures.inc();
				tracing::error!(%error, "the chain refuses the votes");
			},
			Err(error) => failure = failure.or(Some(error)),
		}
	}
	failure.map_or(Ok(()), Err)
}

/// The first block that is worth a look, where `finalised` is the last one.
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
	fn votes_are_filed_side_by_side_each_once() {
		let votes = votes(MAX_VOTES * 2 + 1);
		let filings = filings(&votes, false);
		assert_eq!(filings.iter().map(|part| part.len()).collect::<Vec<_>>(), [32, 32, 1]);
		assert_eq!(filings.concat(), votes);
	}

	#[test]
	fn no_more_is_filed_at_once_than_a_block_has_room_for() {
		let votes = votes(MAX_VOTES * MAX_FILINGS + 1);
		let filings = filings(&votes, true);
		assert_eq!(filings.len(), MAX_FILINGS);
		assert_eq!(filings.concat(), votes[..MAX_VOTES * MAX_FILINGS]);
	}

	#[test]
	fn a_statement_goes_by_itself_only_where_it_is_due_and_there_are_no_votes() {
		assert!(filings(&[], false).is_empty());
		assert_eq!(filings(&[], true), [&[] as &[PendingVote]]);
		assert_eq!(filings(&votes(1), true).len(), 1);
	}

	#[test]
	fn a_ballot_shows_the_finding_that_it_is_for() {
		let genesis = [9; 32];
		let [vote] = <[_; 1]>::try_from(votes(1)).expect("one");
		let ballot = ballot(&genesis, &vote);
		assert_eq!(ballot.subject, vote.subject);
		assert_eq!(ballot.hash, H256(finding_hash(&genesis, vote.code, &vote.claims)));
		let shown = ballot.finding.map(|finding| (finding.code, finding.claims.0));
		assert_eq!(shown, Some((vote.code, vote.claims)));
	}

	#[test]
	fn a_refused_filing_holds_up_no_other() {
		let (metrics, votes) = (Metrics::default(), votes(MAX_VOTES + 5));
		let outcomes = vec![Err(refusal()), Ok(())];
		note(&metrics, &filings(&votes, false), outcomes).expect("a refusal ends nothing");
		assert_eq!((metrics.votes.get(), metrics.failures.get()), (5, 1));
	}

	#[test]
	fn what_was_filed_is_counted_whatever_else_fails() {
		let (metrics, votes) = (Metrics::default(), votes(MAX_VOTES * 3 + 5));
		let outcomes =
			vec![Err(ChainError::TimedOut(120)), Ok(()), Err(ChainError::replaced()), Ok(())];
		let noted = note(&metrics, &filings(&votes, false), outcomes);
		assert!(matches!(noted, Err(ChainError::TimedOut(120))), "the first failure");
		assert_eq!((metrics.votes.get(), metrics.failures.get()), (32 + 5, 0));
	}

	#[test]
	fn no_block_is_looked_at_whose_evidence_has_closed() {
		assert_eq!(look_back(0), 1);
		assert_eq!(look_back(LOOK_BACK), 1);
		assert_eq!(look_back(LOOK_BACK + 7), 7);
	}
}
