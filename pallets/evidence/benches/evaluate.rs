//! The cost of verification, natively on one core. `docs/numbers.md` lists the results.
//!
//! The budget: the evaluation of a host's evidence takes at most 1.5 times as long as its signature
//! checks.

use std::hint::black_box;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use hcc_evidence::{
	crypto::{Crypto, P256Key, RustCrypto},
	host::{guest_statement, Verdict},
	ima::{replay, Checkpoint, DigestList, Limits, Violations},
	snp::{self, SIGNED_LEN},
	tpm::{PcrBank, PublicKey, Signature},
};
use hcc_evidence_testing::{Machine, Policy, GENESIS, NOW};
use sev::{
	certs::snp::{Chain, Verifiable},
	firmware::guest::AttestationReport,
	parser::ByteParser,
};

/// The number of new log entries in one piece of evidence.
const NEW_ENTRIES: usize = 50;

fn host_evidence(c: &mut Criterion) {
	let mut machine = Machine::named("bench");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	for _ in 0..NEW_ENTRIES {
		machine.run(b"bash");
	}
	let context = machine.next_challenge(2, &before);
	let evidence = machine.answer(&context);
	let policy = Policy::default();
	let mut group = c.benchmark_group("host evidence");
	group.bench_function("evaluate, 50 new entries, cached vek", |b| {
		b.iter(|| {
			let verdict = machine.judge(black_box(&evidence), &policy, &context);
			assert!(matches!(verdict, Verdict::Accepted(_)));
		});
	});

	let report = snp::Report::parse(&evidence.snp_report).expect("a report");
	let vek = &machine.vek.key;
	let p384 = || {
		let signed = &evidence.snp_report[..SIGNED_LEN];
		RustCrypto::p384_sha384(vek, signed, &report.signature_r, &report.signature_s)
	};
	let key = machine.attestation_key();
	let PublicKey::P256(P256Key { x, y }) = key.key else { panic!("a P-256 key") };
	let key = P256Key { x, y };
	let Ok(Signature::Ecdsa { r, s, .. }) = Signature::parse(&evidence.tpm_signature) else {
		panic!("an ECDSA signature")
	};
	let (r, s) = (r.try_into().expect("32 bytes"), s.try_into().expect("32 bytes"));
	let p256 = || RustCrypto::p256_sha256(&key, &evidence.tpms_attest, &r, &s);
	let statement = guest_statement::<RustCrypto>(&GENESIS, &evidence);
	let ed25519 = || RustCrypto::ed25519(&evidence.guest_pk, &statement, &evidence.guest_signature);
	group.bench_function("its three signatures alone", |b| {
		b.iter(|| {
			p384().expect("verifies");
			p256().expect("verifies");
			ed25519().expect("verifies");
		});
	});
	group.finish();
}

fn snp_report(c: &mut Criterion) {
	let machine = Machine::named("bench");
	let context = machine.challenge(1);
	let report = machine.answer(&context).snp_report;
	let vcek = insecure_sim::issue_vcek(&machine.chip).expect("a certificate");
	let roots = [insecure_sim::roots()];
	let mut group = c.benchmark_group("snp report");
	group.bench_function("report, cached vek", |b| {
		b.iter(|| snp::authenticate::<RustCrypto>(black_box(&report), &machine.vek, NOW));
	});
	group.bench_function("chain of the vek", |b| {
		b.iter(|| snp::verify_vek::<RustCrypto>(black_box(&vcek), &roots, NOW));
	});
	group.bench_function("report and chain", |b| {
		b.iter(|| {
			let vek = snp::verify_vek::<RustCrypto>(black_box(&vcek), &roots, NOW).expect("holds");
			snp::authenticate::<RustCrypto>(&report, &vek, NOW).expect("holds")
		});
	});
	let root = insecure_sim::roots();
	group.bench_function("report and chain, by the crate sev (crypto_nossl)", |b| {
		b.iter(|| {
			let chain = Chain::from_der(&root.ark, &root.ask, black_box(&vcek)).expect("a chain");
			let report = AttestationReport::from_bytes(&report).expect("a report");
			(&chain, &report).verify().expect("holds");
		});
	});
	group.finish();
}

fn ima_log(c: &mut Criterion) {
	const ENTRIES: usize = 10_000;
	let mut machine = Machine::named("bench");
	for _ in 0..ENTRIES {
		machine.run(b"bash");
	}
	let log = machine.log.concat();
	let quoted = machine.pcrs[10];
	let limits = Limits { bytes: log.len(), entries: u32::MAX };
	let from = Checkpoint::boot(PcrBank::Sha256);
	let mut group = c.benchmark_group("ima log");
	group.throughput(Throughput::Elements(machine.log.len() as u64));
	group.bench_function("replay of 10,000 entries", |b| {
		b.iter(|| {
			replay::<DigestList>(black_box(&log), &from, &quoted, None, Violations::Reject, limits)
				.expect("replays")
		});
	});
	group.bench_function("replay and list of 10,000 entries", |b| {
		let policy = Policy::default();
		b.iter(|| {
			replay(black_box(&log), &from, &quoted, Some(&policy.files), Violations::Reject, limits)
				.expect("replays")
		});
	});
	group.finish();
}

criterion_group!(benches, host_evidence, snp_report, ima_log);
criterion_main!(benches);
