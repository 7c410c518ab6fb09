//! Rented VMs on a whole chain: real reports of VMs, judged by the chain; real verdicts on the host; the price that validators report.

use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use hcc_evidence::vm::{
	config_statement, receipt_statement, vm_host_data, vm_report_data, Boot, Receipt,
	SignedReceipt, VmEvidence, VmId, KEM_KEY_LEN,
};
use hcc_primitives::{units::ALPHA, Guests, Liveness, Tier};
use insecure_sim::ReportFields;
use pallet_compute::{Choice, Configuration, Egress, Event, Order, State};
use sp_core::{ed25519, Pair};
use sp_keyring::Sr25519Keyring;

use super::{
	hosts::revoke_the_issuer,
	machine::{Machine, GENESIS},
	network::{
		attest, blocks, bond, check, chip, endow, issued_before_eras, miner, run, VALIDATORS,
	},
	rules::set_rules,
};
use crate::*;

/// Half a dollar for one α.
pub(super) const PRICE: u64 = 500_000_000;
/// The image that is ordered.
const IMAGE: [u8; 48] = [0x11; 48];
pub(super) const ESCROW: Balance = 100 * ALPHA;
/// What the miner has for tenants.
pub(super) const OFFER: pallet_registry::Offer =
	pallet_registry::Offer { region: 276, vcpus: 8, memory: 1 << 16, disk: 500, price: 1_000 };

/// The key that every guest makes here.
pub(super) fn guest() -> ed25519::Pair {
	ed25519::Pair::from_seed(&[7; 32])
}

/// What that guest tells of an interval: for half of it its processors wanted to work and could not.
pub(super) fn starved(vm: VmId, sequence: u32, interval: u32) -> SignedReceipt {
	let boot = Compute::guest(vm).expect("it runs");
	let elapsed = Attestation::interval().length * units::MILLISECS_PER_BLOCK as u32;
	let half = u64::from(elapsed) * u64::from(boot.vcpus) / 2;
	let receipt = Receipt {
		vm,
		generation: boot.generation,
		boot_counter: boot.boot_counter,
		sequence,
		interval,
		elapsed,
		cpu_time: half,
		steal: half,
		memory: boot.memory,
		disk: boot.disk,
		egress: 0,
	};
	SignedReceipt { receipt, signature: guest().sign(&receipt_statement(&GENESIS, &receipt)).0 }
}

fn tenant() -> AccountId {
	Sr25519Keyring::Eve.to_account_id()
}

fn signed(who: &AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who.clone())
}

/// All validators report what α is worth.
pub(super) fn report(price: u64) {
	for validator in VALIDATORS {
		let now = System::block_number();
		assert_ok!(Oracle::report(signed(&validator.to_account_id()), price, now));
	}
	for _ in 0..100 {
		blocks(1);
		if Oracle::price_for_orders() == Some(price) {
			return;
		}
	}
	panic!("no price was made");
}

pub(super) fn order() -> Order<AccountId> {
	let signer = ed25519::Pair::from_seed(&[9; 32]);
	let hash = [5; 32];
	let signature = signer.sign(&config_statement(&GENESIS, &hash));
	Order {
		flavour: 2,
		measurement: IMAGE,
		config: Configuration { hash, signer: signer.public().0, signature: signature.0 },
		holders_root: [6; 32],
		egress: Egress::Open,
		max_price: 100_000,
		tier: Tier::Probation,
		reduced: false,
		region: None,
		miner: Choice::Drawn { except: BoundedVec::new() },
	}
}

/// What the guest shows that the miner has launched on that machine.
fn evidence(machine: &Machine, launched: &Order<AccountId>) -> VmEvidence {
	evidence_of(1, machine, launched).expect("it boots")
}

/// The same of any VM; none of one that does not boot.
pub(super) fn evidence_of(
	id: VmId,
	machine: &Machine,
	launched: &Order<AccountId>,
) -> Option<VmEvidence> {
	let vm = Compute::vm(id)?;
	let State::Booting { nonce, .. } = vm.state else { return None };
	let boot = Boot {
		vm: id,
		generation: vm.generation,
		counter: vm.boot_counter,
		nonce,
		config_hash: launched.config.hash,
		holders_root: launched.holders_root,
		measurement: launched.measurement,
	};
	let mut evidence = VmEvidence {
		vm: id,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		snp_report: vec![],
		guest_pk: guest().public().0,
		kem_pk: vec![8; KEM_KEY_LEN],
		ssh_host_key_hash: [9; 32],
	};
	let data = vm_report_data(&GENESIS, &boot, &evidence);
	let mut fields = ReportFields::new(data, boot.measurement);
	let (config, holders) = (&boot.config_hash, &boot.holders_root);
	fields.host_data = vm_host_data(&GENESIS, id, boot.generation, config, holders);
	evidence.snp_report = fields.sign(&machine.chip).expect("it signs").to_vec();
	Some(evidence)
}

