//! Tests of attacks on the whole chain, and of their outcome.
//!
//! `docs/security.md` lists all attacks with the tests that cover them. Attacks on machines,
//! contests, audits and validators are tested in separate modules. Attacks on a single pallet are
//! tested in that pallet.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_evidence::{boot::BootRules, host::GenerationTrust, RejectCode};
use hcc_evidence_testing::{Machine, MEASUREMENT};
use hcc_primitives::units::{ALPHA, HOURS, MINUTES};
use hccs_runtime::*;
use pallet_policy::{FileRule, PlatformRules};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::Perbill;

use super::network::*;

type VerdictsError = pallet_verdicts::Error<Runtime>;
type AttestationError = pallet_attestation::Error<Runtime>;

/// Returns the part of a bond that a validator loses for a false vote.
fn false_vote_slash(bond: Balance) -> Balance {
	Perbill::from_percent(10).mul_floor(bond)
}

#[test]
fn honest_rounds_raise_score_and_leave_no_rows() {
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
fn false_minority_is_slashed_without_effect() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let honest = evaluate(subject, &evidence);
		let before = bond(Dave);
		assert_ok!(vote(Dave, subject, &false_finding()));
		vote_all(&[Alice, Bob, Charlie], subject, &honest);
		blocks(2);
		assert_eq!(score(&machine), 510);
		let reporter = Balances::free_balance(Alice.to_account_id());
		let outcome =
			prove(&Alice.to_account_id(), subject, &evidence).expect("the proof succeeds");
		assert_eq!(outcome.pays_fee, Pays::No);
		assert_eq!(bond(Dave), before - false_vote_slash(before));
		let reward = Balances::free_balance(Alice.to_account_id()) - reporter;
		assert_eq!(reward, false_vote_slash(false_vote_slash(before)));
		assert_eq!(score(&machine), 510, "the verdict was correct");
		// The chain disables Dave, who makes no blocks for the rest of the session.
		let dave = Session::validators().iter().position(|who| *who == Dave.to_account_id());
		assert_eq!(Session::disabled_validators(), [dave.expect("in office") as u32]);
	});
}

#[test]
fn false_majority_is_undone_by_outsider_proof() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let good = Attestation::host(chip(&machine)).expect("enlisted");
		let (subject, evidence) = answer(&machine);
		let before = bond(Alice);
		vote_all(&[Alice, Bob, Charlie], subject, &false_finding());
		blocks(2);
		assert!(score(&machine) < 510, "the false verdict takes effect first");
		// Eve, who is not a validator, sends the proof.
		endow(&Eve.to_account_id());
		let before_proof = Balances::free_balance(Eve.to_account_id());
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		assert_eq!(score(&machine), 510, "the verdict is undone");
		let after = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(after.checkpoint, good.checkpoint, "the log checkpoint is restored");
		for voter in [Alice, Bob, Charlie] {
			assert_eq!(bond(voter), before - false_vote_slash(before));
		}
		assert_eq!(bond(Dave), before);
		assert_eq!(Session::disabled_validators().len(), 1, "at most a third are disabled");
		let reward = Balances::free_balance(Eve.to_account_id()) - before_proof;
		assert_eq!(
			reward,
			3 * false_vote_slash(false_vote_slash(before)),
			"the deposit is released"
		);
		check();
		assert!(attest(&machine).is_accepted(), "the chain continues");
	});
}

#[test]
fn audited_false_majority_has_no_effect() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&[Alice, Bob, Charlie], subject, &false_finding());
		block();
		// In a block without randomness, every verdict is audited.
		block_by(None);
		assert_eq!(score(&machine), 500);
		let outcome = prove(&miner(), subject, &evidence).expect("the miner itself may prove it");
		assert_eq!(outcome.pays_fee, Pays::No);
		assert_eq!(score(&machine), 510, "the correct finding takes effect");
	});
}

#[test]
fn audited_false_majority_without_proof_is_void() {
	run(|machine| {
		let (subject, _) = answer(&machine);
		vote_all(&[Alice, Bob, Charlie], subject, &false_finding());
		block();
		block_by(None);
		blocks(6 * MINUTES);
		assert_eq!(score(&machine), 500);
		assert!(Verdicts::subject(subject).is_none());
	});
}

