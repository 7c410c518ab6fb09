//! Boots, from the call `boot` to the running VM, and crashes.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::{
	host::GenerationTrust,
	vm::{vm_evidence_hash, VmClaims},
	RejectCode,
};
use hcc_testing::{Fit, Now, PriceForLeases, Trust, VmFinding};
use sp_core::Pair;
use sp_runtime::DispatchError;

use crate::{mock::*, *};

#[test]
fn accepted_evidence_starts_vm_and_pays_boot_fee() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		assert_ok!(Compute::boot(signed(10), 1));
		assert_eq!(vm(1).escrow, ESCROW - boot_fee());
		let before = free(10);
		let evidence = evidence(1);
		assert_ok!(show(&signed(10), 1));
		assert_eq!(state(1), VmState::Running { since: Now::get() });
		let row = Compute::boot_of(1).expect("the VM has booted");
		assert_eq!((row.chip, row.counter, row.guest_pk), (chip_of(10), 1, guest_key().public().0));
		assert_eq!(row.evidence, vm_evidence_hash(&evidence));
		assert_eq!(free(10) - before, boot_fee() * 8 / 10, "the fee less the other shares");
		assert_eq!(Compute::paid().settled, boot_fee());
	});
}

#[test]
fn boot_calls_require_assigned_miner_and_state() {
	run(|| {
		enlist(11);
		assert_ok!(order(small()));
		assert_noop!(Compute::boot(signed(10), 1), Error::<Test>::NotTheMiner);
		ticks(2);
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
fn rejected_evidence_changes_nothing() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
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
fn third_refusal_ends_boot() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		Compute::note_refusal(1);
		assert_eq!(Refusals::<Test>::get(1), None, "the VM does not boot");
		assert_ok!(Compute::boot(signed(10), 1));
		for count in 1..MAX_REFUSALS {
			Compute::note_refusal(1);
			assert!(matches!(state(1), VmState::Booting { .. }));
			let refused = Event::<Test>::AttestRefused { vm: 1, refusals: count };
			System::assert_last_event(refused.into());
		}
		Compute::note_refusal(1);
		assert!(matches!(state(1), VmState::Pending { .. }));
		let why = AssignmentFailure::NoEvidence;
		let failed = Event::<Test>::AssignmentFailed { vm: 1, miner: account(10), why };
		System::assert_has_event(failed.into());
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
		assert_eq!(RestingMiners::<Test>::get(account(10)), None, "the host is live");
	});
}

#[test]
fn refusals_are_counted_by_boot() {
	run(|| {
		let id = running();
		for boot in 2..5 {
			assert_ok!(Compute::reboot(signed(TENANT), id));
			assert_ok!(Compute::boot(signed(10), id));
			for _ in 1..MAX_REFUSALS {
				Compute::note_refusal(id);
			}
			assert_eq!(Refusals::<Test>::get(id), Some((boot, MAX_REFUSALS - 1)));
			assert_ok!(show(&signed(10), id));
		}
	});
}

#[test]
fn due_boot_and_evidence_are_admitted() {
	run(|| {
		let boot = |who| Compute::check_boot(&account(who), 1).map_err(DispatchError::from);
		let attest =
			|evidence| Compute::check_attest(&account(10), &evidence).map_err(DispatchError::from);
		let refused = |error: Error<Test>| Err(error.into());
		assert_ok!(order(small()));
		assert_eq!(boot(10), refused(Error::NotTheMiner));
		ticks(2);
		assert_eq!(boot(10), Ok((1, 0)));
		assert_eq!(boot(TENANT), refused(Error::NotTheMiner));
		assert_eq!(attest(evidence(1)), refused(Error::WrongState));
		assert_ok!(Compute::boot(signed(10), 1));
		assert_eq!(boot(10), refused(Error::WrongState), "one boot for each assignment");
		assert_eq!(attest(evidence(1)), Ok((1, 1)));
		let mut stale = evidence(1);
		stale.boot_counter = 0;
		assert_eq!(attest(stale), refused(Error::EvidenceRefused));
		let fit = Fit::get();
		Fit::set(vec![]);
		assert_eq!(attest(evidence(1)), refused(Error::HostNotLive));
		Fit::set(fit);
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(1))));
		assert_eq!(attest(evidence(1)), refused(Error::WrongState));
	});
}

#[test]
fn each_boot_has_new_nonce() {
	run(|| {
		let id = running();
		let mut nonces = vec![];
		for _ in 0..3 {
			assert_ok!(Compute::reboot(signed(TENANT), id));
			assert_ok!(Compute::boot(signed(10), id));
			let VmState::Booting { nonce, .. } = state(id) else { panic!("the VM does not boot") };
			assert!(!nonces.contains(&nonce));
			nonces.push(nonce);
			assert_ok!(show(&signed(10), id));
		}
		assert_eq!(vm(id).boot_counter, 4);
	});
}

