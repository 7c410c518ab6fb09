//! What is kept of VMs that are stopped, and what it costs.

use frame_support::{assert_noop, assert_ok};
use hcc_primitives::{
	mock::{Fit, Now, PriceForLeases},
	units::{Balance, DAYS, HOURS},
};
use proptest::prelude::*;

use crate::{kept::lasts, mock::*, *};

/// What the disk of a small VM costs for so many ticks.
fn disk(count: u32) -> Balance {
	let rate = price::rate(&ALLOTTED.disk_alone(), &LIST, 1_000);
	price::cost(rate, count, PRICE).expect("there is a price")
}

fn stopped() -> Id {
	let id = running();
	assert_ok!(Compute::stop(signed(TENANT), id));
	id
}

fn until(id: Id) -> u32 {
	match state(id) {
		State::Stopped { until, .. } => until,
		other => panic!("{other:?}"),
	}
}

#[test]
fn a_vm_that_is_stopped_keeps_its_disk_and_nothing_else() {
	run(|| {
		let id = running();
		assert_eq!(Compute::used_of(account(10)), ALLOTTED);
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_eq!(Compute::used_of(account(10)), ALLOTTED.disk_alone());
		assert_ok!(Compute::start(signed(TENANT), id));
		assert_eq!(Compute::used_of(account(10)), ALLOTTED);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
	});
}

#[test]
fn nobody_keeps_a_miner_from_work_by_what_is_stopped() {
	run(|| {
		// Disk enough; processors and memory for two.
		offer(10, |offered| offered.disk = 1_000);
		let idle: Vec<Id> = (0..2).map(|_| stopped()).collect();
		let working: Vec<Id> = (0..2).map(|_| running()).collect();
		assert!(working.iter().all(|id| miner_of(*id) == 10));
		assert_noop!(Compute::start(signed(TENANT), idle[0]), Error::<Test>::NoRoom);
		assert_ok!(Compute::terminate(signed(TENANT), working[0]));
		assert_ok!(Compute::start(signed(TENANT), idle[0]));
		assert_noop!(Compute::start(signed(TENANT), idle[1]), Error::<Test>::NoRoom);
	});
}

#[test]
fn the_disk_is_paid_for_when_the_vm_starts_again() {
	run(|| {
		let id = stopped();
		ticks(70);
		let (escrow, paid) = (vm(id).escrow, Compute::paid());
		assert_ok!(Compute::start(signed(TENANT), id));
		assert_eq!(escrow - vm(id).escrow, disk(70));
		let all = Compute::paid();
		assert_eq!(all.settled - paid.settled, disk(70));
		assert!(all.miners > paid.miners && all.burned > paid.burned, "it is divided as all else");
		System::assert_has_event(
			Event::DiskPaid {
				vm: id,
				miner: account(10),
				ticks: 70,
				amount: disk(70),
				price: PRICE,
			}
			.into(),
		);
	});
}

#[test]
fn it_is_paid_for_where_the_vm_is_given_up_as_well() {
	run(|| {
		let id = stopped();
		ticks(30);
		let before = Compute::paid().settled;
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(Compute::paid().settled - before, disk(30));
		let id = stopped();
		intervals(2);
		let before = Compute::paid().settled;
		ticks(RULES.stopped);
		assert_eq!(Compute::vm(id), None);
		assert_eq!(Compute::paid().settled - before, disk(RULES.stopped + 1));
	});
}

#[test]
fn a_miner_that_no_chip_vouches_for_is_paid_for_no_disk() {
	run(|| {
		let id = stopped();
		ticks(30);
		Fit::set(vec![]);
		let before = Compute::paid().settled;
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(Compute::paid().settled, before);
	});
}

#[test]
fn nothing_is_told_of_a_disk_for_which_nothing_is_owed() {
	run(|| {
		let told = || events().iter().any(|event| matches!(event, Event::DiskPaid { .. }));
		let id = stopped();
		assert_ok!(Compute::start(signed(TENANT), id));
		assert!(!told(), "no time has passed");
		boot(id);
		assert_ok!(Compute::stop(signed(TENANT), id));
		tick();
		assert_ok!(Compute::start(signed(TENANT), id));
		assert!(told());
	});
}

