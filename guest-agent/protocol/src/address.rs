//! Addresses of agents, and the streams that lead to them.

use std::{fmt, path::PathBuf, str::FromStr};

use tokio::{
	io::{AsyncRead, AsyncWrite},
	net::UnixStream,
};
use tokio_vsock::{VsockAddr, VsockStream, VMADDR_CID_ANY};

/// An endpoint where an agent listens and to which its host connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
	/// `vsock:PORT` to listen, `vsock:CID:PORT` to connect.
	Vsock { cid: u32, port: u32 },
	/// `unix:PATH`.
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

/// Connects to an agent.
///
/// ## Errors
/// Fails when nothing listens at the address, or when the socket is not accessible.
pub async fn connect(address: &Address) -> std::io::Result<Box<dyn Stream>> {
	Ok(match address {
		Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
		Address::Vsock { cid, port } => {
			Box::new(VsockStream::connect(VsockAddr::new(*cid, *port)).await?)
		},
	})
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
