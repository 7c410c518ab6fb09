use std::path::PathBuf;

use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{self, Attest, PcrValues, QuoteRequest, Sha1, Signature, Wanted},
	Check, RejectCode, Rejection,
};
use serde_json::{json, Map, Value};

use crate::{
	input::{self, HexBytes, Limit, PcrFile},
	outcome::Outcome,
};

/// Verify a TPM 2.0 quote.
///
/// Checks that a TPM made the quote, that the quote contains the nonce, and that the attestation
/// key signed it. With --pcrs, also checks that the quote is of the given PCR values. The selection
/// of PCRs and the qualified signer are displayed, but not checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The quote: TPMS_ATTEST.
	#[arg(long, value_name = "FILE")]
	attest: PathBuf,

	/// The signature of the quote: a TPMT_SIGNATURE, or a plain signature (the bytes of an RSA
	/// signature, or an ECDSA signature in DER).
	#[arg(long, value_name = "FILE")]
	signature: PathBuf,

	/// The attestation key: TPM2B_PUBLIC, TPMT_PUBLIC, or a public key in PEM or DER.
	#[arg(long, value_name = "FILE")]
	ak: PathBuf,

	/// The expected nonce: the value of extraData in the quote.
	#[arg(
		long,
		value_name = "HEX",
		value_parser = nonce,
		required_unless_present = "no_nonce",
		conflicts_with = "no_nonce"
	)]
	nonce: Option<HexBytes>,

	/// Accept a quote with any nonce or without a nonce. Such a quote may be the replay of an old
	/// quote.
	#[arg(long)]
	no_nonce: bool,

	/// Accept signatures over SHA-1 and PCRs of SHA-1, for which a forger may find collisions.
	#[arg(long)]
	allow_sha1: bool,

	/// The PCR values: a file of `tpm2_quote --pcr` or `tpm2_pcrread --output` (values or
	/// serialized), the YAML that tpm2_pcrread prints, or JSON: {"sha256": {"0": "…"}}. In JSON,
	/// the bank can be omitted if it is sha256, and an array by index is accepted as well. Each
	/// PCR in the file must be quoted.
	#[arg(long, value_name = "FILE")]
	pcrs: Option<PathBuf>,

	/// Print one JSON object.
	#[arg(long)]
	pub(crate) json: bool,
}

fn nonce(text: &str) -> Result<HexBytes, String> {
	if text.is_empty() {
		return Err("use --no-nonce for a quote without a nonce".into());
	}
	input::hex_bytes(text)
}

pub(crate) fn verify(args: &Args) -> anyhow::Result<Outcome> {
	let attest = input::read(&args.attest, &Limit::QUOTE)?;
	let signature = input::read(&args.signature, &Limit::QUOTE)?;
	let key = input::attestation_key(&args.ak)?;
	let pcrs = args.pcrs.as_deref().map(PcrFile::read).transpose()?;
	if !starts_like_attest(&attest) {
		return Err(input::mismatch(&args.attest, "a quote (TPMS_ATTEST)", &attest));
	}

	let mut claims = Map::new();
	let quote = match Attest::parse(&attest) {
		Ok(quote) => quote,
		Err(rejection) => {
			claims.insert("pcr_values_checked".into(), json!(false));
			return Ok(Outcome { result: Err(rejection).into(), claims });
		},
	};
	claims.extend(attest_claims(&quote));
	if let Some(name) = &key.name {
		claims.insert("ak_name".into(), json!(hex::encode(name)));
	}
	let values = pcrs.map(|file| file.values(&quote.selections)).transpose()?;
	let candidates = input::quote_signature(&args.signature, &signature, &key, &quote)?;
	let result = candidates
		.and_then(|candidates| check(&attest, &candidates, &key, &request(args, values.as_ref())));
	claims.insert("pcr_values_checked".into(), json!(result.is_ok() && values.is_some()));
	Ok(Outcome { result: result.into(), claims })
}

fn request<'a>(args: &'a Args, values: Option<&'a PcrValues>) -> QuoteRequest<'a> {
	QuoteRequest {
		nonce: args.nonce.as_ref().map_or(Wanted::Any, |nonce| Wanted::Exactly(nonce.0.as_slice())),
		sha1: if args.allow_sha1 { Sha1::Accept } else { Sha1::Refuse },
		selections: Wanted::Any,
		qualified_signer: Wanted::Any,
		values: values.map_or(Wanted::Any, Wanted::Exactly),
	}
}

/// Verifies the quote with each candidate for its signature. If all candidates fail, returns the
/// first rejection.
fn check(
	attest: &[u8],
	candidates: &[Signature],
	key: &tpm::AttestationKey,
	request: &QuoteRequest<'_>,
) -> Check {
	let mut refused = None;
	for signature in candidates {
		match tpm::verify_quote::<RustCrypto>(attest, signature, key, request) {
			Ok(_) => return Ok(()),
			Err(rejection) => refused = refused.or(Some(rejection)),
		}
	}
	Err(refused.unwrap_or_else(|| {
		Rejection::new(RejectCode::SignatureEncoding, "signature", "none", "one")
	}))
}

/// Returns `true` if the bytes begin like a TPMS_ATTEST: with the magic number, or with the tag of
/// an attestation after another number.
fn starts_like_attest(bytes: &[u8]) -> bool {
	bytes.starts_with(b"\xffTCG") || matches!(bytes, [_, _, _, _, 0x80, 0x14..=0x1c, ..])
}

fn attest_claims(quote: &Attest) -> Map<String, Value> {
	let selections: Map<_, _> = quote
		.selections
		.iter()
		.map(|selection| {
			let indices: Vec<u8> = selection.indices().collect();
			(selection.bank.name().to_owned(), json!(indices))
		})
		.collect();
	let claims = json!({
		"extra_data": hex::encode(&quote.extra_data),
		"qualified_signer": hex::encode(&quote.qualified_signer),
		"clock": quote.clock_info.clock,
		"reset_count": quote.clock_info.reset_count,
		"restart_count": quote.clock_info.restart_count,
		"safe": quote.clock_info.safe,
		"firmware_version": format!("{:#x}", quote.firmware_version),
		"pcrs": selections,
		"pcr_digest": hex::encode(&quote.pcr_digest),
	});
	match claims {
		Value::Object(claims) => claims,
		_ => Map::new(),
	}
}
