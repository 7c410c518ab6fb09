//! Submits votes, and settles them.

use api::runtime_types::{
	bounded_collections::bounded_vec::BoundedVec, hcc_primitives::finding::Finding,
	pallet_verdicts::types::Vote,
};
use hcc_chain::{api, Chain, ChainError, H256};
use hcc_evidence::host::finding_hash;

use crate::{
	finality::block_number,
	metrics::Metrics,
	state::PendingVote,
	subject::{self, needs, Need},
	worker::Worker,
};

/// Maximum number of votes in one transaction.
const MAX_VOTES: usize = 32;
/// Maximum number of transactions with votes at a time. A block has no room for more verdicts, and
/// a refused call costs its fee.
const MAX_BATCHES: usize = 16;

impl Worker {
	/// Submits the votes that the chain still needs.
	pub(crate) async fn submit_open_votes(&self, chain: &Chain) -> anyhow::Result<()> {
		let validator = self.validator;
		let votes = self.open_votes(chain).await?;
		let batches = batches(&votes);
		if batches.is_empty() {
			return Ok(());
		}
		let finalised = block_number(chain.finalised_number().await?)?;
		let genesis = chain.genesis();
		let calls = || {
			let call = |votes: &&[PendingVote]| {
				let votes = votes.iter().map(|vote| chain_vote(&genesis, vote)).collect();
				let number = self.stated.raise(finalised);
				api::tx().verdicts().vote(validator, BoundedVec(votes), number)
			};
			batches.iter().map(call).collect::<Vec<_>>()
		};
		let outcomes = self.submitter.submit_each_made(chain, batches.len(), calls).await?;
		Ok(record_outcomes(&self.metrics, &batches, outcomes)?)
	}

	/// Returns the votes that are still needed in the best block, in ascending order of their
	/// deadlines. Removes votes that are settled in a finalised block.
	async fn open_votes(&self, chain: &Chain) -> anyhow::Result<Vec<PendingVote>> {
		let validator = &self.validator;
		let (pending, cursor) =
			self.state.on(|state| Ok((state.pending()?, state.cursor()?))).await?;
		self.metrics.pending_votes.set(i64::try_from(pending.len()).unwrap_or(i64::MAX));
		if pending.is_empty() {
			return Ok(pending);
		}
		let (finalised, best) = (chain.finalised().await?, chain.best().await?);
		// After a change of the node, the new node may lag behind, and may not have the subjects
		// yet.
		if cursor.is_some_and(|done| finalised.block_number() < done) {
			return Ok(Vec::new());
		}
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
		self.state.on(move |state| state.settle(&settled)).await?;
		open.sort_by_key(|(until, _)| *until);
		Ok(open.into_iter().map(|(_, vote)| vote).collect())
	}
}

/// Splits votes into batches. Each batch is one transaction. Votes beyond the limit are submitted
/// later.
fn batches(votes: &[PendingVote]) -> Vec<&[PendingVote]> {
	votes.chunks(MAX_VOTES).take(MAX_BATCHES).collect()
}

/// Encodes a vote for the chain. The vote discloses its finding.
fn chain_vote(genesis: &[u8; 32], vote: &PendingVote) -> Vote {
	Vote {
		subject: vote.subject,
		hash: H256(finding_hash(genesis, vote.code, &vote.claims)),
		finding: Some(Finding { code: vote.code, claims: BoundedVec(vote.claims.clone()) }),
	}
}

/// Records the outcomes of submitted batches. Logs a refusal. The votes of a refused batch stay in
/// the state. They are submitted again while they are open.
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
		let batches = batches(&votes);
		assert_eq!(batches.iter().map(|part| part.len()).collect::<Vec<_>>(), [32, 32, 1]);
		assert_eq!(batches.concat(), votes);
	}

	#[test]
	fn batches_are_limited_by_room_in_block() {
		let votes = votes(MAX_VOTES * MAX_BATCHES + 1);
		let batches = batches(&votes);
		assert_eq!(batches.len(), MAX_BATCHES);
		assert_eq!(batches.concat(), votes[..MAX_VOTES * MAX_BATCHES]);
	}

	#[test]
	fn no_votes_need_no_transaction() {
		assert!(batches(&[]).is_empty());
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
		record_outcomes(&metrics, &batches(&votes), outcomes).expect("a refusal is not an error");
		assert_eq!((metrics.votes.get(), metrics.failures.get()), (5, 1));
	}

	#[test]
	fn accepted_batches_are_counted_despite_failures() {
		let (metrics, votes) = (Metrics::default(), votes(MAX_VOTES * 3 + 5));
		let outcomes =
			vec![Err(ChainError::TimedOut(120)), Ok(()), Err(ChainError::replaced()), Ok(())];
		let noted = record_outcomes(&metrics, &batches(&votes), outcomes);
		assert!(matches!(noted, Err(ChainError::TimedOut(120))), "the first failure");
		assert_eq!((metrics.votes.get(), metrics.failures.get()), (32 + 5, 0));
	}
}
