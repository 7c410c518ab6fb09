//! X.509 certificates as evidence uses them: decoded by `x509-cert`, their signatures checked over the bytes that were received.

use const_oid::ObjectIdentifier;
use der::{asn1::AnyRef, Decode, Reader as _, SliceReader, Tag, Tagged};
use x509_cert::{
	ext::{
		pkix::{BasicConstraints, KeyUsage},
		Extension,
	},
	name::Name,
	Certificate as X509,
};

use crate::{
	crypto::{Crypto, P384Key, RsaKey, RsaPadding},
	Check, RejectCode, Rejection, UnixSeconds,
};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// RSASSA-PSS-params for SHA-384, MGF1 with SHA-384 and a salt of 48 bytes, the content of the SEQUENCE. AMD writes the default trailer
/// field out in some certificates, which DER would leave away.
const PSS_SHA384_SALT48: [u8; 50] = [
	0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
	0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08,
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa2,
	0x03, 0x02,
];
const SALT_48: [u8; 2] = [0x01, 0x30];
const DEFAULT_TRAILER: [u8; 5] = [0xa3, 0x03, 0x02, 0x01, 0x01];

/// The largest certificate that is looked at, in bytes. AMD's are below 1,700.
const MAX_LEN: usize = 4096;

/// A certificate, decoded, with the bytes that its issuer signed.
pub(crate) struct Certificate<'a> {
	inner: X509,
	tbs: &'a [u8],
}

fn malformed(field: &'static str, seen: impl Into<crate::verdict::Value>) -> Rejection {
	Rejection::new(RejectCode::CertificateEncoding, field, seen, "X.509 in DER")
}

impl<'a> Certificate<'a> {
	/// Decodes a certificate; bytes after it are an error.
	pub(crate) fn parse(der: &'a [u8]) -> Check<Self> {
		if der.len() > MAX_LEN {
			return Err(malformed("Certificate", der.len()));
		}
		let inner = X509::from_der(der).map_err(|_| malformed("Certificate", "undecodable"))?;
		let outer = AnyRef::from_der(der).map_err(|_| malformed("Certificate", "undecodable"))?;
		let tbs = SliceReader::new(outer.value())
			.and_then(|mut reader| reader.tlv_bytes())
			.map_err(|_| malformed("tbsCertificate", "undecodable"))?;
		if inner.signature_algorithm != inner.tbs_certificate.signature {
			return Err(malformed("signatureAlgorithm", "unlike tbsCertificate.signature"));
		}
		Ok(Self { inner, tbs })
	}

	pub(crate) fn subject(&self) -> &Name {
		&self.inner.tbs_certificate.subject
	}

	pub(crate) fn issuer(&self) -> &Name {
		&self.inner.tbs_certificate.issuer
	}

	/// The subject's common name, if it has exactly one and that is text.
	pub(crate) fn common_name(&self) -> Option<&str> {
		let mut names = self
			.subject()
			.0
			.iter()
			.flat_map(|rdn| rdn.0.iter())
			.filter(|attribute| attribute.oid == COMMON_NAME);
		let name = names.next()?;
		if names.next().is_some() {
			return None;
		}
		match name.value.tag() {
			Tag::Utf8String | Tag::PrintableString => core::str::from_utf8(name.value.value()).ok(),
			_ => None,
		}
	}

	pub(crate) fn not_before(&self) -> UnixSeconds {
		UnixSeconds(self.inner.tbs_certificate.validity.not_before.to_unix_duration().as_secs())
	}

	pub(crate) fn not_after(&self) -> UnixSeconds {
		UnixSeconds(self.inner.tbs_certificate.validity.not_after.to_unix_duration().as_secs())
	}

	/// The extension of that id. One that stands twice is an error.
	pub(crate) fn extension(&self, id: ObjectIdentifier) -> Check<Option<&Extension>> {
		let mut found = self.extensions().filter(|extension| extension.extn_id == id);
		let extension = found.next();
		if found.next().is_some() {
			return Err(Rejection::new(
				RejectCode::CertificateExtension,
				"extnID",
				"twice",
				"once",
			));
		}
		Ok(extension)
	}

	pub(crate) fn extensions(&self) -> impl Iterator<Item = &Extension> {
		self.inner.tbs_certificate.extensions.iter().flatten()
	}

