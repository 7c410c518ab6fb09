//! Tests of races at the end of an era. They cover payments and payouts in the last block, payouts
//! while an old era is pruned, and payouts that any account requests for a miner.

use frame_support::{assert_noop, assert_ok, traits::OnPoll, weights::WeightMeter};
use hcc_evidence_testing::Machine;
use hcc_primitives::{units::ALPHA, OnSettled, Payment};
use hccs_runtime::*;
use pallet_compute::Event as Rental;
use pallet_emission::{schedule, CurrentEra, EraIndex, Error, Event, OldestEra, Owed, Rules};
use sp_keyring::Sr25519Keyring::{Eve, Ferdie};
use sp_runtime::Perbill;

use super::{
	compute::{boot_vm, report_last_interval, shorten_proof_window},
	network::*,
	rules::set_rules,
};

/// Maximum number of blocks that the tests wait for an event that occurs in each interval.
const MAX_BLOCKS: u32 = 400;
/// Number of miners that are owed an amount, and the number of their rows that one block prunes.
/// Two blocks do not suffice to prune all rows.
const DEBTORS: u8 = 150;
const PRUNED_PER_BLOCK: usize = 64;

/// Sets eras that last until a test ends them, and that stay payable for `payable` further eras.
/// Chips of each tier receive the whole bonus, and the budget exceeds the amount that miners are
/// owed.
pub(super) fn long_eras(payable: EraIndex) {
	use hccs_runtime::configs::INITIAL_EMISSION_RULES;

	let whole = Perbill::one();
	let (trusted, regular, probation) = (whole, whole, whole);
	let rules = Rules { trusted, regular, probation, payable, ..INITIAL_EMISSION_RULES };
	assert_ok!(set_rules(rules));
}

/// Ends the current era with the next tick. Returns its index.
fn end_with_the_next_tick() -> EraIndex {
	let next = Clock::paid() + 1;
	CurrentEra::<Runtime>::mutate(|era| {
		era.length = next - era.from;
		era.index
	})
}

/// Makes a block. Before the block, the machine answers an open challenge, and the validators vote.
fn next_block(machine: &Machine) {
	if open_challenge(machine).is_some() {
		let (subject, evidence) = answer(machine);
		vote_all(&VALIDATORS, subject, &evaluate(subject, &evidence));
	}
	let tick = Clock::tick();
	block();
	assert_eq!(Clock::tick(), tick + 1, "the clock advances");
	report_last_interval();
}

/// Returns the amounts of all payments for intervals, oldest first.
pub(super) fn payments() -> Vec<Balance> {
	let paid = |record: frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
		RuntimeEvent::Compute(Rental::Settled {
			to_miner,
			to_validators,
			to_treasury,
			burned,
			..
		}) => Some(to_miner + to_validators + to_treasury + burned),
		_ => None,
	};
	System::events().into_iter().filter_map(paid).collect()
}

pub(super) fn owed_for(payments: &[Balance]) -> Balance {
	let bonus = Emission::bonus();
	payments.iter().map(|paid| schedule::owed(*paid, bonus, Perbill::one())).sum()
}

/// Runs until `ahead` blocks before the chain reviews the VM.
fn run_until_review(machine: &Machine, ahead: u32) {
	for _ in 0..MAX_BLOCKS {
		let due = Compute::vm(1).expect("the VM exists").look;
		if due == Clock::tick() + 1 + ahead {
			return;
		}
		next_block(machine);
	}
	panic!("the VM is never reviewed");
}

/// Ends eras so that each era ends `ahead` blocks before the chain reviews the VM. Continues until
/// payments followed three of these ends. `inspect` receives the era, the amount that was owed
/// before, and the amount that is owed for the new payments.
fn races(machine: &Machine, ahead: u32, inspect: impl Fn(EraIndex, Balance, Balance)) {
	let mut met = 0;
	for _ in 0..MAX_BLOCKS {
		run_until_review(machine, ahead);
		let (settled, before) = (payments().len(), Emission::era().owed);
		let era = end_with_the_next_tick();
		(0..=ahead).for_each(|_| next_block(machine));
		assert_eq!(Emission::era().index, era + 1, "one era ends");
		let new = owed_for(&payments()[settled..]);
		inspect(era, before, new);
		check();
		met += u32::from(new > 0);
		if met == 3 {
			return;
		}
	}
	panic!("no era sees a payment");
}

