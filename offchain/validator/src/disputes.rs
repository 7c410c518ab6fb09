//! Disputes: contradicting votes of other validators, audited verdicts, and late subjects. To prove
//! a dispute, the worker submits the evidence, and the runtime evaluates it.

use std::{collections::BTreeSet, sync::Arc};

use api::runtime_types::pallet_verdicts::types::{RecordedVote, Stage};
use codec::Encode;
use hcc_chain::{api, evidence_by_hash, AccountId32, Body, Chain, ChainAt, ChainError, H256};

use crate::{
	metrics::Metrics,
	state::{Dispute, State},
	subject::{self, Row},
	worker::Worker,
};

/// Maximum number of proofs that are sent at a time, because proofs are large.
const MAX_PROOFS: usize = 2;
/// Length of a turn, in blocks. Committee members take turns, because one proof is enough and the
/// sender of a second proof pays for it.
const TURN_BLOCKS: u64 = 2;
/// The rank of the first turn of validators outside of the committee, and the number of turns that
/// they share. If the whole committee is silent, a proof refunds the deposit of its sender.
const FIRST_OUTSIDER: u64 = 4;
const OUTSIDERS: u64 = 4;
/// Number of blocks after which a proof that was refused or had no effect is retried.
const RETRY_AFTER: u64 = 10;

/// The subjects in a block that must be proven.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
	/// Subjects with a vote for a finding that differs from this worker's finding.
	pub(crate) contradicted: Vec<H256>,
	/// Audited verdicts, and subjects without a verdict in the last third of the voting time.
	pub(crate) due: Vec<H256>,
}

/// Finds the subjects that must be proven because of a block. Reads the votes from the block's
/// body, and audits and late subjects from its state. `new` are the findings on the evidence in the
/// block itself.
pub(crate) async fn scan_block(
	at: &ChainAt,
	before: &ChainAt,
	body: &Body,
	new: &[(H256, H256)],
	state: &Arc<State>,
	metrics: &Metrics,
) -> anyhow::Result<Scan> {
	let mut scan = Scan::default();
	for (subject, other) in contradictions(body, new, state).await? {
		// A vote in the body does not count if its call failed, so the state must contain the vote.
		let row = subject::read(at, subject).await?;
		let Some(validator) = row.as_ref().and_then(|row| voter(row, other)) else { continue };
		metrics.disputes.inc();
		tracing::error!(
			%subject,
			%validator,
			"ALARM: a validator voted for another finding than this worker"
		);
		scan.contradicted.push(subject);
	}
	let drawn = drawn(at, before).await?;
	let late = late(at, before, state).await?;
	let known = state.on(move |state| state.findings(&drawn)).await?;
	// By not voting, a minority could make a subject void. So a late subject is proven if it still
	// has no verdict.
	let of_audit = known.into_keys().map(|subject| (subject, Stage::Audited));
	for (subject, stage) in of_audit.chain(late.into_iter().map(|late| (late, Stage::Open))) {
		let row = subject::read(at, subject).await?;
		if row.is_some_and(|row| row.stage == stage) {
			scan.due.push(subject);
		}
	}
	Ok(scan)
}

/// Returns the votes in a body for findings that differ from this worker's findings.
async fn contradictions(
	body: &Body,
	new: &[(H256, H256)],
	state: &Arc<State>,
) -> anyhow::Result<BTreeSet<(H256, H256)>> {
	let votes = body.votes();
	let subjects: Vec<_> = votes.iter().map(|(subject, _)| *subject).collect();
	let mut own = state.on(move |state| state.findings(&subjects)).await?;
	own.extend(new.iter().copied());
	let differs = |(subject, hash): &(H256, H256)| own.get(subject).is_some_and(|own| own != hash);
	Ok(votes.into_iter().filter(differs).collect())
}

/// Returns one validator that voted for a finding.
fn voter(row: &Row, finding: H256) -> Option<AccountId32> {
	let found = |cast: &&RecordedVote| {
		let shown = row.findings.0.get(usize::from(cast.finding));
		shown.is_some_and(|shown| shown.hash == finding)
	};
	let cast = row.votes.0.iter().find(found)?;
	row.committee.0.get(usize::from(cast.member)).copied()
}

