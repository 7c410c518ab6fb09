//! Whatever tenants, miners and the world have done: once nobody does anything any more, all ends by itself, nothing is left of it, and no unit is lost.

use hcc_primitives::{
	mock::{CurrentInterval, Fit, LivedIn, PriceForLeases, PriceForOrders},
	units::{Balance, ALPHA},
	Interval, Lived, Price, Tier,
};
use proptest::prelude::*;
use sp_runtime::DispatchResult;

use crate::{mock::*, *};

/// How many ticks an interval has here.
const TICKS: u32 = 10;
/// Longer than anything lasts, in ticks: an escrow that every act has topped up is used up in some 70 intervals, and a VM is stopped for 600 ticks.
const PATIENCE: u32 = 2_000;
const TENANTS: [u8; 2] = [1, 2];
const MINERS: [u8; 2] = [10, 11];
/// Everybody who has money here.
const ALL: [u8; 7] = [1, 2, 10, 11, 12, 200, 201];
/// Another flavour: with more disk.
const WIDE: FlavourId = 2;
/// The highest price of every VM, in 10⁻⁶ USD an hour.
const HIGHEST: u64 = 200_000;

/// What a tenant does with one of its VMs.
#[derive(Clone, Copy, Debug)]
enum Wish {
	TopUp,
	Stop,
	Start,
	Reboot,
	Resize,
	Terminate,
}

const WISHES: [Wish; 6] =
	[Wish::TopUp, Wish::Stop, Wish::Start, Wish::Reboot, Wish::Resize, Wish::Terminate];

/// What becomes of the world.
#[derive(Clone, Copy, Debug)]
enum Turn {
	/// α is worth so many hundredths of the usual; or nobody knows, for what runs or for what is new.
	Price { leases: bool, orders: bool, percent: u64 },
	/// What becomes of a miner's chip in the interval of now.
	Lives { miner: u8, lived: Lived },
	/// What was being judged is found.
	Judged { lived: Lived },
	/// Whether a miner's chip has proven itself.
	Fit { miner: u8, fit: bool },
}

/// Something that is done. Of the VMs that are there, `vm` chooses one.
#[derive(Clone, Copy, Debug)]
enum Act {
	Order {
		tenant: u8,
		named: bool,
		more: u8,
	},
	Wish {
		vm: u8,
		wish: Wish,
	},
	/// Its miner does what it is to do: begins its boot, or shows the evidence.
	Serve {
		vm: u8,
	},
	/// Its miner says that it has crashed.
	Crash {
		vm: u8,
	},
	Turn(Turn),
	Wait {
		count: u32,
	},
}

/// What verdicts come to.
fn finding() -> impl Strategy<Value = Lived> {
	prop_oneof![Just(Lived::Live), Just(Lived::Lapsed)]
}

fn turn() -> impl Strategy<Value = Turn> {
	let miner = || prop::sample::select(MINERS.to_vec());
	prop_oneof![
		(any::<bool>(), any::<bool>(), 50..200u64)
			.prop_map(|(leases, orders, percent)| Turn::Price { leases, orders, percent }),
		(miner(), prop_oneof![finding(), Just(Lived::Unsettled)])
			.prop_map(|(miner, lived)| Turn::Lives { miner, lived }),
		finding().prop_map(|lived| Turn::Judged { lived }),
		(miner(), any::<bool>()).prop_map(|(miner, fit)| Turn::Fit { miner, fit }),
	]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
	let tenant = prop::sample::select(TENANTS.to_vec());
	let wish = prop::sample::select(WISHES.to_vec());
	let act = prop_oneof![
		4 => (tenant, any::<bool>(), any::<u8>())
			.prop_map(|(tenant, named, more)| Act::Order { tenant, named, more }),
		4 => (any::<u8>(), wish).prop_map(|(vm, wish)| Act::Wish { vm, wish }),
		8 => any::<u8>().prop_map(|vm| Act::Serve { vm }),
		1 => any::<u8>().prop_map(|vm| Act::Crash { vm }),
		4 => turn().prop_map(Act::Turn),
		3 => (1..30u32).prop_map(|count| Act::Wait { count }),
	];
	prop::collection::vec(act, 0..60)
}