#[test]
fn missed_acceptance_reassigns_vm_and_rests_miner() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		ticks(RULES.acceptance + 1);
		assert!(matches!(state(1), VmState::Pending { .. }));
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
		assert_eq!(vm(1).escrow, ESCROW, "the tenant pays nothing");
		ticks(5);
		assert!(
			matches!(state(1), VmState::Pending { .. }),
			"the same miner does not receive it again"
		);
		assert_ok!(order(small()));
		ticks(2);
		assert!(
			matches!(state(2), VmState::Pending { .. }),
			"a resting miner receives no other VM"
		);
		enlist(11);
		ticks(RULES.placement / ROUNDS);
		assert_eq!((miner_of(1), vm(1).generation), (11, 2));
	});
}

#[test]
fn vm_ends_after_max_generations() {
	run(|| {
		for miner in [11, 12] {
			enlist(miner);
		}
		assert_ok!(order(small()));
		for _ in 0..MAX_GENERATIONS {
			tick();
			while !matches!(state(1), VmState::Assigned { .. }) {
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
fn failed_boot_with_live_chip_burns_fee_and_time() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		assert_ok!(Compute::boot(signed(10), 1));
		let before = free(10);
		ticks(RULES.boot + 1);
		let cost = boot_fee() + worth(RULES.boot);
		assert_eq!(vm(1).escrow, ESCROW - cost);
		assert_eq!(Compute::paid().burned, cost);
		assert_eq!(free(10), before, "a failed boot earns nothing");
		assert_ok!(order(small()));
		ticks(2);
		assert_eq!(miner_of(2), 10, "a live miner does not rest: the image may be at fault");
	});
}

#[test]
fn failed_boot_without_live_chip_is_refunded() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		assert_ok!(Compute::boot(signed(10), 1));
		Fit::set(vec![]);
		ticks(RULES.boot + 1);
		assert_eq!(vm(1).escrow, ESCROW);
		assert_eq!(Compute::paid().burned, 0);
		Fit::set(vec![(chip_of(10), hcc_primitives::Tier::Regular)]);
		assert_ok!(order(small()));
		ticks(2);
		assert!(matches!(state(2), VmState::Pending { .. }), "the miner rests");
	});
}

#[test]
fn failed_reboot_stops_vm_at_its_miner() {
	run(|| {
		let id = running();
		assert_ok!(Compute::reboot(signed(TENANT), id));
		ticks(RULES.acceptance + 1);
		assert!(matches!(state(id), VmState::Stopped { .. }));
		assert_eq!(miner_of(id), 10);
		assert!(
			RestingMiners::<Test>::contains_key(account(10)),
			"the miner did not begin the boot"
		);
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		assert!(matches!(state(id), VmState::Running { .. }));
	});
}

#[test]
fn stopped_vm_restarts_or_is_abandoned() {
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
fn crash_reports_are_limited_per_day() {
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
fn start_fails_without_sufficient_escrow_or_price() {
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
fn uncharged_time_is_charged_to_former_chip() {
	run(|| {
		let id = running();
		ticks(10);
		assert_ok!(Compute::reboot(signed(TENANT), id));
		assert_ok!(Compute::boot(signed(10), id));
		let other = [77; 32];
		Fit::mutate(|fit| fit.push((other, hcc_primitives::Tier::Regular)));
		VmFinding::set(Some(Ok(VmClaims { chip: other, trust: GenerationTrust::Full })));
		assert_ok!(show(&signed(10), id));
		let charge = vm(id).charges[0].clone();
		assert_eq!((charge.chip, charge.slots), (chip_of(10), 10));
		assert_eq!(vm(id).place.expect("the VM has a place").chip, Some(other));
	});
}

#[test]
fn first_boot_requires_ordered_tier() {
	run(|| {
		let worse = [77; 32];
		Fit::mutate(|fit| fit.push((worse, hcc_primitives::Tier::Probation)));
		let mut picky = small();
		picky.tier = hcc_primitives::Tier::Regular;
		assert_ok!(order(picky));
		ticks(2);
		assert_ok!(Compute::boot(signed(10), 1));
		let on = |chip| {
			VmFinding::set(Some(Ok(VmClaims { chip, trust: GenerationTrust::Full })));
			Compute::attest(signed(10), Box::new(evidence(1)))
		};
		assert_noop!(on(worse), Error::<Test>::TierTooLow);
		assert_ok!(on(chip_of(10)));
		assert_ok!(confirm(&signed(10), 1));
		// The VM can stay on its chip after the chip has lost its tier.
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
fn boot_fee_has_minimum_in_alpha() {
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
