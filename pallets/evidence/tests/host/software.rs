//! What policy asks of the host's software: quote, boot, log.

use hcc_evidence::{
	ima::{FileVerdict, Limits},
	RejectCode,
};

use crate::machine::{sha256, Machine, Policy};

#[test]
fn an_altered_binary_is_unknown_and_stays_so_until_the_next_boot() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let first = machine.claims(&machine.answer(&context), &context);
	machine.run(b"hcc-miner, altered");
	for seq in 2..4 {
		let context = machine.next_challenge(seq, &first);
		let refused = machine.refusal(&machine.answer(&context), &context);
		assert_eq!((refused.code, refused.entry), (RejectCode::ImaUnknownFile, Some(2)));
	}
}

#[test]
fn a_forbidden_file_is_refused() {
	let mut machine = Machine::named("a");
	machine.run(b"bash");
	let context = machine.challenge(1);
	let mut policy = Policy::default();
	policy.judge(b"bash", FileVerdict::Forbidden);
	let refused = machine.refusal_by(&machine.answer(&context), &policy, &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaForbiddenFile, Some(2)));
}

#[test]
fn an_unknown_file_does_not_hide_a_forbidden_one() {
	let mut machine = Machine::named("a");
	machine.run(b"unknown");
	machine.run(b"bash");
	let context = machine.challenge(1);
	let mut policy = Policy::default();
	policy.judge(b"bash", FileVerdict::Forbidden);
	let refused = machine.refusal_by(&machine.answer(&context), &policy, &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaForbiddenFile, Some(3)));
}

#[test]
fn a_machine_that_does_not_run_the_miner_is_refused() {
	let mut machine = Machine::named("a");
	machine.boot();
	machine.run(b"bash");
	let context = machine.challenge(1);
	let evidence = machine.answer(&context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaRequiredMissing);
}

#[test]
fn a_required_file_beyond_the_quote_does_not_count() {
	let mut machine = Machine::named("a");
	machine.boot();
	let quoted = machine.pcrs;
	machine.run(b"hcc-miner");
	machine.pcrs = quoted;
	let context = machine.challenge(1);
	let evidence = machine.answer(&context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaRequiredMissing);
}

/// Entries for other PCRs are not proven by PCR 10: they must not stand in for what must be measured.
#[test]
fn an_entry_of_another_pcr_is_refused() {
	let mut machine = Machine::named("a");
	machine.boot();
	let quoted = machine.pcrs;
	machine.run(b"hcc-miner");
	machine.pcrs = quoted;
	let mut forged = machine.log.pop().expect("an entry");
	forged[0] = 11;
	machine.run(b"bash");
	machine.log.insert(1, forged);
	let context = machine.challenge(1);
	let refused = machine.refusal(&machine.answer(&context), &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaOtherPcr, Some(1)));
}

#[test]
fn a_log_without_an_entry_is_refused() {
	let mut machine = Machine::named("a");
	machine.run(b"hcc-miner, altered");
	let hidden = machine.log.pop();
	assert!(hidden.is_some());
	let context = machine.challenge(1);
	assert_eq!(machine.code(&machine.answer(&context), &context), RejectCode::ImaPcr);
}

#[test]
fn an_altered_entry_is_refused_at_its_number() {
	let mut machine = Machine::named("a");
	machine.run(b"bash");
	let last = machine.log[2].len() - 2;
	machine.log[2][last] ^= 1;
	let context = machine.challenge(1);
	let refused = machine.refusal(&machine.answer(&context), &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaTemplateHash, Some(2)));
}

#[test]
fn a_log_that_does_not_continue_the_checkpoint_is_refused() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let first = machine.claims(&machine.answer(&context), &context);
	machine.run(b"bash");
	let context = machine.next_challenge(2, &first);
	for from_entry in [0, 1, 3] {
		let mut evidence = machine.answer(&context);
		evidence.ima_delta.from_entry = from_entry;
		machine.seal(&mut evidence, &context);
		assert_eq!(machine.code(&evidence, &context), RejectCode::ImaCheckpoint);
	}
}

