//! The JSON keystore of polkadot-js: scrypt and xsalsa20-poly1305. Wallets read and write it too.

use std::path::{Path, PathBuf};

use base64::{engine::general_purpose::STANDARD, Engine};
use crypto_secretbox::{
	aead::{Aead, KeyInit},
	XSalsa20Poly1305,
};
use schnorrkel::{ExpansionMode, MiniSecretKey};
use secrecy::{
	zeroize::{Zeroize, Zeroizing},
	ExposeSecret, SecretBox, SecretString,
};
use serde_json::{json, Value};
use subxt_signer::{
	polkadot_js_compat::{decrypt_json, Error},
	sr25519::Keypair,
};

use super::KeyError;
use crate::AccountId32;

/// The binary logarithm of scrypt's N, and its r and p: the costliest parameters of polkadot-js.
/// They take 128 MiB.
const LOG_N: u8 = 17;
const R: u32 = 8;
const P: u32 = 1;
/// The parts of the encoded bytes: salt, three parameters, nonce, tag, key.
const SALT: usize = 32;
const NONCE: usize = 24;
const PARAMETERS: usize = SALT + 12 + NONCE;
const TAG: usize = 16;
/// The parts of the key: header, secret, divider, public key.
const HEADER: [u8; 16] = [48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const DIVIDER: [u8; 5] = [161, 35, 3, 33, 0];
const SECRET: usize = 64;
const PLAIN: usize = HEADER.len() + SECRET + DIVIDER.len() + 32;

/// An encrypted key.
#[derive(Clone, Debug)]
pub struct Keystore {
	path: PathBuf,
	json: Value,
}

impl Keystore {
	/// Creates a key from random bytes, and encrypts it. Returns its JSON and its account.
	///
	/// ## Errors
	/// [`KeyError::NoRandomness`].
	pub fn generate(
		name: &str,
		passphrase: &SecretString,
	) -> Result<(SecretString, AccountId32), KeyError> {
		let mut seed = Zeroizing::new([0u8; 32]);
		fill(seed.as_mut_slice())?;
		encrypt(&seed, name, passphrase, LOG_N)
	}

	/// Reads the JSON of a key file. Returns `None` for a file that is not JSON.
	///
	/// ## Errors
	/// [`KeyError::Malformed`] for another JSON than a keystore.
	pub fn parse(path: &Path, text: &SecretString) -> Result<Option<Self>, KeyError> {
		if !text.expose_secret().trim_start().starts_with('{') {
			return Ok(None);
		}
		let json: Value = serde_json::from_str(text.expose_secret())
			.map_err(|error| KeyError::malformed(path, error))?;
		let keystore = Self { path: path.to_owned(), json };
		let length = keystore.encoded().map(|bytes| bytes.len());
		if length != Some(PARAMETERS + TAG + PLAIN) {
			return Err(KeyError::malformed(path, "the JSON is not a keystore of polkadot-js"));
		}
		Ok(Some(keystore))
	}

	/// Returns the account as the file states it.
	///
	/// ## Errors
	/// [`KeyError::Malformed`] without a valid address.
	pub fn account(&self) -> Result<AccountId32, KeyError> {
		let address = self.json["address"].as_str().and_then(|address| address.parse().ok());
		address.ok_or_else(|| KeyError::malformed(&self.path, "the keystore has no address"))
	}

	/// Decrypts the key.
	///
	/// ## Errors
	/// [`KeyError::WrongPassphrase`]; [`KeyError::Malformed`] for another format or another key
	/// than that of the address.
	pub fn decrypt(&self, passphrase: &SecretString) -> Result<Keypair, KeyError> {
		let decrypted = decrypt_json(&self.json.to_string(), passphrase.expose_secret());
		decrypted.map_err(|error| match error {
			Error::Secretbox(_) => {
				KeyError::WrongPassphrase { path: self.path.display().to_string() }
			},
			error => KeyError::malformed(&self.path, error),
		})
	}

	/// Decrypts the secret key: 64 bytes, as Substrate's `subkey` accepts them in hexadecimal.
	///
	/// ## Errors
	/// Those of [`Self::decrypt`].
	pub fn secret(&self, passphrase: &SecretString) -> Result<SecretBox<[u8; SECRET]>, KeyError> {
		// It checks the format, the parameters and the passphrase.
		self.decrypt(passphrase)?;
		let unusable = || KeyError::malformed(&self.path, "it cannot be decrypted");
		let bytes = self.encoded().ok_or_else(unusable)?;
		let (parameters, sealed) = bytes.split_at_checked(PARAMETERS).ok_or_else(unusable)?;
		let (salt, rest) = parameters.split_at(SALT);
		let (numbers, nonce) = rest.split_at(PARAMETERS - SALT - NONCE);
		let number = |from: usize| {
			let bytes = numbers.get(from..)?.first_chunk::<4>()?;
			Some(u32::from_le_bytes(*bytes))
		};
		let (n, p, r) = number(0)
			.zip(number(4))
			.zip(number(8))
			.map(|((n, p), r)| (n, p, r))
			.ok_or_else(unusable)?;
		let log_n = u8::try_from(n.checked_ilog2().ok_or_else(unusable)?).unwrap_or(u8::MAX);
		let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| unusable())?;
		let cipher = cipher(passphrase, salt, (log_n, r, p)).ok_or_else(unusable)?;
		let plain = cipher.decrypt(&nonce.into(), sealed).map_err(|_| unusable())?;
		let plain = Zeroizing::new(plain);
		let secret = plain.get(HEADER.len()..HEADER.len() + SECRET).ok_or_else(unusable)?;
		let secret = schnorrkel::SecretKey::from_ed25519_bytes(secret).map_err(|_| unusable())?;
		Ok(SecretBox::new(Box::new(secret.to_bytes())))
	}

	fn encoded(&self) -> Option<Vec<u8>> {
		STANDARD.decode(self.json["encoded"].as_str()?).ok()
	}
}

