//! Tests with blocks of known authors: the division of fees, the source of payments for votes, and
//! disabled authors.

use std::{
	any::Any,
	panic::{catch_unwind, AssertUnwindSafe},
};

use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::{Get, Hooks},
	weights::Weight,
};
use hcc_evidence_testing::Machine;
use hcc_primitives::{
	units::{ALPHA, MINUTES},
	SubjectId,
};
use hccs_runtime::{
	configs::{EPOCH_DURATION_IN_SLOTS, EXISTENTIAL_DEPOSIT},
	*,
};
use pallet_verdicts::Vote;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::{
	traits::{Header as _, One},
	FixedPointNumber, FixedU128, Perbill,
};

use super::{
	author::*, compute::shorten_proof_window, event_size::room, governance::new_chain, network::*,
};

/// Maximum number of blocks that a test waits for an event.
const MAX_BLOCKS: usize = 100;
/// Tip that Eve adds to a fee.
const TIP: Balance = 777_777;

/// Runs until a condition holds. The validators make blocks in turn.
fn run_until(is_done: impl Fn() -> bool) {
	for turn in 0..MAX_BLOCKS {
		if is_done() {
			return;
		}
		begin_by(VALIDATORS[turn % VALIDATORS.len()], 1);
		state_finality();
		Executive::finalize_block();
	}
	panic!("not within {MAX_BLOCKS} blocks");
}

/// Returns a transfer of one α from Eve to Ferdie.
fn transfer(tip: Balance) -> UncheckedExtrinsic {
	let dest = Ferdie.to_account_id().into();
	let call =
		RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value: ALPHA });
	transaction(&Eve.pair(), call, tip)
}

/// A fee without the tip, and the amounts that the author and the pot receive.
struct Shares {
	fee: Balance,
	author: Balance,
	pot: Balance,
}

/// Includes a transfer by Eve in the current block of `author`. Checks that the total issuance does
/// not change.
fn pay_fee_in_block_of(author: Sr25519Keyring, tip: Balance) -> Shares {
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
	assert_eq!(Balances::total_issuance(), issued, "the total issuance is unchanged");
	Shares { fee: paid - tip, author: after[1] - before[1], pot: after[2] - before[2] }
}

/// Funds the pot with the existential deposit. On a real chain, the validators' part of an era can
/// also fund the pot.
fn fund_pot() {
	let (origin, pot) = (RuntimeOrigin::signed(Eve.to_account_id()), Validators::pot());
	assert_ok!(Balances::transfer_keep_alive(origin, pot.into(), EXISTENTIAL_DEPOSIT));
}

/// Makes blocks with an answer of the machine, and with honest votes of `voters`. Returns the
/// subject.
fn judge_round(machine: &Machine, voters: &[Sr25519Keyring]) -> SubjectId {
	run_until(|| open_challenge(machine).is_some());
	begin_by(Alice, 1);
	// The miner has no signing key in this test, so the answer is dispatched without a transaction.
	let (subject, evidence) = answer(machine);
	let finding = evaluate(subject, &evidence);
	assert!(finding.is_accepted());
	state_finality();
	let hash = finding.hash(&hcc_primitives::genesis::<Runtime>());
	let finalised = System::block_number() - 1;
	for voter in voters {
		let votes = vec![Vote { subject, hash, finding: Some(finding.clone()) }];
		let votes = votes.try_into().expect("it fits");
		let validator = voter.to_account_id();
		let call = pallet_verdicts::Call::<Runtime>::vote { validator, votes, finalised };
		assert_ok!(include(transaction(&voter.pair(), call, 0)));
	}
	Executive::finalize_block();
	subject
}

/// Ends the session and checks the payments of the session. The counted votes share a part of the
/// pot. The existential deposit remains in the pot.
fn end_session_and_check_payments(votes: [u32; VALIDATORS.len()]) {
	let voters = VALIDATORS.map(|validator| validator.to_account_id());
	let balances = || voters.each_ref().map(Balances::free_balance);
	let in_the_pot = || Balances::free_balance(Validators::pot()) - EXISTENTIAL_DEPOSIT;
	let (before, held, issued) = (balances(), in_the_pot(), Balances::total_issuance());
	let ends = *Babe::current_epoch_start() + EPOCH_DURATION_IN_SLOTS;
	assert_eq!(pallet_session::CurrentIndex::<Runtime>::get(), 0);
	begin_by(Charlie, ends - *Babe::current_slot());
	assert_eq!(pallet_session::CurrentIndex::<Runtime>::get(), 1);
	let (after, all) = (balances(), votes.iter().sum::<u32>());
	let sessions = <Runtime as pallet_validators::Config>::PayoutSessions::get();
	let share = Perbill::from_rational(1, sessions).mul_floor(held);
	let mut sum = 0;
	for (at, who) in voters.iter().enumerate() {
		let (who, votes) = (who.clone(), votes[at]);
		let amount = Perbill::from_rational(votes, all).mul_floor(share);
		assert_eq!(after[at] - before[at], amount);
		let paid = pallet_validators::Event::Paid { who, votes, amount };
		System::assert_has_event(RuntimeEvent::Validators(paid));
		sum += amount;
	}
	assert_eq!(in_the_pot(), held - sum, "the remainder stays in the pot");
	let most = VALIDATORS.len() as Balance * (2 + share / 1_000_000_000);
	assert!(share - sum <= most, "each part is rounded down to a billionth");
	assert_eq!(Balances::total_issuance(), issued, "the total issuance is unchanged");
	Executive::finalize_block();
}

