//! X.509 certificates in evidence. `x509-cert` decodes them; signatures are verified over the
//! received bytes.

use alloc::string::ToString;

use const_oid::ObjectIdentifier;
use der::{
	asn1::{AnyRef, UintRef},
	Decode, Reader as _, SliceReader, Tag, Tagged,
};
use x509_cert::{
	ext::{
		pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
		Extension,
	},
	name::Name,
	serial_number::SerialNumber,
	spki::AlgorithmIdentifierOwned,
	Certificate as X509,
};

use crate::{
	bytes::padded,
	crypto::{Crypto, EcdsaKey, P256Key, P384Key, P521Key, RsaKey, RsaPadding, SignatureHash},
	Check, RejectCode, Rejection, UnixSeconds,
};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const ANY_EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// tcg-kp-EKCertificate. TCG, "EK Credential Profile", section 3.5.13.
pub(crate) const EK_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");

/// RSASSA-PSS-params for SHA-384, MGF1 with SHA-384 and a salt of 48 bytes: the content of the
/// SEQUENCE up to the salt length. Some AMD certificates encode the default trailer field, which
/// DER would omit.
const PSS_SHA384_SALT48: [u8; 50] = [
	0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
	0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08,
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa2,
	0x03, 0x02,
];
const SALT_48: [u8; 2] = [0x01, 0x30];
const DEFAULT_TRAILER: [u8; 5] = [0xa3, 0x03, 0x02, 0x01, 0x01];

/// The largest certificate that is decoded, in bytes. The limit bounds the cost of decoding.
/// Certificates of AMD and of TPM vendors have fewer than 1,800 bytes.
const MAX_LEN: usize = 2048;

/// The reject codes for one kind of certificate chain.
#[derive(Clone, Copy)]
pub(crate) struct ChainCodes {
	pub(crate) signature: RejectCode,
	pub(crate) validity: RejectCode,
	pub(crate) algorithm: RejectCode,
	pub(crate) role: RejectCode,
}

/// The codes for AMD's certificates.
pub(crate) const SNP_CHAIN: ChainCodes = ChainCodes {
	signature: RejectCode::CertificateSignature,
	validity: RejectCode::CertificateValidity,
	algorithm: RejectCode::CertificateAlgorithm,
	role: RejectCode::CertificateRole,
};

/// The codes for certificates of TPM vendors.
pub(crate) const TPM_CHAIN: ChainCodes = ChainCodes {
	signature: RejectCode::EkCertificateSignature,
	validity: RejectCode::EkCertificateValidity,
	algorithm: RejectCode::EkCertificateAlgorithm,
	role: RejectCode::EkCertificateRole,
};

/// The public key of a certificate.
pub(crate) enum CertificateKey {
	Rsa(RsaKey),
	P256(P256Key),
	P384(P384Key),
	P521(P521Key),
}

/// A decoded certificate with the bytes that its issuer signed.
pub(crate) struct Certificate<'a> {
	inner: X509,
	tbs: &'a [u8],
	codes: ChainCodes,
}

fn malformed(field: &'static str, seen: impl Into<crate::verdict::Value>) -> Rejection {
	Rejection::new(RejectCode::CertificateEncoding, field, seen, "X.509 in DER")
}

impl<'a> Certificate<'a> {
	/// Decodes a certificate. Bytes after the certificate are an error.
	pub(crate) fn parse(der: &'a [u8], codes: ChainCodes) -> Check<Self> {
		if der.len() > MAX_LEN {
			return Err(malformed("Certificate", der.len()));
		}
		let inner = X509::from_der(der).map_err(|_| malformed("Certificate", "undecodable"))?;
		let outer = AnyRef::from_der(der).map_err(|_| malformed("Certificate", "undecodable"))?;
		let tbs = SliceReader::new(outer.value())
			.and_then(|mut reader| reader.tlv_bytes())
			.map_err(|_| malformed("tbsCertificate", "undecodable"))?;
		if inner.signature_algorithm != inner.tbs_certificate.signature {
			return Err(malformed("signatureAlgorithm", "different from tbsCertificate.signature"));
		}
		Ok(Self { inner, tbs, codes })
	}

	pub(crate) fn subject(&self) -> &Name {
		&self.inner.tbs_certificate.subject
	}