/// Encrypts the key of a seed. Returns its JSON and its account.
fn encrypt(
	seed: &[u8; 32],
	name: &str,
	passphrase: &SecretString,
	log_n: u8,
) -> Result<(SecretString, AccountId32), KeyError> {
	let unusable = |reason: &str| KeyError::NoRandomness(reason.into());
	let seed = MiniSecretKey::from_bytes(seed).map_err(|_| unusable("the seed is invalid"))?;
	let secret = seed.expand(ExpansionMode::Ed25519);
	let public = secret.to_public().to_bytes();
	let mut plain = Zeroizing::new(Vec::with_capacity(PLAIN));
	plain.extend_from_slice(&HEADER);
	let mut bytes = secret.to_ed25519_bytes();
	plain.extend_from_slice(&bytes);
	bytes.zeroize();
	plain.extend_from_slice(&DIVIDER);
	plain.extend_from_slice(&public);
	let (mut salt, mut nonce) = ([0u8; SALT], [0u8; NONCE]);
	fill(&mut salt)?;
	fill(&mut nonce)?;
	let cipher = cipher(passphrase, &salt, (log_n, R, P));
	let cipher = cipher.ok_or_else(|| unusable("the parameters of scrypt are invalid"))?;
	let sealed = cipher.encrypt(&nonce.into(), plain.as_slice());
	let sealed = sealed.map_err(|_| unusable("the encryption failed"))?;
	let mut encoded = salt.to_vec();
	for number in [1u32 << log_n, P, R] {
		encoded.extend_from_slice(&number.to_le_bytes());
	}
	encoded.extend_from_slice(&nonce);
	encoded.extend_from_slice(&sealed);
	let account = AccountId32(public);
	let json = json!({
		"encoded": STANDARD.encode(encoded),
		"encoding": {
			"content": ["pkcs8", "sr25519"],
			"type": ["scrypt", "xsalsa20-poly1305"],
			"version": "3",
		},
		"address": account.to_string(),
		"meta": { "name": name },
	});
	Ok((SecretString::from(format!("{json:#}\n")), account))
}

/// Returns the cipher of a passphrase, or `None` for invalid parameters: the logarithm of N, r, p.
fn cipher(
	passphrase: &SecretString,
	salt: &[u8],
	(log_n, r, p): (u8, u32, u32),
) -> Option<XSalsa20Poly1305> {
	let parameters = scrypt::Params::new(log_n, r, p, 32).ok()?;
	let mut key = Zeroizing::new([0u8; 32]);
	let passphrase = passphrase.expose_secret().as_bytes();
	scrypt::scrypt(passphrase, salt, &parameters, key.as_mut_slice()).ok()?;
	Some(XSalsa20Poly1305::new(&(*key).into()))
}

