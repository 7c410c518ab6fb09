//! Charges, settlement and refunds.

use frame_support::assert_ok;
use hcc_primitives::{units::Balance, LivenessStatus};
use hcc_testing::{register, CurrentInterval, ExtraSlots, LivedIn, Offering, PriceForLeases};

use crate::{mock::*, *};

/// Sets the liveness of the miner's chip in an interval.
fn lived(interval: u32, lived: LivenessStatus) {
	LivedIn::mutate(|all| {
		all.retain(|(_, of, _)| *of != interval);
		all.push((chip_of(10), interval, lived));
	});
}

fn charged() -> Vec<(u32, u32, u32, Balance)> {
	let charge = |event| match event {
		Event::Charged { first, last, slots, amount, .. } => Some((first, last, slots, amount)),
		_ => None,
	};
	events().into_iter().filter_map(charge).collect()
}

fn now() -> u32 {
	CurrentInterval::get().index
}

#[test]
fn interval_is_charged_at_end_and_paid_when_certain() {
	run(|| {
		let id = running();
		let first = now();
		lived(first, LivenessStatus::Unsettled);
		let ran = CurrentInterval::get().from + LENGTH - hcc_testing::Now::get();
		let (before, paid) = (free(10), Compute::paid().settled);
		intervals(1);
		assert_eq!(charged(), [(first, first, ran, worth(ran))]);
		assert_eq!(vm(id).escrow, ESCROW - boot_fee() - worth(ran));
		assert_eq!(free(10), before, "an open verdict may still cause a refund");
		lived(first, LivenessStatus::Live);
		intervals(1);
		let amount = worth(ran) + worth(LENGTH);
		assert_eq!(Compute::paid().settled - paid, amount);
		let expected = worth(ran) - worth(ran) * 20 / 100 + worth(LENGTH) - worth(LENGTH) / 5;
		assert!((free(10) - before).abs_diff(expected) <= 6, "the miner receives the rest");
	});
}

#[test]
fn payments_add_up_to_last_unit() {
	run(|| {
		let before = (free(10), free(200), free(201));
		let id = running();
		intervals(3);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(1);
		assert_eq!(Compute::vm(id), None);
		let paid = Compute::paid();
		assert_eq!(free(10) - before.0, paid.miners);
		assert_eq!(free(200) - before.1, paid.validators);
		assert_eq!(free(201) - before.2, paid.treasury);
		assert_eq!(ENDOWMENT - free(TENANT), paid.settled);
		assert_eq!(paid.settled, paid.miners + paid.validators + paid.treasury + paid.burned);
		assert_eq!(held(TENANT), 0);
	});
}

#[test]
fn lapsed_interval_is_refunded() {
	run(|| {
		let id = running();
		let failed = now() + 1;
		lived(failed, LivenessStatus::Lapsed);
		intervals(3);
		assert!(events().contains(&Event::Refunded {
			vm: id,
			first: failed,
			last: failed,
			amount: worth(LENGTH),
			price: PRICE,
		}));
		assert_eq!(Compute::paid().refunded, worth(LENGTH));
		let others: Balance = charged().iter().map(|(.., amount)| amount).sum();
		let owed = others - worth(LENGTH) + boot_fee();
		assert_eq!(vm(id).escrow, ESCROW - owed);
	});
}

/// Runs for `count` ticks. Before every third tick, a slot is empty.
fn ticks_with_empty_slots(count: u32) {
	for number in 0..count {
		ExtraSlots::mutate(|all| *all += u32::from(number % 3 == 0));
		tick();
	}
}

#[test]
fn empty_slots_are_charged() {
	run(|| {
		let id = running();
		let first = now();
		let ran = CurrentInterval::get().from + LENGTH - hcc_testing::Now::get();
		ticks_with_empty_slots(ran);
		let slots = ran + ran.div_ceil(3);
		tick();
		assert_eq!(charged(), [(first, first, slots, worth(slots))]);
		assert_ok!(Compute::stop(signed(TENANT), id));
		ticks_with_empty_slots(30);
		let before = vm(id).escrow;
		assert_ok!(Compute::start(signed(TENANT), id));
		let rent = before - vm(id).escrow;
		let paid =
			Event::DiskPaid { vm: id, miner: account(10), slots: 40, amount: rent, price: PRICE };
		assert!(rent > 0 && events().contains(&paid));
	});
}

