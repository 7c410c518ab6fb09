//! Valid inputs of the decoders, from simulated machines. Fuzz targets start from them.

use hcc_evidence::{host::HostEvidence, snp};

use crate::machine::Machine;

/// Returns the evidence of an honest machine.
pub fn evidence() -> HostEvidence {
	let mut machine = Machine::named("fuzz");
	machine.run(b"bash");
	let context = machine.challenge(1);
	machine.answer(&context)
}

/// Returns reports of each supported version.
pub fn reports() -> Vec<Vec<u8>> {
	let report = evidence().snp_report;
	// Only the version differs between the reports.
	let version = |version: u8| {
		let mut report = report.clone();
		report[0] = version;
		report
	};
	vec![version(2), version(3), version(5)]
}

/// Returns certificates of the test hierarchy and of AMD's.
pub fn certificates() -> Vec<Vec<u8>> {
	let vcek = insecure_sim::issue_vcek(&Machine::named("fuzz").chip).expect("a certificate");
	let mut certificates = vec![vcek];
	for root in snp::roots() {
		certificates.extend([root.ark, root.ask]);
		certificates.extend(root.asvk);
	}
	certificates
}

/// Returns an empty revocation list and one with two entries.
pub fn revocation_lists() -> Vec<Vec<u8>> {
	let issue = |revoked: &[u64]| insecure_sim::issue_crl(1_780_000_000, revoked);
	[issue(&[]), issue(&[1, u64::MAX])].map(|list| list.expect("it issues lists")).into()
}

/// Returns a TPMS_ATTEST.
pub fn quotes() -> Vec<Vec<u8>> {
	vec![evidence().tpms_attest]
}

/// Returns a TPMT_SIGNATURE of ECDSA and one of RSASSA.
pub fn signatures() -> Vec<Vec<u8>> {
	let rsa = [&[0x00, 0x14, 0x00, 0x0b, 0x01, 0x00][..], &[0x55; 256]].concat();
	vec![evidence().tpm_signature, rsa]
}

/// Returns public keys: ECDSA and RSASSA as TPM2B_PUBLIC and TPMT_PUBLIC, and P-256 as
/// SubjectPublicKeyInfo.
pub fn keys() -> Vec<Vec<u8>> {
	let attributes = 0x0005_0072u32.to_be_bytes();
	let point = Machine::named("fuzz").ak.verifying_key().to_sec1_point(false);
	let (x, y) = (point.x().expect("a point"), point.y().expect("a point"));
	let ecc = [
		&[0x00, 0x23, 0x00, 0x0b][..],
		&attributes,
		&[0, 0, 0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10, 0x00, 0x20],
		x,
		&[0x00, 0x20],
		y,
	]
	.concat();
	let rsa = [
		&[0x00, 0x01, 0x00, 0x0b][..],
		&attributes,
		&[0, 0, 0x00, 0x10, 0x00, 0x14, 0x00, 0x0b, 0x08, 0x00, 0, 0, 0, 0, 0x01, 0x00],
		&[0xcc; 256],
	]
	.concat();
	let spki = [
		&[0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01][..],
		&[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00],
		point.as_bytes(),
	]
	.concat();
	let sized = |public: &[u8]| [&(public.len() as u16).to_be_bytes(), public].concat();
	vec![sized(&ecc), ecc, sized(&rsa), rsa, spki]
}

/// Returns copies of a measurement log that differ in the template of the first entry.
pub fn logs() -> Vec<Vec<u8>> {
	let of_template = |name: &[u8]| {
		let mut log = evidence().ima_delta.records;
		let at = log.windows(6).position(|window| window == b"ima-ng").expect("a template");
		log[at - 4..at].copy_from_slice(&(name.len() as u32).to_le_bytes());
		log.splice(at..at + 6, name.iter().copied());
		log
	};
	vec![
		evidence().ima_delta.records,
		of_template(b"ima-sig"),
		of_template(b"ima-ngv2"),
		of_template(b"ima"),
	]
}

/// Returns an event log with two hash algorithms and one event.
pub fn event_logs() -> Vec<Vec<u8>> {
	let spec_id = [
		&b"Spec ID Event03\0"[..],
		&[0, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0],
		&[0x04, 0, 20, 0, 0x0b, 0, 32, 0, 0],
	]
	.concat();
	let header =
		[&[0, 0, 0, 0, 3, 0, 0, 0][..], &[0; 20], &(spec_id.len() as u32).to_le_bytes(), &spec_id]
			.concat();
	let event = [
		&[7, 0, 0, 0, 1, 0, 0, 0x80, 2, 0, 0, 0, 0x04, 0][..],
		&[0x11; 20],
		&[0x0b, 0],
		&[0x22; 32],
		&[4, 0, 0, 0],
		b"boot",
	]
	.concat();
	vec![[header, event].concat()]
}
