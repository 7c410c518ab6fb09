//! Tests with logs of other kernels and firmware, of any length, in otherwise valid evidence.

use std::{
	collections::{BTreeMap, BTreeSet},
	path::Path,
};

use codec::Encode;
use frame_support::assert_ok;
use hcc_evidence::{
	boot::{self, BootRole, BootRules},
	host::{BootState, Context, QUOTED_PCRS},
	ima::Records,
	tpm::PcrBank,
	RejectCode,
};
use hcc_evidence_testing::{sha256, Machine};
use hccs_runtime::*;
use pallet_policy::FileRule;
use sp_core::bytes::from_hex;

use super::{
	code,
	foreign::{named, pin, pin_new, read},
	rebooted, JudgingChain,
};

/// Returns a machine whose PCRs result from a boot event log. The machine runs the miner's binary.
pub(super) fn boot_with_log(machine: &Machine, log: &[u8]) -> Machine {
	let mut machine = machine.clone();
	let replayed = boot::replay(log, PcrBank::Sha256).unwrap_or_default();
	for (at, index) in QUOTED_PCRS.into_iter().enumerate() {
		let value = replayed[usize::from(index)].clone().unwrap_or_else(|| vec![0; 32]);
		machine.pcrs[at] = value.try_into().expect("the digest is SHA-256");
	}
	machine.pcrs[10] = [0; 32];
	machine.log.clear();
	let aggregate = sha256(machine.pcrs[..10].as_flattened());
	machine.measure(&aggregate, "boot_aggregate");
	machine.run(b"hcc-miner");
	machine
}

