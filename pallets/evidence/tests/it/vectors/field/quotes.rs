//! Quotes that tpm2-tools made with keys, hashes and selections of every kind.

use hcc_evidence::{
	crypto::RustCrypto,
	tpm::{
		verify_quote, Attest, AttestationKey, PcrBank, PcrValues, QuoteRequest, Sha1, Signature,
		Wanted,
	},
	RejectCode, Rejection,
};
use serde_json::Value;

use crate::vectors::{tpm::pcr_values, tree::Vector};

struct Case {
	attest: Vec<u8>,
	signature: Vec<u8>,
	key: AttestationKey,
	nonce: Vec<u8>,
	values: Option<PcrValues>,
}

/// Decodes an object of banks.
fn values(json: &Value) -> PcrValues {
	let banks = json.as_object().expect("an object of banks").iter();
	PcrValues(
		banks
			.flat_map(|(name, values)| {
				let bank = PcrBank::ALL.into_iter().find(|bank| bank.name() == name);
				pcr_values(bank.expect("a known bank"), values).0
			})
			.collect(),
	)
}

impl Case {
	/// Returns the quote with this name by the key of the TPM2B_PUBLIC `ak`.
	fn of(vector: &Vector, quote: &str, ak: &str) -> Self {
		let json = format!("{quote}.json");
		Self {
			attest: vector.file(&format!("{quote}.msg")),
			signature: vector.file(&format!("{quote}.sig")),
			key: AttestationKey::from_tpm2b_public(&vector.file(&format!("{ak}.pub")))
				.unwrap_or_else(|why| panic!("{ak}: {why}")),
			nonce: vector.hex("nonce.hex"),
			values: vector.has(&json).then(|| values(&vector.json(&json))),
		}
	}

	fn request(&self) -> QuoteRequest<'_> {
		QuoteRequest {
			nonce: Wanted::Exactly(&self.nonce),
			sha1: Sha1::Refuse,
			selections: Wanted::Any,
			qualified_signer: Wanted::Any,
			values: self.values.as_ref().map_or(Wanted::Any, Wanted::Exactly),
		}
	}

	fn verify(&self, request: &QuoteRequest<'_>) -> Result<Attest, Rejection> {
		let signature = Signature::parse(&self.signature)?;
		verify_quote::<RustCrypto>(&self.attest, &signature, &self.key, request)
			.map(|quote| quote.attest().clone())
	}
}

#[test]
fn genuine_quotes_of_every_kind_verify() {
	let Some(vector) = Vector::find_field("quotes") else { return };
	for (quote, ak) in [
		("q_ecdsa", "ak_ecdsa"),
		("q_ecdsa384h", "ak_ecdsa384h"),
		("q_p384", "ak_p384"),
		("q_rsassa", "ak_rsassa"),
		("q_rsa384", "ak_rsa384"),
		("q_rsanull", "ak_rsanull"),
		("qtss_rsapss", "ak_rsapss"),
		("q_512", "ak_ecdsa"),
		("q_all", "ak_ecdsa"),
	] {
		let mut case = Case::of(&vector, quote, ak);
		case.verify(&case.request()).unwrap_or_else(|why| panic!("{quote}: {why}"));
		let bare = AttestationKey::from_spki(&vector.pem(&format!("{ak}.pem")));
		assert_eq!(bare.expect("a public key").key, case.key.key, "{ak}");
		let last = case.signature.len() - 1;
		case.signature[last] ^= 1;
		let refused = case.verify(&case.request()).expect_err("an altered signature");
		assert_eq!(refused.code, RejectCode::QuoteSignature, "{quote}");
	}
}

