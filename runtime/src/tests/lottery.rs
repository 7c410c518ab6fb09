//! The lot that audits are drawn by: which lies it hits, and what those come to.

use core::ops::RangeInclusive;

use codec::Encode;
use frame_support::assert_ok;
use hcc_evidence::host::HostEvidence;
use hcc_primitives::SubjectId;
use pallet_verdicts::Stage;
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::Perbill;

use super::{machine::Machine, network::*};
use crate::*;

/// The first three of the four validators: more than two thirds.
const LIARS: [Sr25519Keyring; 3] = [Alice, Bob, Charlie];
/// How often they lie.
const ROUNDS: u32 = 64;
/// How many of as many lies are drawn where each is by a fair coin: 32, and four standard deviations of 4 more or less. Outside of that is one of 40,000 such runs.
const LIKELY: RangeInclusive<u32> = 16..=48;

/// Whether half of all lots, those below it, fall on a verdict: reckoned from what the parent of this block has left, as anybody can.
fn is_hit(subject: SubjectId) -> bool {
	let randomness = pallet_babe::AuthorVrfRandomness::<Runtime>::get().expect("there is some");
	let lot = blake2_256(&[(b"audit", subject).encode(), randomness.to_vec()].concat());
	let lot = u32::from_le_bytes([lot[0], lot[1], lot[2], lot[3]]);
	lot <= u32::MAX / 2
}

/// The honest one shows the evidence of a lie that was drawn: it is void, and costs each that voted for it a part of what its bond was, to the last unit.
fn catch_the_liars(subject: SubjectId, evidence: &HostEvidence) {
	let rules = Verdicts::rules();
	let (bonds, issued) = (VALIDATORS.map(bond), Balances::total_issuance());
	let rich = Balances::free_balance(Dave.to_account_id());
	assert_ok!(prove(&Dave.to_account_id(), subject, evidence));
	let losses = LIARS.map(|liar| {
		let before = bonds[VALIDATORS.iter().position(|of| *of == liar).expect("in office")];
		let loss = rules.false_vote.mul_floor(before);
		assert!(loss > 0);
		assert_eq!(bond(liar), before - loss);
		loss
	});
	assert_eq!(bond(Dave), bonds[3]);
	let reward = losses.iter().map(|loss| rules.reward.mul_floor(*loss)).sum::<Balance>();
	assert_eq!(Balances::free_balance(Dave.to_account_id()) - rich, reward);
	let burned = losses.iter().sum::<Balance>() - reward;
	assert_eq!(issued - Balances::total_issuance(), burned, "what is no reward is nobody's");
}

/// Three of four say of an honest machine that it runs what is forbidden. Tells whether that was drawn.
fn lie_once(machine: &Machine) -> bool {
	let (subject, evidence) = answer(machine);
	let honest = found(subject, &evidence);
	assert!(honest.is_accepted());
	let counts = || {
		let counts = Attestation::statistics().counts;
		(counts.passed, counts.failed)
	};
	let (bonds, (passed, failed)) = (VALIDATORS.map(bond), counts());
	vote_all(&LIARS, subject, &lie());
	assert_ok!(vote(Dave, subject, &honest));
	blocks(2);
	assert_eq!(VALIDATORS.map(bond), bonds, "nothing is proven yet");
	let stage = Verdicts::subject(subject).expect("it can be proven").stage;
	let hit = is_hit(subject);
	if hit {
		assert_eq!((stage, counts()), (Stage::Audited, (passed, failed)), "it has no effect");
		catch_the_liars(subject, &evidence);
		assert_eq!(counts(), (passed + 1, failed), "what is so has effect in its stead");
	} else {
		assert_eq!((stage, counts()), (Stage::Effective, (passed, failed + 1)), "it has effect");
	}
	hit
}

#[test]
fn audits_are_drawn_by_lot_and_catch_the_liars_that_they_hit() {
	run(|machine| {
		// No more than half can be.
		audit(Perbill::from_percent(50));
		let before = VALIDATORS.map(bond);
		let hits = (0..ROUNDS).map(|_| u32::from(lie_once(&machine))).sum::<u32>();
		assert!(LIKELY.contains(&hits), "{hits} of {ROUNDS} were drawn");
		let part = Verdicts::rules().false_vote;
		for (at, liar) in LIARS.into_iter().enumerate() {
			let left = (0..hits).fold(before[at], |left, _| left - part.mul_floor(left));
			assert_eq!(bond(liar), left, "it has lost a part for each that was drawn");
		}
		assert_eq!(bond(Dave), before[3]);
		let counts = Attestation::statistics().counts;
		let wanted = (u64::from(hits), u64::from(ROUNDS - hits));
		assert_eq!((counts.passed, counts.failed), wanted);
	});
}
