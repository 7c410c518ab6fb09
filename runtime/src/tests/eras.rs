//! Races around the end of an era: a payment and the end in one block, claims in that block, claims while an era is being forgotten, claims by anybody for anybody.

use frame_support::{assert_noop, assert_ok, traits::OnPoll, weights::WeightMeter};
use hcc_primitives::{units::ALPHA, OnSettled, Payment};
use pallet_compute::Event as Rental;
use pallet_emission::{schedule, CurrentEra, EraIndex, Error, Event, Oldest, Owed, Rules};
use sp_keyring::Sr25519Keyring::{Eve, Ferdie};
use sp_runtime::Perbill;

use super::{
	compute::{booted, hurry},
	machine::Machine,
	network::*,
	rules::set_rules,
};
use crate::*;

/// How long the tests wait for something that comes once an interval, in blocks.
const PATIENCE: u32 = 400;
/// More debtors than two blocks forget, and how many one forgets.
const DEBTORS: u8 = 150;
const A_BLOCK: usize = 64;

/// Eras that last until a test ends them and can be claimed for so many more, in which chips of each tier have the whole bonus and there is more than miners are owed.
pub(super) fn long_eras(claimable: EraIndex) {
	use crate::configs::INITIAL_EMISSION_RULES;

	let whole = Perbill::one();
	let (trusted, regular, probation) = (whole, whole, whole);
	let rules = Rules { trusted, regular, probation, claimable, ..INITIAL_EMISSION_RULES };
	assert_ok!(set_rules(rules));
}

/// Has the era of now end with the next tick. Gives its number.
fn end_with_the_next_tick() -> EraIndex {
	let next = Verdicts::tick() + 1;
	CurrentEra::<Runtime>::mutate(|era| {
		era.length = next - era.from;
		era.index
	})
}

/// A block on. What the machine is asked it has answered before, and the validators have voted on that.
fn next_block(machine: &Machine) {
	if asked(machine).is_some() {
		let (subject, evidence) = answer(machine);
		vote_all(&VALIDATORS, subject, &found(subject, &evidence));
	}
	let tick = Verdicts::tick();
	block();
	assert_eq!(Verdicts::tick(), tick + 1, "the clock moves");
}

/// What was paid for intervals, from the first payment on.
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

/// Goes on until so many blocks before the one in which the VM's accounts are made.
fn until_due(machine: &Machine, ahead: u32) {
	for _ in 0..PATIENCE {
		let due = Compute::vm(1).expect("it is rented").look;
		if due == Verdicts::tick() + 1 + ahead {
			return;
		}
		next_block(machine);
	}
	panic!("its accounts are never made");
}

/// Has eras end so many blocks before the VM's accounts are made, until something was paid then three times. `look` is told each era, what was owed for it before, and what is owed for what was paid since.
fn races(machine: &Machine, ahead: u32, look: impl Fn(EraIndex, Balance, Balance)) {
	let mut met = 0;
	for _ in 0..PATIENCE {
		until_due(machine, ahead);
		let (settled, before) = (payments().len(), Emission::era().owed);
		let era = end_with_the_next_tick();
		(0..=ahead).for_each(|_| next_block(machine));
		assert_eq!(Emission::era().index, era + 1, "it has ended, and once");
		let new = owed_for(&payments()[settled..]);
		look(era, before, new);
		check();
		met += u32::from(new > 0);
		if met == 3 {
			return;
		}
	}
	panic!("nothing is ever paid then");
}

/// What is owed for all eras together, claimed or not.
pub(super) fn owed_in_all() -> Balance {
	Owed::<Runtime>::iter().map(|(_, _, owed)| owed).sum()
}

fn claim(by: &AccountId, era: EraIndex, of: &AccountId) -> sp_runtime::DispatchResult {
	Emission::claim(RuntimeOrigin::signed(by.clone()), era, of.clone())
}

