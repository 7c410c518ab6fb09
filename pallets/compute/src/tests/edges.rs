//! What happens at the very amount, count or tick from which on something else does.

use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome::Rollback},
	weights::Weight,
};
use hcc_evidence::{host::GenerationTrust, vm::VmClaims};
use hcc_primitives::{
	mock::{CurrentInterval, Fit, Now, OpenFrom, VmFinding},
	units::Balance,
	Tier,
};
use sp_runtime::DispatchError;

use crate::{mock::*, *};

/// What comes of looking after a running VM that has so much in escrow: what it is told of, and why it is stopped. Nothing is changed by it.
fn looked_after(id: Id, escrow: Balance) -> (bool, Option<StopReason>) {
	let looked = || {
		System::reset_events();
		let mut vm = VmOf::<Test> { escrow, ..vm(id) };
		Compute::check_running(id, &mut vm);
		let warned = events().iter().any(|event| matches!(event, Event::EscrowLow { .. }));
		let why = events().into_iter().find_map(|event| match event {
			Event::Stopped { why, .. } => Some(why),
			_ => None,
		});
		assert_eq!(why.is_some(), matches!(vm.state, State::Stopped { .. }));
		Rollback(Ok::<_, DispatchError>((warned, why)))
	};
	with_transaction(looked).expect("nothing fails")
}

#[test]
fn a_vm_is_warned_of_and_stopped_at_the_very_amount() {
	run(|| {
		let id = running();
		let (next, enough) = (worth(LENGTH), worth(LENGTH * u32::from(RULES.warning)));
		assert!(1 < next && next < enough);
		assert_eq!(looked_after(id, enough + 1), (false, None));
		assert_eq!(looked_after(id, enough), (false, None));
		assert_eq!(looked_after(id, enough - 1), (true, None));
		assert_eq!(looked_after(id, next), (true, None));
		assert_eq!(looked_after(id, next - 1), (false, Some(StopReason::Unfunded)));
	});
}

/// Goes on to the first tick of the next interval.
fn next_interval() {
	let last = CurrentInterval::get().index;
	while CurrentInterval::get().index == last {
		tick();
	}
}

/// As where governance has intervals shorter than what can be proven false.
#[test]
fn a_vm_boots_again_however_much_is_unsettled() {
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

/// What its tenant does meanwhile puts nothing off.
#[test]
fn what_is_due_stays_due_until_there_is_room() {
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

/// It need not wait for hours, and its tenant pays for no boot that is refused; nor is there ever a charge too many.
#[test]
fn where_too_much_is_unsettled_what_ran_in_this_interval_on_the_former_chip_is_not_owed() {
	run(|| {
		let id = running();
		OpenFrom::set(0);
		(0..BUSY).for_each(|_| next_interval());
		ticks(10);
		assert_ok!(Compute::reboot(signed(TENANT), id));
		assert_eq!((vm(id).charges.len(), vm(id).run.ticks), (BUSY, 10));
		let other = [77; 32];
		Fit::mutate(|fit| fit.push((other, Tier::Regular)));
		VmFinding::set(Some(Ok(VmClaims { chip: other, trust: GenerationTrust::Full })));
		boot(id);
		assert_eq!(vm(id).place.expect("it is placed").chip, Some(other));
		assert_eq!((vm(id).charges.len(), vm(id).run.ticks), (BUSY, 0));
	});
}

#[test]
fn a_vm_that_has_run_no_more_moves_to_another_chip_however_much_is_unsettled() {
	run(|| {
		let id = running();
		OpenFrom::set(0);
		(0..BUSY).for_each(|_| next_interval());
		assert_ok!(Compute::report_crash(signed(10), id));
		assert_eq!((vm(id).charges.len(), vm(id).run.ticks), (BUSY, 0));
		let other = [77; 32];
		Fit::mutate(|fit| fit.push((other, Tier::Regular)));
		VmFinding::set(Some(Ok(VmClaims { chip: other, trust: GenerationTrust::Full })));
		boot(id);
		assert_eq!(vm(id).place.expect("it is placed").chip, Some(other));
		assert_eq!(vm(id).charges.len(), BUSY);
	});
}
