//! How work is spread: a miner is given as much of it as its chips are drawn, and none where it does not suit.

use std::collections::BTreeMap;

use frame_support::assert_ok;
use hcc_primitives::{
	mock::{register, Fit, Now, Offering},
	ChipHash, Offered, Tier,
};
use sp_core::H256;
use sp_io::hashing::blake2_256;

use crate::{mock::*, *};

/// How many VMs are placed one after another.
const ORDERS: u32 = 440;
/// Miners that suit, and the tiers of their chips.
const SUITABLE: [(u8, &[Tier]); 4] = [
	(20, &[Tier::Trusted]),
	(21, &[Tier::Regular]),
	(22, &[Tier::Probation]),
	(23, &[Tier::Regular, Tier::Regular]),
];
/// Miners that do not, each for its own reason: its room is taken, it is too dear, the order excludes it, it is elsewhere, it offers nothing since it may get no work, it has not booted what it was given.
const FULL: u8 = 30;
const DEAR: u8 = 31;
const EXCLUDED: u8 = 32;
const ELSEWHERE: u8 = 33;
const BANNED: u8 = 34;
const RESTING: u8 = 35;
const UNSUITABLE: [u8; 6] = [FULL, DEAR, EXCLUDED, ELSEWHERE, BANNED, RESTING];
/// A chip that no miner has.
const NOBODYS: ChipHash = [99; 32];

/// How often a chip of that tier is drawn for one on probation, as `pallet-attestation` draws. The mock draws each entry alike: a chip has as many.
fn favour(tier: Tier) -> u32 {
	match tier {
		Tier::Trusted => 4,
		Tier::Regular => 2,
		Tier::Probation => 1,
		Tier::Quarantine | Tier::Suspended => 0,
	}
}

fn chip(miner: u8, number: u8) -> ChipHash {
	let mut chip = chip_of(miner);
	chip[1] = number;
	chip
}

/// Has a miner with chips of those tiers, and room for two small VMs.
fn offers(miner: u8, tiers: &[Tier]) {
	let chips: Vec<ChipHash> = (0..tiers.len() as u8).map(|number| chip(miner, number)).collect();
	for (chip, tier) in chips.iter().zip(tiers) {
		let entries = vec![(*chip, *tier); favour(*tier) as usize];
		Fit::mutate(|all| all.extend(entries));
	}
	register(account(miner), chips, None);
	let offered = Offered { region: 276, vcpus: 8, memory: 16_384, disk: 200, ask: 1_000 };
	Offering::mutate(|all| all.push((account(miner), offered)));
}

/// Only who suits has chips.
fn open_market() {
	Fit::set(vec![]);
	SUITABLE.iter().for_each(|(miner, tiers)| offers(*miner, tiers));
}

/// Orders a VM, and tells to whom it was given. It is given up at once, so that all have room again.
fn drawn(what: &OrderOf<Test>) -> u8 {
	assert_ok!(order(what.clone()));
	let id = LastId::<Test>::get();
	while matches!(state(id), State::Pending { .. }) {
		Seed::set(Some(H256(blake2_256(&Now::get().to_le_bytes()))));
		tick();
	}
	let miner = miner_of(id);
	assert_ok!(Compute::terminate(signed(TENANT), id));
	miner
}

/// How many of all the orders each miner was given.
fn spread(what: &OrderOf<Test>) -> BTreeMap<u8, u32> {
	let mut given = BTreeMap::new();
	for _ in 0..ORDERS {
		*given.entry(drawn(what)).or_default() += 1;
	}
	given
}

/// Each of these miners was given as many of the orders as its chips' tiers say, to four standard deviations of a binomial distribution, and nobody else was given any.
fn assert_spread(given: &BTreeMap<u8, u32>, miners: &[(u8, &[Tier])]) {
	let weight = |tiers: &[Tier]| tiers.iter().map(|tier| u64::from(favour(*tier))).sum::<u64>();
	let whole: u64 = miners.iter().map(|(_, tiers)| weight(tiers)).sum();
	let orders = u64::from(ORDERS);
	for (miner, tiers) in miners {
		let (weight, count) = (weight(tiers), u64::from(given.get(miner).copied().unwrap_or(0)));
		// Of n orders, each with a chance of w / W: (count - n w / W)² <= 4² n (w / W) (1 - w / W), times W².
		let apart = (count * whole).abs_diff(orders * weight);
		let most = 16 * orders * weight * (whole - weight);
		assert!(apart * apart <= most, "miner {miner}: {count} of {orders} at {weight} of {whole}");
	}
	let all: u32 = miners.iter().filter_map(|(miner, _)| given.get(miner)).sum();
	assert_eq!(all, ORDERS, "somebody else was given some: {given:?}");
}

#[test]
fn each_miner_is_given_as_much_work_as_its_chips_are_drawn() {
	run(|| {
		open_market();
		assert_spread(&spread(&small()), &SUITABLE);
	});
}

#[test]
fn who_does_not_suit_is_given_nothing_and_the_others_have_their_shares_all_the_same() {
	run(|| {
		open_market();
		UNSUITABLE.into_iter().for_each(|miner| offers(miner, &[Tier::Regular]));
		Fit::mutate(|all| all.push((NOBODYS, Tier::Trusted)));
		offer(DEAR, |offered| offered.ask = 3_000);
		offer(ELSEWHERE, |offered| offered.region = 840);
		Offering::mutate(|all| all.retain(|(miner, _)| *miner != account(BANNED)));
		let named = |miner| OrderOf::<Test> { miner: Choice::Named(account(miner)), ..small() };
		for _ in 0..2 {
			assert_ok!(order(named(FULL)));
			tick();
			boot(LastId::<Test>::get());
		}
		MockRules::set(Rules { rest: 14_400, ..RULES });
		assert_ok!(order(named(RESTING)));
		let ignored = LastId::<Test>::get();
		ticks(RULES.acceptance + 2);
		assert!(Resting::<Test>::contains_key(account(RESTING)));
		assert_ok!(Compute::terminate(signed(TENANT), ignored));

		let except = vec![account(EXCLUDED)].try_into().expect("short");
		let wanted =
			OrderOf::<Test> { region: Some(276), miner: Choice::Drawn { except }, ..small() };
		assert_spread(&spread(&wanted), &SUITABLE);
		assert_eq!(Compute::used_of(account(FULL)), ALLOTTED.plus(&ALLOTTED), "it has two still");
	});
}

#[test]
fn where_a_better_tier_is_ordered_those_of_that_tier_share_it_alone() {
	run(|| {
		open_market();
		let wanted = OrderOf::<Test> { tier: Tier::Regular, ..small() };
		let better: Vec<_> = SUITABLE.into_iter().filter(|(miner, _)| *miner != 22).collect();
		assert_spread(&spread(&wanted), &better);
	});
}

/// A miner whose room is taken is passed over, and has its share again as soon as it is free.
#[test]
fn room_that_is_taken_and_freed_changes_who_is_drawn_from_then_on() {
	run(|| {
		open_market();
		let named = OrderOf::<Test> { miner: Choice::Named(account(20)), ..small() };
		let taken = [(); 2].map(|()| {
			assert_ok!(order(named.clone()));
			tick();
			let id = LastId::<Test>::get();
			boot(id);
			id
		});
		let others: Vec<_> = SUITABLE.into_iter().filter(|(miner, _)| *miner != 20).collect();
		assert_spread(&spread(&small()), &others);
		for id in taken {
			assert_ok!(Compute::terminate(signed(TENANT), id));
		}
		assert_spread(&spread(&small()), &SUITABLE);
	});
}
