//! How work is spread on a whole chain: miners are given it by the tiers of their chips, and those that do not suit are given none.

use std::collections::BTreeMap;

use frame_support::{assert_ok, traits::Hooks, weights::WeightMeter};
use hcc_evidence::{host::BootState, RejectCode};
use hcc_primitives::{ChipHash, Conduct, Met, Tier};
use pallet_attestation::Hosts;
use pallet_compute::{Choice, LastId, Order, State};
use pallet_registry::Offer;
use sp_keyring::Sr25519Keyring::Eve;

use super::{
	claims::enrol,
	compute::{order, report, ESCROW, OFFER, PRICE},
	machine::Machine,
	network::*,
};
use crate::*;

/// How many VMs are placed one after another.
const ORDERS: u32 = 280;
/// The tiers of the chips of those that suit, one each, and how often each is drawn for one on probation.
const SUITABLE: [(u8, Tier, u64); 6] = [
	(0, Tier::Trusted, 4),
	(1, Tier::Trusted, 4),
	(2, Tier::Regular, 2),
	(3, Tier::Regular, 2),
	(4, Tier::Probation, 1),
	(5, Tier::Probation, 1),
];
/// Those that do not suit: there is not as much room as is ordered, they are elsewhere, the order excludes them, the chip has not passed its last challenge, it is in quarantine, the miner has left.
const SMALL: u8 = 6;
const ELSEWHERE: u8 = 7;
const EXCLUDED: u8 = 8;
const FAILING: u8 = 9;
const QUARANTINED: u8 = 10;
const GONE: u8 = 11;

fn numbered(number: u8) -> AccountId {
	AccountId::new([0xa0 + number; 32])
}

fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(numbered(number))
}

/// Has a chip known for what makes it of that tier. It begins as a regular one.
fn make_known(chip: &ChipHash, miner: &AccountId, tier: Tier) {
	let conduct = match tier {
		Tier::Trusted | Tier::Regular => Conduct::Passed,
		Tier::Probation => Conduct::Failed(RejectCode::TcbFloor.number()),
		Tier::Quarantine => Conduct::Failed(RejectCode::ImaUnknownFile.number()),
		Tier::Suspended => Conduct::Missed,
	};
	for seq in 1..100 {
		if <Reputation as hcc_primitives::Reputation<AccountId>>::tier(chip) == tier {
			return;
		}
		let met = Met { seq, made: 0, conduct, from: None };
		<Reputation as hcc_primitives::Reputation<AccountId>>::note(chip, miner, met);
	}
	panic!("it is never of tier {tier:?}");
}

/// A miner with one chip of that tier, which has proven itself as the other machine has. Gives the chip.
fn enlist(number: u8, tier: Tier, offer: Offer, proven: &BootState) -> ChipHash {
	let (who, machine) = (numbered(number), Machine::named(&format!("lot {number}")));
	let chip = chip(&machine);
	enrol(&who, &machine, [0xa0 + number; 32]);
	make_known(&chip, &who, tier);
	assert_ok!(Registry::set_offer(signed(number), offer));
	assert_ok!(Registry::add_chip(signed(number), chip));
	assert_ok!(Policy::register_vek(signed(number), vcek(&machine)));
	Hosts::<Runtime>::mutate(chip, |host| {
		let host = host.as_mut().expect("its TPM is enrolled");
		assert_eq!(host.tier, tier);
		host.checkpoint = Some(proven.clone());
	});
	chip
}

