//! Votes of others for what is not so, and verdicts that were drawn for audit: the chain is shown the evidence, and evaluates it itself.

use codec::Encode;
use hcc_chain::{api, evidence_in, AccountId32, Chain, ChainAt, ChainError, Submitter, H256};

use crate::{
	metrics::Metrics,
	state::{Dispute, State},
};

/// How many proofs are sent before votes are filed again.
const PROOFS_AT_ONCE: u32 = 2;
/// How many blocks each member of a committee leaves to the one before it: one proof is enough, and another costs its sender.
const TURN: u64 = 2;
/// After how many members of a committee the other validators take their turns, and how many turns they share: were the whole committee silent, they have its deposit back with
/// the proof.
const FIRST_OUTSIDER: u64 = 4;
const OUTSIDERS: u64 = 4;
/// After how many blocks evidence without a verdict is proven: the last third of the time that it has to be judged in, when that is free.
const LATE: u64 = 34;
/// After how many blocks a refused proof is tried once more.
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
		if is_open(at, subject).await? {
			state.audited(at.block_number(), subject)?;
		}
	}
	Ok(())
}

async fn is_open(at: &ChainAt, subject: H256) -> Result<bool, ChainError> {
	use api::runtime_types::pallet_verdicts::types::Stage;
	let address = api::storage().verdicts().subjects();
	let Some(found) = at.storage().try_fetch(address, (subject,)).await? else {
		return Ok(false);
	};
	Ok(matches!(found.decode()?.stage, Stage::Open))
}

/// Whether nothing is left to be proven.
async fn is_proven(at: &ChainAt, subject: H256) -> Result<bool, ChainError> {
	let address = api::storage().verdicts().subjects();
	let Some(found) = at.storage().try_fetch(address, (subject,)).await? else { return Ok(true) };
	Ok(found.decode()?.proven.is_some())
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
	let mut proofs = 0;
	for dispute in state.disputes()? {
		match turn(&chain.best().await?, &dispute, validator).await? {
			None => state.resolve(dispute.subject)?,
			Some(rank) if at.block_number() < dispute.seen + TURN * rank => {},
			// Each waits for its block, and votes wait for all of them.
			Some(_) if proofs == PROOFS_AT_ONCE => break,
			Some(_) => {
				prove_one(chain, &dispute, submitter, state, metrics).await?;
				proofs += 1;
			},
		}
	}
	Ok(())
}

/// How many validators come before this one; nothing where there is nothing to prove any more.
async fn turn(
	at: &ChainAt,
	dispute: &Dispute,
	validator: &AccountId32,
) -> Result<Option<u64>, ChainError> {
	let address = api::storage().verdicts().subjects();
	let Some(found) = at.storage().try_fetch(address, (dispute.subject,)).await? else {
		return Ok(None);
	};
	let row = found.decode()?;
	if row.proven.is_some() {
		return Ok(None);
	}
	let members = row.committee.0.len();
	// Not always the same one first.
	let first = usize::from(dispute.subject.0[0]);
	let rank = row.committee.0.iter().position(|member| member == validator);
	let rank = rank.map(|rank| ((rank + first) % members) as u64);
	Ok(Some(rank.unwrap_or_else(|| FIRST_OUTSIDER + u64::from(validator.0[0]) % OUTSIDERS)))
}

async fn prove_one(
	chain: &Chain,
	dispute: &Dispute,
	submitter: &Submitter,
	state: &State,
	metrics: &Metrics,
) -> anyhow::Result<()> {
	use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;
	let subject = dispute.subject;
	let included = chain.block(dispute.included).await?;
	let found = evidence_in(&included, chain.genesis()).await?.evidence;
	let Some(found) = found.into_iter().find(|found| found.subject == subject) else {
		tracing::error!(%subject, "the evidence is not in its block: it cannot be proven");
		return state.resolve(subject);
	};
	let call = api::tx().verdicts().prove(subject, BoundedVec(found.evidence.encode()));
	match submitter.submit(chain, &call).await {
		Ok(_) if !is_proven(&chain.best().await?, subject).await? => {
			// It was sent too early, as where the chain's clock has stood still meanwhile: nobody is proven wrong yet, and there is time to vote.
			tracing::warn!(%subject, "the proof has no effect yet");
			state.audited(chain.finalised_number().await? + AGAIN_AFTER, subject)
		},
		Ok(_) => {
			metrics.proofs.inc();
			tracing::info!(%subject, "proven: who voted otherwise is slashed");
			state.resolve(subject)
		},
		Err(error @ ChainError::Refused { .. }) => {
			// Where somebody else was faster, the chain says so the next time.
			tracing::warn!(%subject, %error, "not proven");
			state.audited(chain.finalised_number().await? + AGAIN_AFTER, subject)
		},
		Err(error) => Err(error.into()),
	}
}
