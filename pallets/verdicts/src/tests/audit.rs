//! Audited verdicts.

use frame_support::{assert_ok, dispatch::Pays};
use hcc_primitives::{Adjudicator, Evaluation, VoteService};
use hcc_testing::{Closed, NextEvaluation, Served, Slashed, Told};
use sp_core::H256;

use crate::{mock::*, *};

const EVIDENCE: H256 = H256([0xee; 32]);
/// A seed with which every verdict is drawn.
const DRAWN: Option<H256> = Some(H256([0; 32]));

/// Opens a subject, lets all four validators vote for `code`, and draws the verdict for audit.
fn agreed(code: u16) -> H256 {
	Seed::set(DRAWN);
	let id = subject(1);
	assert_ok!(<Verdicts as Adjudicator>::open(id, id, EVIDENCE));
	for who in 1..=4 {
		assert_ok!(submit(who, vec![vote(id, code)], System::block_number() - 1));
	}
	let_verdicts_take_effect();
	id
}

fn chain_finds(code: u16) {
	let finding = finding(code);
	NextEvaluation::set(Some((EVIDENCE, Evaluation { finding, same_version: true })));
}

fn prove(who: u8, id: H256) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let origin = RuntimeOrigin::signed(account(who));
	Verdicts::prove(origin, Some(account(who)), id, Default::default())
}

fn stage(id: H256) -> Option<Stage> {
	Verdicts::subject(id).map(|row| row.stage)
}

/// Lets ticks pass, with statements of finality in each block.
fn ticks(count: u32) {
	for _ in 0..count {
		for who in 1..=4 {
			assert_ok!(submit(who, vec![], System::block_number() - 1));
		}
		next_block();
	}
}

#[test]
fn audited_verdict_takes_effect_after_free_proof() {
	run(4, || {
		let id = agreed(0);
		assert_eq!(stage(id), Some(Stage::Audited));
		assert!(Told::get().is_empty());
		chain_finds(0);
		// The proof is free of charge even for an outsider, whose deposit is refunded.
		assert_eq!(prove(20, id).expect("the proof is valid").pays_fee, Pays::No);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT);
		assert_eq!(Told::get(), [(id, Some(finding(0)))]);
		assert!(Slashed::get().is_empty());
	});
}

#[test]
fn audited_false_verdict_never_takes_effect() {
	run(4, || {
		let id = agreed(0);
		chain_finds(301);
		assert_ok!(prove(20, id));
		assert_eq!(Told::get(), [(id, Some(finding(301)))]);
		assert_eq!(Slashed::get().len(), 4);
	});
}

#[test]
fn audited_verdict_without_proof_is_void_and_unpaid() {
	run(4, || {
		let id = agreed(0);
		ticks(JUDGING + 1);
		assert_eq!(stage(id), None);
		assert_eq!(Told::get(), [(id, None)]);
		assert!(Closed::get().is_empty());
		let wanted: Vec<_> = (1..=4).map(|who| (account(who), VoteService::Voted)).collect();
		assert_eq!(Served::get(), [wanted]);
	});
}

#[test]
fn every_verdict_is_audited_without_randomness() {
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Adjudicator>::open(id, id, EVIDENCE));
		for who in 1..=3 {
			assert_ok!(submit(who, vec![vote(id, 0)], 5));
		}
		Seed::set(None);
		let_verdicts_take_effect();
		assert_eq!(stage(id), Some(Stage::Audited));
	});
}

#[test]
fn draw_uses_randomness_of_block_after_verdict() {
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Adjudicator>::open(id, id, EVIDENCE));
		// Neither the seed in this block nor the seed in the next block decides the draw.
		Seed::set(None);
		for who in 1..=3 {
			assert_ok!(submit(who, vec![vote(id, 0)], 5));
		}
		next_block();
		assert_eq!(stage(id), Some(Stage::Agreed));
		Seed::set(Some(H256([0x5e; 32])));
		next_block();
		assert_eq!(stage(id), Some(Stage::Effective));
	});
}

#[test]
fn drawn_share_matches_rules() {
	run(4, || {
		MockRules::mutate(|rules| rules.audit = sp_runtime::Perbill::from_percent(25));
		let drawn = (0u32..2_000)
			.filter(|number| {
				let lot = sp_io::hashing::blake2_256(&number.to_le_bytes());
				Seed::set(Some(H256(lot)));
				Verdicts::is_drawn(subject(1))
			})
			.count();
		assert!((440..560).contains(&drawn), "{drawn} of 2,000 were drawn instead of about 500");
	});
}

#[test]
fn service_distinguishes_voters_and_absentees() {
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Adjudicator>::open(id, id, EVIDENCE));
		assert_ok!(submit(1, vec![vote(id, 301)], 9));
		for who in 2..=4 {
			assert_ok!(submit(who, vec![vote(id, 0)], 9));
		}
		hcc_testing::Active::mutate(|active| active.push(account(5)));
		ticks(40);
		let service =
			[VoteService::Voted, VoteService::Counted, VoteService::Counted, VoteService::Counted];
		let wanted: Vec<_> = (1..=4).map(account).zip(service).collect();
		assert_eq!(Served::get(), [wanted]);
	});
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Adjudicator>::open(id, id, EVIDENCE));
		assert_ok!(submit(1, vec![vote(id, 0)], 9));
		ticks(40);
		let wanted = vec![(account(1), VoteService::Voted)];
		assert_eq!(Served::get(), [wanted], "absentees of a void subject are excused");
	});
}

#[test]
fn vote_fails_when_block_is_full_of_verdicts() {
	run(1, || {
		Agreed::<Test>::insert(
			System::block_number(),
			frame_support::BoundedVec::truncate_from(vec![subject(7); MAX_AGREED as usize]),
		);
		let id = subject(1);
		assert_ok!(<Verdicts as Adjudicator>::open(id, id, EVIDENCE));
		frame_support::assert_noop!(
			submit(1, vec![vote(id, 0)], 5),
			Error::<Test>::TooManyVerdicts
		);
		next_block();
		assert_ok!(submit(1, vec![vote(id, 0)], 5));
		let_verdicts_take_effect();
		assert_eq!(stage(id), Some(Stage::Effective));
	});
}
