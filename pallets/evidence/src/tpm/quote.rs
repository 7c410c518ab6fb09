use alloc::vec::Vec;

use super::{
	Attest, AttestationKey, PcrBank, PcrSelection, PcrValues, PublicKey, Scheme, Signature,
};
use crate::{
	crypto::{Crypto, EcdsaKey, RsaPadding, SignatureHash},
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

/// The treatment of quotes that depend on SHA-1, for which collisions are feasible. There is no
/// default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sha1 {
	/// Signatures over SHA-1 and quotes of the SHA-1 bank alone are rejected.
	Refuse,
	/// Signatures over SHA-1 and quotes of the SHA-1 bank alone are accepted.
	Accept,
}

/// The expectations for a quote.
#[derive(Clone, Debug)]
pub struct QuoteRequest<'a> {
	/// The complete extraData. An empty value never answers a request; a caller that accepts a
	/// quote without a nonce writes [`Wanted::Any`].
	pub nonce: Wanted<&'a [u8]>,
	/// The treatment of SHA-1.
	pub sha1: Sha1,
	/// The PCRs that must be quoted, by bank and in this order.
	pub selections: Wanted<&'a [PcrSelection]>,
	/// The qualified name of the enrolled key.
	pub qualified_signer: Wanted<&'a [u8]>,
	/// The values of all quoted PCRs, and of no other PCRs.
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
/// The verification costs one signature check, which comes last, after all cheaper checks.
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
	if let Wanted::Exactly(nonce) = request.nonce {
		check_nonce(&quote.extra_data, nonce)?;
	}
	if let Wanted::Exactly(selections) = request.selections {
		check_selections(&quote.selections, selections)?;
	}
	if request.sha1 == Sha1::Refuse {
		refuse_sha1(&quote.selections, signature.hash())?;
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

fn check_nonce(seen: &[u8], wanted: &[u8]) -> Check {
	let code = RejectCode::QuoteNonce;
	if wanted.is_empty() {
		return Err(Rejection::new(code, "extraData", seen, "a nonce that is not empty"));
	}
	if seen.is_empty() {
		return Err(Rejection::new(code, "extraData", "empty", wanted));
	}
	if seen != wanted {
		return Err(Rejection::new(code, "extraData", seen, wanted));
	}
	Ok(())
}

/// Rejects a signature over SHA-1, and a quote that covers PCRs of the SHA-1 bank only.
fn refuse_sha1(selections: &[PcrSelection], hash: PcrBank) -> Check {
	let wanted = "sha256, sha384 or sha512";
	if hash == PcrBank::Sha1 {
		return Err(Rejection::new(RejectCode::SignatureScheme, "hash", "sha1", wanted));
	}
	let is_sha1 = |selection: &PcrSelection| selection.bank == PcrBank::Sha1;
	if !selections.is_empty() && selections.iter().all(is_sha1) {
		let seen = "the sha1 bank only";
		return Err(Rejection::new(RejectCode::PcrSelection, "pcrSelect", seen, wanted));
	}
	Ok(())
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

/// Checks that `values` has exactly one value for each quoted PCR and none for others, and that
/// their digest is the quoted one. A value that the quote does not prove must not pass as checked.
fn check_values(quote: &Attest, hash: PcrBank, values: &PcrValues) -> Check {
	let is_quoted = |bank: PcrBank, index: u8| {
		let mut selections = quote.selections.iter();
		selections.any(|selection| selection.bank == bank && selection.covers(index))
	};
	for (at, (bank, index, _)) in values.0.iter().enumerate() {
		let wrong = |seen: &str| {
			let seen = alloc::format!("{} pcr {index} {seen}", bank.name());
			Err(Rejection::new(RejectCode::PcrValues, "pcr values", seen, "each quoted pcr once"))
		};
		if !is_quoted(*bank, *index) {
			return wrong("without a quote");
		}
		if values.0.iter().take(at).any(|(of, other, _)| (of, other) == (bank, index)) {
			return wrong("twice");
		}
	}
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
		PublicKey::P256(_) | PublicKey::P384(_) | PublicKey::P521(_) => scheme == Scheme::Ecdsa,
	};
	if !fits || key.scheme.is_some_and(|of_key| of_key != scheme) {
		let wanted = key.scheme.map_or("the key's scheme", Scheme::name);
		return Err(Rejection::new(RejectCode::SignatureScheme, "sigAlg", scheme.name(), wanted));
	}
	let bad = || {
		let seen = "a signature of another key, or of other bytes";
		Rejection::new(RejectCode::QuoteSignature, "TPMT_SIGNATURE", seen, ())
	};
	let hash = signature_hash(signature.hash());
	match signature {
		Signature::Rsa { scheme, bytes, .. } => {
			let padding = match scheme {
				Scheme::RsaSsa => RsaPadding::Pkcs1,
				Scheme::RsaPss => RsaPadding::PssAnySalt,
				Scheme::Ecdsa => return Err(bad()),
			};
			let PublicKey::Rsa(key) = &key.key else { return Err(bad()) };
			C::rsa(key, padding, hash, attest, bytes).map_err(|_| bad())
		},
		Signature::Ecdsa { r, s, .. } => {
			let key = match &key.key {
				PublicKey::Rsa(_) => return Err(bad()),
				PublicKey::P256(key) => EcdsaKey::P256(key),
				PublicKey::P384(key) => EcdsaKey::P384(key),
				PublicKey::P521(key) => EcdsaKey::P521(key),
			};
			C::ecdsa(key, hash, attest, r, s).map_err(|_| bad())
		},
	}
}

const fn signature_hash(hash: PcrBank) -> SignatureHash {
	match hash {
		PcrBank::Sha1 => SignatureHash::Sha1,
		PcrBank::Sha256 => SignatureHash::Sha256,
		PcrBank::Sha384 => SignatureHash::Sha384,
		PcrBank::Sha512 => SignatureHash::Sha512,
	}
}
