//! What verdicts mean. They are made by the verifier itself, on the machine's real evidence.

use frame_support::assert_ok;
use hcc_evidence::{crypto::RustCrypto, host::HostEvidence, RejectCode};
use hcc_primitives::{
	mock::{AllMet, NextTier, Noted, Now, Opened, Undone},
	Conduct, Finding, OnChip, OnVerdict, SubjectId, Tier,
};
use sp_runtime::AccountId32;

use crate::{
	mock::*,
	tests::{
		evidence::{context, pinned, submit},
		machine::{Machine, Policy, GENESIS},
	},
	*,
};

/// Judges as a worker does.
pub(super) fn judge(evidence: &HostEvidence) -> Finding {
	judge_by(evidence, &Policy::default())
}

fn judge_by(evidence: &HostEvidence, policy: &Policy) -> Finding {
	let verdict = pinned().judge::<RustCrypto, _>(evidence, policy, GENESIS);
	let claims = verdict.encoded_claims().try_into().expect("short");
	Finding { code: verdict.code(), claims }
}

/// Answers the open challenge, and has the answer judged and decided.
pub(super) fn answer(machine: &Machine) -> Finding {
	answer_by(machine, &Policy::default())
}

/// The same under that policy.
pub(super) fn answer_by(machine: &Machine, policy: &Policy) -> Finding {
	let evidence = machine.answer(&context(machine));
	assert_ok!(submit(evidence.clone()));
	let finding = judge_by(&evidence, policy);
	let (subject, _) = *Opened::get().last().expect("opened");
	<Attestation as OnVerdict>::on_verdict(subject, &finding);
	assert!(Attestation::context(subject).is_some(), "it can still be proven false");
	finding
}

/// Has the last evidence that was included come to that.
pub(super) fn told(finding: &Finding) {
	<Attestation as OnVerdict>::on_verdict(last_subject(), finding);
}

/// Has the chip challenged in the next block.
pub(super) fn challenge(machine: &Machine) {
	Attestation::recheck(&chip(machine));
	next_tick();
}

pub(super) fn host(machine: &Machine) -> HostOf<Test> {
	Attestation::host(chip(machine)).expect("enlisted")
}

pub(super) fn enlisted(test: impl FnOnce(Machine)) {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		test(alice);
	});
}

#[test]
fn accepted_evidence_moves_the_checkpoint_on() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		assert_eq!(host(&alice).checkpoint.expect("taken").entries, 2);
		assert_eq!(Noted::get(), [(chip(&alice), 1, Conduct::Passed)]);
		alice.run(b"bash");
		challenge(&alice);
		let evidence = alice.answer(&context(&alice));
		assert_eq!(evidence.ima_delta.from_entry, 2, "only what is new is sent");
		assert!(answer(&alice).is_accepted());
		assert_eq!(host(&alice).checkpoint.expect("taken").entries, 3);
	});
}

#[test]
fn an_unknown_file_is_rejected_and_checked_at_once_and_the_checkpoint_stays() {
	enlisted(|mut alice| {
		answer(&alice);
		let before = host(&alice).checkpoint;
		alice.run(b"a backdoor");
		challenge(&alice);
		NextTier::set(Tier::Quarantine);
		assert_eq!(answer(&alice).code, RejectCode::ImaUnknownFile.number());
		assert_eq!(host(&alice).checkpoint, before);
		assert_eq!(host(&alice).tier, Tier::Quarantine);
		next_tick();
		assert_eq!(host(&alice).challenge.expect("checked at once").seq, 3);
		assert_eq!(answer(&alice).code, RejectCode::ImaUnknownFile.number());
		next_tick();
		assert_eq!(host(&alice).challenge, None, "then it waits for the draw");
	});
}

#[test]
fn a_reboot_cures_it_since_the_log_starts_anew() {
	enlisted(|mut alice| {
		answer(&alice);
		alice.run(b"a backdoor");
		challenge(&alice);
		answer(&alice);
		alice.boot();
		alice.run(b"hcc-miner");
		next_tick();
		assert!(answer(&alice).is_accepted());
	});
}

