use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{
		verify_quote, Attest, AttestationKey, PcrBank, PcrSelection, PcrValues, QuoteRequest,
		Scheme, Sha1, Signature, Wanted,
	},
	Check, RejectCode,
};
use serde_json::Value;

use super::tree::{assert_all_known, Vector};

/// Decodes PCR values from an array, or from an object that maps indices to values.
pub(crate) fn pcr_values(bank: PcrBank, json: &Value) -> PcrValues {
	let value = |index: u8, value: &Value| {
		let bytes = hex::decode(value.as_str().expect("a string")).expect("hexadecimal");
		(bank, index, bytes)
	};
	PcrValues(match json {
		Value::Array(rows) => (0u8..).zip(rows).map(|(index, row)| value(index, row)).collect(),
		Value::Object(rows) => {
			rows.iter().map(|(index, row)| value(index.parse().expect("an index"), row)).collect()
		},
		other => panic!("no pcr values: {other}"),
	})
}

/// A quote with all inputs of its verification.
struct Quote {
	attest: Vec<u8>,
	signature: Signature,
	key: AttestationKey,
	nonce: Vec<u8>,
	values: PcrValues,
}

impl Quote {
	fn verify(&self) -> Check<Attest> {
		let request = QuoteRequest {
			nonce: Wanted::Exactly(&self.nonce),
			// One of the vectors is a quote of the SHA-1 bank.
			sha1: Sha1::Accept,
			selections: Wanted::Any,
			qualified_signer: Wanted::Any,
			values: Wanted::Exactly(&self.values),
		};
		verify_quote::<RustCrypto>(&self.attest, &self.signature, &self.key, &request)
			.map(|quote| quote.attest().clone())
	}
}

fn hex_of(json: &Value) -> Vec<u8> {
	hex::decode(json.as_str().expect("a string")).expect("hexadecimal")
}

fn keylime() -> Option<Quote> {
	let vector = Vector::find("tpm-quote/keylime-emulator-2020")?;
	let meta = vector.json("meta.json");
	let tools = vector.file("quotepcr.out");
	Some(Quote {
		attest: vector.file("quote.out"),
		signature: Signature::parse(&vector.file("quotesig.out")).expect("TPMT_SIGNATURE"),
		key: AttestationKey::from_tpm2b_public(&vector.file("ak.pub")).expect("TPM2B_PUBLIC"),
		nonce: hex_of(&meta["attest"]["extraData"]),
		values: tools_values(&tools, PcrBank::Sha256, &[15, 16, 22]),
	})
}

/// Decodes the PCR values in a file of tpm2-tools. It has a TPML_PCR_SELECTION in the layout of C
/// (132 bytes), a count, and lists of digests of 532 bytes. Each digest has a length and 64 bytes.
fn tools_values(file: &[u8], bank: PcrBank, indices: &[u8]) -> PcrValues {
	let digests = &file[132 + 4 + 4..];
	let values = indices.iter().enumerate().map(|(at, &index)| {
		let digest = &digests[at * 66..];
		let len = usize::from(u16::from_le_bytes([digest[0], digest[1]]));
		(bank, index, digest[2..2 + len].to_vec())
	});
	PcrValues(values.collect())
}

fn kinvolk() -> Option<Quote> {
	let vector = Vector::find("tpm-quote/kinvolk-azure-quote")?;
	let meta = vector.json("meta.json");
	Some(Quote {
		attest: vector.file("quote.msg"),
		signature: Signature::Rsa {
			scheme: Scheme::RsaSsa,
			hash: PcrBank::Sha256,
			bytes: vector.file("quote.rawsig"),
		},
		key: AttestationKey::from_spki(&vector.pem("akpub.pem")).expect("a public key"),
		nonce: hex_of(&meta["attest"]["extraData"]),
		values: pcr_values(PcrBank::Sha256, &vector.json("pcrs-sha256.json")),
	})
}

