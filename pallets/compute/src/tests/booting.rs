//! From a miner's first word to a VM that runs, and back.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::{
	host::GenerationTrust,
	vm::{vm_evidence_hash, VmClaims},
	RejectCode,
};
use hcc_primitives::mock::{Fit, Now, PriceForLeases, Trust, VmFinding};

use crate::{mock::*, *};

#[test]
fn a_vm_that_shows_its_evidence_runs_and_its_boot_is_paid() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		assert_ok!(Compute::boot(signed(10), 1));
		assert_eq!(vm(1).escrow, ESCROW - boot_fee());
		let before = free(10);
		let evidence = evidence(1);
		assert_ok!(Compute::attest(signed(10), Box::new(evidence.clone())));
		assert_eq!(state(1), State::Running { since: Now::get() });
		let row = Compute::boot_of(1).expect("it has booted");
		assert_eq!((row.chip, row.counter, row.guest_pk), (chip_of(10), 1, [7; 32]));
		assert_eq!(row.evidence, vm_evidence_hash(&evidence));
		assert_eq!(free(10) - before, boot_fee() * 8 / 10, "less the shares of others");
		assert_eq!(Compute::paid().settled, boot_fee());
	});
}

#[test]
fn a_boot_is_its_miners_and_is_shown_once() {
	run(|| {
		enlist(11);
		assert_ok!(order(small()));
		assert_noop!(Compute::boot(signed(10), 1), Error::<Test>::NotTheMiner);
		tick();
		let miner = miner_of(1);
		let other = 21 - miner;
		assert_noop!(Compute::boot(signed(other), 1), Error::<Test>::NotTheMiner);
		assert_noop!(Compute::boot(signed(TENANT), 1), Error::<Test>::NotTheMiner);
		assert_noop!(Compute::boot(signed(miner), 9), Error::<Test>::NoVm);
		let shown = || Box::new(evidence(1));
		assert_noop!(Compute::attest(signed(miner), shown()), Error::<Test>::WrongState);
		assert_ok!(Compute::boot(signed(miner), 1));
		assert_noop!(Compute::boot(signed(miner), 1), Error::<Test>::WrongState);
		assert_noop!(Compute::attest(signed(other), shown()), Error::<Test>::NotTheMiner);
		assert_ok!(Compute::attest(signed(miner), shown()));
		assert_noop!(Compute::attest(signed(miner), shown()), Error::<Test>::WrongState);
	});
}

#[test]
fn evidence_that_does_not_hold_changes_nothing() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		assert_ok!(Compute::boot(signed(10), 1));
		let mut stale = evidence(1);
		stale.boot_counter = 0;
		let refused = Compute::attest(signed(10), Box::new(stale));
		assert_noop!(refused, Error::<Test>::EvidenceRefused);
		VmFinding::set(Some(Err(RejectCode::HostData.number())));
		let refused = Compute::attest(signed(10), Box::new(evidence(1)));
		assert_noop!(refused, Error::<Test>::EvidenceRefused);
		VmFinding::set(None);
		Trust::set(GenerationTrust::Reduced);
		let refused = Compute::attest(signed(10), Box::new(evidence(1)));
		assert_noop!(refused, Error::<Test>::TrustTooLow);
		Trust::set(GenerationTrust::Full);
		let fit = Fit::get();
		Fit::set(vec![]);
		let refused = Compute::attest(signed(10), Box::new(evidence(1)));
		assert_noop!(refused, Error::<Test>::HostNotLive);
		Fit::set(fit);
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(1))));
	});
}

#[test]
fn each_boot_has_a_nonce_of_its_own() {
	run(|| {
		let id = running();
		let mut nonces = vec![];
		for _ in 0..3 {
			assert_ok!(Compute::reboot(signed(TENANT), id));
			assert_ok!(Compute::boot(signed(10), id));
			let State::Booting { nonce, .. } = state(id) else { panic!("it boots") };
			assert!(!nonces.contains(&nonce));
			nonces.push(nonce);
			assert_ok!(Compute::attest(signed(10), Box::new(evidence(id))));
		}
		assert_eq!(vm(id).boot_counter, 4);
	});
}

#[test]
fn who_does_not_begin_loses_the_work_and_rests() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		ticks(RULES.acceptance + 1);
		assert!(matches!(state(1), State::Pending { .. }));
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
		assert_eq!(vm(1).escrow, ESCROW, "that costs its tenant nothing");
		ticks(5);
		assert!(matches!(state(1), State::Pending { .. }), "it is not given to the same again");
		assert_ok!(order(small()));
		tick();
		assert!(matches!(state(2), State::Pending { .. }), "nor is another one, for a while");
		enlist(11);
		ticks(RULES.placement / ROUNDS);
		assert_eq!((miner_of(1), vm(1).generation), (11, 2));
	});
}

#[test]
fn a_vm_that_nobody_boots_is_given_up() {
	run(|| {
		for miner in [11, 12] {
			enlist(miner);
		}
		assert_ok!(order(small()));
		for _ in 0..MAX_GENERATIONS {
			tick();
			while !matches!(state(1), State::Assigned { .. }) {
				tick();
			}
			ticks(RULES.acceptance + 1);
			if Compute::vm(1).is_none() {
				break;
			}
		}
		assert_eq!(Compute::vm(1), None);
		assert_eq!(free(TENANT), ENDOWMENT);
		assert!(events()
			.iter()
			.any(|event| matches!(event, Event::Terminated { why: EndReason::NotBooted, .. })));
	});
}

