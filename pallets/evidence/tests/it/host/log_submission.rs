//! Logs that are submitted in parts. They must give the same result as whole logs.

use hcc_evidence::{
	boot::BootRules,
	host::{Context, FoldedLog, RequiredFile},
	ima::{FileVerdict, Limits},
	RejectCode,
};
use hcc_evidence_testing::{miner_binary, sha256, Machine, Policy, GENESIS, MINER};

/// Returns the reject code for a machine that submits its log in parts with these ends, and sends
/// the rest with the evidence. Returns `None` for an acceptance.
fn outcome(machine: &Machine, ends: &[usize], policy: &Policy, context: &Context) -> Option<u16> {
	let log = (!ends.is_empty()).then(|| machine.hand_in(ends, policy));
	let context = Context { log, ..context.clone() };
	let verdict = machine.judge(&machine.answer(&context), policy, &context);
	(verdict.code() != 0).then(|| verdict.code())
}

fn machine(files: &[&[u8]]) -> Machine {
	let mut machine = Machine::named("a");
	for file in files {
		machine.run(file);
	}
	machine
}

fn rejection(policy: &Policy, before: Option<&FoldedLog>, records: &[u8]) -> RejectCode {
	let followed = FoldedLog::follow(before, records, (policy, 3), &GENESIS, &MINER);
	followed.expect_err("the part cannot be replayed").code
}

#[test]
fn split_log_gives_same_claims() {
	let machine = machine(&[b"bash", b"libc", b"bash"]);
	let whole = machine.challenge(1);
	let claims = machine.claims(&machine.answer(&whole), &whole);
	for ends in [&[1][..], &[2], &[5], &[1, 2], &[1, 3, 4], &[1, 2, 3, 4, 5]] {
		let log = Some(machine.hand_in(ends, &Policy::default()));
		let context = Context { log, ..machine.challenge(1) };
		assert_eq!(machine.claims(&machine.answer(&context), &context), claims, "{ends:?}");
	}
}

/// Covers all combinations of allowed, unknown and forbidden files, some of which were accepted
/// before.
#[test]
fn split_log_gives_same_verdict() {
	let files: [&[u8]; 4] = [b"bash", b"libc", b"unknown", b"forbidden"];
	let mut policy = Policy::default();
	policy.judge(b"forbidden", FileVerdict::Forbidden);
	for first in files {
		for second in files {
			for third in files {
				let machine = machine(&[first, second, third]);
				let mut context = machine.challenge(1);
				for accepted in [None, Some(3), Some(4), Some(5)] {
					context.former = accepted.map(|entries| {
						let log = machine.hand_in(&[entries], &policy);
						hcc_evidence::host::BootState {
							reset_count: machine.reset_count,
							restart_count: 0,
							pcr10: log.pcr10,
							entries: log.entries,
							required_seen: log.required_seen,
						}
					});
					let whole = outcome(&machine, &[], &policy, &context);
					for ends in [&[1][..], &[3], &[4], &[5], &[2, 4], &[1, 2, 3, 4]] {
						let parts = outcome(&machine, ends, &policy, &context);
						assert_eq!(parts, whole, "{first:?} {second:?} {third:?} {ends:?}");
					}
				}
			}
		}
	}
}

#[test]
fn omitted_entry_breaks_replay() {
	let machine = machine(&[b"unknown", b"bash"]);
	let mut dishonest = machine.clone();
	dishonest.log.remove(2);
	let log = dishonest.hand_in(&[3], &Policy::default());
	assert!(log.findings.is_empty());
	let context = Context { log: Some(log), ..machine.challenge(1) };
	let mut evidence = machine.answer(&context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaPcr);
	evidence.ima_delta.from_entry = 4;
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaCheckpoint);
}

#[test]
fn part_of_other_boot_is_rejected() {
	let mut machine = machine(&[b"bash"]);
	let before = machine.hand_in(&[3], &Policy::default());
	machine.boot_logged();
	machine.run(b"hcc-miner");
	machine.run(b"bash");
	let context = Context { log: Some(before), ..machine.challenge(1) };
	assert_eq!(machine.code(&machine.answer(&context), &context), RejectCode::ImaPcr);

	// Even if PCR 10 matches, the boot aggregate reveals the other boot.
	let mut other = machine.clone();
	other.pcrs[3] = [9; 32];
	let log = other.hand_in(&[3], &Policy::default());
	let context = Context { log: Some(log), ..other.challenge(1) };
	assert_eq!(other.code(&other.answer(&context), &context), RejectCode::BootAggregate);
}

