//! The agent in the guest, as the host sees it.

use std::time::Duration;

use hccam::{
	connect,
	frame::{receive, send, FrameError},
	protocol::{Attest, Request, Response, VERSION},
	Address, Stream,
};

/// How long an answer may take. The secure processor needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// What can go wrong between host and guest.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
	/// Nobody listens there. Start the guest, and hccam in it.
	#[error("cannot reach the guest's agent at {address}: {error}")]
	Unreachable { address: String, error: std::io::Error },
	#[error("the guest's agent: {0}")]
	Frame(#[from] FrameError),
	/// The agent has found something wrong with this host, and has stopped.
	#[error("the guest's agent refuses this host: {message} ({code})")]
	Refused { code: u16, message: String },
	/// The agent cannot do what it was asked for.
	#[error("the guest's agent failed: {0}")]
	Failed(String),
	/// The agent answers another question than was asked, or closed the stream.
	#[error("the guest's agent gave no answer to the question")]
	NoAnswer,
}

/// A guest that has introduced itself.
pub struct Guest {
	stream: Box<dyn Stream>,
	/// Its key.
	pub public_key: [u8; 32],
	/// A report that binds nothing.
	pub report: Vec<u8>,
}

impl Guest {
	/// Connects and asks who it is.
	pub async fn meet(address: &Address) -> Result<Self, GuestError> {
		let unreachable = |error| GuestError::Unreachable { address: address.to_string(), error };
		let mut stream = connect(address).await.map_err(unreachable)?;
		match ask(&mut stream, Request::Hello { version: VERSION }).await? {
			Response::Guest { guest_pk, report } => {
				Ok(Self { stream, public_key: guest_pk, report })
			},
			other => Err(unexpected(other)),
		}
	}

	/// Has it bind what was gathered: the report, and its signature.
	pub async fn attest(&mut self, attest: Attest) -> Result<(Vec<u8>, [u8; 64]), GuestError> {
		match ask(&mut self.stream, Request::Attest(Box::new(attest))).await? {
			Response::Evidence { snp_report, guest_signature } => Ok((snp_report, guest_signature)),
			other => Err(unexpected(other)),
		}
	}
}

async fn ask(stream: &mut Box<dyn Stream>, question: Request) -> Result<Response, GuestError> {
	let talking = async {
		send(stream, &question).await?;
		receive(stream).await?.ok_or(GuestError::NoAnswer)
	};
	tokio::time::timeout(PATIENCE, talking).await.unwrap_or(Err(GuestError::NoAnswer))
}

fn unexpected(response: Response) -> GuestError {
	match response {
		Response::Refused { code, message } => GuestError::Refused { code, message },
		Response::Failed { message } => GuestError::Failed(message),
		Response::Guest { .. } | Response::Evidence { .. } => GuestError::NoAnswer,
	}
}
