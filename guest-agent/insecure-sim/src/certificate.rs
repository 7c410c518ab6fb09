//! Certificates in AMD's format, including AMD's extensions. The values of some extensions are not
//! DER, as in AMD's certificates.

use std::{str::FromStr, time::Duration};

use anyhow::Context;
use const_oid::ObjectIdentifier;
use der::{
	asn1::{BitString, OctetString, UtcTime},
	Decode, Encode,
};
use p384::pkcs8::EncodePublicKey as _;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::{
	pss::{get_default_pss_signature_algo_id, SigningKey},
	signature::{RandomizedSigner, SignatureEncoding},
	RsaPrivateKey, RsaPublicKey,
};
use sha2::Sha384;
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
	crl::{CertificateList, RevokedCert, TbsCertList},
	ext::{
		pkix::{BasicConstraints, KeyUsage, KeyUsages},
		Extension,
	},
	name::Name,
	serial_number::SerialNumber,
	time::{Time, Validity},
	Certificate, TbsCertificate, Version,
};

use crate::{hierarchy, report::TCB, Chip};

/// The beginning of the validity of all certificates: 2026-01-01T00:00:00Z.
const NOT_BEFORE: Duration = Duration::from_secs(1_767_225_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The lifetime of a VCEK of AMD. All certificates of this hierarchy have it, so they expire at the
/// same time.
const LIFETIME_YEARS: u32 = 7;

/// The organization in every certificate. It prevents that a reader mistakes a certificate for one
/// of AMD.
const ORGANIZATION: &str = "O=INSECURE TEST HIERARCHY OF HCCS";

fn name(common: &str) -> anyhow::Result<Name> {
	Ok(Name::from_str(&format!("CN={common},{ORGANIZATION}"))?)
}

fn ark_name() -> anyhow::Result<Name> {
	name("ARK-Genoa")
}

fn ask_name() -> anyhow::Result<Name> {
	name("SEV-Genoa")
}

pub(crate) fn root(ark: &RsaPrivateKey) -> anyhow::Result<Vec<u8>> {
	sign(ark, ark_name()?, ark_name()?, rsa_spki(ark)?, authority()?)
}

pub(crate) fn intermediate(ark: &RsaPrivateKey, ask: &RsaPrivateKey) -> anyhow::Result<Vec<u8>> {
	sign(ark, ark_name()?, ask_name()?, rsa_spki(ask)?, authority()?)
}

/// Issues the certificate of a chip's endorsement key, in DER.
pub fn issue_vcek(chip: &Chip) -> anyhow::Result<Vec<u8>> {
	let key = chip.vcek()?;
	let spki = key.verifying_key().to_public_key_der()?;
	let spki = SubjectPublicKeyInfoOwned::from_der(spki.as_bytes())?;
	let tcb = TCB.version;
	let mut extensions = Vec::new();
	for (id, svn) in [
		("1.3.6.1.4.1.3704.1.1", 0),
		("1.3.6.1.4.1.3704.1.3.1", tcb.boot_loader),
		("1.3.6.1.4.1.3704.1.3.2", tcb.tee),
		("1.3.6.1.4.1.3704.1.3.3", tcb.snp),
		("1.3.6.1.4.1.3704.1.3.8", tcb.microcode),
	] {
		extensions.push(extension(ObjectIdentifier::new(id)?, false, svn.to_der()?)?);
	}
	// The extension contains the bare chip id, without DER encoding.
	let hardware_id = ObjectIdentifier::new("1.3.6.1.4.1.3704.1.4")?;
	extensions.push(extension(hardware_id, false, chip.id().to_vec())?);
	sign(&hierarchy::ask_key()?, ask_name()?, name("SEV-VCEK")?, spki, extensions)
}

/// Issues a certificate revocation list of the root, in DER. The list is valid for a week from
/// `this_update` (seconds since 1970).
pub fn issue_crl(this_update: u64, revoked: &[u64]) -> anyhow::Result<Vec<u8>> {
	let at = |seconds| anyhow::Ok(Time::UtcTime(UtcTime::from_unix_duration(seconds)?));
	let made = Duration::from_secs(this_update);
	let entry = |serial: &u64| {
		let serial_number = SerialNumber::from(*serial);
		Ok(RevokedCert { serial_number, revocation_date: at(made)?, crl_entry_extensions: None })
	};
	let revoked: Vec<_> = revoked.iter().map(entry).collect::<anyhow::Result<_>>()?;
	let algorithm = get_default_pss_signature_algo_id::<Sha384>()?;
	let tbs_cert_list = TbsCertList {
		version: Version::V2,
		signature: algorithm.clone(),
		issuer: ark_name()?,
		this_update: at(made)?,
		next_update: Some(at(made + WEEK)?),
		revoked_certificates: Some(revoked).filter(|entries| !entries.is_empty()),
		crl_extensions: None,
	};
	let signature = signature(&hierarchy::ark_key()?, &tbs_cert_list.to_der()?)?;
	Ok(CertificateList { tbs_cert_list, signature_algorithm: algorithm, signature }.to_der()?)
}

/// Signs as AMD does: RSA-PSS with SHA-384.
fn signature(key: &RsaPrivateKey, message: &[u8]) -> anyhow::Result<BitString> {
	let signature = SigningKey::<Sha384>::new(key.clone())
		.try_sign_with_rng(&mut rsa::rand_core::OsRng, message)
		.context("signing with the issuer's key failed")?;
	Ok(BitString::from_bytes(&signature.to_vec())?)
}

fn rsa_spki(key: &RsaPrivateKey) -> anyhow::Result<SubjectPublicKeyInfoOwned> {
	let der = RsaPublicKey::from(key).to_public_key_der()?;
	Ok(SubjectPublicKeyInfoOwned::from_der(der.as_bytes())?)
}

fn extension(
	extn_id: ObjectIdentifier,
	critical: bool,
	value: Vec<u8>,
) -> anyhow::Result<Extension> {
	Ok(Extension { extn_id, critical, extn_value: OctetString::new(value)? })
}

fn authority() -> anyhow::Result<Vec<Extension>> {
	let constraints = BasicConstraints { ca: true, path_len_constraint: None };
	let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
	Ok(vec![
		extension(ObjectIdentifier::new("2.5.29.19")?, true, constraints.to_der()?)?,
		extension(ObjectIdentifier::new("2.5.29.15")?, true, usage.to_der()?)?,
	])
}

fn sign(
	issuer_key: &RsaPrivateKey,
	issuer: Name,
	subject: Name,
	subject_public_key_info: SubjectPublicKeyInfoOwned,
	extensions: Vec<Extension>,
) -> anyhow::Result<Vec<u8>> {
	let algorithm = get_default_pss_signature_algo_id::<Sha384>()?;
	let not_after = NOT_BEFORE + YEAR * LIFETIME_YEARS;
	let tbs_certificate = TbsCertificate {
		version: Version::V3,
		serial_number: SerialNumber::new(&[0])?,
		signature: algorithm.clone(),
		issuer,
		validity: Validity {
			not_before: Time::UtcTime(UtcTime::from_unix_duration(NOT_BEFORE)?),
			not_after: Time::UtcTime(UtcTime::from_unix_duration(not_after)?),
		},
		subject,
		subject_public_key_info,
		issuer_unique_id: None,
		subject_unique_id: None,
		extensions: Some(extensions),
	};
	let signature = signature(issuer_key, &tbs_certificate.to_der()?)?;
	Ok(Certificate { tbs_certificate, signature_algorithm: algorithm, signature }.to_der()?)
}
