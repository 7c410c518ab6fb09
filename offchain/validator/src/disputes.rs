//! Disputes: contradicting votes of others, audited verdicts and late subjects. The worker submits
//! the evidence, and the runtime evaluates it.

use api::runtime_types::pallet_verdicts::types::{RecordedVote, Stage};
use codec::Encode;
use hcc_chain::{api, evidence_in, AccountId32, Chain, ChainAt, ChainError, Submitter, H256};

use crate::{
	metrics::Metrics,
	state::{Dispute, State},
	subject::{self, Row},
};

/// Maximum number of proofs that are sent before votes are submitted again. Proofs are large, and
/// votes wait for all of them.
const MAX_PROOFS: usize = 2;
/// Number of blocks that each committee member leaves to the one before it. One proof is enough,
/// and a second one costs its sender.
const TURN_BLOCKS: u64 = 2;
/// The rank of the first turn of other validators, and the number of turns that they share. If the
/// whole committee is silent, the proof refunds their deposit.
const FIRST_OUTSIDER: u64 = 4;
const OUTSIDERS: u64 = 4;
/// Number of blocks after which evidence without a verdict is proven: the last third of the voting
/// time, when the proof is free of charge.
const LATE_AFTER: u64 = 34;
/// Number of blocks after which a proof that was refused or had no effect is retried.
const RETRY_AFTER: u64 = 10;

/// Finds votes in a block that contradict the findings of this worker, and verdicts that must be
/// proven.
pub(crate) async fn scan_block(
	at: &ChainAt,
	state: &State,
	metrics: &Metrics,
) -> anyhow::Result<()> {
	for event in at.events().fetch().await?.iter() {
		let event = event?;
		if let Some(audited) = event.decode_fields_as::<api::verdicts::events::Audited>() {
			state.audited(at.block_number(), audited?.subject)?;
			continue;
		}
		let Some(vote) = event.decode_fields_as::<api::verdicts::events::Voted>() else { continue };
		let vote = vote?;
		if state.seen(at.block_number(), vote.subject, vote.finding)? {
			metrics.disputes.inc();
			tracing::error!(
				subject = %vote.subject,
				validator = %vote.validator,
				"ALARM: a validator voted for another finding than this worker"
			);
		}
	}
	// A minority could void such a subject by not voting. It is proven if it still has no verdict.
	for subject in state.judged_in(at.block_number().saturating_sub(LATE_AFTER))? {
		let row = subject::read(at, subject).await?;
		if row.is_some_and(|row| matches!(row.stage, Stage::Open)) {
			state.audited(at.block_number(), subject)?;
		}
	}
	Ok(())
}

/// Proves disputed subjects when it is this validator's turn.
pub(crate) async fn prove(
	chain: &Chain,
	at: &ChainAt,
	validator: &AccountId32,
	submitter: &Submitter,
	state: &State,
	metrics: &Metrics,
) -> anyhow::Result<()> {
	use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;
	let turns = turns(chain, at, validator, state).await?;
	let (mut subjects, mut calls) = (Vec::new(), Vec::new());
	for dispute in due(turns, at.block_number()) {
		let subject = dispute.subject;
		let evidence = match evidence(chain, &dispute).await {
			Ok(Some(evidence)) => evidence,
			Ok(None) => {
				tracing::error!(%subject, "no proof: the block does not contain the evidence");
				state.resolve(subject)?;
				continue;
			},
			// For example, the node has pruned the state of that block. This must not block other
			// proofs.
			Err(error) => {
				tracing::warn!(%subject, %error, "cannot read the block of the evidence: retrying later");
				state.audited(at.block_number() + RETRY_AFTER, subject)?;
				continue;
			},
		};
		subjects.push(subject);
		calls.push(api::tx().verdicts().prove(Some(*validator), subject, BoundedVec(evidence)));
	}
	if calls.is_empty() {
		return Ok(());
	}
	let outcomes = submitter.submit_each(chain, &calls).await?;
	let (best, finalised) = (chain.best().await?, chain.finalised_number().await?);
	let mut noted = Vec::new();
	for (subject, outcome) in subjects.into_iter().zip(outcomes) {
		let row = subject::read(&best, subject).await?;
		noted.push(record_outcome(state, metrics, subject, row.as_ref(), finalised, outcome));
	}
	noted.into_iter().collect()
}

