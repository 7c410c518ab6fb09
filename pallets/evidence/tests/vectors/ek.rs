use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{certificate_in_nv, verify_ek, EndorsementKey},
	RejectCode, UnixSeconds,
};

use crate::tree::{assert_all_known, Vector};

/// 2026-12-01: within the validity of the vendors' certificates, and after swtpm's were made.
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
	let Ok(files) = std::fs::read_dir(crate::tree::root().join("ek-certs/leaf")) else { return };
	for file in files {
		let name = file.expect("the folder can be listed").file_name();
		let name = name.to_str().expect("names are text");
		assert!(LEAVES.contains(&name), "no test for {name}");
	}
}

/// What a leaf comes to under a root and an intermediate of the keylime store.
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
fn a_hardware_tpms_rsa_key_leads_to_its_vendor() {
	for leaf in
		["keylime-st_sha256_with_rsa_der.der", "keylime-st_sha256_with_rsa_der.stripped.der"]
	{
		let Some(key) = under(leaf, "STM_RSA_RT.pem", &["STM_RSA_05I.pem"]) else { return };
		assert!(matches!(key, Ok(EndorsementKey::Rsa2048(_))), "{leaf}: {key:?}");
	}
}

#[test]
fn a_hardware_tpms_ecc_key_leads_to_its_vendor() {
	let leaf = "keylime-st_ecdsa_sha256_der.der";
	let Some(key) = under(leaf, "STM_ECC_01RT.pem", &["STM_ECC_01I.pem"]) else { return };
	assert!(matches!(key, Ok(EndorsementKey::P256(_))), "{key:?}");
}

#[test]
fn an_intermediate_can_be_trusted_as_it_stands() {
	let leaf = "keylime-st_ecdsa_sha256_der.der";
	let Some(key) = under(leaf, "STM_ECC_01I.pem", &[]) else { return };
	assert!(matches!(key, Ok(EndorsementKey::P256(_))), "{key:?}");
}

#[test]
fn a_chain_with_a_link_missing_or_wrong_is_refused() {
	let leaf = "keylime-st_sha256_with_rsa_der.der";
	let Some(missing) = under(leaf, "STM_RSA_RT.pem", &[]) else { return };
	assert_eq!(missing, Err(RejectCode::EkUnknownIssuer));
	let wrong = under(leaf, "STM_RSA_RT.pem", &["STM_RSA_04I.pem"]);
	assert_eq!(wrong, Some(Err(RejectCode::EkUnknownIssuer)));
	let foreign = under(leaf, "INTEL_RT.pem", &["STM_RSA_05I.pem"]);
	assert_eq!(foreign, Some(Err(RejectCode::EkUnknownIssuer)));
}

#[test]
fn certificates_of_other_keys_are_refused() {
	// An authority, an IDevID and two attestation keys: none is an endorsement key.
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
fn an_expired_certificate_is_refused() {
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
fn a_software_tpms_key_leads_to_its_local_authority() {
	let Some(ca) = Vector::find("ima-qemu/swtpm-ca") else { return };
	let root = [ca.pem("swtpm-localca-rootca-cert.pem")];
	let issuer = [ca.pem("issuercert.pem")];
	let leaf = ca.pem("ek-rsa2048.crt.pem");
	let key = verify_ek::<RustCrypto>(&leaf, &issuer, &root, NOW).expect("the chain holds");
	assert!(matches!(key, EndorsementKey::Rsa2048(_)));
	// A curve for which no credential can be made here.
	let leaf = ca.pem("ek-secp384r1.crt.pem");
	let refused = verify_ek::<RustCrypto>(&leaf, &issuer, &root, NOW).expect_err("P-384");
	assert_eq!(refused.code, RejectCode::EkKind);
}

#[test]
fn an_altered_certificate_is_refused() {
	let Some(ca) = Vector::find("ima-qemu/swtpm-ca") else { return };
	let root = [ca.pem("swtpm-localca-rootca-cert.pem")];
	let issuer = [ca.pem("issuercert.pem")];
	let leaf = ca.pem("ek-rsa2048.crt.pem");
	verify_ek::<RustCrypto>(&leaf, &issuer, &root, NOW).expect("unaltered, the chain holds");
	for at in 0..leaf.len() {
		let mut altered = leaf.clone();
		altered[at] ^= 1 << (at % 8);
		assert!(verify_ek::<RustCrypto>(&altered, &issuer, &root, NOW).is_err(), "byte {at}");
	}
}

#[test]
fn a_certificate_is_found_behind_a_header_and_before_padding() {
	let Some(ca) = Vector::find("ima-qemu/swtpm-ca") else { return };
	let leaf = ca.pem("ek-rsa2048.crt.pem");
	let len = (leaf.len() as u16).to_be_bytes();
	let short = [&[0x10, 0x01, 0x00], &len[..], &leaf, &[0xff; 64]].concat();
	let full = [&[0x10, 0x01, 0x00], &len[..], &[0x10, 0x02], &leaf].concat();
	for nv in [leaf.clone(), [&leaf[..], &[0xff; 431]].concat(), short, full] {
		assert_eq!(certificate_in_nv(&nv).expect("a certificate"), leaf);
	}
	for nv in [&[][..], &[0x10, 0x01, 0x00], &leaf[..leaf.len() - 1], &[0xff; 64]] {
		let refused = certificate_in_nv(nv).expect_err("no certificate");
		assert_eq!(refused.code, RejectCode::CertificateEncoding);
	}
}
