//! Tests of VMs on the whole chain. VM reports and the verdicts on the host are evaluated, and
//! validators report the price.

use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect, BoundedVec};
use hcc_evidence::vm::{
	config::{config_hash, config_revision_statement, ConfigRevision},
	confirmation_statement,
	image::ImageId,
	receipt_statement, vm_host_data, vm_report_data, Boot, Confirmation, Receipt,
	SignedConfirmation, SignedReceipt, VmEvidence, VmId, KEM_KEY_LEN,
};
use hcc_evidence_testing::{Machine, GENESIS};
use hcc_primitives::{
	units::{self, ALPHA},
	Liveness, RunningGuests, Tier,
};
use hccs_runtime::*;
use insecure_sim::ReportFields;
use pallet_compute::{
	Choice, Egress, Event, ImageDemand, LastId, Order, OrderRequest, SignedConfig, VmState,
};
use sp_core::{ed25519, Pair};
use sp_keyring::Sr25519Keyring;

use super::{
	hosts::revoke_issuer,
	network::{
		attest, blocks, bond, check, chip, endow, issued_before_eras, miner, run, VALIDATORS,
	},
	rules::set_rules,
};

/// Price of one α: half a dollar.
pub(super) const PRICE: u64 = 500_000_000;
pub(super) const ESCROW: Balance = 100 * ALPHA;
/// The miner's offer to tenants.
pub(super) const OFFER: pallet_registry::Offer =
	pallet_registry::Offer { region: 276, vcpus: 8, memory: 1 << 16, disk: 500, price: 1_000 };

/// Returns the key of every guest in these tests.
pub(super) fn guest_key() -> ed25519::Pair {
	ed25519::Pair::from_seed(&[7; 32])
}

/// Returns a receipt of a guest for an interval. For half of the interval, the guest's processors
/// were ready to run but received no time.
pub(super) fn starved_receipt(vm: VmId, sequence: u32, interval: u32) -> SignedReceipt {
	let boot = Compute::guest(vm).expect("the VM is running");
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
	SignedReceipt { receipt, signature: guest_key().sign(&receipt_statement(&GENESIS, &receipt)).0 }
}

pub(super) fn tenant() -> AccountId {
	Sr25519Keyring::Eve.to_account_id()
}

pub(super) fn signed(who: &AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who.clone())
}

/// Lets all validators report `price`, and waits until the chain has this price.
pub(super) fn report_price(price: u64) {
	for validator in VALIDATORS {
		let (now, who) = (System::block_number(), validator.to_account_id());
		assert_ok!(Oracle::report(signed(&who), who, price, now));
	}
	for _ in 0..100 {
		blocks(1);
		if Oracle::price_for_orders() == Some(price) {
			return;
		}
	}
	panic!("no price is set");
}

/// Returns the id of the image in the genesis.
pub(super) fn image() -> ImageId {
	pallet_images::Images::<Runtime>::iter_keys().next().expect("the genesis has an image")
}

/// Returns a configuration, signed for an order of the tenant.
pub(super) fn configured(order_nonce: u64, revision: u32, bytes: &[u8]) -> SignedConfig {
	configured_for(tenant(), order_nonce, revision, bytes)
}

fn configured_for(
	tenant: AccountId,
	order_nonce: u64,
	revision: u32,
	bytes: &[u8],
) -> SignedConfig {
	let signer = ed25519::Pair::from_seed(&[9; 32]);
	let hash = config_hash(bytes).expect("the configuration is not empty");
	let signed = ConfigRevision { tenant: tenant.into(), order_nonce, revision, hash };
	let signature = signer.sign(&config_revision_statement(&GENESIS, &signed)).0;
	let bytes = BoundedVec::truncate_from(bytes.to_vec());
	SignedConfig { bytes, order_nonce, revision, signer: signer.public().0, signature }
}

/// Returns an order of the next VM.
pub(super) fn order() -> OrderRequest<AccountId> {
	order_of(tenant())
}

