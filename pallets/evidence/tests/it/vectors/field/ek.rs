//! Chains of endorsement certificates. Each differs from a valid chain in one property.

use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{certificate_in_nv, verify_ek, EndorsementKey},
	RejectCode,
};

use crate::vectors::{snp::NOW, tree::Vector};

#[test]
fn chains_of_vendors_are_accepted() {
	let Some(vector) = Vector::find_field("ek-chains") else { return };
	for name in [
		"plain",
		"eku-critical",
		"eku-not-critical",
		"p384-sha256",
		"p384-sha384",
		"p521-sha512",
		"rsa4096-sha512",
		"rsa3072",
	] {
		let leaf = format!("{name}-leaf.der");
		if !vector.has(&leaf) {
			println!("skipped: {leaf} is not among the field cases");
			continue;
		}
		let roots = [vector.file(&format!("{name}-ca.der"))];
		let key = verify_ek::<RustCrypto>(&vector.file(&leaf), &[], &roots, NOW);
		assert!(matches!(key, Ok(EndorsementKey::Rsa2048(_))), "{name}: {key:?}");
	}
}

#[test]
fn altered_chain_signatures_are_rejected() {
	let Some(vector) = Vector::find_field("ek-chains") else { return };
	for name in ["p384-sha256", "p521-sha512", "rsa4096-sha512"] {
		let roots = [vector.file(&format!("{name}-ca.der"))];
		let mut leaf = vector.file(&format!("{name}-leaf.der"));
		let last = leaf.len() - 1;
		leaf[last] ^= 1;
		let refused = verify_ek::<RustCrypto>(&leaf, &[], &roots, NOW).expect_err("altered");
		assert_eq!(refused.code, RejectCode::EkCertificateSignature, "{name}");
	}
}

/// RFC 5280 and the TCG's profile require the extension keyUsage in every authority.
#[test]
fn authority_without_key_usage_is_rejected() {
	let Some(vector) = Vector::find_field("ek-chains") else { return };
	let (leaf, root) = (vector.file("no-keyusage-leaf.der"), vector.file("no-keyusage-ca.der"));
	let refused =
		verify_ek::<RustCrypto>(&leaf, &[], &[root], NOW).expect_err("the extension is absent");
	assert_eq!((refused.code, refused.field), (RejectCode::EkCertificateRole, "keyUsage"));
}

#[test]
fn padded_and_headed_nv_contents_have_a_certificate() {
	let Some(vector) = Vector::find_field("preflight") else { return };
	let padded = vector.file("nv-padded-00");
	let certificate = certificate_in_nv(&padded).expect("a certificate");
	for name in ["nv-padded-ff", "nv-header"] {
		let contents = vector.file(name);
		assert!(certificate_in_nv(&contents).is_ok(), "{name}");
	}
	assert!(padded.len() > certificate.len());
}
