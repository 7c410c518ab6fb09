//! The calls of tenants and of governance.

use frame_support::{assert_noop, assert_ok};
use hcc_testing::{Fit, PriceForOrders};
use sp_io::hashing::sha2_256;
use sp_runtime::{DispatchError, TokenError};

use crate::{mock::*, *};

fn refused(what: OrderRequestOf<Test>, escrow: u128) -> DispatchError {
	let before = held(TENANT);
	let refusal =
		Compute::order(signed(TENANT), Box::new(what), escrow).expect_err("the order is refused");
	assert_eq!(held(TENANT), before);
	refusal
}

#[test]
fn order_holds_escrow_and_deposit() {
	run(|| {
		assert_ok!(order(small()));
		assert_eq!(held(TENANT), ESCROW + DEPOSIT);
		let vm = vm(1);
		assert_eq!((vm.escrow, vm.deposit, vm.allotted), (ESCROW, DEPOSIT, ALLOTTED));
		assert!(matches!(vm.state, VmState::Pending { .. }));
		let (row, wanted) = (Compute::order_of(1).expect("the VM has an order"), small());
		assert_eq!((row.image, row.measurement), (wanted.image.id, [4; 48]));
		let hash = sha2_256(&wanted.config.bytes);
		assert_eq!((row.config.hash, row.config.revision, row.config.block), (hash, 1, 1));
		assert_eq!((row.holders_root, row.tier, row.miner), ([6; 32], wanted.tier, wanted.miner));
		assert_eq!(Compute::vm_of_order(account(TENANT), row.config.order_nonce), Some(1));
	});
}

#[test]
fn invalid_order_is_rejected() {
	run(|| {
		let unknown = OrderRequestOf::<Test> { flavour: 9, ..small() };
		assert_eq!(refused(unknown, ESCROW), Error::<Test>::NoFlavour.into());
		let mut forged = small();
		forged.config.revision += 1;
		assert_eq!(refused(forged, ESCROW), Error::<Test>::BadSignature.into());
		let least = Compute::least_escrow(small().max_price).expect("there is a price");
		assert_eq!(refused(small(), least - 1), Error::<Test>::EscrowTooSmall.into());
		assert_eq!(refused(small(), ENDOWMENT), TokenError::FundsUnavailable.into());
		PriceForOrders::set(None);
		assert_eq!(refused(small(), ESCROW), Error::<Test>::NoPrice.into());
		PriceForOrders::set(Some(PRICE));
		assert_ok!(order_by(TENANT, small(), least));
	});
}

#[test]
fn quote_follows_list_prices() {
	run(|| {
		assert_eq!(Compute::quote(SMALL), Some((71_000, Some(142_000_000))));
		assert_eq!(Compute::quote(9), None);
		PriceForOrders::set(None);
		assert_eq!(Compute::quote(SMALL), Some((71_000, None)));
		assert_eq!(Compute::least_escrow(71_000), None);
	});
}

#[test]
fn set_flavour_requires_governance_and_resources() {
	run(|| {
		let flavour = Flavour { name: Default::default(), allotted: ALLOTTED };
		let set = |origin, row| Compute::set_flavour(origin, 2, row);
		assert_noop!(set(signed(TENANT), Some(flavour.clone())), DispatchError::BadOrigin);
		for empty in [
			Allotment { vcpus: 0, ..ALLOTTED },
			Allotment { memory: 0, ..ALLOTTED },
			Allotment { disk: 0, ..ALLOTTED },
		] {
			let row = Flavour { allotted: empty, ..flavour.clone() };
			assert_noop!(set(RuntimeOrigin::root(), Some(row)), Error::<Test>::EmptyFlavour);
		}
		assert_ok!(set(RuntimeOrigin::root(), Some(flavour)));
		assert_eq!(Compute::flavours().len(), 2);
		assert_ok!(set(RuntimeOrigin::root(), None));
		assert_eq!(Compute::flavours().len(), 1);
	});
}

