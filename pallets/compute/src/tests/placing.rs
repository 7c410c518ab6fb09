//! Who is given a VM.

use frame_support::assert_ok;
use hcc_evidence::host::GenerationTrust;
use hcc_primitives::{
	mock::{Fit, Offering, PriceForOrders, Trust},
	Tier,
};

use crate::{mock::*, *};

fn placed(what: OrderOf<Test>) -> Option<u8> {
	assert_ok!(order(what));
	tick();
	let id = LastId::<Test>::get();
	matches!(state(id), State::Assigned { .. }).then(|| miner_of(id))
}

#[test]
fn a_miner_is_found_in_the_next_block_and_its_room_is_taken() {
	run(|| {
		assert_eq!(placed(small()), Some(10));
		assert_eq!(Compute::used_of(account(10)), ALLOTTED);
		assert_eq!(placed(small()), Some(10));
		assert_eq!(placed(small()), None, "it has no more room");
		assert_ok!(Compute::terminate(signed(TENANT), 1));
		assert_eq!(Compute::used_of(account(10)), ALLOTTED);
		ticks(RULES.placement / ROUNDS);
		assert_eq!(miner_of(3), 10, "there is room again");
	});
}

#[test]
fn only_who_suits_is_given_it() {
	run(|| {
		let but = |change: fn(&mut OrderOf<Test>)| {
			let mut order = small();
			change(&mut order);
			order
		};
		assert_eq!(placed(but(|order| order.region = Some(840))), None);
		assert_eq!(placed(but(|order| order.tier = Tier::Trusted)), None);
		assert_eq!(placed(but(|order| order.max_price = 70_999)), None, "it is dearer");
		let except = vec![account(10)].try_into().expect("short");
		let mut excluding = small();
		excluding.miner = Choice::Drawn { except };
		assert_eq!(placed(excluding), None);
		assert_eq!(placed(but(|order| order.miner = Choice::Named(account(11)))), None);
		assert_eq!(placed(but(|order| order.miner = Choice::Named(account(10)))), Some(10));
		assert_eq!(placed(but(|order| order.region = Some(276))), Some(10));
	});
}

#[test]
fn a_price_that_is_exactly_the_highest_will_do() {
	run(|| {
		let mut exact = small();
		exact.max_price = 71_000;
		assert_eq!(placed(exact), Some(10));
		offer(10, |offered| offered.ask = 1_001);
		let mut dearer = small();
		dearer.max_price = 71_000;
		assert_eq!(placed(dearer), None);
	});
}

#[test]
fn a_generation_that_is_trusted_less_needs_the_tenants_word() {
	run(|| {
		Trust::set(GenerationTrust::Reduced);
		assert_eq!(placed(small()), None);
		let mut reduced = small();
		reduced.reduced = true;
		assert_eq!(placed(reduced.clone()), Some(10));
		Trust::set(GenerationTrust::Suspended);
		assert_eq!(placed(reduced), None);
	});
}

#[test]
fn who_is_not_live_or_offers_nothing_gets_no_work() {
	run(|| {
		let fit = Fit::get();
		Fit::set(vec![]);
		assert_eq!(placed(small()), None);
		let mut named = small();
		named.miner = Choice::Named(account(10));
		assert_eq!(placed(named), None);
		Fit::set(fit);
		Offering::set(vec![]);
		assert_eq!(placed(small()), None);
	});
}

#[test]
fn every_miner_that_suits_is_given_some() {
	run(|| {
		enlist(11);
		enlist(12);
		let mut given: Vec<u8> = (0..6).filter_map(|_| placed(small())).collect();
		given.sort_unstable();
		assert_eq!(given, [10, 10, 11, 11, 12, 12]);
	});
}

#[test]
fn who_finds_no_miner_gets_all_back() {
	run(|| {
		offer(10, |offered| offered.vcpus = 0);
		assert_eq!(placed(small()), None);
		ticks(RULES.placement + 1);
		assert_eq!(Compute::vm(1), None);
		assert_eq!((held(TENANT), free(TENANT)), (0, ENDOWMENT));
		assert!(events().contains(&Event::Terminated {
			vm: 1,
			why: EndReason::NotPlaced,
			released: ESCROW
		}));
	});
}

#[test]
fn nobody_is_given_work_at_a_price_that_nobody_knows() {
	run(|| {
		assert_ok!(order(small()));
		PriceForOrders::set(None);
		ticks(RULES.placement / ROUNDS);
		assert!(matches!(state(1), State::Pending { .. }));
		PriceForOrders::set(Some(PRICE));
		ticks(RULES.placement / ROUNDS);
		assert_eq!(miner_of(1), 10);
	});
}

#[test]
fn an_escrow_that_the_price_of_alpha_has_outrun_is_given_back() {
	run(|| {
		let least = Compute::least_escrow(small().max_price).expect("there is a price");
		assert_ok!(Compute::order(signed(TENANT), Box::new(small()), least));
		PriceForOrders::set(Some(PRICE / 10));
		tick();
		assert_eq!(Compute::vm(1), None);
		assert_eq!(free(TENANT), ENDOWMENT);
	});
}

#[test]
fn without_chance_nobody_is_drawn() {
	run(|| {
		Seed::set(None);
		assert_eq!(placed(small()), None);
		let mut named = small();
		named.miner = Choice::Named(account(10));
		assert_eq!(placed(named), Some(10), "who is named is not drawn");
	});
}