#[test]
fn signature_over_sha1_needs_consent() {
	let Some(vector) = Vector::find_field("quotes") else { return };
	let case = Case::of(&vector, "q_rsasha1", "ak_rsasha1");
	let refused = case.verify(&case.request()).expect_err("SHA-1");
	assert_eq!((refused.code, refused.field), (RejectCode::SignatureScheme, "hash"));
	let request = QuoteRequest { sha1: Sha1::Accept, ..case.request() };
	case.verify(&request).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn quote_of_sha1_bank_alone_needs_consent() {
	let Some(vector) = Vector::find("tpm-quote/gce-cos-85-nonce9009") else { return };
	let key = AttestationKey::from_tpmt_public(&vector.file("ak.tpmt_public"));
	let case = Case {
		attest: vector.file("quote-sha1.msg"),
		signature: vector.file("quote-sha1.sig"),
		key: key.expect("TPMT_PUBLIC"),
		nonce: vec![0x90, 0x09],
		values: None,
	};
	let refused = case.verify(&case.request()).expect_err("the bank is broken");
	assert_eq!(refused.code, RejectCode::PcrSelection);
	let request = QuoteRequest { sha1: Sha1::Accept, ..case.request() };
	case.verify(&request).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn empty_nonce_needs_consent() {
	let Some(vector) = Vector::find_field("quotes") else { return };
	let case = Case::of(&vector, "q_nononce", "ak_ecdsa");
	for nonce in [&case.nonce[..], &[]] {
		let request = QuoteRequest { nonce: Wanted::Exactly(nonce), ..case.request() };
		let refused = case.verify(&request).expect_err("the quote has no nonce");
		assert_eq!(refused.code, RejectCode::QuoteNonce, "{nonce:?}");
	}
	let request = QuoteRequest { nonce: Wanted::Any, ..case.request() };
	case.verify(&request).unwrap_or_else(|why| panic!("{why}"));
	// An empty expected nonce does not match a quote with a nonce either.
	let other = Case::of(&vector, "q_ecdsa", "ak_ecdsa");
	let request = QuoteRequest { nonce: Wanted::Exactly(&[]), ..other.request() };
	assert_eq!(other.verify(&request).expect_err("empty").code, RejectCode::QuoteNonce);
}

#[test]
fn bank_listed_twice_is_named() {
	let Some(vector) = Vector::find_field("quotes") else { return };
	let case = Case::of(&vector, "q_twice", "ak_ecdsa");
	let refused = case.verify(&case.request()).expect_err("a bank is listed twice");
	assert_eq!(refused.code, RejectCode::AttestEncoding);
	assert!(refused.to_string().contains("sha256, listed twice"), "{refused}");
}

#[test]
fn salts_of_any_length_verify() {
	let Some(vector) = Vector::find_field("quote-salt") else { return };
	for salt in [20, 32, 222] {
		let mut case = Case {
			attest: vector.file("quote.msg"),
			signature: vector.file(&format!("quote-salt{salt}.sig")),
			key: AttestationKey::from_spki(&vector.pem("ak.pem")).expect("a public key"),
			nonce: vector.hex("nonce.hex"),
			values: None,
		};
		case.verify(&case.request()).unwrap_or_else(|why| panic!("salt {salt}: {why}"));
		for at in [6, 100, case.signature.len() - 1] {
			case.signature[at] ^= 1;
			let refused = case.verify(&case.request()).expect_err("altered");
			assert_eq!(refused.code, RejectCode::QuoteSignature, "salt {salt}, byte {at}");
			case.signature[at] ^= 1;
		}
	}
}

#[test]
fn unknown_bank_with_empty_bitmap_selects_nothing() {
	let Some(vector) = Vector::find_field("quote-empty-bank") else { return };
	let mut case = Case {
		attest: vector.file("quote.msg"),
		signature: vector.file("quote.sig"),
		key: AttestationKey::from_spki(&vector.pem("ak.pem")).expect("a public key"),
		nonce: vector.hex("nonce.hex"),
		values: None,
	};
	let quote = case.verify(&case.request()).unwrap_or_else(|why| panic!("{why}"));
	let banks: Vec<_> = quote.selections.iter().map(|selection| selection.bank).collect();
	assert_eq!(banks, [PcrBank::Sha256]);
	// The bitmap of the SM3 bank precedes the digest, which is 32 bytes after two bytes of length.
	let bitmap = case.attest.len() - 34 - 3;
	case.attest[bitmap] = 1;
	let refused = case.verify(&case.request()).expect_err("a PCR of an unknown bank");
	assert_eq!((refused.code, refused.field), (RejectCode::AttestEncoding, "pcrSelect.hash"));
}

#[test]
fn contradictory_or_unquoted_values_are_rejected() {
	let Some(vector) = Vector::find_field("pcrs-contradiction") else { return };
	let json = vector.json("not-quoted.json");
	let case = |values: PcrValues| Case {
		attest: vector.file("q_ecdsa.msg"),
		signature: vector.file("q_ecdsa.sig"),
		key: AttestationKey::from_tpm2b_public(&vector.file("ak_ecdsa.pub")).expect("a key"),
		nonce: Attest::parse(&vector.file("q_ecdsa.msg")).expect("a quote").extra_data,
		values: Some(values),
	};
	let refused = |values: PcrValues| {
		let case = case(values);
		case.verify(&case.request()).map(drop).map_err(|refused| refused.code)
	};
	assert_eq!(refused(values(&json)), Err(RejectCode::PcrValues), "PCR 4 is not quoted");
	let mut right = values(&json);
	right.0.retain(|(_, index, _)| *index != 4);
	assert_eq!(refused(right.clone()), Ok(()));
	let seventh = right.get(PcrBank::Sha256, 7).expect("PCR 7").to_vec();
	// PCR 7 gets a second value: another value before and after the first, or the same value.
	for (at, value) in [(0, vec![0xaa; 32]), (3, vec![0xaa; 32]), (3, seventh)] {
		let mut twice = right.clone();
		twice.0.insert(at, (PcrBank::Sha256, 7, value));
		assert_eq!(refused(twice), Err(RejectCode::PcrValues), "PCR 7 twice");
	}
	let mut other = right;
	other.0[1].0 = PcrBank::Sha1;
	assert_eq!(refused(other), Err(RejectCode::PcrValues), "the bank is not quoted");
}
