//! What AMD takes back of other chips: whoever was accepted before is asked again within the hour, whatever the lot says.

use frame_support::assert_ok;
use hcc_primitives::units::HOURS;
use pallet_attestation::Stricter;

use super::{machine::Machine, network::*};
use crate::*;

/// What AMD revokes here: another certificate than the one that the machine's key was issued by.
const REVOKED: u64 = 7;

/// Blocks whose authors leave no randomness: nobody is drawn by lot.
fn quiet(count: u32) {
	for _ in 0..count {
		block_by(None);
	}
}

/// The machine answers what it is asked, and is accepted: as verdicts wait for randomness, a validator proves it.
fn accepted(machine: &Machine) {
	let (subject, evidence) = answer(machine);
	let finding = found(subject, &evidence);
	assert!(finding.is_accepted());
	vote_all(&VALIDATORS, subject, &finding);
	quiet(2);
	assert_ok!(prove(&VALIDATORS[0].to_account_id(), subject, &evidence));
	let host = Attestation::host(chip(machine)).expect("enlisted");
	assert!(host.challenge.is_none() && !host.failing);
	assert_eq!(host.attested, Policy::revision(), "by the rules of now");
}

/// A list that is newer than any before.
fn post(revoked: &[u64]) {
	let now = pallet_timestamp::Now::<Runtime>::get() / 1_000;
	let list = insecure_sim::issue_crl(now, revoked).expect("the hierarchy issues lists");
	let origin = RuntimeOrigin::signed(VALIDATORS[0].to_account_id());
	assert_ok!(Policy::post_crl(origin, list.try_into().expect("short")));
}

/// How many challenges there were.
fn made() -> u64 {
	Attestation::statistics().counts.made
}

/// Whether all chips were gone through since policy became stricter.
fn all_are_through() -> bool {
	Stricter::<Runtime>::get().expect("policy became stricter").next.is_none()
}

/// Waits until nobody is asked any more for what governance set before.
fn settle() {
	quiet(HOURS + 2);
	assert!(all_are_through());
}

#[test]
fn who_was_accepted_before_a_revocation_is_asked_within_the_hour() {
	run(|machine| {
		accepted(&machine);
		settle();
		let (before, revision) = (made(), Policy::revision());
		post(&[REVOKED]);
		assert_eq!(Policy::revision(), revision + 1);
		quiet(HOURS);
		assert_eq!(made(), before, "until then it is left to the lot");
		quiet(2);
		assert_eq!(made(), before + 1);
		assert!(asked(&machine).is_some());
		accepted(&machine);
		quiet(HOURS + 2);
		assert_eq!(made(), before + 1, "once is enough");
		assert!(all_are_through());
	});
}

#[test]
fn a_list_that_revokes_nothing_new_has_nobody_asked() {
	run(|machine| {
		post(&[REVOKED]);
		accepted(&machine);
		settle();
		let (before, revision) = (made(), Policy::revision());
		for revoked in [&[REVOKED][..], &[]] {
			post(revoked);
			quiet(1);
		}
		quiet(HOURS + 2);
		assert_eq!((made(), Policy::revision()), (before, revision));
		assert!(all_are_through());
	});
}
