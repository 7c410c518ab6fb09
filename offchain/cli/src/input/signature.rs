//! Signatures of quotes, in the formats that TPM tools write.

use std::path::Path;

use hcc_evidence::{
	tpm::{Attest, AttestationKey, PcrBank, PublicKey, Scheme, Signature},
	Check,
};
use x509_cert::der::{
	asn1::{AnyRef, UintRef},
	Decode,
};

use super::mismatch;

/// Decodes the signature of a quote: a TPMT_SIGNATURE, or a plain signature. If the padding of a
/// plain RSA signature is unknown, returns one candidate for each possible padding.
///
/// A plain signature does not state its hash algorithm. A TPM uses the same hash algorithm for the
/// quote's pcrDigest, so the length of pcrDigest determines the algorithm.
pub(crate) fn quote_signature(
	path: &Path,
	bytes: &[u8],
	key: &AttestationKey,
	quote: &Attest,
) -> anyhow::Result<Check<Vec<Signature>>> {
	let refused = match Signature::parse(bytes) {
		Ok(signature) => return Ok(Ok(vec![signature])),
		Err(refused) => refused,
	};
	if let Some(candidates) = plain(bytes, key, quote) {
		return Ok(Ok(candidates));
	}
	// The bytes are a truncated TPMT_SIGNATURE, or a TPMT_SIGNATURE with an unknown scheme.
	if matches!(bytes, [0, 0x05 | 0x14 | 0x16 | 0x18 | 0x1a..=0x1c, 0, ..]) {
		return Ok(Err(refused));
	}
	let wanted = "a TPMT_SIGNATURE, nor a plain signature (RSA, or ECDSA in DER) of this key";
	Err(mismatch(path, wanted, bytes))
}

fn plain(bytes: &[u8], key: &AttestationKey, quote: &Attest) -> Option<Vec<Signature>> {
	let hash = PcrBank::ALL.into_iter().find(|bank| bank.digest_len() == quote.pcr_digest.len())?;
	if let PublicKey::Rsa(rsa) = &key.key {
		if bytes.len() != rsa.modulus.len() {
			return None;
		}
		let of = |scheme| Signature::Rsa { scheme, hash, bytes: bytes.to_vec() };
		let schemes = match key.scheme {
			Some(scheme) => vec![scheme],
			None => vec![Scheme::RsaSsa, Scheme::RsaPss],
		};
		return Some(schemes.into_iter().map(of).collect());
	}
	let (r, s) = scalars(bytes)?;
	Some(vec![Signature::Ecdsa { hash, r, s }])
}

/// Decodes an Ecdsa-Sig-Value in DER to the numbers r and s.
fn scalars(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
	let numbers = AnyRef::from_der(der).and_then(|any| {
		any.sequence(|reader| Ok((UintRef::decode(reader)?, UintRef::decode(reader)?)))
	});
	let (r, s) = numbers.ok()?;
	Some((r.as_bytes().to_vec(), s.as_bytes().to_vec()))
}