	pub(crate) fn issuer(&self) -> &Name {
		&self.inner.tbs_certificate.issuer
	}

	/// Returns the common name of the subject, if the subject has exactly one and it is text.
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

	/// Returns the extension with this id. A duplicate is an error.
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

	/// Returns the public key.
	pub(crate) fn key(&self) -> Check<CertificateKey> {
		let spki = &self.inner.tbs_certificate.subject_public_key_info;
		let bits = spki
			.subject_public_key
			.as_bytes()
			.ok_or_else(|| self.bad_key("not a whole number of bytes", "whole bytes"))?;
		if spki.algorithm.oid == RSA_ENCRYPTION {
			return rsa_key(bits)
				.map(CertificateKey::Rsa)
				.ok_or_else(|| self.bad_key("not an RSAPublicKey", "RSA with 2048 to 4096 bits"));
		}
		let curve = spki
			.algorithm
			.parameters
			.as_ref()
			.filter(|_| spki.algorithm.oid == EC_PUBLIC_KEY)
			.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
		curve
			.and_then(|curve| ecdsa_key(curve, bits))
			.ok_or_else(|| self.bad_key("another algorithm", "RSA, P-256, P-384 or P-521"))
	}

	fn bad_key(&self, seen: &'static str, wanted: &'static str) -> Rejection {
		Rejection::new(self.codes.algorithm, "subjectPublicKeyInfo", seen, wanted)
	}

	/// Returns the key of an AMD authority. It must be RSA with exactly 4096 bits, which bounds the
	/// cost of a check.
	pub(crate) fn amd_authority_key(&self) -> Check<RsaKey> {
		match self.key()? {
			CertificateKey::Rsa(key) if key.modulus.len() == 512 => Ok(key),
			CertificateKey::Rsa(_)
			| CertificateKey::P256(_)
			| CertificateKey::P384(_)
			| CertificateKey::P521(_) => Err(self.bad_key("another key", "RSA with 4096 bits")),
		}
	}

	/// Returns the key of a chip. It must be on P-384.
	pub(crate) fn p384_key(&self) -> Check<P384Key> {
		match self.key()? {
			CertificateKey::P384(key) => Ok(key),
			CertificateKey::Rsa(_) | CertificateKey::P256(_) | CertificateKey::P521(_) => {
				Err(self.bad_key("another key", "a point of P-384"))
			},
		}
	}

	/// Checks that the certificate may issue other certificates while `below` authorities are
	/// between it and the leaf.
	pub(crate) fn check_authority(&self, below: u8) -> Check {
		let bad = |field: &'static str, seen: &'static str| {
			Rejection::new(self.codes.role, field, seen, "a certificate authority")
		};
		// The verifier requires no certificate policy, so any policy passes. It does not understand
		// name constraints, so critical name constraints are rejected.
		let understood = [BASIC_CONSTRAINTS, KEY_USAGE, CERTIFICATE_POLICIES, EXTENDED_KEY_USAGE];
		if self.extensions().any(|e| e.critical && !understood.contains(&e.extn_id)) {
			return Err(bad("critical extension", "unknown"));
		}
		// An authority may restrict its certificates to endorsement keys, as Intel's authorities
		// do.
		if let Some(extension) = self.extension(EXTENDED_KEY_USAGE)?.filter(|e| e.critical) {
			let purposes = ExtendedKeyUsage::from_der(extension.extn_value.as_bytes())
				.map_err(|_| bad("extendedKeyUsage", "undecodable"))?;
			if !purposes.0.iter().any(|id| [EK_CERTIFICATE, ANY_EXTENDED_KEY_USAGE].contains(id)) {
				return Err(bad("extendedKeyUsage", "without tcg-kp-EKCertificate"));
			}
		}
		let constraints = self
			.extension(BASIC_CONSTRAINTS)?
			.and_then(|e| BasicConstraints::from_der(e.extn_value.as_bytes()).ok())
			.ok_or_else(|| bad("basicConstraints", "absent"))?;
		let usage = self
			.extension(KEY_USAGE)?
			.and_then(|e| KeyUsage::from_der(e.extn_value.as_bytes()).ok())
			.ok_or_else(|| bad("keyUsage", "absent"))?;
		if !constraints.ca {
			return Err(bad("basicConstraints", "not an authority"));
		}
		if constraints.path_len_constraint.is_some_and(|most| below > most) {
			return Err(bad("pathLenConstraint", "too small"));
		}
		if !usage.key_cert_sign() {
			return Err(bad("keyUsage", "without keyCertSign"));
		}
		Ok(())
	}

