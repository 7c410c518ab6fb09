//! A search for profitable rentals: an attacker rents VMs on the hosts of its own miners, from
//! order to settlement. The price of α swings, tiers change, intervals lapse, and another tenant
//! rents as well. With its VMs, the attacker must not have more in the end than without them, to
//! the unit.

use frame_support::{
	assert_ok,
	traits::{fungible::Inspect, Hooks},
	weights::WeightMeter,
};
use hcc_primitives::{
	draw::DRAWN_AFTER,
	units::{Balance, ALPHA},
	Interval, LivenessStatus, Tier, MIN_UNRETURNED_SHARE,
};
use hcc_testing::{CurrentInterval, Fit, Lacked, LivedIn, Now, PriceForLeases, PriceForOrders};
use sp_runtime::Perbill;

use super::selfdealing::Chance;
use crate::{mock::*, *};

/// Number of worlds to search, and ticks in each.
const WORLDS: u64 = 40;
const TICKS: u32 = 160;
/// Ticks in an interval, and in an era.
const LENGTH: u32 = 10;
const ERA: u32 = 30;
/// The attacker's miners, and another miner.
const OWN: [u8; 2] = [10, 11];
const OTHER: u8 = 12;
const MINERS: [u8; 3] = [10, 11, 12];
/// Another tenant. It rents one VM of the attacker and one of the other miner.
const NEIGHBOUR: u8 = 2;
/// The neighbour's VMs: the first two in every world, with and without the attacker.
const NEIGHBOURS: [Id; 2] = [1, 2];

/// Returns an order that only this miner can run.
fn named(miner: u8) -> OrderRequestOf<Test> {
	OrderRequestOf::<Test> { miner: Choice::Named(account(miner)), max_price: 1_000_000, ..small() }
}

/// Sets up room for all VMs, the running VMs of the neighbour, and the first era.
fn open(shares: Shares, initial: Balance) {
	CurrentInterval::set(Interval { index: 1, from: 1, length: LENGTH, paid_from: 1 });
	MockRules::set(Rules { shares, ..RULES });
	EraRules::set(pallet_emission::Rules {
		era: ERA,
		initial,
		cap: Balance::MAX,
		bonus: Perbill::one(),
		..DAYS_OF_ERAS
	});
	Emission::on_poll(0, &mut WeightMeter::new());
	MINERS[1..].iter().for_each(|miner| enlist(*miner));
	for miner in MINERS {
		offer(miner, |offered| {
			offered.vcpus = 64;
			offered.memory = 1 << 18;
			offered.disk = 4_000;
		});
	}
	for miner in [OWN[0], OTHER] {
		assert_ok!(order_by(NEIGHBOUR, named(miner), 1_000 * ALPHA));
	}
	(0..DRAWN_AFTER).for_each(|_| next_tick());
	NEIGHBOURS.into_iter().for_each(boot);
}

fn next_tick() {
	tick();
	Emission::on_poll(System::block_number(), &mut WeightMeter::new());
}

/// Changes what no party controls. The changes are the same with and without the attacker.
fn world_moves(chance: &mut Chance) {
	// An interval costs from hundredths of an α to a few units, or nothing.
	let price = match chance.below(4) {
		0 => PRICE >> chance.below(4),
		_ => PRICE << chance.one_of(&[0, 1, 4, 10, 14, 15, 16, 17, 18, 19, 20, 30]),
	};
	let known = (chance.below(60) > 0).then_some(price);
	PriceForLeases::set(known);
	PriceForOrders::set(known);
	Lacked::set(Perbill::from_percent(chance.one_of(&[0, 0, 5, 10])));
	let tiers = [Some(Tier::Trusted), Some(Tier::Trusted), Some(Tier::Regular), None];
	let fit = MINERS.map(|miner| Some((chip_of(miner), chance.one_of(&tiers)?)));
	Fit::set(fit.into_iter().flatten().collect());
	let now = CurrentInterval::get().index;
	LivedIn::mutate(|all| {
		// Unsettled intervals become live later.
		all.retain(|(_, interval, lived)| *lived == LivenessStatus::Lapsed || now - interval < 3);
		for miner in MINERS {
			match chance.below(80) {
				0 => all.push((chip_of(miner), now, LivenessStatus::Lapsed)),
				1 => all.push((chip_of(miner), now, LivenessStatus::Unsettled)),
				_ => {},
			}
		}
	});
}

/// Lets the miner boot a VM as soon as it can. Ignores calls that the state of the VM does not
/// permit.
fn boot_step(id: Id, state: VmState) {
	let Some(place) = Compute::vm(id).and_then(|vm| vm.place) else { return };
	let origin = RuntimeOrigin::signed(place.miner);
	let _ = match state {
		VmState::Assigned { .. } => Compute::boot(origin, id),
		VmState::Booting { .. } => show(&origin, id),
		VmState::Attested { .. } => confirm(&origin, id),
		_ => Ok(()),
	};
}

