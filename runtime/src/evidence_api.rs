//! What workers ask of the runtime, to judge evidence as it does.

use alloc::vec::Vec;

use codec::Decode;
use hcc_evidence::{
	crypto::RustCrypto,
	host::{extract, HostEvidence, PolicyExtract, PolicyQuery},
};
use hcc_primitives::SubjectId;
use pallet_policy::PolicyAt;

use crate::*;

sp_api::decl_runtime_apis! {
	/// Evaluation of evidence by the runtime itself.
	pub trait EvidenceApi {
		/// Judges evidence (SCALE of `HostEvidence`) in the context that is pinned for `subject`: the code and the SCALE of the claims. None where
		/// nothing is pinned, or the bytes cannot be decoded.
		fn evaluate_host(subject: SubjectId, evidence: Vec<u8>) -> Option<(u16, Vec<u8>)>;
		/// What `query` asks of the policy of a revision. None where that had no rules.
		fn policy_extract(revision: u32, query: PolicyQuery) -> Option<PolicyExtract>;
	}
}

pub(crate) fn evaluate_host(subject: SubjectId, evidence: &[u8]) -> Option<(u16, Vec<u8>)> {
	let pinned = Attestation::context(subject)?;
	let evidence = HostEvidence::decode(&mut &evidence[..]).ok()?;
	let policy = PolicyAt::<Runtime>::new(pinned.revision)?;
	let genesis = hcc_primitives::genesis::<Runtime>();
	let verdict = pinned.judge::<RustCrypto, _>(&evidence, &policy, genesis);
	Some((verdict.code(), verdict.encoded_claims()))
}

pub(crate) fn policy_extract(revision: u32, query: &PolicyQuery) -> Option<PolicyExtract> {
	Some(extract(&PolicyAt::<Runtime>::new(revision)?, query))
}