/// Two miners with room for more than two VMs each, two flavours, short intervals.
fn open_market() {
	enlist(MINERS[1]);
	for miner in MINERS {
		offer(miner, |offered| {
			offered.vcpus = 12;
			offered.memory = 1 << 15;
			offered.disk = 400;
		});
	}
	let allotted = Allotment { disk: 150, ..ALLOTTED };
	let flavour = Flavour { name: Default::default(), allotted };
	Compute::set_flavour(RuntimeOrigin::root(), WIDE, Some(flavour)).expect("root may");
	CurrentInterval::set(Interval { index: 1, from: 1, length: TICKS });
}

/// What cannot be done now is refused, and changes nothing.
fn perform(act: Act) {
	let _ = match act {
		Act::Order { tenant, named, more } => rent(tenant, named, more),
		Act::Wish { vm, wish } => fulfil(vm, wish),
		Act::Serve { vm } => serve(vm),
		Act::Crash { vm } => crash(vm),
		Act::Turn(turn) => {
			come_to(turn);
			Ok(())
		},
		Act::Wait { count } => {
			ticks(count);
			Ok(())
		},
	};
}

/// An escrow for some intervals: it may be too little at the price of now.
fn rent(tenant: u8, named: bool, more: u8) -> DispatchResult {
	let escrow = ALPHA / 30 + Balance::from(more) * ALPHA / 10_000;
	let mut order = Order { max_price: HIGHEST, ..small() };
	if named {
		order.miner = Choice::Named(account(MINERS[0]));
	}
	Compute::order(signed(tenant), Box::new(order), escrow)
}

/// One of the VMs that are there.
fn chosen(vm: u8) -> Option<(Id, VmOf<Test>)> {
	let mut all: Vec<_> = Vms::<Test>::iter().collect();
	all.sort_by_key(|(id, _)| *id);
	let at = usize::from(vm).checked_rem(all.len())?;
	all.into_iter().nth(at)
}

fn fulfil(vm: u8, wish: Wish) -> DispatchResult {
	let Some((id, vm)) = chosen(vm) else { return Ok(()) };
	let tenant = RuntimeOrigin::signed(vm.tenant);
	match wish {
		Wish::TopUp => Compute::top_up(tenant, id, ALPHA / 500),
		Wish::Stop => Compute::stop(tenant, id),
		Wish::Start => Compute::start(tenant, id),
		Wish::Reboot => Compute::reboot(tenant, id),
		Wish::Resize => Compute::resize(tenant, id, WIDE, HIGHEST),
		Wish::Terminate => Compute::terminate(tenant, id),
	}
}

fn serve(vm: u8) -> DispatchResult {
	let Some((id, vm)) = chosen(vm) else { return Ok(()) };
	let Some(place) = vm.place else { return Ok(()) };
	let miner = RuntimeOrigin::signed(place.miner);
	match vm.state {
		State::Assigned { .. } => Compute::boot(miner, id),
		State::Booting { .. } => Compute::attest(miner, Box::new(evidence(id))),
		_ => Ok(()),
	}
}

fn crash(vm: u8) -> DispatchResult {
	let Some((id, vm)) = chosen(vm) else { return Ok(()) };
	let Some(place) = vm.place else { return Ok(()) };
	Compute::report_crash(RuntimeOrigin::signed(place.miner), id)
}

fn come_to(turn: Turn) {
	match turn {
		Turn::Price { leases, orders, percent } => {
			let price = leases.then_some(PRICE * percent / 100);
			PriceForLeases::set(price);
			PriceForOrders::set(price.filter(|_| orders));
		},
		Turn::Lives { miner, lived } => {
			let (chip, now) = (chip_of(miner), CurrentInterval::get().index);
			LivedIn::mutate(|all| {
				all.retain(|(of, interval, _)| (*of, *interval) != (chip, now));
				all.push((chip, now, lived));
			});
		},
		Turn::Judged { lived } => judge(lived),
		Turn::Fit { miner, fit } => Fit::mutate(|all| {
			all.retain(|(chip, _)| *chip != chip_of(miner));
			if fit {
				all.push((chip_of(miner), Tier::Regular));
			}
		}),
	}
}

