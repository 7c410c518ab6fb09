//! Policy becomes stricter.

use hcc_evidence::{ima::FileVerdict, RejectCode};
use hcc_primitives::mock::{Noted, Now, Overturned};

use crate::{
	mock::*,
	tests::{
		evidence::{context, pinned},
		machine::{Machine, Policy},
		verdicts::{answer, answer_by, challenge, enlisted, host},
	},
};

/// A revision in which a list becomes stricter.
fn tighten() {
	Revision::mutate(|revision| *revision += 1);
	FilesTightened::set(Revision::get());
}

/// Waits until the chip's log must be shown anew, and has it challenged.
fn wait(machine: &Machine) {
	let due = Attestation::renewal(chip(machine)).expect("to be shown anew");
	while Now::get() < due {
		next_tick();
	}
	challenge(machine);
}

#[test]
fn a_whole_log_is_wanted_once_after_the_chips_own_deadline() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		alice.run(b"bash");
		let tightened = Now::get() + 1;
		tighten();
		challenge(&alice);
		let due = Attestation::renewal(chip(&alice)).expect("to be shown anew");
		assert!((tightened..tightened + RENEWAL).contains(&due));
		if due > Now::get() {
			assert_eq!(context(&alice).boot, host(&alice).checkpoint);
			assert!(answer(&alice).is_accepted(), "before that nothing is asked for");
		}
		wait(&alice);
		assert_eq!(host(&alice).checkpoint, None);
		let fit = <Attestation as hcc_primitives::Liveness>::fit(&chip(&alice));
		assert_eq!(fit, Some(host(&alice).tier), "what it has shown before counts meanwhile");
		assert_eq!(alice.answer(&context(&alice)).ima_delta.from_entry, 0);
		assert!(answer(&alice).is_accepted());
		assert_eq!(Attestation::renewal(chip(&alice)), None);
		assert_eq!(host(&alice).former, None);
		assert_eq!(host(&alice).checkpoint.expect("taken").entries, 3);
	});
}

#[test]
fn what_was_allowed_before_costs_the_work_and_no_strike() {
	enlisted(|mut alice| {
		alice.run(b"bash");
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		wait(&alice);
		let mut policy = Policy::default();
		policy.judge(b"bash", FileVerdict::Forbidden);
		assert_eq!(answer_by(&alice, &policy).code, RejectCode::ImaOutdatedFile.number());
		assert_eq!(pinned().former.expect("accepted before").entries, 3);
		// It stays so until it boots without the file.
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
fn what_is_new_and_forbidden_does_not_hide_behind_what_was_allowed() {
	enlisted(|mut alice| {
		alice.run(b"bash");
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		alice.run(b"bash");
		wait(&alice);
		let mut policy = Policy::default();
		policy.judge(b"bash", FileVerdict::Forbidden);
		let finding = answer_by(&alice, &policy);
		assert_eq!(finding.code, RejectCode::ImaForbiddenFile.number());
	});
}

#[test]
fn a_boot_since_then_is_judged_by_the_new_list_anyway() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		alice.boot();
		alice.run(b"hcc-miner");
		challenge(&alice);
		assert!(answer(&alice).is_accepted());
		assert_eq!(Attestation::renewal(chip(&alice)), None);
	});
}

#[test]
fn a_verdict_that_is_undone_leaves_the_log_to_be_judged_by_the_new_list() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		tighten();
		next_tick();
		wait(&alice);
		assert!(answer(&alice).is_accepted());
		challenge(&alice);
		assert!(answer(&alice).is_accepted());
		let (subject, _) = *hcc_primitives::mock::Opened::get().last().expect("opened");
		<Attestation as hcc_primitives::OnVerdict>::on_overturned(subject);
		assert!(Attestation::renewal(chip(&alice)).is_some());
		assert!(Overturned::get().is_empty() && Noted::get().len() == 3);
	});
}
