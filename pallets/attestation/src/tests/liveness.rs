//! Liveness of chips by interval, known once the outcomes of an interval are final.

use frame_support::weights::WeightMeter;
use hcc_evidence_testing::Machine;
use hcc_primitives::{
	ChipHash, Finding, Liveness, LivenessStatus, OnChipChange, OnVerdict, SubjectId, Tier,
};
use hcc_testing::{NextTier, Now, Opened};
use sp_runtime::AccountId32;

use crate::{
	mock::*,
	tests::verdicts::{answer, challenge, enlisted},
	*,
};

fn liveness(machine: &Machine, interval: u32) -> LivenessStatus {
	<Attestation as Liveness>::was_live(&chip(machine), interval, interval)
}

fn last_subject() -> SubjectId {
	Opened::get().last().expect("opened").0
}

fn close() {
	<Attestation as OnVerdict>::on_closed(last_subject());
}

/// Advances to the next interval. Returns the index of the ended interval.
fn next_interval() -> u32 {
	let before = Attestation::interval().index;
	while Attestation::interval().index == before {
		next_tick();
	}
	before
}

/// Passes a challenge, and makes its outcome final.
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
fn intervals_have_no_gaps() {
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
fn interval_is_unsettled_until_verdicts_are_final() {
	enlisted(|alice| {
		let now = Attestation::interval().index;
		assert!(answer(&alice).is_accepted());
		assert_eq!(liveness(&alice, now), LivenessStatus::Unsettled, "it has not ended");
		next_interval();
		assert_eq!(liveness(&alice, now), LivenessStatus::Unsettled, "it can be proven false");
		close();
		assert_eq!(liveness(&alice, now), LivenessStatus::Live);
	});
}

#[test]
fn unchallenged_chip_keeps_liveness() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		let quiet = next_interval();
		assert_eq!(liveness(&alice, quiet), LivenessStatus::Live);
	});
}

#[test]
fn failure_lapses_its_interval_and_the_next() {
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
		assert_eq!(liveness(&alice, passed), LivenessStatus::Live);
		assert_eq!(liveness(&alice, failed), LivenessStatus::Lapsed);
		assert_eq!(liveness(&alice, recovered), LivenessStatus::Lapsed, "it began with a failure");
		assert_eq!(liveness(&alice, after), LivenessStatus::Live);
		let all = <Attestation as Liveness>::was_live(&chip(&alice), passed, after);
		assert_eq!(all, LivenessStatus::Lapsed, "one of them is enough");
	});
}

#[test]
fn silence_lapses_interval_of_challenge() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		challenge(&alice);
		let interval = Attestation::interval().index;
		for _ in 0..=ANSWER + 1 {
			next_tick();
		}
		next_interval();
		assert_eq!(liveness(&alice, interval), LivenessStatus::Lapsed);
	});
}

#[test]
fn chip_without_pass_is_not_live() {
	enlisted(|mut alice| {
		let now = Attestation::interval().index;
		fail(&mut alice);
		close();
		next_interval();
		assert_eq!(liveness(&alice, now), LivenessStatus::Lapsed);
		let unknown: ChipHash = [9; 32];
		let nobody = <Attestation as Liveness>::was_live(&unknown, now, now);
		assert_eq!(nobody, LivenessStatus::Lapsed);
	});
}

#[test]
fn overturned_acceptance_lapses_interval() {
	enlisted(|alice| {
		assert!(answer(&alice).is_accepted());
		let now = Attestation::interval().index;
		<Attestation as OnVerdict>::on_overturned(last_subject());
		close();
		next_interval();
		assert_eq!(liveness(&alice, now), LivenessStatus::Lapsed);
	});
}

#[test]
fn overturned_rejection_does_not_lapse_interval() {
	enlisted(|mut alice| {
		pass(&alice);
		next_interval();
		fail(&mut alice);
		let now = Attestation::interval().index;
		let subject = last_subject();
		<Attestation as OnVerdict>::on_overturned(subject);
		<Attestation as OnVerdict>::on_closed(subject);
		// The chip passes the recheck.
		next_tick();
		reboot(&mut alice);
		pass(&alice);
		next_interval();
		assert_eq!(liveness(&alice, now), LivenessStatus::Live);
	});
}

/// Undoing a false verdict voids the challenge that an honest answer is being judged for. A false
/// verdict on that answer then has no effect, and neither has overturning it.
#[test]
fn verdict_on_dropped_evidence_has_no_effect() {
	enlisted(|mut alice| {
		pass(&alice);
		next_interval();
		fail(&mut alice);
		let (false_rejection, now) = (last_subject(), Attestation::interval().index);
		next_tick();
		reboot(&mut alice);
		let evidence = alice.answer(&crate::tests::evidence::context(&alice));
		frame_support::assert_ok!(crate::tests::evidence::submit(evidence));
		let dropped = last_subject();
		<Attestation as OnVerdict>::on_overturned(false_rejection);
		<Attestation as OnVerdict>::on_closed(false_rejection);
		next_tick();
		pass(&alice);
		let passed = Hosts::<Test>::get(chip(&alice));
		let finding = Finding { code: 1201, claims: Default::default() };
		<Attestation as OnVerdict>::on_verdict(dropped, &finding);
		<Attestation as OnVerdict>::on_overturned(dropped);
		<Attestation as OnVerdict>::on_closed(dropped);
		assert_eq!(Hosts::<Test>::get(chip(&alice)), passed);
		next_interval();
		assert_eq!(liveness(&alice, now), LivenessStatus::Live);
	});
}

