//! Client of the guest agent.

use std::{future::Future, time::Duration};

use hcc_guest_protocol::{
	connect,
	guest::{GatheredEvidence, GuestRequest, GuestResponse, VERSIONS},
	Address, Session, SessionError, Stream,
};

/// Time limit for an answer of the guest agent. The secure processor needs only milliseconds.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Failures in the exchange between the host agent and the guest agent.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
	/// No program listens at the address. Start the guest, and start `hccam` in it.
	#[error("cannot reach the guest agent at {address}: {error}")]
	Unreachable { address: String, error: std::io::Error },
	#[error("guest agent: {0}")]
	Session(#[from] SessionError),
	/// The guest agent has rejected the evidence of this host. The message names the check that
	/// failed.
	#[error("the guest agent rejects this host: {message} ({code})")]
	Refused { code: u16, message: String },
	/// The guest agent could not carry out the request.
	#[error("the guest agent failed: {0}")]
	Failed(String),
	/// The guest agent sent an answer of the wrong kind, closed the stream, or exceeded the time
	/// limit.
	#[error("the guest agent did not answer the request")]
	NoAnswer,
}

/// A connected guest agent that has identified itself.
pub struct Guest {
	session: Session,
	/// The guest's public key.
	pub public_key: [u8; 32],
	/// An SNP report that identifies the chip. It is not bound to a challenge.
	pub report: Vec<u8>,
}

impl Guest {
	/// Connects to the agent and requests its identity.
	pub async fn meet(address: &Address) -> Result<Self, GuestError> {
		let unreachable = |error| GuestError::Unreachable { address: address.to_string(), error };
		let stream = connect(address).await.map_err(unreachable)?;
		let (session, response) = with_timeout(identify(stream)).await?;
		match response {
			GuestResponse::Identity { guest_pk, report } => {
				Ok(Self { session, public_key: guest_pk, report })
			},
			other => Err(unexpected(other)),
		}
	}

	/// Asks the guest agent to bind the gathered evidence to an SNP report and to sign it. Returns
	/// the report and the signature.
	pub async fn attest(
		&mut self,
		gathered: GatheredEvidence,
	) -> Result<(Vec<u8>, [u8; 64]), GuestError> {
		let request = GuestRequest::Attest(Box::new(gathered));
		match with_timeout(ask(&mut self.session, &request)).await? {
			GuestResponse::Evidence { snp_report, guest_signature } => {
				Ok((snp_report, guest_signature))
			},
			other => Err(unexpected(other)),
		}
	}
}

/// Opens a session, and asks the guest agent for its public key and an SNP report.
async fn identify(stream: Box<dyn Stream>) -> Result<(Session, GuestResponse), GuestError> {
	let mut session = Session::connect(stream, VERSIONS).await?;
	let response = ask(&mut session, &GuestRequest::Identify).await?;
	Ok((session, response))
}

async fn ask(session: &mut Session, request: &GuestRequest) -> Result<GuestResponse, GuestError> {
	session.send(request).await?;
	session.receive().await?.ok_or(GuestError::NoAnswer)
}

/// Limits the duration of an exchange with the guest agent to `TIMEOUT`.
async fn with_timeout<T>(
	exchange: impl Future<Output = Result<T, GuestError>>,
) -> Result<T, GuestError> {
	tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or(Err(GuestError::NoAnswer))
}

fn unexpected(response: GuestResponse) -> GuestError {
	match response {
		GuestResponse::Refused { code, message } => GuestError::Refused { code, message },
		GuestResponse::Failed { message } => GuestError::Failed(message),
		GuestResponse::Identity { .. } | GuestResponse::Evidence { .. } => GuestError::NoAnswer,
	}
}
