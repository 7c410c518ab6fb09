//! What is owed, paid and given back.

use frame_support::assert_ok;
use hcc_primitives::{
	mock::{register, CurrentInterval, LivedIn, Offering, PriceForLeases},
	units::Balance,
	Lived,
};

use crate::{mock::*, *};

/// Says what became of the miner's chip in an interval.
fn lived(interval: u32, lived: Lived) {
	LivedIn::mutate(|all| {
		all.retain(|(_, of, _)| *of != interval);
		all.push((chip_of(10), interval, lived));
	});
}

fn charged() -> Vec<(u32, u32, u32, Balance)> {
	let charge = |event| match event {
		Event::Charged { first, last, ticks, amount, .. } => Some((first, last, ticks, amount)),
		_ => None,
	};
	events().into_iter().filter_map(charge).collect()
}

fn now() -> u32 {
	CurrentInterval::get().index
}

#[test]
fn an_interval_is_charged_when_it_is_over_and_paid_when_it_is_certain() {
	run(|| {
		let id = running();
		let first = now();
		lived(first, Lived::Unsettled);
		let ran = CurrentInterval::get().from + LENGTH - hcc_primitives::mock::Now::get();
		let (before, paid) = (free(10), Compute::paid().settled);
		intervals(1);
		assert_eq!(charged(), [(first, first, ran, worth(ran))]);
		assert_eq!(vm(id).escrow, ESCROW - boot_fee() - worth(ran));
		assert_eq!(free(10), before, "it may still be found that nothing is owed");
		lived(first, Lived::Live);
		intervals(1);
		let amount = worth(ran) + worth(LENGTH);
		assert_eq!(Compute::paid().settled - paid, amount);
		let expected = worth(ran) - worth(ran) * 20 / 100 + worth(LENGTH) - worth(LENGTH) / 5;
		assert!((free(10) - before).abs_diff(expected) <= 6, "the miner has what is left");
	});
}

