//! Verdicts that must be proven.

use frame_support::{assert_ok, dispatch::Pays};
use hcc_primitives::{
	mock::{Closed, Evaluation, Served, Slashed, Told},
	Evaluated, Judges, Service,
};
use sp_core::H256;

use crate::{mock::*, *};

const EVIDENCE: H256 = H256([0xee; 32]);
/// A lot that every audit draws.
const DRAWN: Option<H256> = Some(H256([0; 32]));

/// A subject that all of four validators find to be of that code, in a block whose verdicts are drawn.
fn agreed(code: u16) -> H256 {
	Seed::set(DRAWN);
	let id = subject(1);
	assert_ok!(<Verdicts as Judges>::open(id, id, EVIDENCE));
	for who in 1..=4 {
		assert_ok!(file(who, vec![vote(id, code)], System::block_number() - 1));
	}
	let_verdicts_take_effect();
	id
}

fn chain_finds(code: u16) {
	let finding = finding(code);
	Evaluation::set(Some((EVIDENCE, Evaluated { finding, same_version: true })));
}

fn prove(who: u8, id: H256) -> frame_support::dispatch::DispatchResultWithPostInfo {
	Verdicts::prove(RuntimeOrigin::signed(account(who)), id, Default::default())
}

fn stage(id: H256) -> Option<Stage> {
	Verdicts::subject(id).map(|row| row.stage)
}

/// Lets ticks pass, with the finalised number following.
fn ticks(count: u32) {
	for _ in 0..count {
		for who in 1..=4 {
			assert_ok!(file(who, vec![], System::block_number() - 1));
		}
		next_block();
	}
}

#[test]
fn what_is_drawn_has_no_effect_until_it_is_proven_which_is_free() {
	run(4, || {
		let id = agreed(0);
		assert_eq!(stage(id), Some(Stage::Audited));
		assert!(Told::get().is_empty());
		chain_finds(0);
		// Even for a stranger, and without a deposit in the end.
		assert_eq!(prove(20, id).expect("it is sound").pays_fee, Pays::No);
		assert_eq!(Balances::free_balance(account(20)), ENDOWMENT);
		assert_eq!(Told::get(), [(id, Some(finding(0)))]);
		assert!(Slashed::get().is_empty());
	});
}

#[test]
fn a_lying_majority_that_is_drawn_never_takes_effect() {
	run(4, || {
		let id = agreed(0);
		chain_finds(301);
		assert_ok!(prove(20, id));
		assert_eq!(Told::get(), [(id, Some(finding(301)))]);
		assert_eq!(Slashed::get().len(), 4);
	});
}

#[test]
fn what_is_drawn_and_not_proven_is_void_and_nobody_is_paid() {
	run(4, || {
		let id = agreed(0);
		ticks(JUDGING + 1);
		assert_eq!(stage(id), None);
		assert_eq!(Told::get(), [(id, None)]);
		assert!(Closed::get().is_empty());
		let wanted: Vec<_> = (1..=4).map(|who| (account(who), Service::Voted)).collect();
		assert_eq!(Served::get(), [wanted]);
	});
}

#[test]
fn without_randomness_every_verdict_must_be_proven() {
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Judges>::open(id, id, EVIDENCE));
		for who in 1..=3 {
			assert_ok!(file(who, vec![vote(id, 0)], 5));
		}
		Seed::set(None);
		let_verdicts_take_effect();
		assert_eq!(stage(id), Some(Stage::Audited));
	});
}

#[test]
fn a_verdict_is_drawn_by_what_nobody_knew_when_it_was_made() {
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Judges>::open(id, id, EVIDENCE));
		// What is known in the block of the verdict, and in the next one, draws nothing.
		Seed::set(None);
		for who in 1..=3 {
			assert_ok!(file(who, vec![vote(id, 0)], 5));
		}
		next_block();
		assert_eq!(stage(id), Some(Stage::Agreed));
		Seed::set(Some(H256([0x5e; 32])));
		next_block();
		assert_eq!(stage(id), Some(Stage::Effective));
	});
}

#[test]
fn about_as_many_are_drawn_as_the_rules_say() {
	run(4, || {
		MockRules::mutate(|rules| rules.audit = sp_runtime::Perbill::from_percent(25));
		let drawn = (0u32..2_000)
			.filter(|number| {
				let lot = sp_io::hashing::blake2_256(&number.to_le_bytes());
				Seed::set(Some(H256(lot)));
				Verdicts::is_drawn(subject(1))
			})
			.count();
		assert!((440..560).contains(&drawn), "{drawn} of 2,000, not about 500");
	});
}

#[test]
fn who_did_not_vote_is_told_apart() {
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Judges>::open(id, id, EVIDENCE));
		assert_ok!(file(1, vec![vote(id, 301)], 9));
		for who in 2..=4 {
			assert_ok!(file(who, vec![vote(id, 0)], 9));
		}
		hcc_primitives::mock::Active::mutate(|active| active.push(account(5)));
		ticks(40);
		let service = [Service::Voted, Service::Counted, Service::Counted, Service::Counted];
		let wanted: Vec<_> = (1..=4).map(account).zip(service).collect();
		assert_eq!(Served::get(), [wanted]);
	});
	run(4, || {
		let id = subject(1);
		assert_ok!(<Verdicts as Judges>::open(id, id, EVIDENCE));
		assert_ok!(file(1, vec![vote(id, 0)], 9));
		ticks(40);
		let service = [Service::Voted, Service::Absent, Service::Absent, Service::Absent];
		let wanted: Vec<_> = (1..=4).map(account).zip(service).collect();
		assert_eq!(Served::get(), [wanted]);
	});
}

#[test]
fn a_block_has_room_for_so_many_verdicts_and_no_more() {
	run(1, || {
		Agreed::<Test>::insert(
			System::block_number(),
			frame_support::BoundedVec::truncate_from(vec![subject(7); MAX_AGREED as usize]),
		);
		let id = subject(1);
		assert_ok!(<Verdicts as Judges>::open(id, id, EVIDENCE));
		frame_support::assert_noop!(file(1, vec![vote(id, 0)], 5), Error::<Test>::TooManyVerdicts);
		next_block();
		assert_ok!(file(1, vec![vote(id, 0)], 5));
		let_verdicts_take_effect();
		assert_eq!(stage(id), Some(Stage::Effective));
	});
}
