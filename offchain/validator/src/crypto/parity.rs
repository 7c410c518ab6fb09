//! Parity tests on whole evidence. With AWS-LC, which this program uses, and with pure Rust, which
//! the runtime uses, evaluation gives the same finding. Tests of single primitives do not suffice,
//! because an evaluation could give them different inputs.

mod cases;

use std::collections::BTreeSet;

use bolero::{
	generator::bolero_generator::driver::{ByteSliceDriver, Options},
	TypeGenerator,
};
use codec::{Decode, Encode};
use hcc_evidence::{
	crypto::RustCrypto,
	host::{extract, Context, HostEvidence, PolicyQuery, Verdict},
	RejectCode,
};
use hcc_evidence_testing::{sha256, Edit, Machine, GENESIS};

use super::AwsLc;
use cases::Case;

/// A finding: a code and, for an acceptance, the SCALE-encoded claims.
type RawFinding = (u16, Vec<u8>);

/// Number of rounds of edits. All rounds together take a few seconds.
const ROUNDS: u32 = 300;

/// The orders of P-256 and P-384, in big-endian: FIPS 186-4, D.1.2.3 and D.1.2.4.
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P384_ORDER: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";

/// Offsets of r and s in a TPMT_SIGNATURE of P-256.
const IN_QUOTE: [usize; 2] = [6, 40];
/// Offsets of r and s in an SNP report. The report contains them in little-endian.
const IN_REPORT: [usize; 2] = [0x2a0, 0x2e8];

/// Reject codes that cannot occur for the evidence of a host. Most of them concern certificates,
/// VMs or enrolment. `PcrValues` cannot occur, because the format of evidence contains a value for
/// each PCR.
const UNREACHABLE: [RejectCode; 18] = [
	RejectCode::CertificateEncoding,
	RejectCode::CertificateExtension,
	RejectCode::PcrValues,
	RejectCode::HostData,
	RejectCode::Boot,
	RejectCode::UnknownIssuer,
	RejectCode::CertificateSignature,
	RejectCode::CertificateAlgorithm,
	RejectCode::CertificateRole,
	RejectCode::EkUnknownIssuer,
	RejectCode::EkCertificateSignature,
	RejectCode::EkCertificateValidity,
	RejectCode::EkCertificateAlgorithm,
	RejectCode::EkCertificateRole,
	RejectCode::EkKind,
	RejectCode::AkAttributes,
	RejectCode::FileSignature,
	RejectCode::CertificateRevoked,
];

/// Returns the finding. Fails if the findings of the worker and of the runtime differ. The worker
/// knows only the part of policy that concerns the evidence, but the runtime knows the whole
/// policy.
fn find(case: &Case) -> RawFinding {
	let Case { pinned, policy, evidence } = case;
	let known = extract(policy, &PolicyQuery::of(evidence));
	let worker = pinned.judge::<AwsLc, _>(evidence, &known, GENESIS);
	let runtime = pinned.judge::<RustCrypto, _>(evidence, policy, GENESIS);
	let found = |verdict: &Verdict| (verdict.code(), verdict.encoded_claims());
	assert_eq!(found(&worker), found(&runtime), "{worker:?} by AWS-LC, {runtime:?} in pure Rust");
	found(&worker)
}

fn machine() -> Machine {
	Machine::named("parity")
}

/// Returns the answer of an honest machine to its first challenge.
fn honest(machine: &Machine) -> Case {
	Case::of(machine, &machine.challenge(1))
}

#[test]
fn accepted_evidence_gives_same_claims() {
	let cases = cases::accepted(&machine());
	let claims: BTreeSet<Vec<u8>> = cases
		.iter()
		.enumerate()
		.map(|(at, case)| {
			let (code, claims) = find(case);
			assert_eq!(code, Verdict::ACCEPTED, "case {at}");
			claims
		})
		.collect();
	assert!(claims.len() >= 5, "the claims do not differ");
}

#[test]
fn every_reject_code_agrees() {
	let mut seen = BTreeSet::new();
	for (code, case) in cases::refused(&machine()) {
		assert_eq!(find(&case), (code.number(), Vec::new()), "{code:?}");
		seen.insert(code);
	}
	let missing: Vec<_> = RejectCode::ALL
		.iter()
		.filter(|code| !seen.contains(*code) && !UNREACHABLE.contains(*code))
		.collect();
	assert!(missing.is_empty(), "no case of {missing:?}");
}

#[test]
fn undecided_evidence_agrees() {
	assert_eq!(find(&cases::undecided(&machine())), (Verdict::UNDECIDED, Vec::new()));
}

#[test]
fn findings_agree_for_flipped_bits() {
	let honest = honest(&machine());
	let bytes = honest.evidence.encode();
	let (mut codes, mut judged) = (BTreeSet::new(), 0);
	for at in 0..bytes.len() {
		let mut flipped = bytes.clone();
		flipped[at] ^= 1 << (at % 8);
		let Ok(evidence) = HostEvidence::decode(&mut &flipped[..]) else { continue };
		let (code, _) = find(&Case { evidence, ..honest.clone() });
		assert_ne!(code, Verdict::ACCEPTED, "byte {at} is not checked");
		codes.insert(code);
		judged += 1;
	}
	assert!(judged >= 1_000 && codes.len() >= 10, "{judged} judged, of {codes:?}");
}

