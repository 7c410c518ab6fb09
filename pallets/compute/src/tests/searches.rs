//! The price of searches for a miner.

use frame_support::{
	assert_noop, assert_ok,
	dispatch::GetDispatchInfo,
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::units::Balance;
use hcc_testing::{Now, PriceForOrders};

use crate::{mock::*, *};

/// The price of a search.
const SEARCH: Balance = 7_000;

/// Returns an order that no miner can run.
fn nowhere() -> OrderRequestOf<Test> {
	OrderRequestOf::<Test> { region: Some(840), ..small() }
}

#[test]
fn order_weighs_only_itself() {
	run(|| {
		let call = Call::<Test>::order { order: Box::new(small()), escrow: ESCROW };
		assert_eq!(call.get_dispatch_info().call_weight, <() as WeightInfo>::order());
	});
}

#[test]
fn each_search_is_burned_from_escrow() {
	run(|| {
		SearchFee::set(SEARCH);
		assert_ok!(order(nowhere()));
		assert_eq!(vm(1).escrow, ESCROW, "no search has begun");
		ticks(2);
		assert_eq!((vm(1).escrow, Compute::paid().burned), (ESCROW - SEARCH, SEARCH));
		assert!(events().contains(&Event::SearchPaid { vm: 1, amount: SEARCH }));
		ticks(RULES.placement);
		assert_eq!(Compute::vm(1), None);
		let all = Balance::from(ROUNDS) * SEARCH;
		let paid = Compute::paid();
		assert_eq!((paid.charged, paid.settled, paid.burned), (all, all, all));
		assert_eq!((held(TENANT), free(TENANT)), (0, ENDOWMENT - all));
	});
}

#[test]
fn minimum_escrow_covers_all_searches() {
	run(|| {
		let before = Compute::least_escrow(small().max_price).expect("there is a price");
		SearchFee::set(SEARCH);
		let least = Compute::least_escrow(small().max_price).expect("there is a price");
		assert_eq!(least - before, Balance::from(ROUNDS * MAX_GENERATIONS) * SEARCH);
		let with = |escrow| order_by(TENANT, small(), escrow);
		assert_noop!(with(least - 1), Error::<Test>::EscrowTooSmall);
		assert_ok!(with(least));
		ticks(2);
		assert_eq!(miner_of(1), 10);
	});
}

/// Failed boots may use up the escrow. The chain makes no search for which the escrow cannot pay.
#[test]
fn vm_ends_if_escrow_does_not_cover_search() {
	run(|| {
		assert_ok!(order(nowhere()));
		SearchFee::set(ESCROW + 1);
		ticks(2);
		assert_eq!(Compute::vm(1), None);
		assert_eq!((held(TENANT), free(TENANT)), (0, ENDOWMENT));
		let unfunded = Event::Terminated { vm: 1, why: EndReason::Unfunded, released: ESCROW };
		assert!(events().contains(&unfunded));
	});
}

#[test]
fn waiting_for_price_or_room_costs_nothing() {
	run(|| {
		SearchFee::set(SEARCH);
		assert_ok!(order(nowhere()));
		PriceForOrders::set(None);
		ticks(2);
		assert_eq!(vm(1).escrow, ESCROW, "without a price the chain does not search");
		PriceForOrders::set(Some(PRICE));
		for _ in 0..2 * RULES.placement {
			Now::mutate(|now| *now += 1);
			let nothing = &mut WeightMeter::with_limit(Weight::zero());
			Compute::on_poll(System::block_number(), nothing);
		}
		assert_eq!(vm(1).escrow, ESCROW, "without room in blocks it does not search either");
	});
}
