//! Boots whose evidence was accepted, up to the guest's confirmation or the deadline.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::vm::Confirmation;
use hcc_primitives::{units::Balance, RunningGuests};
use hcc_testing::Now;
use sp_core::{ed25519, Pair};
use sp_runtime::DispatchError;

use crate::{mock::*, *};

/// Orders a VM, and submits evidence of its first boot.
fn attested() -> Id {
	assert_ok!(order(small()));
	let id = LastId::<Test>::get();
	ticks(2);
	let miner = signed(miner_of(id));
	assert_ok!(Compute::boot(miner.clone(), id));
	assert_ok!(Compute::attest(miner, Box::new(evidence(id))));
	id
}

#[test]
fn attested_vm_waits_for_confirmation() {
	run(|| {
		let id = attested();
		let VmState::Attested { since, until, .. } = state(id) else { panic!("it is attested") };
		assert_eq!((since, until), (Now::get(), Now::get() + RULES.boot));
		assert_eq!(Compute::guest(id), None, "its receipts do not count");
		assert_eq!(vm(id).place.expect("it has a miner").chip, None, "it has not booted");
		assert_eq!(Compute::paid().settled, 0, "its miner is not paid");
		let row = Compute::boot_of(id).expect("the evidence was accepted");
		assert_eq!((row.confirmed, row.measurement, row.block), (None, [4; 48], 3));
		assert_noop!(Compute::stop(signed(TENANT), id), Error::<Test>::WrongState);
		ticks(5);
		assert_ok!(confirm(&signed(10), id));
		assert_eq!(state(id), VmState::Running { since: Now::get() });
		let row = Compute::boot_of(id).expect("the evidence was accepted");
		let confirmed = Confirmed { block: 8, key_commit: None, token_root: [0; 32], stamp: 0 };
		assert_eq!(row.confirmed, Some(confirmed));
		assert!(Compute::guest(id).is_some());
		assert_eq!(Compute::paid().settled, boot_fee() + worth(5), "the boot time costs");
		assert_noop!(confirm(&signed(10), id), Error::<Test>::WrongState);
	});
}

#[test]
fn confirmation_carries_state_of_disk() {
	run(|| {
		let id = attested();
		let with_disk = Confirmation {
			key_commit: Some([1; 32]),
			token_root: [2; 32],
			stamp: 3,
			..confirmation(id)
		};
		let signed_by_guest = signed_by(&guest_key(), with_disk);
		assert_ok!(Compute::confirm(signed(10), Box::new(signed_by_guest)));
		let row = Compute::boot_of(id).expect("the VM has booted");
		let confirmed =
			Confirmed { block: 3, key_commit: Some([1; 32]), token_root: [2; 32], stamp: 3 };
		assert_eq!(row.confirmed, Some(confirmed));
	});
}

#[test]
fn only_guest_of_this_boot_confirms() {
	run(|| {
		enlist(11);
		let id = attested();
		let miner = miner_of(id);
		let refused = |who: u8, what| {
			let refusal = Compute::check_confirm(&account(who), &what).expect_err("it is refused");
			let call = Compute::confirm(signed(who), Box::new(what));
			let refusal = DispatchError::from(refusal);
			assert_eq!(call, Err(refusal), "pool and block agree");
			refusal
		};
		let by_guest = |what| signed_by(&guest_key(), what);
		let other: DispatchError = Error::<Test>::ConfirmationRefused.into();
		let host = ed25519::Pair::from_seed(&[1; 32]);
		assert_eq!(refused(miner, signed_by(&host, confirmation(id))), other);
		let former = Confirmation { boot_counter: 0, ..confirmation(id) };
		assert_eq!(refused(miner, by_guest(former)), other);
		let elsewhere = Confirmation { generation: 2, ..confirmation(id) };
		assert_eq!(refused(miner, by_guest(elsewhere)), other);
		let mut altered = by_guest(confirmation(id));
		altered.confirmation.stamp += 1;
		assert_eq!(refused(miner, altered), other);
		let honest = by_guest(confirmation(id));
		assert_eq!(refused(21 - miner, honest), Error::<Test>::NotTheMiner.into());
		let missing = Confirmation { vm: 9, ..confirmation(id) };
		assert_eq!(refused(miner, by_guest(missing)), Error::<Test>::NoVm.into());
		let checked = Compute::check_confirm(&account(miner), &honest);
		assert_eq!(checked.map_err(DispatchError::from), Ok((1, 1)));
		assert_ok!(confirm(&signed(miner), id));
	});
}

