//! What workers ask of the runtime, to judge evidence as it does.

use alloc::vec::Vec;

use codec::{Decode, DecodeAll};
use frame_support::weights::Weight;
use hcc_evidence::{
	boot::MAX_JUDGED,
	host::{
		extract, FoldedLog, HostEvidence, PinnedContext, PolicyExtract, PolicyQuery, Verdict,
		EVAL_VERSION,
	},
	Check,
};
use hcc_primitives::{Evaluated, Evaluates, Finding, FollowsLogs, NodeCrypto, SubjectId};
use pallet_policy::PolicyAt;
use sp_runtime::traits::Hash as _;

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
	let evidence = HostEvidence::decode(&mut &evidence[..]).ok()?;
	let verdict = judge(&Attestation::context(subject)?, &evidence)?;
	Some((verdict.code(), verdict.encoded_claims()))
}

/// None where the policy of that revision is not remembered.
fn judge(pinned: &PinnedContext, evidence: &HostEvidence) -> Option<Verdict> {
	let policy = PolicyAt::<Runtime>::new(pinned.revision)?;
	let genesis = hcc_primitives::genesis::<Runtime>();
	Some(pinned.judge::<NodeCrypto, _>(evidence, &policy, genesis))
}

/// Follows logs by the newest revision of policy.
pub struct LogsByPolicy;
impl FollowsLogs for LogsByPolicy {
	fn follow(
		before: Option<&FoldedLog>,
		records: &[u8],
		miner: &[u8; 32],
	) -> Option<Check<FoldedLog>> {
		let revision = Policy::revision();
		let policy = PolicyAt::<Runtime>::new(revision)?;
		let genesis = hcc_primitives::genesis::<Runtime>();
		Some(FoldedLog::follow(before, records, (&policy, revision), &genesis, miner))
	}
}

/// What a verdict on a host means: what the runtime itself finds.
pub struct HostEvaluation;
impl Evaluates for HostEvaluation {
	fn evaluate(subject: SubjectId, hash: Hash, bytes: &[u8]) -> Option<Evaluated> {
		let evidence = HostEvidence::decode_all(&mut &bytes[..]).ok()?;
		if BlakeTwo256::hash(bytes) != hash {
			return None;
		}
		let pinned = Attestation::context(subject)?;
		let verdict = judge(&pinned, &evidence)?;
		Some(Evaluated {
			finding: Finding {
				code: verdict.code(),
				claims: verdict.encoded_claims().try_into().ok()?,
			},
			same_version: pinned.eval_version == EVAL_VERSION,
		})
	}

	fn weight(len: u32) -> Weight {
		// docs/numbers.md: a judgement in wasm, each entry of a log, each event of a boot, each byte. What is listed is read, and so may be who has vouched for it.
		let rows = <Runtime as frame_system::Config>::DbWeight::get();
		let entries = pallet_attestation::most_entries::<Runtime>(len as usize);
		let entry = Weight::from_parts(ENTRY, 0).saturating_add(rows.reads(2));
		let events = len.saturating_div(SHORTEST_EVENT).min(MAX_JUDGED as u32);
		let event = Weight::from_parts(EVENT, 0).saturating_add(rows.reads(1));
		Weight::from_parts(EVALUATION, 0)
			.saturating_add(rows.reads(ROWS))
			.saturating_add(entry.saturating_mul(entries.into()))
			.saturating_add(event.saturating_mul(events.into()))
			.saturating_add(Weight::from_parts(BYTE, 0).saturating_mul(len.into()))
	}
}

/// Picoseconds.
const EVALUATION: u64 = 5_800_000_000;
const ENTRY: u64 = 10_000_000;
const EVENT: u64 = 5_800_000;
const BYTE: u64 = 4_000;
/// Rows of policy that every judgement reads.
const ROWS: u64 = 12;
/// The shortest event of a firmware's log, in bytes.
const SHORTEST_EVENT: u32 = 50;

pub(crate) fn policy_extract(revision: u32, query: &PolicyQuery) -> Option<PolicyExtract> {
	Some(extract(&PolicyAt::<Runtime>::new(revision)?, query))
}