/// Returns an order of the next VM, with a configuration that is signed for that tenant.
pub(super) fn order_of(tenant: AccountId) -> OrderRequest<AccountId> {
	OrderRequest {
		flavour: 2,
		image: ImageDemand { id: image(), rebuilds: 0, endorsed: false },
		config: configured_for(tenant, LastId::<Runtime>::get() + 1, 1, b"{}"),
		holders_root: [6; 32],
		egress: Egress::Open,
		max_price: 100_000,
		tier: Tier::Probation,
		reduced: false,
		region: None,
		miner: Choice::Drawn { except: BoundedVec::new() },
	}
}

/// Returns the order of VM 1.
pub(super) fn ordered() -> Order<AccountId> {
	Compute::order_of(1).expect("VM 1 is ordered")
}

/// Returns the evidence of the guest of VM 1, which the miner launched on the machine.
pub(super) fn evidence(machine: &Machine, launched: &Order<AccountId>) -> VmEvidence {
	evidence_of(1, machine, launched).expect("the VM is booting")
}

/// Returns the evidence of any VM, or `None` if the VM is not booting.
pub(super) fn evidence_of(
	id: VmId,
	machine: &Machine,
	launched: &Order<AccountId>,
) -> Option<VmEvidence> {
	let vm = Compute::vm(id)?;
	let VmState::Booting { nonce, .. } = vm.state else { return None };
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
		guest_pk: guest_key().public().0,
		kem_pk: vec![8; KEM_KEY_LEN],
		ssh_host_key_hash: [9; 32],
	};
	let data = vm_report_data(&GENESIS, &boot, &evidence);
	let mut fields = ReportFields::new(data, boot.measurement);
	let (config, holders) = (&boot.config_hash, &boot.holders_root);
	fields.host_data = vm_host_data(&GENESIS, id, boot.generation, config, holders);
	evidence.snp_report = fields.sign(&machine.chip).expect("the chip signs").to_vec();
	Some(evidence)
}

pub(super) fn attest_vm(evidence: VmEvidence) -> frame_support::pallet_prelude::DispatchResult {
	Compute::attest(signed(&miner()), Box::new(evidence))
}

/// Returns the confirmation of a VM's boot by its guest.
pub(super) fn confirmation(id: VmId) -> SignedConfirmation {
	let vm = Compute::vm(id).expect("the VM exists");
	let confirmation = Confirmation {
		vm: id,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		key_commit: None,
		token_root: [0; 32],
		stamp: 0,
	};
	let statement = confirmation_statement(&GENESIS, &confirmation);
	SignedConfirmation { confirmation, signature: guest_key().sign(&statement).0 }
}

pub(super) fn confirm_vm() -> frame_support::pallet_prelude::DispatchResult {
	Compute::confirm(signed(&miner()), Box::new(confirmation(1)))
}

/// Submits the evidence of VM 1 and its guest's confirmation.
pub(super) fn show_vm(machine: &Machine) {
	assert_ok!(attest_vm(evidence(machine, &ordered())));
	assert_ok!(confirm_vm());
}

/// Orders a VM and waits until the chain assigns it to the miner.
pub(super) fn assign_vm(machine: &Machine) {
	assign_order(machine, order());
}

/// Submits an order, and waits until the chain assigns the VM to the miner.
pub(super) fn assign_order(machine: &Machine, wanted: OrderRequest<AccountId>) {
	assert_ok!(Registry::set_offer(signed(&miner()), OFFER));
	endow(&tenant());
	report_price(PRICE);
	assert!(attest(machine).is_accepted());
	assert_ok!(Compute::order(signed(&tenant()), Box::new(wanted), ESCROW));
	for _ in 0..20 {
		blocks(1);
		if let Some(VmState::Assigned { .. }) = Compute::vm(1).map(|vm| vm.state) {
			return;
		}
	}
	panic!("the VM is not assigned");
}