/// A market of all of them, at a price that all know.
fn open_market(machine: &Machine) {
	endow(&Eve.to_account_id());
	report(PRICE);
	assert!(attest(machine).is_accepted());
	let host = Attestation::host(chip(machine)).expect("enlisted");
	let proven = host.checkpoint.expect("it was accepted");
	for (number, tier, _) in SUITABLE {
		enlist(number, tier, OFFER, &proven);
	}
	let trusted = Tier::Trusted;
	enlist(SMALL, trusted, Offer { vcpus: 1, ..OFFER }, &proven);
	enlist(ELSEWHERE, trusted, Offer { region: 840, ..OFFER }, &proven);
	enlist(EXCLUDED, trusted, OFFER, &proven);
	let failing = enlist(FAILING, trusted, OFFER, &proven);
	Hosts::<Runtime>::mutate(failing, |host| {
		host.as_mut().expect("it is there").failing = true;
	});
	enlist(QUARANTINED, Tier::Quarantine, OFFER, &proven);
	enlist(GONE, trusted, OFFER, &proven);
	assert_ok!(Registry::exit(signed(GONE)));
}

/// A block in which nobody is asked anything: the clock moves, and VMs are placed.
fn quiet_block() {
	begin(Some(sp_io::hashing::blake2_256(&System::block_number().to_le_bytes())));
	statements();
	let (now, meter) = (System::block_number(), &mut WeightMeter::new());
	Verdicts::on_poll(now, meter);
	Compute::on_poll(now, meter);
}

/// Orders a VM, and tells to whom it was given. It is given up at once, so that there is room again.
fn drawn(what: &Order<AccountId>) -> AccountId {
	let tenant = || RuntimeOrigin::signed(Eve.to_account_id());
	assert_ok!(Compute::order(tenant(), Box::new(what.clone()), ESCROW));
	let id = LastId::<Runtime>::get();
	let vm = || Compute::vm(id).expect("it is placed before its order's time is over");
	while let State::Pending { .. } = vm().state {
		quiet_block();
	}
	let miner = vm().place.expect("it is placed").miner;
	assert_ok!(Compute::terminate(tenant(), id));
	miner
}

#[test]
fn miners_are_given_work_by_the_tiers_of_their_chips_and_none_where_they_do_not_suit() {
	run(|machine| {
		open_market(&machine);
		let except = vec![numbered(EXCLUDED)].try_into().expect("short");
		let wanted =
			Order { region: Some(OFFER.region), miner: Choice::Drawn { except }, ..order() };
		let mut given = BTreeMap::<AccountId, u64>::new();
		for _ in 0..ORDERS {
			*given.entry(drawn(&wanted)).or_default() += 1;
		}
		let (orders, whole) = (u64::from(ORDERS), SUITABLE.iter().map(|of| of.2).sum::<u64>());
		let mut all = 0;
		for (number, tier, weight) in SUITABLE {
			let count = given.get(&numbered(number)).copied().unwrap_or(0);
			// Four standard deviations of a binomial distribution: (count - n w / W)² <= 4² n (w / W) (1 - w / W), times W².
			let apart = (count * whole).abs_diff(orders * weight);
			let most = 16 * orders * weight * (whole - weight);
			assert!(apart * apart <= most, "{number}, {tier:?}: {count} of {orders}");
			all += count;
		}
		assert_eq!(all, orders, "somebody else was given some: {given:?}");
	});
}

#[test]
fn who_does_not_suit_is_not_given_work_by_name_either() {
	run(|machine| {
		open_market(&machine);
		let named = |number: u8| Order {
			region: Some(OFFER.region),
			miner: Choice::Named(numbered(number)),
			..order()
		};
		assert_eq!(drawn(&named(4)), numbered(4));
		for number in [SMALL, ELSEWHERE, FAILING, QUARANTINED, GONE] {
			let tenant = RuntimeOrigin::signed(Eve.to_account_id());
			assert_ok!(Compute::order(tenant, Box::new(named(number)), ESCROW));
			let id = LastId::<Runtime>::get();
			while Compute::vm(id).is_some() {
				let state = Compute::vm(id).map(|vm| vm.state);
				assert!(matches!(state, Some(State::Pending { .. })), "{number}: {state:?}");
				quiet_block();
			}
		}
		let held = Balances::reserved_balance(Eve.to_account_id());
		assert_eq!(held, 0, "who finds no miner has all back");
	});
}
