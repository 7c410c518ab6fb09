//! Tests of the upper bounds of the weight of one evaluation.

use codec::Encode;
use frame_support::{
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use hcc_evidence::{
	boot::MAX_JUDGED,
	host::{HostEvidence, ImaDelta, EVAL_VERSION, MAX_ATTEST, MAX_BOOT_LOG, MAX_SIGNATURE},
	snp::REPORT_LEN,
};
use hcc_primitives::{Evaluator, VmVerifier};
use hccs_runtime::{
	configs::{LONGEST_SUBJECT, STATE_BLOCKS},
	evidence_api::HostEvaluation,
	vms::VmsByPolicy,
	*,
};
use pallet_attestation::WeightInfo;
use pallet_verdicts::MAX_EVIDENCE;

/// Maximum weight of one evaluation, including database reads.
const BUDGET: Weight = Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS, 0);

fn limits() -> (u32, u32) {
	(
		<Runtime as pallet_attestation::Config>::MaxLog::get(),
		<Runtime as pallet_attestation::Config>::MaxEntries::get(),
	)
}

/// Returns the largest evidence that the chain accepts.
fn longest() -> HostEvidence {
	let (log, _) = limits();
	HostEvidence {
		miner: [0; 32],
		seq: u64::MAX,
		snp_report: vec![0; REPORT_LEN],
		tpms_attest: vec![0; MAX_ATTEST],
		tpm_signature: vec![0; MAX_SIGNATURE],
		pcr_values: Default::default(),
		ima_delta: ImaDelta { from_entry: u32::MAX, records: vec![0; log as usize] },
		boot: Some(vec![0; MAX_BOOT_LOG]),
		guest_pk: [0; 32],
		guest_signature: [0; 64],
	}
}

#[test]
fn longest_evidence_is_evaluated_within_budget() {
	let len = longest().encoded_size() as u32;
	let weight = HostEvaluation::weight(len);
	assert!(weight.all_lte(BUDGET.set_proof_size(u64::MAX)), "{weight}");
	assert!(
		weight.ref_time() > HostEvaluation::weight(2_000).ref_time(),
		"weight grows with length"
	);
	assert!(len <= MAX_EVIDENCE, "all evidence can be proven");
}

#[test]
fn log_part_is_followed_within_budget() {
	let (log, entries) = limits();
	let weight =
		<Runtime as pallet_attestation::Config>::WeightInfo::submit_log(entries, log).ref_time();
	assert!(weight <= BUDGET.ref_time(), "{weight}");
}

#[test]
fn vm_evidence_is_evaluated_within_budget() {
	let weight = <VmsByPolicy as VmVerifier<AccountId>>::weight().ref_time();
	assert!(weight <= BUDGET.ref_time(), "{weight}");
}

/// A change of the bounds changes findings, so it needs a new version of the verifier. Otherwise,
/// honest votes of the old version would count as false.
#[test]
fn bounds_match_verifier_version() {
	let bounds = (limits(), MAX_JUDGED, MAX_BOOT_LOG, MAX_ATTEST, MAX_SIGNATURE);
	let hint = "a bound changed: raise EVAL_VERSION and update this test";
	assert_eq!((EVAL_VERSION, bounds), (4, ((16 << 10, 64), 128, 64 << 10, 1024, 1024)), "{hint}");
}

/// Until a subject closes, a worker must be able to read the subject's votes in the state of each
/// block.
#[test]
fn nodes_keep_state_for_the_life_of_a_subject() {
	let judging: u32 = <Runtime as pallet_verdicts::Config>::JudgingTicks::get();
	let longest = 3 * judging + pallet_verdicts::MAX_WINDOW;
	assert!(LONGEST_SUBJECT >= longest, "votes, draw, audit and proofs: {longest} ticks");
	assert!(STATE_BLOCKS >= 2 * longest, "the clock may stop for as long");
}