	/// Checks that `now` is within the validity period, both ends included.
	pub(crate) fn check_validity(&self, field: &'static str, now: UnixSeconds) -> Check {
		check_validity(self.codes.validity, field, self.not_before(), self.not_after(), now)
	}

	/// Verifies the issuer's signature with the algorithm of AMD's certificates.
	pub(crate) fn check_amd_signature<C: Crypto>(
		&self,
		field: &'static str,
		issuer: &RsaKey,
	) -> Check {
		let signature = self.inner.signature.as_bytes();
		let algorithm = &self.inner.signature_algorithm;
		check_amd_pss::<C>(field, algorithm, self.tbs, signature, issuer, self.codes)
	}

	/// Checks that the key of the certificate may sign revocation lists.
	pub(crate) fn check_crl_signer(&self) -> Check {
		let usage = self
			.extension(KEY_USAGE)?
			.and_then(|e| KeyUsage::from_der(e.extn_value.as_bytes()).ok());
		match usage {
			Some(usage) if usage.crl_sign() => Ok(()),
			_ => Err(Rejection::new(self.codes.role, "keyUsage", "without cRLSign", "cRLSign")),
		}
	}

	pub(crate) fn serial_number(&self) -> &SerialNumber {
		&self.inner.tbs_certificate.serial_number
	}

	/// Verifies the issuer's signature with an algorithm of TPM vendors: RSA PKCS #1 or ECDSA, with
	/// SHA-256, SHA-384 or SHA-512.
	pub(crate) fn check_signature<C: Crypto>(
		&self,
		field: &'static str,
		issuer: &CertificateKey,
	) -> Check {
		let algorithm = self.inner.signature_algorithm.oid;
		let (is_rsa, hash) = match algorithm {
			SHA256_WITH_RSA => (true, SignatureHash::Sha256),
			SHA384_WITH_RSA => (true, SignatureHash::Sha384),
			SHA512_WITH_RSA => (true, SignatureHash::Sha512),
			ECDSA_WITH_SHA256 => (false, SignatureHash::Sha256),
			ECDSA_WITH_SHA384 => (false, SignatureHash::Sha384),
			ECDSA_WITH_SHA512 => (false, SignatureHash::Sha512),
			_ => return Err(self.bad_algorithm(algorithm)),
		};
		let signature = self.signature(field)?;
		let key = match issuer {
			CertificateKey::Rsa(key) if is_rsa => {
				return C::rsa(key, RsaPadding::Pkcs1, hash, self.tbs, signature)
					.map_err(|_| self.bad_signature(field));
			},
			CertificateKey::P256(key) if !is_rsa => EcdsaKey::P256(key),
			CertificateKey::P384(key) if !is_rsa => EcdsaKey::P384(key),
			CertificateKey::P521(key) if !is_rsa => EcdsaKey::P521(key),
			CertificateKey::Rsa(_)
			| CertificateKey::P256(_)
			| CertificateKey::P384(_)
			| CertificateKey::P521(_) => return Err(self.bad_algorithm(algorithm)),
		};
		let (r, s) = scalars::<66>(signature).ok_or_else(|| self.bad_signature(field))?;
		let (r, s) = (significant(&r), significant(&s));
		C::ecdsa(key, hash, self.tbs, r, s).map_err(|_| self.bad_signature(field))
	}

	fn bad_algorithm(&self, seen: ObjectIdentifier) -> Rejection {
		Rejection::new(
			self.codes.algorithm,
			"signatureAlgorithm",
			seen.to_string(),
			"RSA or ECDSA by the issuer's key, with SHA-256, SHA-384 or SHA-512",
		)
	}

	fn signature(&self, field: &'static str) -> Check<&[u8]> {
		self.inner.signature.as_bytes().ok_or_else(|| self.bad_signature(field))
	}

	fn bad_signature(&self, field: &'static str) -> Rejection {
		Rejection::new(self.codes.signature, field, "a signature of another key", ())
	}
}

