//! Tests of the random draw of audits. They make false verdicts, and check the outcome of the
//! audited ones.

use core::ops::RangeInclusive;

use codec::Encode;
use frame_support::assert_ok;
use hcc_evidence::host::HostEvidence;
use hcc_evidence_testing::Machine;
use hcc_primitives::SubjectId;
use hccs_runtime::*;
use pallet_verdicts::Stage;
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::Perbill;

use super::network::*;

/// The first three of the four validators. They are more than two thirds, so their votes decide.
const FALSE_VOTERS: [Sr25519Keyring; 3] = [Alice, Bob, Charlie];
/// Number of false verdicts that the test makes.
const ROUNDS: u32 = 64;
/// Likely number of audited verdicts among `ROUNDS` false verdicts, each of which is audited with a
/// probability of one half. The mean is 32, and the standard deviation is 4. The range extends four
/// standard deviations to each side. One in 40,000 runs with random draws lies outside of this
/// range.
const LIKELY: RangeInclusive<u32> = 16..=48;

/// Returns `true` if the draw selects a verdict for an audit, with a probability of one half. The
/// draw is computed from the public randomness of this block's parent.
fn is_audited(subject: SubjectId) -> bool {
	let randomness =
		pallet_babe::AuthorVrfRandomness::<Runtime>::get().expect("the block has randomness");
	let draw = blake2_256(&[(b"audit", subject).encode(), randomness.to_vec()].concat());
	let draw = u32::from_le_bytes([draw[0], draw[1], draw[2], draw[3]]);
	draw <= u32::MAX / 2
}

/// Proves that an audited verdict is false. Checks that the verdict is void, and that each of its
/// voters loses exactly the configured part of its bond.
fn prove_false_verdict(subject: SubjectId, evidence: &HostEvidence) {
	let rules = Verdicts::rules();
	let (bonds, issued) = (VALIDATORS.map(bond), Balances::total_issuance());
	let balance_before = Balances::free_balance(Dave.to_account_id());
	assert_ok!(prove(&Dave.to_account_id(), subject, evidence));
	let losses = FALSE_VOTERS.map(|voter| {
		let before =
			bonds[VALIDATORS.iter().position(|of| *of == voter).expect("the validator is active")];
		let loss = rules.false_vote.mul_floor(before);
		assert!(loss > 0);
		assert_eq!(bond(voter), before - loss);
		loss
	});
	assert_eq!(bond(Dave), bonds[3]);
	let reward = losses.iter().map(|loss| rules.reward.mul_floor(*loss)).sum::<Balance>();
	assert_eq!(Balances::free_balance(Dave.to_account_id()) - balance_before, reward);
	let burned = losses.iter().sum::<Balance>() - reward;
	assert_eq!(issued - Balances::total_issuance(), burned, "the rest is burned");
}

/// Makes the false verdict that an honest machine runs a forbidden file. Returns `true` if the
/// verdict is audited.
fn vote_falsely_once(machine: &Machine) -> bool {
	let (subject, evidence) = answer(machine);
	let honest = evaluate(subject, &evidence);
	assert!(honest.is_accepted());
	let counts = || {
		let counts = Attestation::statistics().counts;
		(counts.passed, counts.failed)
	};
	let (bonds, (passed, failed)) = (VALIDATORS.map(bond), counts());
	vote_all(&FALSE_VOTERS, subject, &false_finding());
	assert_ok!(vote(Dave, subject, &honest));
	blocks(2);
	assert_eq!(VALIDATORS.map(bond), bonds, "no proof was made yet");
	let stage = Verdicts::subject(subject).expect("the subject is stored").stage;
	let hit = is_audited(subject);
	if hit {
		assert_eq!(
			(stage, counts()),
			(Stage::Audited, (passed, failed)),
			"the false verdict has no effect"
		);
		prove_false_verdict(subject, &evidence);
		assert_eq!(counts(), (passed + 1, failed), "the proven finding takes effect");
	} else {
		assert_eq!(
			(stage, counts()),
			(Stage::Effective, (passed, failed + 1)),
			"the false verdict takes effect"
		);
	}
	hit
}

#[test]
fn random_audits_slash_false_voters() {
	run(|machine| {
		// One half is the maximum share of audits that the rules allow.
		audit(Perbill::from_percent(50));
		let before = VALIDATORS.map(bond);
		let hits = (0..ROUNDS).map(|_| u32::from(vote_falsely_once(&machine))).sum::<u32>();
		assert!(LIKELY.contains(&hits), "{hits} of {ROUNDS} were audited");
		let part = Verdicts::rules().false_vote;
		for (at, voter) in FALSE_VOTERS.into_iter().enumerate() {
			let left = (0..hits).fold(before[at], |left, _| left - part.mul_floor(left));
			assert_eq!(bond(voter), left, "each audited verdict costs a part");
		}
		assert_eq!(bond(Dave), before[3]);
		let counts = Attestation::statistics().counts;
		let wanted = (u64::from(hits), u64::from(ROUNDS - hits));
		assert_eq!((counts.passed, counts.failed), wanted);
	});
}