/// Returns the disputes to prove, with the number of validators whose turns come first. Removes
/// disputes that are over.
async fn turns(
	chain: &Chain,
	at: &ChainAt,
	validator: &AccountId32,
	state: &State,
) -> anyhow::Result<Vec<(Dispute, u64)>> {
	let mut turns = Vec::new();
	let disputes = state.disputes()?;
	if disputes.is_empty() {
		return Ok(turns);
	}
	let best = chain.best().await?;
	for dispute in disputes {
		let subject = dispute.subject;
		let own = state.found(subject)?;
		let (now, then) = (subject::read(&best, subject).await?, subject::read(at, subject).await?);
		match turn(now.as_ref(), then.as_ref(), own, subject, validator) {
			Turn::After(rank) => turns.push((dispute, rank)),
			Turn::Wait => {},
			Turn::Over => state.resolve(subject)?,
		}
	}
	Ok(turns)
}

/// The action that a dispute requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
	/// The subject must be proven, after the turns of this number of validators.
	After(u64),
	/// In the best block nothing is left to prove, but another block may replace it.
	Wait,
	/// In a finalised block nothing is left to prove.
	Over,
}

/// Returns the action that a dispute requires, by the rows of the subject in the best and in a
/// finalised block. `own` is the finding of this worker.
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

/// Returns `true` if nothing is left to prove. Either the subject is proven, or the committee
/// agrees, no audit is pending, and all votes are for the finding of this worker. A later audit or
/// another vote adds the dispute again.
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

/// Returns the number of validators whose turns come before that of this one.
fn rank(row: &Row, subject: H256, validator: &AccountId32) -> u64 {
	let members = row.committee.0.len();
	// The order depends on the subject, so that the first member varies.
	let first = usize::from(subject.0[0]);
	let member = row.committee.0.iter().position(|member| member == validator);
	member.map_or_else(
		|| FIRST_OUTSIDER + u64::from(validator.0[0]) % OUTSIDERS,
		|member| ((member + first) % members) as u64,
	)
}

/// Returns the disputes that this validator proves at a block: those whose turn has come, up to the
/// maximum.
fn due(turns: Vec<(Dispute, u64)>, block: u64) -> Vec<Dispute> {
	turns
		.into_iter()
		.filter(|(dispute, rank)| block >= dispute.seen + TURN_BLOCKS * rank)
		.map(|(dispute, _)| dispute)
		.take(MAX_PROOFS)
		.collect()
}

/// Returns the evidence bytes from the block that includes them.
async fn evidence(chain: &Chain, dispute: &Dispute) -> Result<Option<Vec<u8>>, ChainError> {
	let included = chain.block(dispute.included).await?;
	let found = evidence_in(&included, chain.genesis()).await?.evidence;
	let found = found.into_iter().find(|found| found.subject == dispute.subject);
	Ok(found.map(|found| found.evidence.encode()))
}

/// Records the outcome of a proof. `row` is the subject in the best block afterwards. A dispute
/// with an effective proof is removed once that is final.
fn record_outcome<T>(
	state: &State,
	metrics: &Metrics,
	subject: H256,
	row: Option<&Row>,
	finalised: u64,
	outcome: Result<T, ChainError>,
) -> anyhow::Result<()> {
	match outcome {
		Ok(_) if row.is_some_and(|row| row.proven.is_none()) => {
			// The proof came too early, for example because the clock of the chain stopped in
			// between. It contradicts no vote, and votes still count.
			tracing::warn!(%subject, "the proof has no effect yet: retrying later");
			state.audited(finalised + RETRY_AFTER, subject)
		},
		Ok(_) => {
			metrics.proofs.inc();
			tracing::info!(%subject, "proven: contradicting votes are slashed");
			Ok(())
		},
		Err(error @ ChainError::Refused { .. }) => {
			// If another validator was faster, the next attempt finds the subject proven.
			tracing::warn!(%subject, %error, "the chain refused the proof: retrying later");
			state.audited(finalised + RETRY_AFTER, subject)
		},
		Err(error) => Err(error.into()),
	}
}

#[cfg(test)]
mod tests {
	use std::collections::BTreeSet;

	use super::*;
	use crate::subject::rows::{row, validator};

	const SUBJECT: H256 = H256([7; 32]);
	const OWN: H256 = H256([1; 32]);
	const OTHER: H256 = H256([2; 32]);
	/// Votes of three members that agree, and the same with a fourth one that differs.
	const AGREEING: [(u8, H256); 3] = [(0, OWN), (1, OWN), (2, OWN)];
	const DIVIDED: [(u8, H256); 4] = [(0, OWN), (1, OWN), (2, OWN), (3, OTHER)];

