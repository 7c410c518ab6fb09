use hcc_evidence::{
	crypto::RustCrypto,
	snp::{self, AuthenticReport, ProductLine, Report, VekKind},
	Check, RejectCode, UnixSeconds,
};

use super::tree::{assert_all_known, Vector};

/// 2026-06-01, within the validity of every VCEK certificate.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_780_272_000);
/// 2025-06-01, within the validity of the VLEK certificate.
const NOW_VLEK: UnixSeconds = UnixSeconds(1_748_736_000);

pub(crate) fn authenticate(vector: &Vector, now: UnixSeconds) -> Check<AuthenticReport> {
	let vek = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &snp::roots(), now)?;
	snp::authenticate::<RustCrypto>(&vector.file("report.bin"), &vek, now)
}

/// The authentic reports.
const AUTHENTIC: &[(&str, ProductLine, u32)] = &[
	("genoa-ms-tav", ProductLine::Genoa, 3),
	("milan-ms-tav", ProductLine::Milan, 3),
	("milan-v2-go-sev-guest", ProductLine::Milan, 2),
	("milan-v2-trustee-vcek", ProductLine::Milan, 2),
	("milan-v2-virtee-sev", ProductLine::Milan, 2),
	("oak-milan-oc-release", ProductLine::Milan, 3),
	("turin-ms-tav", ProductLine::Turin, 5),
];

const VLEK: &str = "trustee-vlek";
const BAD_VCEK: &str = "milan-v2-trustee-BAD-vcek-invalid-legacy";
const CHAIN_ONLY: &str = "turin-vcek-only-virtee-sev";

#[test]
fn every_snp_vector_has_a_test() {
	let mut known: Vec<_> = AUTHENTIC.iter().map(|(name, ..)| *name).collect();
	known.extend([VLEK, BAD_VCEK, CHAIN_ONLY]);
	assert_all_known("snp", &known);
}

#[test]
fn real_reports_verify_and_match_manifest() {
	for (name, product, version) in AUTHENTIC {
		let Some(vector) = Vector::find(&format!("snp/{name}")) else { continue };
		let report = authenticate(&vector, NOW).unwrap_or_else(|why| panic!("{name}: {why}"));
		assert_eq!(report.vek().product, *product, "{name}");
		assert_eq!(report.report().version, *version, "{name}");
		assert_matches_meta(&vector, &report);
	}
}

fn assert_matches_meta(vector: &Vector, authentic: &AuthenticReport) {
	let meta = vector.json("meta.json");
	let name = vector.name();
	let report = authentic.report();
	let text = |key: &str| meta[key].as_str().unwrap_or_default().to_owned();
	assert_eq!(hex::encode(report.measurement), text("measurement"), "{name}");
	assert_eq!(hex::encode(report.report_data), text("report_data"), "{name}");
	assert_eq!(hex::encode(report.host_data), text("host_data"), "{name}");
	assert_eq!(hex::encode(report.report_id), text("report_id"), "{name}");
	assert_eq!(format!("{:#x}", report.policy.0), text("policy"), "{name}");
	assert_eq!(format!("{:#x}", report.platform_info.0), text("platform_info"), "{name}");
	assert_eq!(u64::from(report.vmpl), meta["vmpl"].as_u64().expect("a number"), "{name}");
	for (key, raw, tcb) in [
		("current_tcb", report.current_tcb, authentic.current_tcb()),
		("reported_tcb", report.reported_tcb, authentic.reported_tcb()),
		("committed_tcb", report.committed_tcb, authentic.committed_tcb()),
		("launch_tcb", report.launch_tcb, authentic.launch_tcb()),
	] {
		assert_eq!(hex::encode(raw), meta[key]["raw"].as_str().expect("raw bytes"), "{name} {key}");
		for (component, svn) in tcb.components() {
			let of_meta = match component {
				"bootloader" => "bl",
				"microcode" => "ucode",
				other => other,
			};
			assert_eq!(
				u64::from(svn),
				meta[key][of_meta].as_u64().expect("an svn"),
				"{name} {key}"
			);
		}
	}
}

#[test]
fn debuggable_report_is_authentic_but_rejected() {
	let Some(vector) = Vector::find("snp/milan-v2-go-sev-guest") else { return };
	let report = authenticate(&vector, NOW).expect("the report is authentic");
	let refused = report.check_not_debuggable().expect_err("debugging is allowed");
	assert_eq!(refused.code, RejectCode::Debug);
}

