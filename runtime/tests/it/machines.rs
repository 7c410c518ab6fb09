//! Tests of attacks by miners with their machines, on the whole chain. Some attacks fail, and
//! others succeed within limits that `docs/security.md` states.

use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use hcc_evidence::{host::HostEvidence, RejectCode};
use hcc_evidence_testing::Machine;
use hcc_primitives::Tier;
use hccs_runtime::*;

use super::{
	contests::{contender, enrol},
	hosts::corrupt_log,
	network::*,
	rules::set_rules,
};

type AttestationError = pallet_attestation::Error<Runtime>;

fn miner_bond(who: &AccountId) -> Balance {
	Balances::balance_on_hold(&pallet_registry::HoldReason::Bond.into(), who)
}

/// Returns the certificate of the chip's VEK.
fn certificate(machine: &Machine) -> pallet_policy::Certificate {
	let der = insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues certificates");
	der.try_into().expect("it fits")
}

/// Submits an answer to the open challenge, and lets the validators vote. Returns the code of the
/// verdict.
fn judge(machine: &Machine, evidence: &HostEvidence) -> u16 {
	assert_ok!(submit(evidence));
	let subject = subject(machine);
	let finding = evaluate(subject, evidence);
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
	finding.code
}

/// Lets the deadline of the open challenge pass.
fn miss_deadline(machine: &Machine) {
	let host = Attestation::host(chip(machine)).expect("the chip has a host");
	let deadline = host.challenge.expect("a challenge is open").deadline;
	while Clock::tick() <= deadline {
		block();
	}
}

/// Returns the number of missed challenges of the chip and its strikes.
fn missed_and_strikes(machine: &Machine) -> (u32, u8) {
	let record = Reputation::record(chip(machine)).expect("the chip has a record");
	(record.missed, record.score.strikes)
}

#[test]
fn reregistered_chip_keeps_score_strikes_and_boot() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		let profile = Attestation::host(chip(&machine)).expect("the chip has a host").boot_profile;
		assert!(profile.is_some());
		corrupt_log(&mut machine);
		for _ in 0..3 {
			assert_eq!(attest(&machine).code, RejectCode::ImaPcr.number());
		}
		let slash = Reputation::record(chip(&machine))
			.expect("the chip has a record")
			.slashes
			.into_inner()
			.pop()
			.expect("a slash is pending");
		assert_eq!(slash.miner, miner());
		let (low, bond) = (score(&machine), miner_bond(&miner()));
		assert!(low < 500, "a new chip starts above that");
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		// Another account registers the same chip and TPM.
		enrol(&contender(), &machine, [0xee; 32]);
		let owner = || RuntimeOrigin::signed(contender());
		assert_ok!(Registry::add_chip(owner(), chip(&machine)));
		let record = Reputation::record(chip(&machine)).expect("the record stays with the chip");
		assert_eq!(record.score.strikes, Reputation::rules().max_strikes);
		assert_eq!(record.slashes.to_vec(), std::slice::from_ref(&slash));
		assert_eq!(score(&machine), low);
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Suspended);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert_eq!((host.miner, host.tier), (contender(), Tier::Suspended));
		assert_eq!((host.boot_profile, host.checkpoint), (profile, None));
		assert_other_boot_is_rejected(&machine);
		let fresh = miner_bond(&contender());
		while Clock::tick() < slash.due {
			assert_eq!(miner_bond(&miner()), bond);
			block();
		}
		assert_eq!(
			miner_bond(&miner()),
			bond - slash.part.mul_floor(bond),
			"the former owner is slashed"
		);
		assert_eq!(miner_bond(&contender()), fresh);
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Suspended);
	});
}

