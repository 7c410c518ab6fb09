//! Follows the finalised blocks, one after another, without gaps.

use std::{
	sync::{Arc, Mutex},
	time::Duration,
};

use hcc_chain::{api, evidence_in, AccountId32, Chain, ChainAt, ChainError, Submitter, H256};
use hcc_evidence::host::finding_hash;

use crate::{
	credentials, disputes,
	judge::{judge, Judged},
	metrics::{Code, Metrics},
	state::{PendingVote, State},
};

/// How often to look for a finalised block.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(3);
/// After how many blocks without a vote the finalised number is stated again. The chain lets it be free then.
const STATEMENT_INTERVAL: u64 = 10;
/// The most votes in one transaction.
const MAX_VOTES: usize = 32;
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
}

/// Where the worker stands on one connection.
struct Standing {
	validator: AccountId32,
	/// The block at which it last stated what is finalised.
	stated: Option<u64>,
}

impl Worker {
	pub fn new(node: String, submitter: Arc<Submitter>, state: State, metrics: Metrics) -> Self {
		Self { node, submitter, state, metrics, stuck: Mutex::default() }
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
		let mut standing = Standing { validator: self.validator(chain).await?, stated: None };
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
				self.act(chain, &at, &mut standing).await?;
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

	/// Files votes and statements, and serves enrolments.
	async fn act(
		&self,
		chain: &Chain,
		at: &ChainAt,
		standing: &mut Standing,
	) -> anyhow::Result<()> {
		let votes = self.open_votes(chain, &standing.validator).await?;
		let number = at.block_number();
		let due = standing.stated.is_none_or(|stated| number >= stated + STATEMENT_INTERVAL);
		let mut parts: Vec<_> = votes.chunks(MAX_VOTES).map(<[_]>::to_vec).collect();
		if parts.is_empty() && due {
			parts.push(Vec::new());
		}
		for part in parts {
			let count = part.len() as u64;
			// Refused or not, the next statement is due in a while: a refusal costs.
			standing.stated = Some(number);
			match self.file(chain, part, number).await {
				Ok(()) => {
					self.metrics.votes.inc_by(count);
				},
				Err(error @ ChainError::Refused { .. }) => {
					self.metrics.failures.inc();
					tracing::error!(%error, "the chain refuses the votes");
				},
				Err(error) => return Err(error.into()),
			}
		}
		disputes::prove(
			chain,
			at,
			&standing.validator,
			&self.submitter,
			&self.state,
			&self.metrics,
		)
		.await?;
		credentials::serve(
			chain,
			at,
			&standing.validator,
			&self.submitter,
			&self.state,
			&self.metrics,
		)
		.await?;
		Ok(())
	}

	/// The votes that the chain lacks, by its best block. What is settled in a finalised one is forgotten.
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
		let mut settled = Vec::new();
		let mut open = Vec::new();
		for vote in pending {
			if needs(&finalised, vote.subject, validator).await? == Need::Nothing {
				settled.push(vote.subject);
			} else if needs(&best, vote.subject, validator).await? == Need::Vote {
				open.push(vote);
			}
		}
		self.state.settle(&settled)?;
		Ok(open)
	}

	async fn file(
		&self,
		chain: &Chain,
		votes: Vec<PendingVote>,
		finalised: u64,
	) -> Result<(), ChainError> {
		use api::runtime_types::{
			bounded_collections::bounded_vec::BoundedVec, hcc_primitives::finding::Finding,
			pallet_verdicts::types::Vote,
		};
		let genesis = chain.genesis();
		let votes = votes.into_iter().map(|vote| Vote {
			subject: vote.subject,
			hash: H256(finding_hash(&genesis, vote.code, &vote.claims)),
			finding: Some(Finding { code: vote.code, claims: BoundedVec(vote.claims) }),
		});
		let finalised = u32::try_from(finalised)
			.map_err(|_| ChainError::Incompatible("block numbers have 32 bits".into()))?;
		let call = api::tx().verdicts().file(BoundedVec(votes.collect()), finalised);
		self.submitter.submit(chain, &call).await.map(drop)
	}
}

/// The first block that is worth a look, where `finalised` is the last one.
fn look_back(finalised: u64) -> u64 {
	finalised.saturating_sub(LOOK_BACK).max(1)
}

/// What a block's state says of a vote.
#[derive(PartialEq, Eq)]
enum Need {
	/// The subject is open, and lacks the validator's vote.
	Vote,
	/// It was cast, or comes too late, or others judge the subject.
	Nothing,
}

async fn needs(at: &ChainAt, subject: H256, validator: &AccountId32) -> Result<Need, ChainError> {
	let address = api::storage().verdicts().subjects();
	let Some(found) = at.storage().try_fetch(address, (subject,)).await? else {
		return Ok(Need::Nothing);
	};
	let row = found.decode()?;
	let tick = at.storage().fetch(api::storage().verdicts().current_tick(), ()).await?.decode()?;
	// A vote that comes too late is passed over, and costs its fee.
	if row.proven.is_some() || tick > row.until {
		return Ok(Need::Nothing);
	}
	let member = row.committee.0.iter().position(|of| of == validator);
	let cast = |member| row.votes.0.iter().any(|cast| usize::from(cast.member) == member);
	Ok(match member {
		Some(member) if !cast(member) => Need::Vote,
		_ => Need::Nothing,
	})
}
