//! More VMs owe at once than a block has room for: what is left is looked after in the blocks that follow, and nothing is charged, paid or given back twice.

use std::collections::BTreeMap;

use frame_support::assert_ok;
use hcc_primitives::{
	mock::{CurrentInterval, LivedIn, Now},
	units::Balance,
	Interval, IntervalIndex, Lived, Tick,
};

use crate::{mock::*, *};

/// How many VMs there are: more than are taken from the agenda at once.
const VMS: u64 = 150;
/// How many ticks an interval has.
const LENGTH: Tick = 10;
/// How many VMs a block has room for.
const ROOM: u64 = 4;
/// The miners: each has every second VM.
const MINERS: [u8; 2] = [10, 11];

/// What was charged of a VM, or settled, and for how many ticks.
type Rows = BTreeMap<Id, Vec<(IntervalIndex, IntervalIndex, Balance)>>;

/// So many VMs that run since this tick. Their numbers are `apart` from each other: those of which it is an interval's length are all due at the same tick.
fn crowd(apart: u64) -> Vec<Id> {
	CurrentInterval::set(Interval { index: 1, from: 1, length: LENGTH });
	enlist(MINERS[1]);
	for miner in MINERS {
		offer(miner, |offered| {
			offered.vcpus = 1_000;
			offered.memory = 1 << 21;
			offered.disk = 1 << 15;
		});
	}
	let orders =
		MINERS.map(|miner| OrderOf::<Test> { miner: Choice::Named(account(miner)), ..small() });
	let ids: Vec<Id> = (0..VMS)
		.zip(orders.iter().cycle())
		.map(|(_, what)| {
			assert_ok!(order(what.clone()));
			let id = LastId::<Test>::get();
			LastId::<Test>::put(id + apart - 1);
			id
		})
		.collect();
	tick();
	ids.iter().for_each(|id| boot(*id));
	ids
}

/// Goes one block and one tick on, as `tick` does, with room for some VMs.
fn block_for(vms: u64) {
	tick_within(Compute::attend_weight().saturating_mul(vms));
}

fn left() -> u64 {
	Vms::<Test>::iter_keys().count() as u64
}

/// Blocks until no VM is left. Gives how many there were, each with room for no more than some.
fn blocks_until_all_are_gone() -> u64 {
	let mut blocks = 0;
	while left() > 0 {
		let before = left();
		block_for(ROOM);
		assert!(before - left() <= ROOM, "a block looks after no more than it has room for");
		blocks += 1;
		assert!(blocks <= 2 * VMS, "nothing is stuck");
	}
	blocks
}

fn charged() -> Rows {
	let mut rows = Rows::new();
	for event in events() {
		if let Event::Charged { vm, first, last, amount, .. } = event {
			rows.entry(vm).or_default().push((first, last, amount));
		}
	}
	rows
}

fn settled() -> Rows {
	let mut rows = Rows::new();
	for event in events() {
		let Event::Settled {
			vm, first, last, to_miner, to_validators, to_treasury, burned, ..
		} = event
		else {
			continue;
		};
		let amount = to_miner + to_validators + to_treasury + burned;
		rows.entry(vm).or_default().push((first, last, amount));
	}
	rows
}

fn given_back() -> Rows {
	let mut rows = Rows::new();
	for event in events() {
		if let Event::Refunded { vm, first, last, amount, .. } = event {
			rows.entry(vm).or_default().push((first, last, amount));
		}
	}
	rows
}

/// For how many ticks a VM was charged, all together.
fn ticks_of(id: Id) -> Tick {
	let ticks = |event| match event {
		Event::Charged { vm, ticks, .. } if vm == id => ticks,
		_ => 0,
	};
	events().into_iter().map(ticks).sum()
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Vec<(u32, u32, Balance)>>) -> Balance {
	rows.into_iter().flatten().map(|(_, _, amount)| amount).sum()
}