/// Returns the subjects of the verdicts for which a block drew audits. The verdicts that were not
/// drawn took effect in this block.
async fn drawn(at: &ChainAt, before: &ChainAt) -> Result<Vec<H256>, ChainError> {
	let from = || api::storage().verdicts().agreed_from();
	let first = before.storage().fetch(from(), ()).await?.decode()?;
	let next = at.storage().fetch(from(), ()).await?.decode()?;
	let mut drawn = Vec::new();
	for block in first..next {
		let address = api::storage().verdicts().agreed();
		let agreed = before.storage().try_fetch(address, (block,)).await?;
		drawn.extend(agreed.map(|row| row.decode()).transpose()?.into_iter().flat_map(|row| row.0));
	}
	Ok(drawn)
}

/// Returns the subjects that this worker judged and whose last third of the voting time begins in a
/// block. From this block on, a proof is free of charge.
async fn late(at: &ChainAt, before: &ChainAt, state: &Arc<State>) -> anyhow::Result<Vec<H256>> {
	let judging = judging_ticks(at)?;
	let late_after = judging - judging / 3;
	let (then, now) = (subject::tick(before).await?, subject::tick(at).await?);
	// The clock may have stopped, so that both ticks are equal.
	let (Some(first), Some(last)) =
		((then + 1).checked_sub(late_after), now.checked_sub(late_after))
	else {
		return Ok(Vec::new());
	};
	if first > last {
		return Ok(Vec::new());
	}
	state.on(move |state| state.judged_at(first..=last)).await
}

/// Returns the number of ticks in which votes on a subject count.
pub(crate) fn judging_ticks(at: &ChainAt) -> Result<u32, ChainError> {
	Ok(at.constants().entry(api::constants().verdicts().judging_ticks())?)
}

impl Worker {
	/// Proves disputed subjects if it is this validator's turn.
	pub(crate) async fn prove(&self, chain: &Chain) -> anyhow::Result<()> {
		use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;
		let at = chain.finalised().await?;
		let block = at.block_number();
		// After a change of the node, the new node may lag behind, and may not have the subjects
		// yet.
		if self.state.on(|state| state.cursor()).await?.is_some_and(|done| block < done) {
			return Ok(());
		}
		let turns = turns(chain, &at, &self.validator, &self.state).await?;
		let (mut subjects, mut calls) = (Vec::new(), Vec::new());
		for (dispute, hash) in due(turns, block) {
			let subject = dispute.subject;
			let evidence = match evidence_by_hash(chain, &at, dispute.included, hash).await {
				Ok(Some(evidence)) => evidence.encode(),
				Ok(None) => {
					self.metrics.lost_evidence.inc();
					tracing::error!(
						%subject,
						block = dispute.included,
						"ALARM: no proof: the node has pruned the block, or lacks the evidence"
					);
					self.state.on(move |state| state.resolve(&[subject])).await?;
					continue;
				},
				// A failure for one subject must not block the proofs of other subjects.
				Err(error) => {
					tracing::warn!(%subject, %error, "cannot read the block of the evidence: retrying later");
					let retry = block + RETRY_AFTER;
					self.state.on(move |state| state.postpone(retry, subject)).await?;
					continue;
				},
			};
			subjects.push(subject);
			calls.push(api::tx().verdicts().prove(
				Some(self.validator),
				subject,
				BoundedVec(evidence),
			));
		}
		if calls.is_empty() {
			return Ok(());
		}
		let outcomes = self.submitter.submit_each(chain, &calls).await?;
		let (best, finalised) = (chain.best().await?, chain.finalised_number().await?);
		let mut failure = None;
		for (subject, outcome) in subjects.into_iter().zip(outcomes) {
			let row = subject::read(&best, subject).await?;
			match follow_up(&self.metrics, subject, row.as_ref(), outcome) {
				FollowUp::Nothing => {},
				FollowUp::Retry => {
					let retry = finalised + RETRY_AFTER;
					self.state.on(move |state| state.postpone(retry, subject)).await?;
				},
				FollowUp::Failed(error) => failure = failure.or(Some(error)),
			}
		}
		Ok(failure.map_or(Ok(()), Err)?)
	}
}

/// A dispute, the hash of its evidence, and the number of turns before this validator's turn.
type DisputeTurn = (Dispute, H256, u64);