fn show(evidence: VmEvidence) -> frame_support::pallet_prelude::DispatchResult {
	Compute::attest(signed(&miner()), Box::new(evidence))
}

/// A VM that a live miner was given.
fn assigned(machine: &Machine) {
	assert_ok!(Registry::set_offer(signed(&miner()), OFFER));
	endow(&tenant());
	report(PRICE);
	assert!(attest(machine).is_accepted());
	assert_ok!(Compute::order(signed(&tenant()), Box::new(order()), ESCROW));
	for _ in 0..20 {
		blocks(1);
		if let Some(State::Assigned { .. }) = Compute::vm(1).map(|vm| vm.state) {
			return;
		}
	}
	panic!("nobody was found");
}

pub(super) fn booted(machine: &Machine) {
	assigned(machine);
	assert_ok!(Compute::boot(signed(&miner()), 1));
	assert_ok!(show(evidence(machine, &order())));
}

fn compute_events() -> Vec<Event<Runtime>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Compute(event) => Some(event),
			_ => None,
		})
		.collect()
}

#[test]
fn a_vm_that_its_chip_vouches_for_runs() {
	run(|machine| {
		booted(&machine);
		let row = Compute::boot_of(1).expect("it has booted");
		assert_eq!(row.chip, chip(&machine));
		assert!(matches!(Compute::vm(1).map(|vm| vm.state), Some(State::Running { .. })));
		assert!(Compute::paid().settled > 0, "the boot is paid");
	});
}

/// Its reports could not be verified: whoever were given it would fail, and its tenant pay for the boots.
#[test]
fn a_chip_whose_issuer_was_revoked_is_given_no_vm() {
	run(|machine| {
		assert_ok!(Registry::set_offer(signed(&miner()), OFFER));
		endow(&tenant());
		report(PRICE);
		assert!(attest(&machine).is_accepted());
		revoke_the_issuer();
		let void = || Attestation::statistics().counts.void;
		while void() == 0 {
			blocks(1);
		}
		let before = Balances::total_balance(&tenant());
		assert_ok!(Compute::order(signed(&tenant()), Box::new(order()), ESCROW));
		blocks(40);
		let vm = Compute::vm(1).expect("it is looked for");
		assert!(matches!(vm.state, State::Pending { .. }) && vm.generation == 0);
		assert_eq!(Balances::total_balance(&tenant()), before);
		assert_eq!(Compute::paid(), Default::default());
	});
}

#[test]
fn a_vm_that_is_not_what_was_ordered_is_refused() {
	run(|machine| {
		assigned(&machine);
		assert_ok!(Compute::boot(signed(&miner()), 1));
		let refused = pallet_compute::Error::<Runtime>::EvidenceRefused;
		let other = |change: fn(&mut Order<AccountId>)| {
			let mut launched = order();
			change(&mut launched);
			evidence(&machine, &launched)
		};
		assert_noop!(show(other(|order| order.measurement[0] ^= 1)), refused);
		let refused = || pallet_compute::Error::<Runtime>::EvidenceRefused;
		assert_noop!(show(other(|order| order.config.hash[0] ^= 1)), refused());
		assert_noop!(show(other(|order| order.holders_root[0] ^= 1)), refused());
		let elsewhere = Machine::named("elsewhere");
		assert_noop!(show(evidence(&elsewhere, &order())), refused());
		let mut altered = evidence(&machine, &order());
		altered.guest_pk[0] ^= 1;
		assert_noop!(show(altered), refused());
		assert_ok!(show(evidence(&machine, &order())));
		let again = evidence_of_last_boot(&machine);
		let wrong = pallet_compute::Error::<Runtime>::WrongState;
		assert_noop!(show(again), wrong);
	});
}

fn evidence_of_last_boot(machine: &Machine) -> VmEvidence {
	let vm = Compute::vm(1).expect("it was ordered");
	let report = ReportFields::new([0; 64], IMAGE).sign(&machine.chip).expect("it signs");
	VmEvidence {
		vm: 1,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		snp_report: report.to_vec(),
		guest_pk: [7; 32],
		kem_pk: vec![8; KEM_KEY_LEN],
		ssh_host_key_hash: [9; 32],
	}
}

