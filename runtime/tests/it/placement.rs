//! Tests of placement on the whole chain. Miners receive VMs according to the tiers of their chips,
//! and unsuitable miners receive none.

use std::collections::BTreeMap;

use frame_support::{assert_ok, traits::Hooks, weights::WeightMeter};
use hcc_evidence::{host::BootState, RejectCode};
use hcc_evidence_testing::Machine;
use hcc_primitives::{
	draw::DRAWN_AFTER, ChallengeOutcome, ChallengeRecord, ChipHash, Liveness, OfferBook, Tier,
};
use hccs_runtime::*;
use pallet_attestation::Hosts;
use pallet_compute::{Choice, LastId, OrderRequest, VmState};
use pallet_registry::Offer;
use sp_keyring::Sr25519Keyring::Eve;

use super::{
	compute::{order, report_price, ESCROW, OFFER, PRICE},
	contests::enrol,
	network::*,
	rules::set_rules,
};

/// Number of VMs that are placed one after another.
const ORDERS: u32 = 280;
/// The suitable miners. Each row has the miner's number, the tier of its chip, and the weight of
/// the chip in a draw. A chip on probation has the weight one.
const SUITABLE: [(u8, Tier, u64); 6] = [
	(0, Tier::Trusted, 4),
	(1, Tier::Trusted, 4),
	(2, Tier::Regular, 2),
	(3, Tier::Regular, 2),
	(4, Tier::Probation, 1),
	(5, Tier::Probation, 1),
];
/// The unsuitable miners. In order, a miner has too little capacity, is in another region, is
/// excluded by the order, has a failing chip, has a chip in quarantine, and has left.
const SMALL: u8 = 6;
const ELSEWHERE: u8 = 7;
const EXCLUDED: u8 = 8;
const FAILING: u8 = 9;
const QUARANTINED: u8 = 10;
const GONE: u8 = 11;

fn miner_account(number: u8) -> AccountId {
	AccountId::new([0xa0 + number; 32])
}

fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(miner_account(number))
}

/// Records challenge outcomes until a chip has the given tier. A new chip is regular.
fn set_tier(chip: &ChipHash, miner: &AccountId, tier: Tier) {
	let outcome = match tier {
		Tier::Trusted | Tier::Regular => ChallengeOutcome::Passed,
		Tier::Probation => ChallengeOutcome::Failed(RejectCode::TcbFloor.number()),
		Tier::Quarantine => ChallengeOutcome::Failed(RejectCode::ImaUnknownFile.number()),
		Tier::Suspended => ChallengeOutcome::Missed,
	};
	for seq in 1..100 {
		if <Reputation as hcc_primitives::Reputation<AccountId>>::tier(chip) == tier {
			return;
		}
		let record = ChallengeRecord { seq, made: 0, outcome, from: None };
		<Reputation as hcc_primitives::Reputation<AccountId>>::note(chip, miner, record);
	}
	panic!("the chip does not reach tier {tier:?}");
}

/// Registers a miner with one chip, which has the given tier and the log checkpoint `proven`.
/// Returns the chip.
fn enlist(number: u8, tier: Tier, offer: Offer, proven: &BootState) -> ChipHash {
	let (who, machine) = (miner_account(number), Machine::named(&format!("lot {number}")));
	let chip = chip(&machine);
	enrol(&who, &machine, [0xa0 + number; 32]);
	set_tier(&chip, &who, tier);
	assert_ok!(Registry::set_offer(signed(number), offer));
	assert_ok!(Registry::add_chip(signed(number), chip));
	assert_ok!(Policy::register_vek(signed(number), vcek(&machine)));
	Hosts::<Runtime>::mutate(chip, |host| {
		let host = host.as_mut().expect("the chip has a host");
		assert_eq!(host.tier, tier);
		host.checkpoint = Some(proven.clone());
	});
	chip
}

/// Registers all miners and sets a price.
fn open_market(machine: &Machine) {
	endow(&Eve.to_account_id());
	report_price(PRICE);
	assert!(attest(machine).is_accepted());
	let host = Attestation::host(chip(machine)).expect("the chip has a host");
	let proven = host.checkpoint.expect("evidence was accepted");
	for (number, tier, _) in SUITABLE {
		enlist(number, tier, OFFER, &proven);
	}
	let trusted = Tier::Trusted;
	enlist(SMALL, trusted, Offer { vcpus: 1, ..OFFER }, &proven);
	enlist(ELSEWHERE, trusted, Offer { region: 840, ..OFFER }, &proven);
	enlist(EXCLUDED, trusted, OFFER, &proven);
	let failing = enlist(FAILING, trusted, OFFER, &proven);
	Hosts::<Runtime>::mutate(failing, |host| {
		host.as_mut().expect("the chip has a host").failing = true;
	});
	enlist(QUARANTINED, Tier::Quarantine, OFFER, &proven);
	enlist(GONE, trusted, OFFER, &proven);
	assert_ok!(Registry::exit(signed(GONE)));
	// Chips take part in draws two blocks later.
	blocks(DRAWN_AFTER);
}

/// Makes a block without challenges. The clock advances, and VMs are placed.
fn block_without_challenges() {
	begin(Some(sp_io::hashing::blake2_256(&System::block_number().to_le_bytes())));
	state_finality();
	let (now, meter) = (System::block_number(), &mut WeightMeter::new());
	Clock::on_poll(now, meter);
	Verdicts::on_poll(now, meter);
	Compute::on_poll(now, meter);
}

