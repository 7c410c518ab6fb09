//! Tests with the seeds of the fuzz targets. Original and edited seeds replace every part of
//! evidence that accepts such bytes.

use std::collections::BTreeSet;

use codec::Encode;
use hcc_evidence::host::{Context, HostEvidence, PinnedContext};
use hcc_evidence_testing::{seeds, Machine};

use super::{
	chain_with_subject, code, edits,
	foreign::{pin, PARTS},
	logs::boot_with_log,
	Forger, JudgingChain,
};

/// Number of edited versions of each seed that are tried in each part of evidence.
const ROUNDS: u32 = 4;

/// Returns a chain that judges the machine of the fuzz targets, and the answer of this machine.
fn targeted() -> (JudgingChain, HostEvidence, Machine, Context) {
	let (mut chain, _) = chain_with_subject(|_| ());
	let mut machine = Machine::named("fuzz");
	machine.run(b"bash");
	let context = machine.challenge(1);
	pin(&mut chain, |pinned| {
		*pinned = PinnedContext { revision: pinned.revision, ..machine.pinned(&context) };
	});
	let evidence = machine.answer(&context);
	(chain, evidence, machine, context)
}

/// Returns the seeds of each fuzz target, with the parts of evidence that the target's decoder
/// reads. Seeds that are not a part of evidence are tried in all parts.
fn seeds_and_parts() -> [(Vec<Vec<u8>>, &'static [u32]); 8] {
	[
		(seeds::reports(), &[7]),
		(seeds::quotes(), &[3]),
		(seeds::signatures(), &[4]),
		(seeds::logs(), &[0, 2]),
		(seeds::event_logs(), &[6]),
		(seeds::certificates(), &PARTS),
		(seeds::revocation_lists(), &PARTS),
		(seeds::keys(), &PARTS),
	]
}

#[test]
fn fuzz_seeds_have_equal_findings() {
	let (mut chain, honest, machine, context) = targeted();
	assert_eq!(code(chain.evaluate_all(&honest.encode())), Some(0));
	let events = machine.clone().boot_logged();
	let forger = Forger { honest: &honest, machine: &machine, context: &context, events };
	let (mut codes, mut round) = (BTreeSet::new(), 0);
	for (seeds, parts) in seeds_and_parts() {
		for (seed, part) in seeds.iter().flat_map(|seed| parts.iter().map(move |part| (seed, part)))
		{
			let evidence = forger.answer(*part, |place| place.clone_from(seed));
			codes.extend(code(chain.evaluate_all(&evidence.encode())));
			for _ in 0..ROUNDS {
				let edits = edits(round);
				let evidence = forger.answer(*part, |place| {
					place.clone_from(seed);
					edits.iter().for_each(|edit| edit.apply(place));
				});
				codes.extend(code(chain.evaluate_all(&evidence.encode())));
				round += 1;
			}
		}
	}
	for round in 0..100 {
		let mut body = honest.encode();
		edits(round).iter().for_each(|edit| edit.apply(&mut body));
		codes.extend(code(chain.evaluate_all(&body)));
	}
	println!("codes {codes:?}");
	assert!(codes.len() >= 10, "few kinds of failure: {codes:?}");
}

/// Tries the seeds as the enrolled key and as signatures. The key is not a part of evidence, but
/// every evaluation reads it.
#[test]
fn fuzz_keys_and_signatures_have_equal_findings() {
	let (mut chain, honest, machine, _) = targeted();
	let mut codes = BTreeSet::new();
	for (at, key) in (0..).zip(seeds::keys()) {
		for signature in seeds::signatures() {
			let mut evidence = HostEvidence { tpm_signature: signature, ..honest.clone() };
			machine.sign(&mut evidence);
			for round in 0..=ROUNDS {
				let mut key = key.clone();
				// The first round uses the original seed.
				let edits = if round == 0 { Vec::new() } else { edits(at * ROUNDS + round) };
				edits.iter().for_each(|edit| edit.apply(&mut key));
				pin(&mut chain, |pinned| pinned.ak = key);
				codes.extend(code(chain.evaluate_all(&evidence.encode())));
			}
		}
	}
	println!("codes {codes:?}");
	assert!(codes.len() >= 3, "few kinds of failure: {codes:?}");
}

/// Tries the seeds as boot event logs. Evidence is accepted only if the replay of its boot event
/// log results in the quoted PCRs.
#[test]
fn fuzz_event_logs_have_equal_findings() {
	let (mut chain, _, machine, context) = targeted();
	for (round, log) in (0..).zip(seeds::event_logs()) {
		for edits in [Vec::new(), edits(round), edits(round + 1), edits(round + 2)] {
			let mut log = log.clone();
			edits.iter().for_each(|edit| edit.apply(&mut log));
			let machine = boot_with_log(&machine, &log);
			let mut evidence = machine.answer(&context);
			evidence.boot = Some(log);
			machine.sign(&mut evidence);
			let found = code(chain.evaluate_all(&evidence.encode()));
			assert!(!edits.is_empty() || found == Some(0), "{found:?}");
		}
	}
}
