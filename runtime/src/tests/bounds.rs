//! What judging can take of a block at the most.

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
use hcc_primitives::{Evaluates, JudgesVms};
use pallet_attestation::WeightInfo;
use pallet_verdicts::MAX_EVIDENCE;

use crate::{evidence_api::HostEvaluation, vms::VmsByPolicy, *};

/// What the design has one judgement take, rows of the database among it.
const BUDGET: Weight = Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS, 0);

fn limits() -> (u32, u32) {
	(
		<Runtime as pallet_attestation::Config>::MaxLog::get(),
		<Runtime as pallet_attestation::Config>::MaxEntries::get(),
	)
}

/// As long as evidence can be that is taken at all.
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
fn the_longest_evidence_is_judged_in_ten_milliseconds() {
	let len = longest().encoded_size() as u32;
	let weight = HostEvaluation::weight(len);
	assert!(weight.all_lte(BUDGET.set_proof_size(u64::MAX)), "{weight}");
	assert!(weight.ref_time() > HostEvaluation::weight(2_000).ref_time(), "it follows the length");
	assert!(len <= MAX_EVIDENCE, "what is judged can be proven");
}

#[test]
fn a_part_of_a_log_is_followed_in_ten_milliseconds() {
	let (log, entries) = limits();
	let weight =
		<Runtime as pallet_attestation::Config>::WeightInfo::submit_log(entries, log).ref_time();
	assert!(weight <= BUDGET.ref_time(), "{weight}");
}

#[test]
fn a_vm_is_judged_in_ten_milliseconds() {
	let weight = <VmsByPolicy as JudgesVms<AccountId>>::weight().ref_time();
	assert!(weight <= BUDGET.ref_time(), "{weight}");
}

/// What is longer than these is judged otherwise: an honest vote of before would be a lie after.
#[test]
fn the_bounds_are_those_of_this_version_of_the_verifier() {
	let bounds = (limits(), MAX_JUDGED, MAX_BOOT_LOG, MAX_ATTEST, MAX_SIGNATURE);
	let raise = "whoever changes a bound raises EVAL_VERSION, and notes both here";
	assert_eq!((EVAL_VERSION, bounds), (3, ((16 << 10, 64), 128, 64 << 10, 1024, 1024)), "{raise}");
}
