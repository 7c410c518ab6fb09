//! Effects of usage receipts on charges.

use frame_support::assert_ok;
use hcc_primitives::{units::Balance, Guest, LivenessStatus, RunningGuests, ServicePeriod, Tier};
use hcc_testing::{Asked, CurrentInterval, Fit, Lacked, LivedIn, OpenFrom, Running, Settled};
use sp_core::Pair;
use sp_runtime::Perbill;

use crate::{mock::*, *};

fn reductions() -> Vec<Balance> {
	let amount = |event| match event {
		Event::ChargeReduced { amount, .. } => Some(amount),
		_ => None,
	};
	events().into_iter().filter_map(amount).collect()
}

#[test]
fn shortfall_is_refunded_and_rest_divided() {
	run(|| {
		Lacked::set(Perbill::from_percent(10));
		let id = running();
		let fee = Compute::paid().settled;
		intervals(3);
		let owed: Balance = Settled::get().iter().map(|(.., paid)| paid).sum();
		let back: Balance = reductions().iter().sum();
		assert_eq!(reductions().len(), 3);
		assert_eq!(reductions()[1], worth(LENGTH) / 10);
		let paid = Compute::paid();
		assert_eq!(
			(paid.settled - fee, paid.refunded),
			(owed, back),
			"emission counts the reduced payment"
		);
		assert_eq!(vm(id).escrow, ESCROW - boot_fee() - owed - back + back);
	});
}

#[test]
fn zero_shortfall_emits_no_event() {
	run(|| {
		running();
		intervals(3);
		assert_eq!(Settled::get().len(), 3);
		assert!(reductions().is_empty());
	});
}

#[test]
fn shortfall_of_terminated_vm_returns_to_tenant() {
	run(|| {
		Lacked::set(Perbill::from_percent(10));
		let id = running();
		ticks(20);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		assert_eq!(Compute::vm(id), None);
		assert_eq!(held(TENANT), 0);
		assert_eq!(ENDOWMENT - free(TENANT), Compute::paid().settled);
		assert_eq!(reductions(), [worth(20) / 10]);
	});
}

#[test]
fn lapsed_interval_is_refunded_without_receipts() {
	run(|| {
		Lacked::set(Perbill::from_percent(10));
		let id = running();
		let lapsed = CurrentInterval::get().index;
		LivedIn::set(vec![(chip_of(10), lapsed, LivenessStatus::Lapsed)]);
		intervals(1);
		assert!(Asked::get().is_empty(), "a lapsed interval is refunded without its receipts");
		assert!(reductions().is_empty());
		assert_eq!(vm(id).escrow, ESCROW - boot_fee());
	});
}

#[test]
fn each_interval_queries_usage_once() {
	run(|| {
		let id = running();
		ticks(5);
		let first = CurrentInterval::get().index;
		intervals(2);
		let [one, two] = Asked::get()[..] else { panic!("two intervals") };
		assert_eq!((one.vm, one.chip, one.first, one.last), (id, chip_of(10), first, first));
		assert_eq!(two, ServicePeriod { first: first + 1, last: first + 1, slots: LENGTH, ..one });
	});
}

#[test]
fn charge_waits_for_receipts() {
	run(|| {
		let id = running();
		OpenFrom::set(0);
		intervals(3);
		assert!(Settled::get().is_empty());
		assert_eq!(vm(id).charges.len(), 3);
		OpenFrom::set(CurrentInterval::get().index - 1);
		intervals(1);
		assert!(!Settled::get().is_empty());
	});
}

#[test]
fn guest_is_known_only_while_vm_runs() {
	run(|| {
		assert_eq!(Compute::guest(1), None);
		let id = running();
		let guest = Guest {
			generation: 1,
			boot_counter: 1,
			guest_pk: guest_key().public().0,
			began: CurrentInterval::get().index,
			vcpus: ALLOTTED.vcpus,
			memory: ALLOTTED.memory,
			disk: ALLOTTED.disk,
		};
		assert_eq!(Compute::guest(id), Some(guest));
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_eq!(Compute::guest(id), None);
		assert_ok!(Compute::start(signed(TENANT), id));
		assert_eq!(Compute::guest(id), None, "the former boot is over");
		crate::mock::boot(id);
		assert_eq!(Compute::guest(id).map(|guest| guest.boot_counter), Some(2));
	});
}

/// A chip in quarantine that still passes its challenges is paid like any other, less the
/// shortfall.
#[test]
fn receipts_reduce_pay_of_quarantined_miner() {
	run(|| {
		Lacked::set(Perbill::from_percent(10));
		let id = running();
		Fit::set(vec![(chip_of(10), Tier::Quarantine)]);
		let first = CurrentInterval::get().index;
		LivedIn::set(vec![(chip_of(10), first + 1, LivenessStatus::Lapsed)]);
		intervals(3);
		let asked: Vec<_> = Asked::get().iter().map(|ran| ran.first).collect();
		assert!(
			!asked.contains(&(first + 1)),
			"a lapsed interval is refunded without its receipts"
		);
		let all = Compute::settlements_of(id);
		let of = |interval| all.iter().find(|one| one.first == interval).expect("settled");
		assert_eq!((of(first + 1).paid, of(first + 1).refunded), (0, worth(LENGTH)));
		let (paid, refunded) = (of(first + 2).paid, of(first + 2).refunded);
		assert_eq!((paid, refunded), (worth(LENGTH) - worth(LENGTH) / 10, worth(LENGTH) / 10));
		assert!(Settled::get().iter().map(|(.., paid)| paid).sum::<Balance>() < 2 * worth(LENGTH));
	});
}

#[test]
fn usage_rows_are_removed_with_vm() {
	run(|| {
		let id = running();
		let guest = Compute::guest(id).expect("the VM runs");
		Running::set(vec![(id, guest)]);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		assert!(Running::get().is_empty());
	});
}

#[test]
fn last_settlements_are_stored() {
	run(|| {
		Lacked::set(Perbill::from_percent(10));
		let id = running();
		let first = CurrentInterval::get().index;
		LivedIn::set(vec![(chip_of(10), first + 1, LivenessStatus::Lapsed)]);
		intervals(3);
		let all = Compute::settlements_of(id);
		let told: Vec<_> = all.iter().map(|one| (one.first, one.last, one.slots)).collect();
		assert_eq!(told[1..], [(first + 1, first + 1, LENGTH), (first + 2, first + 2, LENGTH)]);
		let whole = worth(LENGTH);
		assert_eq!((all[1].paid, all[1].refunded), (0, whole));
		assert_eq!((all[2].paid, all[2].refunded), (whole - whole / 10, whole / 10));
		assert!(all.iter().all(|one| one.price == PRICE && one.chip == chip_of(10)));
		assert_ok!(Compute::top_up(signed(TENANT), id, ESCROW));
		intervals(2 * MAX_SETTLED);
		let all = Compute::settlements_of(id);
		assert_eq!(all.len() as u32, MAX_SETTLED);
		assert!(all.windows(2).all(|pair| pair[0].last < pair[1].first));
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		assert!(Compute::settlements_of(id).is_empty());
	});
}
