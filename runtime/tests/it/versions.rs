//! Tests with evidence that was included before a change of the verifier, and is judged after the
//! change.

use frame_support::{assert_ok, dispatch::Pays};
use hcc_primitives::{Finding, SubjectId};
use hccs_runtime::{configs::INITIAL_VERDICTS_RULES, *};
use pallet_verdicts::Stage;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::Perbill;

use super::{network::*, rules::set_rules};

/// Number of subjects that are judged one after another. An upgrade of the verifier falls into the
/// voting time of each subject.
const ROUNDS: u32 = 12;

/// Sets the verifier version of a subject to the previous one.
fn set_previous_version(subject: SubjectId) {
	pallet_attestation::Contexts::<Runtime>::mutate(subject, |pinned| {
		pinned.as_mut().expect("the subject is open").eval_version -= 1;
	});
}

#[test]
fn false_verdict_of_other_version_is_undone_without_slash() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let good = Attestation::host(chip(&machine)).expect("the chip has a host");
		let (subject, evidence) = answer(&machine);
		set_previous_version(subject);
		let bonds = VALIDATORS.map(bond);
		vote_all(&[Alice, Bob, Charlie], subject, &false_finding());
		blocks(2);
		assert!(score(&machine) < 510, "the false verdict takes effect first");
		endow(&Eve.to_account_id());
		let balance_before = Balances::free_balance(Eve.to_account_id());
		let outcome = prove(&Eve.to_account_id(), subject, &evidence).expect("the proof succeeds");
		assert_eq!(outcome.pays_fee, Pays::No);
		assert_eq!(score(&machine), 510, "the verdict is undone");
		let after = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert_eq!(after.checkpoint, good.checkpoint);
		assert_eq!(VALIDATORS.map(bond), bonds, "the other version may have found it");
		let balance_after = Balances::free_balance(Eve.to_account_id());
		assert_eq!(balance_after, balance_before, "the deposit is released without a reward");
		assert!(attest(&machine).is_accepted(), "the chain continues");
	});
}

/// A vote with other claims is not slashed if another version of the verifier encoded these claims.
#[test]
fn other_claims_are_slashed_only_in_same_version() {
	for another_version in [true, false] {
		run(|machine| {
			let (subject, evidence) = answer(&machine);
			if another_version {
				set_previous_version(subject);
			}
			let honest = evaluate(subject, &evidence);
			let claims = vec![1].try_into().expect("it fits");
			let otherwise = Finding { code: Finding::ACCEPTED, claims };
			let before = bond(Dave);
			vote_all(&[Alice, Bob, Charlie], subject, &honest);
			assert_ok!(vote(Dave, subject, &otherwise));
			blocks(2);
			let outcome =
				prove(&Alice.to_account_id(), subject, &evidence).expect("the proof succeeds");
			let pays = if another_version { Pays::Yes } else { Pays::No };
			assert_eq!(outcome.pays_fee, pays);
			assert_eq!(bond(Dave) == before, another_version);
			assert_eq!(score(&machine), 510, "the verdict is unchanged");
		});
	}
}

/// Returns the same finding, encoded as by another version of the verifier.
fn encoded_otherwise(finding: &Finding) -> Finding {
	let mut claims = finding.claims.to_vec();
	claims.push(0);
	Finding { code: finding.code, claims: claims.try_into().expect("it fits") }
}

/// All evidence is included before an upgrade of the verifier, and all votes follow after it. The
/// votes name the finding of the runtime of the including block.
#[test]
fn version_bump_under_load_voids_nothing() {
	run(|machine| {
		let audit = Perbill::from_percent(50);
		assert_ok!(set_rules(pallet_verdicts::Rules {
			audit,
			window: 20,
			..INITIAL_VERDICTS_RULES
		}));
		stop_draws();
		let bonds = VALIDATORS.map(bond);
		let mut audited = 0;
		for _ in 0..ROUNDS {
			recheck(&machine);
			let (subject, evidence) = answer(&machine);
			let finding = encoded_otherwise(&evaluate(subject, &evidence));
			set_previous_version(subject);
			vote_all(&VALIDATORS, subject, &finding);
			blocks(2);
			if Verdicts::subject(subject).expect("the subject is open").stage == Stage::Audited {
				assert_ok!(prove(&Alice.to_account_id(), subject, &evidence));
				audited += 1;
			}
		}
		assert!((1..ROUNDS).contains(&audited), "{audited} of {ROUNDS} verdicts were audited");
		while pallet_verdicts::Subjects::<Runtime>::iter().next().is_some() {
			block();
		}
		let counts = Attestation::statistics().counts;
		assert_eq!((counts.passed, counts.failed, counts.void), (ROUNDS.into(), 0, 0));
		let counted = VALIDATORS
			.map(|validator| Validators::duty(validator.to_account_id()).map(|duty| duty.counted));
		assert_eq!(counted, [Some(ROUNDS); VALIDATORS.len()], "every vote is paid");
		assert_eq!(VALIDATORS.map(bond), bonds);
	});
}
