//! Tests of absent validators. Each of them loses a part of its bond, and no other account loses
//! anything.

use frame_support::{assert_ok, traits::Get};
use hcc_evidence_testing::Machine;
use hcc_primitives::Tick;
use hccs_runtime::{configs::EPOCH_DURATION_IN_SLOTS, *};
use pallet_validators::{Event, Rules, MIN_ASKED, MIN_EXPECTED};
use pallet_verdicts::Stage;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::Perbill;

use super::{author::begin_by, compute::shorten_proof_window, network::*, rules::set_rules};

/// All validators except Dave. Their votes suffice for a verdict.
const OTHERS: [Sr25519Keyring; 3] = [Alice, Bob, Charlie];

/// Returns the number of votes that a validator may miss without a slash, in a session with the
/// minimum number of subjects for a slash.
fn tolerated_absences() -> u32 {
	Validators::rules().absence.mul_floor(MIN_ASKED)
}

/// Runs `times` rounds in which only the validators `by` vote. Their finding becomes the verdict.
fn judge_rounds(machine: &Machine, times: u32, by: &[Sr25519Keyring]) {
	for _ in 0..times {
		let (subject, evidence) = answer(machine);
		let finding = evaluate(subject, &evidence);
		assert!(finding.is_accepted());
		vote_all(by, subject, &finding);
		let row = Verdicts::subject(subject).expect("the subject is stored");
		assert_eq!((row.stage, row.decided), (Stage::Agreed, Some(0)), "three votes decide");
		blocks(2);
	}
}

/// Returns the number of subjects that a validator had to judge in this session, and the number of
/// its votes on them.
fn duty_of(validator: Sr25519Keyring) -> (u32, u32) {
	let duty = Validators::duty(validator.to_account_id()).expect("the validator had subjects");
	(duty.asked, duty.voted)
}

/// Runs until all subjects are closed. The chain records the voters of a subject when it closes the
/// subject.
fn run_until_closed() {
	blocks(<Runtime as pallet_verdicts::Config>::JudgingTicks::get());
	assert_eq!(pallet_verdicts::Subjects::<Runtime>::iter().count(), 0);
}

/// Ends the first session. Returns the amount that was burned at its end.
fn end_session() -> Balance {
	// The first block that an author makes starts the session.
	begin_by(Alice, 1);
	Executive::finalize_block();
	assert_eq!(Session::current_index(), 0);
	let (burned, issued) = (Issuance::issuance().burned, Balances::total_issuance());
	begin_by(Bob, EPOCH_DURATION_IN_SLOTS);
	assert_eq!(Session::current_index(), 1);
	let lost = Issuance::issuance().burned - burned;
	assert_eq!(Balances::total_issuance(), issued - lost, "the burned amount is recorded");
	Executive::finalize_block();
	check();
	lost
}

/// Runs a session with `asked` subjects. Dave votes on `voted` of them, and the other validators
/// vote on all. Returns the amount that was burned at the end of the session.
fn run_session(machine: &Machine, asked: u32, voted: u32) -> Balance {
	shorten_proof_window();
	judge_rounds(machine, voted, &VALIDATORS);
	judge_rounds(machine, asked - voted, &OTHERS);
	run_until_closed();
	assert_eq!(duty_of(Dave), (asked, voted));
	assert_eq!(OTHERS.map(duty_of), [(asked, asked); OTHERS.len()]);
	end_session()
}

/// Returns the events about absence and slashes in the last block.
fn loss_events() -> Vec<Event<Runtime>> {
	let losses = |record: frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
		RuntimeEvent::Validators(event @ (Event::Absent { .. } | Event::Slashed { .. })) => {
			Some(event)
		},
		_ => None,
	};
	System::events().into_iter().filter_map(losses).collect()
}

/// Returns the events that are expected for a validator that was absent too often.
fn absence_events(validator: Sr25519Keyring, voted: u32, amount: Balance) -> [Event<Runtime>; 2] {
	let who = validator.to_account_id();
	[
		Event::Absent { who: who.clone(), asked: MIN_ASKED, voted },
		Event::Slashed { who, amount, reward: 0 },
	]
}

/// Returns the free balance of a validator.
fn free_balance(validator: Sr25519Keyring) -> Balance {
	Balances::free_balance(validator.to_account_id())
}

#[test]
fn too_few_votes_cost_only_the_absent_validator() {
	run(|machine| {
		// With this bond, a thousandth of the bond is not a whole number of units, so the slash
		// must be rounded.
		let origin = RuntimeOrigin::signed(Dave.to_account_id());
		assert_ok!(Validators::bond_more(origin, 999));
		let (before, others, balances) =
			(bond(Dave), OTHERS.map(bond), VALIDATORS.map(free_balance));
		let voted = MIN_ASKED - tolerated_absences() - 1;
		let destroyed = run_session(&machine, MIN_ASKED, voted);
		let lost = Validators::rules().absent_loss.mul_floor(before);
		assert!(lost > 0);
		assert_eq!(bond(Dave), before - lost);
		assert_eq!(destroyed, lost, "the slash is burned");
		assert_eq!(loss_events(), absence_events(Dave, voted, lost));
		assert_eq!(OTHERS.map(bond), others, "voters lose nothing");
		// Free balances do not fall, because slashes reduce only the bond, and validators are paid
		// for counted votes.
		for (validator, had) in VALIDATORS.into_iter().zip(balances) {
			assert!(free_balance(validator) >= had, "{validator:?}");
		}
	});
}

#[test]
fn enough_votes_cost_nothing() {
	run(|machine| {
		let before = VALIDATORS.map(bond);
		let destroyed = run_session(&machine, MIN_ASKED, MIN_ASKED - tolerated_absences());
		assert_eq!(destroyed, 0);
		assert!(loss_events().is_empty());
		assert_eq!(VALIDATORS.map(bond), before);
	});
}

