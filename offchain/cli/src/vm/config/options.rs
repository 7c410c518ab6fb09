//! The configuration of a VM, from a file or from options.

use std::{
	num::NonZeroU16,
	path::{Path, PathBuf},
};

use anyhow::{ensure, Context};
use hcc_vm_config::{Destination, Egress, Net, Protocol, Published, VmConfig};

use crate::input::{self, Limit};

/// The host name of a VM without another one.
const HOST_NAME: &str = "vm";

/// The configuration of a VM: a file, or the options from which the command writes one.
#[derive(Debug, clap::Args)]
pub(in crate::vm) struct ConfigOptions {
	/// The VM's configuration: JSON of at most 4 KiB, as guest-agent/config/README.md describes it.
	/// The chain publishes it. The VM accepts no other data from its host.
	#[arg(
		long,
		value_name = "FILE",
		conflicts_with_all = ["ssh_key", "host_name", "publish", "egress"]
	)]
	config: Option<PathBuf>,
	/// A file of OpenSSH public keys, one a line, that may log in as root. Repeat the option for
	/// several files.
	#[arg(long, value_name = "FILE", required_unless_present = "config")]
	ssh_key: Vec<PathBuf>,
	/// The VM's host name [default: vm].
	#[arg(long, value_name = "NAME")]
	host_name: Option<String>,
	/// A port that everyone may reach: 443, 443/tcp or 53/udp. Repeat the option for several ports.
	#[arg(long, value_name = "PORT", value_parser = published)]
	publish: Vec<Published>,
	/// The destinations that the VM may reach: open, closed, or a file with one destination a line,
	/// such as 203.0.113.0/24 443/tcp [default: open].
	#[arg(long, value_name = "open|closed|FILE")]
	egress: Option<String>,
}

impl ConfigOptions {
	/// Returns the configuration, and the bytes to sign. The VM can apply it.
	pub(in crate::vm) fn read(&self) -> anyhow::Result<(VmConfig, Vec<u8>)> {
		if let Some(path) = &self.config {
			let bytes = input::read(path, &Limit::CONFIG)?;
			let config =
				VmConfig::parse(&bytes).with_context(|| format!("in {}", path.display()))?;
			return Ok((config, bytes));
		}
		let mut ssh_keys = Vec::new();
		for path in &self.ssh_key {
			ssh_keys.extend(public_keys(path)?);
		}
		let config = VmConfig {
			ssh_keys,
			publish: self.publish.clone(),
			egress: self.egress()?,
			..VmConfig::named(self.host_name.as_deref().unwrap_or(HOST_NAME))
		};
		let bytes = config.to_bytes()?;
		Ok((config, bytes))
	}

	fn egress(&self) -> anyhow::Result<Egress> {
		match self.egress.as_deref() {
			None | Some("open") => Ok(Egress::Open),
			Some("closed") => Ok(Egress::Closed),
			Some(path) => destinations(Path::new(path)).map(Egress::Listed),
		}
	}
}

/// Reads a file of public keys.
fn public_keys(path: &Path) -> anyhow::Result<Vec<String>> {
	let text = input::read_text(path, &Limit::KEY)?;
	ensure!(
		!text.contains("PRIVATE KEY"),
		"{} contains a private key: name the file that ends in .pub",
		path.display()
	);
	let keys: Vec<_> = lines(&text).map(|(_, line)| line.to_owned()).collect();
	ensure!(!keys.is_empty(), "{} contains no public key", path.display());
	Ok(keys)
}

/// Reads a file of destinations.
fn destinations(path: &Path) -> anyhow::Result<Vec<Destination>> {
	let text = input::read_text(path, &Limit::CONFIG)?;
	let parsed = lines(&text).map(|(number, line)| {
		destination(line).map_err(|why| anyhow::anyhow!("{}:{number}: {why}", path.display()))
	});
	parsed.collect()
}

/// Returns the lines of a text with their numbers, without empty ones and comments.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
	let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
	numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Parses a destination, such as `203.0.113.0/24 443/tcp`.
fn destination(line: &str) -> Result<Destination, String> {
	let words: Vec<_> = line.split_whitespace().collect();
	let [net, open] = words[..] else {
		return Err(format!("expected a network and a port, not {line:?}"));
	};
	let net = net.parse::<Net>().map_err(|error| error.to_string())?;
	let Published { port, protocol } = published(open)?;
	Ok(Destination { net, protocol, port })
}

