//! Whether chips were there: interval by interval, and only once nothing of it can change any more.

use hcc_primitives::{
	mock::{NextTier, Now, Opened},
	ChipHash, Finding, Lived, Liveness, OnChip, OnVerdict, SubjectId, Tier,
};
use sp_runtime::AccountId32;

use crate::{
	mock::*,
	tests::{
		machine::Machine,
		verdicts::{answer, challenge, enlisted},
	},
	*,
};

fn lived(machine: &Machine, interval: u32) -> Lived {
	<Attestation as Liveness>::was_live(&chip(machine), interval, interval)
}

fn last_subject() -> SubjectId {
	Opened::get().last().expect("opened").0
}

fn close() {
	<Attestation as OnVerdict>::on_closed(last_subject());
}

/// Goes on to the next interval, and tells the number of the one that has ended.
fn next_interval() -> u32 {
	let before = Attestation::interval().index;
	while Attestation::interval().index == before {
		next_tick();
	}
	before
}

/// The chip passes a challenge, of which nothing can change any more.
fn pass(machine: &Machine) {
	assert!(answer(machine).is_accepted());
	close();
}

fn reboot(machine: &mut Machine) {
	machine.boot();
	machine.run(b"hcc-miner");
}

fn fail(machine: &mut Machine) {
	machine.run(b"a backdoor");
	challenge(machine);
	assert!(!answer(machine).is_accepted());
}

#[test]
fn intervals_follow_each_other_without_a_gap() {
	run(|| {
		let mut last = Attestation::interval();
		for _ in 0..3 * BILLING {
			next_tick();
			let next = Attestation::interval();
			if next != last {
				assert_eq!(next.index, last.index + 1);
				assert_eq!(next.from, Now::get());
				assert!(last.length == 0 || next.from == last.from + last.length);
				last = next;
			}
		}
		assert!(last.index >= 3);
	});
}

#[test]
fn an_interval_counts_once_it_is_over_and_its_verdicts_stand() {
	enlisted(|alice| {
		let now = Attestation::interval().index;
		assert!(answer(&alice).is_accepted());
		assert_eq!(lived(&alice, now), Lived::Unsettled, "it is not over");
		next_interval();
		assert_eq!(lived(&alice, now), Lived::Unsettled, "it can be proven false");
		close();
		assert_eq!(lived(&alice, now), Lived::Live);
	});
}

#[test]
fn who_is_not_challenged_is_what_it_was() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		let quiet = next_interval();
		assert_eq!(lived(&alice, quiet), Lived::Live);
	});
}

#[test]
fn a_failure_costs_its_interval_and_the_next_one_that_begins_with_it() {
	enlisted(|mut alice| {
		pass(&alice);
		let passed = next_interval();
		fail(&mut alice);
		close();
		let failed = next_interval();
		reboot(&mut alice);
		challenge(&alice);
		let recovered = Attestation::interval().index;
		if Attestation::host(chip(&alice)).expect("enlisted").challenge.is_some() {
			pass(&alice);
		}
		next_interval();
		let after = next_interval();
		assert_eq!(lived(&alice, passed), Lived::Live);
		assert_eq!(lived(&alice, failed), Lived::Lapsed);
		assert_eq!(lived(&alice, recovered), Lived::Lapsed, "it began with a failure");
		assert_eq!(lived(&alice, after), Lived::Live);
		let all = <Attestation as Liveness>::was_live(&chip(&alice), passed, after);
		assert_eq!(all, Lived::Lapsed, "one of them is enough");
	});
}

#[test]
fn silence_costs_the_interval_in_which_it_was_asked() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		challenge(&alice);
		let asked = Attestation::interval().index;
		for _ in 0..=ANSWER + 1 {
			next_tick();
		}
		next_interval();
		assert_eq!(lived(&alice, asked), Lived::Lapsed);
	});
}

#[test]
fn a_chip_that_never_passed_was_never_live() {
	enlisted(|mut alice| {
		let now = Attestation::interval().index;
		fail(&mut alice);
		close();
		next_interval();
		assert_eq!(lived(&alice, now), Lived::Lapsed);
		let unknown: ChipHash = [9; 32];
		let nobody = <Attestation as Liveness>::was_live(&unknown, now, now);
		assert_eq!(nobody, Lived::Lapsed);
	});
}

#[test]
fn an_acceptance_that_is_proven_false_costs_its_interval() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		let now = Attestation::interval().index;
		<Attestation as OnVerdict>::on_overturned(last_subject());
		close();
		next_interval();
		assert_eq!(lived(&alice, now), Lived::Lapsed);
	});
}

#[test]
fn a_rejection_that_is_proven_false_costs_nothing() {
	enlisted(|mut alice| {
		pass(&alice);
		next_interval();
		fail(&mut alice);
		let now = Attestation::interval().index;
		let subject = last_subject();
		<Attestation as OnVerdict>::on_overturned(subject);
		<Attestation as OnVerdict>::on_closed(subject);
		// It is checked at once after that, and passes.
		next_tick();
		reboot(&mut alice);
		pass(&alice);
		next_interval();
		assert_eq!(lived(&alice, now), Lived::Live);
	});
}