#[test]
fn what_could_not_be_judged_counts_for_nothing() {
	enlisted(|alice| {
		assert_ok!(submit(alice.answer(&context(&alice))));
		let (subject, _) = *Opened::get().last().expect("opened");
		<Attestation as OnVerdict>::on_void(subject);
		assert!(Noted::get().is_empty());
		next_tick();
		assert_ok!(submit(alice.answer(&context(&alice))));
		let (subject, _) = *Opened::get().last().expect("opened");
		let undecided = Finding { code: Finding::UNDECIDED, claims: Default::default() };
		assert!(!host(&alice).failing);
		<Attestation as OnVerdict>::on_verdict(subject, &undecided);
		assert!(Noted::get().is_empty());
		assert_eq!(host(&alice).challenge, None);
		assert!(host(&alice).failing, "nothing was proven: it gets no work");
		assert!(
			Rechecks::<Test>::get().is_empty(),
			"what the chain lacks it lacks in the next block too"
		);
	});
}

#[test]
fn claims_that_are_none_count_for_nothing() {
	enlisted(|alice| {
		assert_ok!(submit(alice.answer(&context(&alice))));
		let (subject, _) = *Opened::get().last().expect("opened");
		let claims = vec![1, 2, 3].try_into().expect("short");
		<Attestation as OnVerdict>::on_verdict(subject, &Finding { code: 0, claims });
		assert!(Noted::get().is_empty());
		assert_eq!(host(&alice).checkpoint, None);
	});
}

#[test]
fn leaving_while_evidence_is_judged_is_no_way_out_of_the_verdict() {
	enlisted(|alice| {
		assert_ok!(submit(alice.answer(&context(&alice))));
		let (subject, _) = *Opened::get().last().expect("opened");
		<Attestation as OnChip<AccountId32>>::on_gone(&chip(&alice));
		assert_eq!(Noted::get(), [(chip(&alice), 1, Conduct::Missed)]);
		let failed = Finding { code: 301, claims: Default::default() };
		<Attestation as OnVerdict>::on_verdict(subject, &failed);
		assert_eq!(Noted::get().len(), 1, "noted once");
		<Attestation as OnVerdict>::on_closed(subject);
		assert!(Attestation::context(subject).is_none(), "nothing is left of it");
	});
}

#[test]
fn evidence_of_a_tpm_that_was_replaced_meanwhile_leaves_no_checkpoint() {
	enlisted(|alice| {
		let evidence = alice.answer(&context(&alice));
		assert_ok!(submit(evidence.clone()));
		let finding = judge(&evidence);
		let mut tpm =
			<hcc_primitives::mock::MockMiners as hcc_primitives::Miners<_>>::tpm(&miner())
				.expect("enrolled");
		tpm.ak = vec![1, 2, 3].try_into().expect("short");
		hcc_primitives::mock::register(miner(), vec![chip(&alice)], Some(tpm));
		let (subject, _) = *Opened::get().last().expect("opened");
		<Attestation as OnVerdict>::on_verdict(subject, &finding);
		assert_eq!(Noted::get(), [(chip(&alice), 1, Conduct::Passed)]);
		let host = host(&alice);
		assert_eq!((host.checkpoint, host.boot_profile), (None, None));
	});
}

#[test]
fn another_tpm_starts_anew() {
	enlisted(|alice| {
		answer(&alice);
		<Attestation as OnChip<AccountId32>>::on_ready(&chip(&alice), &miner());
		let host = host(&alice);
		assert_eq!((host.checkpoint, host.boot_profile), (None, None));
	});
}

fn last_subject() -> SubjectId {
	Opened::get().last().expect("opened").0
}

#[test]
fn nothing_is_left_of_a_verdict_that_can_be_proven_false_no_more() {
	enlisted(|alice| {
		answer(&alice);
		<Attestation as OnVerdict>::on_closed(last_subject());
		assert!(Attestation::context(last_subject()).is_none());
		assert!(Revisions::<Test>::get().is_empty());
	});
}