/// Parses a port, such as `443` or `53/udp`.
fn published(text: &str) -> Result<Published, String> {
	let (port, protocol) = match text.split_once('/') {
		None => (text, Protocol::Tcp),
		Some((port, "tcp")) => (port, Protocol::Tcp),
		Some((port, "udp")) => (port, Protocol::Udp),
		Some((_, other)) => return Err(format!("{other:?} is neither tcp nor udp")),
	};
	let port = port.parse::<NonZeroU16>();
	let port = port.map_err(|_| format!("expected a port from 1 to 65535, not {text:?}"))?;
	Ok(Published { port, protocol })
}

#[cfg(test)]
mod tests {
	use std::fs;

	use clap::Parser;

	use super::*;

	const KEY: &str =
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVsfRppwTIRezaXtvfOFEq3wB2ofTKgtDmuBICDGMyM me@laptop";

	#[derive(Parser)]
	struct Cli {
		#[command(flatten)]
		config: ConfigOptions,
	}

	fn read(arguments: &[&str]) -> anyhow::Result<(VmConfig, Vec<u8>)> {
		let program = ["hcc"];
		Cli::try_parse_from(program.iter().chain(arguments))?.config.read()
	}

	/// Writes a file and returns its path.
	fn file(folder: &Path, name: &str, content: &str) -> String {
		let path = folder.join(name);
		fs::write(&path, content).expect("written");
		path.display().to_string()
	}

	#[test]
	fn options_become_a_configuration_that_vms_read() {
		let folder = tempfile::tempdir().expect("a folder");
		let key = file(folder.path(), "key.pub", &format!("# mine\n{KEY}\n"));
		let egress = file(folder.path(), "egress", "203.0.113.0/24 443\n2001:db8::1 53/udp\n");
		let options =
			["--ssh-key", &key, "--publish", "443", "--publish", "53/udp", "--egress", &egress];
		let (config, bytes) = read(&options).expect("valid");
		assert_eq!(VmConfig::parse(&bytes).expect("a VM reads it"), config);
		assert_eq!(
			(config.host_name.as_str(), &config.ssh_keys[..]),
			("vm", &[KEY.to_owned()][..])
		);
		let open: Vec<_> =
			config.publish.iter().map(|open| (open.port.get(), open.protocol)).collect();
		assert_eq!(open, [(443, Protocol::Tcp), (53, Protocol::Udp)]);
		let Egress::Listed(listed) = config.egress else { panic!("another egress") };
		let listed: Vec<_> = listed.iter().map(|one| one.net.to_string()).collect();
		assert_eq!(listed, ["203.0.113.0/24", "2001:db8::1/128"]);
	}

	#[test]
	fn file_is_signed_as_it_is() {
		let folder = tempfile::tempdir().expect("a folder");
		let text = "{ \"version\": 1, \"host_name\": \"web\", \"egress\": \"closed\" }\n";
		let path = file(folder.path(), "vm.json", text);
		let (config, bytes) = read(&["--config", &path]).expect("valid");
		assert_eq!(bytes, text.as_bytes());
		assert_eq!(config.egress, Egress::Closed);
	}

	#[test]
	fn configuration_that_no_vm_accepts_is_an_error() {
		let folder = tempfile::tempdir().expect("a folder");
		let secret = file(folder.path(), "key", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
		let empty = file(folder.path(), "empty.pub", "\n");
		let other = file(folder.path(), "other.pub", "no key\n");
		let key = file(folder.path(), "key.pub", KEY);
		let egress = file(folder.path(), "egress", "203.0.113.0/24 443\n203.0.113.1/24 443\n");
		let cases: [(&[&str], &str); 10] = [
			(&["--ssh-key", &secret], ".pub"),
			(&["--ssh-key", &empty], "no public key"),
			(&["--ssh-key", &other], "ssh_keys[0]"),
			(&["--ssh-key", &key, "--egress", &egress], "egress:2: "),
			(&["--ssh-key", &key, "--host-name", "Web"], "host_name"),
			(&["--config", &key], "malformed"),
			(&["--config", &key, "--publish", "443"], "cannot be used"),
			(&["--publish", "443"], "--ssh-key"),
			(&["--ssh-key", &key, "--publish", "443/sctp"], "neither tcp nor udp"),
			(&["--ssh-key", &key, "--publish", "0"], "from 1 to 65535"),
		];
		for (arguments, wanted) in cases {
			let error = read(arguments).expect_err("invalid");
			assert!(format!("{error:#}").contains(wanted), "{arguments:?}: {error:#}");
		}
	}
}
