//! Which receipts are taken.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::vm::{Receipt, SignedReceipt};
use hcc_primitives::{mock::Running, Guest, Ran, Usage as _};

use crate::{mock::*, Error, Event};

type E = Error<Test>;

#[test]
fn a_receipt_is_told_once() {
	run(|| {
		assert_ok!(tell(receipt()));
		let account = Usage::account(VM).expect("it was told");
		assert_eq!((account.sequence, account.last, account.entries.len()), (1, 9, 1));
		System::assert_last_event(Event::Told { receipt: receipt(), lost: 0 }.into());
		assert_noop!(tell(receipt()), E::Replayed);
		assert_noop!(tell(Receipt { sequence: 2, ..receipt() }), E::Doubled);
		go_to(11);
		assert_noop!(tell(Receipt { interval: 10, ..receipt() }), E::Replayed);
		assert_ok!(tell(Receipt { sequence: 2, interval: 10, ..receipt() }));
	});
}

#[test]
fn the_first_receipt_of_all_is_held_to_no_other() {
	run(|| {
		assert_ok!(tell(Receipt { sequence: 0, ..receipt() }));
	});
}

#[test]
fn only_the_key_of_the_boot_signs() {
	run(|| {
		let forged = SignedReceipt { signature: [0; 64], ..sign(receipt()) };
		assert_noop!(tell_signed(vec![forged]), E::BadSignature);
		let changed = SignedReceipt {
			receipt: Receipt { steal: 1, cpu_time: 0, ..receipt() },
			..sign(receipt())
		};
		assert_noop!(tell_signed(vec![changed]), E::BadSignature);
		Running::set(vec![(VM, Guest { guest_pk: [1; 32], ..guest() })]);
		assert_noop!(tell(receipt()), E::BadSignature);
	});
}

#[test]
fn only_the_boot_that_runs_tells() {
	run(|| {
		assert_noop!(tell(Receipt { vm: 8, ..receipt() }), E::NotRunning);
		assert_noop!(tell(Receipt { generation: 1, ..receipt() }), E::OtherBoot);
		assert_noop!(tell(Receipt { boot_counter: 2, ..receipt() }), E::OtherBoot);
		assert_ok!(tell(receipt()));
		// After another boot its sequence begins again; of the same interval it does not tell.
		Running::set(vec![(VM, Guest { boot_counter: 4, ..guest() })]);
		let next = Receipt { boot_counter: 4, sequence: 0, ..receipt() };
		assert_noop!(tell(next), E::Doubled);
		go_to(11);
		assert_noop!(tell(Receipt { sequence: 9, interval: 10, ..receipt() }), E::OtherBoot);
		assert_ok!(tell(Receipt { interval: 10, ..next }));
	});
}

#[test]
fn it_is_told_of_intervals_that_are_over_and_not_for_long() {
	run(|| {
		assert_noop!(tell(Receipt { interval: 10, ..receipt() }), E::NotOver);
		assert_noop!(tell(Receipt { interval: 8, ..receipt() }), E::TooLate);
		MockRules::mutate(|rules| rules.age = 2);
		assert_ok!(tell(Receipt { interval: 8, ..receipt() }));
	});
}

#[test]
fn no_receipt_tells_of_more_time_than_there_was() {
	run(|| {
		let with = |elapsed| Receipt { elapsed, cpu_time: 0, ..receipt() };
		assert_noop!(tell(with(0)), E::Stretched);
		assert_noop!(tell(with(2 * INTERVAL + 1)), E::Stretched);
		assert_noop!(tell(with(u32::MAX)), E::Stretched);
		// A boot of ten ticks ago tells of no more than that.
		Running::set(vec![(VM, Guest { since: 990, ..guest() })]);
		assert_noop!(tell(with(20 * TICK + 1)), E::Stretched);
		assert_ok!(tell(with(20 * TICK)));
	});
}

#[test]
fn a_boot_tells_of_no_interval_that_was_over_before_it() {
	run(|| {
		MockRules::mutate(|rules| rules.age = 5);
		let of = |interval| Receipt { interval, elapsed: 1, cpu_time: 0, ..receipt() };
		Running::set(vec![(VM, Guest { began: 8, since: 801, ..guest() })]);
		for interval in [6, 7] {
			assert_noop!(tell(of(interval)), E::OtherBoot);
		}
		assert_ok!(tell(of(8)));
		assert_ok!(tell(Receipt { sequence: 2, ..of(9) }));
	});
}

#[test]
fn what_was_told_is_not_told_again_after_it_was_settled() {
	run(|| {
		assert_ok!(tell(receipt()));
		Usage::settle(&Ran { vm: VM, chip: [4; 32], first: 9, last: 9, ticks: LENGTH });
		assert!(Usage::account(VM).expect("it has told").entries.is_empty());
		assert_noop!(tell(receipt()), E::Replayed);
		assert_noop!(tell(Receipt { sequence: 2, ..receipt() }), E::Doubled);
	});
}

#[test]
fn vcpus_have_no_more_time_than_there_is() {
	run(|| {
		let most = 4 * (u64::from(INTERVAL) + 1_000);
		let with = |cpu_time, steal| Receipt { cpu_time, steal, ..receipt() };
		assert_noop!(tell(with(most + 1, 0)), E::Impossible);
		assert_noop!(tell(with(0, most + 1)), E::Impossible);
		assert_noop!(tell(with(most, 1)), E::Impossible);
		assert_noop!(tell(with(u64::MAX, u64::MAX)), E::Impossible);
		assert_ok!(tell(with(most - 1, 1)));
	});
}

#[test]
fn a_batch_is_taken_as_a_whole_or_not_at_all() {
	run(|| {
		let other = 8;
		Running::mutate(|all| all.push((other, guest())));
		let (first, second) = (sign(receipt()), sign(Receipt { vm: other, ..receipt() }));
		assert_noop!(tell_signed(vec![]), E::Empty);
		assert_noop!(tell_signed(vec![first, second, first]), E::Replayed);
		assert!(Usage::account(VM).is_none());
		assert_ok!(tell_signed(vec![first, second]));
		assert!(Usage::account(VM).is_some() && Usage::account(other).is_some());
	});
}
