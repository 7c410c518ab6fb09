//! Attacks, each on the whole chain, and what comes of it.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_evidence::RejectCode;
use hcc_primitives::units::{ALPHA, HOURS, MINUTES};
use pallet_policy::FileRule;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::Perbill;

use super::network::*;
use crate::*;

type Verdict = pallet_verdicts::Error<Runtime>;
type Refused = pallet_attestation::Error<Runtime>;

/// What a false vote costs of a bond.
fn tenth(bond: Balance) -> Balance {
	Perbill::from_percent(10).mul_floor(bond)
}

#[test]
fn honest_rounds_raise_the_score_and_leave_nothing_behind() {
	run(|machine| {
		for round in 1..=5 {
			assert!(attest(&machine).is_accepted());
			assert_eq!(score(&machine), 500 + 10 * round);
			check();
		}
		blocks(HOURS + 10);
		assert_eq!(pallet_verdicts::Subjects::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_attestation::Contexts::<Runtime>::iter().count(), 0);
	});
}

#[test]
fn a_lying_minority_is_slashed_and_changes_nothing() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let honest = found(subject, &evidence);
		let before = bond(Dave);
		assert_ok!(vote(Dave, subject, &lie()));
		vote_all(&[Alice, Bob, Charlie], subject, &honest);
		blocks(2);
		assert_eq!(score(&machine), 510);
		let reporter = Balances::free_balance(Alice.to_account_id());
		let outcome = prove(&Alice.to_account_id(), subject, &evidence).expect("a liar is proven");
		assert_eq!(outcome.pays_fee, Pays::No);
		assert_eq!(bond(Dave), before - tenth(before));
		let reward = Balances::free_balance(Alice.to_account_id()) - reporter;
		assert_eq!(reward, tenth(tenth(before)));
		assert_eq!(score(&machine), 510, "the verdict was right");
	});
}

#[test]
fn a_lying_majority_is_undone_by_one_who_shows_the_evidence() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let good = Attestation::host(chip(&machine)).expect("enlisted");
		let (subject, evidence) = answer(&machine);
		let before = bond(Alice);
		vote_all(&[Alice, Bob, Charlie], subject, &lie());
		blocks(2);
		assert!(score(&machine) < 510, "the lie takes effect at first");
		// Not a validator: whoever looks.
		endow(&Eve.to_account_id());
		let rich = Balances::free_balance(Eve.to_account_id());
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		assert_eq!(score(&machine), 510, "as if there had been no verdict");
		let after = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(after.checkpoint, good.checkpoint, "the log is taken up where it was before");
		for liar in [Alice, Bob, Charlie] {
			assert_eq!(bond(liar), before - tenth(before));
		}
		assert_eq!(bond(Dave), before);
		let reward = Balances::free_balance(Eve.to_account_id()) - rich;
		assert_eq!(reward, 3 * tenth(tenth(before)), "and the deposit is back");
		check();
		assert!(attest(&machine).is_accepted(), "it goes on");
	});
}

#[test]
fn a_lying_majority_that_is_drawn_for_audit_never_takes_effect() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&[Alice, Bob, Charlie], subject, &lie());
		block();
		// Without randomness every verdict is drawn.
		block_by(None);
		assert_eq!(score(&machine), 500);
		let outcome = prove(&miner(), subject, &evidence).expect("the miner itself may prove it");
		assert_eq!(outcome.pays_fee, Pays::No);
		assert_eq!(score(&machine), 510, "what is so takes effect");
	});
}

#[test]
fn a_lying_majority_that_is_drawn_and_that_nobody_proves_is_void() {
	run(|machine| {
		let (subject, _) = answer(&machine);
		vote_all(&[Alice, Bob, Charlie], subject, &lie());
		block();
		block_by(None);
		blocks(6 * MINUTES);
		assert_eq!(score(&machine), 500);
		assert!(Verdicts::subject(subject).is_none());
	});
}

#[test]
fn who_copies_votes_shares_the_slash() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let before = bond(Bob);
		assert_ok!(vote(Alice, subject, &lie()));
		// The finding is public from the first vote on: these only repeat its hash.
		for copier in [Bob, Charlie, Dave] {
			assert_ok!(vote(copier, subject, &lie()));
		}
		blocks(2);
		endow(&Eve.to_account_id());
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		for copier in [Alice, Bob, Charlie, Dave] {
			assert_eq!(bond(copier), before - tenth(before));
		}
	});
}

#[test]
fn policy_that_changes_between_vote_and_proof_costs_no_honest_voter() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let honest = found(subject, &evidence);
		assert!(honest.is_accepted());
		let before = bond(Alice);
		vote_all(&[Alice, Bob, Charlie], subject, &honest);
		let miner_binary = vec![super::machine::miner_binary()].try_into().expect("one");
		assert_ok!(Policy::set_files(
			RuntimeOrigin::root(),
			miner_binary,
			Some(FileRule::Forbidden)
		));
		blocks(2);
		endow(&Eve.to_account_id());
		let poor = Balances::free_balance(Eve.to_account_id()) - ALPHA;
		let outcome = prove(&Eve.to_account_id(), subject, &evidence).expect("it is sound");
		assert_eq!(outcome.pays_fee, Pays::Yes);
		assert_eq!(Balances::free_balance(Eve.to_account_id()), poor, "the deposit is gone");
		assert_eq!(bond(Alice), before);
		assert_eq!(score(&machine), 510);
		// The next evidence is judged by the new rules: the whole log, since a list was tightened.
		let (subject, evidence) = answer(&machine);
		let _ = found(subject, &evidence);
	});
}

