use hcc_evidence::{
	crypto::RustCrypto,
	host::{evaluate, Collateral, Need, Verdict},
	tpm::Wanted,
	UnixSeconds,
};
use hcc_evidence_testing::{miner_binary, Machine, Policy, GENESIS, MEASUREMENT, NOW};

#[test]
fn honest_answer_is_accepted_with_claims() {
	let machine = Machine::named("honest");
	let context = machine.challenge(1);
	let claims = machine.claims(&machine.answer(&context), &context);
	assert_eq!(claims.chip, context.challenge.chip);
	assert_eq!(claims.measurement, MEASUREMENT);
	assert_eq!(claims.reported_tcb, insecure_sim::TCB.version);
	assert_eq!(claims.boot.entries, 2);
	assert_eq!(claims.boot.pcr10, machine.pcrs[10]);
	assert_eq!(claims.boot.reset_count, machine.reset_count);
	assert_eq!(claims.boot.required_seen, vec![miner_binary()]);
}

#[test]
fn next_answer_contains_only_new_entries() {
	let mut machine = Machine::named("honest");
	let context = machine.challenge(1);
	let first = machine.claims(&machine.answer(&context), &context);

	// There are no new log entries.
	let context = machine.next_challenge(2, &first);
	let evidence = machine.answer(&context);
	assert!(evidence.ima_delta.records.is_empty());
	let second = machine.claims(&evidence, &context);
	assert_eq!(second.boot, first.boot);

	machine.run(b"bash");
	let context = machine.next_challenge(3, &second);
	let evidence = machine.answer(&context);
	assert_eq!(evidence.ima_delta.from_entry, 2);
	let third = machine.claims(&evidence, &context);
	assert_eq!(third.boot.entries, 3);
	assert_eq!(third.boot.required_seen, first.boot.required_seen);
	assert_eq!(third.boot_profile, first.boot_profile);
}

#[test]
fn reset_restarts_log() {
	let mut machine = Machine::named("honest");
	let context = machine.challenge(1);
	let first = machine.claims(&machine.answer(&context), &context);
	machine.boot();
	machine.run(b"libc");
	machine.run(b"hcc-miner 2");
	let context = machine.next_challenge(2, &first);
	let evidence = machine.answer(&context);
	assert_eq!(evidence.ima_delta.from_entry, 0);
	let second = machine.claims(&evidence, &context);
	assert_eq!(second.boot.entries, 3);
	assert_eq!(second.boot.reset_count, first.boot.reset_count + 1);
}

#[test]
fn entries_after_quote_are_ignored() {
	let mut machine = Machine::named("honest");
	let quoted = machine.pcrs;
	machine.run(b"an unlisted file, measured after the quote");
	machine.pcrs = quoted;
	let context = machine.challenge(1);
	let claims = machine.claims(&machine.answer(&context), &context);
	assert_eq!(claims.boot.entries, 2);
}

#[test]
fn stale_revocation_list_gives_undecided() {
	let machine = Machine::named("honest");
	let context = machine.challenge(1);
	let evidence = machine.answer(&context);
	let ak = machine.attestation_key();
	let judge = |until| {
		let collateral = Collateral {
			vek: &machine.vek,
			revocation_current_until: Wanted::Exactly(until),
			ak: &ak,
			qualified_signer: Wanted::Any,
		};
		evaluate::<RustCrypto, _>(&evidence, &collateral, &Policy::default(), &context)
	};
	assert!(matches!(judge(NOW), Verdict::Accepted(_)));
	let stale = judge(UnixSeconds(NOW.0 - 1));
	assert_eq!(stale, Verdict::Undecided(Need::RevocationList));
}

#[test]
fn pinned_context_gives_same_verdict() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	machine.run(b"bash");
	let context = machine.next_challenge(2, &before);
	let evidence = machine.answer(&context);
	let policy = Policy::default();
	let verdict = machine.pinned(&context).judge::<RustCrypto, _>(&evidence, &policy, GENESIS);
	assert_eq!(verdict, machine.judge(&evidence, &policy, &context));
	assert_eq!(verdict.code(), Verdict::ACCEPTED);
}
