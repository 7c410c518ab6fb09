//! `hcc vm ssh` and `hcc vm ssh-config`: the system's OpenSSH client, with the host key pinned.

use std::{ffi::OsStr, os::unix::process::CommandExt, path::PathBuf, process::Command};

use anyhow::Context;
use hcc_guest_protocol::relay::Service;
use serde_json::json;

use super::{
	alias, block_on,
	host_key::{check, fetch, KEY_TYPE},
	relay::Route,
	Pinned, Reach,
};
use crate::output::outln;

/// Log in to a VM, or run a command in it, with the system's ssh.
///
/// The host key must be the one of the VM's boot in the last finalised block. Once ssh has started,
/// the exit code is that of ssh.
#[derive(Debug, clap::Args)]
pub(crate) struct Ssh {
	#[command(flatten)]
	reach: Reach,
	#[command(flatten)]
	pinned: Pinned,
	#[command(flatten)]
	login: Login,
	/// The command to run in the VM, instead of a shell.
	#[arg(last = true, value_name = "COMMAND")]
	command: Vec<String>,
}

/// The user in the VM.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Login {
	/// The user in the VM.
	#[arg(long, short = 'l', default_value = "root")]
	user: String,
	/// The private key of the user, instead of those that ssh tries.
	#[arg(long, short, value_name = "FILE")]
	identity: Option<PathBuf>,
}

/// Print a Host block for ~/.ssh/config, so that plain ssh, scp and rsync reach a VM.
///
/// The block follows the chain: each connection asks the node for the relay and the host key.
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
	#[command(flatten)]
	reach: Reach,
	#[command(flatten)]
	login: Login,
	/// Print JSON.
	#[arg(long)]
	json: bool,
}

impl Ssh {
	pub(crate) fn run(&self) -> anyhow::Result<()> {
		let ssh = pinned_client(&self.reach, &self.pinned, &self.login)?;
		execute(ssh, self.reach.vm, &self.command)
	}
}

impl Config {
	pub(crate) fn run(&self) -> anyhow::Result<()> {
		let mut way = vec!["--node".to_owned(), self.reach.node.clone()];
		if let Some(relay) = &self.reach.relay {
			way.extend(["--relay".to_owned(), relay.to_string()]);
		}
		let settings = settings(&program()?, self.reach.vm, &way, &way);
		let host = alias(self.reach.vm);
		let mut lines = vec![format!("Host {host}"), format!("\tHostName {host}")];
		lines.push(format!("\tUser {}", self.login.user));
		if let Some(identity) = &self.login.identity {
			let path = std::path::absolute(identity)?;
			let path = path.to_str().context("the path of the private key is not UTF-8")?;
			lines.push(format!("\tIdentityFile {}", quoted(&doubled(path))));
			lines.push("\tIdentitiesOnly yes".into());
		}
		lines.extend(settings.iter().map(|(name, value)| format!("\t{name} {value}")));
		let text = lines.join("\n");
		if self.json {
			outln!("{}", json!({ "vm": self.reach.vm, "host": host, "config": text }));
		} else {
			outln!("{text}");
		}
		Ok(())
	}
}

/// Returns the command that connects to a VM, after a check of its host key. The check is a
/// connection of its own, so that another key has an exit code and a message of its own. The SSH
/// client checks the key again.
pub(super) fn pinned_client(
	reach: &Reach,
	pinned: &Pinned,
	login: &Login,
) -> anyhow::Result<Command> {
	let (route, wanted) = match pinned.host_key {
		Some(wanted) => (reach.route()?, wanted.0),
		None => {
			let target = reach.target()?;
			let wanted = target.pinned()?;
			(target.route, wanted)
		},
	};
	block_on(async {
		let mut stream = route.open(Service::Ssh, None).await?;
		check(route.vm, &fetch(&mut stream).await?, &wanted)
	})?;
	client(&program()?, &route, &wanted, login)
}

/// Returns the SSH client with its options.
fn client(
	program: &str,
	route: &Route,
	wanted: &[u8; 32],
	login: &Login,
) -> anyhow::Result<Command> {
	let genesis = hex::encode(route.genesis);
	let way = ["--relay".to_owned(), route.relay.to_string(), "--genesis".to_owned(), genesis];
	let key = ["--host-key".to_owned(), hex::encode(wanted)];
	let mut ssh = Command::new("ssh");
	for (name, value) in settings(program, route.vm, &way, &key) {
		ssh.arg("-o").arg(format!("{name}={value}"));
	}
	ssh.args(["-l", &login.user]);
	if let Some(identity) = &login.identity {
		ssh.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(identity);
	}
	Ok(ssh)
}

