use std::path::{Path, PathBuf};

use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{
		self, Attest, AttestationKey, PcrBank, PublicKey, QuoteRequest, Scheme, Sha1, Signature,
		Wanted,
	},
	Check,
};
use serde_json::{json, Map, Value};

use super::files::{self, HexBytes};
use crate::outcome::Outcome;

/// Verify a TPM 2.0 quote.
///
/// Checks that a TPM made the quote, that it answers the nonce, and the signature by the
/// attestation key. With --pcrs it also checks that the values are those quoted. The selection of
/// PCRs and the qualified signer are displayed, but not checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The quote: TPMS_ATTEST.
	#[arg(long, value_name = "FILE")]
	attest: PathBuf,

	/// The signature of the quote: TPMT_SIGNATURE, or the bytes of an RSA signature (RSASSA with
	/// SHA-256).
	#[arg(long, value_name = "FILE")]
	signature: PathBuf,

	/// The attestation key: PEM, TPM2B_PUBLIC or TPMT_PUBLIC.
	#[arg(long, value_name = "FILE")]
	ak: PathBuf,

	/// The expected value of extraData.
	#[arg(long, value_name = "HEX", value_parser = files::hex_bytes)]
	nonce: HexBytes,

	/// The PCR values as JSON: {"sha256": {"0": "…"}}. The bank can be omitted if it is sha256. An
	/// array by index is accepted as well.
	#[arg(long, value_name = "FILE")]
	pcrs: Option<PathBuf>,

	/// Print one JSON object.
	#[arg(long)]
	pub(crate) json: bool,
}

pub(crate) fn verify(args: &Args) -> anyhow::Result<Outcome> {
	let attest = files::read(&args.attest)?;
	let signature = files::read(&args.signature)?;
	let key = files::read(&args.ak)?;
	let values = args.pcrs.as_deref().map(files::pcr_values).transpose()?;

	let mut claims = Map::new();
	let result = (|| -> Check {
		claims = attest_claims(&Attest::parse(&attest)?);
		let key = attestation_key(&args.ak, &key)?;
		if let Some(name) = &key.name {
			claims.insert("ak_name".into(), json!(hex::encode(name)));
		}
		let request = QuoteRequest {
			nonce: Wanted::Exactly(&args.nonce.0),
			sha1: Sha1::Refuse,
			selections: Wanted::Any,
			qualified_signer: Wanted::Any,
			values: values.as_ref().map_or(Wanted::Any, Wanted::Exactly),
		};
		let signature = tpm_signature(&signature, &key)?;
		tpm::verify_quote::<RustCrypto>(&attest, &signature, &key, &request).map(drop)
	})();
	claims.insert("pcr_values_checked".into(), json!(values.is_some()));
	Ok(Outcome { result: result.into(), claims })
}

fn attestation_key(path: &Path, bytes: &[u8]) -> Check<AttestationKey> {
	if bytes.starts_with(b"-----BEGIN ") {
		// An unreadable PEM becomes an empty key, which has its own reject code.
		let der = files::read_der_or_pem(path).unwrap_or_default();
		return AttestationKey::from_spki(&der);
	}
	AttestationKey::from_tpm2b_public(bytes)
		.or_else(|refused| AttestationKey::from_tpmt_public(bytes).map_err(|_| refused))
}

/// Parses a signature. One with the length of the RSA modulus is bare, without a structure.
fn tpm_signature(bytes: &[u8], key: &AttestationKey) -> Check<Signature> {
	match &key.key {
		PublicKey::Rsa(rsa) if bytes.len() == rsa.modulus.len() => Ok(Signature::Rsa {
			scheme: Scheme::RsaSsa,
			hash: PcrBank::Sha256,
			bytes: bytes.to_vec(),
		}),
		PublicKey::Rsa(_) | PublicKey::P256(_) | PublicKey::P384(_) | PublicKey::P521(_) => {
			Signature::parse(bytes)
		},
	}
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
