//! The distribution of VMs: suitable miners receive them in proportion to the draws of their chips,
//! unsuitable miners receive none.

use std::collections::BTreeMap;

use frame_support::assert_ok;
use hcc_primitives::{ChipHash, EffectiveOffer, Tier};
use hcc_testing::{register, Fit, Now, Offering};
use sp_core::H256;
use sp_io::hashing::blake2_256;

use crate::{mock::*, *};

/// Number of VMs that are placed one after another.
const ORDERS: u32 = 440;
/// Suitable miners, and the tiers of their chips.
const SUITABLE: [(u8, &[Tier]); 4] = [
	(20, &[Tier::Trusted]),
	(21, &[Tier::Regular]),
	(22, &[Tier::Probation]),
	(23, &[Tier::Regular, Tier::Regular]),
];
/// Unsuitable miners, each for its own reason. They have no free capacity, are too expensive, are
/// excluded by the order, are in another region, are banned, or rest after a missed deadline.
const FULL: u8 = 30;
const EXPENSIVE: u8 = 31;
const EXCLUDED: u8 = 32;
const ELSEWHERE: u8 = 33;
const BANNED: u8 = 34;
const RESTING: u8 = 35;
const UNSUITABLE: [u8; 6] = [FULL, EXPENSIVE, EXCLUDED, ELSEWHERE, BANNED, RESTING];
/// A chip without a miner.
const ORPHAN_CHIP: ChipHash = [99; 32];

/// Returns the weight of a tier in the draw, relative to `Probation`, as in `pallet-attestation`.
/// The mock draws all entries with equal probability, so a chip has this number of entries.
fn draw_weight(tier: Tier) -> u32 {
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

/// Registers a miner with chips of these tiers, and room for two small VMs.
fn add_miner(miner: u8, tiers: &[Tier]) {
	let chips: Vec<ChipHash> = (0..tiers.len() as u8).map(|number| chip(miner, number)).collect();
	for (chip, tier) in chips.iter().zip(tiers) {
		let entries = vec![(*chip, *tier); draw_weight(*tier) as usize];
		Fit::mutate(|all| all.extend(entries));
	}
	register(account(miner), chips, None);
	let offered = EffectiveOffer { region: 276, vcpus: 8, memory: 16_384, disk: 200, ask: 1_000 };
	Offering::mutate(|all| all.push((account(miner), offered)));
}

/// Registers the suitable miners only.
fn open_market() {
	Fit::set(vec![]);
	SUITABLE.iter().for_each(|(miner, tiers)| add_miner(*miner, tiers));
}

/// Orders a VM and returns the miner that received it. The VM is terminated, so that all miners
/// have room again.
fn placed_with(what: &OrderRequestOf<Test>) -> u8 {
	assert_ok!(order(what.clone()));
	let id = LastId::<Test>::get();
	while matches!(state(id), VmState::Pending { .. }) {
		Seed::set(Some(H256(blake2_256(&Now::get().to_le_bytes()))));
		tick();
	}
	let miner = miner_of(id);
	assert_ok!(Compute::terminate(signed(TENANT), id));
	miner
}

/// Returns the number of orders that each miner received.
fn distribution(what: &OrderRequestOf<Test>) -> BTreeMap<u8, u32> {
	let mut given = BTreeMap::new();
	for _ in 0..ORDERS {
		*given.entry(placed_with(what)).or_default() += 1;
	}
	given
}

/// Checks that each miner received orders in proportion to its chips' tiers, within four standard
/// deviations of a binomial distribution. No other miner received any.
fn assert_distribution(given: &BTreeMap<u8, u32>, miners: &[(u8, &[Tier])]) {
	let weight =
		|tiers: &[Tier]| tiers.iter().map(|tier| u64::from(draw_weight(*tier))).sum::<u64>();
	let whole: u64 = miners.iter().map(|(_, tiers)| weight(tiers)).sum();
	let orders = u64::from(ORDERS);
	for (miner, tiers) in miners {
		let (weight, count) = (weight(tiers), u64::from(given.get(miner).copied().unwrap_or(0)));
		// Of n orders, each with probability w / W: (count - n w / W)² <= 4² n (w / W) (1 - w / W),
		// times W².
		let apart = (count * whole).abs_diff(orders * weight);
		let most = 16 * orders * weight * (whole - weight);
		assert!(apart * apart <= most, "miner {miner}: {count} of {orders} at {weight} of {whole}");
	}
	let all: u32 = miners.iter().filter_map(|(miner, _)| given.get(miner)).sum();
	assert_eq!(all, ORDERS, "another miner received orders: {given:?}");
}

#[test]
fn vms_are_distributed_by_tier() {
	run(|| {
		open_market();
		assert_distribution(&distribution(&small()), &SUITABLE);
	});
}

#[test]
fn unsuitable_miners_do_not_change_distribution() {
	run(|| {
		open_market();
		UNSUITABLE.into_iter().for_each(|miner| add_miner(miner, &[Tier::Regular]));
		Fit::mutate(|all| all.push((ORPHAN_CHIP, Tier::Trusted)));
		offer(EXPENSIVE, |offered| offered.ask = 3_000);
		offer(ELSEWHERE, |offered| offered.region = 840);
		Offering::mutate(|all| all.retain(|(miner, _)| *miner != account(BANNED)));
		let named =
			|miner| OrderRequestOf::<Test> { miner: Choice::Named(account(miner)), ..small() };
		for _ in 0..2 {
			assert_ok!(order(named(FULL)));
			ticks(2);
			boot(LastId::<Test>::get());
		}
		MockRules::set(Rules { rest: 14_400, ..RULES });
		assert_ok!(order(named(RESTING)));
		let ignored = LastId::<Test>::get();
		ticks(RULES.acceptance + 3);
		assert!(RestingMiners::<Test>::contains_key(account(RESTING)));
		assert_ok!(Compute::terminate(signed(TENANT), ignored));

		let except = vec![account(EXCLUDED)].try_into().expect("within the bound");
		let wanted = OrderRequestOf::<Test> {
			region: Some(276),
			miner: Choice::Drawn { except },
			..small()
		};
		assert_distribution(&distribution(&wanted), &SUITABLE);
		assert_eq!(
			Compute::used_of(account(FULL)),
			ALLOTTED.plus(&ALLOTTED),
			"it still has two VMs"
		);
	});
}

#[test]
fn tier_requirement_limits_distribution() {
	run(|| {
		open_market();
		let wanted = OrderRequestOf::<Test> { tier: Tier::Regular, ..small() };
		let better: Vec<_> = SUITABLE.into_iter().filter(|(miner, _)| *miner != 22).collect();
		assert_distribution(&distribution(&wanted), &better);
	});
}

/// A miner without free capacity is skipped, and receives its share again once capacity is free.
#[test]
fn free_capacity_changes_distribution() {
	run(|| {
		open_market();
		let named = OrderRequestOf::<Test> { miner: Choice::Named(account(20)), ..small() };
		let taken = [(); 2].map(|()| {
			assert_ok!(order(named.clone()));
			ticks(2);
			let id = LastId::<Test>::get();
			boot(id);
			id
		});
		let others: Vec<_> = SUITABLE.into_iter().filter(|(miner, _)| *miner != 20).collect();
		assert_distribution(&distribution(&small()), &others);
		for id in taken {
			assert_ok!(Compute::terminate(signed(TENANT), id));
		}
		assert_distribution(&distribution(&small()), &SUITABLE);
	});
}
