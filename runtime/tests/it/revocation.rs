//! Tests of revocations by AMD. After a revocation, all chips that were accepted before are
//! challenged within an hour, regardless of the draw, even if it concerns other chips.

use frame_support::assert_ok;
use hcc_evidence_testing::Machine;
use hcc_primitives::units::HOURS;
use hccs_runtime::*;
use pallet_attestation::Reattestation;

use super::network::*;

/// Serial number of a revoked certificate. This certificate did not issue the machine's VEK.
const REVOKED: u64 = 7;

/// Makes blocks without randomness, so that no chip is drawn.
fn blocks_without_draw(count: u32) {
	for _ in 0..count {
		block_by(None);
	}
}

/// Runs a round in which evidence is accepted. A validator proves the evidence, because verdicts
/// wait for randomness.
fn attest_by_proof(machine: &Machine) {
	let (subject, evidence) = answer(machine);
	let finding = evaluate(subject, &evidence);
	assert!(finding.is_accepted());
	vote_all(&VALIDATORS, subject, &finding);
	blocks_without_draw(2);
	assert_ok!(prove(&VALIDATORS[0].to_account_id(), subject, &evidence));
	let host = Attestation::host(chip(machine)).expect("the chip has a host");
	assert!(host.challenge.is_none() && !host.failing);
	assert_eq!(host.attested, Policy::revision(), "the current rules apply");
}

/// Posts a revocation list that is newer than all earlier lists.
fn post_crl(revoked: &[u64]) {
	let now = pallet_timestamp::Now::<Runtime>::get() / 1_000;
	let list = insecure_sim::issue_crl(now, revoked).expect("the hierarchy issues lists");
	let origin = RuntimeOrigin::signed(VALIDATORS[0].to_account_id());
	assert_ok!(Policy::post_crl(origin, list.try_into().expect("it fits")));
}

/// Returns the number of challenges so far.
fn challenge_count() -> u64 {
	Attestation::statistics().counts.made
}

/// Returns `true` if the sweep has visited all chips.
fn sweep_is_complete() -> bool {
	Reattestation::<Runtime>::get().sweep.expect("policy has a tightening").next.is_none()
}

/// Runs until the sweep for earlier changes of policy ends.
fn finish_sweep() {
	blocks_without_draw(HOURS + 2);
	assert!(sweep_is_complete());
}

#[test]
fn accepted_chip_is_challenged_within_an_hour_of_revocation() {
	run(|machine| {
		attest_by_proof(&machine);
		finish_sweep();
		let (before, revision) = (challenge_count(), Policy::revision());
		post_crl(&[REVOKED]);
		assert_eq!(Policy::revision(), revision + 1);
		blocks_without_draw(HOURS);
		assert_eq!(challenge_count(), before, "until then, only the draw challenges");
		blocks_without_draw(2);
		assert_eq!(challenge_count(), before + 1);
		assert!(open_challenge(&machine).is_some());
		attest_by_proof(&machine);
		blocks_without_draw(HOURS + 2);
		assert_eq!(challenge_count(), before + 1, "one challenge is enough");
		assert!(sweep_is_complete());
	});
}

#[test]
fn list_without_new_entries_causes_no_challenge() {
	run(|machine| {
		post_crl(&[REVOKED]);
		attest_by_proof(&machine);
		finish_sweep();
		let (before, revision) = (challenge_count(), Policy::revision());
		for revoked in [&[REVOKED][..], &[]] {
			post_crl(revoked);
			blocks_without_draw(1);
		}
		blocks_without_draw(HOURS + 2);
		assert_eq!((challenge_count(), Policy::revision()), (before, revision));
		assert!(sweep_is_complete());
	});
}
