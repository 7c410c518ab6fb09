//! Log submission in parts.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::{host::Context, RejectCode};
use hcc_evidence_testing::Machine;
use hcc_primitives::OnChipChange;
use hcc_testing::Now;
use sp_runtime::{AccountId32, DispatchError};

use crate::{
	mock::*,
	tests::{
		evidence::{context, pinned, submit},
		verdicts::{answer, apply_finding, challenge, enlisted, host, judge},
	},
	*,
};

fn submit_log(machine: &Machine, from: usize, to: usize) -> sp_runtime::DispatchResult {
	let records = machine.log[from..to].concat().try_into().expect("short");
	let origin = RuntimeOrigin::signed(miner());
	let submitted = Attestation::submit_log(origin, miner(), from as u32, records, false);
	submitted.map(drop).map_err(|why| why.error)
}

/// The open challenge of a machine that continues its submitted log.
fn after_log(machine: &Machine) -> Context {
	Context { log: Attestation::log(miner()), ..context(machine) }
}

fn enlisted_with_files(test: impl FnOnce(Machine)) {
	enlisted(|mut alice| {
		for _ in 0..3 {
			alice.run(b"bash");
		}
		test(alice);
	});
}

#[test]
fn evidence_continues_submitted_log() {
	enlisted_with_files(|alice| {
		assert_ok!(submit_log(&alice, 0, 2));
		assert_ok!(submit_log(&alice, 2, 4));
		let log = Attestation::log(miner()).expect("followed");
		assert_eq!((log.entries, log.revision), (4, 3));
		System::assert_last_event(
			Event::LogFollowed { miner: miner(), id: log.id, entries: 4 }.into(),
		);
		let evidence = alice.answer(&after_log(&alice));
		assert_eq!(evidence.ima_delta.from_entry, 4);
		assert_ok!(submit(evidence.clone()));
		assert_eq!(pinned().log, Some(log));
		let finding = judge(&evidence);
		assert!(finding.is_accepted());
		apply_finding(&finding);
		assert_eq!(host(&alice).checkpoint.expect("taken").entries, 5);
	});
}

#[test]
fn log_part_must_follow_or_start_again() {
	enlisted_with_files(|alice| {
		assert_noop!(submit_log(&alice, 1, 2), Error::<Test>::LogElsewhere);
		assert_ok!(submit_log(&alice, 0, 3));
		assert_noop!(submit_log(&alice, 2, 4), Error::<Test>::LogElsewhere);
		assert_noop!(submit_log(&alice, 4, 5), Error::<Test>::LogElsewhere);
		assert_ok!(submit_log(&alice, 0, 1));
		assert_eq!(Attestation::log(miner()).expect("followed").entries, 1);
	});
}

#[test]
fn invalid_log_part_has_no_effect() {
	enlisted_with_files(|mut alice| {
		assert_ok!(submit_log(&alice, 0, 2));
		assert_noop!(submit_log(&alice, 2, 2), Error::<Test>::LogMalformed);
		alice.log[2][30] ^= 1;
		assert_noop!(submit_log(&alice, 2, 3), Error::<Test>::LogMalformed);
		for _ in 0..513 {
			alice.run(b"bash");
		}
		let from = alice.log.len() - 513;
		alice.log.drain(2..from);
		assert_noop!(submit_log(&alice, 2, 515), Error::<Test>::LogTooLong);
		assert_ok!(submit_log(&alice, 2, 514));
	});
}

#[test]
fn log_of_another_miner_is_refused() {
	enlisted_with_files(|alice| {
		let origin = RuntimeOrigin::signed(AccountId32::new([9; 32]));
		let records = alice.log[0].clone().try_into().expect("short");
		let refused = Attestation::submit_log(origin, miner(), 0, records, false);
		assert_noop!(refused, Error::<Test>::NotTheMiner);
	});
}

#[test]
fn evidence_without_its_log_is_refused() {
	enlisted_with_files(|alice| {
		assert_ok!(submit_log(&alice, 0, 3));
		let evidence = alice.answer(&after_log(&alice));
		assert_ok!(submit_log(&alice, 3, 4));
		assert_noop!(submit(evidence), Error::<Test>::LogMissing);
		let evidence = alice.answer(&after_log(&alice));
		assert_ok!(submit_log(&alice, 0, 4));
		assert_noop!(submit(evidence), Error::<Test>::ReportNotBound);
		assert_ok!(submit(alice.answer(&after_log(&alice))));
	});
}

