//! Effects of verdicts. In these tests, the verifier itself judges the machine's evidence.

use frame_support::assert_ok;
use hcc_evidence::{crypto::RustCrypto, host::HostEvidence, RejectCode};
use hcc_evidence_testing::{Machine, Policy, GENESIS};
use hcc_primitives::{ChallengeOutcome, Finding, OnChipChange, OnVerdict, SubjectId, Tier};
use hcc_testing::{AllMet, NextTier, Noted, Now, Opened, Undone};
use sp_runtime::AccountId32;

use crate::{
	mock::*,
	tests::evidence::{context, pinned, submit},
	*,
};

/// Judges the last subject as a worker does.
pub(super) fn judge(evidence: &HostEvidence) -> Finding {
	judge_by(evidence, &Policy::default())
}

fn judge_by(evidence: &HostEvidence, policy: &Policy) -> Finding {
	let verdict = pinned().judge::<RustCrypto, _>(evidence, policy, GENESIS);
	let claims = verdict.encoded_claims().try_into().expect("short");
	Finding { code: verdict.code(), claims }
}

/// Answers the open challenge, and applies the verdict on the answer.
pub(super) fn answer(machine: &Machine) -> Finding {
	answer_by(machine, &Policy::default())
}

/// Answers the open challenge, and applies the verdict under the given policy.
pub(super) fn answer_by(machine: &Machine, policy: &Policy) -> Finding {
	let evidence = machine.answer(&context(machine));
	assert_ok!(submit(evidence.clone()));
	let finding = judge_by(&evidence, policy);
	let (subject, _) = *Opened::get().last().expect("opened");
	<Attestation as OnVerdict>::on_verdict(subject, &finding);
	assert!(Attestation::context(subject).is_some(), "it can still be proven false");
	finding
}

/// Applies a finding to the last subject.
pub(super) fn apply_finding(finding: &Finding) {
	<Attestation as OnVerdict>::on_verdict(last_subject(), finding);
}

/// Challenges the chip in the next block.
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
fn accepted_evidence_advances_checkpoint() {
	enlisted(|mut alice| {
		assert!(answer(&alice).is_accepted());
		assert_eq!(host(&alice).checkpoint.expect("taken").entries, 2);
		assert_eq!(Noted::get(), [(chip(&alice), 1, ChallengeOutcome::Passed)]);
		alice.run(b"bash");
		challenge(&alice);
		let evidence = alice.answer(&context(&alice));
		assert_eq!(evidence.ima_delta.from_entry, 2, "only new entries are sent");
		assert!(answer(&alice).is_accepted());
		assert_eq!(host(&alice).checkpoint.expect("taken").entries, 3);
	});
}

#[test]
fn unknown_file_causes_recheck_and_keeps_checkpoint() {
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
		assert_eq!(host(&alice).challenge.expect("rechecked").seq, 3);
		assert_eq!(answer(&alice).code, RejectCode::ImaUnknownFile.number());
		next_tick();
		assert_eq!(host(&alice).challenge, None, "it waits for the draw");
	});
}

#[test]
fn reboot_clears_unknown_file() {
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
fn void_and_undecided_have_no_effect_on_score() {
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
		assert!(host(&alice).failing, "without a proof it gets no work");
		assert!(Rechecks::<Test>::get().is_empty(), "the next block lacks the same data");
	});
}