/// Evidence shows that the image was launched, not that it works.
#[test]
fn image_that_never_confirms_costs_its_tenant() {
	run(|| {
		enlist(11);
		enlist(12);
		let before = free(TENANT);
		assert_ok!(order(small()));
		ticks(2);
		for _ in 0..MAX_GENERATIONS {
			let miner = miner_of(1);
			assert_ok!(Compute::boot(signed(miner), 1));
			assert_ok!(Compute::attest(signed(miner), Box::new(evidence(1))));
			ticks(RULES.boot + 1);
			let why = AssignmentFailure::NotConfirmed;
			let failed = Event::<Test>::AssignmentFailed { vm: 1, miner: account(miner), why };
			System::assert_has_event(failed.into());
			assert_eq!(RestingMiners::<Test>::get(account(miner)), None, "the host is live");
			ticks(2);
		}
		assert_eq!(Compute::vm(1), None, "no other miner has to try");
		let cost = Balance::from(MAX_GENERATIONS) * (boot_fee() + worth(RULES.boot));
		assert_eq!(before - free(TENANT), cost);
		assert_eq!(Compute::paid().burned, cost, "no miner gains");
	});
}

#[test]
fn deadline_includes_time_before_evidence() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		assert_ok!(Compute::boot(signed(10), 1));
		ticks(RULES.boot);
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(1))));
		tick();
		assert!(!matches!(state(1), VmState::Attested { .. }));
		assert_noop!(confirm(&signed(10), 1), Error::<Test>::NotTheMiner);
	});
}

#[test]
fn unconfirmed_reboot_stops_vm_that_has_disk() {
	run(|| {
		let id = running();
		assert_ok!(Compute::reboot(signed(TENANT), id));
		assert_ok!(Compute::boot(signed(10), id));
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(id))));
		ticks(RULES.boot + 1);
		assert!(matches!(state(id), VmState::Stopped { .. }));
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		assert!(matches!(state(id), VmState::Running { .. }));
	});
}

#[test]
fn termination_before_confirmation_burns_fee() {
	run(|| {
		let id = attested();
		ticks(3);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(Compute::vm(id), None);
		assert_eq!(Compute::paid().burned, boot_fee() + worth(3));
		assert_eq!(held(TENANT), 0);
	});
}

#[test]
fn refusals_do_not_count_after_acceptance() {
	run(|| {
		let id = attested();
		(0..MAX_REFUSALS).for_each(|_| Compute::note_refusal(id));
		assert_eq!(Refusals::<Test>::get(id), None);
		assert!(matches!(state(id), VmState::Attested { .. }));
	});
}

#[test]
fn context_has_all_rows_of_boot() {
	run(|| {
		assert_eq!(Compute::vm_context(1), None);
		let id = running();
		let context = Compute::vm_context(id).expect("the VM exists");
		assert_eq!(Some(context.vm), Compute::vm(id));
		assert_eq!(Some(context.order.clone()), Compute::order_of(id));
		assert_eq!(context.boot, Compute::boot_of(id));
		let boot = context.boot.expect("the VM has booted");
		let ordered = (context.order.measurement, context.order.config.hash);
		assert_eq!((boot.measurement, boot.config_hash), ordered);
	});
}
