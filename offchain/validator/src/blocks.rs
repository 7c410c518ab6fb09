//! Processes the finalised blocks, in order and without gaps.

use std::sync::PoisonError;

use futures::future::try_join_all;
use hcc_chain::{evidence_in, Body, Chain, ChainAt, ChainError, Included, H256};
use hcc_evidence::host::finding_hash;

use crate::{
	disputes::{judging_ticks, scan_block},
	judge::{judge, Judgement},
	metrics::{Code, Difference},
	state::{BlockRecord, PendingVote},
	subject,
	worker::Worker,
};

/// Number of consecutive failures after which a block is skipped.
const MAX_TRIES: u32 = 5;
/// Maximum distance of a block from the last finalised block at which evidence is judged even if
/// its subject has closed. A worker that lags further behind skips closed subjects, to catch up
/// faster.
const CATCH_UP: u64 = 10;
/// Number of pieces of evidence that are judged at the same time.
const JUDGED_AT_ONCE: usize = 4;

impl Worker {
	/// Processes all finalised blocks after the last processed one.
	pub(crate) async fn judge_blocks(&self, chain: &Chain) -> anyhow::Result<()> {
		loop {
			// A worker that was stopped processes many blocks in one turn.
			self.judging.beat();
			let finalised = chain.finalised_number().await?;
			let cursor = self.state.on(|state| state.cursor()).await?;
			let next = match cursor {
				Some(done) => done.saturating_add(1),
				None => self.first_block(chain, finalised).await?,
			};
			let lag = finalised.saturating_add(1).saturating_sub(next);
			self.metrics.lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
			if next > finalised {
				return Ok(());
			}
			match self.process(chain, next, finalised).await {
				Ok(()) => {},
				Err(error) if is_pruned(&error) => self.skip_pruned(chain, next, finalised).await?,
				Err(error) => self.retry_or_skip(chain, next, error).await?,
			}
		}
	}

	/// Returns the first block whose evidence may still be open. A worker without a state starts at
	/// this block. The clock may have stopped for some blocks, so the age of a block is measured in
	/// ticks.
	async fn first_block(&self, chain: &Chain, finalised: u64) -> Result<u64, ChainError> {
		let at = chain.block(finalised).await?;
		let oldest = subject::tick(&at).await?.saturating_sub(judging_ticks(&at)?);
		let mut search = Search::new(1, finalised);
		while let Some(number) = search.probe() {
			let has_open_evidence = match chain.block(number).await {
				Ok(at) => subject::tick(&at).await? >= oldest,
				Err(error) if error.is_pruned() => false,
				Err(error) => return Err(error),
			};
			search.note(has_open_evidence);
		}
		let first = search.first;
		tracing::info!(first, finalised, "starting without a state");
		Ok(first)
	}

	/// Skips the blocks whose state the node has pruned, and raises an alarm.
	async fn skip_pruned(&self, chain: &Chain, next: u64, finalised: u64) -> anyhow::Result<()> {
		let mut search = Search::new(next, finalised);
		while let Some(number) = search.probe() {
			let is_available = match chain.block(number).await {
				Ok(_) => true,
				Err(error) if error.is_pruned() => false,
				Err(error) => return Err(error.into()),
			};
			search.note(is_available);
		}
		// Processing a block also needs the state of its parent. So the first block with a state is
		// skipped as well.
		let last = search.first.min(finalised);
		let count = last - next + 1;
		self.metrics.skipped_blocks.inc_by(count);
		tracing::error!(
			first = next,
			last,
			"ALARM: blocks not judged: the node has pruned their state. Set --state-pruning of the node"
		);
		self.skip_to(last).await
	}

	/// Records all blocks up to `block` as processed, without judging their evidence.
	async fn skip_to(&self, block: u64) -> anyhow::Result<()> {
		let record = BlockRecord { block, ..BlockRecord::default() };
		self.state.on(move |state| state.record(&record)).await
	}

	/// Counts a failure of a block. If the block fails repeatedly although the node answers, skips
	/// the block and raises an alarm. Otherwise, a single block would prevent the votes on all
	/// later blocks.
	async fn retry_or_skip(
		&self,
		chain: &Chain,
		number: u64,
		error: anyhow::Error,
	) -> anyhow::Result<()> {
		// An unavailable node or a failed disk is never a reason to skip a block.
		if crate::exit::code(&error).is_some() || !chain.answers().await {
			return Err(error);
		}
		let tries = {
			let mut stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
			*stuck = (number, if stuck.0 == number { stuck.1 + 1 } else { 1 });
			stuck.1
		};
		if tries < MAX_TRIES {
			return Err(error);
		}
		self.metrics.skipped_blocks.inc();
		self.metrics.count_difference(Difference::BlockFailed);
		tracing::error!(number, error = format!("{error:#}"), "ALARM: block skipped");
		self.skip_to(number).await
	}