#[test]
fn void_challenge_does_not_lapse_interval() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		challenge(&alice);
		let now = Attestation::interval().index;
		let evidence = alice.answer(&crate::tests::evidence::context(&alice));
		frame_support::assert_ok!(crate::tests::evidence::submit(evidence));
		<Attestation as OnVerdict>::on_void(last_subject());
		// The chip passes the recheck.
		next_tick();
		pass(&alice);
		next_interval();
		assert_eq!(liveness(&alice, now), LivenessStatus::Live);
	});
}

#[test]
fn leaving_lapses_interval() {
	enlisted(|alice| {
		pass(&alice);
		next_interval();
		challenge(&alice);
		let now = Attestation::interval().index;
		<Attestation as OnChipChange<AccountId32>>::on_gone(&chip(&alice));
		next_interval();
		assert_eq!(liveness(&alice, now), LivenessStatus::Lapsed);
		enlist(&alice);
		let after = next_interval();
		assert_ne!(
			liveness(&alice, after),
			LivenessStatus::Live,
			"a chip that returns must pass a challenge first"
		);
	});
}

#[test]
fn too_many_failures_lapse_permanently() {
	let mut record = IntervalLiveness::of(1);
	for seq in 0..u64::from(MAX_FAILURES) {
		record.fail(seq);
		assert!(!record.lapsed);
	}
	record.fail(u64::from(MAX_FAILURES));
	assert!(record.lapsed);
}

#[test]
fn liveness_records_are_bounded() {
	enlisted(|alice| {
		pass(&alice);
		for _ in 0..MAX_LIVENESS_RECORDS + 4 {
			next_interval();
			challenge(&alice);
			pass(&alice);
		}
		let records = LivenessRecords::<Test>::get(chip(&alice));
		assert_eq!(records.len() as u32, MAX_LIVENESS_RECORDS);
		let now = Attestation::interval().index;
		assert_eq!(records.last().map(|record| record.interval), Some(now));
	});
}

#[test]
fn fit_depends_on_tier() {
	enlisted(|alice| {
		let chip = chip(&alice);
		assert_eq!(<Attestation as Liveness>::fit(&chip), None, "it has passed no challenge");
		pass(&alice);
		assert_eq!(<Attestation as Liveness>::fit(&chip), Some(Tier::Probation));
		// The chip can be drawn once the counts of the block before the last include it.
		next_tick();
		next_tick();
		assert_eq!(<Attestation as Liveness>::draw([3; 8]), Some(chip));
		NextTier::set(Tier::Suspended);
		challenge(&alice);
		pass(&alice);
		assert_eq!(<Attestation as Liveness>::fit(&chip), None);
		assert_eq!(<Attestation as Liveness>::draw([3; 8]), None);
	});
}

#[test]
fn placement_favours_better_tiers() {
	run(|| {
		let numbered = |number: u8| -> ChipHash { [number; 32] };
		for (number, tier) in [Tier::Trusted, Tier::Regular, Tier::Probation, Tier::Quarantine]
			.into_iter()
			.enumerate()
		{
			Attestation::enter(&numbered(number as u8), tier);
		}
		(0..2).for_each(|_| Attestation::note_population(&mut WeightMeter::new()));
		let mut drawn = [0u32; 4];
		for random in 0..7_000u64 {
			let chip =
				<Attestation as Liveness>::draw(random.to_le_bytes()).expect("there are some");
			drawn[usize::from(chip[0])] += 1;
		}
		// These chips have no host, so they must not remain in the draw pool.
		let _ = DrawPool::<Test>::clear(u32::MAX, None);
		let _ = Population::<Test>::clear(u32::MAX, None);
		for (drawn, expected) in drawn.into_iter().zip([4_000u32, 2_000, 1_000, 0]) {
			assert!(drawn.abs_diff(expected) <= expected / 8, "{drawn} of {expected}");
		}
	});
}

#[test]
fn interval_length_bounds_open_intervals() {
	run(|| {
		next_interval();
		assert_eq!(Attestation::interval().length, BILLING);
		hcc_testing::JudgedFor::set(10 * BILLING * OPEN_INTERVALS - PAUSE);
		next_interval();
		assert_eq!(Attestation::interval().length, 10 * BILLING);
		hcc_testing::JudgedFor::set(10 * BILLING * OPEN_INTERVALS - PAUSE + 1);
		next_interval();
		assert_eq!(Attestation::interval().length, 10 * BILLING + 1);
	});
}