/// Goes on for so many intervals; the machine answers what it is asked where it `answers`.
pub(super) fn live(machine: &Machine, intervals: u32, answers: bool) {
	let until = Attestation::interval().index + intervals;
	while Attestation::interval().index < until {
		let host = Attestation::host(chip(machine)).expect("enlisted");
		let asked = host.challenge.is_some_and(|open| open.subject.is_none());
		if asked && answers {
			attest(machine);
		} else {
			blocks(1);
		}
	}
}

/// The miner has new α for what was paid, of an era that is over.
fn claim_what_is_owed() {
	let eras = 0..Emission::era().index;
	let parts = eras.filter_map(|era| Some((era, Emission::owed_to(era, miner()).1?)));
	let (era, part) = parts.into_iter().find(|(_, part)| *part > 0).expect("something is owed");
	let (before, issued) = (Balances::free_balance(miner()), Balances::total_issuance());
	assert_ok!(Emission::claim(signed(&tenant()), era, miner()));
	assert_eq!(Balances::free_balance(miner()) - before, part);
	assert_eq!(Balances::total_issuance() - issued, part);
	let again = Emission::claim(signed(&tenant()), era, miner());
	assert_noop!(again, pallet_emission::Error::<Runtime>::NothingOwed);
}

/// Verdicts can be proven false for a short time only, so that the tests need not be long.
pub(super) fn hurry() {
	use crate::configs::INITIAL_VERDICTS_RULES;
	let rules = pallet_verdicts::Rules {
		window: 20,
		audit: sp_runtime::Perbill::zero(),
		..INITIAL_VERDICTS_RULES
	};
	assert_ok!(set_rules(rules));
}

#[test]
fn intervals_are_paid_that_the_host_was_live_in_and_the_others_given_back() {
	run(|machine| {
		hurry();
		booted(&machine);
		live(&machine, 12, true);
		let settled = |events: &[Event<Runtime>]| {
			events.iter().filter(|event| matches!(event, Event::Settled { .. })).count()
		};
		let refunded = |events: &[Event<Runtime>]| {
			events.iter().filter(|event| matches!(event, Event::Refunded { .. })).count()
		};
		let events = compute_events();
		assert!(settled(&events) >= 4, "{}", settled(&events));
		assert_eq!(refunded(&events), 0);
		check();
		claim_what_is_owed();
		check();
		live(&machine, 12, false);
		let events = compute_events();
		assert!(refunded(&events) >= 2, "{}", refunded(&events));
		let chip_is_fit = <Attestation as Liveness>::fit(&chip(&machine)).is_some();
		assert!(!chip_is_fit, "it is silent");
		let paid = Compute::paid();
		assert_eq!(
			paid.settled,
			paid.miners + paid.validators + paid.treasury + paid.burned,
			"to the last unit"
		);
		assert!(paid.refunded > 0 && paid.miners > paid.validators);
	});
}

#[test]
fn a_guest_that_is_starved_and_says_so_lessens_its_bill_and_its_hosts_standing_and_nothing_else() {
	run(|machine| {
		hurry();
		booted(&machine);
		live(&machine, 2, true);
		let tell = |receipt| {
			let receipts = vec![receipt].try_into().expect("one");
			Usage::tell(signed(&tenant()), receipts)
		};
		for sequence in 1..=4 {
			live(&machine, 1, true);
			let over = Attestation::interval().index - 1;
			let mut forged = starved(1, sequence, over);
			forged.receipt.steal += 1;
			assert!(tell(forged).is_err(), "the guest has not signed that");
			assert_ok!(tell(starved(1, sequence, over)));
			assert!(tell(starved(1, sequence, over)).is_err(), "once");
		}
		let before = Reputation::record(chip(&machine)).expect("noted");
		live(&machine, 6, true);
		let lessened = |event| match event {
			Event::Lessened { first, amount, .. } => Some((first, amount)),
			_ => None,
		};
		let lessened: Vec<_> = compute_events().into_iter().filter_map(lessened).collect();
		assert!(!lessened.is_empty());
		let most = Usage::rules().refund;
		for (interval, amount) in lessened {
			let of = |event: &Event<Runtime>| match event {
				Event::Charged { first, amount, .. } if *first == interval => Some(*amount),
				_ => None,
			};
			let charged = compute_events().iter().find_map(of).expect("it was charged");
			assert!(amount > 0 && amount <= most.mul_ceil(charged), "{amount} of {charged}");
		}
		assert!(Reputation::usage_of(chip(&machine)) < 1_000, "the host is known for it");
		let after = Reputation::record(chip(&machine)).expect("noted");
		assert_eq!(after.score.strikes, before.score.strikes, "it is no incident");
		let paid = Compute::paid();
		assert_eq!(paid.settled, paid.miners + paid.validators + paid.treasury + paid.burned);
	});
}