#[test]
fn tenant_calls_fail_for_other_accounts() {
	run(|| {
		let id = running();
		let no = Error::<Test>::NotTheTenant;
		assert_noop!(Compute::top_up(signed(2), id, 1), no);
		assert_noop!(Compute::stop(signed(2), id), Error::<Test>::NotTheTenant);
		assert_noop!(Compute::start(signed(2), id), Error::<Test>::NotTheTenant);
		assert_noop!(Compute::reboot(signed(2), id), Error::<Test>::NotTheTenant);
		assert_noop!(Compute::resize(signed(2), id, SMALL, 1), Error::<Test>::NotTheTenant);
		assert_noop!(Compute::terminate(signed(2), id), Error::<Test>::NotTheTenant);
		assert_noop!(Compute::terminate(signed(TENANT), 99), Error::<Test>::NoVm);
	});
}

#[test]
fn top_up_raises_escrow() {
	run(|| {
		assert_ok!(order(small()));
		assert_ok!(Compute::top_up(signed(TENANT), 1, 500));
		assert_eq!(vm(1).escrow, ESCROW + 500);
		assert_eq!(held(TENANT), ESCROW + DEPOSIT + 500);
		let refused = Compute::top_up(signed(TENANT), 1, ENDOWMENT);
		assert_noop!(refused, TokenError::FundsUnavailable);
	});
}

#[test]
fn terminate_while_pending_refunds_all() {
	run(|| {
		assert_ok!(order(small()));
		assert_ok!(Compute::terminate(signed(TENANT), 1));
		assert_eq!(Compute::vm(1), None);
		assert_eq!((held(TENANT), free(TENANT)), (0, ENDOWMENT));
		assert_eq!(Compute::order_of(1), None);
	});
}

#[test]
fn terminate_before_boot_frees_room_and_costs_begun_boot() {
	run(|| {
		// The VM is assigned, but its boot has not begun.
		assert_ok!(order(small()));
		ticks(2);
		assert!(matches!(state(1), VmState::Assigned { .. }));
		assert_eq!(Compute::used_of(account(10)), ALLOTTED);
		assert_ok!(Compute::terminate(signed(TENANT), 1));
		assert_eq!((held(TENANT), free(TENANT)), (0, ENDOWMENT));
		// The VM is booting, once on a live host and once on one that is not live.
		for (id, live) in [(2, true), (3, false)] {
			let before = free(TENANT);
			assert_ok!(order(small()));
			ticks(2);
			assert_ok!(Compute::boot(signed(10), id));
			if !live {
				Fit::set(vec![]);
			}
			assert_ok!(Compute::terminate(signed(TENANT), id));
			let fee = if live { boot_fee() } else { 0 };
			assert_eq!((held(TENANT), before - free(TENANT)), (0, fee));
		}
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
		assert_eq!(Compute::paid().burned, boot_fee());
		ticks(RULES.placement + RULES.boot);
		assert_eq!(Vms::<Test>::iter().count(), 0, "no VM is left");
	});
}

#[test]
fn resize_changes_stopped_vm_and_never_shrinks_disk() {
	run(|| {
		let big = Allotment { disk: 150, memory: 12_000, ..ALLOTTED };
		let flavour = |allotted| Flavour { name: Default::default(), allotted };
		assert_ok!(Compute::set_flavour(RuntimeOrigin::root(), 2, Some(flavour(big))));
		let huge = Allotment { vcpus: 9, ..big };
		assert_ok!(Compute::set_flavour(RuntimeOrigin::root(), 3, Some(flavour(huge))));
		let id = running();
		let resize = |flavour, price| Compute::resize(signed(TENANT), id, flavour, price);
		assert_noop!(resize(2, 200_000), Error::<Test>::WrongState);
		ticks(10);
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_noop!(resize(9, 200_000), Error::<Test>::NoFlavour);
		assert_noop!(resize(3, 200_000), Error::<Test>::NoRoom);
		assert_noop!(resize(2, 1_000), Error::<Test>::TooExpensive);
		assert_ok!(resize(2, 200_000));
		assert_eq!(Compute::used_of(account(10)), big.disk_alone());
		assert_noop!(resize(SMALL, 200_000), Error::<Test>::DiskShrinks);
		assert_eq!(vm(id).charges[0].amount, worth(10), "earlier time is charged at the old price");
		let place = vm(id).place.expect("the VM keeps its miner");
		assert_eq!(place.rate, price::rate(&big, &LIST, 1_000));
		assert_ok!(Compute::start(signed(TENANT), id));
		assert_eq!(Compute::used_of(account(10)), big);
	});
}