#[test]
fn malformed_claims_are_void() {
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
fn leaving_while_judged_is_missed() {
	enlisted(|alice| {
		assert_ok!(submit(alice.answer(&context(&alice))));
		let (subject, _) = *Opened::get().last().expect("opened");
		<Attestation as OnChipChange<AccountId32>>::on_gone(&chip(&alice));
		assert_eq!(Noted::get(), [(chip(&alice), 1, ChallengeOutcome::Missed)]);
		let failed = Finding { code: 301, claims: Default::default() };
		<Attestation as OnVerdict>::on_verdict(subject, &failed);
		assert_eq!(Noted::get().len(), 1, "noted once");
		<Attestation as OnVerdict>::on_closed(subject);
		assert!(Attestation::context(subject).is_none(), "the context was removed");
	});
}

#[test]
fn evidence_of_replaced_tpm_sets_no_checkpoint() {
	enlisted(|alice| {
		let evidence = alice.answer(&context(&alice));
		assert_ok!(submit(evidence.clone()));
		let finding = judge(&evidence);
		let mut tpm = <hcc_testing::MockMiners as hcc_primitives::Miners<_>>::tpm(&miner())
			.expect("enrolled");
		tpm.ak = vec![1, 2, 3].try_into().expect("short");
		hcc_testing::register(miner(), vec![chip(&alice)], Some(tpm));
		let (subject, _) = *Opened::get().last().expect("opened");
		<Attestation as OnVerdict>::on_verdict(subject, &finding);
		assert_eq!(Noted::get(), [(chip(&alice), 1, ChallengeOutcome::Passed)]);
		let host = host(&alice);
		assert_eq!((host.checkpoint, host.boot_profile), (None, None));
	});
}

#[test]
fn another_tpm_clears_checkpoint() {
	enlisted(|alice| {
		answer(&alice);
		<Attestation as OnChipChange<AccountId32>>::on_ready(&chip(&alice), &miner());
		let host = host(&alice);
		assert_eq!((host.checkpoint, host.boot_profile), (None, None));
	});
}

fn last_subject() -> SubjectId {
	Opened::get().last().expect("opened").0
}

#[test]
fn final_verdict_leaves_no_rows() {
	enlisted(|alice| {
		answer(&alice);
		<Attestation as OnVerdict>::on_closed(last_subject());
		assert!(Attestation::context(last_subject()).is_none());
		assert!(Revisions::<Test>::get().is_empty());
	});
}

#[test]
fn overturned_verdict_is_undone() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		let seq = host(&alice).seq;
		NextTier::set(Tier::Regular);
		<Attestation as OnVerdict>::on_overturned(last_subject());
		let undone = host(&alice);
		assert_eq!(undone.checkpoint, None, "it had none before");
		assert_eq!(undone.boot_profile, None, "it had none before");
		assert_eq!(undone.tier, Tier::Regular);
		assert_eq!(hcc_testing::Undone::get(), [(chip(&alice), seq)]);
		System::assert_last_event(
			Event::Overturned { chip: chip(&alice), miner: undone.miner, seq }.into(),
		);
		next_tick();
		assert!(host(&alice).challenge.is_some(), "it is rechecked");
	});
}

#[test]
fn false_acceptances_are_undone_in_any_order() {
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

/// The first of two false acceptances is undone. Then the whole log is accepted, and the second
/// false acceptance is undone too.
#[test]
fn false_acceptance_undone_with_another_restores_nothing() {
	enlisted(|alice| {
		let false_verdicts = [(); 2].map(|()| {
			if host(&alice).challenge.is_none() {
				challenge(&alice);
			}
			assert!(answer(&alice).is_accepted());
			last_subject()
		});
		<Attestation as OnVerdict>::on_overturned(false_verdicts[0]);
		next_tick();
		assert!(answer(&alice).is_accepted());
		let honest = host(&alice);
		assert!(honest.checkpoint.is_some());
		<Attestation as OnVerdict>::on_overturned(false_verdicts[1]);
		let after = host(&alice);
		assert_eq!((after.checkpoint, after.accepted), (honest.checkpoint, honest.accepted));
	});
}

/// A chip that leaves while its evidence is judged loses score. The verdict on the evidence has no
/// effect, so overturning it does not undo the loss.
#[test]
fn overturned_verdict_without_effect_undoes_nothing() {
	enlisted(|alice| {
		assert_ok!(submit(alice.answer(&context(&alice))));
		<Attestation as OnChipChange<AccountId32>>::on_gone(&chip(&alice));
		let failed = Finding { code: 301, claims: Default::default() };
		<Attestation as OnVerdict>::on_verdict(last_subject(), &failed);
		<Attestation as OnVerdict>::on_overturned(last_subject());
		assert!(Undone::get().is_empty());
	});
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		<Attestation as OnVerdict>::on_overturned(last_subject());
		<Attestation as OnVerdict>::on_overturned(last_subject());
		assert_eq!(Undone::get().len(), 1, "a verdict is undone once");
	});
}

#[test]
fn record_has_tick_of_challenge() {
	enlisted(|alice| {
		let made = host(&alice).challenge.expect("challenged").made;
		let evidence = alice.answer(&context(&alice));
		assert_ok!(submit(evidence.clone()));
		Now::mutate(|now| *now += 5);
		<Attestation as OnVerdict>::on_verdict(last_subject(), &judge(&evidence));
		assert_eq!(AllMet::get().last().map(|met| met.made), Some(made));
		assert!(made < Now::get());
	});
}
