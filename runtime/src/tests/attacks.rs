//! Attacks, each on the whole chain, and what comes of it. Which attack is tried where, by test; without a folder it is one of this runtime's:
//!
//! | attack | test |
//! |---|---|
//! | account laundering | `machines::account_laundering_washes_neither_score_nor_strikes_nor_boot`; what is open counts: `what_a_chip_did_stays_with_it_when_its_owner_leaves` |
//! | relay | `machines::a_quote_by_another_miners_tpm_is_not_relayed`, `machines::a_report_of_another_chip_is_not_relayed`, `machines::an_answer_that_comes_after_the_deadline_is_none`; its limit: `machines::the_limit_is_a_tpm_attached_to_a_clean_machine_while_the_host_runs_something_else` |
//! | replay across miners and sequences | `replayed_evidence_is_refused_whatever_it_is_relabelled_as`; `pallets/evidence/tests/host/bindings.rs` |
//! | replay across chains | `pallets/attestation/src/tests/evidence.rs`: `evidence_for_another_chain_is_refused` |
//! | an author that grinds or withholds | `pallets/attestation/src/tests/draw.rs`: `an_author_that_withholds_blocks_delays_its_challenges_at_the_price_of_slots`; of audits, `pallets/verdicts/src/tests/audit.rs`: `a_verdict_is_drawn_by_what_nobody_knew_when_it_was_made` |
//! | blind or copied votes | `who_copies_votes_shares_the_slash` |
//! | a lying minority | `a_lying_minority_is_slashed_and_changes_nothing` |
//! | a lying majority | by audit: `a_lying_majority_that_is_drawn_for_audit_never_takes_effect`, `a_lying_majority_that_is_drawn_and_that_nobody_proves_is_void`, and by lot `lottery::audits_are_drawn_by_lot_and_catch_the_liars_that_they_hit`; by an outsider's proof: `a_lying_majority_is_undone_by_one_who_shows_the_evidence`, `a_lying_majority_that_accepts_an_unknown_file_is_undone_by_one_who_shows_the_evidence` |
//! | a block by whoever is disabled | `pay::a_validator_that_is_disabled_makes_no_block` |
//! | validators that are silent | `absence::silence_of_more_than_a_third_costs_what_absence_costs`, all of `absence` |
//! | a flood of garbage | `garbage_is_refused_with_an_error_and_costs_its_sender`, `groundless_proofs_cost_their_deposit_and_proofs_of_other_bytes_are_refused`, all of `standing`, `filled::a_block_holds_what_ten_thousand_miners_send` |
//! | a missing VEK, an unregistered TCB | `machines::a_key_that_is_withheld_is_a_missed_challenge`, `machines::a_report_of_a_tcb_whose_key_is_not_registered_is_not_taken`; `pallets/policy/src/tests/veks.rs`: `a_key_for_another_tcb_does_not_stand_in_for_the_reported_one` |
//! | silence and reboots | `a_file_that_was_run_cannot_be_hidden_by_silence_or_a_reboot`, `another_firmware_after_a_reset_is_not_the_enrolled_boot`; their limit: `machines::what_was_run_and_rebooted_away_between_challenges_is_not_seen` |
//! | a cleared TPM | `machines::a_cleared_tpm_continues_no_log` |
//! | a cloned chip | `claims::a_chip_that_is_live_in_two_places_is_nobodys_for_good` |
//! | old collateral over new | `pallets/policy/src/tests/veks.rs`: `an_older_certificate_takes_no_newer_ones_place`, `a_key_of_a_root_that_is_trusted_no_more_is_none`; `pallets/policy/src/tests/revocation.rs`: `only_a_newer_list_counts` |
//! | a change of policy between verdict and proof | `policy_that_changes_between_vote_and_proof_costs_no_honest_voter`, `whatever_of_policy_changes_between_vote_and_proof_costs_no_honest_voter` |
//! | full blocks at a deadline | `filled::evidence_finds_room_where_transactions_and_the_pallets_themselves_fill_a_block`; `pallets/attestation/src/tests/standstill.rs`: `full_blocks_at_a_deadline_only_put_it_off`; `pallets/verdicts/src/tests/clock.rs`: `in_blocks_without_room_the_clock_stands_still_and_what_was_agreed_waits` |
//! | slashing oneself | `slashing_oneself_for_the_reward_loses`; `pallets/verdicts/src/tests/rules.rs`: `whatever_is_set_the_rules_in_force_are_within_bounds` |
//! | a leaked credential secret | `pallets/registry/src/tests/enrolment.rs`: `a_validator_that_leaks_its_secret_enrols_nobody` |

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_evidence::{boot::BootRules, host::GenerationTrust, RejectCode};
use hcc_primitives::units::{ALPHA, HOURS, MINUTES};
use pallet_policy::{FileRule, PlatformRules};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::Perbill;