#[test]
fn stopped_ticks_are_not_charged() {
	run(|| {
		let id = running();
		ticks(10);
		assert_ok!(Compute::stop(signed(TENANT), id));
		ticks(20);
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		ticks(5);
		assert_ok!(Compute::stop(signed(TENANT), id));
		intervals(2);
		let [(_, _, ran, amount)] = charged()[..] else { panic!("expected one charge") };
		assert_eq!((ran, amount), (15, worth(15)));
		let kept: Balance = events()
			.into_iter()
			.filter_map(|event| match event {
				Event::DiskPaid { amount, .. } => Some(amount),
				_ => None,
			})
			.sum();
		assert!(kept > 0);
		assert_eq!(vm(id).escrow, ESCROW - 2 * boot_fee() - worth(15) - kept);
	});
}

#[test]
fn charge_uses_current_alpha_price() {
	run(|| {
		running();
		intervals(1);
		PriceForLeases::set(Some(PRICE * 2));
		intervals(1);
		let all = charged();
		assert_eq!(all[1].3, worth(LENGTH) / 2);
	});
}

#[test]
fn list_and_ask_changes_keep_agreed_price() {
	run(|| {
		running();
		let list = List { vcpu: 90_000, ..LIST };
		MockRules::set(Rules { list, ..RULES });
		offer(10, |offered| offered.ask = 4_000);
		intervals(2);
		assert_eq!(charged()[1].3, worth(LENGTH));
	});
}

#[test]
fn low_escrow_warns_then_stops() {
	run(|| {
		let escrow = Compute::least_escrow(200_000).expect("there is a price");
		assert_ok!(order_by(TENANT, small(), escrow));
		ticks(2);
		boot(1);
		for _ in 0..10 {
			intervals(1);
		}
		let at = |wanted: fn(&Event<Test>) -> bool| events().iter().position(wanted);
		let warned =
			at(|event| matches!(event, Event::EscrowLow { .. })).expect("a warning is issued");
		let stopped = at(|event| matches!(event, Event::Stopped { why: StopReason::Unfunded, .. }));
		assert!(warned < stopped.expect("the VM is stopped"));
		assert!(vm(1).escrow < 2 * worth(LENGTH));
		assert_ok!(Compute::top_up(signed(TENANT), 1, ESCROW));
		assert_ok!(Compute::start(signed(TENANT), 1));
		boot(1);
	});
}

/// The escrow covers all time that a VM runs, at every offset of its reviews.
#[test]
fn escrow_covers_all_running_time() {
	for offset in [1, 2, 50, LENGTH - 1] {
		run(|| {
			LastId::<Test>::put(u64::from(offset) - 1);
			let escrow = Compute::least_escrow(200_000).expect("there is a price") + worth(LENGTH);
			assert_ok!(order_by(TENANT, small(), escrow));
			let id = LastId::<Test>::get();
			ticks(2);
			boot(id);
			let mut ran = 0;
			while matches!(state(id), VmState::Running { .. }) {
				tick();
				ran += 1;
			}
			assert!(ran >= LENGTH, "the VM ran for only {ran} ticks");
			intervals(2);
			let ticks: u32 = charged().into_iter().map(|(_, _, ticks, _)| ticks).sum();
			let amount: Balance = charged().into_iter().map(|(_, _, _, amount)| amount).sum();
			assert_eq!(ticks, ran);
			assert!(worth(ran) - amount < 10, "{offset}: {amount} of {}", worth(ran));
		});
	}
}

#[test]
fn unknown_price_stops_vm_without_charge() {
	run(|| {
		let id = running();
		intervals(1);
		let before = charged().len();
		PriceForLeases::set(None);
		intervals(1);
		assert_eq!(charged().len(), before);
		assert!(events().contains(&Event::Stopped { vm: id, why: StopReason::NoPrice }));
		assert!(matches!(state(id), VmState::Stopped { .. }));
	});
}

#[test]
fn charge_never_exceeds_escrow() {
	run(|| {
		let id = running();
		// The price of α falls to almost zero.
		PriceForLeases::set(Some(1));
		intervals(1);
		let amount = charged()[0].3;
		assert_eq!(amount, ESCROW - boot_fee());
		assert_eq!(vm(id).escrow, 0);
		assert!(matches!(state(id), VmState::Stopped { .. }));
	});
}

