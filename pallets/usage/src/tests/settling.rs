//! Effects of receipts on charges and usage scores.

use frame_support::assert_ok;
use hcc_evidence::vm::Receipt;
use hcc_primitives::{ServicePeriod, Usage as _, UsageReport};
use hcc_testing::Used;
use sp_runtime::Perbill;

use crate::{mock::*, MAX_KEPT};

const CHIP: [u8; 32] = [4; 32];

fn ran(first: u32, last: u32, slots: u32) -> ServicePeriod {
	ServicePeriod { vm: VM, chip: CHIP, first, last, slots }
}

/// Returns the result of a settlement with receipts.
fn refund(refund: Perbill) -> UsageReport {
	UsageReport::Received { refund }
}

/// The result of a settlement without receipts.
const MISSING: UsageReport = UsageReport::Missing { most: RULES.refund };

/// Returns a receipt with half of the CPU time lost.
fn starved() -> Receipt {
	let half = 2 * u64::from(INTERVAL);
	Receipt { cpu_time: half, steal: half, ..receipt() }
}

#[test]
fn shortfall_is_refunded_within_bounds() {
	run(|| {
		assert_ok!(submit_receipts(starved()));
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), refund(RULES.refund));
		assert_eq!(Used::get(), [(CHIP, 500)]);
		// The second settlement finds no entry, but the interval had a receipt.
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), refund(Perbill::zero()));
		assert_eq!(Usage::settle(&ran(10, 10, LENGTH)), MISSING);
		assert_eq!(Used::get().len(), 1);
	});
}

#[test]
fn missing_receipt_refunds_nothing_and_changes_no_score() {
	run(|| {
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), MISSING);
		assert!(Used::get().is_empty());
	});
}

#[test]
fn tolerated_loss_counts_as_received() {
	run(|| {
		let steal = 4 * u64::from(INTERVAL) / 10;
		assert_ok!(submit_receipts(Receipt { cpu_time: 0, steal, ..receipt() }));
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), refund(Perbill::zero()));
		assert_eq!(Used::get(), [(CHIP, 1_000)]);
		go_to(11);
		let more =
			Receipt { sequence: 2, interval: 10, cpu_time: 0, steal: steal + 4, ..receipt() };
		assert_ok!(submit_receipts(more));
		let more = Usage::settle(&ran(10, 10, LENGTH));
		let least = Perbill::from_percent(10);
		assert!(matches!(more, UsageReport::Received { refund } if refund > least), "{more:?}");
		assert_eq!(Used::get()[1], (CHIP, 900));
	});
}

#[test]
fn short_receipt_reduces_charge_in_proportion() {
	run(|| {
		let steal = 4 * u64::from(SLOT);
		assert_ok!(submit_receipts(Receipt { elapsed: SLOT, cpu_time: 0, steal, ..receipt() }));
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), refund(Perbill::from_percent(1)));
	});
}

/// A standstill is neither paid nor refunded: the lost part does not depend on the time that the
/// guest's clock counts.
#[test]
fn loss_beyond_paid_time_is_scaled_down() {
	run(|| {
		MockRules::mutate(|rules| rules.refund = Perbill::from_percent(50));
		let half = 20 * u64::from(INTERVAL);
		let long = Receipt { elapsed: 10 * INTERVAL, cpu_time: half, steal: half, ..receipt() };
		assert_ok!(submit_receipts(long));
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), refund(Perbill::from_percent(50)));
		assert_eq!(Used::get(), [(CHIP, 500)]);
		go_to(11);
		let fifth = Receipt { steal: half * 2 / 5, sequence: 2, interval: 10, ..long };
		assert_ok!(submit_receipts(fifth));
		assert_eq!(Usage::settle(&ran(10, 10, LENGTH)), refund(Perbill::from_percent(20)));
	});
}

#[test]
fn memory_and_disk_losses_count() {
	run(|| {
		assert_ok!(submit_receipts(Receipt { memory: 4_096, ..receipt() }));
		go_to(11);
		assert_ok!(submit_receipts(Receipt { sequence: 2, interval: 10, disk: 25, ..receipt() }));
		go_to(12);
		let more = Receipt { memory: u32::MAX, disk: u32::MAX, ..receipt() };
		assert_ok!(submit_receipts(Receipt { sequence: 3, interval: 11, ..more }));
		for interval in 9..=11 {
			Usage::settle(&ran(interval, interval, LENGTH));
		}
		assert_eq!(Used::get(), [(CHIP, 500), (CHIP, 250), (CHIP, 1_000)]);
	});
}

#[test]
fn several_intervals_settle_together() {
	run(|| {
		MockRules::mutate(|rules| rules.refund = Perbill::from_percent(50));
		assert_ok!(submit_receipts(starved()));
		go_to(11);
		assert_ok!(submit_receipts(Receipt { sequence: 2, interval: 10, ..receipt() }));
		let quarter = refund(Perbill::from_percent(25));
		assert_eq!(Usage::settle(&ran(9, 10, 2 * LENGTH)), quarter);
		assert_eq!(Used::get(), [(CHIP, 750)]);
	});
}

#[test]
fn later_entries_wait() {
	run(|| {
		assert_ok!(submit_receipts(starved()));
		assert_eq!(Usage::settle(&ran(7, 8, LENGTH)), MISSING);
		assert_eq!(Usage::settle(&ran(9, 9, LENGTH)), refund(RULES.refund));
	});
}

#[test]
fn interval_stays_open_for_age() {
	run(|| {
		assert!(Usage::open(10) && Usage::open(9) && Usage::open(11));
		assert!(!Usage::open(8));
		// The age is clamped to one, so that a guest has at least one interval to submit a receipt.
		MockRules::mutate(|rules| rules.age = 0);
		assert!(Usage::open(9));
		MockRules::mutate(|rules| rules.age = 200);
		assert!(Usage::open(8) && !Usage::open(7));
	});
}

#[test]
fn forget_removes_account() {
	run(|| {
		assert_ok!(submit_receipts(receipt()));
		Usage::forget(VM);
		assert!(Usage::account(VM).is_none());
	});
}

#[test]
fn entries_are_bounded() {
	run(|| {
		for at in 0..2 * MAX_KEPT {
			go_to(10 + at);
			assert_ok!(submit_receipts(Receipt {
				sequence: 1 + at,
				interval: 9 + at,
				..starved()
			}));
		}
		let account = Usage::account(VM).expect("it has a receipt");
		assert_eq!(account.entries.len() as u32, MAX_KEPT);
		assert_eq!(account.entries.last().map(|entry| entry.interval), Some(account.last));
	});
}
