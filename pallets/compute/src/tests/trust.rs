//! Boots that cannot succeed cost their tenants nothing: those of chips that are trusted less than they were, and of hosts that are not live.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::host::GenerationTrust;
use hcc_primitives::{
	mock::{register, Fit, Stale, Trust},
	Tier,
};

use crate::{mock::*, *};

#[test]
fn a_chip_that_is_trusted_less_than_it_was_boots_nothing_and_costs_nothing() {
	run(|| {
		let id = running();
		assert_ok!(Compute::report_crash(signed(10), id));
		let escrow = vm(id).escrow;
		for trust in [GenerationTrust::Reduced, GenerationTrust::Suspended] {
			Trust::set(trust);
			assert_noop!(Compute::boot(signed(10), id), Error::<Test>::TrustTooLow);
		}
		ticks(RULES.acceptance + 1);
		assert!(matches!(state(id), State::Stopped { .. }));
		assert_eq!(vm(id).escrow, escrow);
		assert!(!Resting::<Test>::contains_key(account(10)), "it could not begin");
	});
}

#[test]
fn a_tenant_is_told_that_its_vm_could_not_boot_and_keeps_what_runs() {
	run(|| {
		let id = running();
		Trust::set(GenerationTrust::Reduced);
		assert_noop!(Compute::reboot(signed(TENANT), id), Error::<Test>::TrustTooLow);
		assert!(matches!(state(id), State::Running { .. }));
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_noop!(Compute::start(signed(TENANT), id), Error::<Test>::TrustTooLow);
	});
}

#[test]
fn a_tenant_can_let_less_trust_do_later_and_take_it_back() {
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
fn no_boot_is_begun_on_a_worse_tier_than_was_ordered_but_where_the_vm_was() {
	run(|| {
		let mut picky = small();
		picky.tier = Tier::Regular;
		assert_ok!(order(picky));
		tick();
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
fn a_host_that_is_not_live_begins_no_boot_and_can_be_waited_for() {
	run(|| {
		let id = running();
		let fit = Fit::take();
		assert_ok!(Compute::reboot(signed(TENANT), id));
		let escrow = vm(id).escrow;
		assert_noop!(Compute::boot(signed(10), id), Error::<Test>::HostNotLive);
		ticks(RULES.acceptance + 1);
		assert!(Resting::<Test>::contains_key(account(10)));
		assert_eq!(vm(id).escrow, escrow);
		Fit::set(fit);
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
	});
}

/// As where AMD's list is too old, or what the key was issued by is revoked: the chip was live at its last challenge all the same.
#[test]
fn a_chip_whose_keys_do_not_count_begins_no_boot() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		Stale::set(vec![chip_of(10)]);
		assert_noop!(Compute::boot(signed(10), 1), Error::<Test>::HostNotLive);
		Stale::set(vec![]);
		boot(1);
	});
}

/// Whichever of its miner's chips comes first.
#[test]
fn where_one_chip_may_come_to_be_able_a_vm_can_be_started() {
	for chips in [[chip_of(10), chip_of(11)], [chip_of(11), chip_of(10)]] {
		run(|| {
			let id = running();
			assert_ok!(Compute::stop(signed(TENANT), id));
			register(account(10), chips.to_vec(), None);
			assert_ok!(Compute::set_reduced(signed(TENANT), id, false));
			// One is not live, the other of a tier that is too low.
			let mut order = Orders::<Test>::get(id).expect("there is one");
			order.tier = Tier::Regular;
			Orders::<Test>::insert(id, order);
			Fit::set(vec![(chip_of(11), Tier::Probation)]);
			assert_ok!(Compute::start(signed(TENANT), id));
			assert_noop!(Compute::boot(signed(10), id), Error::<Test>::HostNotLive);
		});
	}
}

#[test]
fn what_is_being_shown_is_judged_by_the_order_as_it_was_begun() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		assert_ok!(Compute::set_reduced(signed(TENANT), 1, true));
		Trust::set(GenerationTrust::Reduced);
		assert_ok!(Compute::boot(signed(10), 1));
		assert_noop!(Compute::set_reduced(signed(TENANT), 1, false), Error::<Test>::WrongState);
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(1))));
	});
}