#[test]
fn split_committee_decides_nothing() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&[Alice, Bob], subject, &evaluate(subject, &evidence));
		blocks(6 * MINUTES);
		assert!(Verdicts::subject(subject).is_none(), "two of four are too few");
		assert_eq!(Attestation::statistics().counts.passed, 0);
		assert!(Attestation::statistics().counts.void >= 1);
		assert!(attest(&machine).is_accepted(), "the chip is challenged again");
	});
}

#[test]
fn copied_votes_share_the_slash() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let before = bond(Bob);
		assert_ok!(vote(Alice, subject, &false_finding()));
		// The finding is public after the first vote. The copiers only repeat its hash, without
		// judging the evidence.
		for copier in [Bob, Charlie, Dave] {
			assert_ok!(vote(copier, subject, &false_finding()));
		}
		blocks(2);
		endow(&Eve.to_account_id());
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		for copier in [Alice, Bob, Charlie, Dave] {
			assert_eq!(bond(copier), before - false_vote_slash(before));
		}
	});
}

#[test]
fn file_rule_change_before_proof_costs_honest_voters_nothing() {
	run(|mut machine| {
		machine.run(b"bash");
		let (subject, evidence) = answer(&machine);
		let honest = evaluate(subject, &evidence);
		assert!(honest.is_accepted());
		let before = bond(Alice);
		vote_all(&[Alice, Bob, Charlie], subject, &honest);
		let bash = vec![hcc_evidence_testing::sha256(b"bash")].try_into().expect("one");
		assert_ok!(Policy::set_files(RuntimeOrigin::root(), bash, Some(FileRule::Forbidden)));
		blocks(2);
		endow(&Eve.to_account_id());
		let without_deposit = Balances::free_balance(Eve.to_account_id()) - ALPHA;
		let outcome =
			prove(&Eve.to_account_id(), subject, &evidence).expect("the proof is accepted");
		assert_eq!(outcome.pays_fee, Pays::Yes);
		assert_eq!(
			Balances::free_balance(Eve.to_account_id()),
			without_deposit,
			"the deposit is lost"
		);
		assert_eq!(bond(Alice), before);
		assert_eq!(score(&machine), 510);
		// Each chip has a tick from which evidence must cover its whole log. The new rules apply to
		// this log. If the log contains a file that was allowed before, evidence is rejected, but
		// the score does not fall.
		let within = Clock::tick() + HOURS + MINUTES;
		let code = (0..1_000).map(|_| attest(&machine).code).find(|code| *code != 0);
		assert_eq!(code, Some(RejectCode::ImaOutdatedFile.number()));
		assert!(Clock::tick() < within);
	});
}

#[test]
fn false_acceptance_of_unknown_file_is_undone_by_proof() {
	run(|mut machine| {
		let (subject, evidence) = answer(&machine);
		let clean = evaluate(subject, &evidence);
		vote_all(&VALIDATORS, subject, &clean);
		blocks(2);
		let known = Attestation::host(chip(&machine)).expect("enlisted").checkpoint;
		machine.run(b"rootkit");
		let (subject, evidence) = answer(&machine);
		assert_eq!(evaluate(subject, &evidence).code, RejectCode::ImaUnknownFile.number());
		let before = VALIDATORS.map(bond);
		vote_all(&[Alice, Bob, Charlie], subject, &clean);
		blocks(2);
		assert_eq!(score(&machine), 520, "the false verdict takes effect first");
		assert_ok!(prove(&Dave.to_account_id(), subject, &evidence));
		assert_eq!(score(&machine), 510, "the verdict is undone");
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(host.checkpoint, known, "the log checkpoint is restored");
		for (at, voter) in [Alice, Bob, Charlie].into_iter().enumerate() {
			assert_eq!(bond(voter), before[at] - false_vote_slash(before[at]));
		}
		assert_eq!(bond(Dave), before[3]);
		assert_eq!(Session::disabled_validators().len(), 1, "at most a third are disabled");
		assert_eq!(attest(&machine).code, RejectCode::ImaUnknownFile.number());
	});
}