/// An honest answer is thrown away with a lie that came before it. What the liars find of it then has caused nothing, and to undo that costs nothing.
#[test]
fn a_verdict_on_what_was_dropped_is_not_undone() {
	enlisted(|mut alice| {
		pass(&alice);
		next_interval();
		fail(&mut alice);
		let (lie, now) = (last_subject(), Attestation::interval().index);
		next_tick();
		reboot(&mut alice);
		let evidence = alice.answer(&crate::tests::evidence::context(&alice));
		frame_support::assert_ok!(crate::tests::evidence::submit(evidence));
		let dropped = last_subject();
		<Attestation as OnVerdict>::on_overturned(lie);
		<Attestation as OnVerdict>::on_closed(lie);
		next_tick();
		pass(&alice);
		let passed = Hosts::<Test>::get(chip(&alice));
		let finding = Finding { code: 1201, claims: Default::default() };
		<Attestation as OnVerdict>::on_verdict(dropped, &finding);
		<Attestation as OnVerdict>::on_overturned(dropped);
		<Attestation as OnVerdict>::on_closed(dropped);
		assert_eq!(Hosts::<Test>::get(chip(&alice)), passed);
		next_interval();
		assert_eq!(lived(&alice, now), Lived::Live);
	});
}

#[test]
fn what_is_void_counts_for_nothing() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		challenge(&alice);
		let now = Attestation::interval().index;
		let evidence = alice.answer(&crate::tests::evidence::context(&alice));
		frame_support::assert_ok!(crate::tests::evidence::submit(evidence));
		<Attestation as OnVerdict>::on_void(last_subject());
		// The check that follows at once is passed.
		next_tick();
		pass(&alice);
		next_interval();
		assert_eq!(lived(&alice, now), Lived::Live);
	});
}

#[test]
fn who_leaves_was_not_there() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		challenge(&alice);
		let now = Attestation::interval().index;
		<Attestation as OnChip<AccountId32>>::on_gone(&chip(&alice));
		next_interval();
		assert_eq!(lived(&alice, now), Lived::Lapsed);
		enlist(&alice);
		let after = next_interval();
		assert_ne!(lived(&alice, after), Lived::Live, "who comes back has to prove itself first");
	});
}

#[test]
fn more_failures_than_are_remembered_are_a_lapse_for_good() {
	let mut life = Life::of(1);
	for seq in 0..u64::from(MAX_FAILURES) {
		life.fail(seq);
		assert!(!life.lapsed);
	}
	life.fail(u64::from(MAX_FAILURES));
	assert!(life.lapsed);
}

#[test]
fn no_more_intervals_are_remembered_than_there_is_room_for() {
	enlisted(|alice| {
		pass(&alice);
		for _ in 0..MAX_LIVES + 4 {
			next_interval();
			challenge(&alice);
			pass(&alice);
		}
		let lives = Lives::<Test>::get(chip(&alice));
		assert_eq!(lives.len() as u32, MAX_LIVES);
		let now = Attestation::interval().index;
		assert_eq!(lives.last().map(|life| life.interval), Some(now));
	});
}

#[test]
fn chips_get_work_by_their_tier() {
	enlisted(|alice| {
		let chip = chip(&alice);
		assert_eq!(<Attestation as Liveness>::fit(&chip), None, "it has not proven itself");
		pass(&alice);
		assert_eq!(<Attestation as Liveness>::fit(&chip), Some(Tier::Probation));
		assert_eq!(<Attestation as Liveness>::draw([3; 8]), Some(chip));
		NextTier::set(Tier::Suspended);
		challenge(&alice);
		pass(&alice);
		assert_eq!(<Attestation as Liveness>::fit(&chip), None);
		assert_eq!(<Attestation as Liveness>::draw([3; 8]), None);
	});
}

#[test]
fn better_tiers_are_drawn_more_often() {
	run(|| {
		let numbered = |number: u8| -> ChipHash { [number; 32] };
		for (number, tier) in [Tier::Trusted, Tier::Regular, Tier::Probation, Tier::Quarantine]
			.into_iter()
			.enumerate()
		{
			Attestation::enter(&numbered(number as u8), tier);
		}
		let mut drawn = [0u32; 4];
		for lot in 0..7_000u64 {
			let chip = <Attestation as Liveness>::draw(lot.to_le_bytes()).expect("there are some");
			drawn[usize::from(chip[0])] += 1;
		}
		// What is entered here is no host.
		let _ = Drawn::<Test>::clear(u32::MAX, None);
		let _ = Population::<Test>::clear(u32::MAX, None);
		for (drawn, expected) in drawn.into_iter().zip([4_000u32, 2_000, 1_000, 0]) {
			assert!(drawn.abs_diff(expected) <= expected / 8, "{drawn} of {expected}");
		}
	});
}

#[test]
fn intervals_are_as_long_as_keeps_few_of_them_open() {
	run(|| {
		next_interval();
		assert_eq!(Attestation::interval().length, BILLING);
		hcc_primitives::mock::JudgedFor::set(10 * BILLING * OPEN_INTERVALS - ANSWER);
		next_interval();
		assert_eq!(Attestation::interval().length, 10 * BILLING);
		hcc_primitives::mock::JudgedFor::set(10 * BILLING * OPEN_INTERVALS - ANSWER + 1);
		next_interval();
		assert_eq!(Attestation::interval().length, 10 * BILLING + 1);
	});
}
