//! Placement: the choice of a miner for a VM.

use frame_support::assert_ok;
use hcc_evidence::host::GenerationTrust;
use hcc_primitives::Tier;
use hcc_testing::{Fit, Offering, PriceForOrders, Trust};

use crate::{mock::*, *};

fn placed(what: OrderRequestOf<Test>) -> Option<u8> {
	assert_ok!(order(what));
	ticks(2);
	let id = LastId::<Test>::get();
	matches!(state(id), VmState::Assigned { .. }).then(|| miner_of(id))
}

/// The author of the block that includes the order knows the randomness of that block. So the draw
/// for the order uses the randomness of the next block, whose author did not include it.
#[test]
fn order_is_placed_two_blocks_later_and_takes_room() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		assert!(matches!(state(1), VmState::Pending { .. }));
		tick();
		assert!(matches!(state(1), VmState::Assigned { .. }));
		assert_ok!(Compute::terminate(signed(TENANT), 1));
		assert_eq!(placed(small()), Some(10));
		assert_eq!(Compute::used_of(account(10)), ALLOTTED);
		assert_eq!(placed(small()), Some(10));
		assert_eq!(placed(small()), None, "the miner has no room left");
		boot(3);
		assert_ok!(Compute::terminate(signed(TENANT), 2));
		assert_eq!(Compute::used_of(account(10)), ALLOTTED);
		ticks(RULES.placement / ROUNDS);
		assert_eq!(miner_of(4), 10, "the miner has room again");
	});
}

#[test]
fn unsuitable_miner_receives_no_vm() {
	run(|| {
		let but = |change: fn(&mut OrderRequestOf<Test>)| {
			let mut order = small();
			change(&mut order);
			order
		};
		assert_eq!(placed(but(|order| order.region = Some(840))), None);
		assert_eq!(placed(but(|order| order.tier = Tier::Trusted)), None);
		assert_eq!(
			placed(but(|order| order.max_price = 70_999)),
			None,
			"the price exceeds the maximum"
		);
		let except = vec![account(10)].try_into().expect("within the bound");
		let mut excluding = small();
		excluding.miner = Choice::Drawn { except };
		assert_eq!(placed(excluding), None);
		assert_eq!(placed(but(|order| order.miner = Choice::Named(account(11)))), None);
		assert_eq!(placed(but(|order| order.miner = Choice::Named(account(10)))), Some(10));
		assert_eq!(placed(but(|order| order.region = Some(276))), Some(10));
	});
}

#[test]
fn maximum_price_is_inclusive() {
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
fn reduced_trust_needs_tenant_consent() {
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
fn miner_without_live_chip_or_offer_receives_no_vm() {
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
fn all_suitable_miners_receive_vms() {
	run(|| {
		enlist(11);
		enlist(12);
		let mut given: Vec<u8> = (0..6).filter_map(|_| placed(small())).collect();
		given.sort_unstable();
		assert_eq!(given, [10, 10, 11, 11, 12, 12]);
	});
}

#[test]
fn unplaced_order_is_refunded() {
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
fn placement_waits_for_price() {
	run(|| {
		assert_ok!(order(small()));
		PriceForOrders::set(None);
		ticks(RULES.placement / ROUNDS);
		assert!(matches!(state(1), VmState::Pending { .. }));
		PriceForOrders::set(Some(PRICE));
		ticks(RULES.placement / ROUNDS);
		assert_eq!(miner_of(1), 10);
	});
}

#[test]
fn insufficient_escrow_at_placement_is_refunded() {
	run(|| {
		let least = Compute::least_escrow(small().max_price).expect("there is a price");
		assert_ok!(order_by(TENANT, small(), least));
		PriceForOrders::set(Some(PRICE / 10));
		ticks(2);
		assert_eq!(Compute::vm(1), None);
		assert_eq!(free(TENANT), ENDOWMENT);
	});
}

#[test]
fn draw_fails_without_randomness() {
	run(|| {
		Seed::set(None);
		assert_eq!(placed(small()), None);
		let mut named = small();
		named.miner = Choice::Named(account(10));
		assert_eq!(placed(named), Some(10), "a named miner needs no draw");
	});
}
