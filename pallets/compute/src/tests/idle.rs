//! Termination without further actions. After arbitrary actions of tenants, miners and the world,
//! all VMs end by themselves. No row is left and no unit is lost.

use hcc_primitives::{
	units::{Balance, ALPHA},
	Interval, LivenessStatus, Price, Tier,
};
use hcc_testing::{CurrentInterval, Fit, LivedIn, PriceForLeases, PriceForOrders};
use proptest::prelude::*;
use sp_runtime::DispatchResult;

use crate::{mock::*, *};

/// Ticks in an interval.
const TICKS: u32 = 10;
/// Number of ticks after which every VM has ended. An escrow that every action tops up lasts for
/// about 70 intervals, and a VM can be stopped for 600 ticks.
const PATIENCE: u32 = 2_000;
const TENANTS: [u8; 2] = [1, 2];
const MINERS: [u8; 2] = [10, 11];
/// All accounts with a balance.
const ALL: [u8; 7] = [1, 2, 10, 11, 12, 200, 201];
/// A second flavour, with more disk.
const WIDE: FlavourId = 2;
/// The maximum price of every VM, in 10⁻⁶ USD an hour.
const HIGHEST: u64 = 200_000;

/// A call of a tenant for one of its VMs.
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

/// An event outside the control of tenants and miners.
#[derive(Clone, Copy, Debug)]
enum Turn {
	/// α is worth `percent` hundredths of its usual price. The price can be unknown for running
	/// VMs, or for orders only.
	Price { leases: bool, orders: bool, percent: u64 },
	/// The liveness of a miner's chip in the current interval.
	Lives { miner: u8, lived: LivenessStatus },
	/// The outcome of all unsettled intervals.
	Judged { lived: LivenessStatus },
	/// The fitness of a miner's chip for VMs.
	Fit { miner: u8, fit: bool },
}

/// One action. `vm` selects one of the existing VMs.
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
	/// The miner does its duty: begins the boot, or submits the evidence.
	Serve {
		vm: u8,
	},
	/// The miner reports a crash.
	Crash {
		vm: u8,
	},
	Turn(Turn),
	Wait {
		count: u32,
	},
}

/// Returns a final liveness.
fn finding() -> impl Strategy<Value = LivenessStatus> {
	prop_oneof![Just(LivenessStatus::Live), Just(LivenessStatus::Lapsed)]
}

fn turn() -> impl Strategy<Value = Turn> {
	let miner = || prop::sample::select(MINERS.to_vec());
	prop_oneof![
		(any::<bool>(), any::<bool>(), 50..200u64)
			.prop_map(|(leases, orders, percent)| Turn::Price { leases, orders, percent }),
		(miner(), prop_oneof![finding(), Just(LivenessStatus::Unsettled)])
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

/// Sets up two miners with room for more than two VMs each, two flavours, and short intervals.
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
	Compute::set_flavour(RuntimeOrigin::root(), WIDE, Some(flavour))
		.expect("root can set flavours");
	CurrentInterval::set(Interval { index: 1, from: 1, length: TICKS, paid_from: 1 });
	SearchFee::set(1_234);
}

/// Performs an action. Calls that the state does not permit fail without effect.
fn perform(act: Act) {
	let _ = match act {
		Act::Order { tenant, named, more } => rent(tenant, named, more),
		Act::Wish { vm, wish } => fulfil(vm, wish),
		Act::Serve { vm } => serve(vm),
		Act::Crash { vm } => crash(vm),
		Act::Turn(turn) => {
			apply_turn(turn);
			Ok(())
		},
		Act::Wait { count } => {
			ticks(count);
			Ok(())
		},
	};
}

/// Orders a VM with an escrow for some intervals, which may be too small at the current price.
fn rent(tenant: u8, named: bool, more: u8) -> DispatchResult {
	let escrow = ALPHA / 30 + Balance::from(more) * ALPHA / 10_000;
	let mut order = OrderRequest { max_price: HIGHEST, ..small() };
	if named {
		order.miner = Choice::Named(account(MINERS[0]));
	}
	order_by(tenant, order, escrow)
}

/// Returns one of the existing VMs.
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
		VmState::Assigned { .. } => Compute::boot(miner, id),
		VmState::Booting { .. } => show(&miner, id),
		VmState::Attested { .. } => confirm(&miner, id),
		_ => Ok(()),
	}
}

