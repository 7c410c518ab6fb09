//! Blocks by authors of whom it matters who they are: who has the fees, what votes are paid from, and who makes no block.

use std::{
	any::Any,
	panic::{catch_unwind, AssertUnwindSafe},
};

use frame_support::assert_ok;
use hcc_primitives::{units::ALPHA, SubjectId};
use pallet_verdicts::Vote;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{traits::Header as _, Perbill};

use super::{author::*, compute::hurry, machine::Machine, network::*};
use crate::{
	configs::{EPOCH_DURATION_IN_SLOTS, EXISTENTIAL_DEPOSIT},
	*,
};

/// How long the tests wait for anything, in blocks.
const PATIENCE: usize = 100;
/// What Eve gives beside a fee.
const TIP: Balance = 777_777;

/// Goes on until something is so; each validator makes a block in turn.
fn until(is_so: impl Fn() -> bool) {
	for turn in 0..PATIENCE {
		if is_so() {
			return;
		}
		begin_by(VALIDATORS[turn % VALIDATORS.len()], 1);
		statements();
		Executive::finalize_block();
	}
	panic!("not within {PATIENCE} blocks");
}

/// Eve sends Ferdie one α.
fn transfer(tip: Balance) -> UncheckedExtrinsic {
	let dest = Ferdie.to_account_id().into();
	let call =
		RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value: ALPHA });
	transaction(&Eve.pair(), call, tip)
}

/// A fee without its tip, and what the block's author and the pot have of both.
struct Shares {
	fee: Balance,
	author: Balance,
	pot: Balance,
}

/// Eve sends something in a block of that author's: nothing is made or lost by it.
fn paid_in_a_block_of(author: Sr25519Keyring, tip: Balance) -> Shares {
	let accounts = [Eve.to_account_id(), author.to_account_id(), Validators::pot()];
	let balances = || accounts.each_ref().map(Balances::free_balance);
	let (before, issued) = (balances(), Balances::total_issuance());
	assert_ok!(include(transfer(tip)));
	let after = balances();
	let paid = before[0] - after[0] - ALPHA;
	let who = Eve.to_account_id();
	System::assert_has_event(RuntimeEvent::TransactionPayment(
		pallet_transaction_payment::Event::TransactionFeePaid { who, actual_fee: paid, tip },
	));
	assert_eq!(Balances::total_issuance(), issued, "nothing is made or lost");
	Shares { fee: paid - tip, author: after[1] - before[1], pot: after[2] - before[2] }
}

/// As the validators' part of an era does it where that comes first.
fn open_the_pot() {
	let (origin, pot) = (RuntimeOrigin::signed(Eve.to_account_id()), Validators::pot());
	assert_ok!(Balances::transfer_keep_alive(origin, pot.into(), EXISTENTIAL_DEPOSIT));
}

/// The machine is asked and answers, and in the same block these vote for what is so.
fn judged(machine: &Machine, voters: &[Sr25519Keyring]) -> SubjectId {
	until(|| asked(machine).is_some());
	begin_by(Alice, 1);
	// The miner has no key here that could sign: it calls.
	let (subject, evidence) = answer(machine);
	let finding = found(subject, &evidence);
	assert!(finding.is_accepted());
	statements();
	let hash = finding.hash(&hcc_primitives::genesis::<Runtime>());
	let finalised = System::block_number() - 1;
	for voter in voters {
		let votes = vec![Vote { subject, hash, finding: Some(finding.clone()) }];
		let votes = votes.try_into().expect("one");
		let call = RuntimeCall::Verdicts(pallet_verdicts::Call::file { votes, finalised });
		assert_ok!(include(transaction(&voter.pair(), call, 0)));
	}
	Executive::finalize_block();
	subject
}

/// The session ends: the votes that counted share all that is in the pot but what keeps it alive.
fn the_session_pays(votes: [u32; VALIDATORS.len()]) {
	let voters = VALIDATORS.map(|validator| validator.to_account_id());
	let balances = || voters.each_ref().map(Balances::free_balance);
	let in_the_pot = || Balances::free_balance(Validators::pot()) - EXISTENTIAL_DEPOSIT;
	let (before, held, issued) = (balances(), in_the_pot(), Balances::total_issuance());
	let ends = *Babe::current_epoch_start() + EPOCH_DURATION_IN_SLOTS;
	assert_eq!(pallet_session::CurrentIndex::<Runtime>::get(), 0);
	begin_by(Charlie, ends - *Babe::current_slot());
	assert_eq!(pallet_session::CurrentIndex::<Runtime>::get(), 1);
	let (after, all) = (balances(), votes.iter().sum::<u32>());
	let mut sum = 0;
	for (at, who) in voters.iter().enumerate() {
		let (who, votes) = (who.clone(), votes[at]);
		let amount = Perbill::from_rational(votes, all).mul_floor(held);
		assert_eq!(after[at] - before[at], amount);
		let paid = pallet_validators::Event::Paid { who, votes, amount };
		System::assert_has_event(RuntimeEvent::Validators(paid));
		sum += amount;
	}
	assert_eq!(in_the_pot(), held - sum, "what does not divide stays there");
	let most = VALIDATORS.len() as Balance * (2 + held / 1_000_000_000);
	assert!(in_the_pot() <= most, "each part is rounded down to a billionth");
	assert_eq!(Balances::total_issuance(), issued, "nothing is made or lost");
	Executive::finalize_block();
}