#[test]
fn fees_are_halved_between_author_and_vote_pot() {
	run(|machine| {
		shorten_proof_window();
		begin_by(Bob, 1);
		let Shares { fee, author, pot } = pay_fee_in_block_of(Bob, TIP);
		assert!(fee - fee / 2 < EXISTENTIAL_DEPOSIT, "half a fee does not create the pot");
		assert_eq!((author, pot), (fee + TIP, 0));
		fund_pot();
		Executive::finalize_block();
		let mut halves = 0;
		for (author, tip) in [(Alice, 0), (Charlie, TIP), (Dave, 7 * TIP)] {
			begin_by(author, 1);
			let paid = pay_fee_in_block_of(author, tip);
			assert!(paid.fee > 0);
			assert_eq!(paid.author, paid.fee / 2 + tip, "the author receives the whole tip");
			assert_eq!(paid.pot, paid.fee - paid.fee / 2, "the halves add up");
			halves += paid.pot;
			Executive::finalize_block();
		}
		let by_all = judge_round(&machine, &VALIDATORS);
		let without_dave = judge_round(&machine, &[Alice, Bob, Charlie]);
		// A vote counts once the proof window of its verdict has ended.
		let is_closed = |subject: &SubjectId| Verdicts::subject(*subject).is_none();
		run_until(|| [by_all, without_dave].iter().all(is_closed));
		let of_eras = Emission::totals().validators;
		let pot = Balances::free_balance(Validators::pot());
		assert_eq!(pot, EXISTENTIAL_DEPOSIT + halves + of_eras, "votes that count are free");
		let duties = VALIDATORS.map(|validator| Validators::duty(validator.to_account_id()));
		let votes = duties.map(|duty| duty.expect("the validator had subjects").counted);
		assert_eq!(votes, [2, 2, 2, 1]);
		end_session_and_check_payments(votes);
	});
}

/// Runs a function and reverts its changes.
fn reverted<Done>(something: impl FnOnce() -> Done) -> Done {
	sp_io::storage::start_transaction();
	let done = something();
	sp_io::storage::rollback_transaction();
	done
}

/// Runs a function and reverts its changes. Returns the panic message of the function, or `None` if
/// it succeeds.
fn panic_message<Done>(something: impl FnOnce() -> Done) -> Option<String> {
	let message = |panic: Box<dyn Any + Send>| match panic.downcast::<String>() {
		Ok(message) => *message,
		Err(other) => other.downcast_ref::<&'static str>().copied().unwrap_or_default().into(),
	};
	reverted(|| catch_unwind(AssertUnwindSafe(something))).err().map(message)
}

/// Makes a block of `author` with the timestamp inherent and a transfer.
fn make_block(author: Sr25519Keyring) -> Block {
	let time = begin_by(author, 1);
	let transfer = transfer(0);
	assert_ok!(include(transfer.clone()));
	let header = Executive::finalize_block();
	Block { header, extrinsics: vec![time, transfer] }
}

#[test]
fn disabled_validator_makes_no_block() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		assert_eq!(panic_message(|| make_block(Dave)), None, "it can make a block before");
		assert_ok!(vote(Dave, subject, &false_finding()));
		assert_ok!(prove(&Alice.to_account_id(), subject, &evidence));
		let position = Session::validators().iter().position(|who| *who == Dave.to_account_id());
		let dave = position.expect("the validator is active") as u32;
		assert_eq!(Session::disabled_validators(), [dave]);
		let disabled = format!(
			"Validator with index {dave} is disabled and should not be attempting to author blocks."
		);
		assert_eq!(
			panic_message(|| make_block(Dave)).as_ref(),
			Some(&disabled),
			"it cannot make a block"
		);
		// A block of a disabled validator is rejected, but the same block of another validator is
		// accepted.
		let block = reverted(|| make_block(Charlie));
		let mut forged = block.clone();
		let slot = slot_after(1);
		forged.header.digest_mut().logs[0] = claim(number_of(Dave, slot), slot);
		let import = |block: Block| panic_message(|| Executive::execute_block(block.into()));
		assert_eq!(import(forged), Some(disabled));
		assert_eq!(import(block), None);
		let last = System::block_number();
		assert_eq!(*make_block(Charlie).header.number(), last + 1, "the chain continues");
	});
}

#[test]
fn fees_double_in_ten_full_minutes_and_return() {
	new_chain().execute_with(|| {
		let fee = || {
			let call = RuntimeCall::from(frame_system::Call::<Runtime>::remark { remark: vec![] });
			TransactionPayment::compute_fee(0, &call.get_dispatch_info(), 0)
		};
		let multiplier = pallet_transaction_payment::NextFeeMultiplier::<Runtime>::get;
		// Ends ten minutes of blocks. In each of them, normal transactions have used the given
		// weight.
		let blocks = |weight: Weight| {
			for _ in 0..10 * MINUTES {
				System::set_block_consumed_resources(weight, 0);
				TransactionPayment::on_finalize(System::block_number());
			}
		};
		let (one, before) = (FixedU128::one(), fee());
		let empty = Weight::zero();
		assert_eq!(multiplier(), one);
		blocks(empty);
		assert_eq!(multiplier(), one, "fees do not fall below the price of computation");
		blocks(room(DispatchClass::Normal));
		let doubled = FixedU128::saturating_from_rational(195, 100)
			..=FixedU128::saturating_from_rational(210, 100);
		assert!(doubled.contains(&multiplier()), "{:?}", multiplier());
		assert!(fee() > before);
		blocks(room(DispatchClass::Normal));
		assert!(multiplier() > FixedU128::saturating_from_rational(38, 10), "{:?}", multiplier());
		for _ in 0..3 {
			blocks(empty);
		}
		assert_eq!((multiplier(), fee()), (one, before));
	});
}