	/// Judges the evidence in a block, and finds the subjects that must be proven. Records all
	/// results in one write.
	async fn process(&self, chain: &Chain, number: u64, finalised: u64) -> anyhow::Result<()> {
		let at = chain.block(number).await?;
		let before = chain.parent(&at).await?;
		let body = Body::fetch(&at).await?;
		if body.undecodable > 0 {
			self.metrics.count_difference(Difference::Undecodable);
			tracing::error!(
				number,
				calls = body.undecodable,
				"ALARM: calls with evidence or votes cannot be decoded: update this program"
			);
		}
		let included = evidence_in(chain, &at, &body).await?;
		let included = keep_open(chain, included, number, finalised).await?;
		let votes = self.judge_all(&at, chain.genesis(), &included).await?;
		let genesis = chain.genesis();
		let finding = |vote: &PendingVote| {
			(vote.subject, H256(finding_hash(&genesis, vote.code, &vote.claims)))
		};
		let findings: Vec<_> = votes.iter().map(finding).collect();
		let scan = scan_block(&at, &before, &body, &findings, &self.state, &self.metrics).await?;
		let record = BlockRecord {
			block: number,
			tick: subject::tick(&at).await?,
			findings,
			votes,
			contradicted: scan.contradicted,
			due: scan.due,
		};
		let has_votes = !record.votes.is_empty();
		self.state.on(move |state| state.record(&record)).await?;
		if has_votes {
			self.judged.notify_one();
		}
		self.metrics.block.set(i64::try_from(number).unwrap_or(i64::MAX));
		Ok(())
	}

	/// Judges pieces of evidence concurrently, and returns the votes.
	async fn judge_all(
		&self,
		at: &ChainAt,
		genesis: [u8; 32],
		included: &[Included],
	) -> Result<Vec<PendingVote>, ChainError> {
		let mut votes = Vec::new();
		for part in included.chunks(JUDGED_AT_ONCE) {
			let judging = part.iter().map(|included| judge(at, genesis, included, &self.metrics));
			for (included, judgement) in part.iter().zip(try_join_all(judging).await?) {
				match judgement {
					Judgement::Vote(vote) => {
						self.metrics.judged.get_or_create(&Code { code: vote.code.into() }).inc();
						votes.push(vote);
					},
					Judgement::Abstain(difference, why) => {
						self.metrics.count_difference(difference);
						tracing::error!(subject = %included.subject, why, "ALARM: no vote");
					},
				}
			}
		}
		Ok(votes)
	}
}

/// Omits evidence whose subject has closed in the meantime, unless the block is near the last
/// finalised block.
async fn keep_open(
	chain: &Chain,
	included: Vec<Included>,
	number: u64,
	finalised: u64,
) -> Result<Vec<Included>, ChainError> {
	if included.is_empty() || number.saturating_add(CATCH_UP) >= finalised {
		return Ok(included);
	}
	let head = chain.block(finalised).await?;
	let mut open = Vec::new();
	for included in included {
		if subject::read(&head, included.subject).await?.is_some() {
			open.push(included);
		} else {
			tracing::warn!(number, subject = %included.subject, "the subject closed before this worker judged it");
		}
	}
	Ok(open)
}

fn is_pruned(error: &anyhow::Error) -> bool {
	error.downcast_ref::<ChainError>().is_some_and(ChainError::is_pruned)
}

/// A binary search for the first block in a range that has a property. All blocks after it must
/// have the property as well.
struct Search {
	/// The lowest block that may have the property. All lower blocks of the range do not have it.
	first: u64,
	/// The lowest block that is known to have the property. Initially, it is the block after the
	/// range.
	known: u64,
}

impl Search {
	fn new(from: u64, to: u64) -> Self {
		Self { first: from, known: to.saturating_add(1) }
	}

	/// Returns the block to check next, or `None` once `first` is found.
	fn probe(&self) -> Option<u64> {
		(self.first < self.known).then(|| self.first + (self.known - self.first) / 2)
	}

	/// Records the result of the last check.
	fn note(&mut self, holds: bool) {
		let Some(probed) = self.probe() else { return };
		if holds {
			self.known = probed;
		} else {
			self.first = probed.saturating_add(1);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Searches the blocks 10 to 20 for the first block from `from` on. Returns the block and the
	/// number of checks.
	fn search(from: u64) -> (u64, u32) {
		let (mut search, mut checks) = (Search::new(10, 20), 0);
		while let Some(number) = search.probe() {
			assert!((10..=20).contains(&number), "only blocks of the range are checked");
			search.note(number >= from);
			checks += 1;
		}
		(search.first, checks)
	}

	#[test]
	fn search_finds_first_block() {
		for from in 10..=20 {
			let (first, checks) = search(from);
			assert_eq!(first, from);
			assert!(checks <= 4, "{checks} checks");
		}
		assert_eq!(search(0).0, 10, "all blocks have the property");
		assert_eq!(search(99).0, 21, "no block has it");
	}

	#[test]
	fn pruned_state_is_told_from_other_failures() {
		let other = anyhow::Error::new(ChainError::TimedOut(120));
		assert!(!is_pruned(&other));
		assert!(!is_pruned(&anyhow::anyhow!("State already discarded")), "not from the node");
	}
}
