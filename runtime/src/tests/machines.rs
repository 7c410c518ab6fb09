//! What miners try with their machines, on the whole chain: what of it fails, and what does not.

use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use hcc_evidence::{host::HostEvidence, RejectCode};
use hcc_primitives::Tier;

use super::{
	claims::{claimant, enrol},
	hosts::forge,
	machine::Machine,
	network::*,
};
use crate::*;

type Refused = pallet_attestation::Error<Runtime>;

fn stake(who: &AccountId) -> Balance {
	Balances::balance_on_hold(&pallet_registry::HoldReason::Bond.into(), who)
}

/// The certificate of the chip's key.
fn certificate(machine: &Machine) -> pallet_policy::Certificate {
	let der = insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues");
	der.try_into().expect("short")
}

/// What validators find of evidence that answers the open challenge, and that counts.
fn judged(machine: &Machine, evidence: &HostEvidence) -> u16 {
	assert_ok!(submit(evidence));
	let subject = subject(machine);
	let finding = found(subject, evidence);
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
	finding.code
}

/// Lets the deadline of the open challenge pass.
fn let_pass(machine: &Machine) {
	let host = Attestation::host(chip(machine)).expect("enlisted");
	let deadline = host.challenge.expect("it is asked").deadline;
	while Verdicts::tick() <= deadline {
		block();
	}
}

/// How often the chip has missed a challenge, and its strikes.
fn missed_and_strikes(machine: &Machine) -> (u32, u8) {
	let record = Reputation::record(chip(machine)).expect("noted");
	(record.missed, record.score.strikes)
}

#[test]
fn account_laundering_washes_neither_score_nor_strikes_nor_boot() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		let profile = Attestation::host(chip(&machine)).expect("enlisted").boot_profile;
		assert!(profile.is_some());
		forge(&mut machine);
		for _ in 0..3 {
			assert_eq!(attest(&machine).code, RejectCode::ImaPcr.number());
		}
		let slash = Reputation::record(chip(&machine)).expect("noted").slash.expect("to come");
		assert_eq!(slash.miner, miner());
		let (low, bond) = (score(&machine), stake(&miner()));
		assert!(low < 500, "a new chip would begin above that");
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		// The same chip and the same TPM, under another name.
		enrol(&claimant(), &machine, [0xee; 32]);
		let owner = || RuntimeOrigin::signed(claimant());
		assert_ok!(Registry::add_chip(owner(), chip(&machine)));
		let record = Reputation::record(chip(&machine)).expect("it outlives miners");
		assert_eq!(record.score.strikes, Reputation::rules().max_strikes);
		assert_eq!(record.slash, Some(slash.clone()));
		assert_eq!(score(&machine), low);
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Suspended);
		let host = Attestation::host(chip(&machine)).expect("it must answer");
		assert_eq!((host.miner, host.tier), (claimant(), Tier::Suspended));
		assert_eq!((host.boot_profile, host.checkpoint), (profile, None));
		another_boot_is_refused(&machine);
		let fresh = stake(&claimant());
		while Verdicts::tick() < slash.due {
			assert_eq!(stake(&miner()), bond);
			block();
		}
		assert_eq!(stake(&miner()), bond - slash.part.mul_floor(bond), "whose the chip was pays");
		assert_eq!(stake(&claimant()), fresh);
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Suspended);
	});
}

/// What the claimant cannot do either: to have another boot taken for the first one.
fn another_boot_is_refused(machine: &Machine) {
	let owner = || RuntimeOrigin::signed(claimant());
	assert_ok!(Policy::register_vek(owner(), certificate(machine)));
	let mut other = machine.clone();
	other.boot_logged();
	other.run(b"hcc-miner");
	let mut context = challenge(&other);
	context.challenge.miner = claimant().into();
	let evidence = other.answer(&context);
	assert_ok!(Attestation::submit_evidence(owner(), Box::new(evidence.clone())));
	assert_eq!(found(subject(&other), &evidence).code, RejectCode::BootPcrs.number());
}

#[test]
fn a_quote_by_another_miners_tpm_is_not_relayed() {
	run(|machine| {
		let other = Machine::named("bob");
		// What that TPM says when it is asked itself.
		let context = challenge(&machine);
		let relayed = other.answer(&other.challenge(context.challenge.seq));
		assert_noop!(submit(&relayed), Refused::QuoteNotBound);
		// What it says in answer to this challenge, since it is a friend's.
		let mut beside = machine.clone();
		beside.ak = other.ak.clone();
		let evidence = beside.answer(&context);
		assert_eq!(judged(&machine, &evidence), RejectCode::QualifiedSigner.number());
		// The same with the name of the enrolled key in it, which no TPM would sign.
		let context = challenge(&machine);
		let mut evidence = machine.answer(&context);
		evidence.tpm_signature = other.sign_quote(&evidence.tpms_attest);
		machine.seal(&mut evidence, &context);
		assert_eq!(judged(&machine, &evidence), RejectCode::QuoteSignature.number());
		assert_eq!(missed_and_strikes(&machine), (0, 2));
	});
}