/// Orders a VM and returns its miner. Terminates the VM afterwards to free the capacity.
fn place_order(wanted: &OrderRequest<AccountId>) -> AccountId {
	let tenant = || RuntimeOrigin::signed(Eve.to_account_id());
	assert_ok!(Compute::order(tenant(), Box::new(wanted.clone()), ESCROW));
	let id = LastId::<Runtime>::get();
	let vm = || Compute::vm(id).expect("the VM is placed in time");
	while let VmState::Pending { .. } = vm().state {
		block_without_challenges();
	}
	let miner = vm().place.expect("the VM is placed").miner;
	assert_ok!(Compute::terminate(tenant(), id));
	miner
}

#[test]
fn placement_follows_tiers_and_skips_unsuitable_miners() {
	run(|machine| {
		open_market(&machine);
		let except = vec![miner_account(EXCLUDED)].try_into().expect("it fits");
		let wanted =
			OrderRequest { region: Some(OFFER.region), miner: Choice::Drawn { except }, ..order() };
		let mut placed = BTreeMap::<AccountId, u64>::new();
		for _ in 0..ORDERS {
			*placed.entry(place_order(&wanted)).or_default() += 1;
		}
		let (orders, whole) = (u64::from(ORDERS), SUITABLE.iter().map(|of| of.2).sum::<u64>());
		let mut all = 0;
		for (number, tier, weight) in SUITABLE {
			let count = placed.get(&miner_account(number)).copied().unwrap_or(0);
			// The count must lie within four standard deviations of a binomial distribution. The
			// condition is (count - n w / W)² <= 4² n (w / W) (1 - w / W), multiplied by W².
			let apart = (count * whole).abs_diff(orders * weight);
			let most = 16 * orders * weight * (whole - weight);
			assert!(apart * apart <= most, "{number}, {tier:?}: {count} of {orders}");
			all += count;
		}
		assert_eq!(all, orders, "an unsuitable miner received VMs: {placed:?}");
	});
}

/// The author of a block knows the randomness for the draws of the next block. So orders and chips
/// that are added in a block do not take part in the draws of the next block.
#[test]
fn orders_and_chips_of_a_block_are_drawn_two_blocks_later() {
	const NEWCOMERS: std::ops::Range<u8> = 20..30;
	run(|machine| {
		open_market(&machine);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		let proven = host.checkpoint.expect("evidence was accepted");
		let tenant = RuntimeOrigin::signed(Eve.to_account_id());
		assert_ok!(Compute::order(tenant, Box::new(order()), ESCROW));
		let id = LastId::<Runtime>::get();
		let new: Vec<_> =
			NEWCOMERS.map(|number| enlist(number, Tier::Trusted, OFFER, &proven)).collect();
		let newcomer_is_drawn = || {
			let lots = (0..200u64).map(|lot| lot.to_le_bytes());
			let mut drawn = lots.filter_map(<Attestation as Liveness>::draw);
			drawn.any(|chip| new.contains(&chip))
		};
		let is_pending =
			|| matches!(Compute::vm(id).expect("the VM exists").state, VmState::Pending { .. });
		for block in 1..=DRAWN_AFTER {
			blocks(1);
			let later = block == DRAWN_AFTER;
			assert_eq!((is_pending(), newcomer_is_drawn()), (!later, later), "block {block}");
		}
	});
}

#[test]
fn vcpus_beyond_chips_and_bond_receive_no_vm() {
	const OFFERING: u8 = 4;
	run(|machine| {
		open_market(&machine);
		assert_ok!(Registry::set_offer(signed(OFFERING), Offer { vcpus: u16::MAX, ..OFFER }));
		let offered = |vcpu_bond: Balance| {
			let rules = pallet_registry::Rules { vcpu_bond, ..Registry::rules() };
			assert_ok!(set_rules(rules));
			let offer = <Registry as OfferBook<_>>::offered(&miner_account(OFFERING));
			offer.expect("the miner is ready").vcpus
		};
		let bond = Registry::rules().min_bond;
		assert_eq!(offered(1), machine.vek.product.max_threads());
		assert_eq!(offered(bond / 64), 64);
		assert_eq!(offered(bond), 1);
		let named =
			OrderRequest { miner: Choice::Named(miner_account(OFFERING)), region: None, ..order() };
		let tenant = RuntimeOrigin::signed(Eve.to_account_id());
		assert_ok!(Compute::order(tenant, Box::new(named), ESCROW));
		let id = LastId::<Runtime>::get();
		let vm = || Compute::vm(id).expect("the order waits for a miner");
		assert!(vm().allotted.vcpus > 1);
		(0..=DRAWN_AFTER).for_each(|_| block_without_challenges());
		assert!(vm().place.is_none(), "the bond does not cover the VM");
	});
}

#[test]
fn named_order_to_unsuitable_miner_is_refunded() {
	run(|machine| {
		open_market(&machine);
		let named = |number: u8| OrderRequest {
			region: Some(OFFER.region),
			miner: Choice::Named(miner_account(number)),
			..order()
		};
		assert_eq!(place_order(&named(4)), miner_account(4));
		for number in [SMALL, ELSEWHERE, FAILING, QUARANTINED, GONE] {
			let tenant = RuntimeOrigin::signed(Eve.to_account_id());
			assert_ok!(Compute::order(tenant, Box::new(named(number)), ESCROW));
			let id = LastId::<Runtime>::get();
			while Compute::vm(id).is_some() {
				let state = Compute::vm(id).map(|vm| vm.state);
				assert!(matches!(state, Some(VmState::Pending { .. })), "{number}: {state:?}");
				block_without_challenges();
			}
		}
		let held = Balances::reserved_balance(Eve.to_account_id());
		assert_eq!(held, 0, "an order without a miner is refunded");
	});
}