/// A proof evaluates evidence by the policy at the inclusion of the evidence. This is true for
/// every part of policy.
#[test]
fn any_policy_change_before_proof_costs_honest_voters_nothing() {
	let root = RuntimeOrigin::root;
	let line = |machine: &Machine| machine.vek.product;
	let changes: [(&str, &dyn Fn(&Machine)); 9] = [
		("platform", &|_| {
			let rules = Policy::platform().expect("platform rules are set");
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
			let honest = evaluate(subject, &evidence);
			assert!(honest.is_accepted(), "{what}");
			let before = VALIDATORS.map(bond);
			vote_all(&[Alice, Bob, Charlie], subject, &honest);
			change(&machine);
			blocks(2);
			assert_eq!(evaluate(subject, &evidence), honest, "{what}: the finding is unchanged");
			endow(&Eve.to_account_id());
			assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
			assert_eq!(VALIDATORS.map(bond), before, "{what}");
			assert_eq!(score(&machine), 510, "{what}");
		});
	}
}

#[test]
fn self_slash_for_reward_loses() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let own = |who: sp_keyring::Sr25519Keyring| {
			bond(who) + Balances::free_balance(who.to_account_id())
		};
		let accomplice = Eve.to_account_id();
		endow(&accomplice);
		let before = own(Dave) + Balances::free_balance(&accomplice);
		assert_ok!(vote(Dave, subject, &false_finding()));
		assert_ok!(prove(&accomplice, subject, &evidence));
		let after = own(Dave) + Balances::free_balance(&accomplice);
		assert!(
			after < before - false_vote_slash(bond(Dave)) / 2,
			"nine tenths of the slash are burned"
		);
	});
}

#[test]
fn groundless_proof_costs_deposit_and_other_bytes_are_rejected() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&VALIDATORS, subject, &evaluate(subject, &evidence));
		blocks(2);
		let mut other = evidence.clone();
		other.guest_signature[0] ^= 1;
		endow(&Eve.to_account_id());
		let before_proof = Balances::free_balance(Eve.to_account_id());
		assert_noop!(prove(&Eve.to_account_id(), subject, &other), VerdictsError::EvidenceMismatch);
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		assert_eq!(Balances::free_balance(Eve.to_account_id()), before_proof - ALPHA);
		// While votes count, the proof has no effect. Each repetition of the proof costs the same
		// again.
		assert_eq!(Verdicts::subject(subject).expect("the subject is in its window").proven, None);
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		assert_eq!(Balances::free_balance(Eve.to_account_id()), before_proof - 2 * ALPHA);
		blocks(50);
		assert_ok!(prove(&Eve.to_account_id(), subject, &evidence));
		assert_noop!(prove(&Eve.to_account_id(), subject, &evidence), VerdictsError::AlreadyProven);
	});
}

#[test]
fn proof_fails_after_window() {
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		vote_all(&[Alice, Bob, Charlie], subject, &false_finding());
		blocks(2 + HOURS + 20);
		endow(&Eve.to_account_id());
		assert_noop!(prove(&Eve.to_account_id(), subject, &evidence), VerdictsError::NotOpen);
	});
}

#[test]
fn replayed_evidence_is_rejected_with_any_label() {
	run(|machine| {
		let (_, old) = answer(&machine);
		let subject = subject(&machine);
		vote_all(&VALIDATORS, subject, &evaluate(subject, &old));
		blocks(2);
		let context = challenge(&machine);
		assert_noop!(submit(&old), AttestationError::NoChallenge);
		let mut relabelled = old.clone();
		relabelled.seq = context.challenge.seq;
		assert_noop!(submit(&relabelled), AttestationError::QuoteNotBound);
		// Another account, which does not have this chip, cannot submit the evidence either.
		let outsider = RuntimeOrigin::signed(Eve.to_account_id());
		assert_noop!(
			Attestation::submit_evidence(outsider, Box::new(relabelled)),
			AttestationError::NotTheMiner
		);
	});
}

#[test]
fn garbage_evidence_is_rejected_and_costs_fee() {
	run(|machine| {
		let context = challenge(&machine);
		let mut garbage = machine.answer(&context);
		garbage.tpms_attest = vec![0; 64];
		let error = submit(&garbage).expect_err("the quote is not bound");
		assert_eq!(error.post_info.pays_fee, Pays::Yes);
		assert_ok!(submit(&machine.answer(&context)));
	});
}