/// Returns pseudo-random edits for a round. They are the same in every run.
fn edits(round: u32) -> Vec<Edit> {
	let part = |part: u32| sha256(&[round.to_le_bytes(), part.to_le_bytes()].concat());
	let bytes: Vec<u8> = (0..8).flat_map(part).collect();
	let mut driver = ByteSliceDriver::new(&bytes, &Options::default());
	(0..=round % 3).map(|_| Edit::generate(&mut driver).expect("there are enough bytes")).collect()
}

/// Returns the answer of an honest machine with one edited part. Everything that depends on the
/// edited part is computed again. So the evaluation also reaches its last checks.
fn forged_evidence(
	machine: &Machine,
	context: &Context,
	part: u32,
	edit: impl Fn(&mut Vec<u8>),
) -> HostEvidence {
	let mut evidence = machine.answer(context);
	match part % 6 {
		0 => {
			edit(&mut evidence.tpms_attest);
			evidence.tpm_signature = machine.sign_quote(&evidence.tpms_attest);
		},
		1 => edit(&mut evidence.tpm_signature),
		2 => edit(&mut evidence.ima_delta.records),
		3 => {
			let mut log = machine.clone().boot_logged();
			edit(&mut log);
			evidence.boot = Some(log);
		},
		4 => {
			let mut values = evidence.pcr_values.as_flattened().to_vec();
			edit(&mut values);
			let fields = evidence.pcr_values.as_flattened_mut();
			fields.iter_mut().zip(values).for_each(|(field, value)| *field = value);
		},
		_ => {
			edit(&mut evidence.snp_report);
			machine.sign(&mut evidence);
			return evidence;
		},
	}
	machine.seal(&mut evidence, context);
	evidence
}

#[test]
fn findings_agree_for_edits() {
	let mut machine = machine();
	machine.boot_logged();
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let honest = honest(&machine);
	let mut codes = BTreeSet::new();
	for round in 0..ROUNDS {
		let edits = edits(round);
		let edit = |bytes: &mut Vec<u8>| edits.iter().for_each(|edit| edit.apply(bytes));
		let mut raw = honest.evidence.encode();
		edit(&mut raw);
		let mut judge = |evidence| codes.insert(find(&Case { evidence, ..honest.clone() }).0);
		// Validators never judge bytes that cannot be decoded.
		if let Ok(evidence) = HostEvidence::decode(&mut &raw[..]) {
			judge(evidence);
		}
		judge(forged_evidence(&machine, &context, round, edit));
	}
	assert!(codes.len() >= 10, "too few kinds of failure: {codes:?}");
}

/// Returns zero, one, the order minus one, the order, and the largest number of the same length, in
/// big-endian.
fn edges(order: &[u8]) -> [Vec<u8>; 5] {
	let mut one = vec![0; order.len()];
	one[order.len() - 1] = 1;
	let mut last = order.to_vec();
	last[order.len() - 1] -= 1;
	[vec![0; order.len()], one, last, order.to_vec(), vec![0xff; order.len()]]
}

/// Returns the order minus the scalar, in big-endian. A signature stays valid if its s is replaced
/// by this value.
fn complement(order: &[u8], scalar: &[u8]) -> Vec<u8> {
	let mut borrow = 0i16;
	let mut rest = vec![0; order.len()];
	for at in (0..order.len()).rev() {
		let difference = i16::from(order[at]) - i16::from(scalar[at]) - borrow;
		borrow = i16::from(difference < 0);
		rest[at] = difference.rem_euclid(256) as u8;
	}
	rest
}

fn put(bytes: &mut [u8], at: usize, scalar: &[u8]) {
	bytes[at..at + scalar.len()].copy_from_slice(scalar);
}

#[test]
fn edge_scalars_are_rejected() {
	let machine = machine();
	let honest = honest(&machine);
	for edge in edges(&hex::decode(P256_ORDER).expect("hex")) {
		for at in IN_QUOTE {
			let mut case = honest.clone();
			put(&mut case.evidence.tpm_signature, at, &edge);
			machine.sign(&mut case.evidence);
			assert_eq!(find(&case).0, RejectCode::QuoteSignature.number(), "{edge:x?} at {at}");
		}
	}
	for mut edge in edges(&hex::decode(P384_ORDER).expect("hex")) {
		edge.reverse();
		for at in IN_REPORT {
			let mut case = honest.clone();
			put(&mut case.evidence.snp_report, at, &edge);
			machine.sign(&mut case.evidence);
			assert_eq!(find(&case).0, RejectCode::ReportSignature.number(), "{edge:x?} at {at}");
		}
	}
}

#[test]
fn second_valid_signature_is_accepted() {
	let machine = machine();
	let honest = honest(&machine);
	let mut case = honest.clone();
	let (quote, report) = (IN_QUOTE[1], IN_REPORT[1]);
	let s = &case.evidence.tpm_signature[quote..quote + 32];
	let other = complement(&hex::decode(P256_ORDER).expect("hex"), s);
	put(&mut case.evidence.tpm_signature, quote, &other);
	let mut s = case.evidence.snp_report[report..report + 48].to_vec();
	s.reverse();
	let mut other = complement(&hex::decode(P384_ORDER).expect("hex"), &s);
	other.reverse();
	put(&mut case.evidence.snp_report, report, &other);
	machine.sign(&mut case.evidence);
	assert_ne!(case.evidence, honest.evidence);
	assert_eq!(find(&case), find(&honest));
	assert_eq!(find(&case).0, Verdict::ACCEPTED);
}
