//! Addresses of agents, and the streams that lead to them.

use std::{
	fmt, io,
	os::fd::{AsRawFd, OwnedFd},
	path::PathBuf,
	str::FromStr,
};

use nix::{
	errno::Errno,
	sys::socket::{bind, connect as connect_socket, socket, AddressFamily, SockFlag, SockType},
};
use tokio::{
	io::{AsyncRead, AsyncWrite},
	net::UnixStream,
};
use tokio_vsock::{VsockAddr, VsockStream, VMADDR_CID_ANY};

/// An endpoint where an agent listens and to which its host connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
	/// A vsock address: `vsock:PORT` to listen, and `vsock:CID:PORT` to connect.
	Vsock { cid: u32, port: u32 },
	/// A UNIX socket: `unix:PATH`.
	Unix(PathBuf),
}

impl FromStr for Address {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a number"));
		match text.split_once(':') {
			Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
			Some(("vsock", rest)) => Ok(match rest.split_once(':') {
				Some((cid, port)) => Self::Vsock { cid: number(cid)?, port: number(port)? },
				None => Self::Vsock { cid: VMADDR_CID_ANY, port: number(rest)? },
			}),
			_ => Err(format!("{text:?} is neither vsock:[CID:]PORT nor unix:PATH")),
		}
	}
}

impl fmt::Display for Address {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Vsock { cid, port } if *cid == VMADDR_CID_ANY => write!(f, "vsock:{port}"),
			Self::Vsock { cid, port } => write!(f, "vsock:{cid}:{port}"),
			Self::Unix(path) => write!(f, "unix:{}", path.display()),
		}
	}
}

/// A byte stream between a host and an agent, over vsock or a UNIX socket.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The highest privileged port of vsock. Only a privileged process can use a port up to this one as
/// its source port.
pub const MAX_PRIVILEGED_PORT: u32 = 1023;
/// The lowest source port that [`connect`] tries. Lower ports are left to other services of the
/// host.
const MIN_SOURCE_PORT: u32 = 512;

/// Connects to an agent. Over vsock, the source port is privileged, because agents accept no other
/// source port.
///
/// ## Errors
/// Fails if no program listens at the address, or if the socket is not accessible. Over vsock, also
/// fails if the process lacks the capability `CAP_NET_BIND_SERVICE`.
pub async fn connect(address: &Address) -> io::Result<Box<dyn Stream>> {
	Ok(match address {
		Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
		Address::Vsock { cid, port } => {
			let peer = VsockAddr::new(*cid, *port);
			// The call blocks, but the kernel gives up after two seconds.
			let connecting = tokio::task::spawn_blocking(move || connect_privileged(&peer));
			let connected = connecting.await.map_err(io::Error::other)??;
			Box::new(VsockStream::new(connected)?)
		},
	})
}

fn connect_privileged(peer: &VsockAddr) -> io::Result<vsock::VsockStream> {
	let socket = socket(AddressFamily::Vsock, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
	bind_privileged(&socket)?;
	connect_socket(socket.as_raw_fd(), peer)?;
	Ok(vsock::VsockStream::from(socket))
}

/// Binds a socket to a free privileged port.
fn bind_privileged(socket: &OwnedFd) -> io::Result<()> {
	for port in (MIN_SOURCE_PORT..=MAX_PRIVILEGED_PORT).rev() {
		match bind(socket.as_raw_fd(), &VsockAddr::new(VMADDR_CID_ANY, port)) {
			Ok(()) => return Ok(()),
			Err(Errno::EADDRINUSE) => {},
			Err(Errno::EACCES) => {
				let why = "a privileged vsock port needs root or CAP_NET_BIND_SERVICE";
				return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
			},
			Err(error) => return Err(error.into()),
		}
	}
	Err(io::Error::new(io::ErrorKind::AddrInUse, "all privileged vsock ports are in use"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn valid_addresses_round_trip() {
		for text in ["unix:/run/hccam.sock", "vsock:5000", "vsock:3:5000"] {
			let address: Address = text.parse().expect("an address");
			assert_eq!(address.to_string(), text);
		}
	}

	#[test]
	fn invalid_addresses_are_refused() {
		for text in ["", "unix:", "vsock:x", "tcp:1:2", "/run/hccam.sock"] {
			assert!(text.parse::<Address>().is_err(), "{text}");
		}
	}
}