#[test]
fn an_absurd_report_costs_its_validator_a_part_of_its_bond_and_nobody_else_anything() {
	run(|_| {
		let before = VALIDATORS.map(bond);
		let issued = issued_before_eras();
		for (at, validator) in VALIDATORS.into_iter().enumerate() {
			let price = if at == 3 { PRICE * 10 } else { PRICE };
			let now = System::block_number();
			assert_ok!(Oracle::report(signed(&validator.to_account_id()), price, now));
		}
		while Oracle::price_for_orders().is_none() {
			blocks(1);
			assert!(System::block_number() < 1_000, "a price is made");
		}
		assert_eq!(Oracle::price_for_orders(), Some(PRICE));
		let lost = Oracle::rules().slash.mul_floor(before[3]);
		assert!(lost > 0);
		assert_eq!(bond(VALIDATORS[3]), before[3] - lost);
		assert_eq!(VALIDATORS.map(bond)[..3], before[..3]);
		assert_eq!(issued_before_eras(), issued - lost, "it is burned");
		assert!(Session::disabled_validators().is_empty(), "it is no offence");
	});
}

/// What is settled within a few minutes of the slash counts; and intervals are longer than it takes to be suspended, as they are on a chain that is no test.
fn compensate_soon() {
	use crate::configs::INITIAL_COMPENSATION_RULES;
	let rules = Attestation::rules();
	let rules = pallet_attestation::Rules {
		trusted: 30,
		regular: 30,
		probation: 30,
		quarantine: 30,
		suspended: 30,
		billing: 600,
		..rules
	};
	assert_ok!(set_rules(rules));
	let rules = pallet_compensation::Rules { collect: 2_400, ..INITIAL_COMPENSATION_RULES };
	assert_ok!(set_rules(rules));
}

#[test]
fn tenants_come_first_where_their_miner_is_slashed() {
	use pallet_compensation::Event as Case;

	run(|machine| {
		hurry();
		compensate_soon();
		booted(&machine);
		// Sound to the end of an interval, which is paid for, and asked nothing then.
		live(&machine, 2, true);
		while Attestation::host(chip(&machine)).expect("enlisted").challenge.is_some() {
			live(&machine, 1, true);
		}
		assert!(Compensation::case_of(chip(&machine)).is_none());
		// Silent from now on, until the third strike, and until the slash is made and divided.
		let bond = || Registry::miner(miner()).expect("registered").bond;
		let before = bond();
		let closed = |record: &frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
			RuntimeEvent::Compensation(Case::CaseClosed { pot, given, burned, .. }) => {
				Some((pot, given, burned))
			},
			_ => None,
		};
		let mut ends = None;
		for _ in 0..8_000 {
			blocks(1);
			ends = System::events().iter().find_map(closed);
			if ends.is_some() {
				break;
			}
		}
		let (pot, given, burned) = ends.expect("the case is closed");
		let lost = before - bond();
		assert!(lost > 0 && pot <= lost && lost - pot <= Balances::minimum_balance());
		assert_eq!(pot, given + burned, "to the last unit");
		let compensated: Vec<_> = System::events()
			.into_iter()
			.filter_map(|record| match record.event {
				RuntimeEvent::Compensation(Case::Compensated { tenant, paid, amount, .. }) => {
					Some((tenant, paid, amount))
				},
				_ => None,
			})
			.collect();
		let [(who, paid, amount)] = &compensated[..] else { panic!("{compensated:?}") };
		assert_eq!((who, *amount), (&tenant(), given));
		assert!(amount <= paid && *amount > 0);
	});
}

/// A flaw is found in the line that the VM's chip is of, after the order.
#[test]
fn where_a_product_line_is_trusted_less_a_boot_costs_nothing_until_its_tenant_lets_that_do() {
	use hcc_evidence::{host::GenerationTrust, snp::ProductLine};
	run(|machine| {
		booted(&machine);
		let reduced = Some(GenerationTrust::Reduced);
		assert_ok!(Policy::set_generation(RuntimeOrigin::root(), ProductLine::Genoa, reduced));
		type Refused = pallet_compute::Error<Runtime>;
		assert_noop!(Compute::reboot(signed(&tenant()), 1), Refused::TrustTooLow);
		assert_ok!(Compute::report_crash(signed(&miner()), 1));
		let escrow = || Compute::vm(1).expect("it is there").escrow;
		let before = escrow();
		assert_noop!(Compute::boot(signed(&miner()), 1), Refused::TrustTooLow);
		assert_eq!(escrow(), before);
		assert_ok!(Compute::set_reduced(signed(&tenant()), 1, true));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		assert_ok!(show(evidence(&machine, &order())));
	});
}
