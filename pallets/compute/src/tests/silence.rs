//! Intervals without receipts: a part of their charge is burned.

use frame_support::assert_ok;
use hcc_primitives::{units::Balance, LivenessStatus};
use hcc_testing::{CurrentInterval, Lacked, LivedIn, Silent};
use sp_runtime::Perbill;

use crate::{mock::*, *};

/// The part that receipts can refund at most.
const MOST: Perbill = Perbill::from_percent(10);

/// Returns the charges, and the part of each that was burned because there was no receipt.
fn charged_and_burned() -> Vec<(Balance, Balance)> {
	let all = events();
	let burned = |interval: u32| {
		let of = |event: &Event<Test>| match event {
			Event::ChargeBurned { first, amount, .. } if *first == interval => Some(*amount),
			_ => None,
		};
		all.iter().filter_map(of).sum::<Balance>()
	};
	let charged = |event: &Event<Test>| match event {
		Event::Charged { first, amount, .. } => Some((*amount, burned(*first))),
		_ => None,
	};
	all.iter().filter_map(charged).collect()
}

#[test]
fn silence_burns_bounded_part_first_and_then_all() {
	run(|| {
		Silent::set(Some(MOST));
		let id = running();
		let (before, paid) = (free(10), Compute::paid());
		intervals(3);
		let all = charged_and_burned();
		let (first, burned) = all[0];
		assert_eq!(burned, MOST.mul_ceil(first));
		assert_eq!(all[1..], [(worth(LENGTH), worth(LENGTH)); 2]);
		let all = Compute::paid();
		assert_eq!(all.refunded, 0, "the tenant does not gain");
		assert_eq!(all.settled - paid.settled, first + 2 * worth(LENGTH));
		let earned = free(10) - before;
		assert_eq!(earned, all.miners - paid.miners);
		assert!(earned < first - burned);
		let rows = Compute::settlements_of(id);
		assert_eq!((rows[1].paid, rows[1].refunded, rows[1].burned), (0, 0, worth(LENGTH)));
		assert!(matches!(state(id), VmState::Running { .. }));
	});
}

#[test]
fn receipt_ends_row_of_silent_intervals() {
	run(|| {
		running();
		for silent in [Some(MOST), None, Some(MOST)] {
			Silent::set(silent);
			intervals(1);
		}
		let all = charged_and_burned();
		assert_eq!(all.len(), 3);
		assert_eq!(all[1], (worth(LENGTH), 0));
		assert_eq!(all[2], (worth(LENGTH), MOST.mul_ceil(worth(LENGTH))));
	});
}

/// After a stop by the tenant, the guest can no longer report on the interval.
#[test]
fn interval_cut_by_tenant_burns_bounded_part() {
	run(|| {
		Silent::set(Some(MOST));
		let id = running();
		intervals(1);
		ticks(20);
		assert_ok!(Compute::stop(signed(TENANT), id));
		intervals(1);
		let [_, (charged, burned)] = charged_and_burned()[..] else { panic!("two charges") };
		assert!(charged > 0 && charged < worth(LENGTH));
		assert_eq!(burned, MOST.mul_ceil(charged));
	});
}

#[test]
fn lapsed_silent_interval_is_refunded() {
	run(|| {
		Silent::set(Some(MOST));
		let id = running();
		let lapsed = CurrentInterval::get().index;
		LivedIn::set(vec![(chip_of(10), lapsed, LivenessStatus::Lapsed)]);
		intervals(1);
		assert_eq!(vm(id).escrow, ESCROW - boot_fee());
		assert!(charged_and_burned().iter().all(|(_, burned)| *burned == 0));
	});
}

/// A miner that receives no receipts reports a crash, so that the guest starts again.
#[test]
fn silent_vm_boots_again_after_crash_report() {
	run(|| {
		Silent::set(Some(MOST));
		let id = running();
		intervals(2);
		assert_ok!(Compute::report_crash(signed(10), id));
		boot(id);
		let settled = Compute::settlements_of(id).len();
		Silent::set(None);
		intervals(2);
		let rows = Compute::settlements_of(id);
		assert!(rows.len() > settled);
		assert!(rows[settled..].iter().all(|row| row.burned == 0 && row.paid > 0));
	});
}

/// A change of a VM in its second interval.
type Turn = fn(Id);

/// Returns the payments for some intervals, either without receipts or with a full shortfall.
fn earned(turn: Turn, silent: bool) -> Balance {
	let mut earned = 0;
	run(|| {
		Lacked::set(MOST);
		Silent::set(silent.then_some(MOST));
		let id = running();
		intervals(1);
		ticks(20);
		turn(id);
		intervals(3);
		let paid = |event| match event {
			Event::Settled { to_miner, to_validators, to_treasury, burned, .. } => {
				to_miner + to_validators + to_treasury + burned
			},
			_ => 0,
		};
		earned = events().into_iter().map(paid).sum();
	});
	earned
}

#[test]
fn silence_never_earns_more_than_full_shortfall() {
	let turns: [Turn; 6] = [
		|_| {},
		|id| {
			assert_ok!(Compute::stop(signed(TENANT), id));
		},
		|id| {
			assert_ok!(Compute::terminate(signed(TENANT), id));
		},
		|id| {
			assert_ok!(Compute::report_crash(signed(10), id));
		},
		|id| {
			assert_ok!(Compute::report_crash(signed(10), id));
			boot(id);
		},
		|id| {
			assert_ok!(Compute::reboot(signed(TENANT), id));
			boot(id);
		},
	];
	for (at, turn) in turns.into_iter().enumerate() {
		let (silent, starved) = (earned(turn, true), earned(turn, false));
		assert!(starved > 0 && silent <= starved, "turn {at}: {silent}, {starved}");
	}
	let (silent, starved) = (earned(turns[0], true), earned(turns[0], false));
	assert!(3 * silent < starved, "one of four intervals is paid: {silent}, {starved}");
}