/// Returns the disputes that still need a proof. Removes disputes that are over.
async fn turns(
	chain: &Chain,
	at: &ChainAt,
	validator: &AccountId32,
	state: &Arc<State>,
) -> anyhow::Result<Vec<DisputeTurn>> {
	let mut turns = Vec::new();
	let disputes = state.on(|state| state.disputes()).await?;
	if disputes.is_empty() {
		return Ok(turns);
	}
	let subjects: Vec<_> = disputes.iter().map(|dispute| dispute.subject).collect();
	let own = state.on(move |state| state.findings(&subjects)).await?;
	let best = chain.best().await?;
	let mut over = Vec::new();
	for dispute in disputes {
		let subject = dispute.subject;
		let own = own.get(&subject).copied();
		let (now, then) = (subject::read(&best, subject).await?, subject::read(at, subject).await?);
		match (turn(now.as_ref(), then.as_ref(), own, subject, validator), now) {
			(Turn::After(rank), Some(row)) => turns.push((dispute, row.evidence, rank)),
			(Turn::After(_), None) | (Turn::Wait, _) => {},
			(Turn::Over, _) => over.push(subject),
		}
	}
	state.on(move |state| state.resolve(&over)).await?;
	Ok(turns)
}

/// The action that a dispute requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
	/// The subject must be proven. This validator's turn comes after this number of turns.
	After(u64),
	/// Nothing is left to prove in the best block, but another block may still replace the best
	/// block.
	Wait,
	/// Nothing is left to prove in a finalised block.
	Over,
}

/// Returns the action that a dispute requires. `best` and `finalised` are the rows of the subject
/// in the best and in a finalised block. `own` is the finding of this worker.
fn turn(
	best: Option<&Row>,
	finalised: Option<&Row>,
	own: Option<H256>,
	subject: H256,
	validator: &AccountId32,
) -> Turn {
	match best.filter(|row| !is_over(row, own)) {
		Some(row) => Turn::After(rank(row, subject, validator)),
		None if finalised.is_none_or(|row| is_over(row, own)) => Turn::Over,
		None => Turn::Wait,
	}
}

/// Returns `true` if nothing is left to prove. That is the case if the subject is proven. It is
/// also the case if the committee agrees, no audit is pending, and all votes are for the finding of
/// this worker. If an audit or a contradicting vote follows later, the dispute is added again.
fn is_over(row: &Row, own: Option<H256>) -> bool {
	let agreed = match row.stage {
		Stage::Agreed | Stage::Effective => true,
		Stage::Open | Stage::Audited => false,
	};
	row.proven.is_some() || (agreed && own.is_some_and(|own| all_agree(row, own)))
}

fn all_agree(row: &Row, own: H256) -> bool {
	let found =
		|cast: &RecordedVote| row.findings.0.get(usize::from(cast.finding)).map(|shown| shown.hash);
	row.votes.0.iter().all(|cast| found(cast) == Some(own))
}

/// Returns the number of turns before the turn of `validator`.
fn rank(row: &Row, subject: H256, validator: &AccountId32) -> u64 {
	let members = row.committee.0.len();
	// The order of turns depends on the subject, so that not always the same member comes first.
	let first = usize::from(subject.0[0]);
	let member = row.committee.0.iter().position(|member| member == validator);
	member.map_or_else(
		|| FIRST_OUTSIDER + u64::from(validator.0[0]) % OUTSIDERS,
		|member| ((member + first) % members) as u64,
	)
}

/// Returns the disputes for which this validator's turn has come at a block, with the hashes of
/// their evidence. Returns at most [`MAX_PROOFS`] disputes.
fn due(turns: Vec<DisputeTurn>, block: u64) -> Vec<(Dispute, H256)> {
	turns
		.into_iter()
		.filter(|(dispute, _, rank)| block >= dispute.seen + TURN_BLOCKS * rank)
		.map(|(dispute, hash, _)| (dispute, hash))
		.take(MAX_PROOFS)
		.collect()
}

/// The step that follows the submission of a proof.
#[derive(Debug)]
enum FollowUp {
	/// The proof took effect. The dispute is removed once the block with the proof is final.
	Nothing,
	/// The proof must be sent again later.
	Retry,
	/// The node failed. The dispute stays as it is.
	Failed(ChainError),
}