/// The slash of the first holder is pending for so long that the second holder can miss a challenge
/// before it is applied.
#[test]
fn last_strike_of_next_holder_is_slashed_too() {
	run(|machine| {
		let rules = pallet_reputation::Rules { max_strikes: 1, streak: 1, ..Reputation::rules() };
		assert_ok!(set_rules(rules));
		let miss = || {
			challenge(&machine);
			miss_deadline(&machine);
		};
		miss();
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		let next = contender();
		enrol(&next, &machine, [0xef; 32]);
		let bonds = (miner_bond(&miner()), miner_bond(&next));
		let sent = || RuntimeOrigin::signed(next.clone());
		assert_ok!(Registry::add_chip(sent(), chip(&machine)));
		assert_ok!(Policy::register_vek(sent(), certificate(&machine)));
		let evidence = machine.answer(&challenge(&machine));
		assert_ok!(Attestation::submit_evidence(sent(), Box::new(evidence.clone())));
		let subject = subject(&machine);
		vote_all(&VALIDATORS, subject, &evaluate(subject, &evidence));
		blocks(2);
		assert_ne!(Reputation::tier_of(chip(&machine)), Tier::Suspended);
		miss();
		let slashes = Reputation::record(chip(&machine)).expect("a record").slashes;
		let miners: Vec<_> = slashes.iter().map(|slash| slash.miner.clone()).collect();
		assert_eq!(miners, [miner(), next.clone()]);
		check();
		let due = slashes.last().expect("two slashes are pending").due;
		while Clock::tick() <= due {
			block();
		}
		let part = Reputation::rules().slash;
		assert_eq!(miner_bond(&miner()), bonds.0 - part.mul_floor(bonds.0));
		assert_eq!(miner_bond(&next), bonds.1 - part.mul_floor(bonds.1));
	});
}

/// Checks that evidence of another boot is rejected after the chip changed its owner.
fn assert_other_boot_is_rejected(machine: &Machine) {
	let owner = || RuntimeOrigin::signed(contender());
	assert_ok!(Policy::register_vek(owner(), certificate(machine)));
	let mut other = machine.clone();
	other.boot_logged();
	other.run(b"hcc-miner");
	let mut context = challenge(&other);
	context.challenge.miner = contender().into();
	let evidence = other.answer(&context);
	assert_ok!(Attestation::submit_evidence(owner(), Box::new(evidence.clone())));
	assert_eq!(evaluate(subject(&other), &evidence).code, RejectCode::BootPcrs.number());
}

#[test]
fn relayed_quote_of_other_tpm_is_rejected() {
	run(|machine| {
		let other = Machine::named("bob");
		// The other TPM answers a challenge to another chip. The miner relays this answer.
		let context = challenge(&machine);
		let relayed = other.answer(&other.challenge(context.challenge.seq));
		assert_noop!(submit(&relayed), AttestationError::QuoteNotBound);
		// The other TPM cooperates and answers this challenge with its own key.
		let mut beside = machine.clone();
		beside.ak = other.ak.clone();
		let evidence = beside.answer(&context);
		assert_eq!(judge(&machine, &evidence), RejectCode::QualifiedSigner.number());
		// The other TPM signs a quote that names the enrolled key. No real TPM would do so.
		let context = challenge(&machine);
		let mut evidence = machine.answer(&context);
		evidence.tpm_signature = other.sign_quote(&evidence.tpms_attest);
		machine.seal(&mut evidence, &context);
		assert_eq!(judge(&machine, &evidence), RejectCode::QuoteSignature.number());
		assert_eq!(missed_and_strikes(&machine), (0, 2));
	});
}

#[test]
fn relayed_report_of_other_chip_is_rejected() {
	run(|machine| {
		let other = Machine::named("bob");
		let mut beside = machine.clone();
		beside.chip = other.chip.clone();
		let evidence = beside.answer(&challenge(&machine));
		assert_eq!(judge(&machine, &evidence), RejectCode::HardwareId.number());
		// The other chip signs a report that states the id of this chip. No real firmware would do
		// so.
		let mut evidence = machine.answer(&challenge(&machine));
		let mut fields = machine.fields.clone();
		// These are the offsets of REPORT_DATA: AMD 56860, table 23.
		fields.report_data = evidence.snp_report[0x50..0x90].try_into().expect("64 bytes");
		let report = fields.sign_as(&machine.chip, &other.chip).expect("the chip signs");
		evidence.snp_report = report.to_vec();
		machine.sign(&mut evidence);
		assert_eq!(judge(&machine, &evidence), RejectCode::ReportSignature.number());
		assert_eq!(missed_and_strikes(&machine), (0, 2));
	});
}

/// A miner that relays a challenge through another machine must answer within the same deadline.
#[test]
fn answer_after_deadline_is_rejected() {
	run(|machine| {
		let mut late = machine.answer(&challenge(&machine));
		miss_deadline(&machine);
		assert_noop!(submit(&late), AttestationError::NoChallenge);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		let open = host.challenge.expect("the next challenge follows immediately");
		assert!(open.seq > late.seq);
		late.seq = open.seq;
		assert_noop!(submit(&late), AttestationError::QuoteNotBound);
		assert_eq!(missed_and_strikes(&machine), (1, 1));
	});
}