pub(super) fn boot_vm(machine: &Machine) {
	assign_vm(machine);
	assert_ok!(Compute::boot(signed(&miner()), 1));
	show_vm(machine);
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
fn vm_with_valid_evidence_runs() {
	run(|machine| {
		boot_vm(&machine);
		let row = Compute::boot_of(1).expect("the VM has booted");
		assert_eq!(row.chip, chip(&machine));
		assert!(matches!(Compute::vm(1).map(|vm| vm.state), Some(VmState::Running { .. })));
		assert!(Compute::paid().settled > 0, "the boot is paid");
	});
}

/// The reports of such a chip cannot be verified. If its miner received the VM, each boot would
/// fail, and the tenant would pay for the boots.
#[test]
fn chip_with_revoked_issuer_receives_no_vm() {
	run(|machine| {
		assert_ok!(Registry::set_offer(signed(&miner()), OFFER));
		endow(&tenant());
		report_price(PRICE);
		assert!(attest(&machine).is_accepted());
		revoke_issuer();
		let void = || Attestation::statistics().counts.void;
		while void() == 0 {
			blocks(1);
		}
		let before = Balances::total_balance(&tenant());
		assert_ok!(Compute::order(signed(&tenant()), Box::new(order()), ESCROW));
		blocks(40);
		let vm = Compute::vm(1).expect("the VM is pending");
		assert!(matches!(vm.state, VmState::Pending { .. }) && vm.generation == 0);
		let paid = Compute::paid();
		let search = <Runtime as pallet_compute::Config>::SearchFee::get();
		let searches = search * Balance::from(pallet_compute::ROUNDS);
		assert_eq!((paid.charged, paid.burned), (searches, searches), "each search is paid");
		assert_eq!(Balances::total_balance(&tenant()), before - searches);
	});
}

#[test]
fn vm_that_differs_from_order_is_rejected() {
	run(|machine| {
		assign_vm(&machine);
		assert_ok!(Compute::boot(signed(&miner()), 1));
		let rejected = pallet_compute::Error::<Runtime>::EvidenceRefused;
		let other = |change: fn(&mut Order<AccountId>)| {
			let mut launched = ordered();
			change(&mut launched);
			evidence(&machine, &launched)
		};
		assert_noop!(attest_vm(other(|order| order.measurement[0] ^= 1)), rejected);
		let rejected = || pallet_compute::Error::<Runtime>::EvidenceRefused;
		assert_noop!(attest_vm(other(|order| order.config.hash[0] ^= 1)), rejected());
		assert_noop!(attest_vm(other(|order| order.holders_root[0] ^= 1)), rejected());
		let elsewhere = Machine::named("elsewhere");
		assert_noop!(attest_vm(evidence(&elsewhere, &ordered())), rejected());
		let mut altered = evidence(&machine, &ordered());
		altered.guest_pk[0] ^= 1;
		assert_noop!(attest_vm(altered), rejected());
		assert_ok!(attest_vm(evidence(&machine, &ordered())));
		let again = evidence_of_last_boot(&machine);
		let wrong = pallet_compute::Error::<Runtime>::WrongState;
		assert_noop!(attest_vm(again), wrong);
	});
}

fn evidence_of_last_boot(machine: &Machine) -> VmEvidence {
	let vm = Compute::vm(1).expect("the VM exists");
	let report = ReportFields::new([0; 64], ordered().measurement)
		.sign(&machine.chip)
		.expect("the chip signs");
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

/// Submits a receipt of VM 1 for the last interval, unless the chain already has one. The receipt
/// states that the guest received all of its resources.
pub(super) fn report_last_interval() {
	let (Some(guest), Some(boot)) = (Compute::guest(1), Compute::boot_of(1)) else { return };
	let now = Attestation::interval();
	let last = now.index - 1;
	let ran = (Clock::tick() - boot.at).min(now.length);
	let is_reported = Usage::account(1).is_some_and(|account| account.last >= last);
	if is_reported || ran == 0 || guest.began > last {
		return;
	}
	let mut receipt = starved_receipt(1, last, last).receipt;
	receipt.elapsed = ran * units::MILLISECS_PER_BLOCK as u32;
	(receipt.cpu_time, receipt.steal) = (0, 0);
	let signature = guest_key().sign(&receipt_statement(&GENESIS, &receipt)).0;
	let receipts = vec![SignedReceipt { receipt, signature }].try_into().expect("it fits");
	assert_ok!(Usage::submit_receipts(signed(&tenant()), receipts));
}

/// Runs for the given number of intervals. If `answers` is set, the machine answers challenges. The
/// receipts of VM 1 are submitted.
pub(super) fn run_intervals(machine: &Machine, intervals: u32, answers: bool) {
	report_last_interval();
	for _ in 0..intervals {
		run_silent_intervals(machine, 1, answers);
		report_last_interval();
	}
}

/// Runs for the given number of intervals, without receipts.
fn run_silent_intervals(machine: &Machine, intervals: u32, answers: bool) {
	let until = Attestation::interval().index + intervals;
	while Attestation::interval().index < until {
		let host = Attestation::host(chip(machine)).expect("the chip has a host");
		let asked = host.challenge.is_some_and(|open| open.subject.is_none());
		if asked && answers {
			attest(machine);
		} else {
			blocks(1);
		}
	}
}

/// Claims the payouts of the miner for all closed eras.
fn claim_payout() {
	let eras = 0..Emission::era().index;
	let parts = eras.filter_map(|era| Some((era, Emission::owed_to(era, miner()).1?)));
	let (era, part) = parts.into_iter().find(|(_, part)| *part > 0).expect("an era has a payout");
	let (before, issued) = (Balances::free_balance(miner()), Balances::total_issuance());
	assert_ok!(Emission::payout(signed(&tenant()), era, miner()));
	assert_eq!(Balances::free_balance(miner()) - before, part);
	assert_eq!(Balances::total_issuance() - issued, part);
	let again = Emission::payout(signed(&tenant()), era, miner());
	assert_noop!(again, pallet_emission::Error::<Runtime>::NothingOwed);
}

/// Shortens the proof window, so that the tests run fast.
pub(super) fn shorten_proof_window() {
	use hccs_runtime::configs::INITIAL_VERDICTS_RULES;
	let rules = pallet_verdicts::Rules {
		window: 20,
		audit: sp_runtime::Perbill::zero(),
		..INITIAL_VERDICTS_RULES
	};
	assert_ok!(set_rules(rules));
}

#[test]
fn live_intervals_are_paid_and_others_refunded() {
	run(|machine| {
		shorten_proof_window();
		boot_vm(&machine);
		run_intervals(&machine, 12, true);
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
		claim_payout();
		check();
		run_intervals(&machine, 12, false);
		let events = compute_events();
		assert!(refunded(&events) >= 2, "{}", refunded(&events));
		let chip_is_fit = <Attestation as Liveness>::fit(&chip(&machine)).is_some();
		assert!(!chip_is_fit, "the host is silent");
		let paid = Compute::paid();
		assert_eq!(
			paid.settled,
			paid.miners + paid.validators + paid.treasury + paid.burned,
			"the sums are exact"
		);
		assert!(paid.refunded > 0 && paid.miners > paid.validators);
	});
}

#[test]
fn receipts_of_starved_guest_reduce_charge_and_usage_score_only() {
	run(|machine| {
		shorten_proof_window();
		boot_vm(&machine);
		run_silent_intervals(&machine, 2, true);
		let submit = |receipt| {
			let receipts = vec![receipt].try_into().expect("it fits");
			Usage::submit_receipts(signed(&tenant()), receipts)
		};
		for sequence in 1..=4 {
			run_silent_intervals(&machine, 1, true);
			let over = Attestation::interval().index - 1;
			let mut forged = starved_receipt(1, sequence, over);
			forged.receipt.steal += 1;
			assert!(submit(forged).is_err(), "the signature is invalid");
			assert_ok!(submit(starved_receipt(1, sequence, over)));
			assert!(submit(starved_receipt(1, sequence, over)).is_err(), "a receipt counts once");
		}
		let before = Reputation::record(chip(&machine)).expect("the chip has a record");
		run_intervals(&machine, 6, true);
		let reduced = |event| match event {
			Event::ChargeReduced { first, amount, .. } => Some((first, amount)),
			_ => None,
		};
		let reduced: Vec<_> = compute_events().into_iter().filter_map(reduced).collect();
		assert!(!reduced.is_empty());
		let most = Usage::rules().refund;
		for (interval, amount) in reduced {
			let of = |event: &Event<Runtime>| match event {
				Event::Charged { first, amount, .. } if *first == interval => Some(*amount),
				_ => None,
			};
			let charged = compute_events().iter().find_map(of).expect("the interval is charged");
			assert!(amount > 0 && amount <= most.mul_ceil(charged), "{amount} of {charged}");
		}
		assert!(Reputation::usage_of(chip(&machine)) < 1_000, "the usage score falls");
		let after = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!(after.score.strikes, before.score.strikes, "a shortfall is not an incident");
		let paid = Compute::paid();
		assert_eq!(paid.settled, paid.miners + paid.validators + paid.treasury + paid.burned);
	});
}

/// A miner that ends a VM earns at most as much as a miner that starves the VM. The tenant gains
/// nothing, and no score changes.
#[test]
fn silent_vm_pays_one_reduced_interval_and_then_only_burns() {
	run(|machine| {
		shorten_proof_window();
		boot_vm(&machine);
		run_intervals(&machine, 2, true);
		let (before, usage) = (Compute::paid(), Reputation::usage_of(chip(&machine)));
		let silent_from = Attestation::interval().index;
		run_silent_intervals(&machine, 16, true);
		let events = compute_events();
		let charged = |interval: u32| {
			let of = |event: &Event<Runtime>| match event {
				Event::Charged { first, amount, .. } if *first == interval => Some(*amount),
				_ => None,
			};
			events.iter().find_map(of).expect("the interval is charged")
		};
		let burned = events.iter().filter_map(|event| match event {
			Event::ChargeBurned { first, amount, .. } if *first >= silent_from => {
				Some((*first, *amount))
			},
			_ => None,
		});
		let burned: Vec<_> = burned.collect();
		assert!(burned.len() >= 3, "{burned:?}");
		for (at, (interval, amount)) in burned.into_iter().enumerate() {
			let whole = charged(interval);
			let wanted = if at == 0 { Usage::rules().refund.mul_ceil(whole) } else { whole };
			assert_eq!(amount, wanted, "interval {interval}");
		}
		assert_eq!(Compute::paid().refunded, before.refunded);
		assert_eq!(Reputation::usage_of(chip(&machine)), usage);
		assert_ok!(Compute::report_crash(signed(&miner()), 1));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		show_vm(&machine);
	});
}

#[test]
fn absurd_report_slashes_only_its_validator() {
	run(|_| {
		let before = VALIDATORS.map(bond);
		let issued = issued_before_eras();
		for (at, validator) in VALIDATORS.into_iter().enumerate() {
			let price = if at == 3 { PRICE * 10 } else { PRICE };
			let (now, who) = (System::block_number(), validator.to_account_id());
			assert_ok!(Oracle::report(signed(&who), who, price, now));
		}
		while Oracle::price_for_orders().is_none() {
			blocks(1);
			assert!(System::block_number() < 1_000, "a price is set");
		}
		assert_eq!(Oracle::price_for_orders(), Some(PRICE));
		let lost = Oracle::rules().slash.mul_floor(before[3]);
		assert!(lost > 0);
		assert_eq!(bond(VALIDATORS[3]), before[3] - lost);
		assert_eq!(VALIDATORS.map(bond)[..3], before[..3]);
		assert_eq!(issued_before_eras(), issued - lost, "the slash is burned");
		assert!(Session::disabled_validators().is_empty(), "the report is not an offence");
	});
}

/// Shortens compensation cases. Lengthens intervals, so that an interval is longer than the time
/// until a silent chip is suspended, as on a production chain.
fn shorten_compensation() {
	use hccs_runtime::configs::INITIAL_COMPENSATION_RULES;
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
fn slash_compensates_tenants_first() {
	use pallet_compensation::Event as Case;

	run(|machine| {
		shorten_proof_window();
		shorten_compensation();
		boot_vm(&machine);
		// The host attests until the end of an interval, so that the interval is paid. No challenge
		// is open at that time.
		run_intervals(&machine, 2, true);
		while Attestation::host(chip(&machine)).expect("the chip has a host").challenge.is_some() {
			run_intervals(&machine, 1, true);
		}
		assert!(Compensation::case_of(chip(&machine)).is_none());
		// From now on, the host is silent until the third strike, and then until the slash is
		// divided.
		let bond = || Registry::miner(miner()).expect("the miner is registered").bond;
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
		assert_eq!(pot, given + burned, "the sums are exact");
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
