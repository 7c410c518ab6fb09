use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{certificate_in_nv, verify_ek, EndorsementKey},
	RejectCode, UnixSeconds,
};

use super::tree::{assert_all_known, Vector};

/// 2026-12-01, within the validity of the certificates of vendors and of swtpm.
const NOW: UnixSeconds = UnixSeconds(1_796_083_200);

const LEAVES: &[&str] = &[
	"gce-cos-85-nonce9009-akcert.der",
	"keylime-iak_der.der",
	"keylime-idevid_der.der",
	"keylime-nuvoton_ecdsa_sha256_der.der",
	"keylime-st_ecdsa_sha256_der.der",
	"keylime-st_sha256_with_rsa_der.der",
	"keylime-st_sha256_with_rsa_der.stripped.der",
];

#[test]
fn every_endorsement_certificate_has_a_test() {
	assert_all_known("ek-certs", &["leaf", "ca-store"]);
	let Ok(files) = std::fs::read_dir(super::tree::root().join("ek-certs/leaf")) else { return };
	for file in files {
		let name = file.expect("the folder can be listed").file_name();
		let name = name.to_str().expect("names are text");
		assert!(LEAVES.contains(&name), "no test for {name}");
	}
}

/// Verifies a leaf with a root and intermediates of the keylime store. Returns `None` if the
/// vectors are absent.
fn under(
	leaf: &str,
	root: &str,
	intermediates: &[&str],
) -> Option<Result<EndorsementKey, RejectCode>> {
	let leaves = Vector::find("ek-certs/leaf")?;
	let store = Vector::find("ek-certs/ca-store/keylime")?;
	let file = leaves.file(leaf);
	let certificate = certificate_in_nv(&file).expect("a certificate");
	let intermediates: Vec<_> = intermediates.iter().map(|name| store.pem(name)).collect();
	let roots = [store.pem(root)];
	Some(
		verify_ek::<RustCrypto>(certificate, &intermediates, &roots, NOW)
			.map_err(|refused| refused.code),
	)
}

#[test]
fn rsa_ek_leads_to_vendor_root() {
	for leaf in
		["keylime-st_sha256_with_rsa_der.der", "keylime-st_sha256_with_rsa_der.stripped.der"]
	{
		let Some(key) = under(leaf, "STM_RSA_RT.pem", &["STM_RSA_05I.pem"]) else { return };
		assert!(matches!(key, Ok(EndorsementKey::Rsa2048(_))), "{leaf}: {key:?}");
	}
}

#[test]
fn ecc_ek_leads_to_vendor_root() {
	let leaf = "keylime-st_ecdsa_sha256_der.der";
	let Some(key) = under(leaf, "STM_ECC_01RT.pem", &["STM_ECC_01I.pem"]) else { return };
	assert!(matches!(key, Ok(EndorsementKey::P256(_))), "{key:?}");
}

#[test]
fn intermediate_can_be_a_root() {
	let leaf = "keylime-st_ecdsa_sha256_der.der";
	let Some(key) = under(leaf, "STM_ECC_01I.pem", &[]) else { return };
	assert!(matches!(key, Ok(EndorsementKey::P256(_))), "{key:?}");
}

#[test]
fn broken_chain_is_rejected() {
	let leaf = "keylime-st_sha256_with_rsa_der.der";
	let Some(missing) = under(leaf, "STM_RSA_RT.pem", &[]) else { return };
	assert_eq!(missing, Err(RejectCode::EkUnknownIssuer));
	let wrong = under(leaf, "STM_RSA_RT.pem", &["STM_RSA_04I.pem"]);
	assert_eq!(wrong, Some(Err(RejectCode::EkUnknownIssuer)));
	let foreign = under(leaf, "INTEL_RT.pem", &["STM_RSA_05I.pem"]);
	assert_eq!(foreign, Some(Err(RejectCode::EkUnknownIssuer)));
}

#[test]
fn certificate_of_other_key_is_rejected() {
	// These certificates belong to an authority, an IDevID and two attestation keys.
	for leaf in [
		"keylime-nuvoton_ecdsa_sha256_der.der",
		"keylime-idevid_der.der",
		"keylime-iak_der.der",
		"gce-cos-85-nonce9009-akcert.der",
	] {
		let Some(refused) = under(leaf, "NUVO_2110.pem", &[]) else { return };
		assert_eq!(refused, Err(RejectCode::EkCertificateRole), "{leaf}");
	}
}

#[test]
fn expired_certificate_is_rejected() {
	let (Some(leaves), Some(store)) =
		(Vector::find("ek-certs/leaf"), Vector::find("ek-certs/ca-store/keylime"))
	else {
		return;
	};
	let leaf = leaves.file("keylime-st_ecdsa_sha256_der.der");
	let roots = [store.pem("STM_ECC_01I.pem")];
	let later = UnixSeconds(1_880_000_000); // 2029
	let refused = verify_ek::<RustCrypto>(&leaf, &[], &roots, later).expect_err("expired in 2028");
	assert_eq!(refused.code, RejectCode::EkCertificateValidity);
}

#[test]
fn swtpm_ek_leads_to_local_ca() {
	let Some(ca) = Vector::find("ima-qemu/swtpm-ca") else { return };
	let root = [ca.pem("swtpm-localca-rootca-cert.pem")];
	let issuer = [ca.pem("issuercert.pem")];
	let leaf = ca.pem("ek-rsa2048.crt.pem");
	let key = verify_ek::<RustCrypto>(&leaf, &issuer, &root, NOW).expect("the chain verifies");
	assert!(matches!(key, EndorsementKey::Rsa2048(_)));
	// The verifier cannot make credentials for this curve.
	let leaf = ca.pem("ek-secp384r1.crt.pem");
	let refused = verify_ek::<RustCrypto>(&leaf, &issuer, &root, NOW).expect_err("P-384");
	assert_eq!(refused.code, RejectCode::EkKind);
}

#[test]
fn altered_certificate_is_rejected() {
	let Some(ca) = Vector::find("ima-qemu/swtpm-ca") else { return };
	let root = [ca.pem("swtpm-localca-rootca-cert.pem")];
	let issuer = [ca.pem("issuercert.pem")];
	let leaf = ca.pem("ek-rsa2048.crt.pem");
	verify_ek::<RustCrypto>(&leaf, &issuer, &root, NOW).expect("the unaltered chain verifies");
	for at in 0..leaf.len() {
		let mut altered = leaf.clone();
		altered[at] ^= 1 << (at % 8);
		assert!(verify_ek::<RustCrypto>(&altered, &issuer, &root, NOW).is_err(), "byte {at}");
	}
}

#[test]
fn certificate_is_found_between_header_and_padding() {
	let Some(ca) = Vector::find("ima-qemu/swtpm-ca") else { return };
	let leaf = ca.pem("ek-rsa2048.crt.pem");
	let len = (leaf.len() as u16).to_be_bytes();
	let short = [&[0x10, 0x01, 0x00], &len[..], &leaf, &[0xff; 64]].concat();
	let full = [&[0x10, 0x01, 0x00], &len[..], &[0x10, 0x02], &leaf].concat();
	for nv in [leaf.clone(), [&leaf[..], &[0xff; 431]].concat(), short, full] {
		assert_eq!(certificate_in_nv(&nv).expect("a certificate"), leaf);
	}
	for nv in [&[][..], &[0x10, 0x01, 0x00], &leaf[..leaf.len() - 1], &[0xff; 64]] {
		let refused = certificate_in_nv(nv).expect_err("the bytes contain no certificate");
		assert_eq!(refused.code, RejectCode::CertificateEncoding);
	}
}