/// A machine that reboots to get rid of an entry cannot go on with the log of before.
#[test]
fn a_quote_after_a_reset_does_not_continue_the_log_of_before() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let first = machine.claims(&machine.answer(&context), &context);
	let context = machine.next_challenge(2, &first);
	let continued = machine.delta(&context);
	machine.reset_count += 1;
	let mut evidence = machine.answer(&context);
	evidence.ima_delta = continued;
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaCheckpoint);
}

#[test]
fn a_log_of_another_boot_is_refused() {
	let mut machine = Machine::named("a");
	machine.log.clear();
	machine.pcrs[10] = [0; 32];
	machine.measure(&sha256(b"another boot"), "boot_aggregate");
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let refused = machine.refusal(&machine.answer(&context), &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::BootAggregate, Some(0)));
}

#[test]
fn a_file_that_calls_itself_boot_aggregate_is_judged_like_any_other() {
	let mut machine = Machine::named("a");
	machine.measure(&sha256(b"evil"), "boot_aggregate");
	let context = machine.challenge(1);
	let refused = machine.refusal(&machine.answer(&context), &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaUnknownFile, Some(2)));
}

#[test]
fn a_machine_that_boots_otherwise_than_at_enrolment_is_refused() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let first = machine.claims(&machine.answer(&context), &context);
	for pcr in (0..12).filter(|pcr| *pcr != 10) {
		let mut machine = Machine::named("a");
		machine.pcrs[pcr] = sha256(b"another kernel");
		let context = machine.next_challenge(2, &first);
		let evidence = machine.answer(&context);
		assert_eq!(machine.code(&evidence, &context), RejectCode::BootPcrs, "at {pcr}");
	}
	machine.boot();
	machine.run(b"hcc-miner");
	let context = machine.next_challenge(2, &first);
	machine.claims(&machine.answer(&context), &context);
}

#[test]
fn a_quote_over_fewer_pcrs_is_refused() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	let extra_data =
		hcc_evidence::tpm::Attest::parse(&evidence.tpms_attest).expect("a quote").extra_data;
	for mask in [0x07ff, 0x43ff, 0x47fe, 0xc7ff] {
		evidence.tpms_attest = machine.quote_of(&extra_data, mask);
		evidence.tpm_signature = machine.sign_quote(&evidence.tpms_attest);
		machine.seal(&mut evidence, &context);
		assert_eq!(machine.code(&evidence, &context), RejectCode::PcrSelection, "{mask:#x}");
	}
}

#[test]
fn values_that_the_tpm_did_not_quote_are_refused() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	evidence.pcr_values[7] = [0; 32];
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::PcrDigest);
}

#[test]
fn a_quote_by_another_tpm_is_refused() {
	let (machine, other) = (Machine::named("a"), Machine::named("b"));
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	evidence.tpm_signature = other.sign_quote(&evidence.tpms_attest);
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::QuoteSignature);
}

#[test]
fn a_log_over_the_limits_is_refused() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let evidence = machine.answer(&context);
	for limits in [Limits { bytes: 10, entries: 512 }, Limits { bytes: 64 << 10, entries: 1 }] {
		let policy = Policy { limits, ..Policy::default() };
		let refused = machine.refusal_by(&evidence, &policy, &context);
		assert_eq!(refused.code, RejectCode::ImaLimit);
	}
}

#[test]
fn the_firmwares_log_leads_to_the_quoted_pcrs() {
	let mut machine = Machine::named("a");
	let log = machine.boot_logged();
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let with = |log: Vec<u8>| {
		let mut evidence = machine.answer(&context);
		evidence.boot = Some(log);
		machine.sign(&mut evidence);
		evidence
	};
	machine.claims(&with(log.clone()), &context);

	// Its last event is of PCR 14: one digest altered, or the event left out.
	let mut altered = log.clone();
	let digest = altered.len() - 38;
	altered[digest] ^= 1;
	assert_eq!(machine.code(&with(altered), &context), RejectCode::BootLog);
	let event = 4 + 4 + 4 + 2 + 32 + 4 + 2;
	let shorter = log[..log.len() - event].to_vec();
	assert_eq!(machine.code(&with(shorter), &context), RejectCode::BootLog);

	let cut = log[..log.len() - 1].to_vec();
	assert_eq!(machine.code(&with(cut), &context), RejectCode::BootLogEncoding);
	assert_eq!(machine.code(&with(Vec::new()), &context), RejectCode::BootLogEncoding);
}