/// Returns the amounts owed for all eras together.
pub(super) fn total_owed() -> Balance {
	Owed::<Runtime>::iter().map(|(_, _, owed)| owed).sum()
}

fn request_payout(by: &AccountId, era: EraIndex, of: &AccountId) -> sp_runtime::DispatchResult {
	Emission::payout(RuntimeOrigin::signed(by.clone()), era, of.clone())
}

/// Records a payment for the work of a miner on the machine.
fn record_payment(machine: &Machine, to: &AccountId, amount: Balance) {
	let (tenant, chip) = (Eve.to_account_id(), chip(machine));
	let payment = Payment { tenant: &tenant, miner: to, chip, first: 0, last: 0, amount };
	<Emission as OnSettled<AccountId>>::on_settled(&payment);
}

#[test]
fn payment_in_last_block_belongs_to_ending_era() {
	run(|machine| {
		shorten_proof_window();
		long_eras(84);
		boot_vm(&machine);
		races(&machine, 0, |era, before, new| {
			let division = Emission::closed_era(era).expect("the era is closed").division;
			assert_eq!(division.total_owed, before + new);
			assert_eq!(division.miners, before + new, "the budget suffices");
			let whole = before + new;
			assert_eq!(Emission::owed_to(era, miner()), (whole, Some(whole)));
			assert_eq!((Emission::era().owed, Emission::owed_to(era + 1, miner()).0), (0, 0));
		});
		assert_eq!(total_owed(), owed_for(&payments()), "each payment is owed exactly once");
	});
}

#[test]
fn payment_after_last_block_belongs_to_next_era() {
	run(|machine| {
		shorten_proof_window();
		long_eras(84);
		boot_vm(&machine);
		races(&machine, 1, |era, before, new| {
			let division = Emission::closed_era(era).expect("the era is closed").division;
			assert_eq!((division.total_owed, division.miners), (before, before));
			assert_eq!(Emission::owed_to(era, miner()).0, before);
			assert_eq!((Emission::era().owed, Emission::owed_to(era + 1, miner()).0), (new, new));
		});
		assert_eq!(total_owed(), owed_for(&payments()), "each payment is owed exactly once");
	});
}

#[test]
fn payout_works_from_block_of_era_end() {
	run(|machine| {
		shorten_proof_window();
		long_eras(84);
		boot_vm(&machine);
		for _ in 0..MAX_BLOCKS {
			if Emission::era().owed > 0 {
				break;
			}
			next_block(&machine);
		}
		let era = end_with_the_next_tick();
		let caller = Ferdie.to_account_id();
		let refused = || Error::<Runtime>::NotPayable;
		assert_noop!(request_payout(&caller, era, &miner()), refused());
		begin(Some([7; 32]));
		state_finality();
		let before_the_pallets = request_payout(&caller, era, &miner());
		assert_eq!(before_the_pallets, Err(refused().into()));
		let meter = &mut WeightMeter::new();
		<AllPalletsWithSystem as OnPoll<BlockNumber>>::on_poll(System::block_number(), meter);
		assert_eq!(Emission::era().index, era + 1);
		let (owed, part) = Emission::owed_to(era, miner());
		assert!(owed > 0 && part == Some(owed));
		let (had, issued) = (Balances::free_balance(miner()), Balances::total_issuance());
		assert_ok!(request_payout(&caller, era, &miner()));
		assert_eq!(Balances::free_balance(miner()) - had, owed);
		assert_eq!(Balances::total_issuance() - issued, owed);
		assert_noop!(request_payout(&caller, era, &miner()), Error::<Runtime>::NothingOwed);
		assert_noop!(request_payout(&caller, era + 1, &miner()), refused());
		next_block(&machine);
		assert_noop!(request_payout(&miner(), era, &miner()), Error::<Runtime>::NothingOwed);
		assert_eq!(total_owed() + owed, owed_for(&payments()));
	});
}

