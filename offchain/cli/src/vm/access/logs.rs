//! `hcc vm logs`: the console log that the miner's host keeps.

use std::{
	io::{BufRead, BufReader, Read},
	path::{Path, PathBuf},
};

use anyhow::Context;
use ed25519_dalek::SigningKey;
use hcc_chain::keys::{read_secret, ExposeSecret};
use hcc_guest_protocol::relay::Service;
use serde_json::json;

use super::{open_blocking, printable, relay::Tenant, Reach};
use crate::output::{self, outln};

/// The maximum length of a printed line, in bytes. A longer one is printed in parts.
const MAX_LINE: u64 = 8 << 10;

/// Print the console log of a VM.
///
/// The log is the word of the miner's host: nothing proves it, and the host can change it. Only the
/// key that signed the VM's configuration can read it.
#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
	#[command(flatten)]
	reach: Reach,
	/// The ed25519 key that signed the VM's configuration: a file with a seed in hexadecimal.
	#[arg(long, value_name = "FILE")]
	config_key_file: PathBuf,
	/// Also print later lines, until the relay ends an idle connection.
	#[arg(long, short)]
	follow: bool,
	/// Print JSON, one object a line.
	#[arg(long)]
	json: bool,
}

impl Logs {
	pub(crate) fn run(&self) -> anyhow::Result<()> {
		let key = read_key(&self.config_key_file)?;
		let target = self.reach.target()?;
		let tenant = Tenant { key: &key, miner: target.miner.0 };
		let service = Service::Logs { follow: self.follow };
		let stream = open_blocking(&target.route, service, Some(&tenant))?;
		if !self.json {
			let (vm, miner) = (self.reach.vm, target.miner);
			output::warn(format_args!(
				"note: VM {vm}: these lines are the word of the host of miner {miner}; nothing proves them"
			));
		}
		self.print(BufReader::new(stream))
	}

	fn print(&self, mut log: impl BufRead) -> anyhow::Result<()> {
		while !output::is_lost() {
			let mut line = Vec::new();
			let reading = log.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
			if reading.context("the connection to the relay broke")? == 0 {
				break;
			}
			let line = shown(&line);
			if self.json {
				let vm = self.reach.vm;
				outln!("{}", json!({ "vm": vm, "source": "host", "proven": false, "line": line }));
			} else {
				outln!("host| {line}");
			}
		}
		Ok(())
	}
}

/// Returns a line as text without its end and without control characters.
fn shown(line: &[u8]) -> String {
	let text = String::from_utf8_lossy(line);
	printable(text.trim_end_matches(['\r', '\n']))
}

fn read_key(path: &Path) -> anyhow::Result<SigningKey> {
	let text = read_secret(path)?;
	let mut seed = [0; 32];
	hex::decode_to_slice(text.expose_secret().trim(), &mut seed)
		.with_context(|| format!("{} is not a seed of 32 bytes in hexadecimal", path.display()))?;
	Ok(SigningKey::from_bytes(&seed))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn lines_cannot_control_the_terminal() {
		assert_eq!(shown(b"ok\r\n"), "ok");
		assert_eq!(shown(b"\x1b]0;title\x07\xff\n"), "\\u{1b}]0;title\\u{7}\u{fffd}");
	}
}