use super::{
	machine::{Machine, MEASUREMENT},
	network::*,
};
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
		// For the rest of the session it makes no blocks.
		let dave = Session::validators().iter().position(|who| *who == Dave.to_account_id());
		assert_eq!(Session::disabled_validators(), [dave.expect("in office") as u32]);
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
		assert_eq!(Session::disabled_validators().len(), 1, "no more than a third are");
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
fn a_committee_that_cannot_agree_decides_nothing() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&[Alice, Bob], subject, &found(subject, &evidence));
		blocks(6 * MINUTES);
		assert!(Verdicts::subject(subject).is_none(), "two of four are no two thirds");
		assert_eq!(Attestation::statistics().counts.passed, 0);
		assert!(Attestation::statistics().counts.void >= 1);
		assert!(attest(&machine).is_accepted(), "it is asked again");
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
	run(|mut machine| {
		machine.run(b"bash");
		let (subject, evidence) = answer(&machine);
		let honest = found(subject, &evidence);
		assert!(honest.is_accepted());
		let before = bond(Alice);
		vote_all(&[Alice, Bob, Charlie], subject, &honest);
		let bash = vec![super::machine::sha256(b"bash")].try_into().expect("one");
		assert_ok!(Policy::set_files(RuntimeOrigin::root(), bash, Some(FileRule::Forbidden)));
		blocks(2);
		endow(&Eve.to_account_id());
		let poor = Balances::free_balance(Eve.to_account_id()) - ALPHA;
		let outcome = prove(&Eve.to_account_id(), subject, &evidence).expect("it is sound");
		assert_eq!(outcome.pays_fee, Pays::Yes);
		assert_eq!(Balances::free_balance(Eve.to_account_id()), poor, "the deposit is gone");
		assert_eq!(bond(Alice), before);
		assert_eq!(score(&machine), 510);
		// From its own tick on the whole log is wanted and judged by the new rules: what was allowed is no fault, and no more allowed.
		let within = Verdicts::tick() + HOURS + MINUTES;
		let code = (0..1_000).map(|_| attest(&machine).code).find(|code| *code != 0);
		assert_eq!(code, Some(RejectCode::ImaOutdatedFile.number()));
		assert!(Verdicts::tick() < within);
	});
}

#[test]
fn a_lying_majority_that_accepts_an_unknown_file_is_undone_by_one_who_shows_the_evidence() {
	run(|mut machine| {
		let (subject, evidence) = answer(&machine);
		let clean = found(subject, &evidence);
		vote_all(&VALIDATORS, subject, &clean);
		blocks(2);
		let known = Attestation::host(chip(&machine)).expect("enlisted").checkpoint;
		machine.run(b"rootkit");
		let (subject, evidence) = answer(&machine);
		assert_eq!(found(subject, &evidence).code, RejectCode::ImaUnknownFile.number());
		let before = VALIDATORS.map(bond);
		vote_all(&[Alice, Bob, Charlie], subject, &clean);
		blocks(2);
		assert_eq!(score(&machine), 520, "it takes effect at first");
		assert_ok!(prove(&Dave.to_account_id(), subject, &evidence));
		assert_eq!(score(&machine), 510, "as if it had not been");
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(host.checkpoint, known, "the log is taken up where it was");
		for (at, liar) in [Alice, Bob, Charlie].into_iter().enumerate() {
			assert_eq!(bond(liar), before[at] - tenth(before[at]));
		}
		assert_eq!(bond(Dave), before[3]);
		assert_eq!(Session::disabled_validators().len(), 1, "no more than a third of the others");
		assert_eq!(attest(&machine).code, RejectCode::ImaUnknownFile.number());
	});
}

/// As a change of files, so whatever else of policy can change: evidence is judged by what was in force when it was included.
#[test]
fn whatever_of_policy_changes_between_vote_and_proof_costs_no_honest_voter() {
	let root = RuntimeOrigin::root;
	let line = |machine: &Machine| machine.vek.product;
	let changes: [(&str, &dyn Fn(&Machine)); 9] = [
		("platform", &|_| {
			let rules = Policy::platform().expect("there are some");
			let guest_forbidden = u64::MAX;
			assert_ok!(Policy::set_platform(root(), PlatformRules { guest_forbidden, ..rules }));
		}),
		("cpu", &|_| {
			assert_ok!(Policy::set_cpu(root(), insecure_sim::CPU, None));
		}),
		("measurement", &|_| {
			assert_ok!(Policy::set_measurement(root(), MEASUREMENT, None));
		}),
		("generation", &|machine| {
			let trust = Some(GenerationTrust::Suspended);
			assert_ok!(Policy::set_generation(root(), line(machine), trust));
		}),
		("required files", &|_| {
			let other = vec![vec![[7; 32]].try_into().expect("one")].try_into().expect("one");
			assert_ok!(Policy::set_required(root(), Some(other)));
		}),
		("boot rules", &|_| {
			let rules = Some(BootRules { secure_boot: true });
			assert_ok!(Policy::set_boot_rules(root(), rules));
		}),
		("roots of AMD", &|_| {
			assert_ok!(Policy::set_amd_roots(root(), None));
		}),
		("a revoked issuer", &|_| {
			let now = pallet_timestamp::Now::<Runtime>::get() / 1_000;
			let list = insecure_sim::issue_crl(now, &[0]).expect("the hierarchy issues lists");
			let origin = RuntimeOrigin::signed(Bob.to_account_id());
			assert_ok!(Policy::post_crl(origin, list.try_into().expect("short")));
		}),
		("the miner's TPM", &|_| {
			pallet_registry::Tpms::<Runtime>::remove(miner());
			pallet_registry::MinerOfEk::<Runtime>::remove(EK);
		}),
	];
	for (what, change) in changes {
		run(|machine| {
			let (subject, evidence) = answer(&machine);
			let honest = found(subject, &evidence);
			assert!(honest.is_accepted(), "{what}");
			let before = VALIDATORS.map(bond);
			vote_all(&[Alice, Bob, Charlie], subject, &honest);
			change(&machine);
			blocks(2);
			assert_eq!(found(subject, &evidence), honest, "{what}: it is what it was");
			endow(&Eve.to_account_id());
			assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
			assert_eq!(VALIDATORS.map(bond), before, "{what}");
			assert_eq!(score(&machine), 510, "{what}");
		});
	}
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
		// As long as there is time to vote it has no effect, and costs as much as often as it is sent.
		assert_eq!(Verdicts::subject(subject).expect("in its window").proven, None);
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		assert_eq!(Balances::free_balance(Eve.to_account_id()), rich - 2 * ALPHA);
		blocks(50);
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
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
