//! Tests of paid slots. Empty slots do not change the price of an hour, and tenants pay almost
//! nothing while the clock or the chain stops.

use frame_support::{
	assert_ok,
	traits::{Get, OnPoll},
	weights::WeightMeter,
};
use hcc_evidence_testing::Machine;
use hcc_primitives::{
	units::{self, HOURS},
	MAX_COUNTED_SLOTS,
};
use hccs_runtime::*;
use pallet_compute::{price::cost, Event};
use pallet_emission::CurrentEra;
use sp_keyring::Sr25519Keyring::Eve;

use super::{
	compute::{boot_vm, shorten_proof_window, PRICE},
	network::*,
};

fn slot() -> u64 {
	pallet_timestamp::Now::<Runtime>::get() / units::MILLISECS_PER_BLOCK
}

/// Makes a block. Before the block, the machine answers an open challenge, and the validators vote.
fn next_block(machine: &Machine) {
	if open_challenge(machine).is_some() {
		let (subject, evidence) = answer(machine);
		vote_all(&VALIDATORS, subject, &evaluate(subject, &evidence));
	}
	block();
}

/// Makes blocks for `count` slots. Every fourth slot is empty. Returns the number of blocks.
fn slots_with_empty_ones(machine: &Machine, count: u32) -> u32 {
	let (first, last) = (System::block_number(), slot() + u64::from(count));
	while slot() < last {
		if System::block_number().is_multiple_of(3) && slot() + 1 < last {
			skip_slot();
		}
		next_block(machine);
	}
	System::block_number() - first
}

/// Returns the slots and the amounts of all charges.
fn charges() -> Vec<(u32, Balance)> {
	let charge = |record: frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
		RuntimeEvent::Compute(Event::Charged { slots, amount, .. }) => Some((slots, amount)),
		_ => None,
	};
	System::events().into_iter().filter_map(charge).collect()
}

#[test]
fn hour_with_empty_slots_costs_price_of_an_hour() {
	run(|machine| {
		shorten_proof_window();
		boot_vm(&machine);
		let place = Compute::vm(1).and_then(|vm| vm.place).expect("the VM has a miner");
		let hour = cost(place.rate, HOURS, PRICE).expect("there is a price");
		let ticks = Clock::tick();
		let blocks = slots_with_empty_ones(&machine, HOURS);
		assert!(blocks.abs_diff(HOURS * 3 / 4) <= 1, "{blocks} blocks");
		assert_eq!(Clock::tick() - ticks, blocks, "deadlines count blocks");
		assert_ok!(Compute::terminate(RuntimeOrigin::signed(Eve.to_account_id()), 1));
		let charges = charges();
		assert_eq!(charges.iter().map(|(slots, _)| slots).sum::<u32>(), HOURS);
		let amount: Balance = charges.iter().map(|(_, amount)| amount).sum();
		let rounded = charges.len() as Balance;
		assert!((hour - rounded..=hour).contains(&amount), "{amount} of {hour} in {rounded} parts");
	});
}

#[test]
fn era_with_empty_slots_lasts_as_long() {
	run(|machine| {
		blocks(5);
		let era = Emission::era();
		let left = 200;
		CurrentEra::<Runtime>::mutate(|era| era.length = Clock::paid() - era.from + left);
		slots_with_empty_ones(&machine, left - 1);
		assert_eq!(Emission::era().index, era.index);
		block();
		assert_eq!(Emission::era().index, era.index + 1);
	});
}

#[test]
fn standstill_is_not_charged() {
	run(|_| {
		blocks(5);
		let lag: u32 = <Runtime as pallet_clock::Config>::MaxFinalityLag::get();
		let paid = Clock::paid;
		let before = paid();
		for _ in 0..HOURS {
			// In these blocks, no validator states that a block is finalised.
			begin(None);
			let meter = &mut WeightMeter::new();
			<AllPalletsWithSystem as OnPoll<BlockNumber>>::on_poll(System::block_number(), meter);
		}
		assert!(paid() - before <= lag, "{} slots of an hour", paid() - before);
		// Then, the chain makes no block at all for an hour.
		for _ in 0..HOURS {
			skip_slot();
		}
		let before = paid();
		block();
		assert_eq!(paid() - before, MAX_COUNTED_SLOTS);
		block();
		assert_eq!(paid() - before, MAX_COUNTED_SLOTS + 1);
	});
}
