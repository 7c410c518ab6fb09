use alloc::vec::Vec;

use super::{
	Attest, AttestationKey, PcrBank, PcrSelection, PcrValues, PublicKey, Scheme, Signature,
};
use crate::{
	bytes::padded,
	crypto::{Crypto, RsaPadding},
	Check, RejectCode, Rejection,
};

/// The expectation for a field. There is no default: a caller that accepts any value must say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted<T> {
	/// Any value.
	Any,
	/// Exactly this value.
	Exactly(T),
}

/// The expectations for a quote.
#[derive(Clone, Debug)]
pub struct QuoteRequest<'a> {
	/// The complete extraData.
	pub nonce: &'a [u8],
	/// The PCRs that must be quoted, by bank and in this order.
	pub selections: Wanted<&'a [PcrSelection]>,
	/// The qualified name of the enrolled key.
	pub qualified_signer: Wanted<&'a [u8]>,
	/// The values that the quoted PCRs must have.
	pub values: Wanted<&'a PcrValues>,
}

/// A verified quote that answers a request. Only [`verify_quote`] creates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticQuote(Attest);

impl AuthenticQuote {
	/// Returns the fields of the quote.
	pub fn attest(&self) -> &Attest {
		&self.0
	}
}

/// Verifies a quote: a TPMS_ATTEST (`attest`) with its signature by `key`.
///
/// It costs one signature verification, which comes last, after all cheaper checks.
///
/// ## Errors
/// Classes [`crate::RejectClass::Malformed`], [`crate::RejectClass::TpmQuote`] and
/// [`crate::RejectClass::TpmSignature`]; [`RejectCode::QuoteNonce`].
pub fn verify_quote<C: Crypto>(
	attest: &[u8],
	signature: &Signature,
	key: &AttestationKey,
	request: &QuoteRequest<'_>,
) -> Check<AuthenticQuote> {
	let quote = Attest::parse(attest)?;
	if quote.extra_data != request.nonce {
		let seen = quote.extra_data.as_slice();
		return Err(Rejection::new(RejectCode::QuoteNonce, "extraData", seen, request.nonce));
	}
	if let Wanted::Exactly(selections) = request.selections {
		check_selections(&quote.selections, selections)?;
	}
	if let Wanted::Exactly(signer) = request.qualified_signer {
		if quote.qualified_signer != signer {
			let seen = quote.qualified_signer.as_slice();
			return Err(Rejection::new(
				RejectCode::QualifiedSigner,
				"qualifiedSigner",
				seen,
				signer,
			));
		}
	}
	if let Wanted::Exactly(values) = request.values {
		check_values(&quote, signature.hash(), values)?;
	}
	check_signature::<C>(attest, signature, key)?;
	Ok(AuthenticQuote(quote))
}

fn check_selections(seen: &[PcrSelection], wanted: &[PcrSelection]) -> Check {
	if seen == wanted {
		return Ok(());
	}
	let show = |selections: &[PcrSelection]| {
		let banks: Vec<_> = selections
			.iter()
			.map(|selection| alloc::format!("{}:{:#x}", selection.bank.name(), selection.mask))
			.collect();
		banks.join("+")
	};
	Err(Rejection::new(RejectCode::PcrSelection, "pcrSelect", show(seen), show(wanted)))
}

/// Checks that `values` has a value for each quoted PCR, and that their digest is the quoted one.
/// Values of other PCRs prove nothing and are ignored.
fn check_values(quote: &Attest, hash: PcrBank, values: &PcrValues) -> Check {
	let mut quoted = Vec::<&[u8]>::new();
	for selection in &quote.selections {
		for index in selection.indices() {
			let value = values.get(selection.bank, index).ok_or_else(|| {
				let wanted = alloc::format!("{} pcr {index}", selection.bank.name());
				Rejection::new(RejectCode::PcrValues, "pcr values", "none", wanted)
			})?;
			if value.len() != selection.bank.digest_len() {
				return Err(Rejection::new(
					RejectCode::PcrValues,
					"pcr values",
					value.len(),
					selection.bank.digest_len(),
				));
			}
			quoted.push(value);
		}
	}
	let digest = hash.hash(&quoted);
	if digest != quote.pcr_digest {
		return Err(Rejection::new(
			RejectCode::PcrDigest,
			"pcrDigest",
			digest.as_slice(),
			quote.pcr_digest.as_slice(),
		));
	}
	Ok(())
}

fn check_signature<C: Crypto>(attest: &[u8], signature: &Signature, key: &AttestationKey) -> Check {
	let scheme = signature.scheme();
	let fits = match key.key {
		PublicKey::Rsa(_) => matches!(scheme, Scheme::RsaSsa | Scheme::RsaPss),
		PublicKey::P256(_) => scheme == Scheme::Ecdsa,
	};
	if !fits || key.scheme.is_some_and(|of_key| of_key != scheme) {
		let wanted = key.scheme.map_or("the key's scheme", Scheme::name);
		return Err(Rejection::new(RejectCode::SignatureScheme, "sigAlg", scheme.name(), wanted));
	}
	if signature.hash() != PcrBank::Sha256 {
		let seen = signature.hash().name();
		return Err(Rejection::new(RejectCode::SignatureScheme, "hash", seen, "sha256"));
	}
	let bad = || {
		let seen = "a signature of another key, or of other bytes";
		Rejection::new(RejectCode::QuoteSignature, "TPMT_SIGNATURE", seen, ())
	};
	match (signature, &key.key) {
		(Signature::Rsa { scheme, bytes, .. }, PublicKey::Rsa(key)) => {
			let padding = match scheme {
				Scheme::RsaSsa => RsaPadding::Pkcs1Sha256,
				Scheme::RsaPss => RsaPadding::PssSha256,
				Scheme::Ecdsa => return Err(bad()),
			};
			C::rsa(key, padding, attest, bytes).map_err(|_| bad())
		},
		(Signature::Ecdsa { r, s, .. }, PublicKey::P256(key)) => {
			let r = padded(r).ok_or_else(bad)?;
			let s = padded(s).ok_or_else(bad)?;
			C::p256_sha256(key, attest, &r, &s).map_err(|_| bad())
		},
		(Signature::Rsa { .. }, PublicKey::P256(_))
		| (Signature::Ecdsa { .. }, PublicKey::Rsa(_)) => Err(bad()),
	}
}