/// Replaces this program by the SSH client. Returns only if that fails.
pub(super) fn execute(
	mut ssh: Command,
	vm: u64,
	command: &[impl AsRef<OsStr>],
) -> anyhow::Result<()> {
	ssh.arg(alias(vm));
	if !command.is_empty() {
		ssh.arg("--").args(command);
	}
	Err(ssh.exec()).context("cannot run ssh: install the OpenSSH client, version 8.5 or later")
}

/// Returns the path of this program.
fn program() -> anyhow::Result<String> {
	let path = std::env::current_exe().context("the path of this program is unknown")?;
	Ok(path.to_str().context("the path of this program is not UTF-8")?.to_owned())
}

/// Returns the settings of the SSH client. `way` and `key` are arguments of `hcc vm proxy` and
/// `hcc vm host-key`.
fn settings(program: &str, vm: u64, way: &[String], key: &[String]) -> Vec<(&'static str, String)> {
	let mut proxy = doubled(&single_quoted(program));
	proxy += &format!(" vm proxy {vm}");
	// Of this command, ssh expands tokens in the arguments only.
	let mut host_key = quoted(program);
	host_key += &format!(" vm host-key {vm}");
	for argument in way {
		proxy += &format!(" {}", doubled(&single_quoted(argument)));
	}
	for argument in key {
		host_key += &format!(" {}", quoted(&doubled(argument)));
	}
	host_key += " --key %K";
	let fixed = [
		("HostKeyAlgorithms", KEY_TYPE),
		("StrictHostKeyChecking", "yes"),
		// No other source of keys, and none is stored: the key changes with each boot.
		("UserKnownHostsFile", "/dev/null"),
		("GlobalKnownHostsFile", "/dev/null"),
		("UpdateHostKeys", "no"),
		("VerifyHostKeyDNS", "no"),
		("CheckHostIP", "no"),
		// A shared connection may lead to an earlier VM.
		("ControlPath", "none"),
		// The relay ends idle connections.
		("ServerAliveInterval", "60"),
	];
	let mut settings =
		vec![("HostKeyAlias", alias(vm)), ("ProxyCommand", proxy), ("KnownHostsCommand", host_key)];
	settings.extend(fixed.map(|(name, value)| (name, value.to_owned())));
	settings
}

/// Quotes a word for the shell, which runs ProxyCommand.
fn single_quoted(text: &str) -> String {
	format!("'{}'", text.replace('\'', r"'\''"))
}

/// Quotes a word for ssh, which splits KnownHostsCommand itself.
fn quoted(text: &str) -> String {
	format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#))
}

/// Escapes tokens of ssh.
fn doubled(text: &str) -> String {
	text.replace('%', "%%")
}

#[cfg(test)]
mod tests {
	use super::*;

	fn words(words: &[&str]) -> Vec<String> {
		words.iter().map(|word| (*word).to_owned()).collect()
	}

	#[test]
	fn commands_are_quoted_for_their_readers() {
		let program = "/opt/it's 1% \"hcc\"";
		let (way, key) = (words(&["--node", "ws://a/%41"]), words(&["--host-key", "00"]));
		let settings = settings(program, 7, &way, &key);
		let value = |name: &str| {
			let found = settings.iter().find(|(of, _)| *of == name);
			found.map(|(_, value)| value.as_str()).expect("a setting")
		};
		assert_eq!(
			value("ProxyCommand"),
			r#"'/opt/it'\''s 1%% "hcc"' vm proxy 7 '--node' 'ws://a/%%41'"#
		);
		assert_eq!(
			value("KnownHostsCommand"),
			r#""/opt/it's 1% \"hcc\"" vm host-key 7 "--host-key" "00" --key %K"#
		);
		assert_eq!(value("HostKeyAlias"), "hcc-vm-7");
		assert_eq!(value("StrictHostKeyChecking"), "yes");
	}

	#[test]
	fn client_never_asks_a_node() {
		let relay = "127.0.0.1:7922".parse().expect("an endpoint");
		let route = Route { vm: 7, genesis: [1; 32], relay };
		let login = Login { user: "root".into(), identity: Some("key".into()) };
		let ssh = client("/bin/hcc", &route, &[2; 32], &login).expect("a command");
		let arguments: Vec<_> = ssh.get_args().map(|word| word.to_string_lossy()).collect();
		let text = arguments.join(" ");
		assert!(text.contains("--relay' '127.0.0.1:7922' '--genesis'"), "{text}");
		assert!(text.ends_with("-l root -o IdentitiesOnly=yes -i key"), "{text}");
		assert!(!text.contains("--node"), "{text}");
	}
}
