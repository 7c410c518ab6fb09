//! Passphrases of encrypted key files.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::{read_secret, KeyError, CREDENTIAL};

/// The place of a passphrase: a file, or else the systemd credential `hcc-passphrase`, or else the
/// terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassphraseSource {
	pub file: Option<PathBuf>,
}

impl PassphraseSource {
	/// Returns a source with a file, if one is given.
	pub fn new(file: Option<PathBuf>) -> Self {
		Self { file }
	}

	/// Returns the passphrase of a key file.
	///
	/// ## Errors
	/// Those of [`read_secret`]; [`KeyError::NoPassphrase`] without a file, a credential and a
	/// terminal.
	pub fn of(&self, key_file: &Path) -> Result<SecretString, KeyError> {
		if let Some(passphrase) = self.stored()? {
			return Ok(passphrase);
		}
		let path = key_file.display().to_string();
		let prompt = format!("Passphrase of {path}: ");
		let typed = rpassword::prompt_password(prompt);
		typed.map(SecretString::from).map_err(|_| KeyError::NoPassphrase { path })
	}

	/// Returns the passphrase for a new key file. Asks twice at a terminal.
	///
	/// ## Errors
	/// As [`Self::of`]; [`KeyError::BadPassphrase`] if it is empty or the two entries differ.
	pub fn for_new(&self, key_file: &Path) -> Result<SecretString, KeyError> {
		let passphrase = match self.stored()? {
			Some(passphrase) => passphrase,
			None => {
				let first = self.of(key_file)?;
				let second = rpassword::prompt_password("Repeat it: ").map(SecretString::from);
				let path = key_file.display().to_string();
				let second = second.map_err(|_| KeyError::NoPassphrase { path })?;
				if first.expose_secret() != second.expose_secret() {
					return Err(KeyError::BadPassphrase("the two entries differ"));
				}
				first
			},
		};
		if passphrase.expose_secret().is_empty() {
			return Err(KeyError::BadPassphrase("it is empty"));
		}
		Ok(passphrase)
	}

	/// Reads the passphrase from the file or the credential. A line break at its end does not
	/// count.
	fn stored(&self) -> Result<Option<SecretString>, KeyError> {
		let path = match &self.file {
			Some(path) => path.clone(),
			None => match credential() {
				Some(path) => path,
				None => return Ok(None),
			},
		};
		let text = read_secret(&path)?;
		Ok(Some(SecretString::from(text.expose_secret().trim_end_matches(['\r', '\n']))))
	}
}

fn credential() -> Option<PathBuf> {
	let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
	let path = Path::new(&folder).join(CREDENTIAL);
	path.exists().then_some(path)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::keys::write_secret;

	#[test]
	fn passphrase_file_has_no_line_break_and_is_not_empty() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("passphrase");
		write_secret(&path, &SecretString::from(" two words \r\n")).expect("written");
		let source = PassphraseSource::new(Some(path.clone()));
		let passphrase = source.of(Path::new("hot.key")).expect("a passphrase");
		assert_eq!(passphrase.expose_secret(), " two words ");
		std::fs::remove_file(&path).expect("removed");
		write_secret(&path, &SecretString::from("\n")).expect("written");
		let empty = source.for_new(Path::new("hot.key"));
		assert!(matches!(empty, Err(KeyError::BadPassphrase(_))), "{empty:?}");
	}
}