#[test]
fn a_report_of_another_chip_is_not_relayed() {
	run(|machine| {
		let other = Machine::named("bob");
		let mut beside = machine.clone();
		beside.chip = other.chip.clone();
		let evidence = beside.answer(&challenge(&machine));
		assert_eq!(judged(&machine, &evidence), RejectCode::HardwareId.number());
		// The same with this chip's id in it, which no firmware would sign.
		let mut evidence = machine.answer(&challenge(&machine));
		let mut fields = machine.fields.clone();
		// AMD 56860 table 23: REPORT_DATA.
		fields.report_data = evidence.snp_report[0x50..0x90].try_into().expect("64 bytes");
		let report = fields.sign_as(&machine.chip, &other.chip).expect("the chip signs");
		evidence.snp_report = report.to_vec();
		machine.sign(&mut evidence);
		assert_eq!(judged(&machine, &evidence), RejectCode::ReportSignature.number());
		assert_eq!(missed_and_strikes(&machine), (0, 2));
	});
}

/// However long it takes to have another machine answer, there are `answer` ticks and no more.
#[test]
fn an_answer_that_comes_after_the_deadline_is_none() {
	run(|machine| {
		let mut late = machine.answer(&challenge(&machine));
		let_pass(&machine);
		assert_noop!(submit(&late), Refused::NoChallenge);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		let open = host.challenge.expect("it is asked again at once");
		assert!(open.seq > late.seq);
		late.seq = open.seq;
		assert_noop!(submit(&late), Refused::QuoteNotBound);
		assert_eq!(missed_and_strikes(&machine), (1, 1));
	});
}

/// The limit that docs/threats.md states: nothing ties a TPM to the processor beside it.
#[test]
fn the_limit_is_a_tpm_attached_to_a_clean_machine_while_the_host_runs_something_else() {
	run(|mut host| {
		assert!(attest(&host).is_accepted());
		let clean = Machine { chip: Machine::named("clean").chip, ..host.clone() };
		host.run(b"rootkit");
		// The clean machine quotes, and the host has its chip report beside it.
		let context = challenge(&host);
		let mut evidence = clean.answer(&context);
		host.seal(&mut evidence, &context);
		assert_eq!(judged(&host, &evidence), 0, "accepted");
		assert_eq!(score(&host), 520);
		// Whoever does not lie is found out.
		assert_eq!(attest(&host).code, RejectCode::ImaUnknownFile.number());
	});
}

#[test]
fn a_key_that_is_withheld_is_a_missed_challenge() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let before = score(&machine);
		let tcb = insecure_sim::TCB.version;
		let remove = Policy::remove_vek(RuntimeOrigin::signed(miner()), chip(&machine), tcb);
		assert_eq!(remove, Err(pallet_policy::Error::<Runtime>::LastVek.into()));
		// It reports another TCB than the one whose key it has registered.
		let registered = |change: &dyn Fn(&mut u8)| {
			pallet_policy::Veks::<Runtime>::mutate(chip(&machine), |rows| {
				rows.iter_mut().for_each(|row| change(&mut row.vek.tcb.microcode));
			});
		};
		registered(&|microcode| *microcode += 1);
		let evidence = machine.answer(&challenge(&machine));
		assert_noop!(submit(&evidence), Refused::VekMissing);
		let_pass(&machine);
		assert_eq!(missed_and_strikes(&machine), (1, 1));
		assert_eq!(score(&machine), before - Reputation::rules().tampered);
		registered(&|microcode| *microcode -= 1);
		assert!(attest(&machine).is_accepted());
	});
}

#[test]
fn a_report_of_a_tcb_whose_key_is_not_registered_is_not_taken() {
	run(|machine| {
		let context = challenge(&machine);
		let mut evidence = machine.answer(&context);
		// AMD 56860 table 23: REPORTED_TCB, whose first byte is the boot loader.
		for altered in [9, 11] {
			evidence.snp_report[0x180] = altered;
			assert_noop!(submit(&evidence), Refused::VekMissing);
		}
		// It has answered nothing: the challenge is open still.
		assert_ok!(submit(&machine.answer(&context)));
	});
}

#[test]
fn a_cleared_tpm_continues_no_log() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.run(b"rootkit");
		// Its counters are zero: the checkpoint is of another boot, and the whole log is wanted.
		machine.reset_count = 0;
		assert_eq!(attest(&machine).code, RejectCode::ImaUnknownFile.number());
		let host = || Attestation::host(chip(&machine)).expect("enlisted");
		let known = host().checkpoint.expect("of before");
		// Cleared, and reset until the counter is what it was: what comes before the checkpoint's end is not sent.
		let mut cleared = machine.clone();
		cleared.boot();
		cleared.run(b"rootkit");
		cleared.run(b"hcc-miner");
		cleared.reset_count = known.reset_count;
		assert_eq!(cleared.log.len(), known.entries as usize + 1);
		assert_eq!(attest(&cleared).code, RejectCode::ImaPcr.number());
		assert_eq!(host().checkpoint, Some(known), "it stays where it was");
	});
}

/// The limit of a log: it ends with the boot. That the machine has booted is seen, and that it booted what it did before.
#[test]
fn what_was_run_and_rebooted_away_between_challenges_is_not_seen() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		let host = |machine: &Machine| Attestation::host(chip(machine)).expect("enlisted");
		let before = host(&machine);
		machine.run(b"rootkit");
		machine.boot();
		machine.run(b"hcc-miner");
		assert!(attest(&machine).is_accepted());
		assert_eq!(score(&machine), 520);
		let (was, now) = (before.checkpoint.expect("accepted"), host(&machine).checkpoint);
		assert_eq!(now.expect("accepted").reset_count, was.reset_count + 1);
		assert_eq!(host(&machine).boot_profile, before.boot_profile);
	});
}