fn gce(bank: PcrBank) -> Option<Quote> {
	let vector = Vector::find("tpm-quote/gce-cos-85-nonce9009")?;
	let name = bank.name();
	Some(Quote {
		attest: vector.file(&format!("quote-{name}.msg")),
		signature: Signature::parse(&vector.file(&format!("quote-{name}.sig")))
			.expect("TPMT_SIGNATURE"),
		key: AttestationKey::from_tpmt_public(&vector.file("ak.tpmt_public")).expect("TPMT_PUBLIC"),
		nonce: vec![0x90, 0x09],
		values: pcr_values(bank, &vector.json(&format!("pcrs-{name}.json"))),
	})
}

fn laptop() -> Option<Quote> {
	let vector = Vector::find("tpm-ima-e2e/laptop-good-1")?;
	let meta = vector.json("meta.json");
	Some(Quote {
		attest: vector.file("quote.msg"),
		signature: Signature::parse(&vector.file("quote.sig")).expect("TPMT_SIGNATURE"),
		key: AttestationKey::from_spki(&vector.pem("ak-recovered.pem")).expect("a public key"),
		nonce: hex_of(&meta["attest"]["extraData"]),
		values: pcr_values(PcrBank::Sha256, &vector.json("pcrs.json")["sha256"]),
	})
}

/// The virtual machines under QEMU. Each has a SHA-256 quote of PCRs 0 to 10 by a P-256 key.
const QEMU: &[&str] =
	&["cloud61-tis", "cloud61-crb", "cloud612-tis", "cloud61-ovmf", "cloud61-violation"];

fn qemu(name: &str) -> Option<Quote> {
	let vector = Vector::find(&format!("ima-qemu/{name}"))?;
	let values = vector.file("quote_sha256.pcrs");
	let values = (0u8..=10).zip(values.chunks(32));
	Some(Quote {
		attest: vector.file("quote_sha256.msg"),
		signature: Signature::parse(&vector.file("quote_sha256.sig")).expect("TPMT_SIGNATURE"),
		key: AttestationKey::from_tpm2b_public(&vector.file("ak.pub")).expect("TPM2B_PUBLIC"),
		nonce: vector.hex("nonce.hex"),
		values: PcrValues(
			values.map(|(index, value)| (PcrBank::Sha256, index, value.to_vec())).collect(),
		),
	})
}

fn all() -> Vec<(String, Quote)> {
	let mut quotes = Vec::new();
	quotes.extend(keylime().map(|quote| ("keylime".to_owned(), quote)));
	quotes.extend(kinvolk().map(|quote| ("kinvolk".to_owned(), quote)));
	quotes.extend(laptop().map(|quote| ("laptop".to_owned(), quote)));
	for bank in [PcrBank::Sha1, PcrBank::Sha256, PcrBank::Sha384] {
		quotes.extend(gce(bank).map(|quote| (format!("gce {}", bank.name()), quote)));
	}
	for name in QEMU {
		quotes.extend(qemu(name).map(|quote| ((*name).to_owned(), quote)));
	}
	quotes
}

#[test]
fn every_tpm_vector_has_a_test() {
	assert_all_known(
		"tpm-quote",
		&[
			"keylime-emulator-2020",
			"kinvolk-azure-quote",
			"gce-cos-85-nonce9009",
			"go-attestation-infineon-ak-creation",
		],
	);
	assert_all_known("tpm-ima-e2e", &["laptop-good-1", "hpe-dl160-quote-ima"]);
	let mut qemu = QEMU.to_vec();
	qemu.push("swtpm-ca");
	assert_all_known("ima-qemu", &qemu);
}

#[test]
fn real_quotes_verify() {
	for (name, quote) in all() {
		quote.verify().unwrap_or_else(|why| panic!("{name}: {why}"));
	}
}

#[test]
fn quote_fields_match_manifest() {
	let Some(vector) = Vector::find("tpm-quote/kinvolk-azure-quote") else { return };
	let meta = &vector.json("meta.json")["attest"];
	let quote = Attest::parse(&vector.file("quote.msg")).expect("TPMS_ATTEST");
	assert_eq!(quote.qualified_signer, hex_of(&meta["qualifiedSigner"]));
	assert_eq!(quote.pcr_digest, hex_of(&meta["pcrDigest"]));
	assert_eq!(u64::from(quote.clock_info.reset_count), meta["resetCount"].as_u64().unwrap());
	assert_eq!(quote.clock_info.clock, meta["clock"].as_u64().unwrap());
	assert!(quote.clock_info.safe);
	let whole = PcrSelection { bank: PcrBank::Sha256, mask: 0xff_ffff };
	assert_eq!(quote.selections, vec![whole]);
}