#[test]
fn a_verdict_that_was_proven_false_is_undone() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		let seq = host(&alice).seq;
		NextTier::set(Tier::Regular);
		<Attestation as OnVerdict>::on_overturned(last_subject());
		let undone = host(&alice);
		assert_eq!(undone.checkpoint, None, "as before: there was none");
		assert_eq!(undone.boot_profile, None, "what it was taken from is void");
		assert_eq!(undone.tier, Tier::Regular);
		assert_eq!(hcc_primitives::mock::Undone::get(), [(chip(&alice), seq)]);
		System::assert_last_event(
			Event::Overturned { chip: chip(&alice), miner: undone.miner, seq }.into(),
		);
		next_tick();
		assert!(host(&alice).challenge.is_some(), "it is checked again at once");
	});
}

#[test]
fn lies_that_go_on_from_one_another_leave_nothing_in_whatever_order_they_are_undone() {
	for order in [[0, 1], [1, 0]] {
		enlisted(|alice| {
			let accepted = [(); 2].map(|()| {
				if host(&alice).challenge.is_none() {
					challenge(&alice);
				}
				assert!(answer(&alice).is_accepted());
				(last_subject(), host(&alice).accepted.last().expect("accepted"))
			});
			let [(_, first), (_, second)] = accepted;
			let went_on: Vec<_> = AllMet::get().iter().map(|met| (met.seq, met.from)).collect();
			assert_eq!(went_on, [(first, None), (second, Some(first))]);
			for at in order {
				<Attestation as OnVerdict>::on_overturned(accepted[at].0);
			}
			let undone = host(&alice);
			assert_eq!((undone.checkpoint, undone.boot_profile), (None, None), "{order:?}");
			assert_eq!(undone.accepted.last(), None);
		});
	}
}

/// Two lies, of which the first is undone; an honest evidence of the whole log; then the second is undone as well.
#[test]
fn a_lie_that_was_undone_with_another_brings_back_nothing_later() {
	enlisted(|alice| {
		let lies = [(); 2].map(|()| {
			if host(&alice).challenge.is_none() {
				challenge(&alice);
			}
			assert!(answer(&alice).is_accepted());
			last_subject()
		});
		<Attestation as OnVerdict>::on_overturned(lies[0]);
		next_tick();
		assert!(answer(&alice).is_accepted());
		let honest = host(&alice);
		assert!(honest.checkpoint.is_some());
		<Attestation as OnVerdict>::on_overturned(lies[1]);
		let after = host(&alice);
		assert_eq!((after.checkpoint, after.accepted), (honest.checkpoint, honest.accepted));
	});
}

/// Where a chip leaves while it is judged, what it loses for that is not given back with a verdict that nothing came of.
#[test]
fn a_verdict_that_has_caused_nothing_is_undone_by_nothing() {
	enlisted(|alice| {
		assert_ok!(submit(alice.answer(&context(&alice))));
		<Attestation as OnChip<AccountId32>>::on_gone(&chip(&alice));
		let failed = Finding { code: 301, claims: Default::default() };
		<Attestation as OnVerdict>::on_verdict(last_subject(), &failed);
		<Attestation as OnVerdict>::on_overturned(last_subject());
		assert!(Undone::get().is_empty());
	});
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		<Attestation as OnVerdict>::on_overturned(last_subject());
		<Attestation as OnVerdict>::on_overturned(last_subject());
		assert_eq!(Undone::get().len(), 1, "nor is one undone twice");
	});
}

#[test]
fn what_was_met_dates_from_when_it_was_asked_and_not_from_the_verdict() {
	enlisted(|alice| {
		let made = host(&alice).challenge.expect("it is challenged").made;
		let evidence = alice.answer(&context(&alice));
		assert_ok!(submit(evidence.clone()));
		Now::mutate(|now| *now += 5);
		<Attestation as OnVerdict>::on_verdict(last_subject(), &judge(&evidence));
		assert_eq!(AllMet::get().last().map(|met| met.made), Some(made));
		assert!(made < Now::get());
	});
}
