//! A market as it may go on for long: tenants come and go, miners fail and vanish, α moves, guests lack what they pay for, eras bring new α. Every unit stays somewhere.

use frame_support::{
	traits::{
		fungible::{Inspect, InspectHold},
		Hooks,
	},
	weights::WeightMeter,
};
use hcc_primitives::{
	mock::{
		register, Asked, CurrentInterval, Fit, Lacked, LivedIn, Now, Offering, PriceForLeases,
		PriceForOrders, Settled,
	},
	units::{Balance, ALPHA},
	Interval, Lived, Offered, Tier,
};
use pallet_emission::EraIndex;
use sp_io::hashing::blake2_256;
use sp_runtime::{AccountId32, Perbill};

use crate::{mock::*, *};

/// How large a market, and for how long.
struct Size {
	miners: u32,
	vms: u32,
	intervals: u32,
	/// How many of them a day has, and with it an era.
	day: u32,
	/// After how many eras their budget is halved, and the first one.
	halving: u32,
	initial: Balance,
	/// How many ticks of a VM one tick here stands for: prices are so many times those of the list.
	scale: u32,
}

/// How many ticks an interval has here.
const TICKS: u32 = 10;
/// What each tenant begins with.
const WEALTH: Balance = 1_000 * ALPHA;

/// Numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
	fn below(&mut self, below: u32) -> u32 {
		self.0 += 1;
		let hash = blake2_256(&self.0.to_le_bytes());
		u32::from_le_bytes(hash[..4].try_into().expect("four")) % below
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
	// In block 0 no events are kept: to forget them takes as long as all that was ever stored.
	System::set_block_number(0);
	Fit::set(vec![]);
	Offering::set(vec![]);
	for number in 0..size.miners {
		register(miner(number), vec![chip(number)], None);
		endow(&miner(number), ALPHA);
		let ask = 800 + (number % 5) as u16 * 100;
		let offered = Offered { region: 276, vcpus: 64, memory: 1 << 18, disk: 4_000, ask };
		Offering::mutate(|all| all.push((miner(number), offered)));
		Fit::mutate(|all| all.push((chip(number), Tier::Regular)));
	}
	for number in 0..size.vms {
		endow(&tenant(number), WEALTH);
	}
	MockRules::mutate(|rules| {
		let list = &mut rules.list;
		for price in [&mut list.vcpu, &mut list.memory, &mut list.disk, &mut list.egress] {
			*price *= size.scale;
		}
	});
	CurrentInterval::set(Interval { index: 1, from: 1, length: TICKS });
}

/// Each tenant has a VM at the most, of the same number from order to order.
fn tenant_acts(size: &Size, number: u32, vm: Option<Id>, chance: &mut Chance) {
	let origin = RuntimeOrigin::signed(tenant(number));
	let Some(id) = vm else {
		if chance.one_in(3) {
			// It may be too little at the price of today.
			let escrow = ALPHA / 2 + ALPHA * Balance::from(chance.below(10));
			let order = small();
			let order = Order { max_price: order.max_price * u64::from(size.scale), ..order };
			let _ = Compute::order(origin, Box::new(order), escrow);
		}
		return;
	};
	// What cannot be done now is refused, and changes nothing.
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

/// Its miner does what it should, most of the time.
fn miner_acts(id: Id, chance: &mut Chance) {
	let Some(vm) = Compute::vm(id) else { return };
	let Some(place) = vm.place.clone() else { return };
	let origin = RuntimeOrigin::signed(place.miner);
	if chance.one_in(12) {
		return;
	}
	let _ = match vm.state {
		// Most VMs have shown their boot before a tick is over.
		State::Assigned { .. } => {
			let begun = Compute::boot(origin.clone(), id);
			if begun.is_ok() && !chance.one_in(12) {
				let _ = Compute::attest(origin, Box::new(evidence(id)));
			}
			begun
		},
		State::Booting { .. } => Compute::attest(origin, Box::new(evidence(id))),
		State::Running { .. } if chance.one_in(50) => Compute::report_crash(origin, id),
		_ => Ok(()),
	};
}

/// α moves, and chips lapse or are told of later.
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
			age < 20 && (*lived == Lived::Lapsed || age < 4)
		});
		for number in 0..size.miners {
			match chance.below(30) {
				0 => all.push((chip(number), now, Lived::Lapsed)),
				1 => all.push((chip(number), now, Lived::Unsettled)),
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
		CurrentInterval::set(Interval { index: last.index + 1, from: Now::get(), ..last });
	}
	Compute::on_poll(next, &mut WeightMeter::new());
	Emission::on_poll(next, &mut WeightMeter::new());
}

/// Most miners claim what an era that is over has for them.
fn claim(size: &Size, era: EraIndex, chance: &mut Chance) {
	for number in (0..size.miners).filter(|_| !chance.one_in(10)) {
		let origin = RuntimeOrigin::signed(tenant(0));
		let _ = Emission::claim(origin, era, miner(number));
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
				// A tenth of them in each tick.
				for number in (tick..size.vms).step_by(TICKS as usize) {
					let vm = Rented::<Test>::iter_key_prefix(tenant(number)).next();
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
		// All give up, and all is settled.
		for (id, vm) in Vms::<Test>::iter().collect::<Vec<_>>() {
			let _ = Compute::terminate(RuntimeOrigin::signed(vm.tenant), id);
		}
		LivedIn::set(vec![]);
		(0..3 * TICKS).for_each(|_| next_tick());
		assert_eq!(Vms::<Test>::iter().count(), 0, "nothing is stuck");
		assert_eq!(Used::<Test>::iter().count(), 0);
		for number in 0..size.vms {
			assert_eq!(Balances::total_balance_on_hold(&tenant(number)), 0);
		}
		let paid = Compute::paid();
		assert!(paid.settled > 0 && paid.refunded > 0 && paid.burned > 0);
		Emission::do_try_state().expect("the invariants hold");
		let brought = Emission::brought();
		assert!(brought.claimed > 0 && brought.burned > 0, "some is claimed, and some is not");
		assert_eq!(before + made() - wealth(size), paid.burned, "to the last unit");
		assert_eq!(issued + made() - Balances::total_issuance(), paid.burned);
		println!("{} VMs ever, {paid:?}, {brought:?}", LastId::<Test>::get());
	});
}

#[test]
fn a_market_conserves_every_unit() {
	let (halving, initial, scale) = (4, ALPHA / 2, 1);
	simulate(&Size { miners: 12, vms: 60, intervals: 300, day: 24, halving, initial, scale });
}

/// A year, of which an interval is a quarter of a day: a tick stands for 360. Takes long: `cargo test --release -p pallet-compute -- --ignored --nocapture a_year`; what it came to is in docs/numbers.md.
#[test]
#[ignore = "takes ten minutes"]
fn a_year_of_a_thousand_miners_and_ten_thousand_vms() {
	let (halving, initial, scale) = (90, 5_000 * ALPHA, 360);
	let (miners, vms, intervals) = (1_000, 10_000, 4 * 365);
	simulate(&Size { miners, vms, intervals, day: 4, halving, initial, scale });
}