#[test]
fn key_name_is_computed_from_public_area() {
	let Some(vector) = Vector::find("tpm-quote/keylime-emulator-2020") else { return };
	let key = AttestationKey::from_tpm2b_public(&vector.file("ak.pub")).expect("TPM2B_PUBLIC");
	assert_eq!(key.name, Some(vector.file("ak.name")));
	for name in QEMU {
		let Some(vector) = Vector::find(&format!("ima-qemu/{name}")) else { continue };
		let key = AttestationKey::from_tpm2b_public(&vector.file("ak.pub")).expect("TPM2B_PUBLIC");
		assert_eq!(key.name, Some(vector.file("ak.name")), "{name}");
		let bare = AttestationKey::from_spki(&vector.pem("ak.pem")).expect("a public key");
		assert_eq!(bare.key, key.key, "{name}");
	}
}

#[test]
fn ak_must_be_restricted_signing_key() {
	for name in QEMU {
		let Some(vector) = Vector::find(&format!("ima-qemu/{name}")) else { continue };
		let mut key =
			AttestationKey::from_tpm2b_public(&vector.file("ak.pub")).expect("TPM2B_PUBLIC");
		assert_eq!(key.check_restricted_signing(), Ok(()), "{name}");
		let attributes = key.attributes.expect("of a public area");
		for altered in [
			attributes & !(1 << 1),  // fixedTPM
			attributes & !(1 << 4),  // fixedParent
			attributes & !(1 << 5),  // sensitiveDataOrigin
			attributes & !(1 << 16), // restricted
			attributes & !(1 << 18), // sign
			attributes | 1 << 17,    // decrypt
		] {
			key.attributes = Some(altered);
			let refused = key.check_restricted_signing().expect_err("not an attestation key");
			assert_eq!(refused.code, RejectCode::AkAttributes, "{altered:#x}");
		}
		key.attributes = None;
		assert!(key.check_restricted_signing().is_err(), "the attributes are unknown");
	}
	let Some(vector) = Vector::find("tpm-quote/keylime-emulator-2020") else { return };
	// An endorsement key can decrypt. It must not pass as an attestation key.
	let ek = AttestationKey::from_tpm2b_public(&vector.file("ek.pub")).expect("TPM2B_PUBLIC");
	assert!(ek.check_restricted_signing().is_err());
}

#[test]
fn attestation_of_other_type_is_rejected() {
	let Some(vector) = Vector::find("tpm-quote/go-attestation-infineon-ak-creation") else {
		return;
	};
	let refused =
		Attest::parse(&vector.file("create-attest.bin")).expect_err("TPM2_CertifyCreation");
	assert_eq!(refused.code, RejectCode::QuoteType);
}

/// The TPM key of this machine is not published. The test can check the values and their digest,
/// but not the signature.
#[test]
fn quote_of_two_banks_covers_both() {
	let Some(vector) = Vector::find("tpm-ima-e2e/hpe-dl160-quote-ima") else { return };
	let attest = vector.file("quote.msg");
	let pcrs = vector.json("pcrs.json");
	let mut values = pcr_values(PcrBank::Sha256, &pcrs["sha256"]);
	values.0.extend(pcr_values(PcrBank::Sha1, &pcrs["sha1"]).0);
	let Some(other) = laptop() else { return };
	let nonce = Attest::parse(&attest).expect("TPMS_ATTEST").extra_data;
	let quote = Quote {
		attest,
		signature: Signature::parse(&vector.file("quote.sig")).expect("TPMT_SIGNATURE"),
		key: other.key,
		nonce,
		values,
	};
	let refused = quote.verify().expect_err("the key belongs to another TPM");
	assert_eq!(refused.code, RejectCode::QuoteSignature, "the values and their digest are valid");
}

