//! Whole logs, which chips must submit after lists of files became stricter.

use hcc_evidence::{ima::FileVerdict, RejectCode};
use hcc_evidence_testing::{Machine, Policy};
use hcc_testing::{Noted, Now, Overturned};

use crate::{
	mock::*,
	tests::{
		evidence::{context, pinned},
		verdicts::{answer, answer_by, challenge, enlisted, host},
	},
};

/// Starts a policy revision in which a list becomes stricter.
fn tighten() {
	Revision::mutate(|revision| *revision += 1);
	LastFileTightening::set(Revision::get());
}

/// Waits until the chip must submit its whole log, and challenges it.
fn challenge_for_whole_log(machine: &Machine) {
	let due = Attestation::log_due(chip(machine)).expect("the whole log is due");
	while Now::get() < due {
		next_tick();
	}
	challenge(machine);
}

#[test]
fn whole_log_is_required_once_after_own_tick() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		alice.run(b"bash");
		let tightened = Now::get() + 1;
		tighten();
		challenge(&alice);
		let due = Attestation::log_due(chip(&alice)).expect("the whole log is due");
		assert!((tightened..tightened + RENEWAL).contains(&due));
		if due > Now::get() {
			assert_eq!(context(&alice).boot, host(&alice).checkpoint);
			assert!(answer(&alice).is_accepted(), "the whole log is not required before that");
		}
		challenge_for_whole_log(&alice);
		assert_eq!(host(&alice).checkpoint, None);
		let fit = <Attestation as hcc_primitives::Liveness>::fit(&chip(&alice));
		assert_eq!(fit, Some(host(&alice).tier), "its earlier acceptance counts");
		assert_eq!(alice.answer(&context(&alice)).ima_delta.from_entry, 0);
		assert!(answer(&alice).is_accepted());
		assert_eq!(Attestation::log_due(chip(&alice)), None);
		assert_eq!(host(&alice).former, None);
		assert_eq!(host(&alice).checkpoint.expect("taken").entries, 3);
	});
}

#[test]
fn formerly_allowed_file_is_outdated() {
	enlisted(|mut alice| {
		alice.run(b"bash");
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		challenge_for_whole_log(&alice);
		let mut policy = Policy::default();
		policy.judge(b"bash", FileVerdict::Forbidden);
		assert_eq!(answer_by(&alice, &policy).code, RejectCode::ImaOutdatedFile.number());
		assert_eq!(pinned().former.expect("accepted before").entries, 3);
		// The finding stays the same until the machine boots without the file.
		next_tick();
		assert_eq!(answer_by(&alice, &policy).code, RejectCode::ImaOutdatedFile.number());
		alice.boot();
		alice.run(b"hcc-miner");
		challenge(&alice);
		assert!(answer_by(&alice, &policy).is_accepted());
		assert_eq!((host(&alice).former, host(&alice).judged), (None, Revision::get()));
	});
}

#[test]
fn new_forbidden_file_is_not_outdated() {
	enlisted(|mut alice| {
		alice.run(b"bash");
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		alice.run(b"bash");
		challenge_for_whole_log(&alice);
		let mut policy = Policy::default();
		policy.judge(b"bash", FileVerdict::Forbidden);
		let finding = answer_by(&alice, &policy);
		assert_eq!(finding.code, RejectCode::ImaForbiddenFile.number());
	});
}

#[test]
fn new_boot_satisfies_new_list() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		alice.boot();
		alice.run(b"hcc-miner");
		challenge(&alice);
		assert!(answer(&alice).is_accepted());
		assert_eq!(Attestation::log_due(chip(&alice)), None);
	});
}

#[test]
fn overturned_verdict_makes_log_due_again() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		challenge_for_whole_log(&alice);
		assert!(answer(&alice).is_accepted());
		challenge(&alice);
		assert!(answer(&alice).is_accepted());
		let (subject, _) = *hcc_testing::Opened::get().last().expect("opened");
		<Attestation as hcc_primitives::OnVerdict>::on_overturned(subject);
		assert!(Attestation::log_due(chip(&alice)).is_some());
		assert!(Overturned::get().is_empty() && Noted::get().len() == 3);
	});
}