/// Starts the neighbour's VMs again after any stop.
fn neighbour_acts() {
	for id in NEIGHBOURS {
		let Some(vm) = Compute::vm(id) else { continue };
		if matches!(vm.state, VmState::Stopped { .. }) {
			let _ = Compute::start(signed(NEIGHBOUR), id);
		}
		boot_step(id, vm.state);
	}
}

/// Lets the attacker order, stop, start, crash and terminate at random.
fn attacker_acts(chance: &mut Chance) {
	let own: Vec<Id> = VmsOfTenant::<Test>::iter_key_prefix(account(TENANT)).collect();
	if own.len() < 3 && chance.below(4) == 0 {
		let escrow = ALPHA * Balance::from(1 + chance.below(1_000));
		let order = named(chance.one_of(&OWN));
		let _ = order_by(TENANT, order, escrow);
	}
	for id in own {
		let Some(vm) = Compute::vm(id) else { continue };
		let _ = match (vm.state, chance.below(16)) {
			(VmState::Running { .. }, 0) => Compute::stop(signed(TENANT), id),
			(VmState::Running { .. }, 1) => Compute::reboot(signed(TENANT), id),
			(VmState::Running { .. }, 2) => Compute::report_crash(signed(miner_of(id)), id),
			(VmState::Stopped { .. }, 0..8) => Compute::start(signed(TENANT), id),
			(VmState::Stopped { .. }, 8) => Compute::resize(signed(TENANT), id, SMALL, 1_000_000),
			(_, 3) => Compute::top_up(signed(TENANT), id, ALPHA / 7),
			(_, 4) => Compute::terminate(signed(TENANT), id),
			(_, 5) => Ok(()),
			(state, _) => {
				boot_step(id, state);
				Ok(())
			},
		};
	}
}

/// Settles all charges, ends their era, and claims all payouts.
fn close(chance: &mut Chance) {
	PriceForLeases::set(Some(PRICE));
	LivedIn::set(vec![]);
	for id in VmsOfTenant::<Test>::iter_key_prefix(account(TENANT)).collect::<Vec<_>>() {
		// The VM may be terminated already and wait for settlement.
		let _ = Compute::terminate(signed(TENANT), id);
	}
	(0..3 * LENGTH).for_each(|_| next_tick());
	assert_eq!(held(TENANT), 0, "all charges are settled");
	let last = Emission::era().index;
	while Emission::era().index <= last {
		next_tick();
	}
	claim_all(chance, last);
}

/// Claims all payouts, in a random order.
fn claim_all(chance: &mut Chance, last: u32) {
	for era in 0..=last {
		let first = chance.below(3) as usize;
		for at in 0..MINERS.len() {
			let miner = MINERS[(first + at) % MINERS.len()];
			let _ = Emission::payout(signed(NEIGHBOUR), era, account(miner));
		}
	}
}

/// The final wealth of the attacker and its validators, and the minimum loss by its VMs.
#[derive(Clone, Copy, Debug, Default)]
struct End {
	wealth: Balance,
	least_loss: Balance,
	settled: Balance,
}

impl End {
	fn now() -> Self {
		let least = |event| match event {
			Event::Settled { vm, to_miner, to_validators, to_treasury, burned, .. }
				if !NEIGHBOURS.contains(&vm) =>
			{
				to_miner + to_validators + to_treasury + burned
			},
			_ => 0,
		};
		let paid = events().into_iter().map(least);
		let least_loss: Balance = paid.map(|amount| MIN_UNRETURNED_SHARE.mul_floor(amount)).sum();
		let own = OWN.into_iter().chain([TENANT, 200]);
		Self {
			wealth: own.map(|who| Balances::total_balance(&account(who))).sum(),
			least_loss,
			settled: Compute::paid().settled,
		}
	}
}

fn play(world: u64, with: bool) -> End {
	let mut end = End::default();
	run(|| {
		// The attacker's actions draw from their own numbers, so that they do not change the world.
		let (mut moves, mut acts) = (Chance::of(2 * world), Chance::of(2 * world + 1));
		let shares = moves.shares();
		// The budget is either more or less than the miners are owed.
		open(shares, moves.one_of(&[1_000_000 * ALPHA, ALPHA / 1_000]));
		for _ in 0..TICKS {
			world_moves(&mut moves);
			next_tick();
			neighbour_acts();
			if with {
				attacker_acts(&mut acts);
			}
			if Now::get().is_multiple_of(2 * ERA) {
				claim_all(&mut moves, Emission::era().index.saturating_sub(1));
			}
		}
		close(&mut moves);
		Emission::do_try_state().expect("the invariants hold");
		end = End::now();
	});
	end
}

#[test]
fn self_rental_never_profits() {
	let mut rented = 0;
	for world in 0..WORLDS {
		let (with, without) = (play(world, true), play(world, false));
		assert!(
			with.wealth + with.least_loss <= without.wealth,
			"world {world}: {with:?} with, {without:?} without"
		);
		rented += u64::from(with.least_loss > 0 && with.settled > without.settled);
	}
	assert!(rented >= WORLDS / 3, "the attacker rented in only {rented} worlds");
}
