//! More pending reviews than a block has room for: the rest follows in later blocks, and no amount
//! is charged, paid or refunded twice.

use std::collections::BTreeMap;

use frame_support::assert_ok;
use hcc_primitives::{units::Balance, Interval, IntervalIndex, LivenessStatus, Tick};
use hcc_testing::{CurrentInterval, LivedIn, Now};

use crate::{mock::*, *};

/// Number of VMs: more than one batch of the agenda.
const VMS: u64 = 150;
/// Ticks in an interval.
const LENGTH: Tick = 10;
/// Number of reviews for which a block has room.
const ROOM: u64 = 4;
/// The miners. Each has every second VM.
const MINERS: [u8; 2] = [10, 11];

/// Charges, settlements or refunds of each VM: first interval, last interval, amount.
type Rows = BTreeMap<Id, Vec<(IntervalIndex, IntervalIndex, Balance)>>;

/// Sets up `VMS` running VMs, with a distance of `apart` between their ids. If the distance is the
/// length of an interval, all reviews have the same tick.
fn crowd(apart: u64) -> Vec<Id> {
	CurrentInterval::set(Interval { index: 1, from: 1, length: LENGTH, paid_from: 1 });
	enlist(MINERS[1]);
	for miner in MINERS {
		offer(miner, |offered| {
			offered.vcpus = 1_000;
			offered.memory = 1 << 21;
			offered.disk = 1 << 15;
		});
	}
	let orders = MINERS
		.map(|miner| OrderRequestOf::<Test> { miner: Choice::Named(account(miner)), ..small() });
	let ids: Vec<Id> = (0..VMS)
		.zip(orders.iter().cycle())
		.map(|(_, what)| {
			assert_ok!(order(what.clone()));
			let id = LastId::<Test>::get();
			LastId::<Test>::put(id + apart - 1);
			id
		})
		.collect();
	ticks(2);
	ids.iter().for_each(|id| boot(*id));
	ids
}

/// Advances by one block and one tick, with room for `vms` reviews.
fn block_for(vms: u64) {
	tick_within(Compute::attend_weight().saturating_mul(vms));
}

fn left() -> u64 {
	Vms::<Test>::iter_keys().count() as u64
}

/// Advances until no VM is left, with room for `ROOM` reviews a block. Returns the number of
/// blocks.
fn blocks_until_empty() -> u64 {
	let mut blocks = 0;
	while left() > 0 {
		let before = left();
		block_for(ROOM);
		assert!(before - left() <= ROOM, "a block makes no more reviews than fit");
		blocks += 1;
		assert!(blocks <= 2 * VMS, "no VM is stuck");
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

fn refunded() -> Rows {
	let mut rows = Rows::new();
	for event in events() {
		if let Event::Refunded { vm, first, last, amount, .. } = event {
			rows.entry(vm).or_default().push((first, last, amount));
		}
	}
	rows
}

/// Returns the number of slots for which a VM was charged in total.
fn ticks_of(id: Id) -> Tick {
	let slots = |event| match event {
		Event::Charged { vm, slots, .. } if vm == id => slots,
		_ => 0,
	};
	events().into_iter().map(slots).sum()
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Vec<(u32, u32, Balance)>>) -> Balance {
	rows.into_iter().flatten().map(|(_, _, amount)| amount).sum()
}

#[test]
fn backlog_is_settled_once_per_vm() {
	run(|| {
		let ids = crowd(LENGTH.into());
		let boots = Compute::paid().settled;
		assert_eq!(boots, Balance::from(VMS) * boot_fee());
		LivedIn::set(vec![(chip_of(MINERS[1]), 1, LivenessStatus::Lapsed)]);
		ticks(3);
		for id in &ids {
			assert_ok!(Compute::terminate(signed(TENANT), *id));
		}
		assert_eq!(left(), VMS, "no charge is settled yet");
		let due = vm(ids[0]).look;
		assert!(ids.iter().all(|id| vm(*id).look == due), "all reviews have the same tick");

		let blocks = blocks_until_empty();
		assert!(blocks >= VMS / ROOM, "{blocks} blocks");
		// Reading the agenda takes a part of the room.
		assert!(blocks <= VMS.div_ceil(ROOM - 1) + u64::from(LENGTH), "{blocks} blocks");

		let one = vec![(1, 1, worth(3))];
		let (settled, refunded) = (settled(), refunded());
		for (at, id) in ids.iter().enumerate() {
			let (paid, back) = (settled.get(id), refunded.get(id));
			let live = at.is_multiple_of(2);
			assert_eq!((paid, back), if live { (Some(&one), None) } else { (None, Some(&one)) });
		}
		assert_eq!(charged().values().filter(|rows| **rows == one).count() as u64, VMS);
		let half = Balance::from(VMS / 2) * worth(3);
		let paid = Compute::paid();
		assert_eq!((paid.settled - boots, paid.refunded), (half, half));
		assert_eq!((sum(settled.values()), sum(refunded.values())), (half, half));
		assert_eq!(paid.settled, paid.miners + paid.validators + paid.treasury + paid.burned);
		assert_eq!((held(TENANT), ENDOWMENT - free(TENANT)), (0, paid.settled));
	});
}

#[test]
fn backlog_of_running_vms_charges_each_tick_once() {
	run(|| {
		let ids = crowd(1);
		let began = Now::get();
		// Fifteen reviews are pending in each tick, and there is room for four.
		for _ in 0..20 * LENGTH {
			block_for(ROOM);
		}
		let lags = charged().into_values().flatten().map(|(first, last, _)| last - first).max();
		assert!(
			lags.is_some_and(|lag| (2..=6).contains(&lag)),
			"reviews are late by a few intervals"
		);
		// Blocks have room for all reviews again.
		(0..2 * LENGTH).for_each(|_| block_for(2 * VMS));
		let ran = Now::get() - began;
		for id in &ids {
			assert_ok!(Compute::terminate(signed(TENANT), *id));
		}
		(0..2 * LENGTH).for_each(|_| block_for(2 * VMS));
		assert_eq!(left(), 0);

		let (charged, settled) = (charged(), settled());
		assert_eq!(charged, settled, "each charge is settled once, with its amount");
		assert_eq!(charged.keys().copied().collect::<Vec<_>>(), ids);
		for rows in charged.values() {
			assert_eq!(rows[0].0, 1, "charges begin with the first interval");
			assert!(
				rows.windows(2).all(|of| of[0].1 + 1 == of[1].0),
				"charges have no gap: {rows:?}"
			);
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

/// A late review charges the same as a punctual review, so load by other tenants does not change a
/// VM's price.
#[test]
fn late_review_costs_nothing() {
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
	// Each charge is rounded down on its own.
	assert!(late >= at_once && late - at_once <= Balance::from(VMS * 12), "{late}, {at_once}");
}
