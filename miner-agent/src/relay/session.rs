//! One connection of a client: its request, and the service that it reaches.

use std::{future::Future, io, path::PathBuf, time::Duration};

use ed25519_dalek::{Signature, VerifyingKey};
use hcc_evidence::vm::console_statement;
use hcc_guest_protocol::{
	connect,
	relay::{
		ConsoleProof, Refusal, RelayRequest, RelayResponse, Service, MAX_MESSAGE, SSH_PORT,
		VERSIONS,
	},
	Session, SessionError, Stream,
};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
	access::{VmAccess, VmDirectory},
	console,
	limits::Place,
	pipe::{pipe, Ended, Patience},
	Relay,
};

/// Time that a client has for the negotiation and its request, and for a proof.
const GREETING: Duration = Duration::from_secs(5);
/// Time that a VM has to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Time without a byte after which a connection ends of which one direction has ended.
const LINGER: Duration = Duration::from_secs(60);

/// Reasons for which a connection ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
	/// The client has received the reason.
	#[error("refused with code {code}: {0}", code = .0.code())]
	Refused(#[from] Refusal),
	/// The client does not follow the protocol, or has left.
	#[error("client: {0}")]
	Session(#[from] SessionError),
	/// The client sent no request in time.
	#[error("the client sent no request within {} s", GREETING.as_secs())]
	Late,
	/// Nothing was sent for too long.
	#[error("the connection was idle")]
	Idle,
	#[error("the connection broke: {0}")]
	Broken(io::Error),
}

/// A service that a client has reached.
enum Reached {
	Vm { stream: Box<dyn Stream>, half_close: bool },
	Console { path: PathBuf, follow: bool },
}

impl<D: VmDirectory> Relay<D> {
	/// Serves a client until either side closes the connection. `greeting` is its place among the
	/// clients without a valid request.
	pub(super) async fn serve<S: Stream>(
		&self,
		stream: S,
		greeting: OwnedSemaphorePermit,
	) -> Result<(), ServeError> {
		let (mut session, request) = in_time(greet(stream)).await?;
		let reached = self.reach(&mut session, &request).await;
		drop(greeting);
		let (_place, reached) = match reached {
			Ok(reached) => reached,
			Err(error) => {
				if let ServeError::Refused(refusal) = error {
					let response = RelayResponse::Refused(refusal);
					in_time(async { Ok(session.send(&response).await?) }).await?;
				}
				return Err(error);
			},
		};
		session.send(&RelayResponse::Open).await?;
		let client = session.into_stream();
		match reached {
			Reached::Console { path, follow } => {
				console::send(&path, follow, client, self.idle).await.map_err(ServeError::Broken)
			},
			Reached::Vm { stream, half_close } => {
				let patience = Patience { idle: self.idle, linger: LINGER };
				match pipe(client, stream, half_close, patience).await {
					Ended::Closed => Ok(()),
					Ended::Idle => Err(ServeError::Idle),
					Ended::Broken(error) => Err(ServeError::Broken(error)),
				}
			},
		}
	}

	/// Reaches the requested service, or returns the reason why the client cannot have it.
	async fn reach<S: Stream>(
		&self,
		session: &mut Session<S>,
		request: &RelayRequest,
	) -> Result<(Place, Reached), ServeError> {
		let access = self.vms.find(request.vm)?;
		if access.genesis != request.genesis {
			return Err(Refusal::WrongChain.into());
		}
		let place = self.limits.take(request.vm)?;
		let reached = match request.service {
			Service::Ssh => dial(&access, SSH_PORT).await?,
			Service::Port(port) if access.published.contains(&port) => {
				dial(&access, port.into()).await?
			},
			Service::Port(_) => return Err(Refusal::NotPublished.into()),
			Service::Logs { follow } => {
				let path = access.console.clone().ok_or(Refusal::NotPublished)?;
				// libvirt may run on another machine.
				tokio::fs::metadata(&path).await.map_err(|_| Refusal::NotPublished)?;
				prove_tenant(session, &access, request).await?;
				Reached::Console { path, follow }
			},
		};
		Ok((place, reached))
	}
}

/// Negotiates the version, and receives the request.
async fn greet<S: Stream>(stream: S) -> Result<(Session<S>, RelayRequest), ServeError> {
	let mut session = Session::accept(stream, VERSIONS).await?;
	let request = session.receive_within(MAX_MESSAGE).await?.ok_or(SessionError::Closed)?;
	Ok((session, request))
}

/// Limits an exchange with a client.
async fn in_time<T>(
	exchange: impl Future<Output = Result<T, ServeError>>,
) -> Result<T, ServeError> {
	timeout(GREETING, exchange).await.unwrap_or(Err(ServeError::Late))
}

/// Connects to a port of a VM.
async fn dial(access: &VmAccess, port: u32) -> Result<Reached, Refusal> {
	let address = access.port(port).ok_or(Refusal::Unreachable)?;
	let half_close = address.has_half_close();
	match timeout(CONNECT, connect(&address)).await {
		Ok(Ok(stream)) => Ok(Reached::Vm { stream, half_close }),
		Ok(Err(error)) => {
			tracing::debug!(%address, %error, "a VM cannot be reached");
			Err(Refusal::Unreachable)
		},
		Err(_) => Err(Refusal::Unreachable),
	}
}

/// Checks that the client has the key that signed the VM's configuration. The console log may
/// contain what only the tenant and the host should see.
async fn prove_tenant<S: Stream>(
	session: &mut Session<S>,
	access: &VmAccess,
	request: &RelayRequest,
) -> Result<(), ServeError> {
	let mut nonce = [0; 32];
	getrandom::fill(&mut nonce)
		.map_err(|error| ServeError::Broken(io::Error::other(error.to_string())))?;
	let proof: ConsoleProof = in_time(async {
		session.send(&RelayResponse::Prove { nonce }).await?;
		Ok(session.receive_within(MAX_MESSAGE).await?.ok_or(SessionError::Closed)?)
	})
	.await?;
	let statement = console_statement(&access.genesis, &access.miner, request.vm, &nonce);
	let signature = Signature::from_bytes(&proof.signature);
	let verified = VerifyingKey::from_bytes(&access.signer)
		.and_then(|key| key.verify_strict(&statement, &signature));
	Ok(verified.map_err(|_| Refusal::NotTheTenant)?)
}
