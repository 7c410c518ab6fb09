//! Public keys in all usual encodings.

use std::path::Path;

use anyhow::{bail, Context};
use hcc_evidence::tpm::AttestationKey;
use x509_cert::{
	der::{
		asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef},
		Decode, Encode,
	},
	spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef},
	Certificate,
};

use super::{certificates, mismatch, read, rfc7468, Limit};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Reads an attestation key: a TPM2B_PUBLIC, a TPMT_PUBLIC, or a public key in PEM or DER.
pub(crate) fn attestation_key(path: &Path) -> anyhow::Result<AttestationKey> {
	let bytes = read(path, &Limit::KEY)?;
	let unsupported = || format!("cannot use the key in {}", path.display());
	if let Some(der) = spki(path, &bytes)? {
		return AttestationKey::from_spki(&der).with_context(unsupported);
	}
	let sized = AttestationKey::from_tpm2b_public(&bytes);
	let key = sized.or_else(|first| AttestationKey::from_tpmt_public(&bytes).map_err(|_| first));
	key.map_err(|refused| {
		if matches!(bytes.as_slice(), [_, _, 0, 0x01 | 0x23, ..] | [0, 0x01 | 0x23, ..]) {
			return anyhow::Error::from(refused).context(unsupported());
		}
		let wanted = "an attestation key in PEM, DER, TPM2B_PUBLIC or TPMT_PUBLIC";
		mismatch(path, wanted, &bytes)
	})
}

/// Reads a public key. Returns its SubjectPublicKeyInfo in DER.
pub(crate) fn public_key(path: &Path) -> anyhow::Result<Vec<u8>> {
	let bytes = read(path, &Limit::KEY)?;
	spki(path, &bytes)?.ok_or_else(|| mismatch(path, "a public key in PEM or DER", &bytes))
}

/// Returns the SubjectPublicKeyInfo of a file in PEM or DER. Returns `None` for another format.
fn spki(path: &Path, bytes: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
	let blocks = rfc7468::blocks(bytes).with_context(|| format!("in {}", path.display()))?;
	let Some(blocks) = blocks else { return Ok(of_der(bytes)) };
	let mut found = Vec::new();
	for block in &blocks {
		let key = match block.label.as_str() {
			"PUBLIC KEY" => of_spki(&block.der),
			"RSA PUBLIC KEY" => of_pkcs1(&block.der),
			label => match certificates::of_label(label, &block.der) {
				Some(der) => of_certificate(&der),
				None => continue,
			},
		};
		let (label, path) = (&block.label, path.display());
		found.push(key.with_context(|| format!("{path} has a malformed {label}"))?);
	}
	found.sort();
	found.dedup();
	match found.len() {
		0 => Err(mismatch(path, "a public key", bytes)),
		1 => Ok(found.pop()),
		count => bail!("{} contains {count} different keys, expected one", path.display()),
	}
}

fn of_der(der: &[u8]) -> Option<Vec<u8>> {
	of_spki(der).or_else(|| of_pkcs1(der)).or_else(|| of_certificate(der))
}

fn of_spki(der: &[u8]) -> Option<Vec<u8>> {
	SubjectPublicKeyInfoRef::from_der(der).ok().map(|_| der.to_vec())
}

/// Converts an RSAPublicKey of PKCS #1 to a SubjectPublicKeyInfo in DER.
fn of_pkcs1(der: &[u8]) -> Option<Vec<u8>> {
	let numbers = AnyRef::from_der(der).and_then(|any| {
		any.sequence(|reader| Ok((UintRef::decode(reader)?, UintRef::decode(reader)?)))
	});
	numbers.ok()?;
	let algorithm = AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
	let subject_public_key = BitStringRef::from_bytes(der).ok()?;
	SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()
}

fn of_certificate(der: &[u8]) -> Option<Vec<u8>> {
	let certificate = Certificate::from_der(der).ok()?;
	certificate.tbs_certificate.subject_public_key_info.to_der().ok()
}
