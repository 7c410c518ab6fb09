//! The runtime API by which validators' workers evaluate evidence exactly as the runtime does.

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
use hcc_primitives::{Evaluation, Evaluator, Finding, LogVerifier, NodeCrypto, SubjectId};
use pallet_policy::PolicyAt;
use sp_runtime::traits::Hash as _;

use crate::*;

sp_api::decl_runtime_apis! {
	/// Evaluation of evidence by the runtime itself.
	pub trait EvidenceApi {
		/// Evaluates evidence (a SCALE-encoded `HostEvidence`) in the context that is pinned for
		/// `subject`. Returns the code and the SCALE-encoded claims.
		///
		/// Returns `None` if no context is pinned or the evidence cannot be decoded.
		fn evaluate_host(subject: SubjectId, evidence: Vec<u8>) -> Option<(u16, Vec<u8>)>;
		/// Returns the part of the policy at `revision` that `query` asks for. Returns `None` if
		/// this revision has no platform rules or is no longer stored.
		fn policy_extract(revision: u32, query: PolicyQuery) -> Option<PolicyExtract>;
	}
}

/// Evaluates encoded evidence in the context that is pinned for `subject`. Returns the code and the
/// encoded claims.
///
/// Returns `None` if no context is pinned or the evidence cannot be decoded.
pub fn evaluate_host(subject: SubjectId, evidence: &[u8]) -> Option<(u16, Vec<u8>)> {
	let evidence = HostEvidence::decode(&mut &evidence[..]).ok()?;
	let verdict = judge(&Attestation::context(subject)?, &evidence)?;
	Some((verdict.code(), verdict.encoded_claims()))
}

/// Evaluates evidence in a pinned context. Returns `None` if the policy revision is no longer
/// stored.
fn judge(pinned: &PinnedContext, evidence: &HostEvidence) -> Option<Verdict> {
	let policy = PolicyAt::<Runtime>::new(pinned.revision)?;
	let genesis = hcc_primitives::genesis::<Runtime>();
	Some(pinned.judge::<NodeCrypto, _>(evidence, &policy, genesis))
}

/// Verifies submitted parts of IMA logs by the newest policy revision.
pub struct LogsByPolicy;
impl LogVerifier for LogsByPolicy {
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

/// Evaluates evidence of hosts in the runtime. The resulting finding is final.
pub struct HostEvaluation;
impl Evaluator for HostEvaluation {
	fn evaluate(subject: SubjectId, hash: Hash, bytes: &[u8]) -> Option<Evaluation> {
		let evidence = HostEvidence::decode_all(&mut &bytes[..]).ok()?;
		if BlakeTwo256::hash(bytes) != hash {
			return None;
		}
		let pinned = Attestation::context(subject)?;
		let verdict = judge(&pinned, &evidence)?;
		Some(Evaluation {
			finding: Finding {
				code: verdict.code(),
				claims: verdict.encoded_claims().try_into().ok()?,
			},
			same_version: pinned.eval_version == EVAL_VERSION,
		})
	}

	fn weight(len: u32) -> Weight {
		// The constants are derived from `docs/numbers.md`. The evaluation of a log entry reads up
		// to two rows: the file's rule, and the voucher of a signed file. The evaluation of a boot
		// event reads one row.
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

/// Time of an evaluation without log entries and boot events, in picoseconds.
const EVALUATION: u64 = 5_800_000_000;
/// Time to evaluate one entry of an IMA log, in picoseconds.
const ENTRY: u64 = 10_000_000;
/// Time to evaluate one event of a boot event log, in picoseconds.
const EVENT: u64 = 5_800_000;
/// Time to decode and hash one byte, in picoseconds.
const BYTE: u64 = 4_000;
/// Number of policy rows that every evaluation reads.
const ROWS: u64 = 12;
/// Size of the shortest event in a boot event log, in bytes.
const SHORTEST_EVENT: u32 = 50;

/// Returns the part of the policy at `revision` that `query` asks for. Returns `None` if this
/// revision has no platform rules or is no longer stored.
pub fn policy_extract(revision: u32, query: &PolicyQuery) -> Option<PolicyExtract> {
	Some(extract(&PolicyAt::<Runtime>::new(revision)?, query))
}
