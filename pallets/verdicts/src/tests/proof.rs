//! Proofs: evidence that the runtime evaluates itself.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_primitives::{Adjudicator, Evaluation, VoteService};
use hcc_testing::{Active, Closed, NextEvaluation, Overturned, Served, Slashed, Told};
use sp_core::H256;
use sp_runtime::AccountId32;

use crate::{mock::*, *};

/// The hash of the evidence in these tests.
const EVIDENCE: H256 = H256([0xee; 32]);

fn open() -> H256 {
	let id = subject(1);
	assert_ok!(<Verdicts as Adjudicator>::open(id, id, EVIDENCE));
	id
}

/// Sets the result of the runtime's evaluation to `code`.
fn chain_finds(code: u16) {
	let finding = finding(code);
	NextEvaluation::set(Some((EVIDENCE, Evaluation { finding, same_version: true })));
}

fn prove(who: u8, id: H256) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let evidence = vec![1, 2, 3].try_into().expect("short");
	Verdicts::prove(RuntimeOrigin::signed(account(who)), Some(account(who)), id, evidence)
}

fn vote_all(id: H256, voters: impl IntoIterator<Item = u8>, code: u16) {
	for who in voters {
		assert_ok!(submit(who, vec![vote(id, code)], System::block_number() - 1));
	}
}

/// Lets ticks pass, with statements of finality in each block.
fn ticks(count: u32) {
	for _ in 0..count {
		let now = System::block_number();
		for who in 1..=4 {
			assert_ok!(submit(who, vec![], now - 1));
		}
		next_block();
	}
}

/// Returns these services for the first validators, in order.
fn served<const COUNT: usize>(services: [VoteService; COUNT]) -> Vec<(AccountId32, VoteService)> {
	(1..).map(account).zip(services).collect()
}

#[test]
fn proof_overturns_verdict_and_slashes_false_majority() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		assert_eq!(Told::get().len(), 1);
		chain_finds(301);
		let info = prove(4, id).expect("the proof contradicts three votes");
		assert_eq!(info.pays_fee, Pays::No);
		assert_eq!(Overturned::get(), [id]);
		let reporter = Some(account(4));
		let wanted: Vec<_> = (1..=3).map(|who| (account(who), reporter.clone())).collect();
		assert_eq!(Slashed::get(), wanted);
		System::assert_last_event(
			Event::Proven {
				subject: id,
				code: 301,
				finding: vote(id, 301).hash,
				by: account(4),
				overturned: true,
				wrong: (1..=3).map(account).collect(),
			}
			.into(),
		);
		assert_noop!(prove(4, id), Error::<Test>::AlreadyProven);
	});
}

#[test]
fn proof_slashes_false_minority_and_verdict_stands() {
	run(4, || {
		let id = open();
		vote_all(id, [4], 301);
		vote_all(id, [1, 2, 3], 0);
		chain_finds(0);
		assert_eq!(prove(1, id).expect("the proof contradicts one vote").pays_fee, Pays::No);
		assert!(Overturned::get().is_empty());
		assert_eq!(Slashed::get(), [(account(4), Some(account(1)))]);
	});
}

#[test]
fn proof_decides_undecided_subject_once() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2], 301);
		chain_finds(0);
		assert_ok!(prove(3, id));
		assert_eq!(Told::get(), [(id, Some(finding(0)))]);
		assert_eq!(Slashed::get().len(), 2);
		// Votes are ignored after a proof.
		vote_all(id, [3, 4], 0);
		assert_eq!(Told::get().len(), 1);
		assert_eq!(Verdicts::subject(id).expect("the window is open").votes.len(), 2);
	});
}

#[test]
fn outsider_proves_whole_committee_wrong() {
	run(4, || {
		let id = open();
		vote_all(id, 1..=4, 0);
		let_verdicts_take_effect();
		chain_finds(301);
		assert_eq!(prove(20, id).expect("the proof contradicts all votes").pays_fee, Pays::No);
		assert_eq!(Overturned::get(), [id]);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT, "the deposit is refunded");
	});
}

