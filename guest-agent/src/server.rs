//! The agent's side of the stream, and the host's.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use tokio::{
	io::{AsyncRead, AsyncWrite},
	net::{UnixListener, UnixStream},
};
use tokio_vsock::{VsockAddr, VsockListener, VsockStream, VMADDR_CID_ANY};

use crate::{
	frame::{receive, send, FrameError},
	Agent, Refusal, ReportSource,
};

/// How long one host may take. It quotes meanwhile; others wait for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the agent listens, and the host finds it.
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
		let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
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

/// A stream of either kind.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to an agent.
pub async fn connect(address: &Address) -> std::io::Result<Box<dyn Stream>> {
	Ok(match address {
		Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
		Address::Vsock { cid, port } => {
			Box::new(VsockStream::connect(VsockAddr::new(*cid, *port)).await?)
		},
	})
}

enum Listener {
	Unix(UnixListener),
	Vsock(VsockListener),
}

impl Listener {
	fn bind(address: &Address) -> std::io::Result<Self> {
		Ok(match address {
			Address::Unix(path) => {
				// Left behind by a former run; a socket that is in use is taken over, as a service restart wants it.
				match std::fs::remove_file(path) {
					Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
						return Err(error)
					},
					_ => Self::Unix(UnixListener::bind(path)?),
				}
			},
			Address::Vsock { cid, port } => {
				Self::Vsock(VsockListener::bind(VsockAddr::new(*cid, *port))?)
			},
		})
	}

	async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
		Ok(match self {
			Self::Unix(listener) => Box::new(listener.accept().await?.0),
			Self::Vsock(listener) => Box::new(listener.accept().await?.0),
		})
	}
}

/// Serves one host after another until something that was gathered does not hold.
pub async fn serve<S: ReportSource>(
	address: &Address,
	agent: &mut Agent<S>,
) -> std::io::Result<Refusal> {
	let listener = Listener::bind(address)?;
	tracing::info!(%address, guest_pk = hex::encode(agent.public_key()), "listening");
	loop {
		let mut stream = listener.accept().await?;
		match tokio::time::timeout(PATIENCE, talk(&mut stream, agent)).await {
			Ok(Ok(None)) => {},
			Ok(Ok(Some(refusal))) => return Ok(refusal),
			Ok(Err(error)) => tracing::warn!(%error, "a host went away"),
			Err(_) => tracing::warn!("a host said nothing for too long"),
		}
	}
}

async fn talk<S: ReportSource>(
	stream: &mut Box<dyn Stream>,
	agent: &mut Agent<S>,
) -> Result<Option<Refusal>, FrameError> {
	while let Some(request) = receive(stream).await? {
		let (response, refusal) = agent.answer(request);
		send(stream, &response).await?;
		if refusal.is_some() {
			return Ok(refusal);
		}
	}
	Ok(None)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn addresses_are_read_as_they_are_written() {
		for text in ["unix:/run/hccam.sock", "vsock:5000", "vsock:3:5000"] {
			let address: Address = text.parse().expect("an address");
			assert_eq!(address.to_string(), text);
		}
		for text in ["", "unix:", "vsock:x", "tcp:1:2", "/run/hccam.sock"] {
			assert!(text.parse::<Address>().is_err(), "{text}");
		}
	}
}