#[test]
fn log_must_be_submitted_again_after_tightening() {
	enlisted_with_files(|alice| {
		assert_ok!(submit_log(&alice, 0, 3));
		Revision::set(4);
		assert_ok!(submit_log(&alice, 3, 4));
		assert_eq!(Attestation::log(miner()).expect("followed").revision, 3, "of its first part");
		assert_ok!(submit(alice.answer(&after_log(&alice))));
		challenge(&alice);
	});
	enlisted_with_files(|alice| {
		assert_ok!(submit_log(&alice, 0, 3));
		Revision::set(4);
		LastFileTightening::set(4);
		assert_noop!(submit(alice.answer(&after_log(&alice))), Error::<Test>::LogOutdated);
		assert_ok!(submit_log(&alice, 0, 3));
		assert_ok!(submit(alice.answer(&after_log(&alice))));
	});
}

/// A log submitted in parts also satisfies a tightening of policy, although the accepted log is
/// shorter.
#[test]
fn accepted_log_can_be_submitted_whole_in_parts() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		for _ in 0..4 {
			alice.run(b"bash");
		}
		Revision::set(4);
		LastFileTightening::set(4);
		assert_ok!(submit_log(&alice, 0, 5));
		challenge(&alice);
		let evidence = alice.answer(&after_log(&alice));
		assert_eq!(evidence.ima_delta.from_entry, 5);
		assert_ok!(submit(evidence.clone()));
		let finding = judge(&evidence);
		assert!(finding.is_accepted());
		apply_finding(&finding);
		next_tick();
		assert_eq!(host(&alice).judged, 4, "by the current list");
		assert_eq!(Attestation::log_due(chip(&alice)), None);
	});
}

#[test]
fn due_part_needs_open_challenge() {
	enlisted_with_files(|alice| {
		let due = |from: usize, to: usize| {
			let records = alice.log[from..to].concat().try_into().expect("short");
			let origin = RuntimeOrigin::signed(miner());
			let submitted = Attestation::submit_log(origin, miner(), from as u32, records, true);
			submitted.map_err(|why| why.error)
		};
		assert_ok!(due(0, 2));
		assert_ok!(submit(alice.answer(&after_log(&alice))));
		assert_noop!(due(2, 3), Error::<Test>::NoChallenge);
		assert_ok!(submit_log(&alice, 2, 3));
	});
}

/// A log that starts again uses the same allowance of parts. A refused part uses it, too.
#[test]
fn parts_are_limited_for_each_challenge() {
	enlisted_with_files(|alice| {
		let admitted = || Attestation::check_part(&miner(), &miner()).map_err(DispatchError::from);
		let nonce = admitted().expect("a challenge is open");
		assert_eq!(Some(nonce), host(&alice).challenge.map(|open| open.nonce));
		for _ in 0..MAX_LOG_PARTS {
			assert_ok!(admitted());
			Attestation::note_part(&miner(), nonce);
		}
		assert_eq!(admitted(), Err(Error::<Test>::LogPartsSpent.into()));
		assert!(answer(&alice).is_accepted());
		assert_eq!(admitted(), Err(Error::<Test>::NoChallenge.into()));
		challenge(&alice);
		assert_ne!(admitted().expect("another challenge is open"), nonce);
		<Attestation as OnChipChange<AccountId32>>::on_exit(&miner());
		assert_eq!(LogParts::<Test>::get(miner()), None);
	});
}

#[test]
fn findings_in_log_part_count() {
	enlisted(|mut alice| {
		alice.run(b"stranger");
		alice.run(b"bash");
		assert_ok!(submit_log(&alice, 0, 3));
		let evidence = alice.answer(&after_log(&alice));
		assert_ok!(submit(evidence.clone()));
		assert_eq!(judge(&evidence).code, RejectCode::ImaUnknownFile.number());
	});
}

#[test]
fn log_is_removed_when_miner_leaves() {
	enlisted_with_files(|alice| {
		assert_ok!(submit_log(&alice, 0, 3));
		<Attestation as OnChipChange<AccountId32>>::on_exit(&miner());
		assert_eq!(Attestation::log(miner()), None);
		assert!(Now::get() > 0);
	});
}