#[test]
fn slashing_oneself_for_the_reward_loses() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let own = |who: sp_keyring::Sr25519Keyring| {
			bond(who) + Balances::free_balance(who.to_account_id())
		};
		let accomplice = Eve.to_account_id();
		endow(&accomplice);
		let before = own(Dave) + Balances::free_balance(&accomplice);
		assert_ok!(vote(Dave, subject, &lie()));
		assert_ok!(prove(&accomplice, subject, &evidence));
		let after = own(Dave) + Balances::free_balance(&accomplice);
		assert!(after < before - tenth(bond(Dave)) / 2, "nine tenths of the slash are burned");
	});
}

#[test]
fn groundless_proofs_cost_their_deposit_and_proofs_of_other_bytes_are_refused() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&VALIDATORS, subject, &found(subject, &evidence));
		blocks(2);
		let mut other = evidence.clone();
		other.guest_signature[0] ^= 1;
		endow(&Eve.to_account_id());
		let rich = Balances::free_balance(Eve.to_account_id());
		assert_noop!(prove(&Eve.to_account_id(), subject, &other), Verdict::EvidenceMismatch);
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		assert_eq!(Balances::free_balance(Eve.to_account_id()), rich - ALPHA);
		assert_noop!(prove(&Eve.to_account_id(), subject, &evidence), Verdict::AlreadyProven);
	});
}

#[test]
fn a_proof_after_the_window_is_too_late() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&[Alice, Bob, Charlie], subject, &lie());
		blocks(2 + HOURS + 20);
		endow(&Eve.to_account_id());
		assert_noop!(prove(&Eve.to_account_id(), subject, &evidence), Verdict::NotOpen);
	});
}

#[test]
fn replayed_evidence_is_refused_whatever_it_is_relabelled_as() {
	run(|machine| {
		let (_, old) = answer(&machine);
		let subject = subject(&machine);
		vote_all(&VALIDATORS, subject, &found(subject, &old));
		blocks(2);
		let context = challenge(&machine);
		assert_noop!(submit(&old), Refused::NoChallenge);
		let mut relabelled = old.clone();
		relabelled.seq = context.challenge.seq;
		assert_noop!(submit(&relabelled), Refused::QuoteNotBound);
		// Another miner's account, which has no such chip.
		let stranger = RuntimeOrigin::signed(Eve.to_account_id());
		assert_noop!(
			Attestation::submit_evidence(stranger, Box::new(relabelled)),
			Refused::NotTheMiner
		);
	});
}

#[test]
fn garbage_is_refused_with_an_error_and_costs_its_sender() {
	run(|machine| {
		let context = challenge(&machine);
		let mut garbage = machine.answer(&context);
		garbage.tpms_attest = vec![0; 64];
		let error = submit(&garbage).expect_err("it is not bound");
		assert_eq!(error.post_info.pays_fee, Pays::Yes);
		assert_ok!(submit(&machine.answer(&context)));
	});
}

#[test]
fn a_file_that_was_run_cannot_be_hidden_by_silence_or_a_reboot() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		let before = score(&machine);
		machine.run(b"rootkit");
		// Silence: the challenge is missed, which costs no less than being caught.
		let seq = challenge(&machine).challenge.seq;
		blocks(30);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert!(host.failing && host.seq > seq, "it is asked again at once");
		let silent = before - score(&machine);
		// Honest about it: the file is unknown.
		let finding = attest(&machine);
		assert_eq!(finding.code, RejectCode::ImaUnknownFile.number());
		let rules = Reputation::rules();
		assert!(silent >= rules.ima_unknown);
		// A reboot empties the log; but the miss is on record, and the score stays down.
		machine.boot();
		machine.run(b"hcc-miner");
		let low = score(&machine);
		assert!(attest(&machine).is_accepted());
		assert!(score(&machine) <= low + rules.passed);
	});
}

#[test]
fn a_log_that_is_cut_before_what_it_must_not_show_does_not_lead_to_the_quoted_pcr() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.run(b"rootkit");
		machine.log.pop();
		assert_eq!(attest(&machine).code, RejectCode::ImaPcr.number());
		assert!(Reputation::record(chip(&machine)).expect("noted").score.strikes > 0);
	});
}

#[test]
fn another_firmware_after_a_reset_is_not_the_enrolled_boot() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.boot_logged();
		machine.run(b"hcc-miner");
		assert_eq!(attest(&machine).code, RejectCode::BootPcrs.number());
	});
}

#[test]
fn what_a_chip_did_stays_with_it_when_its_owner_leaves() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.run(b"rootkit");
		assert_eq!(attest(&machine).code, RejectCode::ImaUnknownFile.number());
		let low = score(&machine);
		let owner = RuntimeOrigin::signed(miner());
		assert_ok!(Registry::exit(owner));
		assert!(Attestation::host(chip(&machine)).is_none());
		// The check that was open counts as missed. Whoever registers the chip next begins there.
		assert!(score(&machine) < low);
	});
}

/// As many subjects as can be challenged at once fit into what verdicts can hold: each is booked until its verdict, and for its window.
#[test]
fn every_challenge_that_is_drawn_can_be_judged() {
	const { assert!(pallet_verdicts::MAX_CLOSING >= 2 * pallet_attestation::MAX_DUE) };
	const { assert!(pallet_verdicts::MAX_AGREED >= pallet_attestation::MAX_DUE) };
}

#[test]
fn a_validator_that_leaves_goes_on_to_vote_while_it_is_in_office() {
	run(|machine| {
		assert_ok!(Validators::leave(RuntimeOrigin::signed(Dave.to_account_id())));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(Charlie.to_account_id())));
		assert!(attest(&machine).is_accepted());
		assert_eq!(score(&machine), 510);
	});
}
