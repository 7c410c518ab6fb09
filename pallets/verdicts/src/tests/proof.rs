//! What the chain finds itself.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_primitives::{
	mock::{Active, Closed, Evaluation, Overturned, Served, Slashed, Told},
	Evaluated, Judges, Service,
};
use sp_core::H256;
use sp_runtime::AccountId32;

use crate::{mock::*, *};

/// The hash of the evidence of these tests.
const EVIDENCE: H256 = H256([0xee; 32]);

fn open() -> H256 {
	let id = subject(1);
	assert_ok!(<Verdicts as Judges>::open(id, id, EVIDENCE));
	id
}

/// The chain finds that code.
fn chain_finds(code: u16) {
	let finding = finding(code);
	Evaluation::set(Some((EVIDENCE, Evaluated { finding, same_version: true })));
}

fn prove(who: u8, id: H256) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let evidence = vec![1, 2, 3].try_into().expect("short");
	Verdicts::prove(RuntimeOrigin::signed(account(who)), id, evidence)
}

fn vote_all(id: H256, voters: impl IntoIterator<Item = u8>, code: u16) {
	for who in voters {
		assert_ok!(file(who, vec![vote(id, code)], System::block_number() - 1));
	}
}

/// Lets ticks pass, with the finalised number following.
fn ticks(count: u32) {
	for _ in 0..count {
		let now = System::block_number();
		for who in 1..=4 {
			assert_ok!(file(who, vec![], now - 1));
		}
		next_block();
	}
}

/// What is said of the first validators, one after the other.
fn served<const COUNT: usize>(services: [Service; COUNT]) -> Vec<(AccountId32, Service)> {
	(1..).map(account).zip(services).collect()
}

#[test]
fn a_lying_majority_is_overturned_and_punished() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		assert_eq!(Told::get().len(), 1);
		chain_finds(301);
		let info = prove(4, id).expect("it proves three wrong");
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
fn a_lying_minority_is_punished_and_the_verdict_stands() {
	run(4, || {
		let id = open();
		vote_all(id, [4], 301);
		vote_all(id, [1, 2, 3], 0);
		chain_finds(0);
		assert_eq!(prove(1, id).expect("it proves one wrong").pays_fee, Pays::No);
		assert!(Overturned::get().is_empty());
		assert_eq!(Slashed::get(), [(account(4), Some(account(1)))]);
	});
}

#[test]
fn a_proof_decides_where_there_is_no_verdict_and_once_only() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2], 301);
		chain_finds(0);
		assert_ok!(prove(3, id));
		assert_eq!(Told::get(), [(id, Some(finding(0)))]);
		assert_eq!(Slashed::get().len(), 2);
		// There is nothing to judge any more.
		vote_all(id, [3, 4], 0);
		assert_eq!(Told::get().len(), 1);
		assert_eq!(Verdicts::subject(id).expect("in its window").votes.len(), 2);
	});
}

#[test]
fn anybody_can_prove_a_whole_committee_wrong() {
	run(4, || {
		let id = open();
		vote_all(id, 1..=4, 0);
		let_verdicts_take_effect();
		chain_finds(301);
		assert_eq!(prove(20, id).expect("it proves all wrong").pays_fee, Pays::No);
		assert_eq!(Overturned::get(), [id]);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT, "the deposit is back");
	});
}

#[test]
fn a_proof_that_proves_nobody_wrong_costs_its_fee_and_others_the_deposit() {
	run(4, || {
		let id = open();
		vote_all(id, 1..=4, 0);
		chain_finds(0);
		assert_eq!(prove(20, id).expect("it is sound").pays_fee, Pays::Yes);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT - DEPOSIT);
		assert!(Slashed::get().is_empty());
	});
	run(4, || {
		let id = open();
		vote_all(id, 1..=4, 0);
		chain_finds(0);
		assert_eq!(prove(1, id).expect("it is sound").pays_fee, Pays::Yes);
		assert_eq!(Balances::free_balance(account(1)), ENDOWMENT, "a judge risks no deposit");
	});
}

#[test]
fn who_cannot_lose_the_deposit_proves_nothing() {
	run(4, || {
		let id = open();
		chain_finds(0);
		assert_noop!(prove(99, id), Error::<Test>::DepositMissing);
	});
}

#[test]
fn other_bytes_and_other_subjects_are_refused() {
	run(4, || {
		let id = open();
		assert_noop!(prove(1, id), Error::<Test>::EvidenceMismatch);
		let evaluated = Evaluated { finding: finding(0), same_version: true };
		Evaluation::set(Some((H256::zero(), evaluated)));
		assert_noop!(prove(1, id), Error::<Test>::EvidenceMismatch);
		assert_noop!(prove(1, subject(2)), Error::<Test>::NotOpen);
	});
}

