//! What comes of receipts.

use frame_support::assert_ok;
use hcc_evidence::vm::Receipt;
use hcc_primitives::{mock::Used, Ran, Usage as _};
use sp_runtime::Perbill;

use crate::{mock::*, MAX_KEPT};

const CHIP: [u8; 32] = [4; 32];

fn ran(first: u32, last: u32, ticks: u32) -> Ran {
	Ran { vm: VM, chip: CHIP, first, last, ticks }
}

/// Half of the processor is kept from it.
fn starved() -> Receipt {
	let half = 2 * u64::from(INTERVAL);
	Receipt { cpu_time: half, steal: half, ..receipt() }
}

#[test]
fn what_a_vm_has_not_got_is_given_back_within_bounds() {
	run(|| {
		assert_ok!(tell(starved()));
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), RULES.refund);
		assert_eq!(Used::get(), [(CHIP, 500)]);
		// Once.
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), Perbill::zero());
		assert_eq!(Used::get().len(), 1);
	});
}

#[test]
fn no_receipt_gives_nothing_back() {
	run(|| {
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), Perbill::zero());
		assert!(Used::get().is_empty());
	});
}

#[test]
fn what_is_tolerated_counts_as_got() {
	run(|| {
		let steal = 4 * u64::from(INTERVAL) / 10;
		assert_ok!(tell(Receipt { cpu_time: 0, steal, ..receipt() }));
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), Perbill::zero());
		assert_eq!(Used::get(), [(CHIP, 1_000)]);
		go_to(11);
		let more =
			Receipt { sequence: 2, interval: 10, cpu_time: 0, steal: steal + 4, ..receipt() };
		assert_ok!(tell(more));
		assert!(Usage::settle(&ran(10, 10, LENGTH)) > Perbill::from_percent(10));
		assert_eq!(Used::get()[1], (CHIP, 900));
	});
}

#[test]
fn a_receipt_of_a_moment_does_not_lessen_the_whole_bill() {
	run(|| {
		let steal = 4 * u64::from(TICK);
		assert_ok!(tell(Receipt { elapsed: TICK, cpu_time: 0, steal, ..receipt() }));
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), Perbill::from_percent(1));
	});
}

#[test]
fn memory_and_disk_count_as_processors_do() {
	run(|| {
		assert_ok!(tell(Receipt { memory: 4_096, ..receipt() }));
		go_to(11);
		assert_ok!(tell(Receipt { sequence: 2, interval: 10, disk: 25, ..receipt() }));
		go_to(12);
		let more = Receipt { memory: u32::MAX, disk: u32::MAX, ..receipt() };
		assert_ok!(tell(Receipt { sequence: 3, interval: 11, ..more }));
		for interval in 9..=11 {
			Usage::settle(&ran(interval, interval, LENGTH));
		}
		assert_eq!(Used::get(), [(CHIP, 500), (CHIP, 250), (CHIP, 1_000)]);
	});
}

#[test]
fn several_intervals_are_settled_as_one() {
	run(|| {
		MockRules::mutate(|rules| rules.refund = Perbill::from_percent(50));
		assert_ok!(tell(starved()));
		go_to(11);
		assert_ok!(tell(Receipt { sequence: 2, interval: 10, ..receipt() }));
		assert_eq!(Usage::settle(&ran(9, 10, 2 * LENGTH)), Perbill::from_percent(25));
		assert_eq!(Used::get(), [(CHIP, 750)]);
	});
}

#[test]
fn what_was_told_of_later_intervals_waits() {
	run(|| {
		assert_ok!(tell(starved()));
		assert_eq!(Usage::settle(&ran(7, 8, LENGTH)), Perbill::zero());
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), RULES.refund);
	});
}

#[test]
fn an_interval_is_open_until_the_next_is_over() {
	run(|| {
		assert!(Usage::open(10) && Usage::open(9) && Usage::open(11));
		assert!(!Usage::open(8));
		// Whatever governance sets, a guest has an interval's time.
		MockRules::mutate(|rules| rules.age = 0);
		assert!(Usage::open(9));
		MockRules::mutate(|rules| rules.age = 200);
		assert!(Usage::open(8) && !Usage::open(7));
	});
}

#[test]
fn a_vm_that_is_gone_is_forgotten() {
	run(|| {
		assert_ok!(tell(receipt()));
		Usage::forget(VM);
		assert!(Usage::account(VM).is_none());
	});
}

#[test]
fn no_more_is_kept_than_there_is_room_for() {
	run(|| {
		for at in 0..2 * MAX_KEPT {
			go_to(10 + at);
			assert_ok!(tell(Receipt { sequence: 1 + at, interval: 9 + at, ..starved() }));
		}
		let account = Usage::account(VM).expect("it was told");
		assert_eq!(account.entries.len() as u32, MAX_KEPT);
		assert_eq!(account.entries.last().map(|entry| entry.interval), Some(account.last));
	});
}
