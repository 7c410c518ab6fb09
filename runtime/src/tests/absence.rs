//! Validators that do not vote where they are asked: what that costs them, and nobody else.

use frame_support::{assert_ok, traits::Get};
use hcc_primitives::Tick;
use pallet_validators::{Event, Rules, MIN_ASKED};
use pallet_verdicts::Stage;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::Perbill;

use super::{author::begin_by, compute::hurry, machine::Machine, network::*, rules::set_rules};
use crate::{configs::EPOCH_DURATION_IN_SLOTS, *};

/// All but Dave: as many as decide.
const OTHERS: [Sr25519Keyring; 3] = [Alice, Bob, Charlie];

/// For how many subjects a validator may fail to vote, of the fewest of which it matters.
fn tolerated() -> u32 {
	Validators::rules().absence.mul_floor(MIN_ASKED)
}

/// The machine is judged so many times by these alone: what they find is the verdict.
fn judged(machine: &Machine, times: u32, by: &[Sr25519Keyring]) {
	for _ in 0..times {
		let (subject, evidence) = answer(machine);
		let finding = found(subject, &evidence);
		assert!(finding.is_accepted());
		vote_all(by, subject, &finding);
		let row = Verdicts::subject(subject).expect("it is judged");
		assert_eq!((row.stage, row.decided), (Stage::Agreed, Some(0)), "they are enough");
		blocks(2);
	}
}

/// For how many subjects a validator was asked to vote in this session, and for how many it did.
fn served(validator: Sr25519Keyring) -> (u32, u32) {
	let duty = Validators::duty(validator.to_account_id()).expect("it was asked");
	(duty.asked, duty.voted)
}

/// Goes on until all that was judged is closed: only then is it noted who has voted.
fn until_closed() {
	blocks(<Runtime as pallet_verdicts::Config>::JudgingTicks::get());
	assert_eq!(pallet_verdicts::Subjects::<Runtime>::iter().count(), 0);
}

/// The first session ends. Gives what is destroyed as it does.
fn end_session() -> Balance {
	// It is counted from the first block that an author makes.
	begin_by(Alice, 1);
	Executive::finalize_block();
	assert_eq!(Session::current_index(), 0);
	let (destroyed, issued) = (Emission::issuance().destroyed, Balances::total_issuance());
	begin_by(Bob, EPOCH_DURATION_IN_SLOTS);
	assert_eq!(Session::current_index(), 1);
	let lost = Emission::issuance().destroyed - destroyed;
	assert_eq!(Balances::total_issuance(), issued - lost, "all that is no more is counted");
	Executive::finalize_block();
	check();
	lost
}

/// A session in which Dave votes so often of the times it is asked, and the others always. Gives what is destroyed as it ends.
fn a_session(machine: &Machine, asked: u32, voted: u32) -> Balance {
	hurry();
	judged(machine, voted, &VALIDATORS);
	judged(machine, asked - voted, &OTHERS);
	until_closed();
	assert_eq!(served(Dave), (asked, voted));
	assert_eq!(OTHERS.map(served), [(asked, asked); OTHERS.len()]);
	end_session()
}

/// What the last block tells of who was absent, and of what bonds have lost.
fn told() -> Vec<Event<Runtime>> {
	let losses = |record: frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
		RuntimeEvent::Validators(event @ (Event::Absent { .. } | Event::Slashed { .. })) => {
			Some(event)
		},
		_ => None,
	};
	System::events().into_iter().filter_map(losses).collect()
}

/// What is told of a validator that was absent too often.
fn absent(validator: Sr25519Keyring, voted: u32, amount: Balance) -> [Event<Runtime>; 2] {
	let who = validator.to_account_id();
	[
		Event::Absent { who: who.clone(), asked: MIN_ASKED, voted },
		Event::Slashed { who, amount, reward: 0 },
	]
}

/// What a validator can spend.
fn purse(validator: Sr25519Keyring) -> Balance {
	Balances::free_balance(validator.to_account_id())
}

#[test]
fn who_votes_for_too_few_subjects_loses_what_the_rules_say_and_nobody_else_does() {
	run(|machine| {
		// Of this a thousandth is no whole unit.
		let origin = RuntimeOrigin::signed(Dave.to_account_id());
		assert_ok!(Validators::bond_more(origin, 999));
		let (before, others, purses) = (bond(Dave), OTHERS.map(bond), VALIDATORS.map(purse));
		let voted = MIN_ASKED - tolerated() - 1;
		let destroyed = a_session(&machine, MIN_ASKED, voted);
		let lost = Validators::rules().absent_loss.mul_floor(before);
		assert!(lost > 0);
		assert_eq!(bond(Dave), before - lost);
		assert_eq!(destroyed, lost, "nobody has it");
		assert_eq!(told(), absent(Dave, voted, lost));
		assert_eq!(OTHERS.map(bond), others, "those that voted lose nothing");
		// Votes that counted are paid; nothing is taken but of the bond.
		for (validator, had) in VALIDATORS.into_iter().zip(purses) {
			assert!(purse(validator) >= had, "{validator:?}");
		}
	});
}

