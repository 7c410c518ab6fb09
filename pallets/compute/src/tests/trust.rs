//! Boots that cannot succeed, because of reduced trust, a worse tier or a host that is not live.
//! They cost the tenant nothing.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::host::GenerationTrust;
use hcc_primitives::Tier;
use hcc_testing::{register, Fit, PriceForLeases, Stale, Trust};

use crate::{mock::*, *};

/// Returns `true` if the assignment of a VM ended because the chain did not allow its boot.
fn is_given_back(id: Id) -> bool {
	let (miner, why) = (account(10), AssignmentFailure::NotAllowed);
	events().contains(&Event::AssignmentFailed { vm: id, miner, why })
}

#[test]
fn vm_with_disk_stops_if_trust_forbids_its_boot() {
	for trust in [GenerationTrust::Reduced, GenerationTrust::Suspended] {
		run(|| {
			let id = running();
			assert_ok!(Compute::report_crash(signed(10), id));
			let escrow = vm(id).escrow;
			Trust::set(trust);
			assert_ok!(Compute::boot(signed(10), id));
			assert!(is_given_back(id));
			assert!(events().contains(&Event::Stopped { vm: id, why: StopReason::NotAllowed }));
			assert_eq!((vm(id).escrow, miner_of(id)), (escrow, 10), "the disk stays");
			assert!(!RestingMiners::<Test>::contains_key(account(10)), "the miner is not at fault");
			Trust::set(GenerationTrust::Full);
			assert_ok!(Compute::start(signed(TENANT), id));
			boot(id);
		});
	}
}

#[test]
fn vm_without_disk_is_placed_again_if_trust_or_price_forbids_its_boot() {
	let forbidden: [fn(bool); 2] = [
		|forbidden: bool| {
			Trust::set(if forbidden { GenerationTrust::Reduced } else { GenerationTrust::Full });
		},
		|forbidden: bool| PriceForLeases::set((!forbidden).then_some(PRICE)),
	];
	for forbid in forbidden {
		run(|| {
			assert_ok!(order(small()));
			ticks(2);
			forbid(true);
			assert_ok!(Compute::boot(signed(10), 1));
			assert!(is_given_back(1));
			assert!(matches!(state(1), VmState::Pending { .. }));
			assert_eq!(vm(1).escrow, ESCROW);
			assert_eq!(Compute::used_of(account(10)), Allotment::default());
			assert!(!RestingMiners::<Test>::contains_key(account(10)), "the miner is not at fault");
			forbid(false);
			tick();
			assert!(matches!(state(1), VmState::Pending { .. }), "drawn two blocks later");
			tick();
			assert_eq!((miner_of(1), vm(1).generation), (10, 2), "the miner may receive it again");
			boot(1);
		});
	}
}

#[test]
fn returned_assignments_count_as_generations() {
	run(|| {
		assert_ok!(order(small()));
		for _ in 0..MAX_GENERATIONS {
			ticks(2);
			PriceForLeases::set(None);
			assert_ok!(Compute::boot(signed(10), 1));
			PriceForLeases::set(Some(PRICE));
		}
		assert_eq!(Compute::vm(1), None);
		assert_eq!((held(TENANT), free(TENANT)), (0, ENDOWMENT));
	});
}

/// A tenant tries to forbid reduced trust when the VM is assigned, and to allow it again at the
/// deadline. If that worked, the miner would rest for a boot that the chain refused.
#[test]
fn tenant_cannot_forbid_reduced_trust_while_miner_has_to_boot() {
	run(|| {
		Trust::set(GenerationTrust::Reduced);
		assert_ok!(order(OrderRequestOf::<Test> { reduced: true, ..small() }));
		ticks(2);
		let forbid = Compute::set_reduced(signed(TENANT), 1, false);
		assert_noop!(forbid, Error::<Test>::WrongState);
		ticks(RULES.acceptance);
		assert_ok!(Compute::set_reduced(signed(TENANT), 1, true));
		boot(1);
		ticks(2);
		assert!(!RestingMiners::<Test>::contains_key(account(10)));
	});
}

