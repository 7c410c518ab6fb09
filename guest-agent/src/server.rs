//! The agent's server. It serves several sessions concurrently, so that no peer can delay another
//! one.

use std::{io, sync::Arc, time::Duration};

use hcc_guest_protocol::{
	guest::{GuestRequest, GuestResponse, VERSIONS},
	Address, Listener, Peers, Session, SessionError, Stream,
};
use hcc_service::Pulse;
use tokio::{task::JoinSet, time::timeout};

use crate::{Agent, ReportError, ReportSource};

/// Maximum number of concurrent sessions. A host needs one or two.
const MAX_SESSIONS: usize = 16;
/// Time limit for the negotiation and the first request of a session.
const FIRST_REQUEST: Duration = Duration::from_secs(5);
/// Time limit for a session. It includes the time that the host's TPM needs for a quote.
const SESSION: Duration = Duration::from_secs(60);
/// Pause after a failure to accept a connection, for example because no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Interval at which the loop shows that it turns.
const TURN_EVERY: Duration = Duration::from_secs(5);
/// The code in the refusal of a request that cannot be read.
const UNREADABLE: u16 = 0;

/// Serves hosts until the secure processor fails. Returns the failure.
///
/// Over vsock, serves only privileged processes of the host with the given CID.
///
/// ## Errors
/// Fails if the agent cannot listen at the address.
pub async fn serve<S: ReportSource + 'static>(
	address: &Address,
	host_cid: u32,
	agent: Arc<Agent<S>>,
	pulse: &Pulse,
) -> io::Result<ReportError> {
	let listener = Listener::bind(address, Peers::privileged(host_cid))?;
	tracing::info!(%address, guest_pk = hex::encode(agent.public_key()), "listening");
	let mut sessions = JoinSet::new();
	let mut turns = tokio::time::interval(TURN_EVERY);
	loop {
		let accepted = tokio::select! {
			_ = turns.tick() => {
				pulse.beat();
				continue;
			},
			Some(ended) = sessions.join_next() => match ended {
				Ok(Some(failure)) => return Ok(failure),
				Ok(None) => continue,
				Err(error) => {
					tracing::warn!(%error, "a session ended abnormally");
					continue;
				},
			},
			accepted = listener.accept(), if sessions.len() < MAX_SESSIONS => accepted,
		};
		match accepted {
			Ok(Some(stream)) => {
				sessions.spawn(serve_session(stream, agent.clone()));
			},
			Ok(None) => {},
			Err(error) => {
				tracing::warn!(%error, "cannot accept a connection");
				tokio::time::sleep(ACCEPT_PAUSE).await;
			},
		}
	}
}

/// Serves one session within its time limit. Returns the failure of the secure processor, if any.
async fn serve_session<S: ReportSource + 'static>(
	stream: Box<dyn Stream>,
	agent: Arc<Agent<S>>,
) -> Option<ReportError> {
	match timeout(SESSION, converse(stream, agent)).await {
		Ok(Ok(failure)) => failure,
		Ok(Err(error)) => {
			tracing::warn!(%error, "the session with a host failed");
			None
		},
		Err(_) => {
			tracing::warn!("a session exceeded its time limit");
			None
		},
	}
}

async fn converse<S: ReportSource + 'static>(
	stream: Box<dyn Stream>,
	agent: Arc<Agent<S>>,
) -> Result<Option<ReportError>, SessionError> {
	let opening = async {
		let mut session = Session::accept(stream, VERSIONS).await?;
		let request = session.receive::<GuestRequest>().await;
		Ok::<_, SessionError>((session, request))
	};
	let (mut session, mut request) = match timeout(FIRST_REQUEST, opening).await {
		// The peer only probed the port, and closed the connection without a message.
		Ok(Err(SessionError::Closed)) => return Ok(None),
		Ok(opened) => opened?,
		Err(_) => {
			tracing::warn!("a host sent no request in time");
			return Ok(None);
		},
	};
	loop {
		let asked = match request {
			Ok(Some(asked)) => asked,
			Ok(None) => return Ok(None),
			Err(error) => return refuse(session, error).await,
		};
		let answering = agent.clone();
		// Checks and reports take milliseconds of processor time, so they run on another thread and
		// do not delay other sessions.
		let answered = tokio::task::spawn_blocking(move || answering.answer(asked)).await;
		let (response, failure) = answered.map_err(io::Error::other)?;
		let sent = session.send(&response).await;
		if failure.is_some() {
			return Ok(failure);
		}
		sent?;
		request = session.receive().await;
	}
}

/// Refuses a request that cannot be read, and ends the session.
async fn refuse(
	mut session: Session,
	error: SessionError,
) -> Result<Option<ReportError>, SessionError> {
	if !matches!(error, SessionError::Broken(_)) {
		let refusal = GuestResponse::Refused { code: UNREADABLE, message: error.to_string() };
		session.send(&refusal).await?;
	}
	Err(error)
}