#[test]
fn who_votes_for_as_many_as_the_rules_ask_for_loses_nothing() {
	run(|machine| {
		let before = VALIDATORS.map(bond);
		let destroyed = a_session(&machine, MIN_ASKED, MIN_ASKED - tolerated());
		assert_eq!(destroyed, 0);
		assert!(told().is_empty());
		assert_eq!(VALIDATORS.map(bond), before);
	});
}

#[test]
fn a_session_with_few_subjects_costs_nobody_anything_whoever_was_absent() {
	run(|machine| {
		let before = VALIDATORS.map(bond);
		assert_eq!(a_session(&machine, MIN_ASKED - 1, 0), 0);
		assert!(told().is_empty());
		assert_eq!(VALIDATORS.map(bond), before);
	});
}

/// Unlike who has voted for what is not so, or has equivocated.
#[test]
fn who_was_absent_stays_in_office_and_goes_on_to_make_blocks() {
	run(|machine| {
		let in_office = Session::validators();
		assert!(a_session(&machine, MIN_ASKED, 0) > 0, "Dave is slashed");
		assert!(Session::disabled_validators().is_empty());
		assert_eq!(Session::validators(), in_office);
		let planned = pallet_validators::Planned::<Runtime>::get().into_inner();
		assert_eq!(planned, in_office, "it stays in the sessions to come");
		assert!(Verdicts::check_worker(&worker(Dave)).is_ok(), "its votes are taken");
		// Whoever is disabled finishes none.
		begin_by(Dave, 1);
		Executive::finalize_block();
	});
}

/// As governance does it: by less absence than a chain starts with, and at another price.
fn ask_for_more() {
	let (absence, absent_loss) = (Perbill::from_percent(40), Perbill::from_percent(3));
	let rules = Rules { absence, absent_loss, ..Validators::rules() };
	assert_ok!(set_rules(rules));
}

/// Four validators decide without one of them, and not without two: so these take turns.
#[test]
fn two_that_are_absent_in_a_session_both_lose_and_the_others_decide_meanwhile() {
	run(|machine| {
		hurry();
		ask_for_more();
		let half = MIN_ASKED / 2;
		assert!(MIN_ASKED - half > tolerated() && half > tolerated());
		let before = VALIDATORS.map(bond);
		judged(&machine, half, &[Alice, Bob, Charlie]);
		judged(&machine, MIN_ASKED - half, &[Alice, Bob, Dave]);
		until_closed();
		let destroyed = end_session();
		let lost = before.map(|bond| Perbill::from_percent(3).mul_floor(bond));
		assert_eq!(
			VALIDATORS.map(bond),
			[before[0], before[1], before[2] - lost[2], before[3] - lost[3]]
		);
		assert_eq!(destroyed, lost[2] + lost[3], "nobody has it");
		let both = [absent(Charlie, half, lost[2]), absent(Dave, MIN_ASKED - half, lost[3])];
		assert_eq!(told(), both.concat());
	});
}

/// Two of four keep a committee from agreeing: then somebody proves what it should have found, as late as that is free.
#[test]
fn silence_of_more_than_a_third_costs_what_absence_costs() {
	run(|machine| {
		hurry();
		let before = VALIDATORS.map(bond);
		let late = <<Runtime as pallet_verdicts::Config>::JudgingTicks as Get<Tick>>::get() / 3;
		for _ in 0..MIN_ASKED {
			let (subject, evidence) = answer(&machine);
			vote_all(&[Alice, Bob], subject, &found(subject, &evidence));
			let until = Verdicts::subject(subject).expect("it is open").until;
			while pallet_verdicts::CurrentTick::<Runtime>::get() + late < until {
				block();
			}
			assert_ok!(prove(&Alice.to_account_id(), subject, &evidence));
			blocks(2);
		}
		until_closed();
		let (all, none) = ((MIN_ASKED, MIN_ASKED), (MIN_ASKED, 0));
		assert_eq!(VALIDATORS.map(served), [all, all, none, none]);
		let destroyed = end_session();
		let lost = before.map(|bond| Validators::rules().absent_loss.mul_floor(bond));
		assert_eq!(destroyed, lost[2] + lost[3], "nobody has it");
		assert_eq!(told(), [absent(Charlie, 0, lost[2]), absent(Dave, 0, lost[3])].concat());
	});
}
