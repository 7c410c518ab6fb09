//! What is owed for an interval in which liars say that a host was sound: it goes back to the tenant once somebody shows what ran; where nobody does, it is paid.

use frame_support::{assert_ok, traits::fungible::InspectHold};
use hcc_evidence::{host::HostEvidence, RejectCode};
use hcc_primitives::{IntervalIndex, SubjectId};
use pallet_attestation::Lives;
use pallet_compute::Event as Rental;
use pallet_verdicts::Stage;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};

use super::{
	compute::{booted, hurry, live, ESCROW},
	eras::{long_eras, owed_for, owed_in_all, payments},
	machine::Machine,
	network::*,
};
use crate::*;

/// The first three of the four validators: more than two thirds.
const LIARS: [Sr25519Keyring; 3] = [Alice, Bob, Charlie];
/// After how many intervals nothing can be proven false any more, and what was owed then is settled.
const CERTAIN: u32 = 8;

/// Evidence of which liars have found what is not so.
struct Lie {
	/// The interval that the challenge counts to.
	interval: IntervalIndex,
	subject: SubjectId,
	evidence: HostEvidence,
}

/// A VM that the machine has hosted for some intervals; eras in which all that is owed has the same weight.
fn rented(machine: &Machine) {
	hurry();
	long_eras(84);
	booted(machine);
	live(machine, 2, true);
}

/// The machine runs what nobody knows, and shows it; three of four find what it showed before. Then it is as it should be.
fn lied_for(machine: &mut Machine) -> Lie {
	let clean = attest(machine);
	assert!(clean.is_accepted());
	let context = challenge(machine);
	let lives = Lives::<Runtime>::get(chip(machine));
	let interval = lives.last().expect("it is asked").interval;
	machine.run(b"rootkit");
	let evidence = machine.answer(&context);
	assert_ok!(submit(&evidence));
	let subject = subject(machine);
	assert_eq!(found(subject, &evidence).code, RejectCode::ImaUnknownFile.number());
	vote_all(&LIARS, subject, &clean);
	blocks(2);
	let stage = Verdicts::subject(subject).expect("it can be proven false").stage;
	assert_eq!(stage, Stage::Effective, "it is not drawn for an audit");
	machine.boot();
	machine.run(b"hcc-miner");
	Lie { interval, subject, evidence }
}

/// What was taken from the escrow for an interval.
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

/// What becomes of what is owed.
#[derive(Debug, PartialEq)]
enum Became {
	Paid(Balance),
	GivenBack(Balance),
}

/// What became of all that was owed for an interval, or for more of which it is one.
fn became_of(interval: IntervalIndex) -> Vec<Became> {
	let is_of = |first: IntervalIndex, last: IntervalIndex| (first..=last).contains(&interval);
	let became = |record: frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
		RuntimeEvent::Compute(Rental::Settled {
			first,
			last,
			to_miner,
			to_validators,
			to_treasury,
			burned,
			..
		}) if is_of(first, last) => Some(Became::Paid(to_miner + to_validators + to_treasury + burned)),
		RuntimeEvent::Compute(Rental::Refunded { first, last, amount, .. })
			if is_of(first, last) =>
		{
			Some(Became::GivenBack(amount))
		},
		_ => None,
	};
	System::events().into_iter().filter_map(became).collect()
}

/// What the tenant has set aside is left, owed or paid, to the unit; and the miner is owed new α for what was paid, and for nothing else.
fn books_are_exact() {
	let vm = Compute::vm(1).expect("it is rented");
	let owed: Balance = vm.charges.iter().map(|charge| charge.amount).sum();
	let reason = pallet_compute::HoldReason::Escrow.into();
	let held = Balances::balance_on_hold(&reason, &Eve.to_account_id());
	assert_eq!(held, vm.escrow + owed);
	assert_eq!(vm.escrow + owed + Compute::paid().settled, ESCROW);
	assert_eq!(owed_in_all(), owed_for(&payments()));
}

/// A VM that runs through an interval for which liars vouch, and what is owed for that, of which nothing has become yet.
fn owed_by_a_lie(machine: &mut Machine) -> (Lie, Balance) {
	rented(machine);
	let lie = lied_for(machine);
	live(machine, 2, true);
	let amount = charged_for(lie.interval).expect("it has run through it");
	assert!(amount > 0 && became_of(lie.interval).is_empty());
	books_are_exact();
	(lie, amount)
}

#[test]
fn what_was_owed_for_an_interval_that_liars_accepted_goes_back() {
	run(|mut machine| {
		let (lie, amount) = owed_by_a_lie(&mut machine);
		let refunded = Compute::paid().refunded;
		assert_ok!(prove(&Dave.to_account_id(), lie.subject, &lie.evidence));
		assert_eq!(Attestation::was_live(chip(&machine), lie.interval), None, "others may follow");
		live(&machine, CERTAIN, true);
		assert_eq!(Attestation::was_live(chip(&machine), lie.interval), Some(false));
		assert_eq!(became_of(lie.interval), [Became::GivenBack(amount)], "all of it");
		assert!(Compute::paid().refunded >= refunded + amount);
		assert!(!payments().is_empty(), "what was sound is paid all the same");
		books_are_exact();
	});
}

#[test]
fn what_was_owed_for_an_interval_that_liars_accepted_is_paid_where_nobody_proves_it() {
	run(|mut machine| {
		let (lie, amount) = owed_by_a_lie(&mut machine);
		live(&machine, CERTAIN, true);
		assert_eq!(Attestation::was_live(chip(&machine), lie.interval), Some(true));
		assert_eq!(became_of(lie.interval), [Became::Paid(amount)]);
		books_are_exact();
	});
}
