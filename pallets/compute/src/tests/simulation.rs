//! A market over a long time. Tenants come and go, miners fail and vanish, α moves, guests report
//! shortfalls, and eras mint new α. No unit is lost.

use frame_support::{
	traits::{
		fungible::{Inspect, InspectHold},
		Hooks,
	},
	weights::WeightMeter,
};
use hcc_primitives::{
	units::{Balance, ALPHA},
	EffectiveOffer, Interval, LivenessStatus, PaidTime, Tier,
};
use hcc_testing::{
	register, Asked, CurrentInterval, Fit, Lacked, LivedIn, MockTickSource, Now, Offering,
	PriceForLeases, PriceForOrders, Settled,
};
use pallet_emission::EraIndex;
use sp_io::hashing::blake2_256;
use sp_runtime::{AccountId32, Perbill};

use crate::{mock::*, *};

/// The size of a market, and its duration.
struct Size {
	miners: u32,
	vms: u32,
	intervals: u32,
	/// Intervals in a day, and in an era.
	day: u32,
	/// Eras until the budget is halved, and the first budget.
	halving: u32,
	initial: Balance,
	/// Ticks of a VM for which one tick of the simulation stands. Prices are multiplied by this
	/// number.
	scale: u32,
}

/// Ticks in an interval.
const TICKS: u32 = 10;
/// The initial balance of each tenant.
const WEALTH: Balance = 1_000 * ALPHA;

/// A deterministic source of random numbers.
struct Chance(u64);

impl Chance {
	fn below(&mut self, below: u32) -> u32 {
		self.0 += 1;
		let hash = blake2_256(&self.0.to_le_bytes());
		u32::from_le_bytes(hash[..4].try_into().expect("four bytes")) % below
	}

	fn one_in(&mut self, of: u32) -> bool {
		self.below(of) == 0
	}
}

fn numbered(kind: u8, number: u32) -> AccountId32 {
	let mut bytes = [kind; 32];
	bytes[..4].copy_from_slice(&number.to_le_bytes());
	AccountId32::new(bytes)
}

fn miner(number: u32) -> AccountId32 {
	numbered(0xaa, number)
}

fn chip(number: u32) -> [u8; 32] {
	miner(number).into()
}

fn tenant(number: u32) -> AccountId32 {
	numbered(0xbb, number)
}

fn open_market(size: &Size) {
	// In block 0 events are not stored. Clearing them would take time proportional to all state.
	System::set_block_number(0);
	Fit::set(vec![]);
	Offering::set(vec![]);
	for number in 0..size.miners {
		register(miner(number), vec![chip(number)], None);
		endow(&miner(number), ALPHA);
		let ask = 800 + (number % 5) as u16 * 100;
		let offered = EffectiveOffer { region: 276, vcpus: 64, memory: 1 << 18, disk: 4_000, ask };
		Offering::mutate(|all| all.push((miner(number), offered)));
		Fit::mutate(|all| all.push((chip(number), Tier::Regular)));
	}
	for number in 0..size.vms {
		endow(&tenant(number), WEALTH);
	}
	SearchFee::set(1_234);
	MockRules::mutate(|rules| {
		let list = &mut rules.list;
		for price in [&mut list.vcpu, &mut list.memory, &mut list.disk, &mut list.egress] {
			*price *= size.scale;
		}
	});
	CurrentInterval::set(Interval { index: 1, from: 1, length: TICKS, paid_from: 1 });
}

/// Lets a tenant act. Each tenant has at most one VM at a time.
fn tenant_acts(size: &Size, number: u32, vm: Option<Id>, chance: &mut Chance) {
	let origin = RuntimeOrigin::signed(tenant(number));
	let Some(id) = vm else {
		if chance.one_in(3) {
			// The escrow may be too small at the current price.
			let escrow = ALPHA / 2 + ALPHA * Balance::from(chance.below(10));
			let order = small();
			let order =
				OrderRequest { max_price: order.max_price * u64::from(size.scale), ..order };
			let _ = order_as(&tenant(number), order, escrow);
		}
		return;
	};
	// Calls that the state does not permit fail without effect.
	let _ = match chance.below(40) {
		0 => Compute::stop(origin, id),
		1 | 2 => Compute::start(origin, id),
		3 => Compute::reboot(origin, id),
		4 => Compute::resize(origin, id, SMALL, 200_000 * u64::from(size.scale)),
		5 => Compute::terminate(origin, id),
		6..10 => Compute::top_up(origin, id, ALPHA / 3),
		_ => Ok(()),
	};
}

/// Lets the VM's miner do its duty, most of the time.
fn miner_acts(id: Id, chance: &mut Chance) {
	let Some(vm) = Compute::vm(id) else { return };
	let Some(place) = vm.place.clone() else { return };
	let origin = RuntimeOrigin::signed(place.miner);
	if chance.one_in(12) {
		return;
	}
	let _ = match vm.state {
		// Most boots submit evidence within the same tick.
		VmState::Assigned { .. } => {
			let begun = Compute::boot(origin.clone(), id);
			if begun.is_ok() && !chance.one_in(12) {
				let _ = show(&origin, id);
			}
			begun
		},
		VmState::Booting { .. } => show(&origin, id),
		VmState::Attested { .. } => confirm(&origin, id),
		VmState::Running { .. } if chance.one_in(50) => Compute::report_crash(origin, id),
		_ => Ok(()),
	};
}

