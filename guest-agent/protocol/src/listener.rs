//! Sockets on which an agent accepts connections of its host.

use std::{fs::Permissions, io, os::unix::fs::PermissionsExt};

use tokio::net::UnixListener;
use tokio_vsock::{VsockAddr, VsockListener};

use crate::{Address, Stream, MAX_PRIVILEGED_PORT};

/// The mode of a UNIX socket: only its owner and root can connect.
const SOCKET_MODE: u32 = 0o600;

/// The peers that an agent serves over vsock. Any process of the host and any other guest can reach
/// an agent's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peers {
	/// The CID of the host.
	pub host_cid: u32,
	/// Serves every process of the host, not only privileged ones.
	pub any_port: bool,
}

impl Peers {
	/// Returns the privileged processes of the host.
	pub const fn privileged(host_cid: u32) -> Self {
		Self { host_cid, any_port: false }
	}

	fn include(&self, peer: VsockAddr) -> bool {
		peer.cid() == self.host_cid && (self.any_port || peer.port() <= MAX_PRIVILEGED_PORT)
	}
}

/// A socket on which an agent listens.
#[derive(Debug)]
pub struct Listener(Socket);

#[derive(Debug)]
enum Socket {
	Unix(UnixListener),
	Vsock { listener: VsockListener, peers: Peers },
}

impl Listener {
	/// Listens at an address. On a UNIX socket, the mode of the socket selects the peers.
	///
	/// ## Errors
	/// Fails if the address is in use or not accessible.
	pub fn bind(address: &Address, peers: Peers) -> io::Result<Self> {
		Ok(Self(match address {
			Address::Unix(path) => {
				// Removes the socket of an earlier run. This also takes over a socket in use, as a
				// restart of the service requires.
				match std::fs::remove_file(path) {
					Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
					_ => {},
				}
				let listener = UnixListener::bind(path)?;
				std::fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE))?;
				Socket::Unix(listener)
			},
			Address::Vsock { cid, port } => {
				let listener = VsockListener::bind(VsockAddr::new(*cid, *port))?;
				Socket::Vsock { listener, peers }
			},
		}))
	}

	/// Accepts a connection. Returns `None` if the peer is not one that the agent serves.
	///
	/// ## Errors
	/// Fails if the system cannot accept a connection, for example for lack of descriptors.
	pub async fn accept(&self) -> io::Result<Option<Box<dyn Stream>>> {
		match &self.0 {
			Socket::Unix(listener) => Ok(Some(Box::new(listener.accept().await?.0))),
			Socket::Vsock { listener, peers } => {
				let (stream, peer) = listener.accept().await?;
				if peers.include(peer) {
					return Ok(Some(Box::new(stream)));
				}
				tracing::debug!(cid = peer.cid(), port = peer.port(), "not the host: disconnected");
				Ok(None)
			},
		}
	}
}

#[cfg(test)]
mod tests {
	use tokio_vsock::VMADDR_CID_HOST;

	use super::*;

	#[test]
	fn only_privileged_host_is_served() {
		let peers = Peers::privileged(VMADDR_CID_HOST);
		let served = |cid, port| peers.include(VsockAddr::new(cid, port));
		assert!(served(VMADDR_CID_HOST, 1) && served(VMADDR_CID_HOST, MAX_PRIVILEGED_PORT));
		assert!(!served(VMADDR_CID_HOST, MAX_PRIVILEGED_PORT + 1), "any user has this port");
		assert!(!served(3, 600), "another guest");
		assert!(!served(1, 600), "a process in this guest");
	}

	#[test]
	fn any_port_still_needs_host() {
		let peers = Peers { host_cid: VMADDR_CID_HOST, any_port: true };
		assert!(peers.include(VsockAddr::new(VMADDR_CID_HOST, MAX_PRIVILEGED_PORT + 1)));
		assert!(!peers.include(VsockAddr::new(3, 600)), "another guest");
	}
}