#[test]
fn required_file_counts_in_any_part() {
	let machine = machine(&[b"bash"]);
	let mut policy = Policy::default();
	policy.required.push(RequiredFile { any_of: vec![sha256(b"bash")] });
	let context = machine.challenge(1);
	assert_eq!(outcome(&machine, &[3], &policy, &context), None);
	assert_eq!(outcome(&machine, &[2], &policy, &context), None);
	policy.required.push(RequiredFile { any_of: vec![sha256(b"libc")] });
	let missing = Some(RejectCode::ImaRequiredMissing.number());
	assert_eq!(outcome(&machine, &[2], &policy, &context), missing);
	assert!(machine.hand_in(&[2, 3], &policy).required_seen.contains(&miner_binary()));
}

#[test]
fn violation_counts_once_quoted() {
	let mut machine = machine(&[]);
	machine.run(b"bash");
	let record = machine.log.last_mut().expect("an entry");
	record[4..24].fill(0);
	// The kernel extends PCR 10 with this value for a violation.
	let before = machine.hand_in(&[2], &Policy::default());
	machine.pcrs[10] = sha256(&[before.pcr10, [0xff; 32]].concat());
	machine.run(b"libc");
	let context = machine.challenge(1);
	let violation = Some(RejectCode::ImaViolation.number());
	for ends in [&[][..], &[2], &[3], &[4]] {
		assert_eq!(outcome(&machine, ends, &Policy::default(), &context), violation);
	}
}

/// A file that was accepted earlier in this boot is outdated if policy no longer allows it. A file
/// that was measured since then is forbidden.
#[test]
fn accepted_entries_are_only_outdated() {
	let mut machine = machine(&[b"bash"]);
	let context = machine.challenge(1);
	let claims = machine.claims(&machine.answer(&context), &context);
	machine.run(b"libc");
	let mut policy = Policy::default();
	policy.judge(b"bash", FileVerdict::Forbidden);
	let next = machine.next_challenge(2, &claims);
	let outdated = Some(RejectCode::ImaOutdatedFile.number());
	assert_eq!(outcome(&machine, &[4], &policy, &next), outdated);
	policy.judge(b"libc", FileVerdict::Forbidden);
	let forbidden = Some(RejectCode::ImaForbiddenFile.number());
	assert_eq!(outcome(&machine, &[4], &policy, &next), forbidden);
}

#[test]
fn new_boot_with_submitted_log_needs_event_log() {
	let machine = machine(&[b"bash"]);
	let policy = Policy { boot_rules: Some(BootRules { secure_boot: false }), ..Policy::default() };
	let missing = Some(RejectCode::BootLogMissing.number());
	assert_eq!(outcome(&machine, &[2], &policy, &machine.challenge(1)), missing);
}

#[test]
fn malformed_part_is_rejected() {
	let machine = machine(&[b"bash"]);
	let policy = Policy::default();
	let first = machine.hand_in(&[1], &policy);
	assert_eq!(rejection(&policy, None, &machine.log[1]), RejectCode::BootAggregate);
	assert_eq!(rejection(&policy, None, &[]), RejectCode::BootAggregate);
	assert_eq!(rejection(&policy, None, &machine.log[0][..40]), RejectCode::ImaEncoding);
	assert_eq!(rejection(&policy, Some(&first), &machine.log[1][..40]), RejectCode::ImaEncoding);
	let mut altered = machine.log[1].clone();
	altered[4] ^= 1;
	assert_eq!(rejection(&policy, Some(&first), &altered), RejectCode::ImaTemplateHash);
	let records = machine.log[1..].concat();
	for limits in
		[Limits { bytes: records.len() - 1, entries: 9 }, Limits { bytes: 9_999, entries: 1 }]
	{
		let policy = Policy { limits, ..Policy::default() };
		assert_eq!(rejection(&policy, Some(&first), &records), RejectCode::ImaLimit);
	}
	let limits = Limits { bytes: records.len(), entries: 2 };
	let policy = Policy { limits, ..policy };
	assert!(FoldedLog::follow(Some(&first), &records, (&policy, 3), &GENESIS, &MINER).is_ok());
}

#[test]
fn id_covers_parts_miner_and_chain() {
	let machine = machine(&[b"bash"]);
	let policy = Policy::default();
	let ids: Vec<_> = [&[1][..], &[1, 2], &[2], &[1, 2, 3]]
		.iter()
		.map(|ends| machine.hand_in(ends, &policy).id)
		.collect();
	let mut distinct = ids.clone();
	distinct.sort_unstable();
	distinct.dedup();
	assert_eq!(distinct.len(), ids.len());
	let part = &machine.log[0];
	let of = |genesis, miner| {
		FoldedLog::follow(None, part, (&policy, 3), genesis, miner)
			.expect("the part is replayed")
			.id
	};
	assert_ne!(of(&[1; 32], &MINER), of(&GENESIS, &MINER));
	assert_ne!(of(&GENESIS, &[1; 32]), of(&GENESIS, &MINER));
}
