//! Judges evidence twice: with the verifier in this program, and with the runtime of the
//! validator's node.

use std::time::Instant;

use codec::{Decode, Encode};
use hcc_chain::{api, ChainAt, ChainError, Included};
use hcc_evidence::host::{PolicyQuery, Verdict, EVAL_VERSION};

use crate::{crypto::AwsLc, metrics::Metrics, state::PendingVote};

/// The result of judging.
#[derive(Debug)]
pub enum Judgement {
	/// Both results agree.
	Vote(PendingVote),
	/// The results differ, or this program has another version of the verifier than the chain. The
	/// worker does not vote, and raises an alarm.
	Abstain(String),
}

/// Judges evidence in the context that the chain pinned in the block that includes it.
pub async fn judge(
	at: &ChainAt,
	genesis: [u8; 32],
	included: &Included,
	metrics: &Metrics,
) -> Result<Judgement, ChainError> {
	let subject = included.subject;
	let pinned =
		at.storage().fetch(api::storage().attestation().contexts(), (subject,)).await?.decode()?.0;
	if pinned.eval_version != EVAL_VERSION {
		let seen = pinned.eval_version;
		let why = format!("the chain has verifier version {seen}, this program {EVAL_VERSION}");
		return Ok(Judgement::Abstain(why));
	}
	let query = PolicyQuery::of(&included.evidence);
	let extract = at
		.runtime_apis()
		.call(api::runtime_apis().evidence_api().policy_extract(pinned.revision, query.into()))
		.await?;
	let Some(policy) = extract else {
		let why = format!("the runtime has no policy revision {}", pinned.revision);
		return Ok(Judgement::Abstain(why));
	};
	let started = Instant::now();
	let verdict = pinned.judge::<AwsLc, _>(&included.evidence, &policy.0, genesis);
	metrics.native.observe(started.elapsed().as_secs_f64());
	let own = (verdict.code(), verdict.encoded_claims());
	let started = Instant::now();
	let theirs = evaluate_in_runtime(at, included).await?;
	metrics.runtime.observe(started.elapsed().as_secs_f64());
	if theirs.as_ref() != Some(&own) {
		return Ok(Judgement::Abstain(difference(&own, theirs.as_ref())));
	}
	log_verdict(included, &verdict);
	let (code, claims) = own;
	Ok(Judgement::Vote(PendingVote { subject, code, claims }))
}

/// Evaluates evidence with the runtime of the node.
async fn evaluate_in_runtime(
	at: &ChainAt,
	included: &Included,
) -> Result<Option<(u16, Vec<u8>)>, ChainError> {
	let arguments = (included.subject.0, included.evidence.encode()).encode();
	let answer = at.runtime_apis().call_raw("EvidenceApi_evaluate_host", Some(&arguments)).await?;
	Option::<(u16, Vec<u8>)>::decode(&mut &answer[..])
		.map_err(|_| ChainError::Incompatible("the runtime's answer cannot be decoded".into()))
}

fn difference(own: &(u16, Vec<u8>), theirs: Option<&(u16, Vec<u8>)>) -> String {
	let theirs = match theirs {
		Some((code, _)) if *code == own.0 => "the same code with other claims".into(),
		Some((code, _)) => format!("code {code}"),
		None => "no finding".into(),
	};
	format!("the native verifier found code {}, the runtime found {theirs}", own.0)
}

fn log_verdict(included: &Included, verdict: &Verdict) {
	let chip = hex::encode(included.chip);
	let seq = included.seq;
	match verdict {
		Verdict::Accepted(_) => tracing::info!(chip, seq, "accepted"),
		Verdict::Rejected(why) => tracing::info!(chip, seq, %why, "rejected"),
		Verdict::Undecided(need) => tracing::warn!(chip, seq, ?need, "cannot be judged"),
	}
}
