//! `hcc vm port`: ports of a VM on this machine.

use std::{ffi::OsString, net::Ipv4Addr, str::FromStr, time::Duration};

use anyhow::Context;
use hcc_guest_protocol::relay::Service;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use super::{block_on, relay::Route, ssh, Pinned, Reach};
use crate::output::{self, outln};

/// Pause after the system could not accept a connection, for example for lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Forward a port of this machine to a port of a VM, until stopped.
///
/// The connections run through SSH, so that host and relay cannot read them. With --published they
/// need no SSH key, but reach only ports that the VM's configuration publishes. The host can then
/// read all traffic that the application does not encrypt.
#[derive(Debug, clap::Args)]
pub(crate) struct Port {
	#[command(flatten)]
	reach: Reach,
	#[command(flatten)]
	pinned: Pinned,
	#[command(flatten)]
	login: ssh::Login,
	/// The port of this machine, on the loopback interface, and the port of the VM.
	#[arg(value_name = "LOCAL:REMOTE")]
	ports: Ports,
	/// Forward to a published port, without SSH. LOCAL may be 0 for any free port.
	#[arg(long)]
	published: bool,
	/// With --published, print JSON.
	#[arg(long, requires = "published")]
	json: bool,
}

/// A port of this machine and a port of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ports {
	local: u16,
	remote: u16,
}

impl FromStr for Ports {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let parsed = text.split_once(':').and_then(|(local, remote)| {
			let ports = Self { local: local.parse().ok()?, remote: remote.parse().ok()? };
			(ports.remote != 0).then_some(ports)
		});
		parsed.ok_or_else(|| format!("{text:?} is not LOCAL:REMOTE, such as 8080:80"))
	}
}

impl Port {
	pub(crate) fn run(&self) -> anyhow::Result<()> {
		if self.published {
			let route = self.reach.route()?;
			return block_on(forward(route, self.ports, self.json));
		}
		let Ports { local, remote } = self.ports;
		let forward = format!("127.0.0.1:{local}:127.0.0.1:{remote}");
		let mut ssh = ssh::pinned_client(&self.reach, &self.pinned, &self.login)?;
		ssh.args(["-N", "-o", "ExitOnForwardFailure=yes", "-L", &forward]);
		output::warn(format_args!(
			"127.0.0.1:{local} leads to port {remote} of VM {}; Ctrl-C ends it",
			self.reach.vm
		));
		ssh::execute(ssh, self.reach.vm, &[] as &[OsString])
	}
}

/// Forwards connections to a published port without end.
async fn forward(route: Route, ports: Ports, as_json: bool) -> anyhow::Result<()> {
	// A refusal ends the command before any connection.
	drop(route.open(Service::Port(ports.remote), None).await?);
	let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ports.local)).await;
	let listener = listener.with_context(|| format!("cannot listen on port {}", ports.local))?;
	let local = listener.local_addr()?;
	let (vm, remote) = (route.vm, ports.remote);
	if as_json {
		outln!("{}", json!({ "vm": vm, "local": local.to_string(), "remote": remote }));
	} else {
		outln!("{local} leads to port {remote} of VM {vm}; Ctrl-C ends it");
	}
	loop {
		match listener.accept().await {
			Ok((client, _)) => {
				let route = route.clone();
				tokio::spawn(async move {
					if let Err(error) = serve(&route, remote, client).await {
						output::warn(format_args!("error: {error:#}"));
					}
				});
			},
			Err(error) => {
				output::warn(format_args!("error: cannot accept a connection: {error}"));
				tokio::time::sleep(ACCEPT_PAUSE).await;
			},
		}
	}
}

/// Forwards one connection until both sides have ended.
async fn serve(route: &Route, remote: u16, mut client: TcpStream) -> anyhow::Result<()> {
	let mut vm = route.open(Service::Port(remote), None).await?;
	// A reset by either side is how many applications end a connection.
	drop(tokio::io::copy_bidirectional(&mut client, &mut vm).await);
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ports_are_two_numbers() {
		assert_eq!("8080:80".parse(), Ok(Ports { local: 8080, remote: 80 }));
		assert_eq!("0:80".parse(), Ok(Ports { local: 0, remote: 80 }));
		for text in ["80", "80:0", ":80", "80:", "a:80", "1:65536", "1:2:3"] {
			assert!(text.parse::<Ports>().is_err(), "{text}");
		}
	}
}