fn crash(vm: u8) -> DispatchResult {
	let Some((id, vm)) = chosen(vm) else { return Ok(()) };
	let Some(place) = vm.place else { return Ok(()) };
	Compute::report_crash(RuntimeOrigin::signed(place.miner), id)
}

fn apply_turn(turn: Turn) {
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

/// Decides all unsettled intervals.
fn judge(found: LivenessStatus) {
	LivedIn::mutate(|all| {
		for (_, _, lived) in
			all.iter_mut().filter(|(_, _, lived)| *lived == LivenessStatus::Unsettled)
		{
			*lived = found;
		}
	});
}

fn tick_until_empty() {
	for _ in 0..PATIENCE {
		if Vms::<Test>::iter_keys().next().is_none() {
			return;
		}
		tick();
	}
	panic!("some VMs never end: {:?}", Vms::<Test>::iter().collect::<Vec<_>>());
}

fn assert_no_rows() {
	assert_eq!(Orders::<Test>::iter().count(), 0);
	assert_eq!(Agenda::<Test>::iter().count(), 0);
	assert_eq!(Boots::<Test>::iter().count(), 0);
	assert_eq!(Settlements::<Test>::iter().count(), 0);
	assert_eq!(VmsOfTenant::<Test>::iter().count(), 0);
	assert_eq!(VmsOfMiner::<Test>::iter().count(), 0);
	assert_eq!(AllottedCapacity::<Test>::iter().count(), 0);
	let removed = |event: &Event<Test>| matches!(event, Event::Removed { .. });
	assert_eq!(events().into_iter().filter(removed).count() as u64, LastId::<Test>::get());
}

/// Checks that no funds are on hold, and that the tenants' losses equal the payments, to the unit.
fn assert_conservation() {
	assert_eq!(ALL.map(held), [0; ALL.len()]);
	let paid = Compute::paid();
	let lost: Balance = TENANTS.map(|tenant| ENDOWMENT - free(tenant)).iter().sum();
	assert_eq!(lost, paid.settled);
	let gained: Balance = MINERS.map(|miner| free(miner) - ENDOWMENT).iter().sum();
	assert_eq!(gained, paid.miners);
	let pots = [200, 201].map(|pot| free(pot) - ENDOWMENT);
	assert_eq!(pots, [paid.validators, paid.treasury]);
}

/// Performs all actions, then waits until all VMs end. During this time, the price of α is `price`,
/// or unknown for `None`. Unsettled intervals become `lived`.
fn end(acts: Vec<Act>, price: Option<Price>, lived: LivenessStatus) {
	open_market();
	for act in acts {
		perform(act);
		tick();
	}
	judge(lived);
	PriceForLeases::set(price);
	PriceForOrders::set(price);
	tick_until_empty();
	assert_no_rows();
	assert_conservation();
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn all_vms_end_without_further_calls(done in acts(), lived in finding()) {
		run(|| end(done, Some(PRICE), lived));
	}

	/// Running VMs are stopped without a charge, stopped VMs are terminated, and settlement needs
	/// no price.
	#[test]
	fn all_vms_end_without_further_calls_or_price(
		done in acts(), lived in finding()
	) {
		run(|| end(done, None, lived));
	}
}

/// The actions that the other tests generate lead to running VMs.
#[test]
fn untended_vm_ends_when_escrow_is_used_up() {
	run(|| {
		let order = Act::Order { tenant: TENANTS[0], named: true, more: 0 };
		let serve = Act::Serve { vm: 0 };
		end(vec![order, Act::Wait { count: 1 }, serve, serve], Some(PRICE), LivenessStatus::Live);
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