#[test]
fn reboot_fails_after_trust_is_reduced_and_vm_keeps_running() {
	run(|| {
		let id = running();
		Trust::set(GenerationTrust::Reduced);
		assert_noop!(Compute::reboot(signed(TENANT), id), Error::<Test>::TrustTooLow);
		assert!(matches!(state(id), VmState::Running { .. }));
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_noop!(Compute::start(signed(TENANT), id), Error::<Test>::TrustTooLow);
	});
}

#[test]
fn set_reduced_allows_and_forbids_reduced_trust() {
	run(|| {
		let id = running();
		assert_ok!(Compute::stop(signed(TENANT), id));
		Trust::set(GenerationTrust::Reduced);
		assert_noop!(Compute::set_reduced(signed(2), id, true), Error::<Test>::NotTheTenant);
		assert_noop!(Compute::set_reduced(signed(TENANT), 9, true), Error::<Test>::NoVm);
		assert_ok!(Compute::set_reduced(signed(TENANT), id, true));
		assert_eq!(events().last(), Some(&Event::ReducedSet { vm: id, reduced: true }));
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		assert_ok!(Compute::set_reduced(signed(TENANT), id, false));
		assert_noop!(Compute::reboot(signed(TENANT), id), Error::<Test>::TrustTooLow);
		assert_ok!(Compute::set_reduced(signed(TENANT), id, true));
		Trust::set(GenerationTrust::Suspended);
		assert_noop!(Compute::reboot(signed(TENANT), id), Error::<Test>::TrustTooLow);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(3);
		assert_noop!(Compute::set_reduced(signed(TENANT), id, true), Error::<Test>::NoVm);
	});
}

#[test]
fn worse_tier_forbids_boot_except_on_former_chip() {
	run(|| {
		let mut picky = small();
		picky.tier = Tier::Regular;
		assert_ok!(order(picky));
		ticks(2);
		let tier = |tier| Fit::set(vec![(chip_of(10), tier)]);
		tier(Tier::Probation);
		assert_ok!(Compute::boot(signed(10), 1));
		assert!(is_given_back(1));
		tier(Tier::Regular);
		ticks(2);
		boot(1);
		tier(Tier::Probation);
		assert_ok!(Compute::reboot(signed(TENANT), 1));
		boot(1);
	});
}

#[test]
fn boot_fails_without_live_chip_and_works_later() {
	run(|| {
		let id = running();
		let fit = Fit::take();
		assert_ok!(Compute::reboot(signed(TENANT), id));
		let escrow = vm(id).escrow;
		assert_noop!(Compute::boot(signed(10), id), Error::<Test>::HostNotLive);
		ticks(RULES.acceptance + 1);
		assert!(RestingMiners::<Test>::contains_key(account(10)));
		assert_eq!(vm(id).escrow, escrow);
		Fit::set(fit);
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
	});
}

/// The revocation list may be stale or the key's issuer may be revoked, although the chip passed
/// its last challenge.
#[test]
fn boot_fails_without_valid_key() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		Stale::set(vec![chip_of(10)]);
		assert_noop!(Compute::boot(signed(10), 1), Error::<Test>::HostNotLive);
		Stale::set(vec![]);
		boot(1);
	});
}

/// The order of the miner's chips does not matter.
#[test]
fn start_succeeds_if_one_chip_may_become_live() {
	for chips in [[chip_of(10), chip_of(11)], [chip_of(11), chip_of(10)]] {
		run(|| {
			let id = running();
			assert_ok!(Compute::stop(signed(TENANT), id));
			register(account(10), chips.to_vec(), None);
			assert_ok!(Compute::set_reduced(signed(TENANT), id, false));
			// One chip is not live, and the tier of the other is too low.
			let mut order = Orders::<Test>::get(id).expect("the order exists");
			order.tier = Tier::Regular;
			Orders::<Test>::insert(id, order);
			Fit::set(vec![(chip_of(11), Tier::Probation)]);
			assert_ok!(Compute::start(signed(TENANT), id));
			assert_noop!(Compute::boot(signed(10), id), Error::<Test>::HostNotLive);
		});
	}
}

#[test]
fn set_reduced_fails_while_booting() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		assert_ok!(Compute::set_reduced(signed(TENANT), 1, true));
		Trust::set(GenerationTrust::Reduced);
		assert_ok!(Compute::boot(signed(10), 1));
		assert_noop!(Compute::set_reduced(signed(TENANT), 1, false), Error::<Test>::WrongState);
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(1))));
	});
}
