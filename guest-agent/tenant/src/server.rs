//! The server of both agents. Sessions are independent: an idle one does not delay the others.

use std::{
	io,
	sync::{Arc, Mutex, PoisonError},
	time::Duration,
};

use hcc_guest_protocol::{
	vm::{
		BootResponse, ConfigureResponse, ConfirmResponse, StopResponse, UsageResponse, VmRequest,
		VERSIONS,
	},
	Listener, Session, SessionError, Stream,
};
use tokio::{task::JoinSet, time::timeout};

use crate::Fatal;

/// Maximum number of concurrent sessions. A host needs one or two.
const MAX_SESSIONS: usize = 16;
/// Time limit for the negotiation of a session.
const NEGOTIATION: Duration = Duration::from_secs(5);
/// Maximum time between two requests of a session.
const IDLE: Duration = Duration::from_secs(60);
/// Time that a host has to read the last answer. vsock devices can drop bytes that are in transit
/// when the other side closes.
const LAST_READ: Duration = Duration::from_secs(5);
/// Pause after the system could not accept a connection, for example for lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// An agent that answers requests one at a time.
pub trait VmAgent: Send + 'static {
	/// Answers a request.
	fn answer(&mut self, request: VmRequest) -> (Answer, Next);
}

/// A response of the type that its request requires.
#[derive(Debug)]
pub enum Answer {
	Configure(ConfigureResponse),
	Boot(BootResponse),
	Confirm(ConfirmResponse),
	Usage(UsageResponse),
	Stop(StopResponse),
}

/// The next step of an agent after an answer.
#[derive(Debug)]
pub enum Next {
	/// It continues to serve.
	Continue,
	/// Its work is done: the server ends once the host has the answer.
	Finish,
	/// It cannot continue.
	Fail(Fatal),
}

/// Serves hosts until the agent's work is done.
///
/// ## Errors
/// Fails if the agent cannot continue.
pub async fn serve<A: VmAgent>(listener: &Listener, agent: A) -> Result<(), Fatal> {
	let agent = Arc::new(Mutex::new(agent));
	let mut sessions = JoinSet::new();
	loop {
		let accepted = tokio::select! {
			Some(ended) = sessions.join_next() => match ended {
				Ok(Next::Continue) => continue,
				Ok(Next::Finish) => return Ok(()),
				Ok(Next::Fail(fatal)) => return Err(fatal),
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

async fn serve_session<A: VmAgent>(stream: Box<dyn Stream>, agent: Arc<Mutex<A>>) -> Next {
	converse(stream, agent).await.unwrap_or_else(|error| {
		tracing::warn!(%error, "the session with a host failed");
		Next::Continue
	})
}

async fn converse<A: VmAgent>(
	stream: Box<dyn Stream>,
	agent: Arc<Mutex<A>>,
) -> Result<Next, SessionError> {
	let mut session = match timeout(NEGOTIATION, Session::accept(stream, VERSIONS)).await {
		// The peer only probed the port, or is silent.
		Ok(Err(SessionError::Closed)) | Err(_) => return Ok(Next::Continue),
		Ok(opened) => opened?,
	};
	loop {
		let Ok(received) = timeout(IDLE, session.receive::<VmRequest>()).await else {
			return Ok(Next::Continue);
		};
		let Some(request) = received? else { return Ok(Next::Continue) };
		if request.since() > session.version() {
			return Err(SessionError::Malformed);
		}
		let answering = agent.clone();
		// Reports take milliseconds, and must not delay other sessions.
		let answered = tokio::task::spawn_blocking(move || {
			answering.lock().unwrap_or_else(PoisonError::into_inner).answer(request)
		});
		let (answer, next) = answered.await.map_err(io::Error::other)?;
		let sent = send(&mut session, &answer).await;
		match next {
			Next::Continue => sent?,
			// An agent whose answer was lost is asked again.
			Next::Finish => {
				sent?;
				drop(timeout(LAST_READ, session.receive::<VmRequest>()).await);
				return Ok(Next::Finish);
			},
			Next::Fail(fatal) => return Ok(Next::Fail(fatal)),
		}
	}
}

async fn send(session: &mut Session, answer: &Answer) -> Result<(), SessionError> {
	match answer {
		Answer::Configure(response) => session.send(response).await,
		Answer::Boot(response) => session.send(response).await,
		Answer::Confirm(response) => session.send(response).await,
		Answer::Usage(response) => session.send(response).await,
		Answer::Stop(response) => session.send(response).await,
	}
}