/// Returns the step that follows the outcome of a proof. `row` is the row of the subject in the
/// best block after the submission.
fn follow_up<T>(
	metrics: &Metrics,
	subject: H256,
	row: Option<&Row>,
	outcome: Result<T, ChainError>,
) -> FollowUp {
	match outcome {
		Ok(_) if row.is_some_and(|row| row.proven.is_none()) => {
			// The proof came too early, for example because the chain's clock stopped after the
			// dispute began. A proof has no effect while votes still count, if it contradicts no
			// vote.
			tracing::warn!(%subject, "the proof has no effect yet: retrying later");
			FollowUp::Retry
		},
		Ok(_) => {
			metrics.proofs.inc();
			tracing::info!(%subject, "proven: contradicting votes are slashed");
			FollowUp::Nothing
		},
		Err(error @ ChainError::Refused { .. }) => {
			// If another validator was faster, the next attempt finds the subject proven.
			tracing::warn!(%subject, %error, "the chain refused the proof: retrying later");
			FollowUp::Retry
		},
		Err(error) => FollowUp::Failed(error),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::subject::rows::{row, validator};

	const SUBJECT: H256 = H256([7; 32]);
	const OWN: H256 = H256([1; 32]);
	const OTHER: H256 = H256([2; 32]);
	/// Three equal votes, and the same three votes with a fourth one that differs.
	const AGREEING: [(u8, H256); 3] = [(0, OWN), (1, OWN), (2, OWN)];
	const DIVIDED: [(u8, H256); 4] = [(0, OWN), (1, OWN), (2, OWN), (3, OTHER)];

	/// Returns the action of validator 0 if the row is the same in the best and in a finalised
	/// block.
	fn turn_by(row: Option<&Row>, own: Option<H256>) -> Turn {
		turn(row, row, own, SUBJECT, &validator(0))
	}

	fn needs_proof(row: &Row) -> bool {
		matches!(turn_by(Some(row), Some(OWN)), Turn::After(_))
	}

	#[test]
	fn unanimous_verdict_needs_no_proof() {
		// This case includes late subjects, which had no verdict when the dispute was added.
		for stage in [Stage::Agreed, Stage::Effective] {
			assert_eq!(turn_by(Some(&row(stage, 4, &AGREEING)), Some(OWN)), Turn::Over);
		}
	}

	#[test]
	fn audited_and_open_subjects_need_proof() {
		assert!(needs_proof(&row(Stage::Audited, 4, &AGREEING)));
		assert!(needs_proof(&row(Stage::Open, 4, &[(0, OWN)])));
		assert!(needs_proof(&row(Stage::Open, 4, &[])));
	}

	#[test]
	fn contradicting_vote_needs_proof_in_every_stage() {
		for stage in [Stage::Open, Stage::Agreed, Stage::Audited, Stage::Effective] {
			assert!(needs_proof(&row(stage, 4, &DIVIDED)));
		}
		let false_verdict = row(Stage::Effective, 4, &[(1, OTHER), (2, OTHER), (3, OTHER)]);
		assert!(needs_proof(&false_verdict));
	}

	#[test]
	fn vote_for_undisclosed_finding_needs_proof() {
		let mut row = row(Stage::Effective, 4, &AGREEING);
		row.findings.0.pop();
		assert!(needs_proof(&row));
	}

	#[test]
	fn subject_without_own_finding_needs_proof() {
		let row = row(Stage::Effective, 4, &AGREEING);
		assert!(matches!(turn_by(Some(&row), None), Turn::After(_)));
	}

	#[test]
	fn proven_or_closed_subject_is_over() {
		let mut row = row(Stage::Audited, 4, &DIVIDED);
		row.proven = Some(OWN);
		assert_eq!(turn_by(Some(&row), Some(OWN)), Turn::Over);
		assert_eq!(turn_by(None, Some(OWN)), Turn::Over);
	}

	#[test]
	fn dispute_is_not_over_before_finality() {
		let (open, drawn) = (row(Stage::Open, 4, &AGREEING), row(Stage::Audited, 4, &AGREEING));
		let agreed = row(Stage::Agreed, 4, &AGREEING);
		let mut proven = row(Stage::Effective, 4, &DIVIDED);
		proven.proven = Some(OWN);
		for (best, finalised) in [(&agreed, &open), (&proven, &drawn), (&proven, &open)] {
			let turn = turn(Some(best), Some(finalised), Some(OWN), SUBJECT, &validator(0));
			assert_eq!(turn, Turn::Wait);
		}
		let closed = turn(None, Some(&drawn), Some(OWN), SUBJECT, &validator(0));
		assert_eq!(closed, Turn::Wait);
	}

	#[test]
	fn best_block_determines_need_for_proof() {
		let (open, divided) = (row(Stage::Open, 4, &AGREEING), row(Stage::Agreed, 4, &DIVIDED));
		let turn = turn(Some(&divided), Some(&open), Some(OWN), SUBJECT, &validator(0));
		assert!(matches!(turn, Turn::After(_)));
	}

	#[test]
	fn members_have_distinct_turns_and_varying_first() {
		for members in [1, 4, 16] {
			let row = row(Stage::Audited, members, &[]);
			let mut firsts = BTreeSet::new();
			for first in 0..members {
				let subject = H256([first; 32]);
				let of = |member| rank(&row, subject, &validator(member));
				let ranks: BTreeSet<_> = (0..members).map(of).collect();
				assert_eq!(ranks, (0..u64::from(members)).collect::<BTreeSet<_>>());
				firsts.extend((0..members).filter(|member| of(*member) == 0));
			}
			assert_eq!(firsts.len(), usize::from(members));
		}
	}

	#[test]
	fn outsiders_come_after_first_four_members() {
		let row = row(Stage::Audited, 4, &[]);
		let member = (0..4).map(|member| rank(&row, SUBJECT, &validator(member))).max();
		let others: BTreeSet<_> =
			(4..=u8::MAX).map(|other| rank(&row, SUBJECT, &validator(other))).collect();
		assert!(member < others.first().copied());
		let shared = FIRST_OUTSIDER..FIRST_OUTSIDER + OUTSIDERS;
		assert_eq!(others, shared.collect::<BTreeSet<_>>());
	}

	#[test]
	fn voter_of_other_finding_is_named() {
		let row = row(Stage::Open, 4, &DIVIDED);
		assert_eq!(voter(&row, OTHER), Some(validator(3)));
		assert_eq!(voter(&row, H256([9; 32])), None, "the call of the vote failed");
	}

	fn dispute(subject: u8, seen: u64) -> Dispute {
		Dispute { subject: H256([subject; 32]), included: 1, seen }
	}

	/// Returns the disputes that are due at a block. Their evidence has the hash `OTHER`.
	fn due_at(turns: Vec<(Dispute, u64)>, block: u64) -> Vec<Dispute> {
		let turns = turns.into_iter().map(|(dispute, rank)| (dispute, OTHER, rank)).collect();
		due(turns, block).into_iter().map(|(dispute, _)| dispute).collect()
	}

	#[test]
	fn dispute_is_due_after_earlier_turns() {
		let due = |block| due_at(vec![(dispute(1, 20), 3)], block);
		assert!(due(20 + 3 * TURN_BLOCKS - 1).is_empty());
		assert_eq!(due(20 + 3 * TURN_BLOCKS), [dispute(1, 20)]);
	}

	#[test]
	fn due_proofs_are_limited() {
		// A dispute that is not due does not count towards the maximum.
		let turns = vec![(dispute(1, 90), 0), (dispute(2, 10), 0), (dispute(3, 10), 1)];
		assert_eq!(due_at(turns.clone(), 20), [dispute(2, 10), dispute(3, 10)]);
		let many = [turns, vec![(dispute(4, 10), 0)]].concat();
		assert_eq!(due_at(many, 20).len(), MAX_PROOFS);
	}

	#[test]
	fn proof_without_effect_is_retried() {
		let metrics = Metrics::default();
		let row = row(Stage::Open, 4, &[(0, OWN)]);
		let next = follow_up(&metrics, SUBJECT, Some(&row), Ok(()));
		assert!(matches!(next, FollowUp::Retry), "{next:?}");
		assert_eq!(metrics.proofs.get(), 0);
	}

	#[test]
	fn refused_proof_is_retried() {
		let metrics = Metrics::default();
		let refusal = ChainError::Refused {
			pallet: "Verdicts".into(),
			error: "DepositMissing".into(),
			meaning: String::new(),
		};
		let row = row(Stage::Audited, 4, &AGREEING);
		let next = follow_up::<()>(&metrics, SUBJECT, Some(&row), Err(refusal));
		assert!(matches!(next, FollowUp::Retry), "{next:?}");
		assert_eq!(metrics.proofs.get(), 0);
	}

	#[test]
	fn effective_proof_is_counted() {
		let metrics = Metrics::default();
		let mut row = row(Stage::Effective, 4, &DIVIDED);
		row.proven = Some(OWN);
		for row in [Some(&row), None] {
			let next = follow_up(&metrics, SUBJECT, row, Ok(()));
			assert!(matches!(next, FollowUp::Nothing), "the dispute stays until it is final");
		}
		assert_eq!(metrics.proofs.get(), 2);
	}

	#[test]
	fn failure_leaves_dispute_unchanged() {
		let metrics = Metrics::default();
		let row = row(Stage::Audited, 4, &AGREEING);
		let failure = Err(ChainError::TimedOut(120));
		let next = follow_up::<()>(&metrics, SUBJECT, Some(&row), failure);
		assert!(matches!(next, FollowUp::Failed(ChainError::TimedOut(120))), "{next:?}");
		assert_eq!(metrics.proofs.get(), 0);
	}
}