/// Moves the price of α, and lets chips lapse or stay unsettled.
fn world_acts(size: &Size, chance: &mut Chance) {
	let price = PRICE / 2 + u64::from(chance.below(PRICE as u32));
	let known = (!chance.one_in(200)).then_some(price);
	PriceForOrders::set(known.filter(|_| !chance.one_in(20)));
	PriceForLeases::set(known);
	Lacked::set(Perbill::from_percent(5 * chance.below(3)));
	let now = CurrentInterval::get().index;
	LivedIn::mutate(|all| {
		all.retain(|(_, interval, lived)| {
			let age = now - interval;
			age < 20 && (*lived == LivenessStatus::Lapsed || age < 4)
		});
		for number in 0..size.miners {
			match chance.below(30) {
				0 => all.push((chip(number), now, LivenessStatus::Lapsed)),
				1 => all.push((chip(number), now, LivenessStatus::Unsettled)),
				_ => {},
			}
		}
	});
}

fn next_tick() {
	Now::mutate(|now| *now += 1);
	let next = u64::from(Now::get());
	let last = CurrentInterval::get();
	if Now::get() >= last.from + last.length {
		let (from, paid_from) = (Now::get(), MockTickSource::paid_slots());
		CurrentInterval::set(Interval { index: last.index + 1, from, paid_from, ..last });
	}
	Compute::on_poll(next, &mut WeightMeter::new());
	Emission::on_poll(next, &mut WeightMeter::new());
}

/// Claims the payouts of a past era for most miners.
fn claim(size: &Size, era: EraIndex, chance: &mut Chance) {
	for number in (0..size.miners).filter(|_| !chance.one_in(10)) {
		let origin = RuntimeOrigin::signed(tenant(0));
		let _ = Emission::payout(origin, era, miner(number));
	}
}

fn wealth(size: &Size) -> Balance {
	let of = |who: &AccountId32| Balances::total_balance(who);
	let miners: Balance = (0..size.miners).map(|number| of(&miner(number))).sum();
	let tenants: Balance = (0..size.vms).map(|number| of(&tenant(number))).sum();
	miners + tenants + of(&account(200)) + of(&account(201))
}

fn simulate(size: &Size) {
	run(|| {
		open_market(size);
		EraRules::mutate(|rules| {
			rules.era = size.day * TICKS;
			rules.halving = size.halving;
			rules.initial = size.initial;
		});
		let before = wealth(size);
		let issued = Balances::total_issuance();
		let mut chance = Chance(7);
		for interval in 0..size.intervals {
			world_acts(size, &mut chance);
			for tick in 0..TICKS {
				next_tick();
				// A tenth of the tenants acts in each tick.
				for number in (tick..size.vms).step_by(TICKS as usize) {
					let vm = VmsOfTenant::<Test>::iter_key_prefix(tenant(number)).next();
					tenant_acts(size, number, vm, &mut chance);
					if let Some(id) = vm {
						miner_acts(id, &mut chance);
					}
				}
			}
			if interval % size.day == 0 {
				claim(size, Emission::era().index.saturating_sub(1), &mut chance);
			}
			if interval % 50 == 0 {
				Compute::do_try_state().expect("the invariants hold");
				Emission::do_try_state().expect("the invariants hold");
			}
			Settled::set(vec![]);
			Asked::set(vec![]);
			if (interval + 1) % (size.intervals / 20) == 0 {
				let vms = Vms::<Test>::iter_keys().count();
				println!("{} of {} intervals, {vms} VMs", interval + 1, size.intervals);
			}
		}
		// All VMs end, and all charges are settled.
		for (id, vm) in Vms::<Test>::iter().collect::<Vec<_>>() {
			let _ = Compute::terminate(RuntimeOrigin::signed(vm.tenant), id);
		}
		LivedIn::set(vec![]);
		(0..3 * TICKS).for_each(|_| next_tick());
		assert_eq!(Vms::<Test>::iter().count(), 0, "no VM is stuck");
		assert_eq!(AllottedCapacity::<Test>::iter().count(), 0);
		for number in 0..size.vms {
			assert_eq!(Balances::total_balance_on_hold(&tenant(number)), 0);
		}
		let paid = Compute::paid();
		assert!(paid.settled > 0 && paid.refunded > 0 && paid.burned > 0);
		Emission::do_try_state().expect("the invariants hold");
		let brought = Emission::totals();
		assert!(
			brought.paid_out > 0 && brought.burned > 0,
			"a part is paid out, and a part is burned"
		);
		assert_eq!(before + made() - wealth(size), paid.burned, "to the last unit");
		assert_eq!(issued + made() - Balances::total_issuance(), paid.burned);
		println!("{} VMs ever, {paid:?}, {brought:?}", LastId::<Test>::get());
	});
}

#[test]
fn market_conserves_every_unit() {
	let (halving, initial, scale) = (4, ALPHA / 2, 1);
	simulate(&Size { miners: 12, vms: 60, intervals: 300, day: 24, halving, initial, scale });
}

/// A year with intervals of a quarter of a day, so a tick stands for 360 ticks. Run it with `cargo
/// test --release -p pallet-compute -- --ignored --nocapture a_year`. `docs/numbers.md` has the
/// results.
#[test]
#[ignore = "takes ten minutes"]
fn a_year_with_1000_miners_and_10000_vms() {
	let (halving, initial, scale) = (90, 5_000 * ALPHA, 360);
	let (miners, vms, intervals) = (1_000, 10_000, 4 * 365);
	simulate(&Size { miners, vms, intervals, day: 4, halving, initial, scale });
}
