//! Key files: their modes, their plain and encrypted forms, and their passphrases.
//!
//! A key file contains a secret URI (a phrase or a seed, with or without a derivation path), or it
//! is a JSON keystore of polkadot-js. Secrets are held in [`secrecy`] types, which erase them.

mod file;
mod keystore;
mod passphrase;

use std::{fmt, path::Path, str::FromStr};

use subxt_signer::{sr25519::Keypair, SecretUri, DEV_PHRASE};

use crate::{AccountId32, ChainError};

pub use file::{read_secret, write_secret};
pub use keystore::Keystore;
pub use passphrase::PassphraseSource;
pub use secrecy::{ExposeSecret, SecretString};

/// The name of the systemd credential with the passphrase.
pub const CREDENTIAL: &str = "hcc-passphrase";

/// An error with a key file. The text contains the remedy.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
	/// The file cannot be read or written.
	#[error("cannot use {path}: {source}")]
	File { path: String, source: std::io::Error },
	/// Other users can read or change the file.
	#[error("{path} has mode {mode:04o}: other users may use it. Run chmod 600 {path}, and replace the secret if others had access")]
	Exposed { path: String, mode: u32 },
	/// The file belongs to another user.
	#[error("{path} belongs to user {owner}, not to user {user} or root: run chown {user} {path}")]
	ForeignOwner { path: String, owner: u32, user: u32 },
	/// The content is too long or has a wrong format.
	#[error("{path} has no usable secret: {reason}")]
	Malformed { path: String, reason: String },
	/// The file is encrypted, and there is no passphrase.
	#[error("{path} is encrypted: give its passphrase with --passphrase-file, as the systemd credential {CREDENTIAL}, or at a terminal")]
	NoPassphrase { path: String },
	/// The passphrase does not decrypt the file.
	#[error("wrong passphrase for {path}, or the file is damaged")]
	WrongPassphrase { path: String },
	/// The passphrase is empty, or the two entries differ.
	#[error("unusable passphrase: {0}")]
	BadPassphrase(&'static str),
	/// The system has no random bytes.
	#[error("cannot generate a key: {0}")]
	NoRandomness(String),
}

impl KeyError {
	/// Returns `true` if a passphrase is wrong or missing.
	pub fn is_of_passphrase(&self) -> bool {
		matches!(self, Self::NoPassphrase { .. } | Self::WrongPassphrase { .. })
	}

	/// Returns `true` if the file is refused because of its mode or owner.
	pub fn is_exposed(&self) -> bool {
		matches!(self, Self::Exposed { .. } | Self::ForeignOwner { .. })
	}

	fn malformed(path: &Path, reason: impl fmt::Display) -> Self {
		Self::Malformed { path: path.display().to_string(), reason: reason.to_string() }
	}
}

/// A key that signs. Its memory is erased when it is dropped.
pub struct Key {
	pub(crate) pair: Keypair,
	/// Everyone knows the key, as that of `//Alice`.
	is_development: bool,
}

impl fmt::Debug for Key {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "Key({})", self.account())
	}
}

impl Key {
	/// Reads a key file. Asks for the passphrase of an encrypted one.
	///
	/// ## Errors
	/// See [`KeyError`].
	pub fn read(path: &Path, passphrase: &PassphraseSource) -> Result<Self, KeyError> {
		let text = read_secret(path)?;
		match Keystore::parse(path, &text)? {
			Some(keystore) => {
				let pair = keystore.decrypt(&passphrase.of(path)?)?;
				Ok(Self { pair, is_development: false })
			},
			None => Self::from_uri(&text).map_err(|error| KeyError::malformed(path, error)),
		}
	}

	/// Creates the key of a secret URI.
	///
	/// ## Errors
	/// [`ChainError::Key`] if it is neither a phrase nor a seed nor a derivation path.
	pub fn from_uri(uri: &SecretString) -> Result<Self, ChainError> {
		let bad = |reason: String| ChainError::Key(reason);
		let uri = SecretUri::from_str(uri.expose_secret().trim());
		let uri = uri.map_err(|error| bad(error.to_string()))?;
		let pair = Keypair::from_uri(&uri).map_err(|error| bad(error.to_string()))?;
		Ok(Self { pair, is_development: uri.phrase.expose_secret() == DEV_PHRASE })
	}

	/// Returns the account of the key.
	pub fn account(&self) -> AccountId32 {
		self.pair.public_key().to_account_id()
	}

	/// Refuses a development key on another chain than one for development.
	pub(crate) fn check_chain(&self, kind: &str) -> Result<(), ChainError> {
		if self.is_development && !is_development_chain(kind) {
			return Err(ChainError::Key(format!(
				"everyone knows this key ({}): it signs on development chains only, and the node's \
				chain is {kind}. Make a key with hcc key new",
				self.account()
			)));
		}
		Ok(())
	}
}

/// Returns `true` for the type of a chain that is for development, as `system_chainType` names it.
fn is_development_chain(kind: &str) -> bool {
	matches!(kind, "Development" | "Local")
}

#[cfg(test)]
mod tests {
	use std::os::unix::fs::PermissionsExt;

	use super::*;

	const SEED: &str = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";

	fn key(uri: &str) -> Key {
		Key::from_uri(&SecretString::from(uri)).expect("a key")
	}

	#[test]
	fn development_key_signs_on_development_chains_only() {
		for uri in ["//Alice", "//Alice//stash", DEV_PHRASE] {
			let key = key(uri);
			assert!(key.check_chain("Development").is_ok() && key.check_chain("Local").is_ok());
			let error = key.check_chain("Live").expect_err("everyone knows the key").to_string();
			assert!(error.contains("hcc key new"), "{error}");
			assert!(key.check_chain("").is_err(), "the type is unknown");
		}
		for uri in [SEED.to_string(), format!("{SEED}//Alice")] {
			assert!(key(&uri).check_chain("Live").is_ok(), "another secret");
		}
	}

	#[test]
	fn debug_text_has_no_secret() {
		let text = format!("{:?}", key(SEED));
		assert_eq!(text, format!("Key({})", key(SEED).account()));
	}

	#[test]
	fn plain_key_file_is_read_if_it_is_private() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("hot.key");
		std::fs::write(&path, format!("{SEED}\n")).expect("written");
		let mode = |mode| {
			let permissions = std::fs::Permissions::from_mode(mode);
			std::fs::set_permissions(&path, permissions).expect("the mode is set");
			Key::read(&path, &PassphraseSource::default())
		};
		for wide in [0o644, 0o640, 0o604, 0o620, 0o660, 0o700] {
			let error = mode(wide).expect_err("others may use it");
			assert!(error.is_exposed(), "{wide:o}: {error}");
			assert!(error.to_string().contains("chmod 600"), "{error}");
		}
		for private in [0o600, 0o400] {
			assert_eq!(mode(private).expect("a key").account(), key(SEED).account());
		}
	}

	#[test]
	fn content_without_secret_is_an_error_that_does_not_show_it() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("hot.key");
		write_secret(&path, &SecretString::from("correct horse battery")).expect("written");
		let error = Key::read(&path, &PassphraseSource::default()).expect_err("not a key");
		assert!(matches!(error, KeyError::Malformed { .. }), "{error}");
		assert!(!error.to_string().contains("horse"), "{error}");
	}
}
