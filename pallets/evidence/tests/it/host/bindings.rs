//! Genuine parts that do not belong together or to this challenge.

use hcc_evidence::{host::quote_extra_data, RejectCode};
use hcc_evidence_testing::{Machine, Policy, GENESIS, MINER};

#[test]
fn evidence_for_other_challenge_is_rejected() {
	let machine = Machine::named("a");
	let first = machine.challenge(1);
	let evidence = machine.answer(&first);
	let second = machine.challenge(2);
	assert_eq!(machine.code(&evidence, &second), RejectCode::Sequence);

	// Even with the right number, the nonce reveals the other challenge.
	let mut renumbered = evidence;
	renumbered.seq = 2;
	machine.sign(&mut renumbered);
	assert_eq!(machine.code(&renumbered, &second), RejectCode::ReportData);
}

#[test]
fn evidence_of_other_miner_is_rejected() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	evidence.miner = [9; 32];
	machine.sign(&mut evidence);
	assert_eq!(machine.code(&evidence, &context), RejectCode::Miner);

	// Another miner presents the evidence as its own.
	let evidence = machine.answer(&context);
	let mut theirs = context.clone();
	theirs.challenge.miner = [9; 32];
	let mut stolen = evidence;
	stolen.miner = [9; 32];
	machine.sign(&mut stolen);
	assert_eq!(machine.code(&stolen, &theirs), RejectCode::ReportData);
}

#[test]
fn evidence_of_other_chain_is_rejected() {
	let machine = Machine::named("a");
	let mut elsewhere = machine.challenge(1);
	elsewhere.challenge.genesis = [0x48; 32];
	let evidence = machine.answer(&elsewhere);
	assert_eq!(machine.code(&evidence, &machine.challenge(1)), RejectCode::ReportData);
}

#[test]
fn report_of_other_chip_is_rejected() {
	let (machine, other) = (Machine::named("a"), Machine::named("b"));
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	let mut theirs = evidence.clone();
	other.seal(&mut theirs, &context);
	evidence.snp_report = theirs.snp_report;
	machine.sign(&mut evidence);
	assert_eq!(machine.code(&evidence, &context), RejectCode::HardwareId);

	// With the other chip's certificate, the report is authentic but from the wrong chip.
	let evidence = other.answer(&context);
	assert_eq!(other.code(&evidence, &context), RejectCode::Chip);
}

#[test]
fn replayed_report_is_rejected() {
	let machine = Machine::named("a");
	let first = machine.challenge(1);
	let former = machine.answer(&first);
	let second = machine.challenge(2);
	let mut evidence = machine.answer(&second);
	evidence.snp_report = former.snp_report;
	machine.sign(&mut evidence);
	assert_eq!(machine.code(&evidence, &second), RejectCode::ReportData);
}

#[test]
fn replayed_quote_is_rejected_despite_guest_binding() {
	let machine = Machine::named("a");
	let former = machine.answer(&machine.challenge(1));
	let context = machine.challenge(2);
	let mut evidence = machine.answer(&context);
	evidence.tpms_attest = former.tpms_attest;
	evidence.tpm_signature = former.tpm_signature;
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::QuoteNonce);
}

#[test]
fn quote_for_other_guest_is_rejected() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let nonce = context.challenge.nonce;
	let foreign = quote_extra_data(&GENESIS, &nonce, &MINER, &context.challenge.chip, &[8; 32]);
	let mut evidence = machine.answer(&context);
	evidence.tpms_attest = machine.quote(&foreign);
	evidence.tpm_signature = machine.sign_quote(&evidence.tpms_attest);
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::QuoteNonce);
}

#[test]
fn unbound_quote_or_log_is_rejected() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let honest = machine.answer(&context);

	let mut evidence = honest.clone();
	evidence.ima_delta.records.extend_from_slice(&machine.log[1].clone());
	machine.sign(&mut evidence);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ReportData);

	machine.reset_count += 1;
	let mut evidence = honest;
	evidence.tpms_attest = machine.answer(&context).tpms_attest;
	machine.sign(&mut evidence);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ReportData);
}

#[test]
fn unbound_log_submission_is_rejected() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let evidence = machine.answer(&context);
	let mut after_chunk = context;
	after_chunk.log = Some(machine.hand_in(&[1], &Policy::default()));
	assert_eq!(machine.code(&evidence, &after_chunk), RejectCode::ReportData);
}

#[test]
fn evidence_without_guest_signature_is_rejected() {
	let (machine, other) = (Machine::named("a"), Machine::named("b"));
	let context = machine.challenge(1);
	let honest = machine.answer(&context);

	let mut evidence = honest.clone();
	evidence.guest_signature[0] ^= 1;
	assert_eq!(machine.code(&evidence, &context), RejectCode::GuestSignature);

	let mut evidence = honest;
	other.sign(&mut evidence);
	assert_eq!(machine.code(&evidence, &context), RejectCode::GuestSignature);

	let mut machine = machine;
	let log = machine.boot_logged();
	machine.run(b"hcc-miner");
	let mut evidence = machine.answer(&context);
	machine.claims(&evidence, &context);
	evidence.boot = Some(log);
	assert_eq!(machine.code(&evidence, &context), RejectCode::GuestSignature);
}

#[test]
fn oversized_parts_are_rejected_before_verification() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let honest = machine.answer(&context);
	let long = |edit: fn(&mut hcc_evidence::host::HostEvidence)| {
		let mut evidence = honest.clone();
		edit(&mut evidence);
		machine.code(&evidence, &context)
	};
	assert_eq!(long(|e| e.tpms_attest.resize(1025, 0)), RejectCode::EvidenceLength);
	assert_eq!(long(|e| e.tpm_signature.resize(1025, 0)), RejectCode::EvidenceLength);
	assert_eq!(long(|e| e.boot = Some(vec![0; (64 << 10) + 1])), RejectCode::EvidenceLength);
	assert_eq!(long(|e| e.snp_report.push(0)), RejectCode::ReportLength);
}