	/// The RSA key, of exactly 4096 bits as all of AMD's are: a bound on what a check may cost.
	pub(crate) fn rsa_key(&self) -> Check<RsaKey> {
		let spki = &self.inner.tbs_certificate.subject_public_key_info;
		let bad = |seen: &'static str| {
			Rejection::new(
				RejectCode::CertificateAlgorithm,
				"subjectPublicKeyInfo",
				seen,
				"RSA with 4096 bits",
			)
		};
		if spki.algorithm.oid != RSA_ENCRYPTION {
			return Err(bad("another algorithm"));
		}
		let bits = spki.subject_public_key.as_bytes().ok_or_else(|| bad("part of a byte"))?;
		let key = rsa::pkcs1::RsaPublicKey::from_der(bits).map_err(|_| bad("no RSAPublicKey"))?;
		let modulus = key.modulus.as_bytes();
		let exponent = key
			.public_exponent
			.as_bytes()
			.iter()
			.try_fold(0u32, |sum, &byte| sum.checked_mul(256)?.checked_add(byte.into()))
			.ok_or_else(|| bad("an exponent over 32 bits"))?;
		if modulus.len() != 512 || modulus.first().is_none_or(|&byte| byte < 0x80) {
			return Err(bad("another size"));
		}
		Ok(RsaKey { modulus: modulus.to_vec(), exponent })
	}

	/// The key on P-384.
	pub(crate) fn p384_key(&self) -> Check<P384Key> {
		let spki = &self.inner.tbs_certificate.subject_public_key_info;
		let bad = |seen: &'static str| {
			Rejection::new(
				RejectCode::CertificateAlgorithm,
				"subjectPublicKeyInfo",
				seen,
				"a point of P-384",
			)
		};
		let curve = spki
			.algorithm
			.parameters
			.as_ref()
			.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
		if spki.algorithm.oid != EC_PUBLIC_KEY || curve != Some(SECP384R1) {
			return Err(bad("another algorithm"));
		}
		let bits = spki.subject_public_key.as_bytes().ok_or_else(|| bad("part of a byte"))?;
		match bits.split_first() {
			Some((0x04, point)) => {
				let (x, y) = point.split_at_checked(48).ok_or_else(|| bad("another size"))?;
				let x = x.try_into().map_err(|_| bad("another size"))?;
				let y = y.try_into().map_err(|_| bad("another size"))?;
				Ok(P384Key { x, y })
			},
			_ => Err(bad("a compressed point")),
		}
	}

	/// Checks that the certificate may issue others.
	pub(crate) fn check_authority(&self) -> Check {
		let bad = |field: &'static str, seen: &'static str| {
			Rejection::new(RejectCode::CertificateRole, field, seen, "a certificate authority")
		};
		let constraints = self
			.extension(BASIC_CONSTRAINTS)?
			.and_then(|e| BasicConstraints::from_der(e.extn_value.as_bytes()).ok())
			.ok_or_else(|| bad("basicConstraints", "absent"))?;
		let usage = self
			.extension(KEY_USAGE)?
			.and_then(|e| KeyUsage::from_der(e.extn_value.as_bytes()).ok())
			.ok_or_else(|| bad("keyUsage", "absent"))?;
		if !constraints.ca {
			return Err(bad("basicConstraints", "no authority"));
		}
		if !usage.key_cert_sign() {
			return Err(bad("keyUsage", "no keyCertSign"));
		}
		Ok(())
	}

	/// Checks that `now` lies within the validity, ends included.
	pub(crate) fn check_validity(&self, field: &'static str, now: UnixSeconds) -> Check {
		check_validity(field, self.not_before(), self.not_after(), now)
	}

	/// Checks the issuer's signature: RSA-PSS with SHA-384, as all of AMD's.
	pub(crate) fn check_signature<C: Crypto>(&self, field: &'static str, issuer: &RsaKey) -> Check {
		let algorithm = &self.inner.signature_algorithm;
		let parameters = algorithm.parameters.as_ref().map(|parameters| parameters.value());
		let pss = parameters.is_some_and(|bytes| {
			bytes
				.strip_prefix(&PSS_SHA384_SALT48)
				.and_then(|rest| rest.strip_prefix(&SALT_48))
				.is_some_and(|rest| rest.is_empty() || rest == DEFAULT_TRAILER)
		});
		if algorithm.oid != RSASSA_PSS || !pss {
			return Err(Rejection::new(
				RejectCode::CertificateAlgorithm,
				"signatureAlgorithm",
				"another algorithm",
				"RSASSA-PSS with SHA-384 and a salt of 48 bytes",
			));
		}
		let bad = || {
			Rejection::new(
				RejectCode::CertificateSignature,
				field,
				"a signature of another key",
				(),
			)
		};
		let signature = self.inner.signature.as_bytes().ok_or_else(bad)?;
		C::rsa(issuer, RsaPadding::PssSha384, self.tbs, signature).map_err(|_| bad())
	}
}

/// Checks that `now` lies between the two, ends included.
pub(crate) fn check_validity(
	field: &'static str,
	not_before: UnixSeconds,
	not_after: UnixSeconds,
	now: UnixSeconds,
) -> Check {
	if now < not_before || now > not_after {
		return Err(Rejection::new(
			RejectCode::CertificateValidity,
			field,
			now.0,
			alloc::format!("{} to {}", not_before.0, not_after.0),
		));
	}
	Ok(())
}