fn fill(bytes: &mut [u8]) -> Result<(), KeyError> {
	getrandom::fill(bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::keys::{write_secret, Key, PassphraseSource};

	/// The cheapest cost that polkadot-js accepts with these r and p.
	const CHEAP: u8 = 15;

	fn seed() -> [u8; 32] {
		[7; 32]
	}

	fn keystore(passphrase: &str) -> (SecretString, AccountId32) {
		encrypt(&seed(), "hot", &SecretString::from(passphrase), CHEAP).expect("encrypted")
	}

	#[test]
	fn encrypted_key_is_read_with_its_passphrase_only() {
		let folder = tempfile::tempdir().expect("a folder");
		let within = |name: &str| folder.path().join(name);
		let (json, account) = keystore("right");
		write_secret(&within("hot.json"), &json).expect("written");
		let read = |passphrase: &str| {
			let path = within(passphrase);
			write_secret(&path, &SecretString::from(format!("{passphrase}\n"))).expect("written");
			Key::read(&within("hot.json"), &PassphraseSource::new(Some(path)))
		};
		let key = read("right").expect("a key");
		let plain = Keypair::from_secret_key(seed()).expect("a key");
		assert_eq!(key.account(), account);
		assert_eq!(key.account(), plain.public_key().to_account_id());
		let error = read("wrong").expect_err("a wrong passphrase");
		assert!(matches!(error, KeyError::WrongPassphrase { .. }), "{error}");
		assert!(error.is_of_passphrase());
	}

	#[test]
	fn secret_is_shown_as_substrate_accepts_it() {
		let (json, account) = keystore("right");
		let keystore = Keystore::parse(Path::new("hot.json"), &json).expect("JSON");
		let keystore = keystore.expect("a keystore");
		assert_eq!(keystore.account().expect("an address"), account);
		let secret = keystore.secret(&SecretString::from("right")).expect("decrypted");
		let key = schnorrkel::SecretKey::from_bytes(secret.expose_secret()).expect("a key");
		assert_eq!(key.to_public().to_bytes(), account.0);
		assert!(keystore.secret(&SecretString::from("wrong")).is_err());
	}

	#[test]
	fn keystore_contains_no_secret_in_plain_text() {
		let (json, _) = keystore("right");
		let secret = MiniSecretKey::from_bytes(&seed()).expect("a seed");
		let secret = secret.expand(ExpansionMode::Ed25519).to_ed25519_bytes();
		let value: Value = serde_json::from_str(json.expose_secret()).expect("JSON");
		let encoded = STANDARD.decode(value["encoded"].as_str().expect("text")).expect("base64");
		assert!(!encoded.windows(32).any(|part| part == &secret[..32] || part == seed()));
	}

	#[test]
	fn damaged_keystores_are_refused() {
		let parse = |text: &str| Keystore::parse(Path::new("hot.json"), &SecretString::from(text));
		assert!(matches!(parse("//Alice"), Ok(None)), "not JSON");
		for text in ["{", "{}", r#"{"encoded": "AAAA"}"#] {
			assert!(matches!(parse(text), Err(KeyError::Malformed { .. })), "{text}");
		}
	}

	#[test]
	fn keystore_of_wallet_is_read() {
		// Made by polkadot-js; from the tests of subxt-signer.
		let json = r#"{
			"encoded": "DumgApKCTqoCty1OZW/8WS+sgo6RdpHhCwAkA2IoDBMAgAAAAQAAAAgAAAB6IG/q24EeVf0JqWqcBd5m2tKq5BlyY84IQ8oamLn9DZe9Ouhgunr7i36J1XxUnTI801axqL/ym1gil0U8440Qvj0lFVKwGuxq38zuifgoj0B3Yru0CI6QKEvQPU5xxj4MpyxdSxP+2PnTzYao0HDH0fulaGvlAYXfqtU89xrx2/z9z7IjSwS3oDFPXRQ9kAdDebtyCVreZ9Otw9v3",
			"encoding": {
				"content": ["pkcs8", "sr25519"],
				"type": ["scrypt", "xsalsa20-poly1305"],
				"version": "3"
			},
			"address": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
			"meta": { "name": "Alice" }
		}"#;
		let keystore = Keystore::parse(Path::new("alice.json"), &SecretString::from(json));
		let keystore = keystore.expect("JSON").expect("a keystore");
		let key = keystore.decrypt(&SecretString::from("whoisalice")).expect("a key");
		assert_eq!(key.public_key().to_account_id(), keystore.account().expect("an address"));
	}
}
