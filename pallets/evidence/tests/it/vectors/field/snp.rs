//! Reports of several versions by one simulated chip.

use hcc_evidence::{
	crypto::RustCrypto,
	snp::{self, AmdRoots, AuthenticReport, PlatformInfo, ProductLine, Report},
	Check, RejectCode,
};

use crate::vectors::{snp::NOW, tree::Vector};

fn authenticate(vector: &Vector, report: &[u8]) -> Check<AuthenticReport> {
	let roots = AmdRoots {
		product: ProductLine::Milan,
		ark: vector.file("roots/milan/ark.der"),
		ask: vector.file("roots/milan/ask.der"),
		asvk: None,
	};
	let vek = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &[roots], NOW)?;
	snp::authenticate::<RustCrypto>(report, &vek, NOW)
}

#[test]
fn reports_of_known_versions_are_accepted() {
	let Some(vector) = Vector::find_field("snp-versions") else { return };
	for version in [3, 4, 5] {
		let report = authenticate(&vector, &vector.file(&format!("v{version}.bin")))
			.unwrap_or_else(|why| panic!("version {version}: {why}"));
		assert_eq!(report.report().version, version);
		// GCP's Milan hosts send version 4. Only version 5 has the mitigation vectors.
		assert_eq!(report.report().current_mitigations.is_some(), version == 5);
		assert!(report.report().cpu.is_some(), "version {version}");
	}
}

#[test]
fn authentic_report_of_unknown_version_has_its_own_code() {
	let Some(vector) = Vector::find_field("snp-versions") else { return };
	let report = vector.file("v6.bin");
	let refused = Report::parse(&report).expect_err("version 6");
	assert_eq!(refused.code, RejectCode::ReportVersionUnsupported);
	let refused = authenticate(&vector, &report).expect_err("version 6");
	assert_eq!(refused.code, RejectCode::ReportVersionUnsupported);
}

/// The code of an unknown version costs no strike, so the chip must have signed the report.
#[test]
fn report_with_altered_version_is_not_excused() {
	let Some(vector) = Vector::find_field("snp-versions") else { return };
	for version in [0, 1, 6, 7, 255] {
		let mut report = vector.file("v5.bin");
		report[0] = version;
		let refused = authenticate(&vector, &report).expect_err("the chip did not sign it");
		assert_eq!(refused.code, RejectCode::ReportVersion, "version {version}");
	}
}

/// An unknown bit of the guest policy could allow something, and the launcher chooses it.
#[test]
fn unknown_policy_bit_is_rejected() {
	let Some(vector) = Vector::find_field("snp-versions") else { return };
	let report = vector.file("v5-policy-bit26.bin");
	let refused = authenticate(&vector, &report).expect_err("bit 26 is reserved");
	assert_eq!((refused.code, refused.field), (RejectCode::ReportReserved, "POLICY"));
}

/// The firmware sets PLATFORM_INFO. Policy decides which of its bits are acceptable.
#[test]
fn unknown_platform_bit_is_left_to_policy() {
	let Some(vector) = Vector::find_field("snp-versions") else { return };
	let report = authenticate(&vector, &vector.file("v5-platform-bit8.bin"))
		.unwrap_or_else(|why| panic!("{why}"));
	assert!(PlatformInfo(report.report().platform_info.0).has(1 << 8));
}