#[test]
fn what_all_owe_at_once_is_settled_or_given_back_block_by_block_each_once() {
	run(|| {
		let ids = crowd(LENGTH.into());
		let boots = Compute::paid().settled;
		assert_eq!(boots, Balance::from(VMS) * boot_fee());
		LivedIn::set(vec![(chip_of(MINERS[1]), 1, Lived::Lapsed)]);
		ticks(3);
		for id in &ids {
			assert_ok!(Compute::terminate(signed(TENANT), *id));
		}
		assert_eq!(left(), VMS, "nothing is certain yet");
		let due = vm(ids[0]).look;
		assert!(ids.iter().all(|id| vm(*id).look == due), "all are due at the same tick");

		let blocks = blocks_until_all_are_gone();
		assert!(blocks >= VMS / ROOM, "{blocks} blocks");
		// Less what it takes to look.
		assert!(blocks <= VMS.div_ceil(ROOM - 1) + u64::from(LENGTH), "{blocks} blocks");

		let one = vec![(1, 1, worth(3))];
		let (settled, given_back) = (settled(), given_back());
		for (at, id) in ids.iter().enumerate() {
			let (paid, back) = (settled.get(id), given_back.get(id));
			let live = at.is_multiple_of(2);
			assert_eq!((paid, back), if live { (Some(&one), None) } else { (None, Some(&one)) });
		}
		assert_eq!(charged().values().filter(|rows| **rows == one).count() as u64, VMS);
		let half = Balance::from(VMS / 2) * worth(3);
		let paid = Compute::paid();
		assert_eq!((paid.settled - boots, paid.refunded), (half, half));
		assert_eq!((sum(settled.values()), sum(given_back.values())), (half, half));
		assert_eq!(paid.settled, paid.miners + paid.validators + paid.treasury + paid.burned);
		assert_eq!((held(TENANT), ENDOWMENT - free(TENANT)), (0, paid.settled));
	});
}

#[test]
fn vms_that_run_on_while_blocks_have_no_room_for_them_pay_for_each_tick_once() {
	run(|| {
		let ids = crowd(1);
		let began = Now::get();
		// Fifteen are due in each tick, and there is room for four.
		for _ in 0..20 * LENGTH {
			block_for(ROOM);
		}
		let lags = charged().into_values().flatten().map(|(first, last, _)| last - first).max();
		assert!(lags.is_some_and(|lag| (2..=6).contains(&lag)), "they wait, and not for long");
		// There is room again.
		(0..2 * LENGTH).for_each(|_| block_for(2 * VMS));
		let ran = Now::get() - began;
		for id in &ids {
			assert_ok!(Compute::terminate(signed(TENANT), *id));
		}
		(0..2 * LENGTH).for_each(|_| block_for(2 * VMS));
		assert_eq!(left(), 0);

		let (charged, settled) = (charged(), settled());
		assert_eq!(charged, settled, "all that was charged is settled, once and as it was");
		assert_eq!(charged.keys().copied().collect::<Vec<_>>(), ids);
		for rows in charged.values() {
			assert_eq!(rows[0].0, 1, "from the first interval on");
			assert!(rows.windows(2).all(|of| of[0].1 + 1 == of[1].0), "without a gap: {rows:?}");
		}
		for id in [ids[0], ids[1], ids[VMS as usize / 2], ids[VMS as usize - 1]] {
			assert_eq!(ticks_of(id), ran, "vm {id}");
		}
		let paid = Compute::paid();
		assert_eq!(sum(settled.values()), paid.settled - Balance::from(VMS) * boot_fee());
		assert_eq!(paid.refunded, 0);
		assert_eq!((held(TENANT), ENDOWMENT - free(TENANT)), (0, paid.settled));
	});
}

/// Whoever is looked after late is charged what it would have been: a VM pays no more and no less for what others have a block do.
#[test]
fn to_wait_for_room_costs_a_vm_nothing() {
	let paid = |room: u64| {
		let mut paid = 0;
		run(|| {
			let ids = crowd(1);
			(0..10 * LENGTH).for_each(|_| block_for(room));
			(0..LENGTH).for_each(|_| block_for(2 * VMS));
			for id in &ids {
				assert_ok!(Compute::terminate(signed(TENANT), *id));
			}
			(0..2 * LENGTH).for_each(|_| block_for(2 * VMS));
			assert_eq!(left(), 0);
			paid = Compute::paid().settled;
		});
		paid
	};
	let (late, at_once) = (paid(ROOM), paid(2 * VMS));
	// Each interval that is charged apart is rounded down apart.
	assert!(late >= at_once && late - at_once <= Balance::from(VMS * 12), "{late}, {at_once}");
}
