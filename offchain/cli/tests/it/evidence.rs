//! `hcc verify evidence` on evidence of a simulated machine.

use std::path::Path;

use assert_cmd::Command;
use codec::Encode;
use hcc_evidence::host::{extract, HostEvidence, PinnedContext, PolicyQuery};
use hcc_evidence_testing::{Machine, Policy, GENESIS};
use serde_json::Value;

/// Encodes evidence in the format of the file that `hcc evidence fetch` writes.
fn bundle(evidence: &HostEvidence, pinned: &PinnedContext) -> Vec<u8> {
	let policy = extract(&Policy::default(), &PolicyQuery::of(evidence));
	[&b"hcc evidence v1\n"[..], &(GENESIS, evidence, pinned, policy).encode()].concat()
}

fn hcc(file: &Path) -> std::process::Output {
	Command::new(env!("CARGO_BIN_EXE_hcc"))
		.args(["verify", "evidence", "--json", "--bundle"])
		.arg(file)
		.output()
		.expect("hcc runs")
}

/// Runs `hcc verify evidence` on a file with the given bytes. Returns the exit code and the JSON
/// object.
fn verify(bytes: &[u8]) -> (i32, Value) {
	let folder = tempfile::tempdir().expect("a folder");
	let file = folder.path().join("evidence");
	std::fs::write(&file, bytes).expect("written");
	let output = hcc(&file);
	let json = serde_json::from_slice(&output.stdout).expect("JSON");
	(output.status.code().expect("hcc exits"), json)
}

#[test]
fn honest_bundle_is_accepted_with_claims() {
	let machine = Machine::named("alice");
	let context = machine.challenge(3);
	let (code, json) = verify(&bundle(&machine.answer(&context), &machine.pinned(&context)));
	assert_eq!((code, json["verdict"].as_str()), (0, Some("accepted")), "{json}");
	assert_eq!(json["claims"]["seq"], 3);
	assert_eq!(json["claims"]["log_entries"], 2);
}

#[test]
fn unknown_file_is_rejected_at_its_entry() {
	let mut machine = Machine::named("alice");
	machine.run(b"a backdoor");
	let context = machine.challenge(3);
	let (code, json) = verify(&bundle(&machine.answer(&context), &machine.pinned(&context)));
	assert_eq!((code, json["code"].as_u64()), (2, Some(1201)), "{json}");
	assert_eq!(json["entry"], 2);
}

#[test]
fn evidence_for_another_challenge_is_rejected() {
	let machine = Machine::named("alice");
	let (asked, answered) = (machine.challenge(3), machine.challenge(2));
	let (code, json) = verify(&bundle(&machine.answer(&answered), &machine.pinned(&asked)));
	assert_eq!((code, json["class"].as_str()), (2, Some("Binding")), "{json}");
}

#[test]
fn malformed_bundle_is_wrong_usage() {
	let machine = Machine::named("alice");
	let context = machine.challenge(3);
	let good = bundle(&machine.answer(&context), &machine.pinned(&context));
	let folder = tempfile::tempdir().expect("a folder");
	let file = folder.path().join("evidence");
	let other = [&b"hcc evidence v2\n"[..], &good[16..]].concat();
	for bad in [&good[..100], &[&good[..], &[0]].concat(), &other, b""] {
		std::fs::write(&file, bad).expect("written");
		let output = hcc(&file);
		assert_eq!(output.status.code(), Some(1));
		assert!(!output.stderr.is_empty());
	}
}