#[test]
fn terminate_charges_run_time_and_releases_rest() {
	run(|| {
		let id = running();
		ticks(30);
		let before = free(TENANT);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(free(TENANT) - before, ESCROW - boot_fee() - worth(30));
		assert_eq!(held(TENANT), worth(30) + DEPOSIT);
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
		assert!(Compute::terminate(signed(TENANT), id).is_err(), "a VM is terminated once");
		intervals(2);
		assert_eq!(Compute::vm(id), None);
		assert_eq!(Compute::paid().settled, boot_fee() + worth(30));
	});
}

#[test]
fn terminated_vm_gets_lapsed_refund() {
	run(|| {
		let id = running();
		lived(now(), LivenessStatus::Lapsed);
		ticks(30);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		assert_eq!(free(TENANT), ENDOWMENT - boot_fee());
		assert_eq!(held(TENANT), 0);
	});
}

#[test]
fn vm_ends_after_lost_intervals() {
	run(|| {
		let id = running();
		let gone = now();
		(gone..gone + 10).for_each(|interval| lived(interval, LivenessStatus::Lapsed));
		intervals(u32::from(RULES.lost) + 2);
		assert_eq!(Compute::vm(id), None);
		assert_eq!(free(TENANT), ENDOWMENT - boot_fee());
	});
}

#[test]
fn chip_loss_ends_vm() {
	run(|| {
		let id = running();
		Offering::set(vec![]);
		hcc_testing::register(account(10), vec![], None);
		intervals(1);
		assert!(Compute::vm(id).is_none_or(|vm| vm.state == VmState::Terminated));
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
	});
}

#[test]
fn live_interval_resets_lapses() {
	run(|| {
		let id = running();
		let first = now();
		for interval in first..first + 12 {
			let every_third = interval % 3 == 0;
			lived(
				interval,
				if every_third { LivenessStatus::Live } else { LivenessStatus::Lapsed },
			);
		}
		intervals(10);
		assert!(matches!(state(id), VmState::Running { .. }));
	});
}

#[test]
fn overfull_charges_refund_oldest() {
	run(|| {
		let id = running();
		let first = now();
		(first..first + 40).for_each(|interval| lived(interval, LivenessStatus::Unsettled));
		intervals(MAX_CHARGES + 3);
		assert_eq!(vm(id).charges.len() as u32, MAX_CHARGES);
		assert!(Compute::paid().refunded > 0);
		assert_eq!(Compute::paid().settled, boot_fee());
	});
}

#[test]
fn undeliverable_share_is_burned() {
	run(|| {
		// A tenth of the fee is below the existential deposit.
		MockRules::set(Rules { boot_fee: 4, ..RULES });
		leave(200, 2);
		let id = running();
		let paid = Compute::paid();
		assert_eq!((paid.settled, paid.validators), (8_000, 0));
		assert_eq!(paid.burned, 8_000 / 20 + 8_000 / 10);
		assert!(events().iter().any(|event| matches!(event, Event::Booted { fee: 8_000, .. })));
		assert_ok!(Compute::terminate(signed(TENANT), id));
	});
}

#[test]
fn on_settled_receives_interval_payments_only() {
	run(|| {
		let id = running();
		let lapsed = now() + 1;
		lived(lapsed, LivenessStatus::Lapsed);
		intervals(4);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		let told: Balance = hcc_testing::Settled::get().iter().map(|(_, _, paid)| paid).sum();
		assert_eq!(told, Compute::paid().settled - boot_fee());
		assert!(told > 0);
	});
}

/// Evidence of the chip for another miner proves nothing about earlier time, so the interval of the
/// transfer is free.
#[test]
fn chip_transfer_interval_is_free() {
	run(|| {
		let id = running();
		intervals(2);
		let (escrow, paid) = (vm(id).escrow, Compute::paid().settled);
		ticks(LENGTH / 2);
		register(account(10), vec![], None);
		register(account(2), vec![chip_of(10)], None);
		intervals(1);
		let ended = |event: &Event<Test>| {
			matches!(event, Event::Terminated { why: EndReason::HostLost, .. })
		};
		assert!(events().iter().any(ended));
		intervals(2);
		assert_eq!(Compute::vm(id), None);
		let in_full_before = worth(LENGTH);
		assert_eq!(Compute::paid().settled - paid, in_full_before);
		assert_eq!(free(TENANT), ENDOWMENT - paid - in_full_before);
		assert!(escrow > in_full_before);
	});
}