/// Verifies a signature of AMD: RSA-PSS with SHA-384.
pub(crate) fn check_amd_pss<C: Crypto>(
	field: &'static str,
	algorithm: &AlgorithmIdentifierOwned,
	message: &[u8],
	signature: Option<&[u8]>,
	issuer: &RsaKey,
	codes: ChainCodes,
) -> Check {
	let parameters = algorithm.parameters.as_ref().map(|parameters| parameters.value());
	let pss = parameters.is_some_and(|bytes| {
		bytes
			.strip_prefix(&PSS_SHA384_SALT48)
			.and_then(|rest| rest.strip_prefix(&SALT_48))
			.is_some_and(|rest| rest.is_empty() || rest == DEFAULT_TRAILER)
	});
	if algorithm.oid != RSASSA_PSS || !pss {
		return Err(Rejection::new(
			codes.algorithm,
			"signatureAlgorithm",
			"another algorithm",
			"RSASSA-PSS with SHA-384 and a salt of 48 bytes",
		));
	}
	let bad = || Rejection::new(codes.signature, field, "a signature of another key", ());
	let signature = signature.ok_or_else(bad)?;
	let padding = RsaPadding::Pss { salt: 48 };
	C::rsa(issuer, padding, SignatureHash::Sha384, message, signature).map_err(|_| bad())
}

/// Decodes an RSAPublicKey of 2048 to 4096 bits. Shorter keys are not safe, and longer ones cost
/// too much to check.
pub(crate) fn rsa_key(der: &[u8]) -> Option<RsaKey> {
	let key = rsa::pkcs1::RsaPublicKey::from_der(der).ok()?;
	let modulus = key.modulus.as_bytes();
	let exponent = key
		.public_exponent
		.as_bytes()
		.iter()
		.try_fold(0u32, |sum, &byte| sum.checked_mul(256)?.checked_add(byte.into()))?;
	let fits = (256..=512).contains(&modulus.len()) && modulus.first().is_some_and(|&b| b >= 0x80);
	fits.then(|| RsaKey { modulus: modulus.to_vec(), exponent })
}

/// Decodes a point of the curve with this id.
fn ecdsa_key(curve: ObjectIdentifier, bits: &[u8]) -> Option<CertificateKey> {
	Some(match curve {
		PRIME256V1 => {
			let (x, y) = point(bits)?;
			CertificateKey::P256(P256Key { x, y })
		},
		SECP384R1 => {
			let (x, y) = point(bits)?;
			CertificateKey::P384(P384Key { x, y })
		},
		SECP521R1 => {
			let (x, y) = point(bits)?;
			CertificateKey::P521(P521Key { x, y })
		},
		_ => return None,
	})
}

/// Returns a big-endian number without its leading zeroes.
fn significant(number: &[u8]) -> &[u8] {
	let zeroes = number.iter().take_while(|&&byte| byte == 0).count();
	number.get(zeroes..).unwrap_or_default()
}

/// Returns the coordinates of an uncompressed point.
pub(crate) fn point<const N: usize>(bits: &[u8]) -> Option<([u8; N], [u8; N])> {
	let (x, y) = bits.strip_prefix(&[0x04])?.split_at_checked(N)?;
	Some((x.try_into().ok()?, y.try_into().ok()?))
}

/// Returns the scalars `r` and `s` of an ECDSA signature in DER.
pub(crate) fn scalars<const N: usize>(der: &[u8]) -> Option<([u8; N], [u8; N])> {
	let sequence = AnyRef::from_der(der).ok().filter(|any| any.tag() == Tag::Sequence)?;
	let mut reader = SliceReader::new(sequence.value()).ok()?;
	let r = UintRef::decode(&mut reader).ok()?;
	let s = UintRef::decode(&mut reader).ok()?;
	reader.is_finished().then_some(())?;
	Some((padded(r.as_bytes())?, padded(s.as_bytes())?))
}

/// Checks that `now` is between the two times, both ends included.
pub(crate) fn check_validity(
	code: RejectCode,
	field: &'static str,
	not_before: UnixSeconds,
	not_after: UnixSeconds,
	now: UnixSeconds,
) -> Check {
	if now < not_before || now > not_after {
		return Err(Rejection::new(
			code,
			field,
			now.0,
			alloc::format!("{} to {}", not_before.0, not_after.0),
		));
	}
	Ok(())
}
