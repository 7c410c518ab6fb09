//! The seeds of the fuzz targets, as they are and edited, in every place of evidence that takes such bytes.

use std::collections::BTreeSet;

use codec::Encode;
use hcc_evidence::host::{Context, HostEvidence, PinnedContext};

use super::{
	code, edits, judged,
	logs::booted,
	others::{pin, PARTS},
	Judged, Liar,
};
use crate::tests::machine::Machine;

// They bring the machine of the tests along a second time. Whole evidence is among them only where a feature of their own crate is asked for: here it is made
// anew.
#[allow(dead_code, unexpected_cfgs, clippy::duplicate_mod)]
#[path = "../../../../pallets/evidence/tests/fuzz/seeds.rs"]
mod seeds;

/// How often each seed is edited in each place.
const ROUNDS: u32 = 4;

/// A chain that judges the machine of the targets, in place of its own; and that one's answer.
fn targeted() -> (Judged, HostEvidence, Machine, Context) {
	let (mut judged, _) = judged(|_| ());
	let mut machine = Machine::named("fuzz");
	machine.run(b"bash");
	let context = machine.challenge(1);
	pin(&mut judged, |pinned| {
		*pinned = PinnedContext { revision: pinned.revision, ..machine.pinned(&context) };
	});
	let evidence = machine.answer(&context);
	(judged, evidence, machine, context)
}

/// The seeds of each target, and the parts of evidence that are read as that target reads them. What is no part of evidence is tried in all of them.
fn everywhere() -> [(Vec<Vec<u8>>, &'static [u32]); 8] {
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
fn each_seed_of_the_fuzz_targets() {
	let (mut judged, honest, machine, context) = targeted();
	assert_eq!(code(judged.find(&honest.encode())), Some(0));
	let events = machine.clone().boot_logged();
	let liar = Liar { honest: &honest, machine: &machine, context: &context, events };
	let (mut codes, mut round) = (BTreeSet::new(), 0);
	for (seeds, parts) in everywhere() {
		for (seed, part) in seeds.iter().flat_map(|seed| parts.iter().map(move |part| (seed, part)))
		{
			let evidence = liar.answer(*part, |place| place.clone_from(seed));
			codes.extend(code(judged.find(&evidence.encode())));
			for _ in 0..ROUNDS {
				let edits = edits(round);
				let evidence = liar.answer(*part, |place| {
					place.clone_from(seed);
					edits.iter().for_each(|edit| edit.apply(place));
				});
				codes.extend(code(judged.find(&evidence.encode())));
				round += 1;
			}
		}
	}
	for round in 0..100 {
		let mut body = honest.encode();
		edits(round).iter().for_each(|edit| edit.apply(&mut body));
		codes.extend(code(judged.find(&body)));
	}
	println!("codes {codes:?}");
	assert!(codes.len() >= 10, "few kinds of failure: {codes:?}");
}

/// The enrolled key is no part of evidence, and is read with each.
#[test]
fn each_key_with_each_signature_of_the_fuzz_targets() {
	let (mut judged, honest, machine, _) = targeted();
	let mut codes = BTreeSet::new();
	for (at, key) in (0..).zip(seeds::keys()) {
		for signature in seeds::signatures() {
			let mut evidence = HostEvidence { tpm_signature: signature, ..honest.clone() };
			machine.sign(&mut evidence);
			for round in 0..=ROUNDS {
				let mut key = key.clone();
				// First as it is.
				let edits = if round == 0 { Vec::new() } else { edits(at * ROUNDS + round) };
				edits.iter().for_each(|edit| edit.apply(&mut key));
				pin(&mut judged, |pinned| pinned.ak = key);
				codes.extend(code(judged.find(&evidence.encode())));
			}
		}
	}
	println!("codes {codes:?}");
	assert!(codes.len() >= 3, "few kinds of failure: {codes:?}");
}

/// A log of a firmware leads somewhere: to be accepted, the PCRs must be there.
#[test]
fn each_event_log_of_the_fuzz_targets_on_a_machine_that_booted_so() {
	let (mut judged, _, machine, context) = targeted();
	for (round, log) in (0..).zip(seeds::event_logs()) {
		for edits in [Vec::new(), edits(round), edits(round + 1), edits(round + 2)] {
			let mut log = log.clone();
			edits.iter().for_each(|edit| edit.apply(&mut log));
			let machine = booted(&machine, &log);
			let mut evidence = machine.answer(&context);
			evidence.boot = Some(log);
			machine.sign(&mut evidence);
			let found = code(judged.find(&evidence.encode()));
			assert!(!edits.is_empty() || found == Some(0), "{found:?}");
		}
	}
}
