//! Evidence that was included before a change of the verifier, and is proven after it.

use frame_support::{assert_ok, dispatch::Pays};
use hcc_primitives::{Finding, SubjectId};
use hccs_runtime::*;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve};

use super::network::*;

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

/// Other claims from another version are not a false verdict.
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