#[test]
fn proof_without_contradiction_costs_fee_and_outsider_deposit() {
	run(4, || {
		let id = open();
		vote_all(id, 1..=4, 0);
		chain_finds(0);
		assert_eq!(prove(20, id).expect("the proof is valid").pays_fee, Pays::Yes);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT - DEPOSIT);
		assert!(Slashed::get().is_empty());
	});
	run(4, || {
		let id = open();
		vote_all(id, 1..=4, 0);
		chain_finds(0);
		assert_eq!(prove(1, id).expect("the proof is valid").pays_fee, Pays::Yes);
		assert_eq!(
			Balances::free_balance(account(1)),
			ENDOWMENT,
			"a committee member pays no deposit"
		);
	});
}

#[test]
fn prove_fails_without_deposit() {
	run(4, || {
		let id = open();
		chain_finds(0);
		assert_noop!(prove(99, id), Error::<Test>::DepositMissing);
	});
}

#[test]
fn prove_fails_for_other_bytes_or_subject() {
	run(4, || {
		let id = open();
		assert_noop!(prove(1, id), Error::<Test>::EvidenceMismatch);
		let evaluated = Evaluation { finding: finding(0), same_version: true };
		NextEvaluation::set(Some((H256::zero(), evaluated)));
		assert_noop!(prove(1, id), Error::<Test>::EvidenceMismatch);
		assert_noop!(prove(1, subject(2)), Error::<Test>::NotOpen);
	});
}

#[test]
fn proof_after_verifier_change_overturns_without_slash() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		chain_finds(301);
		NextEvaluation::mutate(|all| {
			if let Some((_, evaluated)) = all {
				evaluated.same_version = false;
			}
		});
		assert_eq!(prove(4, id).expect("the proof overturns the verdict").pays_fee, Pays::No);
		assert_eq!(Overturned::get(), [id]);
		assert!(Slashed::get().is_empty());
	});
}

#[test]
fn prover_of_own_false_vote_gets_no_reward() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		chain_finds(301);
		assert_ok!(prove(1, id));
		assert_eq!(Slashed::get()[0], (account(1), None));
		assert_eq!(Slashed::get()[1], (account(2), Some(account(1))));
	});
}

#[test]
fn prove_fails_after_window() {
	run(4, || {
		ticks(1);
		let id = open();
		ticks(JUDGING - 1);
		vote_all(id, [1, 2, 3], 0);
		// The verdict takes effect in the second tick, when the window begins.
		ticks(2 + 19);
		assert!(Closed::get().is_empty());
		assert!(Verdicts::subject(id).is_some(), "the last tick of the window");
		ticks(1);
		assert_eq!(Closed::get(), [id]);
		chain_finds(301);
		assert_noop!(prove(4, id), Error::<Test>::NotOpen);
	});
}

#[test]
fn late_vote_is_ignored() {
	run(4, || {
		ticks(1);
		let id = open();
		ticks(JUDGING - 1);
		vote_all(id, [1, 2, 3], 0);
		ticks(2);
		let outcome =
			submit(4, vec![vote(id, 0)], System::block_number() - 1).expect("a valid vote");
		assert_eq!(outcome.pays_fee, Pays::Yes);
		assert_eq!(Verdicts::subject(id).expect("the window is open").votes.len(), 3);
	});
}

#[test]
fn late_proof_of_undecided_subject_is_free() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1, 2], 301);
		chain_finds(301);
		ticks(JUDGING - 2);
		assert_eq!(prove(20, id).expect("the proof is valid").pays_fee, Pays::No);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT);
		assert_eq!(Told::get(), [(id, Some(finding(301)))]);
		ticks(20);
		let wanted =
			[VoteService::Counted, VoteService::Counted, VoteService::Absent, VoteService::Absent];
		assert_eq!(Served::get(), [served(wanted)], "missing votes made the proof necessary");
	});
}

