//! Behaviour at exact limits of amounts, counts and ticks.

use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome::Rollback},
	weights::Weight,
};
use hcc_evidence::{host::GenerationTrust, vm::VmClaims};
use hcc_primitives::{units::Balance, Tier};
use hcc_testing::{CurrentInterval, Fit, Now, OpenFrom, VmFinding};
use sp_runtime::DispatchError;

use crate::{mock::*, *};

/// Reviews a running VM with the given escrow. Returns `true` if a warning was issued, and the
/// reason for a stop. All changes are rolled back.
fn review(id: Id, escrow: Balance) -> (bool, Option<StopReason>) {
	let reviewed = || {
		System::reset_events();
		let mut vm = VmOf::<Test> { escrow, ..vm(id) };
		Compute::check_running(id, &mut vm);
		let warned = events().iter().any(|event| matches!(event, Event::EscrowLow { .. }));
		let why = events().into_iter().find_map(|event| match event {
			Event::Stopped { why, .. } => Some(why),
			_ => None,
		});
		assert_eq!(why.is_some(), matches!(vm.state, VmState::Stopped { .. }));
		Rollback(Ok::<_, DispatchError>((warned, why)))
	};
	with_transaction(reviewed).expect("the review does not fail")
}

#[test]
fn warning_and_stop_apply_at_exact_amounts() {
	run(|| {
		let id = running();
		let (next, enough) = (worth(LENGTH), worth(LENGTH * u32::from(RULES.warning)));
		assert!(1 < next && next < enough);
		assert_eq!(review(id, enough + 1), (false, None));
		assert_eq!(review(id, enough), (false, None));
		assert_eq!(review(id, enough - 1), (true, None));
		assert_eq!(review(id, next), (true, None));
		assert_eq!(review(id, next - 1), (false, Some(StopReason::Unfunded)));
	});
}

/// Advances to the first tick of the next interval.
fn next_interval() {
	let last = CurrentInterval::get().index;
	while CurrentInterval::get().index == last {
		tick();
	}
}

/// Governance may set intervals that are shorter than the time in which verdicts can be disproved.
#[test]
fn reboot_works_with_many_open_charges() {
	run(|| {
		let id = running();
		OpenFrom::set(0);
		(0..=BUSY).for_each(|_| next_interval());
		tick();
		assert!(vm(id).charges.len() > BUSY);
		assert_ok!(Compute::reboot(signed(TENANT), id));
		boot(id);
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
	});
}

/// Calls of the tenant do not postpone the review.
#[test]
fn overdue_review_stays_queued() {
	run(|| {
		let id = running();
		OpenFrom::set(0);
		while CurrentInterval::get().from + LENGTH > Now::get() + 1 {
			tick();
		}
		let due = vm(id).look;
		while Now::get() < due {
			tick_within(Weight::zero());
		}
		assert_ok!(Compute::top_up(signed(TENANT), id, 1));
		assert_eq!((vm(id).look, vm(id).charges.len()), (due, 0));
		tick();
		assert_eq!(vm(id).charges.len(), 1);
		assert!(vm(id).look > Now::get());
	});
}

/// With many open charges, a boot on another chip still succeeds, and the list of charges does not
/// overflow. The uncharged time on the former chip is free.
#[test]
fn chip_change_with_many_open_charges_drops_uncharged_time() {
	run(|| {
		let id = running();
		OpenFrom::set(0);
		(0..BUSY).for_each(|_| next_interval());
		ticks(10);
		assert_ok!(Compute::reboot(signed(TENANT), id));
		assert_eq!((vm(id).charges.len(), vm(id).run.slots), (BUSY, 10));
		let other = [77; 32];
		Fit::mutate(|fit| fit.push((other, Tier::Regular)));
		VmFinding::set(Some(Ok(VmClaims { chip: other, trust: GenerationTrust::Full })));
		boot(id);
		assert_eq!(vm(id).place.expect("the VM has a place").chip, Some(other));
		assert_eq!((vm(id).charges.len(), vm(id).run.slots), (BUSY, 0));
	});
}

#[test]
fn chip_change_with_many_open_charges_succeeds() {
	run(|| {
		let id = running();
		OpenFrom::set(0);
		(0..BUSY).for_each(|_| next_interval());
		assert_ok!(Compute::report_crash(signed(10), id));
		assert_eq!((vm(id).charges.len(), vm(id).run.slots), (BUSY, 0));
		let other = [77; 32];
		Fit::mutate(|fit| fit.push((other, Tier::Regular)));
		VmFinding::set(Some(Ok(VmClaims { chip: other, trust: GenerationTrust::Full })));
		boot(id);
		assert_eq!(vm(id).place.expect("the VM has a place").chip, Some(other));
		assert_eq!(vm(id).charges.len(), BUSY);
	});
}