#[test]
fn shares_are_paid_to_the_last_unit() {
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
fn an_interval_in_which_the_host_was_not_live_is_given_back() {
	run(|| {
		let id = running();
		let failed = now() + 1;
		lived(failed, Lived::Lapsed);
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

#[test]
fn ticks_in_which_it_is_stopped_are_no_part_of_an_interval() {
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
		let [(_, _, ran, amount)] = charged()[..] else { panic!("one interval") };
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
fn the_price_is_that_of_the_day() {
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
fn lists_and_asks_that_change_leave_what_runs_alone() {
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
fn a_vm_whose_escrow_runs_dry_is_warned_of_and_stopped_and_owes_nothing() {
	run(|| {
		let escrow = Compute::least_escrow(200_000).expect("there is a price");
		assert_ok!(Compute::order(signed(TENANT), Box::new(small()), escrow));
		tick();
		boot(1);
		for _ in 0..10 {
			intervals(1);
		}
		let at = |wanted: fn(&Event<Test>) -> bool| events().iter().position(wanted);
		let warned = at(|event| matches!(event, Event::EscrowLow { .. })).expect("it is warned");
		let stopped = at(|event| matches!(event, Event::Stopped { why: StopReason::Unfunded, .. }));
		assert!(warned < stopped.expect("it is stopped"));
		assert!(vm(1).escrow < 2 * worth(LENGTH));
		assert_ok!(Compute::top_up(signed(TENANT), 1, ESCROW));
		assert_ok!(Compute::start(signed(TENANT), 1));
		boot(1);
	});
}

/// Whenever in an interval a VM is looked after: nothing runs that its escrow does not cover.
#[test]
fn all_that_ran_until_the_escrow_was_used_up_is_paid_for() {
	for offset in [1, 2, 50, LENGTH - 1] {
		run(|| {
			LastId::<Test>::put(u64::from(offset) - 1);
			let escrow = Compute::least_escrow(200_000).expect("there is a price") + worth(LENGTH);
			assert_ok!(Compute::order(signed(TENANT), Box::new(small()), escrow));
			let id = LastId::<Test>::get();
			tick();
			boot(id);
			let mut ran = 0;
			while matches!(state(id), State::Running { .. }) {
				tick();
				ran += 1;
			}
			assert!(ran >= LENGTH, "it has run for a while: {ran}");
			intervals(2);
			let ticks: u32 = charged().into_iter().map(|(_, _, ticks, _)| ticks).sum();
			let amount: Balance = charged().into_iter().map(|(_, _, _, amount)| amount).sum();
			assert_eq!(ticks, ran);
			assert!(worth(ran) - amount < 10, "{offset}: {amount} of {}", worth(ran));
		});
	}
}

#[test]
fn without_a_price_nothing_is_charged_and_nothing_runs_on() {
	run(|| {
		let id = running();
		intervals(1);
		let before = charged().len();
		PriceForLeases::set(None);
		intervals(1);
		assert_eq!(charged().len(), before);
		assert!(events().contains(&Event::Stopped { vm: id, why: StopReason::NoPrice }));
		assert!(matches!(state(id), State::Stopped { .. }));
	});
}

#[test]
fn what_is_owed_is_never_more_than_the_escrow() {
	run(|| {
		let id = running();
		// α is worth next to nothing all at once.
		PriceForLeases::set(Some(1));
		intervals(1);
		let amount = charged()[0].3;
		assert_eq!(amount, ESCROW - boot_fee());
		assert_eq!(vm(id).escrow, 0);
		assert!(matches!(state(id), State::Stopped { .. }));
	});
}

#[test]
fn who_gives_up_pays_for_what_ran_and_has_the_rest_at_once() {
	run(|| {
		let id = running();
		ticks(30);
		let before = free(TENANT);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(free(TENANT) - before, ESCROW - boot_fee() - worth(30));
		assert_eq!(held(TENANT), worth(30) + DEPOSIT);
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
		assert!(Compute::terminate(signed(TENANT), id).is_err(), "once is enough");
		intervals(2);
		assert_eq!(Compute::vm(id), None);
		assert_eq!(Compute::paid().settled, boot_fee() + worth(30));
	});
}

#[test]
fn who_gives_up_has_a_lapsed_interval_given_back_too() {
	run(|| {
		let id = running();
		lived(now(), Lived::Lapsed);
		ticks(30);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		assert_eq!(free(TENANT), ENDOWMENT - boot_fee());
		assert_eq!(held(TENANT), 0);
	});
}

#[test]
fn a_vm_whose_host_is_gone_is_given_up_and_costs_nothing() {
	run(|| {
		let id = running();
		let gone = now();
		(gone..gone + 10).for_each(|interval| lived(interval, Lived::Lapsed));
		intervals(u32::from(RULES.lost) + 2);
		assert_eq!(Compute::vm(id), None);
		assert_eq!(free(TENANT), ENDOWMENT - boot_fee());
	});
}

#[test]
fn a_chip_that_is_its_miners_no_more_ends_what_ran_on_it() {
	run(|| {
		let id = running();
		Offering::set(vec![]);
		hcc_primitives::mock::register(account(10), vec![], None);
		intervals(1);
		assert!(Compute::vm(id).is_none_or(|vm| vm.state == State::Terminated));
		assert_eq!(Compute::used_of(account(10)), Allotment::default());
	});
}

#[test]
fn a_chip_that_was_live_in_between_is_not_given_up() {
	run(|| {
		let id = running();
		let first = now();
		for interval in first..first + 12 {
			let every_third = interval % 3 == 0;
			lived(interval, if every_third { Lived::Live } else { Lived::Lapsed });
		}
		intervals(10);
		assert!(matches!(state(id), State::Running { .. }));
	});
}

#[test]
fn what_stays_open_for_too_long_is_given_back() {
	run(|| {
		let id = running();
		let first = now();
		(first..first + 40).for_each(|interval| lived(interval, Lived::Unsettled));
		intervals(MAX_CHARGES + 3);
		assert_eq!(vm(id).charges.len() as u32, MAX_CHARGES);
		assert!(Compute::paid().refunded > 0);
		assert_eq!(Compute::paid().settled, boot_fee());
	});
}

#[test]
fn an_account_that_does_not_exist_leaves_its_share_to_be_burned() {
	run(|| {
		// A tenth of it is less than makes an account exist.
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
fn who_counts_what_was_paid_is_told_of_each_interval_and_of_nothing_else() {
	run(|| {
		let id = running();
		let lapsed = now() + 1;
		lived(lapsed, Lived::Lapsed);
		intervals(4);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		let told: Balance =
			hcc_primitives::mock::Settled::get().iter().map(|(_, _, paid)| paid).sum();
		assert_eq!(told, Compute::paid().settled - boot_fee());
		assert!(told > 0);
	});
}

/// What the chip proves for another says nothing of what ran before: nobody vouches for the interval in which it went.
#[test]
fn what_ran_in_the_interval_in_which_the_chip_left_its_miner_is_not_paid() {
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
