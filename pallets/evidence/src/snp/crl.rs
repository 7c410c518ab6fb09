//! AMD's revocation lists: X.509 CRLs that its root keys sign.

use alloc::{string::ToString, vec::Vec};

use const_oid::ObjectIdentifier;
use der::{asn1::AnyRef, Decode, Reader as _, SliceReader};
use sha2::{Digest, Sha256};
use x509_cert::{crl::CertificateList, serial_number::SerialNumber, time::Time};

use crate::{
	certificate::{check_amd_pss, check_validity, Certificate, SNP_CHAIN},
	crypto::Crypto,
	Check, RejectCode, Rejection, UnixSeconds,
};

/// The largest list that is decoded, in bytes: about 40 entries. The limit bounds the decoding
/// cost.
pub const MAX_CRL: usize = 2 << 10;

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// The serial number of a certificate, big-endian and padded with zeroes.
pub type Serial = [u8; 20];

/// The SHA-256 digest of a root's certificate (DER), which identifies its revocation list.
pub type ArkId = [u8; 32];

/// Returns the identifier of a root.
pub fn ark_id(ark: &[u8]) -> ArkId {
	Sha256::digest(ark).into()
}

pub(super) fn serial(number: &SerialNumber) -> Option<Serial> {
	crate::bytes::padded(number.as_bytes())
}

/// A verified revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
	pub this_update: UnixSeconds,
	/// The time until which the list is current.
	pub next_update: UnixSeconds,
	pub revoked: Vec<Serial>,
}

/// A decoded revocation list. It is not verified.
pub struct UnverifiedCrl<'a> {
	list: CertificateList,
	/// The bytes that the issuer signed.
	tbs: &'a [u8],
}

impl<'a> UnverifiedCrl<'a> {
	/// Decodes a list (DER).
	///
	/// ## Errors
	/// Class [`crate::RejectClass::Malformed`]. The code is [`RejectCode::CertificateExtension`] if
	/// a critical extension is not supported.
	pub fn parse(der: &'a [u8]) -> Check<Self> {
		if der.len() > MAX_CRL {
			return Err(malformed("CertificateList", der.len()));
		}
		let list = CertificateList::from_der(der)
			.map_err(|_| malformed("CertificateList", "undecodable"))?;
		if list.signature_algorithm != list.tbs_cert_list.signature {
			return Err(malformed("signatureAlgorithm", "different from tbsCertList.signature"));
		}
		check_extensions(&list)?;
		Ok(Self { list, tbs: signed_part(der)? })
	}

	/// Verifies that the root with the certificate `ark` (DER) issued the list.
	///
	/// An expired list passes, because it may still be the newest one. The caller must check
	/// `next_update`. The verification costs one RSA-4096 signature if the list names the root as
	/// its issuer.
	///
	/// ## Errors
	/// Classes [`crate::RejectClass::SnpChain`] and [`crate::RejectClass::Malformed`].
	pub fn verify<C: Crypto>(&self, ark: &[u8], now: UnixSeconds) -> Check<RevocationList> {
		let ark = Certificate::parse(ark, SNP_CHAIN)?;
		let tbs = &self.list.tbs_cert_list;
		if tbs.issuer != *ark.subject() {
			let (code, wanted) = (RejectCode::UnknownIssuer, ark.subject().to_string());
			return Err(Rejection::new(code, "CRL issuer", "another", wanted));
		}
		ark.check_crl_signer()?;
		let next = tbs.next_update.as_ref().ok_or_else(|| malformed("nextUpdate", "absent"))?;
		let (this_update, next_update) = (seconds(&tbs.this_update), seconds(next));
		let (code, forever) = (SNP_CHAIN.validity, UnixSeconds(u64::MAX));
		check_validity(code, "thisUpdate", UnixSeconds(0), now, this_update)?;
		check_validity(code, "nextUpdate", this_update, forever, next_update)?;
		check_amd_pss::<C>(
			"CRL signature",
			&self.list.signature_algorithm,
			self.tbs,
			self.list.signature.as_bytes(),
			&ark.amd_authority_key()?,
			SNP_CHAIN,
		)?;
		let revoked = tbs.revoked_certificates.iter().flatten();
		let revoked = revoked.map(|entry| {
			serial(&entry.serial_number).ok_or_else(|| malformed("userCertificate", "too long"))
		});
		Ok(RevocationList { this_update, next_update, revoked: revoked.collect::<Check<_>>()? })
	}
}

/// Rejects critical extensions. The verifier supports neither delta lists nor lists of only some
/// certificates.
fn check_extensions(list: &CertificateList) -> Check {
	let tbs = &list.tbs_cert_list;
	let of_entries = tbs.revoked_certificates.iter().flatten();
	let of_entries = of_entries.flat_map(|entry| entry.crl_entry_extensions.iter().flatten());
	let known = [CRL_NUMBER, AUTHORITY_KEY_ID];
	let mut all = tbs.crl_extensions.iter().flatten().chain(of_entries);
	match all.find(|extension| extension.critical && !known.contains(&extension.extn_id)) {
		None => Ok(()),
		Some(critical) => Err(Rejection::new(
			RejectCode::CertificateExtension,
			"critical",
			critical.extn_id.to_string(),
			"none that is critical",
		)),
	}
}

fn seconds(time: &Time) -> UnixSeconds {
	UnixSeconds(time.to_unix_duration().as_secs())
}

/// Returns the bytes that the issuer signed.
fn signed_part(der: &[u8]) -> Check<&[u8]> {
	AnyRef::from_der(der)
		.and_then(|outer| SliceReader::new(outer.value()))
		.and_then(|mut reader| reader.tlv_bytes())
		.map_err(|_| malformed("tbsCertList", "undecodable"))
}

fn malformed(field: &'static str, seen: impl Into<crate::verdict::Value>) -> Rejection {
	Rejection::new(RejectCode::CertificateEncoding, field, seen, "a CRL in DER")
}
