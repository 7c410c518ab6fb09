//! Votes of others for what is not so, and verdicts that were drawn for audit: the chain is shown the evidence, and evaluates it itself.

use api::runtime_types::pallet_verdicts::types::{Cast, Stage};
use codec::Encode;
use hcc_chain::{api, evidence_in, AccountId32, Chain, ChainAt, ChainError, Submitter, H256};

use crate::{
	metrics::Metrics,
	state::{Dispute, State},
	subject::{self, Row},
};

/// How many proofs are sent before votes are filed again: they are large, and votes wait for all of them.
const PROOFS_AT_ONCE: usize = 2;
/// How many blocks each member of a committee leaves to the one before it: one proof is enough, and another costs its sender.
const TURN: u64 = 2;
/// After how many members of a committee the other validators take their turns, and how many turns they share: were the whole committee silent, they have its deposit back with
/// the proof.
const FIRST_OUTSIDER: u64 = 4;
const OUTSIDERS: u64 = 4;
/// After how many blocks evidence without a verdict is proven: the last third of the time that it has to be judged in, when that is free.
const LATE: u64 = 34;
/// After how many blocks a proof that was refused or had no effect is tried once more.
const AGAIN_AFTER: u64 = 10;

/// Looks for votes in a block that contradict what was found here, and for verdicts that must be proven.
pub(crate) async fn look(at: &ChainAt, state: &State, metrics: &Metrics) -> anyhow::Result<()> {
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
				"ALARM: a validator votes for something else than was found here"
			);
		}
	}
	// What a minority would have void by not voting: it is proven where it still has no verdict.
	for subject in state.judged_in(at.block_number().saturating_sub(LATE))? {
		let row = subject::read(at, subject).await?;
		if row.is_some_and(|row| matches!(row.stage, Stage::Open)) {
			state.audited(at.block_number(), subject)?;
		}
	}
	Ok(())
}

/// Proves what is disputed or audited, when it is this validator's turn.
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
				tracing::error!(%subject, "the evidence is not in its block: it cannot be proven");
				state.resolve(subject)?;
				continue;
			},
			// As where the node has forgotten that block's state: that holds up no other proof.
			Err(error) => {
				tracing::warn!(%subject, %error, "the block of the evidence cannot be read: trying again later");
				state.audited(at.block_number() + AGAIN_AFTER, subject)?;
				continue;
			},
		};
		subjects.push(subject);
		calls.push(api::tx().verdicts().prove(subject, BoundedVec(evidence)));
	}
	if calls.is_empty() {
		return Ok(());
	}
	let outcomes = submitter.submit_each(chain, &calls).await?;
	let (best, finalised) = (chain.best().await?, chain.finalised_number().await?);
	let mut noted = Vec::new();
	for (subject, outcome) in subjects.into_iter().zip(outcomes) {
		let row = subject::read(&best, subject).await?;
		noted.push(note(state, metrics, subject, row.as_ref(), finalised, outcome));
	}
	noted.into_iter().collect()
}

/// What is to be proven, and how many validators come before this one. What is over is forgotten.
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

/// What is to be done about a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
	/// It is to be proven, after so many others.
	After(u64),
	/// The best block leaves nothing to prove. Another may take its place.
	Wait,
	/// A final block leaves nothing to prove.
	Over,
}

/// What is to be done about the dispute over a subject, by its rows in the best block and in a final one; `own` was found here.
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

/// Whether there is nothing to prove: the chain has found it itself; or the committee has come to agree, that is not drawn, and whoever has voted found what was
/// found here. If it is drawn later, or somebody votes otherwise, that is seen then.
fn is_over(row: &Row, own: Option<H256>) -> bool {
	let agreed = match row.stage {
		Stage::Agreed | Stage::Effective => true,
		Stage::Open | Stage::Audited => false,
	};
	row.proven.is_some() || (agreed && own.is_some_and(|own| all_found(row, own)))
}

fn all_found(row: &Row, own: H256) -> bool {
	let found = |cast: &Cast| row.findings.0.get(usize::from(cast.finding)).map(|shown| shown.hash);
	row.votes.0.iter().all(|cast| found(cast) == Some(own))
}

/// How many validators come before this one.
fn rank(row: &Row, subject: H256, validator: &AccountId32) -> u64 {
	let members = row.committee.0.len();
	// Not always the same one first.
	let first = usize::from(subject.0[0]);
	let member = row.committee.0.iter().position(|member| member == validator);
	member.map_or_else(
		|| FIRST_OUTSIDER + u64::from(validator.0[0]) % OUTSIDERS,
		|member| ((member + first) % members) as u64,
	)
}

/// What this validator proves at that block: where its turn has come, and a few at a time.
fn due(turns: Vec<(Dispute, u64)>, block: u64) -> Vec<Dispute> {
	turns
		.into_iter()
		.filter(|(dispute, rank)| block >= dispute.seen + TURN * rank)
		.map(|(dispute, _)| dispute)
		.take(PROOFS_AT_ONCE)
		.collect()
}

