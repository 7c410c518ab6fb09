//! Frames on a stream: the length of the body in four bytes, big-endian, and the body.

use codec::{Decode, Encode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest body, in bytes: a measurement log and an event log of the largest size, and room for the rest.
pub const MAX_FRAME: u32 = 1 << 20;

/// What can go wrong on a stream.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
	/// The other side went away, or the stream broke.
	#[error("the connection broke: {0}")]
	Broken(#[from] std::io::Error),
	/// The other side announced more than a frame may have.
	#[error("a frame of {0} bytes, of at most {MAX_FRAME}")]
	TooLong(u32),
	/// The body is no message of this protocol: another version, perhaps.
	#[error("a message that cannot be understood")]
	Unknown,
}

/// Sends a message.
pub async fn send<S: AsyncWrite + Unpin, M: Encode>(
	stream: &mut S,
	message: &M,
) -> Result<(), FrameError> {
	let body = message.encode();
	let len = u32::try_from(body.len()).ok().filter(|len| *len <= MAX_FRAME);
	let len = len.ok_or(FrameError::TooLong(u32::try_from(body.len()).unwrap_or(u32::MAX)))?;
	stream.write_all(&len.to_be_bytes()).await?;
	stream.write_all(&body).await?;
	stream.flush().await?;
	Ok(())
}

/// Receives a message; none where the other side has closed the stream between two messages.
pub async fn receive<S: AsyncRead + Unpin, M: Decode>(
	stream: &mut S,
) -> Result<Option<M>, FrameError> {
	let mut len = [0; 4];
	match stream.read_exact(&mut len).await {
		Ok(_) => {},
		Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
		Err(error) => return Err(error.into()),
	}
	let len = u32::from_be_bytes(len);
	if len > MAX_FRAME {
		return Err(FrameError::TooLong(len));
	}
	let mut body = vec![0; len as usize];
	stream.read_exact(&mut body).await?;
	let mut rest = &body[..];
	match M::decode(&mut rest) {
		Ok(message) if rest.is_empty() => Ok(Some(message)),
		_ => Err(FrameError::Unknown),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[tokio::test]
	async fn a_message_comes_out_as_it_went_in_and_then_the_end() {
		let (mut near, mut far) = tokio::io::duplex(1 << 16);
		send(&mut near, &vec![7u8; 1_000]).await.expect("sent");
		drop(near);
		let received: Option<Vec<u8>> = receive(&mut far).await.expect("received");
		assert_eq!(received, Some(vec![7; 1_000]));
		let end: Option<Vec<u8>> = receive(&mut far).await.expect("the end");
		assert_eq!(end, None);
	}

	#[tokio::test]
	async fn what_is_too_long_cut_off_or_followed_by_more_is_an_error() {
		let mut announced: &[u8] = &[0x7f, 0xff, 0xff, 0xff, 0];
		let long = receive::<_, u32>(&mut announced).await;
		assert!(matches!(long, Err(FrameError::TooLong(0x7fff_ffff))));
		let mut cut: &[u8] = &[0, 0, 0, 4, 1];
		assert!(matches!(receive::<_, u32>(&mut cut).await, Err(FrameError::Broken(_))));
		let mut more: &[u8] = &[0, 0, 0, 5, 1, 0, 0, 0, 9];
		assert!(matches!(receive::<_, u32>(&mut more).await, Err(FrameError::Unknown)));
	}
}