#[test]
fn vlek_report_verifies_until_certificate_expires() {
	let Some(vector) = Vector::find(&format!("snp/{VLEK}")) else { return };
	let report = authenticate(&vector, NOW_VLEK).expect("the report is authentic");
	assert_eq!(report.vek().kind, VekKind::Vlek);
	assert_eq!(report.report().vmpl, 1);
	let expired = authenticate(&vector, NOW).expect_err("the certificate has expired");
	assert_eq!(expired.code, RejectCode::CertificateValidity);
}

#[test]
fn vcek_without_amd_signature_is_rejected() {
	let Some(vector) = Vector::find(&format!("snp/{BAD_VCEK}")) else { return };
	let refused = authenticate(&vector, NOW).expect_err("AMD did not sign it");
	assert_eq!(refused.code, RejectCode::CertificateSignature);
}

#[test]
fn turin_vcek_leads_to_root() {
	let Some(vector) = Vector::find(&format!("snp/{CHAIN_ONLY}")) else { return };
	let vek = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &snp::roots(), NOW)
		.expect("the chain verifies");
	assert_eq!(vek.product, ProductLine::Turin);
	assert!(vek.tcb.fmc.is_some());
}

#[test]
fn pinned_roots_match_other_projects() {
	for root in snp::roots() {
		let name = root.product.name().to_lowercase();
		let Some(vector) = Vector::find(&format!("amd-roots/attestation-rs/{name}")) else {
			continue;
		};
		assert_eq!(root.ark, vector.file("ark.der"), "{name}");
		assert_eq!(root.ask, vector.file("ask.der"), "{name}");
		assert_eq!(root.asvk, Some(vector.file("asvk.der")), "{name}");
	}
}

#[test]
fn report_with_certificate_of_other_chip_is_rejected() {
	let Some(report) = Vector::find("snp/milan-ms-tav") else { return };
	let Some(other) = Vector::find("snp/oak-milan-oc-release") else { return };
	let vek = snp::verify_vek::<RustCrypto>(&other.file("vek.der"), &snp::roots(), NOW)
		.expect("the chain verifies");
	let refused = snp::authenticate::<RustCrypto>(&report.file("report.bin"), &vek, NOW)
		.expect_err("the certificate is another chip's");
	assert_eq!(refused.code, RejectCode::HardwareId);
}

#[test]
fn certificate_under_wrong_product_line_is_rejected() {
	let Some(vector) = Vector::find("snp/genoa-ms-tav") else { return };
	let milan: Vec<_> =
		snp::roots().into_iter().filter(|root| root.product == ProductLine::Milan).collect();
	let refused = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &milan, NOW)
		.expect_err("Milan's roots do not sign for Genoa");
	assert_eq!(refused.code, RejectCode::UnknownIssuer);
	let refused = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &[], NOW)
		.expect_err("no root is trusted");
	assert_eq!(refused.code, RejectCode::UnknownIssuer);
}

/// A report must be rejected after a flipped bit in any byte.
#[test]
fn report_with_altered_byte_is_rejected() {
	for name in ["milan-v2-virtee-sev", "milan-ms-tav", "turin-ms-tav"] {
		let Some(vector) = Vector::find(&format!("snp/{name}")) else { continue };
		let vek = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &snp::roots(), NOW)
			.expect("the chain verifies");
		let report = vector.file("report.bin");
		for at in 0..report.len() {
			let mut altered = report.clone();
			altered[at] ^= 1 << (at % 8);
			let refused = snp::authenticate::<RustCrypto>(&altered, &vek, NOW);
			assert!(refused.is_err(), "{name}: byte {at:#x} can be altered");
		}
	}
}