/// The bytes to be proven, from the block that includes them.
async fn evidence(chain: &Chain, dispute: &Dispute) -> Result<Option<Vec<u8>>, ChainError> {
	let included = chain.block(dispute.included).await?;
	let found = evidence_in(&included, chain.genesis()).await?.evidence;
	let found = found.into_iter().find(|found| found.subject == dispute.subject);
	Ok(found.map(|found| found.evidence.encode()))
}

/// Notes what came of a proof: `row` is what the best block says of the subject since. What had an effect is forgotten once that is final.
fn note<T>(
	state: &State,
	metrics: &Metrics,
	subject: H256,
	row: Option<&Row>,
	finalised: u64,
	outcome: Result<T, ChainError>,
) -> anyhow::Result<()> {
	match outcome {
		Ok(_) if row.is_some_and(|row| row.proven.is_none()) => {
			// It was sent too early, as where the chain's clock has stood still meanwhile: nobody is proven wrong yet, and there is time to vote.
			tracing::warn!(%subject, "the proof has no effect yet");
			state.audited(finalised + AGAIN_AFTER, subject)
		},
		Ok(_) => {
			metrics.proofs.inc();
			tracing::info!(%subject, "proven: who voted otherwise is slashed");
			Ok(())
		},
		Err(error @ ChainError::Refused { .. }) => {
			// Where somebody else was faster, the chain says so the next time.
			tracing::warn!(%subject, %error, "not proven");
			state.audited(finalised + AGAIN_AFTER, subject)
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
	/// Votes of three of four members, and of one of them for something else.
	const ALIKE: [(u8, H256); 3] = [(0, OWN), (1, OWN), (2, OWN)];
	const UNLIKE: [(u8, H256); 4] = [(0, OWN), (1, OWN), (2, OWN), (3, OTHER)];

	/// What validator 0 does where the best block and a final one say the same.
	fn turn_by(row: Option<&Row>, own: Option<H256>) -> Turn {
		turn(row, row, own, SUBJECT, &validator(0))
	}

	fn is_to_be_proven(row: &Row) -> bool {
		matches!(turn_by(Some(row), Some(OWN)), Turn::After(_))
	}

	#[test]
	fn what_all_agree_on_costs_no_proof() {
		// Late ones among them: they were open when they were noted.
		for stage in [Stage::Agreed, Stage::Effective] {
			assert_eq!(turn_by(Some(&row(stage, 4, &ALIKE)), Some(OWN)), Turn::Over);
		}
	}

	#[test]
	fn what_was_drawn_and_what_has_no_verdict_is_proven() {
		assert!(is_to_be_proven(&row(Stage::Audited, 4, &ALIKE)));
		assert!(is_to_be_proven(&row(Stage::Open, 4, &[(0, OWN)])));
		assert!(is_to_be_proven(&row(Stage::Open, 4, &[])));
	}

	#[test]
	fn a_vote_for_something_else_is_proven_false_whatever_the_verdict() {
		for stage in [Stage::Open, Stage::Agreed, Stage::Audited, Stage::Effective] {
			assert!(is_to_be_proven(&row(stage, 4, &UNLIKE)));
		}
		let lie = row(Stage::Effective, 4, &[(1, OTHER), (2, OTHER), (3, OTHER)]);
		assert!(is_to_be_proven(&lie));
	}

	#[test]
	fn a_vote_for_a_finding_that_nobody_has_shown_is_not_ours() {
		let mut row = row(Stage::Effective, 4, &ALIKE);
		row.findings.0.pop();
		assert!(is_to_be_proven(&row));
	}

	#[test]
	fn what_was_not_judged_here_is_not_taken_for_agreed() {
		let row = row(Stage::Effective, 4, &ALIKE);
		assert!(matches!(turn_by(Some(&row), None), Turn::After(_)));
	}

	#[test]
	fn what_was_proven_or_has_closed_is_over() {
		let mut row = row(Stage::Audited, 4, &UNLIKE);
		row.proven = Some(OWN);
		assert_eq!(turn_by(Some(&row), Some(OWN)), Turn::Over);
		assert_eq!(turn_by(None, Some(OWN)), Turn::Over);
	}

	#[test]
	fn nothing_is_over_before_it_is_final() {
		let (open, drawn) = (row(Stage::Open, 4, &ALIKE), row(Stage::Audited, 4, &ALIKE));
		let agreed = row(Stage::Agreed, 4, &ALIKE);
		let mut proven = row(Stage::Effective, 4, &UNLIKE);
		proven.proven = Some(OWN);
		for (best, finalised) in [(&agreed, &open), (&proven, &drawn), (&proven, &open)] {
			let turn = turn(Some(best), Some(finalised), Some(OWN), SUBJECT, &validator(0));
			assert_eq!(turn, Turn::Wait);
		}
		let closed = turn(None, Some(&drawn), Some(OWN), SUBJECT, &validator(0));
		assert_eq!(closed, Turn::Wait);
	}

	#[test]
	fn the_best_block_says_what_is_to_be_proven() {
		let (open, unlike) = (row(Stage::Open, 4, &ALIKE), row(Stage::Agreed, 4, &UNLIKE));
		let turn = turn(Some(&unlike), Some(&open), Some(OWN), SUBJECT, &validator(0));
		assert!(matches!(turn, Turn::After(_)));
	}

	#[test]
	fn each_member_has_a_turn_of_its_own_and_not_always_the_same_first() {
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
	fn other_validators_come_after_the_first_four_members() {
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
	fn each_waits_for_those_before_it() {
		let due = |block| due(vec![(dispute(1, 20), 3)], block);
		assert!(due(20 + 3 * TURN - 1).is_empty());
		assert_eq!(due(20 + 3 * TURN), [dispute(1, 20)]);
	}

	#[test]
	fn a_few_proofs_are_sent_at_a_time() {
		// One that is not due takes nobody's place.
		let turns = vec![(dispute(1, 90), 0), (dispute(2, 10), 0), (dispute(3, 10), 1)];
		assert_eq!(due(turns.clone(), 20), [dispute(2, 10), dispute(3, 10)]);
		let many = [turns, vec![(dispute(4, 10), 0)]].concat();
		assert_eq!(due(many, 20).len(), PROOFS_AT_ONCE);
	}

	/// A state in which `SUBJECT` is disputed, and metrics.
	fn disputed(folder: &tempfile::TempDir) -> (State, Metrics) {
		let state = State::open(folder.path(), "//Worker").expect("opens");
		state.judged(1, &[(SUBJECT, OWN)]).expect("writes");
		state.audited(5, SUBJECT).expect("writes");
		(state, Metrics::default())
	}

	/// Whether the one dispute is due in that block, nobody being before this validator.
	fn is_due(state: &State, block: u64) -> bool {
		let turns = state.disputes().expect("reads").into_iter().map(|dispute| (dispute, 0));
		!due(turns.collect(), block).is_empty()
	}

	#[test]
	fn a_proof_without_effect_is_tried_again() {
		let folder = tempfile::tempdir().expect("a folder");
		let (state, metrics) = disputed(&folder);
		assert!(is_due(&state, 20));
		let row = row(Stage::Open, 4, &[(0, OWN)]);
		note(&state, &metrics, SUBJECT, Some(&row), 20, Ok(())).expect("notes");
		assert!(!is_due(&state, 20 + AGAIN_AFTER - 1));
		assert!(is_due(&state, 20 + AGAIN_AFTER));
		assert_eq!(metrics.proofs.get(), 0);
	}

	#[test]
	fn a_refused_proof_is_tried_again() {
		let folder = tempfile::tempdir().expect("a folder");
		let (state, metrics) = disputed(&folder);
		let refusal = ChainError::Refused {
			pallet: "Verdicts".into(),
			error: "DepositMissing".into(),
			meaning: String::new(),
		};
		let row = row(Stage::Audited, 4, &ALIKE);
		note::<()>(&state, &metrics, SUBJECT, Some(&row), 20, Err(refusal)).expect("notes");
		assert!(!is_due(&state, 20 + AGAIN_AFTER - 1));
		assert!(is_due(&state, 20 + AGAIN_AFTER));
		assert_eq!(metrics.proofs.get(), 0);
	}

	#[test]
	fn a_proof_counts_once_it_has_an_effect() {
		let folder = tempfile::tempdir().expect("a folder");
		let (state, metrics) = disputed(&folder);
		let mut row = row(Stage::Effective, 4, &UNLIKE);
		row.proven = Some(OWN);
		note(&state, &metrics, SUBJECT, Some(&row), 20, Ok(())).expect("notes");
		note(&state, &metrics, SUBJECT, None, 20, Ok(())).expect("notes");
		assert_eq!(metrics.proofs.get(), 2);
		let kept = Dispute { subject: SUBJECT, included: 1, seen: 5 };
		assert_eq!(state.disputes().expect("reads"), [kept], "until it is final");
	}

	#[test]
	fn a_failure_leaves_a_dispute_as_it_is() {
		let folder = tempfile::tempdir().expect("a folder");
		let (state, metrics) = disputed(&folder);
		let row = row(Stage::Audited, 4, &ALIKE);
		let failure = Err(ChainError::TimedOut(120));
		assert!(note::<()>(&state, &metrics, SUBJECT, Some(&row), 20, failure).is_err());
		assert!(is_due(&state, 5));
		assert_eq!(metrics.proofs.get(), 0);
	}
}