	/// Returns the action of validator 0 if the best and a finalised block have the same row.
	fn turn_by(row: Option<&Row>, own: Option<H256>) -> Turn {
		turn(row, row, own, SUBJECT, &validator(0))
	}

	fn needs_proof(row: &Row) -> bool {
		matches!(turn_by(Some(row), Some(OWN)), Turn::After(_))
	}

	#[test]
	fn unanimous_verdict_needs_no_proof() {
		// This includes late subjects, which had no verdict when the dispute was added.
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

	fn dispute(subject: u8, seen: u64) -> Dispute {
		Dispute { subject: H256([subject; 32]), included: 1, seen }
	}

	#[test]
	fn dispute_is_due_after_earlier_turns() {
		let due = |block| due(vec![(dispute(1, 20), 3)], block);
		assert!(due(20 + 3 * TURN_BLOCKS - 1).is_empty());
		assert_eq!(due(20 + 3 * TURN_BLOCKS), [dispute(1, 20)]);
	}

	#[test]
	fn due_proofs_are_limited() {
		// A dispute that is not due does not count towards the maximum.
		let turns = vec![(dispute(1, 90), 0), (dispute(2, 10), 0), (dispute(3, 10), 1)];
		assert_eq!(due(turns.clone(), 20), [dispute(2, 10), dispute(3, 10)]);
		let many = [turns, vec![(dispute(4, 10), 0)]].concat();
		assert_eq!(due(many, 20).len(), MAX_PROOFS);
	}

	/// Returns a state in which `SUBJECT` is disputed, and metrics.
	fn disputed(folder: &tempfile::TempDir) -> (State, Metrics) {
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		state.judged(1, &[(SUBJECT, OWN)]).expect("the state is writable");
		state.audited(5, SUBJECT).expect("the state is writable");
		(state, Metrics::default())
	}

	/// Returns `true` if the only dispute is due in a block, with no validator before this one.
	fn is_due(state: &State, block: u64) -> bool {
		let turns = state
			.disputes()
			.expect("the state is readable")
			.into_iter()
			.map(|dispute| (dispute, 0));
		!due(turns.collect(), block).is_empty()
	}

	#[test]
	fn proof_without_effect_is_retried() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let (state, metrics) = disputed(&folder);
		assert!(is_due(&state, 20));
		let row = row(Stage::Open, 4, &[(0, OWN)]);
		record_outcome(&state, &metrics, SUBJECT, Some(&row), 20, Ok(()))
			.expect("the outcome is recorded");
		assert!(!is_due(&state, 20 + RETRY_AFTER - 1));
		assert!(is_due(&state, 20 + RETRY_AFTER));
		assert_eq!(metrics.proofs.get(), 0);
	}

	#[test]
	fn refused_proof_is_retried() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let (state, metrics) = disputed(&folder);
		let refusal = ChainError::Refused {
			pallet: "Verdicts".into(),
			error: "DepositMissing".into(),
			meaning: String::new(),
		};
		let row = row(Stage::Audited, 4, &AGREEING);
		record_outcome::<()>(&state, &metrics, SUBJECT, Some(&row), 20, Err(refusal))
			.expect("the outcome is recorded");
		assert!(!is_due(&state, 20 + RETRY_AFTER - 1));
		assert!(is_due(&state, 20 + RETRY_AFTER));
		assert_eq!(metrics.proofs.get(), 0);
	}

	#[test]
	fn effective_proof_is_counted() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let (state, metrics) = disputed(&folder);
		let mut row = row(Stage::Effective, 4, &DIVIDED);
		row.proven = Some(OWN);
		record_outcome(&state, &metrics, SUBJECT, Some(&row), 20, Ok(()))
			.expect("the outcome is recorded");
		record_outcome(&state, &metrics, SUBJECT, None, 20, Ok(()))
			.expect("the outcome is recorded");
		assert_eq!(metrics.proofs.get(), 2);
		let kept = Dispute { subject: SUBJECT, included: 1, seen: 5 };
		assert_eq!(
			state.disputes().expect("the state is readable"),
			[kept],
			"the dispute stays until the proof is final"
		);
	}

	#[test]
	fn failure_leaves_dispute_unchanged() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let (state, metrics) = disputed(&folder);
		let row = row(Stage::Audited, 4, &AGREEING);
		let failure = Err(ChainError::TimedOut(120));
		assert!(record_outcome::<()>(&state, &metrics, SUBJECT, Some(&row), 20, failure).is_err());
		assert!(is_due(&state, 5));
		assert_eq!(metrics.proofs.get(), 0);
	}
}