/// Each altered field of a report must give its own reject code.
#[test]
fn altered_field_is_rejected_with_its_code() {
	let Some(vector) = Vector::find("snp/milan-ms-tav") else { return };
	let vek = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &snp::roots(), NOW)
		.expect("the chain verifies");
	let report = vector.file("report.bin");
	let cases: &[(usize, u8, RejectCode)] = &[
		(0x00, 0x08, RejectCode::ReportVersion),
		(0x04, 0x01, RejectCode::ReportSignature), // GUEST_SVN
		(0x08, 0x01, RejectCode::ReportSignature), // POLICY
		(0x0a, 0x02, RejectCode::ReportReserved),  // POLICY bit 17, which must be one
		(0x0f, 0x80, RejectCode::ReportReserved),  // POLICY, reserved
		(0x10, 0x01, RejectCode::ReportSignature), // FAMILY_ID
		(0x20, 0x01, RejectCode::ReportSignature), // IMAGE_ID
		(0x30, 0x01, RejectCode::ReportSignature), // VMPL
		(0x34, 0x02, RejectCode::ReportAlgorithm),
		(0x38, 0x01, RejectCode::ReportSignature), // CURRENT_TCB
		(0x3a, 0x01, RejectCode::ReportReserved),  // CURRENT_TCB, reserved
		(0x40, 0x01, RejectCode::ReportSignature), // PLATFORM_INFO
		(0x48, 0x01, RejectCode::ReportSignature), // AUTHOR_KEY_EN
		(0x48, 0x02, RejectCode::SigningKey),      // MASK_CHIP_KEY
		(0x48, 0x04, RejectCode::SigningKey),      // SIGNING_KEY
		(0x4b, 0x01, RejectCode::ReportReserved),
		(0x4c, 0x01, RejectCode::ReportReserved),
		(0x50, 0x01, RejectCode::ReportSignature),  // REPORT_DATA
		(0x90, 0x01, RejectCode::ReportSignature),  // MEASUREMENT
		(0xc0, 0x01, RejectCode::ReportSignature),  // HOST_DATA
		(0xe0, 0x01, RejectCode::ReportSignature),  // ID_KEY_DIGEST
		(0x110, 0x01, RejectCode::ReportSignature), // AUTHOR_KEY_DIGEST
		(0x140, 0x01, RejectCode::ReportSignature), // REPORT_ID
		(0x160, 0x01, RejectCode::ReportSignature), // REPORT_ID_MA
		(0x180, 0x01, RejectCode::CertificateTcb),  // REPORTED_TCB
		(0x188, 0x03, RejectCode::Product),         // CPUID family
		(0x189, 0x10, RejectCode::Product),         // CPUID model
		(0x18a, 0x01, RejectCode::ReportSignature), // CPUID stepping
		(0x18b, 0x01, RejectCode::ReportReserved),
		(0x1a0, 0x01, RejectCode::HardwareId),      // CHIP_ID
		(0x1e0, 0x01, RejectCode::ReportSignature), // COMMITTED_TCB
		(0x1e8, 0x01, RejectCode::ReportSignature), // CURRENT_BUILD
		(0x1eb, 0x01, RejectCode::ReportReserved),
		(0x1ec, 0x01, RejectCode::ReportSignature), // COMMITTED_BUILD
		(0x1f0, 0x01, RejectCode::ReportSignature), // LAUNCH_TCB
		(0x1f8, 0x01, RejectCode::ReportReserved),  // mitigations, reserved before version 5
		(0x29f, 0x01, RejectCode::ReportReserved),
		(0x2a0, 0x01, RejectCode::ReportSignature), // SIGNATURE.R
		(0x2d0, 0x01, RejectCode::ReportReserved),  // SIGNATURE.R, beyond 48 bytes
		(0x2e8, 0x01, RejectCode::ReportSignature), // SIGNATURE.S
		(0x330, 0x01, RejectCode::ReportReserved),
		(0x49f, 0x01, RejectCode::ReportReserved),
	];
	for &(at, bits, code) in cases {
		let mut altered = report.clone();
		altered[at] ^= bits;
		let refused = snp::authenticate::<RustCrypto>(&altered, &vek, NOW)
			.expect_err("an altered report is rejected");
		assert_eq!(refused.code, code, "byte {at:#x}: {refused}");
	}
}

#[test]
fn report_with_masked_chip_id_is_rejected() {
	let Some(vector) = Vector::find("snp/milan-ms-tav") else { return };
	let vek = snp::verify_vek::<RustCrypto>(&vector.file("vek.der"), &snp::roots(), NOW)
		.expect("the chain verifies");
	let mut report = vector.file("report.bin");
	report[0x1a0..0x1e0].fill(0);
	let refused = snp::authenticate::<RustCrypto>(&report, &vek, NOW).expect_err("masked");
	assert_eq!(refused.code, RejectCode::MaskedChipId);
}

#[test]
fn report_of_wrong_length_is_rejected() {
	let Some(vector) = Vector::find("snp/milan-ms-tav") else { return };
	let report = vector.file("report.bin");
	for bytes in [&report[..report.len() - 1], &report[..0], &[report.clone(), vec![0]].concat()] {
		let refused = Report::parse(bytes).expect_err("another length");
		assert_eq!(refused.code, RejectCode::ReportLength);
	}
}

#[test]
fn certificate_with_altered_byte_is_rejected() {
	let Some(vector) = Vector::find("snp/turin-ms-tav") else { return };
	let certificate = vector.file("vek.der");
	// Only every seventh byte is altered, because each test costs three RSA verifications. All
	// fields of the certificate are longer than seven bytes.
	for at in (0..certificate.len()).step_by(7) {
		let mut altered = certificate.clone();
		altered[at] ^= 1;
		let refused = snp::verify_vek::<RustCrypto>(&altered, &snp::roots(), NOW);
		assert!(refused.is_err(), "byte {at:#x} can be altered");
	}
}
