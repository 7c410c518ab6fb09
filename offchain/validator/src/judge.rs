//! Judges evidence twice. The finding of the runtime of the including block counts. The verifier in
//! this program serves as a cross-check.

use std::time::Instant;

use codec::{Decode, Encode};
use hcc_chain::{api, ChainAt, ChainError, Included};
use hcc_evidence::{
	host::{PinnedContext, PolicyQuery, EVAL_VERSION},
	RejectCode,
};

use crate::{
	crypto::AwsLc,
	metrics::{Difference, Metrics},
	state::PendingVote,
};

/// A code and the SCALE-encoded claims.
type Finding = (u16, Vec<u8>);

/// The result of judging a piece of evidence.
#[derive(Debug, PartialEq, Eq)]
pub enum Judgement {
	/// The runtime's finding, with which the cross-check agrees.
	Vote(PendingVote),
	/// The runtime has no finding, or the results differ although both verifiers have the same
	/// version. The worker does not vote, and raises an alarm.
	Abstain(Difference, String),
}

/// The result of the cross-check.
#[derive(Debug)]
enum CrossCheck {
	Finding(Finding),
	/// The chain has this other version of the verifier, so only the runtime can judge.
	OtherVersion(Option<u32>),
}

/// Judges evidence in the context that the chain pinned in the block that includes it.
pub async fn judge(
	at: &ChainAt,
	genesis: [u8; 32],
	included: &Included,
	metrics: &Metrics,
) -> Result<Judgement, ChainError> {
	let started = Instant::now();
	let theirs = evaluate_in_runtime(at, included).await?;
	metrics.runtime.observe(started.elapsed().as_secs_f64());
	let own = match &included.context {
		Some(context) if context.eval_version == EVAL_VERSION => {
			let Some(finding) = evaluate(at, genesis, included, context, metrics).await? else {
				let why = format!("the runtime has no policy revision {}", context.revision);
				return Ok(Judgement::Abstain(Difference::NoRevision, why));
			};
			CrossCheck::Finding(finding)
		},
		other => CrossCheck::OtherVersion(other.as_ref().map(|context| context.eval_version)),
	};
	let judgement = decide(included, own, theirs);
	if let Judgement::Vote(vote) = &judgement {
		log_verdict(included, vote.code);
	}
	Ok(judgement)
}

/// Decides which vote to cast. The finding of the runtime counts. The worker abstains if this
/// program has the same version of the verifier and comes to another finding.
fn decide(included: &Included, own: CrossCheck, theirs: Option<Finding>) -> Judgement {
	let Some((code, claims)) = theirs else {
		let why = "the runtime has no finding".into();
		return Judgement::Abstain(Difference::NoFinding, why);
	};
	match own {
		CrossCheck::Finding(own) if own != (code, claims.clone()) => {
			let kind = if own.0 == code { Difference::Claims } else { Difference::Code };
			return Judgement::Abstain(kind, difference(own.0, code));
		},
		CrossCheck::Finding(_) => {},
		CrossCheck::OtherVersion(version) => tracing::warn!(
			subject = %included.subject,
			?version,
			own = EVAL_VERSION,
			"no cross-check: the chain has another version of the verifier. Update this program"
		),
	}
	Judgement::Vote(PendingVote { subject: included.subject, code, claims })
}

fn difference(own: u16, theirs: u16) -> String {
	let theirs = if own == theirs {
		"the same code with other claims".into()
	} else {
		format!("code {theirs}")
	};
	format!("the native verifier found code {own}, the runtime found {theirs}")
}