#[test]
fn silence_and_reboot_do_not_hide_a_run_file() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		let before = score(&machine);
		machine.run(b"rootkit");
		// First, the host is silent and misses the challenge. It loses at least as much score as
		// for the unknown file.
		let seq = challenge(&machine).challenge.seq;
		blocks(30);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert!(host.failing && host.seq > seq, "the next challenge follows immediately");
		let silent = before - score(&machine);
		// Then, the host answers honestly, and the evidence contains the unknown file.
		let finding = attest(&machine);
		assert_eq!(finding.code, RejectCode::ImaUnknownFile.number());
		let rules = Reputation::rules();
		assert!(silent >= rules.ima_unknown);
		// Finally, a reboot empties the log. But the missed challenge stays on record, and the
		// score stays low.
		machine.boot();
		machine.run(b"hcc-miner");
		let low = score(&machine);
		assert!(attest(&machine).is_accepted());
		assert!(score(&machine) <= low + rules.passed);
	});
}

#[test]
fn truncated_log_mismatches_quoted_pcr() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.run(b"rootkit");
		machine.log.pop();
		assert_eq!(attest(&machine).code, RejectCode::ImaPcr.number());
		assert!(Reputation::record(chip(&machine)).expect("noted").score.strikes > 0);
	});
}

#[test]
fn other_firmware_after_reset_is_rejected() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.boot_logged();
		machine.run(b"hcc-miner");
		assert_eq!(attest(&machine).code, RejectCode::BootPcrs.number());
	});
}

/// Any account can name the key of another account, because the chain requires no proof of
/// possession of the key.
#[test]
fn squatted_hot_and_worker_keys_gain_nothing() {
	run(|machine| {
		let (squatter, hot) = (Eve.to_account_id(), Ferdie.to_account_id());
		endow(&squatter);
		let bond = Registry::rules().min_bond;
		let origin = RuntimeOrigin::signed(squatter.clone());
		assert_ok!(Registry::register(origin, bond, hot.clone(), Default::default()));
		// Although the squatter has named the key first, the victim can set it as its hot key.
		assert_ok!(Registry::set_hot(RuntimeOrigin::signed(miner()), hot.clone()));
		let evidence = machine.answer(&challenge(&machine));
		let sent = |who: AccountId| {
			Attestation::submit_evidence(RuntimeOrigin::signed(who), Box::new(evidence.clone()))
		};
		assert_noop!(sent(squatter), AttestationError::NotTheMiner);
		assert_ok!(sent(hot));
		let subject = subject(&machine);
		// Bob names Alice's worker key. The key still votes only for Alice.
		let alice = worker(Alice);
		assert_ok!(Validators::set_worker(RuntimeOrigin::signed(Bob.to_account_id()), alice));
		assert_ok!(vote(Alice, subject, &evaluate(subject, &evidence)));
		let row = Verdicts::subject(subject).expect("the subject is open");
		let voters: Vec<_> = row
			.votes
			.iter()
			.filter_map(|cast| row.committee.get(usize::from(cast.member)))
			.collect();
		assert_eq!(voters, [&Alice.to_account_id()]);
	});
}

#[test]
fn record_stays_with_chip_when_owner_leaves() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.run(b"rootkit");
		assert_eq!(attest(&machine).code, RejectCode::ImaUnknownFile.number());
		let low = score(&machine);
		let owner = RuntimeOrigin::signed(miner());
		assert_ok!(Registry::exit(owner));
		assert!(Attestation::host(chip(&machine)).is_none());
		// The open challenge counts as missed. The record of the chip remains for its next owner.
		assert!(score(&machine) < low);
	});
}

/// The queues of the verdicts pallet have room for the subjects of all chips that one block can
/// challenge. Each subject is booked twice: for the end of the voting time, and for the end of the
/// proof window.
#[test]
fn every_drawn_challenge_can_be_judged() {
	const { assert!(pallet_verdicts::MAX_CLOSING >= 2 * pallet_attestation::MAX_DUE) };
	const { assert!(pallet_verdicts::MAX_AGREED >= pallet_attestation::MAX_DUE) };
}

#[test]
fn leaving_validator_votes_while_active() {
	run(|machine| {
		assert_ok!(Validators::leave(RuntimeOrigin::signed(Dave.to_account_id())));
		assert_ok!(Validators::leave(RuntimeOrigin::signed(Charlie.to_account_id())));
		assert!(attest(&machine).is_accepted());
		assert_eq!(score(&machine), 510);
	});
}
