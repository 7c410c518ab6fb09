//! `hcc vm ssh|port|logs|ssh-config`: access to a VM through the relay of its miner.
//!
//! Neither the relay nor the network is trusted. The SSH host key must be the one of the boot row
//! in the last finalised block.

mod forward;
mod host_key;
mod logs;
mod proxy;
mod relay;
mod ssh;
mod target;

pub(crate) use forward::Port;
pub(crate) use host_key::PrintHostKey;
pub(crate) use logs::Logs;
pub(crate) use proxy::Proxy;
pub(crate) use ssh::{Config, Ssh};

use std::{future::Future, net::TcpStream};

use hcc_guest_protocol::relay::Service;

use super::NODE;
use crate::input::HexBytes;
use relay::{Endpoint, Route, Tenant};

/// A VM, and the way to it.
#[derive(Clone, Debug, clap::Args)]
struct Reach {
	/// The VM's number.
	vm: u64,
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// The relay, instead of the one that the miner publishes.
	#[arg(long, value_name = "HOST:PORT")]
	relay: Option<Endpoint>,
	/// The genesis hash. With it and --relay, no node is asked for the way.
	#[arg(long, value_name = "HEX", value_parser = hash, requires = "relay", hide = true)]
	genesis: Option<Hash>,
}

/// The expected SSH host key.
#[derive(Clone, Debug, clap::Args)]
struct Pinned {
	/// The SHA-256 digest of the SSH host key. With it, no node is asked for the key.
	#[arg(long, value_name = "HEX", value_parser = hash, hide = true)]
	host_key: Option<Hash>,
}

/// A hash of 32 bytes.
#[derive(Clone, Copy, Debug)]
struct Hash([u8; 32]);

fn hash(text: &str) -> Result<Hash, String> {
	let HexBytes(bytes) = crate::input::hex_bytes(text)?;
	let bytes = bytes.try_into().map_err(|_| "expected 32 bytes in hexadecimal")?;
	Ok(Hash(bytes))
}

/// Returns the name of a VM for SSH, in configurations and as the alias of its host key.
fn alias(vm: u64) -> String {
	format!("hcc-vm-{vm}")
}

/// Replaces control characters. A host or a VM must not control the terminal.
fn printable(text: &str) -> String {
	let escape = |char: char| match char {
		'\t' => vec!['\t'],
		char if char.is_control() => char.escape_default().collect(),
		char => vec![char],
	};
	text.chars().flat_map(escape).collect()
}

/// Opens a service for blocking reads and writes.
fn open_blocking(
	route: &Route,
	service: Service,
	tenant: Option<&Tenant<'_>>,
) -> anyhow::Result<TcpStream> {
	block_on(async {
		let stream = route.open(service, tenant).await?.into_std()?;
		stream.set_nonblocking(false)?;
		Ok(stream)
	})
}

/// Runs asynchronous work on this thread.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
	tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn control_characters_are_escaped() {
		assert_eq!(printable("a\tb\u{1b}[2Jß\u{9b}"), "a\tb\\u{1b}[2Jß\\u{9b}");
	}

	#[test]
	fn hash_needs_32_bytes() {
		assert_eq!(hash(&"ab".repeat(32)).expect("a hash").0, [0xab; 32]);
		assert!(hash("ab").is_err());
	}
}