#[test]
fn fees_are_halved_between_the_author_and_the_pot_that_votes_are_paid_from() {
	run(|machine| {
		hurry();
		begin_by(Bob, 1);
		let Shares { fee, author, pot } = paid_in_a_block_of(Bob, TIP);
		assert!(fee - fee / 2 < EXISTENTIAL_DEPOSIT, "it does not make the pot exist");
		assert_eq!((author, pot), (fee + TIP, 0));
		open_the_pot();
		Executive::finalize_block();
		let mut halves = 0;
		for (author, tip) in [(Alice, 0), (Charlie, TIP), (Dave, 7 * TIP)] {
			begin_by(author, 1);
			let paid = paid_in_a_block_of(author, tip);
			assert!(paid.fee > 0);
			assert_eq!(paid.author, paid.fee / 2 + tip, "all of a tip is the author's");
			assert_eq!(paid.pot, paid.fee - paid.fee / 2, "to the last unit");
			halves += paid.pot;
			Executive::finalize_block();
		}
		let by_all = judged(&machine, &VALIDATORS);
		let without_dave = judged(&machine, &[Alice, Bob, Charlie]);
		// Whether a vote counts is known once its verdict can be proven false no more.
		let is_closed = |subject: &SubjectId| Verdicts::subject(*subject).is_none();
		until(|| [by_all, without_dave].iter().all(is_closed));
		let of_eras = Emission::brought().validators;
		let pot = Balances::free_balance(Validators::pot());
		assert_eq!(pot, EXISTENTIAL_DEPOSIT + halves + of_eras, "votes that count are free");
		let duties = VALIDATORS.map(|validator| Validators::duty(validator.to_account_id()));
		let votes = duties.map(|duty| duty.expect("it was asked").counted);
		assert_eq!(votes, [2, 2, 2, 1]);
		the_session_pays(votes);
	});
}

/// Does something, and takes it back.
fn undone<Done>(something: impl FnOnce() -> Done) -> Done {
	sp_io::storage::start_transaction();
	let done = something();
	sp_io::storage::rollback_transaction();
	done
}

/// With what words the runtime refuses something; none where it does not. It is undone either way.
fn refusal<Done>(something: impl FnOnce() -> Done) -> Option<String> {
	let words = |panic: Box<dyn Any + Send>| match panic.downcast::<String>() {
		Ok(words) => *words,
		Err(other) => other.downcast_ref::<&'static str>().copied().unwrap_or_default().into(),
	};
	undone(|| catch_unwind(AssertUnwindSafe(something))).err().map(words)
}

/// A block with the time and a transfer, as that validator makes it.
fn made_by(author: Sr25519Keyring) -> Block {
	let time = begin_by(author, 1);
	let transfer = transfer(0);
	assert_ok!(include(transfer.clone()));
	let header = Executive::finalize_block();
	Block { header, extrinsics: vec![time, transfer] }
}

#[test]
fn a_validator_that_is_disabled_makes_no_block() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		assert_eq!(refusal(|| made_by(Dave)), None, "it has not lied yet");
		assert_ok!(vote(Dave, subject, &lie()));
		assert_ok!(prove(&Alice.to_account_id(), subject, &evidence));
		let position = Session::validators().iter().position(|who| *who == Dave.to_account_id());
		let dave = position.expect("in office") as u32;
		assert_eq!(Session::disabled_validators(), [dave]);
		let disabled = format!(
			"Validator with index {dave} is disabled and should not be attempting to author blocks."
		);
		assert_eq!(refusal(|| made_by(Dave)).as_ref(), Some(&disabled), "it finishes none");
		// Were it to make one nevertheless, nobody would take it; by another the same block is taken.
		let block = undone(|| made_by(Charlie));
		let mut forged = block.clone();
		let slot = slot_after(1);
		forged.header.digest_mut().logs[0] = claim(number_of(Dave, slot), slot);
		let import = |block: Block| refusal(|| Executive::execute_block(block.into()));
		assert_eq!(import(forged), Some(disabled));
		assert_eq!(import(block), None);
		let last = System::block_number();
		assert_eq!(*made_by(Charlie).header.number(), last + 1, "the chain goes on");
	});
}