fn u32_sized(bytes: &[u8]) -> Vec<u8> {
	[&(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
}

/// Returns the binary record for a line of a text log. Returns `None` if the template has other
/// fields.
fn record_of_line(line: &str) -> Option<Vec<u8>> {
	let mut words = line.splitn(5, ' ');
	let pcr: u32 = words.next()?.parse().ok()?;
	let digest = from_hex(words.next()?).ok()?;
	let template = words.next()?;
	let (algorithm, file) = words.next()?.split_once(':')?;
	let file = [algorithm.as_bytes(), b":\0", &from_hex(file).ok()?].concat();
	let (name, signature) = match (template, words.next()?) {
		("ima-ng", name) => (name, Vec::new()),
		("ima-sig", rest) => {
			let (name, signature) = rest.split_once(' ')?;
			(name, u32_sized(&from_hex(signature).ok()?))
		},
		_ => return None,
	};
	let name = [name.as_bytes(), &[0]].concat();
	let data = [u32_sized(&file), u32_sized(&name), signature].concat();
	// A text log may have other template digests than SHA-1, but the original binary log never has.
	let digest = if digest.len() == 20 { digest } else { PcrBank::Sha1.hash(&[&data]) };
	let template = u32_sized(template.as_bytes());
	Some([&pcr.to_le_bytes()[..], &digest, &template, &u32_sized(&data)].concat())
}

/// Returns the binary record for an entry of `entries.json`. The entry may have any template.
fn record_of_entry(entry: &serde_json::Value) -> Option<Vec<u8>> {
	let mut words = entry["line"].as_str()?.split(' ');
	let pcr: u32 = words.next()?.parse().ok()?;
	let digest = from_hex(words.next()?).ok()?;
	let template = words.next()?;
	let data = from_hex(entry["template_data"].as_str()?).ok()?;
	let data = match template {
		"ima" => [data.get(..20)?, &u32_sized(words.nth(1)?.as_bytes())].concat(),
		_ => u32_sized(&data),
	};
	let template = u32_sized(template.as_bytes());
	Some([&pcr.to_le_bytes()[..], &digest, &template, &data].concat())
}

/// Returns all IMA logs of the test vectors in binary form, without duplicates.
fn kernel_logs() -> BTreeSet<Vec<u8>> {
	let mut logs: BTreeSet<Vec<u8>> =
		named(|name| name.starts_with("binary_runtime_measurements")).iter().map(read).collect();
	for path in named(|name| name.starts_with("ascii_runtime_") || name.starts_with("ima-log-")) {
		let text = String::from_utf8(read(path)).expect("the log is text");
		logs.insert(text.lines().filter_map(record_of_line).flatten().collect());
	}
	for path in named(|name| name == "entries.json") {
		let entries: Vec<serde_json::Value> =
			serde_json::from_slice(&read(path)).expect("the file is a JSON list");
		logs.extend(entries.iter().filter_map(record_of_entry));
	}
	logs
}

/// Splits a log into parts. Each part fits into one piece of evidence, and comes with its number of
/// entries. If the rest of the log is unreadable, the last part is the start of this rest.
fn parts(log: &[u8]) -> Vec<(u32, &[u8])> {
	let most = <Runtime as pallet_policy::Config>::ImaLimits::get();
	let (mut parts, mut rest) = (Vec::new(), log);
	while !rest.is_empty() {
		let mut records = Records::new(rest, 0);
		let (mut entries, mut end) = (0, 0);
		while let Some(Ok(_)) = records.next() {
			let whole = rest.len() - records.rest().len();
			if whole > most.bytes || entries == most.entries {
				break;
			}
			(entries, end) = (entries + 1, whole);
		}
		if entries == 0 {
			parts.push((0, &rest[..rest.len().min(most.bytes)]));
			break;
		}
		parts.push((entries, &rest[..end]));
		rest = &rest[end..];
	}
	parts
}

/// Returns the value of PCR 10 after the readable records.
fn extend_pcr10(mut pcr10: [u8; 32], records: &[u8]) -> [u8; 32] {
	for record in Records::new(records, 0).map_while(Result::ok) {
		if record.pcr != 10 {
			continue;
		}
		let extends = if record.is_violation() {
			vec![0xff; 32]
		} else {
			record.template_hash(PcrBank::Sha256)
		};
		pcr10 = sha256(&[&pcr10[..], &extends].concat());
	}
	pcr10
}

/// Returns the digests of the files that a log contains with a SHA-256 digest.
fn files_of(log: &[u8]) -> Vec<[u8; 32]> {
	Records::new(log, 0)
		.map_while(Result::ok)
		.filter_map(|record| match record.file_digest() {
			Ok(("sha256", digest)) => digest.try_into().ok(),
			_ => None,
		})
		.collect()
}

/// Makes policy allow every file in the given logs. Returns the policy revision.
fn allow_files<'a>(chain: &mut JudgingChain, logs: impl IntoIterator<Item = &'a Vec<u8>>) -> u32 {
	let files: BTreeSet<_> = logs.into_iter().flat_map(|log| files_of(log)).collect();
	let files: Vec<_> = files.into_iter().collect();
	chain.state.execute_with(|| {
		for some in files.chunks(pallet_policy::MAX_FILES as usize) {
			let some = some.to_vec().try_into().expect("they fit");
			assert_ok!(Policy::set_files(RuntimeOrigin::root(), some, Some(FileRule::Allowed)));
		}
		Policy::revision()
	})
}

/// Evaluates a log part by part, as if the chain had accepted the parts before. Returns the codes.
fn judge_log(
	chain: &mut JudgingChain,
	(machine, context): (&Machine, &Context),
	log: &[u8],
	revision: u32,
) -> BTreeSet<u16> {
	let (mut pcr10, mut entries) = ([0; 32], 0);
	let mut codes = BTreeSet::new();
	for (count, part) in parts(log) {
		let reset_count = machine.reset_count;
		let required_seen = Vec::new();
		let before = BootState { reset_count, restart_count: 0, pcr10, entries, required_seen };
		pin(chain, |pinned| {
			pinned.revision = revision;
			pinned.boot = Some(before);
		});
		pcr10 = extend_pcr10(pcr10, part);
		let mut machine = machine.clone();
		machine.log = vec![part.to_vec()];
		machine.pcrs[10] = pcr10;
		let mut evidence = machine.answer(context);
		evidence.ima_delta.from_entry = entries;
		machine.sign(&mut evidence);
		codes.extend(code(chain.evaluate_all(&evidence.encode())));
		entries += count;
	}
	codes
}

/// Evaluates each log twice: with unknown files, and with all files allowed.
#[test]
fn kernel_logs_have_equal_findings() {
	let (mut chain, _, machine, context) = rebooted();
	let logs = kernel_logs();
	let unknown = chain.state.execute_with(Policy::revision);
	let known = allow_files(&mut chain, &logs);
	let mut codes = BTreeSet::new();
	for log in &logs {
		for revision in [unknown, known] {
			codes.extend(judge_log(&mut chain, (&machine, &context), log, revision));
		}
	}
	println!("{} logs, codes {codes:?}", logs.len());
	for wanted in [
		RejectCode::ImaTemplateHash,
		RejectCode::ImaViolation,
		RejectCode::ImaUnknownFile,
		RejectCode::ImaFileHash,
	] {
		assert!(logs.is_empty() || codes.contains(&wanted.number()), "no {wanted:?}: {codes:?}");
	}
	assert!(logs.is_empty() || codes.contains(&0), "no log is accepted: {codes:?}");
}

/// Evaluates the logs and quoted PCRs of other machines, as if these machines had answered the
/// challenge.
#[test]
fn quoted_machines_are_accepted() {
	let (mut chain, _, machine, context) = rebooted();
	let quoted = named(|name| name == "quote_sha256.pcrs");
	if quoted.is_empty() {
		return println!("skipped: no vector has a quoted machine");
	}
	let log_of = |pcrs: &Path| read(pcrs.with_file_name("binary_runtime_measurements"));
	let logs: Vec<_> = quoted.iter().map(|pcrs| log_of(pcrs)).collect();
	allow_files(&mut chain, &logs);
	// The first file that each machine runs.
	let versions: BTreeSet<_> =
		logs.iter().filter_map(|log| files_of(log).get(1).copied()).collect();
	let versions: Vec<_> = versions.into_iter().collect();
	let revision = chain.state.execute_with(|| {
		let required = vec![versions.try_into().expect("they fit")].try_into().expect("it fits");
		assert_ok!(Policy::set_required(RuntimeOrigin::root(), Some(required)));
		Policy::revision()
	});
	pin_new(&mut chain, revision);
	for (path, log) in quoted.iter().zip(logs) {
		let violated = Records::new(&log, 0).flatten().any(|record| record.is_violation());
		let wanted = if violated { RejectCode::ImaViolation.number() } else { 0 };
		let mut machine = machine.clone();
		for (pcr, value) in machine.pcrs.iter_mut().zip(read(path).chunks_exact(32)) {
			pcr.copy_from_slice(value);
		}
		// This is PCR 14. Only shim extends it, and these machines boot without shim.
		machine.pcrs[11] = [0; 32];
		machine.log = vec![log];
		let mut evidence = machine.answer(&context);
		assert_eq!(
			code(chain.evaluate_all(&evidence.encode())),
			Some(wanted),
			"{}",
			path.display()
		);
		evidence.boot = Some(read(path.with_file_name("binary_bios_measurements")));
		machine.sign(&mut evidence);
		assert_eq!(
			code(chain.evaluate_all(&evidence.encode())),
			Some(wanted),
			"{}",
			path.display()
		);
	}
}

/// Returns the role of a part that is measured into a PCR.
fn role_in(pcr: u32) -> BootRole {
	match pcr {
		0 | 2 => BootRole::Firmware,
		4 => BootRole::Kernel,
		8 => BootRole::CommandLine,
		9 => BootRole::Initrd,
		_ => BootRole::Loader,
	}
}

/// Makes policy allow all boot parts in the given logs. Returns the policy revision.
fn allow_boot_parts(chain: &mut JudgingChain, logs: &BTreeSet<Vec<u8>>) -> u32 {
	let mut roles = BTreeMap::new();
	for event in logs.iter().filter_map(|log| boot::code_events(log).ok()).flatten() {
		roles.entry(event.digest).or_insert(role_in(event.event.pcr));
	}
	chain.state.execute_with(|| {
		for role in BootRole::ALL {
			let digests = roles.iter().filter(|(_, of)| **of == role).map(|(digest, _)| *digest);
			let digests: Vec<[u8; 32]> = digests.collect();
			for some in digests.chunks(pallet_policy::MAX_FILES as usize) {
				let some = some.to_vec().try_into().expect("they fit");
				assert_ok!(Policy::set_boot_parts(RuntimeOrigin::root(), some, Some(role)));
			}
		}
		Policy::revision()
	})
}

/// Evaluates each log three times: without boot rules, with unknown parts, and with all parts
/// allowed.
#[test]
fn boot_event_logs_have_equal_findings() {
	let (mut chain, _, machine, context) = rebooted();
	let logs = named(|name| name == "eventlog.bin" || name == "binary_bios_measurements");
	let logs: BTreeSet<Vec<u8>> = logs.iter().map(read).collect();
	let without = chain.state.execute_with(Policy::revision);
	let unknown = chain.state.execute_with(|| {
		let rules = BootRules { secure_boot: false };
		assert_ok!(Policy::set_boot_rules(RuntimeOrigin::root(), Some(rules)));
		Policy::revision()
	});
	let known = allow_boot_parts(&mut chain, &logs);
	let mut codes = BTreeSet::new();
	for log in &logs {
		let machine = boot_with_log(&machine, log);
		let mut evidence = machine.answer(&context);
		evidence.boot = Some(log.clone());
		machine.sign(&mut evidence);
		for revision in [without, unknown, known] {
			pin_new(&mut chain, revision);
			codes.extend(code(chain.evaluate_all(&evidence.encode())));
		}
	}
	println!("{} logs, codes {codes:?}", logs.len());
	for wanted in [RejectCode::BootLogBank, RejectCode::BootUnknown, RejectCode::BootPartMissing] {
		assert!(logs.is_empty() || codes.contains(&wanted.number()), "no {wanted:?}: {codes:?}");
	}
	assert!(logs.is_empty() || codes.contains(&0), "no log is accepted: {codes:?}");
}