/// This test documents a limit that `docs/security.md` states: nothing binds a TPM to the processor
/// in the same machine.
#[test]
fn limit_tpm_of_clean_machine_hides_host() {
	run(|mut host| {
		assert!(attest(&host).is_accepted());
		let clean = Machine { chip: Machine::named("clean").chip, ..host.clone() };
		host.run(b"rootkit");
		// The clean machine makes the quote, and the chip of the host makes the report.
		let context = challenge(&host);
		let mut evidence = clean.answer(&context);
		host.seal(&mut evidence, &context);
		assert_eq!(judge(&host, &evidence), 0, "evidence was accepted");
		assert_eq!(score(&host), 520);
		// An honest answer reveals the unknown file.
		assert_eq!(attest(&host).code, RejectCode::ImaUnknownFile.number());
	});
}

#[test]
fn withheld_vek_is_a_missed_challenge() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let before = score(&machine);
		let tcb = insecure_sim::TCB.version;
		let remove = Policy::remove_vek(RuntimeOrigin::signed(miner()), chip(&machine), tcb);
		assert_eq!(remove, Err(pallet_policy::Error::<Runtime>::LastVek.into()));
		// Changes the registered VEK, so that the chip reports a TCB for which no VEK is
		// registered.
		let registered = |change: &dyn Fn(&mut u8)| {
			pallet_policy::Veks::<Runtime>::mutate(chip(&machine), |rows| {
				rows.iter_mut().for_each(|row| change(&mut row.vek.tcb.microcode));
			});
		};
		registered(&|microcode| *microcode += 1);
		let evidence = machine.answer(&challenge(&machine));
		assert_noop!(submit(&evidence), AttestationError::VekMissing);
		miss_deadline(&machine);
		assert_eq!(missed_and_strikes(&machine), (1, 1));
		assert_eq!(score(&machine), before - Reputation::rules().tampered);
		registered(&|microcode| *microcode -= 1);
		assert!(attest(&machine).is_accepted());
	});
}

#[test]
fn report_of_unregistered_tcb_is_rejected() {
	run(|machine| {
		let context = challenge(&machine);
		let mut evidence = machine.answer(&context);
		// This is the offset of REPORTED_TCB, whose first byte is the boot loader: AMD 56860, table
		// 23.
		for altered in [9, 11] {
			evidence.snp_report[0x180] = altered;
			assert_noop!(submit(&evidence), AttestationError::VekMissing);
		}
		// The challenge is still open, so an honest answer is accepted.
		assert_ok!(submit(&machine.answer(&context)));
	});
}

#[test]
fn cleared_tpm_does_not_continue_log() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.run(b"rootkit");
		// A cleared TPM has counters of zero, so the log checkpoint belongs to another boot.
		// Evidence must cover the whole log.
		machine.reset_count = 0;
		assert_eq!(attest(&machine).code, RejectCode::ImaUnknownFile.number());
		let host = || Attestation::host(chip(&machine)).expect("the chip has a host");
		let known = host().checkpoint.expect("a checkpoint is stored");
		// The TPM is cleared, and reset until its counter is as before. The evidence omits the log
		// before the checkpoint.
		let mut cleared = machine.clone();
		cleared.boot();
		cleared.run(b"rootkit");
		cleared.run(b"hcc-miner");
		cleared.reset_count = known.reset_count;
		assert_eq!(cleared.log.len(), known.entries as usize + 1);
		assert_eq!(attest(&cleared).code, RejectCode::ImaPcr.number());
		assert_eq!(host().checkpoint, Some(known), "the checkpoint is unchanged");
	});
}

/// This test documents a limit: a log covers only one boot. The chain sees only that the machine
/// rebooted, and that it booted the same software.
#[test]
fn limit_file_before_reboot_is_not_seen() {
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		let host =
			|machine: &Machine| Attestation::host(chip(machine)).expect("the chip has a host");
		let before = host(&machine);
		machine.run(b"rootkit");
		machine.boot();
		machine.run(b"hcc-miner");
		assert!(attest(&machine).is_accepted());
		assert_eq!(score(&machine), 520);
		let (was, now) =
			(before.checkpoint.expect("evidence was accepted"), host(&machine).checkpoint);
		assert_eq!(now.expect("evidence was accepted").reset_count, was.reset_count + 1);
		assert_eq!(host(&machine).boot_profile, before.boot_profile);
	});
}
