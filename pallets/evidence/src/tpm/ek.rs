//! Endorsement keys, which identify a TPM through a certificate of its vendor.

use alloc::vec::Vec;

use const_oid::ObjectIdentifier;
use der::{Decode, Encode, Header, SliceReader, Tag};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use crate::{
	certificate::{Certificate, CertificateKey, EK_CERTIFICATE, TPM_CHAIN},
	crypto::{Crypto, P256Key, RsaKey},
	Check, RejectCode, Rejection, UnixSeconds,
};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// The maximum number of certificates above the leaf in a chain, and of intermediates that a caller
/// may offer.
const MAX_DEPTH: u8 = 4;
const MAX_INTERMEDIATES: usize = 4;

/// The header that some vendors put before a certificate in the TPM's memory. TCG, "PC Client
/// Specific Implementation", section 7.3.2.
const NV_HEADER: [u8; 3] = [0x10, 0x01, 0x00];
/// The size of the length field after the header. The tag of a full certificate may follow it.
const NV_LENGTH: usize = 2;
const NV_FULL_CERTIFICATE: [u8; 2] = [0x10, 0x02];

/// An endorsement key for which the verifier can make credentials. The kinds are the templates L-1
/// and L-2 of the TCG.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub enum EndorsementKey {
	/// RSA with 2048 bits, SHA-256 and AES-128 in CFB mode.
	Rsa2048(RsaKey),
	/// NIST P-256 with SHA-256 and AES-128 in CFB mode.
	P256(P256Key),
}

/// Returns the certificate within the contents of a TPM's NV index, without header and padding.
///
/// ## Errors
/// [`RejectCode::CertificateEncoding`].
pub fn certificate_in_nv(bytes: &[u8]) -> Check<&[u8]> {
	let bytes = match bytes.strip_prefix(&NV_HEADER) {
		Some(rest) => {
			let rest = rest.get(NV_LENGTH..).unwrap_or_default();
			rest.strip_prefix(&NV_FULL_CERTIFICATE).unwrap_or(rest)
		},
		None => bytes,
	};
	outer_sequence(bytes).ok_or_else(|| {
		Rejection::new(
			RejectCode::CertificateEncoding,
			"Certificate",
			"no SEQUENCE",
			"X.509 in DER",
		)
	})
}

fn outer_sequence(bytes: &[u8]) -> Option<&[u8]> {
	let mut reader = SliceReader::new(bytes).ok()?;
	let header = Header::decode(&mut reader).ok()?;
	if header.tag != Tag::Sequence {
		return None;
	}
	let before = usize::try_from(header.encoded_len().ok()?).ok()?;
	let within = usize::try_from(header.length).ok()?;
	bytes.get(..before.checked_add(within)?)
}

/// Verifies the certificate of an endorsement key up to one of `roots`, directly or through
/// `intermediates`. All certificates are in DER.
///
/// Roots are trusted without a signature. Every certificate, including the root, must be valid at
/// `now`.
///
/// ## Errors
/// Class [`crate::RejectClass::TpmSignature`]; [`RejectCode::CertificateEncoding`],
/// [`RejectCode::CertificateExtension`].
pub fn verify_ek<C: Crypto>(
	der: &[u8],
	intermediates: &[Vec<u8>],
	roots: &[Vec<u8>],
	now: UnixSeconds,
) -> Check<EndorsementKey> {
	Ok(verify_ek_to_root::<C>(der, intermediates, roots, now)?.0)
}

/// Verifies like [`verify_ek`], and also returns the root to which the chain leads.
///
/// ## Errors
/// The errors of [`verify_ek`].
pub fn verify_ek_to_root<'a, C: Crypto>(
	der: &'a [u8],
	intermediates: &'a [Vec<u8>],
	roots: &'a [Vec<u8>],
	now: UnixSeconds,
) -> Check<(EndorsementKey, &'a [u8])> {
	if intermediates.len() > MAX_INTERMEDIATES {
		return Err(Rejection::new(
			RejectCode::EkUnknownIssuer,
			"intermediates",
			intermediates.len(),
			MAX_INTERMEDIATES,
		));
	}
	let leaf = Certificate::parse(der, TPM_CHAIN)?;
	check_leaf(&leaf)?;
	leaf.check_validity("EK validity", now)?;
	let root = check_chain::<C>(der, intermediates, roots, now)?;
	match leaf.key()? {
		CertificateKey::Rsa(key) if key.modulus.len() == 256 => {
			Ok((EndorsementKey::Rsa2048(key), root))
		},
		CertificateKey::P256(key) => Ok((EndorsementKey::P256(key), root)),
		CertificateKey::Rsa(_) | CertificateKey::P384(_) | CertificateKey::P521(_) => {
			Err(Rejection::new(
				RejectCode::EkKind,
				"subjectPublicKeyInfo",
				"another key",
				"RSA with 2048 bits, or P-256",
			))
		},
	}
}