/// Evaluates evidence with the verifier in this program. Returns `None` if the runtime does not
/// have the policy revision.
async fn evaluate(
	at: &ChainAt,
	genesis: [u8; 32],
	included: &Included,
	context: &PinnedContext,
	metrics: &Metrics,
) -> Result<Option<Finding>, ChainError> {
	let query = PolicyQuery::of(&included.evidence);
	let extract = at
		.runtime_apis()
		.call(api::runtime_apis().evidence_api().policy_extract(context.revision, query.into()))
		.await?;
	let Some(policy) = extract else { return Ok(None) };
	let (context, evidence) = (context.clone(), included.evidence.clone());
	let started = Instant::now();
	// An evaluation takes milliseconds of one core. Other tasks must not wait for it.
	let evaluating = tokio::task::spawn_blocking(move || {
		let verdict = context.judge::<AwsLc, _>(&evidence, &policy.0, genesis);
		(verdict.code(), verdict.encoded_claims())
	});
	let finding = evaluating.await.map_err(|error| {
		ChainError::Incompatible(format!("the native verifier failed: {error}"))
	})?;
	metrics.native.observe(started.elapsed().as_secs_f64());
	Ok(Some(finding))
}

/// Evaluates evidence with the runtime of the node.
async fn evaluate_in_runtime(
	at: &ChainAt,
	included: &Included,
) -> Result<Option<Finding>, ChainError> {
	let arguments = (included.subject.0, included.evidence.encode()).encode();
	let answer = at.runtime_apis().call_raw("EvidenceApi_evaluate_host", Some(&arguments)).await?;
	Option::<Finding>::decode(&mut &answer[..])
		.map_err(|_| ChainError::Incompatible("the runtime's answer cannot be decoded".into()))
}

fn log_verdict(included: &Included, code: u16) {
	let chip = hex::encode(included.chip);
	let seq = included.seq;
	match code {
		0 => tracing::info!(chip, seq, "accepted"),
		1 => tracing::warn!(chip, seq, "cannot be judged"),
		code => {
			let why = RejectCode::from_number(code).map(RejectCode::name);
			tracing::info!(chip, seq, code, why, "rejected");
		},
	}
}

#[cfg(test)]
mod tests {
	use hcc_chain::H256;
	use hcc_evidence::host::{HostEvidence, ImaDelta};

	use super::*;

	fn included() -> Included {
		let evidence = HostEvidence {
			miner: [1; 32],
			seq: 2,
			snp_report: Vec::new(),
			tpms_attest: Vec::new(),
			tpm_signature: Vec::new(),
			pcr_values: [[0; 32]; 12],
			ima_delta: ImaDelta { from_entry: 0, records: Vec::new() },
			boot: None,
			guest_pk: [3; 32],
			guest_signature: [4; 64],
		};
		Included { subject: H256([5; 32]), chip: [6; 32], seq: 2, evidence, context: None }
	}

	fn vote(code: u16, claims: &[u8]) -> Judgement {
		Judgement::Vote(PendingVote { subject: H256([5; 32]), code, claims: claims.to_vec() })
	}

	#[test]
	fn equal_findings_are_voted() {
		let own = CrossCheck::Finding((0, vec![7]));
		assert_eq!(decide(&included(), own, Some((0, vec![7]))), vote(0, &[7]));
	}

	#[test]
	fn difference_within_one_version_is_not_voted() {
		let cases = [(301, vec![], Difference::Code), (0, vec![8], Difference::Claims)];
		for (code, claims, expected) in cases {
			let own = CrossCheck::Finding((0, vec![7]));
			let decided = decide(&included(), own, Some((code, claims)));
			let Judgement::Abstain(cause, why) = decided else { panic!("{decided:?}") };
			assert_eq!(cause, expected, "{why}");
		}
	}

	#[test]
	fn runtime_counts_on_other_version() {
		for version in [Some(EVAL_VERSION + 1), Some(EVAL_VERSION - 1), None] {
			let own = CrossCheck::OtherVersion(version);
			assert_eq!(decide(&included(), own, Some((301, vec![]))), vote(301, &[]));
		}
	}

	#[test]
	fn missing_finding_of_runtime_is_not_voted() {
		for own in [CrossCheck::Finding((0, vec![])), CrossCheck::OtherVersion(None)] {
			let decided = decide(&included(), own, None);
			let is_abstention = matches!(decided, Judgement::Abstain(Difference::NoFinding, _));
			assert!(is_abstention, "{decided:?}");
		}
	}
}
