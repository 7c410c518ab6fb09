//! Boots that cannot succeed, because of reduced trust, a worse tier or a host that is not live.
//! They cost the tenant nothing.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::host::GenerationTrust;
use hcc_primitives::Tier;
use hcc_testing::{register, Fit, Stale, Trust};

use crate::{mock::*, *};

#[test]
fn boot_fails_without_cost_after_trust_is_reduced() {
	run(|| {
		let id = running();
		assert_ok!(Compute::report_crash(signed(10), id));
		let escrow = vm(id).escrow;
		for trust in [GenerationTrust::Reduced, GenerationTrust::Suspended] {
			Trust::set(trust);
			assert_noop!(Compute::boot(signed(10), id), Error::<Test>::TrustTooLow);
		}
		ticks(RULES.acceptance + 1);
		assert!(matches!(state(id), VmState::Stopped { .. }));
		assert_eq!(vm(id).escrow, escrow);
		assert!(!RestingMiners::<Test>::contains_key(account(10)), "the miner is not at fault");
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
fn boot_fails_on_worse_tier_except_on_former_chip() {
	run(|| {
		let mut picky = small();
		picky.tier = Tier::Regular;
		assert_ok!(order(picky));
		ticks(2);
		let tier = |tier| Fit::set(vec![(chip_of(10), tier)]);
		tier(Tier::Probation);
		assert_noop!(Compute::boot(signed(10), 1), Error::<Test>::TierTooLow);
		tier(Tier::Regular);
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

/// The CRL may be stale, or the key's issuer revoked, although the chip was live at its last
/// challenge.
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
