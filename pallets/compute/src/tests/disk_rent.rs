//! Disk rent, and the capacity that stopped VMs occupy.

use frame_support::{assert_noop, assert_ok};
use hcc_primitives::units::{Balance, DAYS, HOURS};
use hcc_testing::{Fit, Now, PriceForLeases};
use proptest::prelude::*;

use crate::{disk_rent::ticks_covered, mock::*, *};

/// Returns the disk rent of a small VM for `count` ticks.
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
		VmState::Stopped { until, .. } => until,
		other => panic!("{other:?}"),
	}
}

#[test]
fn stopped_vm_occupies_only_its_disk() {
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
fn stopped_vms_leave_room_for_others() {
	run(|| {
		// The miner has enough disk, but vCPUs and memory for only two VMs.
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
fn start_pays_disk_rent() {
	run(|| {
		let id = stopped();
		ticks(70);
		let (escrow, paid) = (vm(id).escrow, Compute::paid());
		assert_ok!(Compute::start(signed(TENANT), id));
		assert_eq!(escrow - vm(id).escrow, disk(70));
		let all = Compute::paid();
		assert_eq!(all.settled - paid.settled, disk(70));
		assert!(
			all.miners > paid.miners && all.burned > paid.burned,
			"the rent is divided like other payments"
		);
		System::assert_has_event(
			Event::DiskPaid {
				vm: id,
				miner: account(10),
				slots: 70,
				amount: disk(70),
				price: PRICE,
			}
			.into(),
		);
	});
}

#[test]
fn termination_pays_disk_rent() {
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
fn miner_without_live_chip_gets_no_disk_rent() {
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
fn zero_disk_rent_emits_no_event() {
	run(|| {
		let told = || events().iter().any(|event| matches!(event, Event::DiskPaid { .. }));
		let id = stopped();
		assert_ok!(Compute::start(signed(TENANT), id));
		assert!(!told(), "no tick has passed");
		boot(id);
		assert_ok!(Compute::stop(signed(TENANT), id));
		tick();
		assert_ok!(Compute::start(signed(TENANT), id));
		assert!(told());
	});
}

#[test]
fn stop_deadline_follows_escrow_and_is_at_least_a_day() {
	run(|| {
		MockRules::set(Rules { stopped: 1_000_000, ..RULES });
		let id = running();
		let poor = PRICE / 1_000;
		PriceForLeases::set(Some(poor));
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_eq!(until(id), Now::get() + DAYS, "a day is the minimum");
		PriceForLeases::set(Some(PRICE));
		assert_ok!(Compute::top_up(signed(TENANT), id, 1));
		let paid_for = ticks_covered(vm(id).escrow, disk(HOURS));
		assert!(paid_for > DAYS);
		assert_eq!(until(id), Now::get() + paid_for);
		// Later prices and rules do not shorten the time that was promised.
		PriceForLeases::set(Some(poor));
		assert_ok!(Compute::top_up(signed(TENANT), id, 1));
		assert_eq!(until(id), Now::get() + paid_for);
	});
}

#[test]
fn stop_deadline_without_price_is_maximum() {
	run(|| {
		MockRules::set(Rules { stopped: 5 * DAYS, ..RULES });
		let id = running();
		PriceForLeases::set(None);
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_eq!(until(id), Now::get() + 5 * DAYS);
	});
}

#[test]
fn resize_shortens_stop_deadline() {
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
		// The escrow must cover a day, or repeated resizing would keep the disk free of charge.
		assert_noop!(resize(8), Error::<Test>::EscrowTooSmall);
		assert_ok!(resize(7));
		let lasts = until(id) - Now::get();
		assert!((DAYS..2 * DAYS).contains(&lasts), "{lasts} ticks: as many as the escrow covers");
		ticks(DAYS / 2);
		assert_noop!(resize(7), Error::<Test>::EscrowTooSmall);
		assert_ok!(Compute::top_up(signed(TENANT), id, ESCROW));
		assert_ok!(resize(7));
	});
}

#[test]
fn resize_changes_occupied_disk() {
	run(|| {
		offer(10, |offered| offered.disk = 1_000);
		let large = Allotment { disk: 300, ..ALLOTTED };
		let flavour = Flavour { name: Default::default(), allotted: large };
		assert_ok!(Compute::set_flavour(RuntimeOrigin::root(), 7, Some(flavour)));
		let id = stopped();
		ticks(10);
		let before = Compute::paid().settled;
		assert_ok!(Compute::resize(signed(TENANT), id, 7, 1_000_000));
		assert_eq!(
			Compute::paid().settled - before,
			disk(10),
			"the rent up to now is for the smaller disk"
		);
		assert_eq!(Compute::used_of(account(10)), large.disk_alone());
	});
}

proptest! {
	#[test]
	fn ticks_covered_is_exact(amount in 0..u128::MAX / 1_000_000, hour in 1..u64::MAX) {
		let ticks = ticks_covered(amount, hour.into());
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
fn ticks_covered_at_price_zero_is_unlimited() {
	assert_eq!(ticks_covered(0, 0), u32::MAX);
	assert_eq!(ticks_covered(u128::MAX, 1), u32::MAX);
	assert_eq!(ticks_covered(0, 1), 0);
}
