//! Tests of maintenance pauses of hosts.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence_testing::Machine;
use hcc_primitives::{IntervalIndex, Liveness, LivenessStatus, TickSource};
use hccs_runtime::*;
use pallet_attestation::MAX_PAUSE;

use super::{
	contests::{contender, enrol},
	network::*,
	rules::set_rules,
};

type Error = pallet_attestation::Error<Runtime>;

/// Sets a maximum pause as on a production chain, and rare challenges.
pub(super) fn allow_long_pauses() {
	let rules = pallet_attestation::Rules {
		pause: MAX_PAUSE,
		trusted: 300,
		regular: 300,
		probation: 300,
		quarantine: 300,
		suspended: 300,
		..Attestation::rules()
	};
	assert_ok!(set_rules(rules));
}

/// Answers the open challenge of a chip as the miner `who`, and lets the validators judge the
/// evidence.
fn attest_as(machine: &Machine, who: &AccountId) {
	let evidence = machine.answer(&challenge(machine));
	let origin = RuntimeOrigin::signed(who.clone());
	assert_ok!(Attestation::submit_evidence(origin, Box::new(evidence.clone())));
	let subject = subject(machine);
	let finding = evaluate(subject, &evidence);
	assert!(finding.is_accepted());
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
}

/// Pauses the miner's machine as soon as no challenge is open. Returns the number of the challenge
/// that the pause makes.
pub(super) fn pause(machine: &Machine) -> u64 {
	for _ in 0..100 {
		if Attestation::pause(RuntimeOrigin::signed(miner()), miner()).is_ok() {
			return Attestation::host(chip(machine)).expect("the chip has a host").seq;
		}
		if open_challenge(machine).is_some() {
			attest_as(machine, &miner());
		} else {
			block();
		}
	}
	panic!("a challenge is always open");
}

fn fit(machine: &Machine) -> bool {
	<Attestation as Liveness>::fit(&chip(machine)).is_some()
}

#[test]
fn pause_of_an_hour_costs_no_score() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		allow_long_pauses();
		let seq = pause(&machine);
		let before = Reputation::record(chip(&machine)).expect("the chip has a record");
		let began: IntervalIndex = Attestation::interval().index;
		assert!(!fit(&machine), "a paused chip receives no work");
		// The host reboots, and answers at the end of the pause.
		machine.boot();
		machine.run(b"hcc-miner");
		blocks(MAX_PAUSE - 5);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert_eq!(host.seq, seq, "no other challenge was made");
		let status = <Attestation as Liveness>::was_live(&chip(&machine), began, began);
		assert_eq!(status, LivenessStatus::Unsettled, "settlement waits");
		assert!(attest(&machine).is_accepted());
		assert!(!fit(&machine), "the nonce was known for an hour");
		assert!(attest(&machine).is_accepted());
		assert!(fit(&machine), "an ordinary challenge was passed");
		let after = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!((after.failed, after.missed), (before.failed, before.missed));
		assert!(after.score.value > before.score.value && after.score.strikes == 0);
	});
}

#[test]
fn missed_pause_is_a_miss() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		allow_long_pauses();
		let seq = pause(&machine);
		let before = Reputation::record(chip(&machine)).expect("the chip has a record");
		let deadline = Attestation::host(chip(&machine))
			.and_then(|host| host.challenge)
			.expect("a challenge is open")
			.deadline;
		assert!(deadline - Clock::now() <= hcc_primitives::units::HOURS, "one hour at most");
		while Clock::now() <= deadline {
			block();
		}
		let after = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!(after.missed, before.missed + 1);
		assert_eq!(after.last.last().map(|incident| incident.seq), Some(seq));
		assert!(!fit(&machine));
	});
}

#[test]
fn second_pause_after_change_of_owner_is_refused() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		allow_long_pauses();
		pause(&machine);
		// Answers the challenge of the pause, and the ordinary challenge that follows it.
		attest_as(&machine, &miner());
		attest_as(&machine, &miner());
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		let next = contender();
		let origin = || RuntimeOrigin::signed(next.clone());
		enrol(&next, &machine, [0xef; 32]);
		assert_ok!(Registry::add_chip(origin(), chip(&machine)));
		assert_ok!(Policy::register_vek(origin(), vcek(&machine)));
		attest_as(&machine, &next);
		while Attestation::pause(origin(), next.clone()) == Err(Error::ChallengeOpen.into()) {
			attest_as(&machine, &next);
		}
		assert_noop!(Attestation::pause(origin(), next.clone()), Error::PausedRecently);
	});
}
