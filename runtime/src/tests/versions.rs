//! Evidence that was included before the verifier changed, and proven after.

use frame_support::{assert_ok, dispatch::Pays};
use hcc_primitives::{Finding, SubjectId};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve};

use super::network::*;
use crate::*;

/// As if the evidence had been included, and was judged, before the chain had its verifier of now.
fn included_before(subject: SubjectId) {
	pallet_attestation::Contexts::<Runtime>::mutate(subject, |pinned| {
		pinned.as_mut().expect("it is being judged").eval_version -= 1;
	});
}

#[test]
fn a_lie_is_undone_but_costs_nobody_anything_where_another_version_judged() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let good = Attestation::host(chip(&machine)).expect("enlisted");
		let (subject, evidence) = answer(&machine);
		included_before(subject);
		let bonds = VALIDATORS.map(bond);
		vote_all(&[Alice, Bob, Charlie], subject, &lie());
		blocks(2);
		assert!(score(&machine) < 510, "the lie takes effect at first");
		endow(&Eve.to_account_id());
		let rich = Balances::free_balance(Eve.to_account_id());
		let outcome = prove(&Eve.to_account_id(), subject, &evidence).expect("it is proven");
		assert_eq!(outcome.pays_fee, Pays::No);
		assert_eq!(score(&machine), 510, "as if there had been no verdict");
		let after = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(after.checkpoint, good.checkpoint);
		assert_eq!(VALIDATORS.map(bond), bonds, "the former version may have found it");
		let rest = Balances::free_balance(Eve.to_account_id());
		assert_eq!(rest, rich, "the deposit is back, and there is no reward");
		assert!(attest(&machine).is_accepted(), "it goes on");
	});
}

/// Claims that another version puts otherwise are no other verdict.
#[test]
fn other_claims_of_another_version_are_as_right_and_of_this_one_they_are_a_lie() {
	for another_version in [true, false] {
		run(|machine| {
			let (subject, evidence) = answer(&machine);
			if another_version {
				included_before(subject);
			}
			let honest = found(subject, &evidence);
			let claims = vec![1].try_into().expect("short");
			let otherwise = Finding { code: Finding::ACCEPTED, claims };
			let before = bond(Dave);
			vote_all(&[Alice, Bob, Charlie], subject, &honest);
			assert_ok!(vote(Dave, subject, &otherwise));
			blocks(2);
			let outcome = prove(&Alice.to_account_id(), subject, &evidence).expect("it is open");
			let pays = if another_version { Pays::Yes } else { Pays::No };
			assert_eq!(outcome.pays_fee, pays);
			assert_eq!(bond(Dave) == before, another_version);
			assert_eq!(score(&machine), 510, "the verdict stays");
		});
	}
}