#[test]
fn quote_with_altered_byte_is_rejected() {
	for (name, mut quote) in all() {
		let attest = quote.attest.clone();
		for at in 0..attest.len() {
			quote.attest = attest.clone();
			quote.attest[at] ^= 1 << (at % 8);
			assert!(quote.verify().is_err(), "{name}: byte {at} can be altered");
		}
	}
}

#[test]
fn quote_of_wrong_length_is_rejected() {
	let Some(mut quote) = qemu("cloud61-tis") else { return };
	let attest = quote.attest.clone();
	for len in 0..attest.len() {
		quote.attest = attest[..len].to_vec();
		assert!(quote.verify().is_err(), "{len} bytes are enough");
	}
	quote.attest = [attest, vec![0]].concat();
	assert_eq!(quote.verify().expect_err("trailing bytes").code, RejectCode::AttestEncoding);
}

#[test]
fn replayed_quote_is_rejected() {
	let Some(mut quote) = qemu("cloud61-tis") else { return };
	quote.nonce = vec![7; 32];
	assert_eq!(quote.verify().expect_err("another nonce").code, RejectCode::QuoteNonce);
	// A prefix of the nonce is not enough.
	quote.nonce = (0..31).collect();
	assert_eq!(quote.verify().expect_err("a shorter nonce").code, RejectCode::QuoteNonce);
}

#[test]
fn quote_by_other_key_is_rejected() {
	let (Some(mut quote), Some(other)) = (qemu("cloud61-tis"), qemu("cloud61-crb")) else { return };
	quote.key = other.key;
	assert_eq!(quote.verify().expect_err("another key").code, RejectCode::QuoteSignature);
	let Some(rsa) = kinvolk() else { return };
	quote.key = rsa.key;
	assert_eq!(quote.verify().expect_err("another kind").code, RejectCode::SignatureScheme);
}

#[test]
fn quote_of_unrequested_pcrs_is_rejected() {
	let Some(quote) = qemu("cloud61-tis") else { return };
	let asked = |mask| {
		let selections = [PcrSelection { bank: PcrBank::Sha256, mask }];
		let request = QuoteRequest {
			nonce: Wanted::Exactly(&quote.nonce),
			sha1: Sha1::Refuse,
			selections: Wanted::Exactly(&selections),
			qualified_signer: Wanted::Any,
			values: Wanted::Exactly(&quote.values),
		};
		verify_quote::<RustCrypto>(&quote.attest, &quote.signature, &quote.key, &request)
			.map(drop)
			.map_err(|refused| refused.code)
	};
	assert_eq!(asked(0x7ff), Ok(()));
	assert_eq!(asked(0x7ff | 1 << 14), Err(RejectCode::PcrSelection));
	assert_eq!(asked(0x3ff), Err(RejectCode::PcrSelection));
}

#[test]
fn wrong_pcr_values_are_rejected() {
	let Some(mut quote) = qemu("cloud61-tis") else { return };
	quote.values.0[10].2[0] ^= 1;
	assert_eq!(quote.verify().expect_err("another value").code, RejectCode::PcrDigest);
	quote.values.0[10].2.pop();
	assert_eq!(quote.verify().expect_err("a short value").code, RejectCode::PcrValues);
	quote.values.0.pop();
	assert_eq!(quote.verify().expect_err("no value").code, RejectCode::PcrValues);
}

#[test]
fn quote_by_other_qualified_signer_is_rejected() {
	let Some(quote) = qemu("cloud61-tis") else { return };
	let signer = [0; 34];
	let request = QuoteRequest {
		nonce: Wanted::Exactly(&quote.nonce),
		sha1: Sha1::Refuse,
		selections: Wanted::Any,
		qualified_signer: Wanted::Exactly(&signer),
		values: Wanted::Any,
	};
	let refused = verify_quote::<RustCrypto>(&quote.attest, &quote.signature, &quote.key, &request)
		.expect_err("another signer");
	assert_eq!(refused.code, RejectCode::QualifiedSigner);
}