#[test]
fn early_proof_excuses_no_missing_vote() {
	for late in [0, 1] {
		run(4, || {
			ticks(1);
			let id = open();
			vote_all(id, [1, 2], 301);
			vote_all(id, [3], 0);
			chain_finds(301);
			// Advances to the last tick before the last third of the voting time, or to the first
			// tick in it.
			ticks(JUDGING - JUDGING / 3 - 1 + late);
			assert_eq!(prove(20, id).expect("the proof is valid").pays_fee, Pays::No);
			ticks(20);
			let service = [
				VoteService::Counted,
				VoteService::Counted,
				VoteService::Voted,
				VoteService::Absent,
			];
			assert_eq!(Served::get(), [served(service)]);
		});
	}
}

#[test]
fn groundless_proof_leaves_voting_open() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1], 301);
		chain_finds(301);
		assert_eq!(prove(1, id).expect("the proof is valid").pays_fee, Pays::Yes);
		System::assert_last_event(Event::Groundless { subject: id, by: account(1) }.into());
		assert_ok!(prove(20, id));
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT - MockRules::get().deposit);
		vote_all(id, [2, 3], 301);
		let_verdicts_take_effect();
		assert_ok!(prove(1, id));
		vote_all(id, [4], 301);
		ticks(JUDGING + 20);
		assert_eq!(Served::get(), [served([VoteService::Counted; 4])]);
	});
}

#[test]
fn proof_after_voting_excuses_no_absence() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		ticks(JUDGING);
		chain_finds(301);
		assert_ok!(prove(4, id));
		ticks(20);
		let wanted =
			[VoteService::Voted, VoteService::Voted, VoteService::Voted, VoteService::Absent];
		assert_eq!(Served::get(), [served(wanted)]);
	});
}

#[test]
fn member_that_left_is_absent() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		Active::mutate(|active| active.retain(|who| *who != account(4)));
		for _ in 0..JUDGING + 20 {
			for who in 1..=3 {
				assert_ok!(submit(who, vec![], System::block_number() - 1));
			}
			next_block();
		}
		let counted = VoteService::Counted;
		let wanted = [counted, counted, counted, VoteService::Absent];
		assert_eq!(Served::get(), [served(wanted)]);
	});
}

#[test]
fn verifier_change_with_same_code_overturns_nothing() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		let claims = vec![7].try_into().expect("short");
		let finding = hcc_primitives::Finding { code: 0, claims };
		NextEvaluation::set(Some((EVIDENCE, Evaluation { finding, same_version: false })));
		assert_eq!(prove(20, id).expect("the proof is valid").pays_fee, Pays::Yes);
		assert!(Overturned::get().is_empty());
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT - DEPOSIT);
	});
}

/// The votes name the finding of the runtime that included the evidence. The verifier has changed
/// since then.
#[test]
fn audited_votes_of_other_version_count() {
	run(4, || {
		Seed::set(None);
		ticks(1);
		let id = open();
		vote_all(id, [1, 2, 3, 4], 0);
		let_verdicts_take_effect();
		assert_eq!(Verdicts::subject(id).expect("the subject is open").stage, Stage::Audited);
		let claims = vec![7].try_into().expect("short");
		let finding = hcc_primitives::Finding { code: 0, claims };
		let evaluation = Evaluation { finding: finding.clone(), same_version: false };
		NextEvaluation::set(Some((EVIDENCE, evaluation)));
		assert_eq!(prove(20, id).expect("the proof is valid").pays_fee, Pays::No);
		assert_eq!(Told::get(), [(id, Some(finding))]);
		ticks(JUDGING + 20);
		assert_eq!(Served::get(), [served([VoteService::Counted; 4])]);
		assert!(Slashed::get().is_empty());
	});
}