/// Somebody has paid that for the work of a miner on that machine.
fn paid(machine: &Machine, to: &AccountId, amount: Balance) {
	let (tenant, chip) = (Eve.to_account_id(), chip(machine));
	let payment = Payment { tenant: &tenant, miner: to, chip, first: 0, last: 0, amount };
	<Emission as OnSettled<AccountId>>::on_settled(&payment);
}

#[test]
fn what_is_paid_in_the_block_in_which_an_era_ends_is_owed_for_that_era_alone() {
	run(|machine| {
		hurry();
		long_eras(84);
		booted(&machine);
		races(&machine, 0, |era, before, new| {
			let division = Emission::closed_era(era).expect("it is over").division;
			assert_eq!(division.total_owed, before + new);
			assert_eq!(division.miners, before + new, "there is enough");
			let whole = before + new;
			assert_eq!(Emission::owed_to(era, miner()), (whole, Some(whole)));
			assert_eq!((Emission::era().owed, Emission::owed_to(era + 1, miner()).0), (0, 0));
		});
		assert_eq!(owed_in_all(), owed_for(&payments()), "none is lost, and none is owed twice");
	});
}

#[test]
fn what_is_paid_in_the_block_after_the_end_of_an_era_is_owed_for_the_next_one_alone() {
	run(|machine| {
		hurry();
		long_eras(84);
		booted(&machine);
		races(&machine, 1, |era, before, new| {
			let division = Emission::closed_era(era).expect("it is over").division;
			assert_eq!((division.total_owed, division.miners), (before, before));
			assert_eq!(Emission::owed_to(era, miner()).0, before);
			assert_eq!((Emission::era().owed, Emission::owed_to(era + 1, miner()).0), (new, new));
		});
		assert_eq!(owed_in_all(), owed_for(&payments()), "none is lost, and none is owed twice");
	});
}

#[test]
fn an_era_can_be_claimed_in_the_block_in_which_it_ends_and_not_before() {
	run(|machine| {
		hurry();
		long_eras(84);
		booted(&machine);
		for _ in 0..PATIENCE {
			if Emission::era().owed > 0 {
				break;
			}
			next_block(&machine);
		}
		let era = end_with_the_next_tick();
		let anybody = Ferdie.to_account_id();
		let refused = || Error::<Runtime>::NotClaimable;
		assert_noop!(claim(&anybody, era, &miner()), refused());
		begin(Some([7; 32]));
		statements();
		let before_the_pallets = claim(&anybody, era, &miner());
		assert_eq!(before_the_pallets, Err(refused().into()));
		let meter = &mut WeightMeter::new();
		<AllPalletsWithSystem as OnPoll<BlockNumber>>::on_poll(System::block_number(), meter);
		assert_eq!(Emission::era().index, era + 1);
		let (owed, part) = Emission::owed_to(era, miner());
		assert!(owed > 0 && part == Some(owed));
		let (had, issued) = (Balances::free_balance(miner()), Balances::total_issuance());
		assert_ok!(claim(&anybody, era, &miner()));
		assert_eq!(Balances::free_balance(miner()) - had, owed);
		assert_eq!(Balances::total_issuance() - issued, owed);
		assert_noop!(claim(&anybody, era, &miner()), Error::<Runtime>::NothingOwed);
		assert_noop!(claim(&anybody, era + 1, &miner()), refused());
		next_block(&machine);
		assert_noop!(claim(&miner(), era, &miner()), Error::<Runtime>::NothingOwed);
		assert_eq!(owed_in_all() + owed, owed_for(&payments()));
	});
}

