//! The nodes and the validators' workers.

use std::{net::TcpListener, ops::Range};

use anyhow::Context;
use serde_json::{json, Value};

use super::{
	chain_spec,
	layout::Layout,
	supervisor::{Program, Supervisor},
};

/// The validators of the presets. Their keys are well-known.
const VALIDATORS: [&str; 4] = ["Alice", "Bob", "Charlie", "Dave"];
/// The network key of the first node, and the peer id that derives from this key. The other nodes
/// use the peer id to connect to the first node.
const FIRST_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const FIRST_PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

/// A validator's node and worker, and their ports.
struct Validator {
	name: &'static str,
	rpc: u16,
	p2p: u16,
	metrics: u16,
}

/// The nodes and workers of a network.
pub(crate) struct Network {
	validators: Vec<Validator>,
	/// The port of the miner's relay.
	relay_port: u16,
}

/// The ports from which networks allocate theirs. The system assigns higher ports to outgoing
/// connections, so a port of this range stays free until its program starts.
const PORTS: Range<u16> = 10_000..32_000;

/// Returns free ports, each of them once. Networks start at different places of the range.
fn free_ports() -> impl Iterator<Item = u16> {
	let count = usize::from(PORTS.end - PORTS.start);
	let first = std::process::id() as usize * 64 % count;
	let ports = PORTS.cycle().skip(first).take(count);
	ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

impl Network {
	/// Allocates ports for the given number of validators.
	pub(crate) fn allot(count: u16, rpc_port: Option<u16>) -> anyhow::Result<Self> {
		let mut ports = free_ports().filter(|port| Some(*port) != rpc_port);
		let mut free_port = || ports.next().context("no port is free");
		let mut validators = Vec::new();
		for name in VALIDATORS.into_iter().take(count.into()) {
			let wanted = rpc_port.filter(|_| validators.is_empty());
			let rpc = wanted.map_or_else(&mut free_port, Ok)?;
			validators.push(Validator { name, rpc, p2p: free_port()?, metrics: free_port()? });
		}
		Ok(Self { validators, relay_port: free_port()? })
	}

	/// Returns the port of the first node.
	pub(crate) fn rpc_port(&self) -> u16 {
		self.validators.first().map_or(0, |validator| validator.rpc)
	}

	/// Returns the port of the miner's relay.
	pub(crate) fn relay_port(&self) -> u16 {
		self.relay_port
	}

	/// Returns the URL of the first node.
	pub(crate) fn rpc(&self) -> String {
		url(self.rpc_port())
	}

	/// Returns the addresses of all nodes and workers.
	pub(crate) fn describe(&self) -> Value {
		let nodes: Vec<_> = self.validators.iter().map(|validator| url(validator.rpc)).collect();
		let metrics: Vec<_> = self
			.validators
			.iter()
			.map(|validator| format!("http://127.0.0.1:{}/metrics", validator.metrics))
			.collect();
		json!({ "nodes": nodes, "metrics": metrics })
	}

	/// Starts the nodes, then the workers, which read prices from `sources`. If `proxy` is set, the
	/// last worker uses the node at this URL.
	pub(crate) fn start(
		&self,
		layout: &Layout,
		sources: &str,
		proxy: Option<&str>,
		supervisor: &mut Supervisor<'_>,
	) -> anyhow::Result<()> {
		for (number, validator) in self.validators.iter().enumerate() {
			supervisor.start(self.node(layout, number, validator))?;
		}
		for (number, validator) in self.validators.iter().enumerate() {
			let own = url(validator.rpc);
			let last = number + 1 == self.validators.len();
			let node = proxy.filter(|_| last).unwrap_or(&own);
			supervisor.start(worker(layout, number, validator, node, sources)?)?;
		}
		Ok(())
	}

	fn node(&self, layout: &Layout, number: usize, validator: &Validator) -> Program {
		let name = format!("node-{}", number + 1);
		let mut arguments = vec![
			"--chain".into(),
			layout.file(chain_spec::FILE).into(),
			"--base-path".into(),
			layout.file(&name).into(),
			format!("--{}", validator.name.to_lowercase()).into(),
			"--rpc-port".into(),
			validator.rpc.to_string().into(),
			"--listen-addr".into(),
			format!("/ip4/127.0.0.1/tcp/{}", validator.p2p).into(),
		];
		let flags = ["--rpc-cors", "all", "--no-prometheus", "--no-telemetry", "--no-mdns"];
		arguments.extend(flags.map(Into::into));
		if self.validators.len() == 1 {
			arguments.push("--force-authoring".into());
		} else {
			arguments.push("--allow-private-ip".into());
		}
		if number == 0 {
			arguments.extend(["--node-key", FIRST_KEY].map(Into::into));
		} else {
			let first = self.validators.first().map_or(0, |first| first.p2p);
			let address = format!("/ip4/127.0.0.1/tcp/{first}/p2p/{FIRST_PEER}");
			arguments.push("--unsafe-force-node-key-generation".into());
			arguments.extend(["--bootnodes".into(), address.into()]);
		}
		let log = layout.logs().join(format!("{name}.log"));
		Program { name, path: layout.program("hccs-node"), arguments, log }
	}
}

/// Describes a validator's worker. On test chains, the worker's key is the validator's own key.
fn worker(
	layout: &Layout,
	number: usize,
	validator: &Validator,
	node: &str,
	sources: &str,
) -> anyhow::Result<Program> {
	let name = format!("worker-{}", number + 1);
	let key = layout.write_key(&format!("{name}.key"), &format!("//{}", validator.name))?;
	let log = layout.logs().join(format!("{name}.log"));
	let config = layout.write(&format!("{name}.toml"), sources)?;
	let arguments = vec![
		"--config".into(),
		config.into(),
		"--node".into(),
		node.into(),
		"--key-file".into(),
		key.into(),
		"--state".into(),
		layout.file(&name).into(),
		"--metrics".into(),
		format!("127.0.0.1:{}", validator.metrics).into(),
	];
	Ok(Program { name, path: layout.program("hcc-validator"), arguments, log })
}

fn url(port: u16) -> String {
	format!("ws://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
	use std::collections::BTreeSet;

	use super::*;

	#[test]
	fn ports_are_distinct() {
		let network = Network::allot(4, None).expect("ports are free");
		let ports: BTreeSet<_> = network
			.validators
			.iter()
			.flat_map(|validator| [validator.rpc, validator.p2p, validator.metrics])
			.collect();
		assert_eq!(ports.len(), 12);
		assert_eq!(network.describe()["nodes"].as_array().map(Vec::len), Some(4));
	}

	#[test]
	fn first_node_uses_given_port() {
		let network = Network::allot(1, Some(9_944)).expect("ports are free");
		assert_eq!(network.rpc(), "ws://127.0.0.1:9944");
	}
}
