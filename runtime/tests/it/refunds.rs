//! Tests of charges for an interval in which validators falsely accept a host. After a proof, the
//! charges are refunded to the tenant. Without a proof, they are paid.

use frame_support::{assert_ok, traits::fungible::InspectHold};
use hcc_evidence::{host::HostEvidence, RejectCode};
use hcc_evidence_testing::Machine;
use hcc_primitives::{IntervalIndex, SubjectId};
use hccs_runtime::*;
use pallet_attestation::LivenessRecords;
use pallet_compute::Event as Rental;
use pallet_verdicts::Stage;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};

use super::{
	compute::{boot_vm, run_intervals, shorten_proof_window, ESCROW},
	eras::{long_eras, owed_for, payments, total_owed},
	network::*,
};

/// The first three of the four validators. They are more than two thirds, so their votes decide.
const FALSE_VOTERS: [Sr25519Keyring; 3] = [Alice, Bob, Charlie];
/// Number of intervals after which charges are settled, because no verdict can be proven false any
/// longer.
const SETTLED_AFTER: u32 = 8;

/// Evidence on which a false verdict was reached.
struct FalseVerdict {
	/// The billing interval of the challenge.
	interval: IntervalIndex,
	subject: SubjectId,
	evidence: HostEvidence,
}

/// Runs a VM on the machine for some intervals, in eras in which all tiers receive the whole bonus.
fn run_vm(machine: &Machine) {
	shorten_proof_window();
	long_eras(84);
	boot_vm(machine);
	run_intervals(machine, 2, true);
}

/// Runs an unknown file on the machine, and submits evidence that contains the file. Three of four
/// validators vote for the acceptance of the earlier evidence. Reboots the machine afterwards.
fn accept_falsely(machine: &mut Machine) -> FalseVerdict {
	let clean = attest(machine);
	assert!(clean.is_accepted());
	let context = challenge(machine);
	let lives = LivenessRecords::<Runtime>::get(chip(machine));
	let interval = lives.last().expect("a challenge is open").interval;
	machine.run(b"rootkit");
	let evidence = machine.answer(&context);
	assert_ok!(submit(&evidence));
	let subject = subject(machine);
	assert_eq!(evaluate(subject, &evidence).code, RejectCode::ImaUnknownFile.number());
	vote_all(&FALSE_VOTERS, subject, &clean);
	blocks(2);
	let stage = Verdicts::subject(subject).expect("the subject is stored").stage;
	assert_eq!(stage, Stage::Effective, "the verdict is not audited");
	machine.boot();
	machine.run(b"hcc-miner");
	FalseVerdict { interval, subject, evidence }
}

/// Returns the amount charged for an interval.
fn charged_for(interval: IntervalIndex) -> Option<Balance> {
	System::events().into_iter().find_map(|record| match record.event {
		RuntimeEvent::Compute(Rental::Charged { first, last, amount, .. })
			if first == interval && last == interval =>
		{
			Some(amount)
		},
		_ => None,
	})
}

/// Outcome of a charge, with its amount.
#[derive(Debug, PartialEq)]
enum Outcome {
	Paid(Balance),
	Refunded(Balance),
}

/// Returns the outcomes of all charges that include an interval.
fn outcomes_of(interval: IntervalIndex) -> Vec<Outcome> {
	let is_of = |first: IntervalIndex, last: IntervalIndex| (first..=last).contains(&interval);
	let outcome = |record: frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
		RuntimeEvent::Compute(Rental::Settled {
			first,
			last,
			to_miner,
			to_validators,
			to_treasury,
			burned,
			..
		}) if is_of(first, last) => Some(Outcome::Paid(to_miner + to_validators + to_treasury + burned)),
		RuntimeEvent::Compute(Rental::Refunded { first, last, amount, .. })
			if is_of(first, last) =>
		{
			Some(Outcome::Refunded(amount))
		},
		_ => None,
	};
	System::events().into_iter().filter_map(outcome).collect()
}

/// Checks that the whole escrow is either left, charged or settled, and that the miner is owed
/// emission exactly for the payments.
fn check_accounts_of_vm() {
	let vm = Compute::vm(1).expect("the VM exists");
	let owed: Balance = vm.charges.iter().map(|charge| charge.amount).sum();
	let reason = pallet_compute::HoldReason::Escrow.into();
	let held = Balances::balance_on_hold(&reason, &Eve.to_account_id());
	assert_eq!(held, vm.escrow + owed);
	assert_eq!(vm.escrow + owed + Compute::paid().settled, ESCROW);
	assert_eq!(total_owed(), owed_for(&payments()));
}

/// Runs a VM through an interval with a false verdict. Returns the verdict, and the amount of the
/// interval's charge, which is not settled yet.
fn charge_under_false_verdict(machine: &mut Machine) -> (FalseVerdict, Balance) {
	run_vm(machine);
	let verdict = accept_falsely(machine);
	run_intervals(machine, 2, true);
	let amount = charged_for(verdict.interval).expect("the interval is charged");
	assert!(amount > 0 && outcomes_of(verdict.interval).is_empty());
	check_accounts_of_vm();
	(verdict, amount)
}

#[test]
fn charge_under_false_acceptance_is_refunded_after_proof() {
	run(|mut machine| {
		let (verdict, amount) = charge_under_false_verdict(&mut machine);
		let refunded = Compute::paid().refunded;
		assert_ok!(prove(&Dave.to_account_id(), verdict.subject, &verdict.evidence));
		assert_eq!(
			Attestation::was_live(chip(&machine), verdict.interval),
			None,
			"the interval is undecided"
		);
		run_intervals(&machine, SETTLED_AFTER, true);
		assert_eq!(Attestation::was_live(chip(&machine), verdict.interval), Some(false));
		assert_eq!(
			outcomes_of(verdict.interval),
			[Outcome::Refunded(amount)],
			"the whole charge is refunded"
		);
		assert!(Compute::paid().refunded >= refunded + amount);
		assert!(!payments().is_empty(), "other intervals are paid");
		check_accounts_of_vm();
	});
}

#[test]
fn charge_under_false_acceptance_is_paid_without_proof() {
	run(|mut machine| {
		let (verdict, amount) = charge_under_false_verdict(&mut machine);
		run_intervals(&machine, SETTLED_AFTER, true);
		assert_eq!(Attestation::was_live(chip(&machine), verdict.interval), Some(true));
		assert_eq!(outcomes_of(verdict.interval), [Outcome::Paid(amount)]);
		check_accounts_of_vm();
	});
}