#[test]
fn payout_by_any_caller_pays_miner_once() {
	run(|machine| {
		long_eras(84);
		assert!(attest(&machine).is_accepted());
		record_payment(&machine, &miner(), 100 * ALPHA);
		let era = end_with_the_next_tick();
		block();
		let callers = [Eve, Ferdie].map(|who| who.to_account_id());
		let free = |who: &AccountId| Balances::free_balance(who);
		let before = (free(&callers[0]), free(&callers[1]), free(&miner()));
		assert_ok!(request_payout(&callers[0], era, &miner()));
		for _ in 0..3 {
			for by in [&callers[0], &callers[1], &miner()] {
				assert_noop!(request_payout(by, era, &miner()), Error::<Runtime>::NothingOwed);
				assert_noop!(request_payout(by, era, &callers[1]), Error::<Runtime>::NothingOwed);
			}
			block();
		}
		let after = (free(&callers[0]), free(&callers[1]), free(&miner()));
		assert_eq!(after, (before.0, before.1, before.2 + 10 * ALPHA));
		assert_eq!(Emission::totals().paid_out, 10 * ALPHA);
		assert_eq!(Emission::closed_era(era).map(|of| of.paid_out), Some(10 * ALPHA));
	});
}

fn debtor(number: u8) -> AccountId {
	let mut bytes = [0xdb; 32];
	bytes[0] = number;
	AccountId::new(bytes)
}

/// Makes a block and commits its changes to the backend. If `ends` is set, the current era ends in
/// this block.
fn committed_block(state: &mut sp_io::TestExternalities, ends: bool) {
	state.execute_with(|| {
		if ends {
			end_with_the_next_tick();
		}
		block();
		Emission::do_try_state().expect("the invariants of emission hold");
	});
	state.commit_all().expect("no storage transaction is open");
}

/// Returns the miners that still have a row in an era, and the miners that have none.
fn debtors_of(era: EraIndex) -> (Vec<AccountId>, Vec<AccountId>) {
	(0..DEBTORS).map(debtor).partition(|who| Owed::<Runtime>::contains_key(era, who))
}

#[test]
fn payout_works_for_rows_not_pruned_yet() {
	let (mut state, machine) = new();
	let era = state.execute_with(|| {
		long_eras(2);
		assert!(attest(&machine).is_accepted());
		(0..DEBTORS).for_each(|number| record_payment(&machine, &debtor(number), ALPHA));
		Emission::era().index
	});
	committed_block(&mut state, true);
	let whole = ALPHA / 10;
	let (left, pruned) = loop {
		committed_block(&mut state, true);
		let (left, pruned) = state.execute_with(|| debtors_of(era));
		if !pruned.is_empty() {
			break (left, pruned);
		}
		assert!(
			state.execute_with(|| Emission::era().index) < era + 10,
			"the era is pruned in time"
		);
	};
	assert_eq!(pruned.len(), PRUNED_PER_BLOCK, "one block prunes a limited number of rows");
	state.execute_with(|| {
		let caller = Ferdie.to_account_id();
		let nothing = || Error::<Runtime>::NothingOwed;
		assert_eq!(Emission::owed_to(era, left[0].clone()), (whole, Some(whole)));
		assert_ok!(request_payout(&caller, era, &left[0]));
		assert_eq!(Balances::free_balance(&left[0]), whole);
		assert_noop!(request_payout(&caller, era, &left[0]), nothing());
		assert_noop!(request_payout(&caller, era, &pruned[0]), nothing());
		assert_eq!(Balances::free_balance(&pruned[0]), 0);
		Emission::do_try_state().expect("the invariants of emission hold");
	});
	state.commit_all().expect("no storage transaction is open");
	// One miner has received its payout. Pruning the rest takes two blocks.
	for _ in 0..2 {
		assert!(state.execute_with(|| Emission::closed_era(era)).is_some());
		committed_block(&mut state, false);
	}
	state.execute_with(|| {
		assert_eq!(Emission::closed_era(era), None);
		assert_eq!(OldestEra::<Runtime>::get(), era + 1);
		assert_eq!(total_owed(), 0);
		assert_noop!(
			request_payout(&Ferdie.to_account_id(), era, &left[1]),
			Error::<Runtime>::NotPayable
		);
		let burned = whole * Balance::from(DEBTORS) - whole;
		let forgotten = RuntimeEvent::Emission(Event::EraForgotten { era, burned });
		let found = System::events().into_iter().filter(|record| record.event == forgotten);
		assert_eq!(found.count(), 1);
		let all = Emission::totals();
		assert_eq!((all.paid_out, all.payable), (whole, 0));
		check();
	});
}