#[test]
fn whoever_claims_for_a_miner_the_miner_has_it_and_once() {
	run(|machine| {
		long_eras(84);
		assert!(attest(&machine).is_accepted());
		paid(&machine, &miner(), 100 * ALPHA);
		let era = end_with_the_next_tick();
		block();
		let callers = [Eve, Ferdie].map(|who| who.to_account_id());
		let free = |who: &AccountId| Balances::free_balance(who);
		let before = (free(&callers[0]), free(&callers[1]), free(&miner()));
		assert_ok!(claim(&callers[0], era, &miner()));
		for _ in 0..3 {
			for by in [&callers[0], &callers[1], &miner()] {
				assert_noop!(claim(by, era, &miner()), Error::<Runtime>::NothingOwed);
				assert_noop!(claim(by, era, &callers[1]), Error::<Runtime>::NothingOwed);
			}
			block();
		}
		let after = (free(&callers[0]), free(&callers[1]), free(&miner()));
		assert_eq!(after, (before.0, before.1, before.2 + 10 * ALPHA));
		assert_eq!(Emission::brought().claimed, 10 * ALPHA);
		assert_eq!(Emission::closed_era(era).map(|of| of.claimed), Some(10 * ALPHA));
	});
}

fn debtor(number: u8) -> AccountId {
	let mut bytes = [0xdb; 32];
	bytes[0] = number;
	AccountId::new(bytes)
}

/// A block whose changes are the state of the next one; in it the era of now ends, if it is to.
fn kept_block(state: &mut sp_io::TestExternalities, ends: bool) {
	state.execute_with(|| {
		if ends {
			end_with_the_next_tick();
		}
		block();
		Emission::do_try_state().expect("the invariants hold");
	});
	state.commit_all().expect("no transaction is open");
}

/// Who is owed something of an era that is not claimed, and who is not any more.
fn debtors_of(era: EraIndex) -> (Vec<AccountId>, Vec<AccountId>) {
	(0..DEBTORS).map(debtor).partition(|who| Owed::<Runtime>::contains_key(era, who))
}

#[test]
fn an_era_that_is_being_forgotten_can_be_claimed_as_far_as_it_is_not_forgotten() {
	let (mut state, machine) = new();
	let era = state.execute_with(|| {
		long_eras(2);
		assert!(attest(&machine).is_accepted());
		(0..DEBTORS).for_each(|number| paid(&machine, &debtor(number), ALPHA));
		Emission::era().index
	});
	kept_block(&mut state, true);
	let whole = ALPHA / 10;
	let (left, gone) = loop {
		kept_block(&mut state, true);
		let (left, gone) = state.execute_with(|| debtors_of(era));
		if !gone.is_empty() {
			break (left, gone);
		}
		assert!(state.execute_with(|| Emission::era().index) < era + 10, "it is forgotten in time");
	};
	assert_eq!(gone.len(), A_BLOCK, "no more than a block has weight for");
	state.execute_with(|| {
		let anybody = Ferdie.to_account_id();
		let nothing = || Error::<Runtime>::NothingOwed;
		assert_eq!(Emission::owed_to(era, left[0].clone()), (whole, Some(whole)));
		assert_ok!(claim(&anybody, era, &left[0]));
		assert_eq!(Balances::free_balance(&left[0]), whole);
		assert_noop!(claim(&anybody, era, &left[0]), nothing());
		assert_noop!(claim(&anybody, era, &gone[0]), nothing());
		assert_eq!(Balances::free_balance(&gone[0]), 0);
		Emission::do_try_state().expect("the invariants hold");
	});
	state.commit_all().expect("no transaction is open");
	// One has claimed: what is left takes two blocks.
	for _ in 0..2 {
		assert!(state.execute_with(|| Emission::closed_era(era)).is_some());
		kept_block(&mut state, false);
	}
	state.execute_with(|| {
		assert_eq!(Emission::closed_era(era), None);
		assert_eq!(Oldest::<Runtime>::get(), era + 1);
		assert_eq!(owed_in_all(), 0);
		assert_noop!(claim(&Ferdie.to_account_id(), era, &left[1]), Error::<Runtime>::NotClaimable);
		let burned = whole * Balance::from(DEBTORS) - whole;
		let forgotten = RuntimeEvent::Emission(Event::EraForgotten { era, burned });
		let told = System::events().into_iter().filter(|record| record.event == forgotten);
		assert_eq!(told.count(), 1);
		let all = Emission::brought();
		assert_eq!((all.claimed, all.claimable), (whole, 0));
		check();
	});
}
