//! Certificates and revocation lists, in DER or PEM. A file may contain further objects.

use std::path::Path;

use anyhow::{bail, ensure, Context};
use x509_cert::{
	crl::CertificateList,
	der::{Decode, Reader, SliceReader},
	Certificate,
};

use super::{mismatch, read, rfc7468, Limit};

/// A decoded certificate. Its signature is not verified.
struct Decoded {
	der: Vec<u8>,
	certificate: Certificate,
}

impl Decoded {
	fn subject(&self) -> String {
		self.certificate.tbs_certificate.subject.to_string()
	}

	fn is_self_issued(&self) -> bool {
		let fields = &self.certificate.tbs_certificate;
		fields.subject == fields.issuer
	}

	/// Returns `true` if this certificate names the other one as its issuer.
	fn is_below(&self, other: &Self) -> bool {
		self.certificate.tbs_certificate.issuer == other.certificate.tbs_certificate.subject
	}
}

/// Decodes the certificates of a file, without duplicates.
fn certificates(path: &Path) -> anyhow::Result<Vec<Decoded>> {
	let bytes = read(path, &Limit::KEY)?;
	let mut found: Vec<Decoded> = Vec::new();
	for der in objects(path, &bytes, of_label, "a certificate in DER or PEM")? {
		let Ok(certificate) = Certificate::from_der(&der) else {
			return Err(mismatch(path, "an X.509 certificate in DER or PEM", &bytes));
		};
		if !found.iter().any(|other| other.der == der) {
			found.push(Decoded { der, certificate });
		}
	}
	Ok(found)
}

/// Returns the certificate in a PEM object, in DER. Returns `None` for another kind of object.
pub(super) fn of_label(label: &str, der: &[u8]) -> Option<Vec<u8>> {
	match label {
		"CERTIFICATE" | "X509 CERTIFICATE" | "X.509 CERTIFICATE" => Some(der.to_vec()),
		// In this format, OpenSSL adds its own trust settings after the certificate.
		"TRUSTED CERTIFICATE" => {
			let first = SliceReader::new(der).and_then(|mut reader| reader.tlv_bytes());
			first.ok().map(<[u8]>::to_vec)
		},
		_ => None,
	}
}

/// Returns the objects of the wanted kind in a file. If the file is not PEM, the whole file is one
/// object in DER.
fn objects(
	path: &Path,
	bytes: &[u8],
	of_label: fn(&str, &[u8]) -> Option<Vec<u8>>,
	wanted: &str,
) -> anyhow::Result<Vec<Vec<u8>>> {
	let blocks = rfc7468::blocks(bytes).with_context(|| format!("in {}", path.display()))?;
	let Some(blocks) = blocks else { return Ok(vec![bytes.to_vec()]) };
	let found: Vec<_> =
		blocks.iter().filter_map(|block| of_label(&block.label, &block.der)).collect();
	if found.is_empty() {
		return Err(mismatch(path, wanted, bytes));
	}
	Ok(found)
}

/// Returns the only certificate for which `is_wanted` holds, or the only certificate of the file.
fn only(
	path: &Path,
	mut found: Vec<Decoded>,
	is_wanted: impl Fn(&Decoded, &[Decoded]) -> bool,
	wanted: &str,
) -> anyhow::Result<Vec<u8>> {
	if found.len() > 1 {
		let subjects: Vec<_> = found.iter().map(Decoded::subject).collect();
		let fitting: Vec<_> =
			(0..found.len()).filter(|at| is_wanted(&found[*at], &found)).collect();
		match fitting.as_slice() {
			[at] => return Ok(found.swap_remove(*at).der),
			fitting => bail!(
				"{} contains {} certificates that may be {wanted}: {}",
				path.display(),
				fitting.len(),
				subjects.join("; ")
			),
		}
	}
	let one = found.pop().with_context(|| format!("{} has no certificate", path.display()))?;
	Ok(one.der)
}

/// Reads a chip's certificate from a file that may also contain the issuers, in any order. The
/// chip's certificate is the one that has issued no other certificate of the file.
pub(crate) fn leaf(path: &Path) -> anyhow::Result<Vec<u8>> {
	let is_leaf = |of: &Decoded, all: &[Decoded]| {
		!of.is_self_issued() && !all.iter().any(|other| other.is_below(of))
	};
	only(path, certificates(path)?, is_leaf, "a chip's")
}

/// A certificate of AMD that issues other certificates.
#[derive(Clone, Copy)]
pub(crate) enum Authority {
	Ark,
	Ask,
	Asvk,
}

/// Reads the certificate of AMD's root or of an intermediate. The file may contain other
/// certificates, in any order.
pub(crate) fn authority(path: &Path, which: Authority) -> anyhow::Result<Vec<u8>> {
	let is_wanted = |of: &Decoded, _: &[Decoded]| match which {
		Authority::Ark => of.is_self_issued(),
		Authority::Ask => !of.is_self_issued() && !of.subject().contains("VLEK"),
		Authority::Asvk => !of.is_self_issued() && of.subject().contains("VLEK"),
	};
	let name = match which {
		Authority::Ark => "the ARK",
		Authority::Ask => "the ASK",
		Authority::Asvk => "the ASVK",
	};
	only(path, certificates(path)?, is_wanted, name)
}

/// Reads revocation lists of at most `max` bytes each.
pub(crate) fn crls(path: &Path, max: usize) -> anyhow::Result<Vec<Vec<u8>>> {
	let bytes = read(path, &Limit::CRL)?;
	let of_label =
		|label: &str, der: &[u8]| matches!(label, "X509 CRL" | "CRL").then(|| der.to_vec());
	let found = objects(path, &bytes, of_label, "a certificate revocation list in DER or PEM")?;
	for der in &found {
		if CertificateList::from_der(der).is_err() {
			let wanted = "a certificate revocation list in DER or PEM";
			return Err(mismatch(path, wanted, &bytes));
		}
		ensure!(der.len() <= max, "{} has a list of more than {max} bytes", path.display());
	}
	Ok(found)
}

/// Returns the revocation list that the certificate `ark` issued. If there is none, returns the
/// first list.
pub(crate) fn crl_of<'a>(lists: &'a [Vec<u8>], ark: &[u8]) -> Option<&'a [u8]> {
	let issued = Certificate::from_der(ark).ok().and_then(|ark| {
		let issuer = ark.tbs_certificate.subject;
		let is_of = |der: &&Vec<u8>| {
			CertificateList::from_der(der).is_ok_and(|list| list.tbs_cert_list.issuer == issuer)
		};
		lists.iter().find(is_of)
	});
	// The verifier names the fault of a list or a certificate that does not fit.
	issued.or(lists.first()).map(Vec::as_slice)
}