#[test]
fn a_boot_that_comes_to_nothing_costs_its_fee_and_its_time_where_the_host_is_live() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		assert_ok!(Compute::boot(signed(10), 1));
		let before = free(10);
		ticks(RULES.boot + 1);
		let cost = boot_fee() + worth(RULES.boot);
		assert_eq!(vm(1).escrow, ESCROW - cost);
		assert_eq!(Compute::paid().burned, cost);
		assert_eq!(free(10), before, "nobody earns by not booting");
		assert_ok!(order(small()));
		tick();
		assert_eq!(miner_of(2), 10, "it may have been the image: it goes on getting work");
	});
}

#[test]
fn a_boot_that_comes_to_nothing_costs_nothing_where_the_host_is_not_live() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		assert_ok!(Compute::boot(signed(10), 1));
		Fit::set(vec![]);
		ticks(RULES.boot + 1);
		assert_eq!(vm(1).escrow, ESCROW);
		assert_eq!(Compute::paid().burned, 0);
		Fit::set(vec![(chip_of(10), hcc_primitives::Tier::Regular)]);
		assert_ok!(order(small()));
		tick();
		assert!(matches!(state(2), State::Pending { .. }), "it gets no work for a while");
	});
}

#[test]
fn a_later_boot_that_comes_to_nothing_stops_the_vm_where_its_disk_is() {
	run(|| {
		let id = running();
		assert_ok!(Compute::reboot(signed(TENANT), id));
		ticks(RULES.acceptance + 1);
		assert!(matches!(state(id), State::Stopped { .. }));
		assert_eq!(miner_of(id), 10);
		assert!(Resting::<Test>::contains_key(account(10)), "it has not even begun");
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		assert!(matches!(state(id), State::Running { .. }));
	});
}

#[test]
fn a_vm_stops_and_starts_and_is_given_up_where_nobody_starts_it() {
	run(|| {
		let id = running();
		assert_noop!(Compute::start(signed(TENANT), id), Error::<Test>::WrongState);
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_noop!(Compute::stop(signed(TENANT), id), Error::<Test>::WrongState);
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		assert_ok!(Compute::stop(signed(TENANT), id));
		ticks(RULES.stopped + 1);
		assert_eq!(Compute::vm(id), None);
		assert_eq!(held(TENANT), 0);
	});
}

#[test]
fn a_miner_tells_of_so_many_crashes_a_day() {
	run(|| {
		let id = running();
		for _ in 0..RULES.crashes {
			assert_ok!(Compute::report_crash(signed(10), id));
			assert_noop!(Compute::report_crash(signed(10), id), Error::<Test>::WrongState);
			boot(id);
		}
		assert_noop!(Compute::report_crash(signed(10), id), Error::<Test>::TooManyCrashes);
		Now::mutate(|now| *now += hcc_primitives::units::DAYS);
		assert_ok!(Compute::report_crash(signed(10), id));
	});
}

#[test]
fn nothing_is_begun_again_that_cannot_be_paid() {
	run(|| {
		let id = running();
		assert_ok!(Compute::stop(signed(TENANT), id));
		PriceForLeases::set(Some(1));
		assert_noop!(Compute::start(signed(TENANT), id), Error::<Test>::EscrowTooSmall);
		PriceForLeases::set(None);
		assert_noop!(Compute::start(signed(TENANT), id), Error::<Test>::NoPrice);
	});
}

#[test]
fn what_ran_on_another_chip_is_owed_for_that_one() {
	run(|| {
		let id = running();
		ticks(10);
		assert_ok!(Compute::reboot(signed(TENANT), id));
		assert_ok!(Compute::boot(signed(10), id));
		let other = [77; 32];
		Fit::mutate(|fit| fit.push((other, hcc_primitives::Tier::Regular)));
		VmFinding::set(Some(Ok(VmClaims { chip: other, trust: GenerationTrust::Full })));
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(id))));
		let charge = vm(id).charges[0].clone();
		assert_eq!((charge.chip, charge.ticks), (chip_of(10), 10));
		assert_eq!(vm(id).place.expect("it is placed").chip, Some(other));
	});
}

#[test]
fn a_vm_first_boots_on_a_chip_of_the_tier_that_was_ordered() {
	run(|| {
		let worse = [77; 32];
		Fit::mutate(|fit| fit.push((worse, hcc_primitives::Tier::Probation)));
		let mut picky = small();
		picky.tier = hcc_primitives::Tier::Regular;
		assert_ok!(order(picky));
		tick();
		assert_ok!(Compute::boot(signed(10), 1));
		let on = |chip| {
			VmFinding::set(Some(Ok(VmClaims { chip, trust: GenerationTrust::Full })));
			Compute::attest(signed(10), Box::new(evidence(1)))
		};
		assert_noop!(on(worse), Error::<Test>::TierTooLow);
		assert_ok!(on(chip_of(10)));
		// Where it runs it stays, also after the chip has lost its tier.
		Fit::set(vec![
			(chip_of(10), hcc_primitives::Tier::Probation),
			(worse, hcc_primitives::Tier::Probation),
		]);
		assert_ok!(Compute::reboot(signed(TENANT), 1));
		assert_ok!(Compute::boot(signed(10), 1));
		assert_noop!(on(worse), Error::<Test>::TierTooLow);
		assert_ok!(on(chip_of(10)));
	});
}

#[test]
fn a_boot_costs_no_less_than_its_miner_has_in_fees() {
	run(|| {
		let least = 3 * boot_fee();
		MockRules::set(Rules { least_fee: least, ..RULES });
		let before = Compute::least_escrow(200_000).expect("there is a price");
		MockRules::set(RULES);
		assert_eq!(
			before - Compute::least_escrow(200_000).expect("there is a price"),
			2 * boot_fee()
		);
		MockRules::set(Rules { least_fee: least, ..RULES });
		running();
		assert_eq!(Compute::paid().settled, least);
	});
}
