//! The agent's server, which serves one host at a time.

use std::time::Duration;

use hcc_guest_protocol::{guest::VERSIONS, Address, Session, SessionError, Stream};
use tokio::net::UnixListener;
use tokio_vsock::{VsockAddr, VsockListener};

use crate::{Agent, Refusal, ReportSource};

/// Time limit for the session of one host, which includes the time for its quote. Other hosts wait.
const TIMEOUT: Duration = Duration::from_secs(60);

enum Listener {
	Unix(UnixListener),
	Vsock(VsockListener),
}

impl Listener {
	fn bind(address: &Address) -> std::io::Result<Self> {
		Ok(match address {
			Address::Unix(path) => {
				// Removes the socket of an earlier run. This also takes over a socket in use, as a
				// restart of the service requires.
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

/// Serves one host after another until a check fails. Returns the failed check.
pub async fn serve<S: ReportSource>(
	address: &Address,
	agent: &mut Agent<S>,
) -> std::io::Result<Refusal> {
	let listener = Listener::bind(address)?;
	tracing::info!(%address, guest_pk = hex::encode(agent.public_key()), "listening");
	loop {
		let stream = listener.accept().await?;
		match tokio::time::timeout(TIMEOUT, talk(stream, agent)).await {
			Ok(Ok(None)) => {},
			Ok(Ok(Some(refusal))) => return Ok(refusal),
			Ok(Err(error)) => tracing::warn!(%error, "the session with a host failed"),
			Err(_) => tracing::warn!("a session exceeded its time limit"),
		}
	}
}

async fn talk<S: ReportSource>(
	stream: Box<dyn Stream>,
	agent: &mut Agent<S>,
) -> Result<Option<Refusal>, SessionError> {
	let mut session = match Session::accept(stream, VERSIONS).await {
		// The peer only probed the port.
		Err(SessionError::Closed) => return Ok(None),
		opened => opened?,
	};
	while let Some(request) = session.receive().await? {
		let (response, refusal) = agent.answer(request);
		session.send(&response).await?;
		if refusal.is_some() {
			return Ok(refusal);
		}
	}
	Ok(None)
}