#[test]
fn after_a_change_of_the_verifier_proofs_restore_but_slash_nobody() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		chain_finds(301);
		Evaluation::mutate(|all| {
			if let Some((_, evaluated)) = all {
				evaluated.same_version = false;
			}
		});
		assert_eq!(prove(4, id).expect("it overturns").pays_fee, Pays::No);
		assert_eq!(Overturned::get(), [id]);
		assert!(Slashed::get().is_empty());
	});
}

#[test]
fn whoever_proves_himself_wrong_is_not_paid_for_it() {
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
fn a_verdict_can_be_proven_false_for_the_window_and_no_longer() {
	run(4, || {
		ticks(1);
		let id = open();
		ticks(JUDGING - 1);
		vote_all(id, [1, 2, 3], 0);
		// It takes effect at the second; from then on the window runs.
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
fn late_votes_are_passed_over() {
	run(4, || {
		ticks(1);
		let id = open();
		ticks(JUDGING - 1);
		vote_all(id, [1, 2, 3], 0);
		ticks(2);
		let outcome = file(4, vec![vote(id, 0)], System::block_number() - 1).expect("it is sound");
		assert_eq!(outcome.pays_fee, Pays::Yes);
		assert_eq!(Verdicts::subject(id).expect("in its window").votes.len(), 3);
	});
}

#[test]
fn what_a_minority_would_have_void_is_proven_free_of_charge() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1, 2], 301);
		chain_finds(301);
		ticks(JUDGING - 2);
		assert_eq!(prove(20, id).expect("it is sound").pays_fee, Pays::No);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT);
		assert_eq!(Told::get(), [(id, Some(finding(301)))]);
		ticks(20);
		let wanted = [Service::Counted, Service::Counted, Service::Absent, Service::Absent];
		assert_eq!(Served::get(), [served(wanted)], "it had to be proven since they did not vote");
	});
}

#[test]
fn who_has_not_voted_when_another_is_proven_wrong_early_has_missed_nothing() {
	for (late, rated) in [(0, 3), (1, 4)] {
		run(4, || {
			ticks(1);
			let id = open();
			vote_all(id, [1, 2], 301);
			vote_all(id, [3], 0);
			chain_finds(301);
			// The last tick before the last third of its time, and the first of it.
			ticks(JUDGING - JUDGING / 3 - 1 + late);
			assert_eq!(prove(20, id).expect("it is sound").pays_fee, Pays::No);
			ticks(20);
			let service = [Service::Counted, Service::Counted, Service::Voted, Service::Absent];
			assert_eq!(Served::get(), [served(service)[..rated].to_vec()]);
		});
	}
}

#[test]
fn who_proves_what_nobody_doubts_takes_no_votes_from_others() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1], 301);
		chain_finds(301);
		assert_eq!(prove(1, id).expect("it is sound").pays_fee, Pays::Yes);
		System::assert_last_event(Event::Groundless { subject: id, by: account(1) }.into());
		assert_ok!(prove(20, id));
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT - MockRules::get().deposit);
		vote_all(id, [2, 3], 301);
		let_verdicts_take_effect();
		assert_ok!(prove(1, id));
		vote_all(id, [4], 301);
		ticks(JUDGING + 20);
		assert_eq!(Served::get(), [served([Service::Counted; 4])]);
	});
}

#[test]
fn who_is_proven_wrong_after_all_had_their_time_excuses_nobody() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		ticks(JUDGING);
		chain_finds(301);
		assert_ok!(prove(4, id));
		ticks(20);
		let wanted = [Service::Voted, Service::Voted, Service::Voted, Service::Absent];
		assert_eq!(Served::get(), [served(wanted)]);
	});
}

#[test]
fn who_goes_out_of_office_before_it_has_voted_was_not_absent() {
	run(4, || {
		ticks(1);
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		Active::mutate(|active| active.retain(|who| *who != account(4)));
		for _ in 0..JUDGING + 20 {
			for who in 1..=3 {
				assert_ok!(file(who, vec![], System::block_number() - 1));
			}
			next_block();
		}
		assert_eq!(Served::get(), [served([Service::Counted; 3])]);
	});
}

#[test]
fn another_version_that_only_puts_its_claims_otherwise_overturns_nothing() {
	run(4, || {
		let id = open();
		vote_all(id, [1, 2, 3], 0);
		let_verdicts_take_effect();
		let claims = vec![7].try_into().expect("short");
		let finding = hcc_primitives::Finding { code: 0, claims };
		Evaluation::set(Some((EVIDENCE, Evaluated { finding, same_version: false })));
		assert_eq!(prove(20, id).expect("it is sound").pays_fee, Pays::Yes);
		assert!(Overturned::get().is_empty());
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT - DEPOSIT);
	});
}
