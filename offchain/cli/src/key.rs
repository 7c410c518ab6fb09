//! `hcc key`: key files, and the accounts that sign.

use std::{
	io::{BufRead, Write},
	path::{Path, PathBuf},
};

use anyhow::{bail, Context};
use hcc_chain::{
	keys::{read_secret, write_secret, ExposeSecret, Key, Keystore, PassphraseSource},
	AccountId32, Submitter,
};
use serde_json::json;

use crate::{exit::Exit, output::outln};

/// Create and display key files.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
	New(New),
	Show(Show),
}

/// Create a key, encrypted with a passphrase.
///
/// The file is a JSON keystore of polkadot-js (scrypt, xsalsa20-poly1305), which wallets read too.
/// It is the only copy of the key: make a backup of it. The agents and the other commands read it
/// as a key file.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
	/// The file to create. An existing file is never replaced.
	file: PathBuf,
	/// The name of the key in the file [default: the name of the file].
	#[arg(long)]
	name: Option<String>,
	#[command(flatten)]
	passphrase: PassphraseArgs,
	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

/// Show the public key and the address of a key file.
///
/// Without --secret a keystore is not decrypted, and the command shows the address in it.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
	/// A key file: a keystore, or a phrase or seed.
	file: PathBuf,
	/// Also print the secret key, after confirmation. Anyone who sees it controls the account.
	#[arg(long)]
	secret: bool,
	#[command(flatten)]
	passphrase: PassphraseArgs,
	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

/// The passphrase of an encrypted key file.
#[derive(Debug, clap::Args)]
pub(crate) struct PassphraseArgs {
	/// A file with the passphrase of an encrypted key. Without it, the systemd credential
	/// hcc-passphrase or the terminal provides it.
	#[arg(long, value_name = "FILE")]
	passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
	fn source(&self) -> PassphraseSource {
		PassphraseSource::new(self.passphrase_file.clone())
	}

	/// Returns a submitter with the key in a file.
	pub(crate) fn submitter(&self, key_file: &Path) -> anyhow::Result<Submitter> {
		Submitter::from_file(key_file, &self.source()).context("reading the key")
	}
}

/// The account that signs.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyArgs {
	/// A file with the key of the account: a phrase or a seed, or an encrypted key (hcc key new).
	/// Its mode must be 0600.
	#[arg(long, value_name = "FILE")]
	key_file: PathBuf,
	#[command(flatten)]
	passphrase: PassphraseArgs,
}

impl KeyArgs {
	/// Returns a submitter with the key.
	pub(crate) fn submitter(&self) -> anyhow::Result<Submitter> {
		self.passphrase.submitter(&self.key_file)
	}
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<Exit> {
	match command {
		Command::New(args) => args.run(),
		Command::Show(args) => args.run(),
	}?;
	Ok(Exit::Done)
}

impl New {
	fn run(&self) -> anyhow::Result<()> {
		let passphrase = self.passphrase.source().for_new(&self.file)?;
		let name = match &self.name {
			Some(name) => name.clone(),
			None => self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
		};
		let (keystore, account) = Keystore::generate(&name, &passphrase)?;
		write_secret(&self.file, &keystore)?;
		show(&account, None, self.json);
		Ok(())
	}
}

impl Show {
	fn run(&self) -> anyhow::Result<()> {
		let text = read_secret(&self.file)?;
		let keystore = Keystore::parse(&self.file, &text)?;
		let account = match &keystore {
			Some(keystore) => keystore.account()?,
			None => Key::read(&self.file, &self.passphrase.source())?.account(),
		};
		if !self.secret {
			show(&account, None, self.json);
			return Ok(());
		}
		confirm()?;
		match &keystore {
			Some(keystore) => {
				let passphrase = self.passphrase.source().of(&self.file)?;
				let secret = keystore.secret(&passphrase)?;
				let hex = format!("0x{}", hex::encode(secret.expose_secret()));
				show(&account, Some(&hex), self.json);
			},
			None => show(&account, Some(text.expose_secret().trim()), self.json),
		}
		Ok(())
	}
}

/// Asks before a secret is printed.
fn confirm() -> anyhow::Result<()> {
	let mut screen = std::io::stderr().lock();
	write!(screen, "Print the secret key? Anyone who sees it controls the account. Type yes: ")
		.and_then(|()| screen.flush())
		.context("cannot ask for confirmation")?;
	let mut answer = String::new();
	std::io::stdin().lock().read_line(&mut answer).context("cannot read the confirmation")?;
	if answer.trim() != "yes" {
		bail!("not confirmed: the secret key is not printed");
	}
	Ok(())
}

fn show(account: &AccountId32, secret: Option<&str>, as_json: bool) {
	let public = format!("0x{}", hex::encode(account.0));
	if as_json {
		let mut shown = json!({ "public": public, "address": account.to_string() });
		if let Some(secret) = secret {
			shown["secret"] = json!(secret);
		}
		outln!("{shown}");
		return;
	}
	outln!("public key: {public}");
	outln!("address:    {account}");
	if let Some(secret) = secret {
		outln!("secret:     {secret}");
	}
}
