//! Sessions: a stream on which both sides have agreed on a version.

use codec::{Decode, Encode};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
	frame::{self, MAX_FRAME},
	Hello, HelloResponse, Stream, VersionRange, NEGOTIATION,
};

#[cfg(test)]
mod tests;

/// The maximum length of the body of a negotiation frame in bytes.
const MAX_NEGOTIATION: u32 = 3;

/// Errors of a session. The caller must drop the session after any of these errors.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
	/// Cause: the stream failed, or the peer closed it within a frame.
	/// Remedy: check that the peer still runs, then reconnect.
	#[error("the connection broke: {0}")]
	Broken(#[from] std::io::Error),
	/// Cause: the peer closed the stream before both sides agreed on a version. Peers that are
	/// older than this protocol also do so.
	/// Remedy: check that the agent listens at this address, and read the log of the peer.
	#[error("the peer closed the connection during the version negotiation")]
	Closed,
	/// Cause: a message of this side exceeds the limit, or the peer announces such a message.
	/// Remedy: shorten the message. An IMA log can be submitted in parts.
	#[error("a frame of {len} bytes exceeds the limit of {limit}")]
	TooLong { len: u32, limit: u32 },
	/// Cause: the version of a frame differs from the version of the session, or the peer does not
	/// start with the negotiation. Remedy: correct the peer. An upgrade of either side requires a
	/// new session.
	#[error("a frame has version {seen}, but the session has version {wanted}")]
	WrongVersion { seen: u8, wanted: u8 },
	/// Cause: the version ranges of both sides are disjoint. Remedy: upgrade the side with the
	/// lower range.
	#[error(
		"no common protocol version: this side supports {ours}, the peer supports {theirs}; \
		upgrade the older side"
	)]
	NoCommonVersion { ours: VersionRange, theirs: VersionRange },
	/// Cause: the agent chose a version that the host did not offer. This is a defect of the agent.
	/// Remedy: correct or replace the agent.
	#[error("the peer chose version {chosen}, but {offered} was offered")]
	NotOffered { chosen: u8, offered: VersionRange },
	/// Cause: the body is not exactly an encoding of the expected message. Either side has a
	/// defect, or both sides have different messages under the same version.
	/// Remedy: check that both sides are released builds, and report the defect.
	#[error("a frame does not contain the expected message")]
	Malformed,
}

/// A stream on which both sides have agreed on a version. Each frame contains this version.
#[derive(Debug)]
pub struct Session<S = Box<dyn Stream>> {
	stream: S,
	version: u8,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
	/// Opens a session as the host: offers `range` and takes the version that the agent chooses.
	///
	/// ## Errors
	/// Fails if no common version exists, or if the peer does not follow the protocol.
	pub async fn connect(mut stream: S, range: VersionRange) -> Result<Self, SessionError> {
		let hello = Hello { min: range.min(), max: range.max() };
		frame::write(&mut stream, NEGOTIATION, &hello.encode()).await?;
		let body = frame::read(&mut stream, NEGOTIATION, MAX_NEGOTIATION).await?;
		match decode::<HelloResponse>(&body.ok_or(SessionError::Closed)?)? {
			HelloResponse::Accepted { version } if range.contains(version) => {
				Ok(Self { stream, version })
			},
			HelloResponse::Accepted { version } => {
				Err(SessionError::NotOffered { chosen: version, offered: range })
			},
			HelloResponse::Unsupported { min, max } => {
				let theirs = VersionRange::checked(min, max).ok_or(SessionError::Malformed)?;
				Err(SessionError::NoCommonVersion { ours: range, theirs })
			},
		}
	}

	/// Opens a session as the agent: chooses the highest version that both `range` and the host's
	/// range include.
	///
	/// ## Errors
	/// Fails if no common version exists. It then first sends `range` to the host. Also fails if
	/// the peer does not follow the protocol.
	pub async fn accept(mut stream: S, range: VersionRange) -> Result<Self, SessionError> {
		let body = frame::read(&mut stream, NEGOTIATION, MAX_NEGOTIATION).await?;
		let hello = decode::<Hello>(&body.ok_or(SessionError::Closed)?)?;
		let theirs = VersionRange::checked(hello.min, hello.max).ok_or(SessionError::Malformed)?;
		let common = range.highest_common(theirs);
		let response = match common {
			Some(version) => HelloResponse::Accepted { version },
			None => HelloResponse::Unsupported { min: range.min(), max: range.max() },
		};
		frame::write(&mut stream, NEGOTIATION, &response.encode()).await?;
		let version = common.ok_or(SessionError::NoCommonVersion { ours: range, theirs })?;
		Ok(Self { stream, version })
	}

	/// Returns the version that both sides have agreed on.
	pub fn version(&self) -> u8 {
		self.version
	}

	/// Sends a message.
	///
	/// ## Errors
	/// Fails if the message exceeds [`MAX_FRAME`], or if the stream fails.
	pub async fn send<M: Encode>(&mut self, message: &M) -> Result<(), SessionError> {
		frame::write(&mut self.stream, self.version, &message.encode()).await
	}

	/// Receives a message. Returns `None` when the peer has closed the stream between two messages.
	///
	/// ## Errors
	/// Fails if the frame has another version, is too long, is truncated, or does not contain
	/// exactly one message of the type `M`.
	pub async fn receive<M: Decode>(&mut self) -> Result<Option<M>, SessionError> {
		self.receive_within(MAX_FRAME).await
	}

	/// Receives a message as [`Self::receive`] does, of at most `limit` bytes.
	pub async fn receive_within<M: Decode>(
		&mut self,
		limit: u32,
	) -> Result<Option<M>, SessionError> {
		let body = frame::read(&mut self.stream, self.version, limit).await?;
		body.map(|body| decode(&body)).transpose()
	}

	/// Ends the session and returns the stream. Both sides can use it for other bytes.
	pub fn into_stream(self) -> S {
		self.stream
	}
}

/// Decodes a body that consists of exactly one message.
fn decode<M: Decode>(body: &[u8]) -> Result<M, SessionError> {
	let mut rest = body;
	match M::decode(&mut rest) {
		Ok(message) if rest.is_empty() => Ok(message),
		_ => Err(SessionError::Malformed),
	}
}
