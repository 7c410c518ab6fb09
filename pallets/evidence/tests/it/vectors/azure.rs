use hcc_evidence::{
	crypto::RustCrypto,
	snp,
	tpm::{verify_quote, AttestationKey, PcrBank, QuoteRequest, Scheme, Sha1, Signature, Wanted},
	RejectCode, UnixSeconds,
};
use sha2::{Digest, Sha256};

use super::{
	snp::{authenticate, NOW},
	tpm::pcr_values,
	tree::{assert_all_known, Vector},
};

const GOOD: &[&str] = &["trustee-evidence-genoa", "trustee-evidence-v1"];
const FOREIGN_QUOTE: &str = "trustee-hcl-report";
/// The offset of the runtime data in an HCL report: after a header of 32 bytes, the report and five
/// words.
const RUNTIME_DATA: usize = 0x20 + snp::REPORT_LEN + 20;

#[test]
fn every_azure_vector_has_a_test() {
	let mut known = GOOD.to_vec();
	known.push(FOREIGN_QUOTE);
	assert_all_known("azure-snp-vtpm", &known);
}

fn nonce(vector: &Vector) -> Vec<u8> {
	let meta = vector.json("meta.json");
	let nonce = meta["quote"]["extraData"].as_str().expect("a nonce");
	hex::decode(nonce).expect("hexadecimal")
}

fn quote(vector: &Vector) -> Result<(), RejectCode> {
	let bytes = vector.file("quote.sig");
	let signature = Signature::Rsa { scheme: Scheme::RsaSsa, hash: PcrBank::Sha256, bytes };
	let key = AttestationKey::from_spki(&vector.pem("ak-pub.pem")).expect("a public key");
	let values = vector
		.has("pcrs-sha256.json")
		.then(|| pcr_values(PcrBank::Sha256, &vector.json("pcrs-sha256.json")));
	let nonce = nonce(vector);
	let request = QuoteRequest {
		nonce: Wanted::Exactly(&nonce),
		sha1: Sha1::Refuse,
		selections: Wanted::Any,
		qualified_signer: Wanted::Any,
		values: values.as_ref().map_or(Wanted::Any, Wanted::Exactly),
	};
	verify_quote::<RustCrypto>(&vector.file("quote.msg"), &signature, &key, &request)
		.map(drop)
		.map_err(|refused| refused.code)
}

#[test]
fn bound_vtpm_verifies_from_amd_to_pcrs() {
	for name in GOOD {
		let Some(vector) = Vector::find(&format!("azure-snp-vtpm/{name}")) else { continue };
		let report = authenticate(&vector, NOW).unwrap_or_else(|why| panic!("{name}: {why}"));
		let runtime = Sha256::digest(vector.file("var-data.json"));
		assert_eq!(report.report().report_data[..32], runtime[..], "{name}");
		assert_eq!(quote(&vector), Ok(()), "{name}");
	}
}

#[test]
fn quote_of_unbound_tpm_is_rejected() {
	let Some(vector) = Vector::find(&format!("azure-snp-vtpm/{FOREIGN_QUOTE}")) else { return };
	let report = authenticate(&vector, UnixSeconds(NOW.0)).expect("the report is authentic");
	let runtime = Sha256::digest(vector.file("var-data.json"));
	assert_eq!(report.report().report_data[..32], runtime[..]);
	assert_eq!(quote(&vector), Err(RejectCode::QuoteSignature));
}

#[test]
fn hcl_report_contains_report() {
	for name in GOOD.iter().chain([&FOREIGN_QUOTE]) {
		let Some(vector) = Vector::find(&format!("azure-snp-vtpm/{name}")) else { continue };
		let hcl = vector.file("hcl-report.bin");
		assert_eq!(hcl[0x20..0x20 + snp::REPORT_LEN], vector.file("report.bin"), "{name}");
		let json = vector.file("var-data.json");
		assert_eq!(hcl[RUNTIME_DATA..RUNTIME_DATA + json.len()], json, "{name}");
	}
}