#[test]
fn absence_in_short_session_costs_nothing() {
	run(|machine| {
		let before = VALIDATORS.map(bond);
		assert_eq!(run_session(&machine, MIN_ASKED - 1, 0), 0);
		assert!(loss_events().is_empty());
		assert_eq!(VALIDATORS.map(bond), before);
	});
}

/// Absence does not disable a validator. Only a false vote or an equivocation does so.
#[test]
fn absent_validator_stays_active_and_makes_blocks() {
	run(|machine| {
		let active = Session::validators();
		assert!(run_session(&machine, MIN_ASKED, 0) > 0, "Dave is slashed");
		assert!(Session::disabled_validators().is_empty());
		assert_eq!(Session::validators(), active);
		let planned = pallet_validators::Planned::<Runtime>::get().into_inner();
		assert_eq!(planned, active, "it stays in the planned set");
		let dave = Dave.to_account_id();
		assert!(Verdicts::check_worker(&worker(Dave), &dave).is_ok(), "its votes are accepted");
		// Dave can finish a block, which a disabled validator cannot do.
		begin_by(Dave, 1);
		Executive::finalize_block();
	});
}

/// Makes `count` blocks. The validators in `authors` author them in turn.
fn blocks_by(authors: &[Sr25519Keyring], count: u32) {
	for author in authors.iter().cycle().take(count as usize) {
		begin_by(*author, 1);
		state_finality();
		Executive::finalize_block();
	}
}

/// If fewer than a third of the validators author no blocks, the chain does not stop, but it slows
/// down.
#[test]
fn validator_that_authors_nothing_loses_as_absent_one() {
	run(|_| {
		let before = VALIDATORS.map(bond);
		blocks_by(&OTHERS, VALIDATORS.len() as u32 * MIN_EXPECTED);
		let destroyed = end_session();
		let lost = Validators::rules().absent_loss.mul_floor(before[3]);
		assert!(lost > 0);
		assert_eq!(VALIDATORS.map(bond), [before[0], before[1], before[2], before[3] - lost]);
		assert_eq!(destroyed, lost, "the slash is burned");
		let idle = System::events().into_iter().filter_map(|record| match record.event {
			RuntimeEvent::Validators(Event::Idle { who, .. }) => Some(who),
			_ => None,
		});
		assert_eq!(idle.collect::<Vec<_>>(), [Dave.to_account_id()]);
	});
}

#[test]
fn authors_of_a_session_lose_nothing() {
	run(|_| {
		let before = VALIDATORS.map(bond);
		blocks_by(&OTHERS, VALIDATORS.len() as u32 * MIN_EXPECTED);
		blocks_by(&[Dave], 1);
		assert_eq!(end_session(), 0);
		assert_eq!(VALIDATORS.map(bond), before);
	});
}

/// Sets a lower tolerance for absence and a higher slash, as governance could.
fn tighten_absence_rules() {
	let (absence, absent_loss) = (Perbill::from_percent(40), Perbill::from_percent(3));
	let rules = Rules { absence, absent_loss, ..Validators::rules() };
	assert_ok!(set_rules(rules));
}

/// Three of four validators suffice for a verdict, but two do not. So the two absent validators are
/// absent in turn.
#[test]
fn two_absent_validators_both_lose_and_others_decide() {
	run(|machine| {
		shorten_proof_window();
		tighten_absence_rules();
		let half = MIN_ASKED / 2;
		assert!(MIN_ASKED - half > tolerated_absences() && half > tolerated_absences());
		let before = VALIDATORS.map(bond);
		judge_rounds(&machine, half, &[Alice, Bob, Charlie]);
		judge_rounds(&machine, MIN_ASKED - half, &[Alice, Bob, Dave]);
		run_until_closed();
		let destroyed = end_session();
		let lost = before.map(|bond| Perbill::from_percent(3).mul_floor(bond));
		assert_eq!(
			VALIDATORS.map(bond),
			[before[0], before[1], before[2] - lost[2], before[3] - lost[3]]
		);
		assert_eq!(destroyed, lost[2] + lost[3], "the slash is burned");
		let both = [
			absence_events(Charlie, half, lost[2]),
			absence_events(Dave, MIN_ASKED - half, lost[3]),
		];
		assert_eq!(loss_events(), both.concat());
	});
}

/// Two silent validators of four prevent a verdict. A proof is sent late in the voting time, when
/// it is free of charge.
#[test]
fn silence_of_more_than_a_third_costs_as_absence() {
	run(|machine| {
		shorten_proof_window();
		let before = VALIDATORS.map(bond);
		let late = <<Runtime as pallet_verdicts::Config>::JudgingTicks as Get<Tick>>::get() / 3;
		for _ in 0..MIN_ASKED {
			let (subject, evidence) = answer(&machine);
			vote_all(&[Alice, Bob], subject, &evaluate(subject, &evidence));
			let until = Verdicts::subject(subject).expect("the subject is open").until;
			while Clock::tick() + late < until {
				block();
			}
			assert_ok!(prove(&Alice.to_account_id(), subject, &evidence));
			blocks(2);
		}
		run_until_closed();
		let (all, none) = ((MIN_ASKED, MIN_ASKED), (MIN_ASKED, 0));
		assert_eq!(VALIDATORS.map(duty_of), [all, all, none, none]);
		let destroyed = end_session();
		let lost = before.map(|bond| Validators::rules().absent_loss.mul_floor(bond));
		assert_eq!(destroyed, lost[2] + lost[3], "the slash is burned");
		assert_eq!(
			loss_events(),
			[absence_events(Charlie, 0, lost[2]), absence_events(Dave, 0, lost[3])].concat()
		);
	});
}