#[test]
fn a_vm_is_kept_as_long_as_its_escrow_pays_for_the_disk_and_for_a_day() {
	run(|| {
		MockRules::set(Rules { stopped: 1_000_000, ..RULES });
		let id = running();
		let poor = PRICE / 1_000;
		PriceForLeases::set(Some(poor));
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_eq!(until(id), Now::get() + DAYS, "its escrow is worth little");
		PriceForLeases::set(Some(PRICE));
		assert_ok!(Compute::top_up(signed(TENANT), id, 1));
		let paid_for = lasts(vm(id).escrow, disk(HOURS));
		assert!(paid_for > DAYS);
		assert_eq!(until(id), Now::get() + paid_for);
		// Nothing that becomes of prices or rules makes it shorter than was told.
		PriceForLeases::set(Some(poor));
		assert_ok!(Compute::top_up(signed(TENANT), id, 1));
		assert_eq!(until(id), Now::get() + paid_for);
	});
}

#[test]
fn where_nobody_knows_the_price_a_vm_is_kept_as_long_as_any() {
	run(|| {
		MockRules::set(Rules { stopped: 5 * DAYS, ..RULES });
		let id = running();
		PriceForLeases::set(None);
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_eq!(until(id), Now::get() + 5 * DAYS);
	});
}

#[test]
fn a_larger_disk_is_kept_no_longer_than_the_escrow_pays_for_it() {
	run(|| {
		MockRules::set(Rules { stopped: 1_000_000, ..RULES });
		offer(10, |offered| offered.disk = 1_000_000);
		for (flavour, disk) in [(7, 1_900), (8, 900_000)] {
			let allotted = Allotment { disk, ..ALLOTTED };
			let of = Flavour { name: Default::default(), allotted };
			assert_ok!(Compute::set_flavour(RuntimeOrigin::root(), flavour, Some(of)));
		}
		let id = stopped();
		assert!(until(id) > Now::get() + 2 * DAYS);
		let resize = |flavour| Compute::resize(signed(TENANT), id, flavour, 1_000_000_000);
		// A day it must be paid for, or it could be kept for nothing, resized day by day.
		assert_noop!(resize(8), Error::<Test>::EscrowTooSmall);
		assert_ok!(resize(7));
		let lasts = until(id) - Now::get();
		assert!((DAYS..2 * DAYS).contains(&lasts), "{lasts}: it is paid for no longer");
		ticks(DAYS / 2);
		assert_noop!(resize(7), Error::<Test>::EscrowTooSmall);
		assert_ok!(Compute::top_up(signed(TENANT), id, ESCROW));
		assert_ok!(resize(7));
	});
}

#[test]
fn another_flavour_keeps_another_disk() {
	run(|| {
		offer(10, |offered| offered.disk = 1_000);
		let large = Allotment { disk: 300, ..ALLOTTED };
		let flavour = Flavour { name: Default::default(), allotted: large };
		assert_ok!(Compute::set_flavour(RuntimeOrigin::root(), 7, Some(flavour)));
		let id = stopped();
		ticks(10);
		let before = Compute::paid().settled;
		assert_ok!(Compute::resize(signed(TENANT), id, 7, 1_000_000));
		assert_eq!(Compute::paid().settled - before, disk(10), "until now it was the smaller one");
		assert_eq!(Compute::used_of(account(10)), large.disk_alone());
	});
}

proptest! {
	#[test]
	fn what_lasts_so_long_lasts_no_longer(amount in 0..u128::MAX / 1_000_000, hour in 1..u64::MAX) {
		let ticks = lasts(amount, hour.into());
		let spent = |ticks: u32| {
			num_bigint::BigUint::from(hour) * ticks / num_bigint::BigUint::from(HOURS)
		};
		prop_assert!(spent(ticks) <= num_bigint::BigUint::from(amount));
		if ticks < u32::MAX {
			let more = num_bigint::BigUint::from(hour) * (ticks + 1);
			prop_assert!(more > num_bigint::BigUint::from(amount) * HOURS);
		}
	}
}

#[test]
fn what_costs_nothing_lasts_for_ever() {
	assert_eq!(lasts(0, 0), u32::MAX);
	assert_eq!(lasts(u128::MAX, 1), u32::MAX);
	assert_eq!(lasts(0, 1), 0);
}
