//! Logs that are handed in in parts come to what they come to as a whole.

use hcc_evidence::{
	boot::BootRules,
	host::{Context, FoldedLog, RequiredFile},
	ima::{FileVerdict, Limits},
	RejectCode,
};

use crate::machine::{miner_binary, sha256, Machine, Policy, GENESIS, MINER};

/// What a policy judges a machine by that hands its log in up to these entries, and brings the rest.
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

fn refused(policy: &Policy, before: Option<&FoldedLog>, records: &[u8]) -> RejectCode {
	let followed = FoldedLog::follow(before, records, (policy, 3), &GENESIS, &MINER);
	followed.expect_err("it cannot be followed").code
}

#[test]
fn a_log_comes_to_the_same_however_it_is_cut() {
	let machine = machine(&[b"bash", b"libc", b"bash"]);
	let whole = machine.challenge(1);
	let claims = machine.claims(&machine.answer(&whole), &whole);
	for ends in [&[1][..], &[2], &[5], &[1, 2], &[1, 3, 4], &[1, 2, 3, 4, 5]] {
		let log = Some(machine.hand_in(ends, &Policy::default()));
		let context = Context { log, ..machine.challenge(1) };
		assert_eq!(machine.claims(&machine.answer(&context), &context), claims, "{ends:?}");
	}
}

/// Whatever the files are: accepted, forbidden, outdated as when the whole log is judged at once.
#[test]
fn what_is_found_in_a_part_counts_as_it_does_in_the_whole() {
	let files: [&[u8]; 4] = [b"bash", b"libc", b"stranger", b"forbidden"];
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
fn an_entry_that_was_left_out_of_a_part_is_missed() {
	let machine = machine(&[b"stranger", b"bash"]);
	let mut liar = machine.clone();
	liar.log.remove(2);
	let log = liar.hand_in(&[3], &Policy::default());
	assert!(log.findings.is_empty());
	let context = Context { log: Some(log), ..machine.challenge(1) };
	let mut evidence = machine.answer(&context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaPcr);
	evidence.ima_delta.from_entry = 4;
	machine.seal(&mut evidence, &context);
	assert_eq!(machine.code(&evidence, &context), RejectCode::ImaCheckpoint);
}

#[test]
fn a_part_of_another_boots_log_is_refused() {
	let mut machine = machine(&[b"bash"]);
	let before = machine.hand_in(&[3], &Policy::default());
	machine.boot_logged();
	machine.run(b"hcc-miner");
	machine.run(b"bash");
	let context = Context { log: Some(before), ..machine.challenge(1) };
	assert_eq!(machine.code(&machine.answer(&context), &context), RejectCode::ImaPcr);

	// With PCR 10 made to fit, its first entry still gives it away.
	let mut other = machine.clone();
	other.pcrs[3] = [9; 32];
	let log = other.hand_in(&[3], &Policy::default());
	let context = Context { log: Some(log), ..other.challenge(1) };
	assert_eq!(other.code(&other.answer(&context), &context), RejectCode::BootAggregate);
}

#[test]
fn files_that_are_required_may_be_in_any_part() {
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
fn a_fault_of_the_kernels_counts_once_a_quote_leads_on_from_it() {
	let mut machine = machine(&[]);
	machine.run(b"bash");
	let record = machine.log.last_mut().expect("an entry");
	record[4..24].fill(0);
	// What the kernel extends for a violation.
	let before = machine.hand_in(&[2], &Policy::default());
	machine.pcrs[10] = sha256(&[before.pcr10, [0xff; 32]].concat());
	machine.run(b"libc");
	let context = machine.challenge(1);
	let violation = Some(RejectCode::ImaViolation.number());
	for ends in [&[][..], &[2], &[3], &[4]] {
		assert_eq!(outcome(&machine, ends, &Policy::default(), &context), violation);
	}
}

/// A boot of which a part was accepted: what is allowed no more among it is nobody's fault.
#[test]
fn what_was_accepted_in_this_boot_is_only_outdated() {
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
fn a_new_boot_whose_log_was_handed_in_is_held_against_the_rules_for_boots() {
	let machine = machine(&[b"bash"]);
	let policy = Policy { boot_rules: Some(BootRules { secure_boot: false }), ..Policy::default() };
	let missing = Some(RejectCode::BootLogMissing.number());
	assert_eq!(outcome(&machine, &[2], &policy, &machine.challenge(1)), missing);
}

#[test]
fn what_is_no_part_of_a_log_is_refused() {
	let machine = machine(&[b"bash"]);
	let policy = Policy::default();
	let first = machine.hand_in(&[1], &policy);
	assert_eq!(refused(&policy, None, &machine.log[1]), RejectCode::BootAggregate);
	assert_eq!(refused(&policy, None, &[]), RejectCode::BootAggregate);
	assert_eq!(refused(&policy, None, &machine.log[0][..40]), RejectCode::ImaEncoding);
	assert_eq!(refused(&policy, Some(&first), &machine.log[1][..40]), RejectCode::ImaEncoding);
	let mut altered = machine.log[1].clone();
	altered[4] ^= 1;
	assert_eq!(refused(&policy, Some(&first), &altered), RejectCode::ImaTemplateHash);
	let records = machine.log[1..].concat();
	for limits in
		[Limits { bytes: records.len() - 1, entries: 9 }, Limits { bytes: 9_999, entries: 1 }]
	{
		let policy = Policy { limits, ..Policy::default() };
		assert_eq!(refused(&policy, Some(&first), &records), RejectCode::ImaLimit);
	}
	let limits = Limits { bytes: records.len(), entries: 2 };
	let policy = Policy { limits, ..policy };
	assert!(FoldedLog::follow(Some(&first), &records, (&policy, 3), &GENESIS, &MINER).is_ok());
}

#[test]
fn an_id_covers_every_part_the_miner_and_the_chain() {
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
		FoldedLog::follow(None, part, (&policy, 3), genesis, miner).expect("followed").id
	};
	assert_ne!(of(&[1; 32], &MINER), of(&GENESIS, &MINER));
	assert_ne!(of(&GENESIS, &[1; 32]), of(&GENESIS, &MINER));
}