fn check_chain<'a, C: Crypto>(
	leaf: &'a [u8],
	intermediates: &'a [Vec<u8>],
	roots: &'a [Vec<u8>],
	now: UnixSeconds,
) -> Check<&'a [u8]> {
	let mut subject = leaf;
	let mut failure = None;
	for below in 0..MAX_DEPTH {
		let certificate = Certificate::parse(subject, TPM_CHAIN)?;
		let mut issuer_of = |issuers: &'a [Vec<u8>]| {
			issuers.iter().find(|issuer| match issued_by::<C>(&certificate, issuer, below, now) {
				Some(Ok(())) => true,
				Some(Err(rejection)) => {
					failure.get_or_insert(rejection);
					false
				},
				None => false,
			})
		};
		if let Some(root) = issuer_of(roots) {
			return Ok(root);
		}
		match issuer_of(intermediates) {
			Some(intermediate) => subject = intermediate,
			None => break,
		}
	}
	Err(failure.unwrap_or_else(|| {
		Rejection::new(RejectCode::EkUnknownIssuer, "EK issuer", "unknown", "a trusted root")
	}))
}

/// Checks that `issuer` (DER) issued the certificate, with `below` authorities between the issuer
/// and the leaf. Returns `None` if the certificate names another issuer.
fn issued_by<C: Crypto>(
	certificate: &Certificate<'_>,
	issuer: &[u8],
	below: u8,
	now: UnixSeconds,
) -> Option<Check> {
	let issuer = match Certificate::parse(issuer, TPM_CHAIN) {
		Ok(issuer) => issuer,
		Err(rejection) => return Some(Err(rejection)),
	};
	// A self-issued certificate does not lead to a root, and would match itself repeatedly.
	if issuer.subject() != certificate.issuer() || certificate.subject() == certificate.issuer() {
		return None;
	}
	Some((|| {
		issuer.check_authority(below)?;
		issuer.check_validity("EK issuer validity", now)?;
		certificate.check_signature::<C>("EK chain signature", &issuer.key()?)
	})())
}

/// Checks that the certificate belongs to an endorsement key. Vendors also issue certificates for
/// authorities and for other keys.
fn check_leaf(leaf: &Certificate<'_>) -> Check {
	let bad = |field: &'static str, seen: &'static str| {
		Rejection::new(RejectCode::EkCertificateRole, field, seen, "that of an endorsement key")
	};
	let known = [BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME];
	if leaf.extensions().any(|extension| extension.critical && !known.contains(&extension.extn_id))
	{
		return Err(bad("critical extension", "unknown"));
	}
	if let Some(extension) = leaf.extension(BASIC_CONSTRAINTS)? {
		match BasicConstraints::from_der(extension.extn_value.as_bytes()) {
			Ok(constraints) if !constraints.ca => {},
			Ok(_) => return Err(bad("basicConstraints", "an authority")),
			Err(_) => return Err(bad("basicConstraints", "undecodable")),
		}
	}
	let usage = leaf
		.extension(KEY_USAGE)?
		.and_then(|e| KeyUsage::from_der(e.extn_value.as_bytes()).ok())
		.ok_or_else(|| bad("keyUsage", "absent"))?;
	if !usage.key_encipherment() && !usage.key_agreement() {
		return Err(bad("keyUsage", "neither keyEncipherment nor keyAgreement"));
	}
	let purposes = leaf
		.extension(EXTENDED_KEY_USAGE)?
		.and_then(|e| ExtendedKeyUsage::from_der(e.extn_value.as_bytes()).ok())
		.ok_or_else(|| bad("extendedKeyUsage", "absent"))?;
	if !purposes.0.contains(&EK_CERTIFICATE) {
		return Err(bad("extendedKeyUsage", "without tcg-kp-EKCertificate"));
	}
	Ok(())
}