/// No verdict is open any more.
fn judge(found: Lived) {
	LivedIn::mutate(|all| {
		for (_, _, lived) in all.iter_mut().filter(|(_, _, lived)| *lived == Lived::Unsettled) {
			*lived = found;
		}
	});
}

fn until_all_is_gone() {
	for _ in 0..PATIENCE {
		if Vms::<Test>::iter_keys().next().is_none() {
			return;
		}
		tick();
	}
	panic!("it never ends: {:?}", Vms::<Test>::iter().collect::<Vec<_>>());
}

fn nothing_is_left() {
	assert_eq!(Orders::<Test>::iter().count(), 0);
	assert_eq!(Agenda::<Test>::iter().count(), 0);
	assert_eq!(Boots::<Test>::iter().count(), 0);
	assert_eq!(Settlements::<Test>::iter().count(), 0);
	assert_eq!(Rented::<Test>::iter().count(), 0);
	assert_eq!(Hosted::<Test>::iter().count(), 0);
	assert_eq!(Used::<Test>::iter().count(), 0);
	let removed = |event: &Event<Test>| matches!(event, Event::Removed { .. });
	assert_eq!(events().into_iter().filter(removed).count() as u64, LastId::<Test>::get());
}

/// Nothing is on hold for anybody, and what tenants have lost is what was paid, to the unit.
fn every_unit_is_where_it_was_paid_to() {
	assert_eq!(ALL.map(held), [0; ALL.len()]);
	let paid = Compute::paid();
	let lost: Balance = TENANTS.map(|tenant| ENDOWMENT - free(tenant)).iter().sum();
	assert_eq!(lost, paid.settled);
	let gained: Balance = MINERS.map(|miner| free(miner) - ENDOWMENT).iter().sum();
	assert_eq!(gained, paid.miners);
	let pots = [200, 201].map(|pot| free(pot) - ENDOWMENT);
	assert_eq!(pots, [paid.validators, paid.treasury]);
}

/// Has all that done, and nothing more from then on: at that price of α, or while nobody knows one. What was being judged by then comes to `lived`.
fn end(acts: Vec<Act>, price: Option<Price>, lived: Lived) {
	open_market();
	for act in acts {
		perform(act);
		tick();
	}
	judge(lived);
	PriceForLeases::set(price);
	PriceForOrders::set(price);
	until_all_is_gone();
	nothing_is_left();
	every_unit_is_where_it_was_paid_to();
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn whatever_was_done_all_ends_by_itself(done in acts(), lived in finding()) {
		run(|| end(done, Some(PRICE), lived));
	}

	/// What runs is stopped and not charged, what is stopped is given up, and to settle what is owed takes no price.
	#[test]
	fn whatever_was_done_all_ends_by_itself_where_nobody_knows_the_price_any_more(
		done in acts(), lived in finding()
	) {
		run(|| end(done, None, lived));
	}
}

/// Acts as the others are drawn from lead to VMs that run.
#[test]
fn a_vm_that_nobody_tends_runs_as_long_as_its_escrow_lasts_and_is_given_up_after_that() {
	run(|| {
		let order = Act::Order { tenant: TENANTS[0], named: true, more: 0 };
		let serve = Act::Serve { vm: 0 };
		end(vec![order, serve, serve], Some(PRICE), Lived::Live);
		let events = events();
		let paid = |event: &&Event<Test>| matches!(event, Event::Settled { .. });
		assert!(events.iter().filter(paid).count() > 3);
		assert!(events.contains(&Event::Stopped { vm: 1, why: StopReason::Unfunded }));
		let given_up = |event: &Event<Test>| {
			matches!(event, Event::Terminated { why: EndReason::Abandoned, .. })
		};
		assert!(events.iter().any(given_up));
	});
}
