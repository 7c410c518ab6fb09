//! Checks of a host's software: quote, boot and measurement log.

use hcc_evidence::{
	ima::{FileVerdict, Limits},
	RejectCode,
};
use hcc_evidence_testing::{sha256, Machine, Policy};

#[test]
fn altered_binary_is_rejected_until_reboot() {
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
fn forbidden_file_is_rejected() {
	let mut machine = Machine::named("a");
	machine.run(b"bash");
	let context = machine.challenge(1);
	let mut policy = Policy::default();
	policy.judge(b"bash", FileVerdict::Forbidden);
	let refused = machine.refusal_by(&machine.answer(&context), &policy, &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaForbiddenFile, Some(2)));
}

#[test]
fn unknown_file_does_not_hide_forbidden_one() {
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
fn missing_required_file_is_rejected() {
	let mut machine = Machine::named("a");
	machine.boot();
	machine.run(b"bash");
	let context = machine.challenge(1);
	let evidence = machine.answer(&context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaRequiredMissing);
}

#[test]
fn required_file_after_quote_is_ignored() {
	let mut machine = Machine::named("a");
	machine.boot();
	let quoted = machine.pcrs;
	machine.run(b"hcc-miner");
	machine.pcrs = quoted;
	let context = machine.challenge(1);
	let evidence = machine.answer(&context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaRequiredMissing);
}

/// PCR 10 does not prove entries of other PCRs. They must not count as required measurements.
#[test]
fn entry_of_other_pcr_is_rejected() {
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

/// The entry after the quoted position can be incomplete, because the kernel writes it while the
/// log is read.
#[test]
fn unreadable_entry_behind_quoted_point_is_ignored() {
	let mut machine = Machine::named("a");
	let quoted = machine.pcrs;
	machine.run(b"bash");
	machine.pcrs = quoted;
	let context = machine.challenge(1);
	let whole = machine.log[2].clone();
	let unknown = [&whole[..28], b"ima-xx", &whole[34..]].concat();
	for unproven in [whole[..40].to_vec(), unknown, vec![0xff; 100]] {
		machine.log[2] = unproven;
		let claims = machine.claims(&machine.answer(&context), &context);
		assert_eq!(claims.boot.entries, 2, "the next log begins behind the quoted point");
	}
}

#[test]
fn per_bank_log_is_accepted() {
	let mut machine = Machine::named("a");
	machine.run(b"bash");
	for record in &mut machine.log {
		// The template digest is followed by the name `ima-ng`, both lengths and the data.
		let digest = sha256(&record[38..]);
		drop(record.splice(4..24, digest));
	}
	let context = machine.challenge(1);
	let claims = machine.claims(&machine.answer(&context), &context);
	assert_eq!(claims.boot.entries, 3);
}

#[test]
fn log_with_hidden_entry_is_rejected() {
	let mut machine = Machine::named("a");
	machine.run(b"hcc-miner, altered");
	let hidden = machine.log.pop();
	assert!(hidden.is_some());
	let context = machine.challenge(1);
	assert_eq!(machine.code(&machine.answer(&context), &context), RejectCode::ImaPcr);
}

#[test]
fn altered_entry_is_rejected_with_its_number() {
	let mut machine = Machine::named("a");
	machine.run(b"bash");
	let last = machine.log[2].len() - 2;
	machine.log[2][last] ^= 1;
	let context = machine.challenge(1);
	let refused = machine.refusal(&machine.answer(&context), &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaTemplateHash, Some(2)));
}

#[test]
fn log_not_at_checkpoint_is_rejected() {
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

/// A machine that reboots to remove an entry cannot continue the earlier log.
#[test]
fn quote_after_reset_cannot_continue_old_log() {
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
fn log_of_other_boot_is_rejected() {
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
fn file_named_boot_aggregate_is_judged() {
	let mut machine = Machine::named("a");
	machine.measure(&sha256(b"evil"), "boot_aggregate");
	let context = machine.challenge(1);
	let refused = machine.refusal(&machine.answer(&context), &context);
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaUnknownFile, Some(2)));
}

#[test]
fn changed_boot_profile_is_rejected() {
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
fn quote_of_wrong_pcrs_is_rejected() {
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
fn unquoted_pcr_values_are_rejected() {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	evidence.pcr_values[7] = [0; 32];
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::PcrDigest);
}

#[test]
fn quote_of_other_tpm_is_rejected() {
	let (machine, other) = (Machine::named("a"), Machine::named("b"));
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	evidence.tpm_signature = other.sign_quote(&evidence.tpms_attest);
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::QuoteSignature);
}

#[test]
fn log_over_limits_is_rejected() {
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
fn event_log_must_lead_to_quoted_pcrs() {
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

	// The last event extends PCR 14. One copy has an altered digest, the other lacks the event.
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
