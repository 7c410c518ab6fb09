//! Tests that the agent stops if its own evidence fails a check. Each of the four checks has its
//! own exit code.

use std::{path::Path, process::Command};

use hcc_evidence::{RejectCode, UnixSeconds};
use hccam::{check_own_evidence, OwnEvidenceError, OwnReference, ReportError, ReportSource};
use insecure_sim::{issue_vcek, roots, Chip, ReportFields};

const GUEST_PK: [u8; 32] = [7; 32];
const MEASUREMENT: [u8; 48] = [0x4d; 48];
/// The time of the checks: 2026-07-01, within the validity of the test hierarchy.
const NOW: UnixSeconds = UnixSeconds(1_782_864_000);

/// A simulated secure processor.
struct Processor {
	chip: Chip,
	signed_by: Chip,
	measurement: [u8; 48],
}

impl ReportSource for Processor {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		let report = ReportFields::new(report_data, self.measurement)
			.sign_as(&self.chip, &self.signed_by)
			.map_err(|error| ReportError(error.to_string()))?;
		Ok(report.to_vec())
	}
}

/// A secure processor that returns the same bytes, or fails.
struct Fixed(Result<Vec<u8>, String>);

impl ReportSource for Fixed {
	fn report(&mut self, _: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		self.0.clone().map_err(ReportError)
	}
}

fn alice() -> Processor {
	let chip = Chip::named("alice");
	Processor { signed_by: chip.clone(), chip, measurement: MEASUREMENT }
}

fn reference() -> OwnReference {
	let vek = issue_vcek(&Chip::named("alice")).expect("the hierarchy issues certificates");
	OwnReference { veks: vec![vek], roots: vec![roots()], measurements: vec![MEASUREMENT] }
}

fn failure<S: ReportSource>(
	mut source: S,
	reference: &OwnReference,
	now: UnixSeconds,
) -> OwnEvidenceError {
	let checked = check_own_evidence(&mut source, &GUEST_PK, reference, now);
	checked.expect_err("the evidence fails")
}

#[test]
fn own_evidence_of_expected_guest_passes() {
	let checked = check_own_evidence(&mut alice(), &GUEST_PK, &reference(), NOW);
	assert!(checked.is_ok(), "{checked:?}");
}

#[test]
fn missing_device_exits_with_3() {
	if Path::new("/dev/sev-guest").exists() {
		eprintln!("skipped: this machine has /dev/sev-guest");
		return;
	}
	let ended = Command::new(env!("CARGO_BIN_EXE_hccam")).output().expect("it starts");
	assert_eq!(ended.status.code(), Some(3));
	let said = String::from_utf8_lossy(&ended.stderr);
	assert!(said.contains("/dev/sev-guest"), "{said}");
	assert_eq!(OwnEvidenceError::Device(String::new()).exit_code(), 3);
}

#[test]
fn failed_report_exits_with_4() {
	let broken = Fixed(Err("the VMPCK is disabled".into()));
	assert_eq!(failure(broken, &reference(), NOW).exit_code(), 4);
	let garbage = Fixed(Ok(vec![1; 1184]));
	assert_eq!(failure(garbage, &reference(), NOW).exit_code(), 4);
	// The processor replays a recorded report of the same chip.
	let recorded = alice().report([0; 64]).expect("a report");
	assert_eq!(failure(Fixed(Ok(recorded)), &reference(), NOW).exit_code(), 4);
}

#[test]
fn unverified_chain_exits_with_5() {
	let no_roots = OwnReference { roots: Vec::new(), ..reference() };
	let error = failure(alice(), &no_roots, NOW);
	assert_eq!(error.exit_code(), 5);
	assert!(matches!(error, OwnEvidenceError::Chain(why) if why.code == RejectCode::UnknownIssuer));
	let no_vek = OwnReference { veks: Vec::new(), ..reference() };
	assert_eq!(failure(alice(), &no_vek, NOW).exit_code(), 5);
	assert_eq!(failure(alice(), &reference(), UnixSeconds(0)).exit_code(), 5, "not yet valid");
	let other_chip = Processor { chip: Chip::named("bob"), ..alice() };
	assert_eq!(failure(other_chip, &reference(), NOW).exit_code(), 5);
	let other_signer = Processor { signed_by: Chip::named("bob"), ..alice() };
	assert_eq!(failure(other_signer, &reference(), NOW).exit_code(), 5);
}

#[test]
fn unexpected_measurement_exits_with_6() {
	let other = Processor { measurement: [1; 48], ..alice() };
	let error = failure(other, &reference(), NOW);
	assert_eq!(error.exit_code(), 6);
	assert!(error.to_string().contains(&"01".repeat(48)), "{error}");
	let none = OwnReference { measurements: Vec::new(), ..reference() };
	assert_eq!(failure(alice(), &none, NOW).exit_code(), 6, "a missing value never passes");
}

#[test]
fn exit_codes_are_in_help() {
	let printed =
		Command::new(env!("CARGO_BIN_EXE_hccam")).arg("--help").output().expect("it starts");
	let printed = String::from_utf8_lossy(&printed.stdout);
	for code in ["3  /dev/sev-guest", "4  the secure", "5  the report", "6  the launch"] {
		assert!(printed.contains(code), "{code}: {printed}");
	}
}
