//! Accepted and rejected receipts.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::vm::{Receipt, SignedReceipt};
use hcc_primitives::{Guest, ServicePeriod, Usage as _};
use hcc_testing::Running;

use crate::{mock::*, Error, Event};

type E = Error<Test>;

#[test]
fn receipt_is_accepted_once() {
	run(|| {
		assert_ok!(submit_receipts(receipt()));
		let account = Usage::account(VM).expect("it has a receipt");
		assert_eq!((account.sequence, account.last, account.entries.len()), (1, 9, 1));
		System::assert_last_event(Event::ReceiptSubmitted { receipt: receipt(), lost: 0 }.into());
		assert_noop!(submit_receipts(receipt()), E::Replayed);
		assert_noop!(submit_receipts(Receipt { sequence: 2, ..receipt() }), E::Doubled);
		go_to(11);
		assert_noop!(submit_receipts(Receipt { interval: 10, ..receipt() }), E::Replayed);
		assert_ok!(submit_receipts(Receipt { sequence: 2, interval: 10, ..receipt() }));
	});
}

#[test]
fn first_receipt_may_have_sequence_zero() {
	run(|| {
		assert_ok!(submit_receipts(Receipt { sequence: 0, ..receipt() }));
	});
}

#[test]
fn receipt_needs_signature_of_boot_key() {
	run(|| {
		let forged = SignedReceipt { signature: [0; 64], ..sign(receipt()) };
		assert_noop!(submit_signed(vec![forged]), E::BadSignature);
		let changed = SignedReceipt {
			receipt: Receipt { steal: 1, cpu_time: 0, ..receipt() },
			..sign(receipt())
		};
		assert_noop!(submit_signed(vec![changed]), E::BadSignature);
		Running::set(vec![(VM, Guest { guest_pk: [1; 32], ..guest() })]);
		assert_noop!(submit_receipts(receipt()), E::BadSignature);
	});
}

#[test]
fn receipt_needs_current_boot() {
	run(|| {
		assert_noop!(submit_receipts(Receipt { vm: 8, ..receipt() }), E::NotRunning);
		assert_noop!(submit_receipts(Receipt { generation: 1, ..receipt() }), E::OtherBoot);
		assert_noop!(submit_receipts(Receipt { boot_counter: 2, ..receipt() }), E::OtherBoot);
		assert_ok!(submit_receipts(receipt()));
		// After another boot the sequence starts again, but the same interval cannot have a second
		// receipt.
		Running::set(vec![(VM, Guest { boot_counter: 4, ..guest() })]);
		let next = Receipt { boot_counter: 4, sequence: 0, ..receipt() };
		assert_noop!(submit_receipts(next), E::Doubled);
		go_to(11);
		assert_noop!(
			submit_receipts(Receipt { sequence: 9, interval: 10, ..receipt() }),
			E::OtherBoot
		);
		assert_ok!(submit_receipts(Receipt { interval: 10, ..next }));
	});
}

#[test]
fn receipt_window_is_checked() {
	run(|| {
		assert_noop!(submit_receipts(Receipt { interval: 10, ..receipt() }), E::NotOver);
		assert_noop!(submit_receipts(Receipt { interval: 8, ..receipt() }), E::TooLate);
		MockRules::mutate(|rules| rules.age = 2);
		assert_ok!(submit_receipts(Receipt { interval: 8, ..receipt() }));
	});
}

#[test]
fn receipt_without_time_is_rejected() {
	run(|| {
		let with = |elapsed| Receipt { elapsed, cpu_time: 0, ..receipt() };
		assert_noop!(submit_receipts(with(0)), E::NoTime);
		assert_ok!(submit_receipts(with(1)));
	});
}

/// During a standstill of the chain, the guest's clock continues.
#[test]
fn receipt_of_more_time_than_paid_is_accepted() {
	run(|| {
		let elapsed = 10 * INTERVAL;
		assert_ok!(submit_receipts(Receipt { elapsed, ..receipt() }));
		let account = Usage::account(VM).expect("it has a receipt");
		assert_eq!(account.entries.first().map(|entry| entry.covered), Some(elapsed));
	});
}

#[test]
fn receipt_before_boot_is_rejected() {
	run(|| {
		MockRules::mutate(|rules| rules.age = 5);
		let of = |interval| Receipt { interval, elapsed: 1, cpu_time: 0, ..receipt() };
		Running::set(vec![(VM, Guest { began: 8, ..guest() })]);
		for interval in [6, 7] {
			assert_noop!(submit_receipts(of(interval)), E::OtherBoot);
		}
		assert_ok!(submit_receipts(of(8)));
		assert_ok!(submit_receipts(Receipt { sequence: 2, ..of(9) }));
	});
}

#[test]
fn settled_receipt_cannot_repeat() {
	run(|| {
		assert_ok!(submit_receipts(receipt()));
		Usage::settle(&ServicePeriod { vm: VM, chip: [4; 32], first: 9, last: 9, slots: LENGTH });
		assert!(Usage::account(VM).expect("it has a receipt").entries.is_empty());
		assert_noop!(submit_receipts(receipt()), E::Replayed);
		assert_noop!(submit_receipts(Receipt { sequence: 2, ..receipt() }), E::Doubled);
	});
}

#[test]
fn impossible_cpu_time_is_rejected() {
	run(|| {
		let most = 4 * (u64::from(INTERVAL) + 1_000);
		let with = |cpu_time, steal| Receipt { cpu_time, steal, ..receipt() };
		assert_noop!(submit_receipts(with(most + 1, 0)), E::Impossible);
		assert_noop!(submit_receipts(with(0, most + 1)), E::Impossible);
		assert_noop!(submit_receipts(with(most, 1)), E::Impossible);
		assert_noop!(submit_receipts(with(u64::MAX, u64::MAX)), E::Impossible);
		assert_ok!(submit_receipts(with(most - 1, 1)));
	});
}

#[test]
fn batch_is_atomic() {
	run(|| {
		let other = 8;
		Running::mutate(|all| all.push((other, guest())));
		let (first, second) = (sign(receipt()), sign(Receipt { vm: other, ..receipt() }));
		assert_noop!(submit_signed(vec![]), E::Empty);
		assert_noop!(submit_signed(vec![first, second, first]), E::Replayed);
		assert!(Usage::account(VM).is_none());
		assert_ok!(submit_signed(vec![first, second]));
		assert!(Usage::account(VM).is_some() && Usage::account(other).is_some());
	});
}
