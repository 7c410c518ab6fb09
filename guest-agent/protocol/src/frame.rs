//! Frames on a stream: body length, version byte, body.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::SessionError;

/// The maximum length of a body in bytes. It suffices for the largest IMA log and the largest UEFI
/// event log that evidence may contain, and for the other fields.
pub const MAX_FRAME: u32 = 1 << 20;

/// The length of the header: four bytes of body length, big-endian, and the version byte.
const HEADER_LEN: usize = 5;

/// Writes a frame.
pub(crate) async fn write<S: AsyncWrite + Unpin>(
	stream: &mut S,
	version: u8,
	body: &[u8],
) -> Result<(), SessionError> {
	let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
	if len > MAX_FRAME {
		return Err(SessionError::TooLong { len, limit: MAX_FRAME });
	}
	let [a, b, c, d] = len.to_be_bytes();
	stream.write_all(&[a, b, c, d, version]).await?;
	stream.write_all(body).await?;
	stream.flush().await?;
	Ok(())
}

/// Reads the body of a frame. Returns `None` when the peer has closed the stream between two
/// frames.
///
/// Checks version and length before it allocates memory for the body.
pub(crate) async fn read<S: AsyncRead + Unpin>(
	stream: &mut S,
	version: u8,
	limit: u32,
) -> Result<Option<Vec<u8>>, SessionError> {
	let mut header = [0; HEADER_LEN];
	if stream.read(&mut header[..1]).await? == 0 {
		return Ok(None);
	}
	stream.read_exact(&mut header[1..]).await?;
	let [a, b, c, d, seen] = header;
	if seen != version {
		return Err(SessionError::WrongVersion { seen, wanted: version });
	}
	let len = u32::from_be_bytes([a, b, c, d]);
	if len > limit {
		return Err(SessionError::TooLong { len, limit });
	}
	let mut body = vec![0; len as usize];
	stream.read_exact(&mut body).await?;
	Ok(Some(body))
}

#[cfg(test)]
mod tests {
	use super::*;

	async fn read_bytes(mut bytes: &[u8]) -> Result<Option<Vec<u8>>, SessionError> {
		read(&mut bytes, 1, MAX_FRAME).await
	}

	#[tokio::test]
	async fn frame_has_length_version_and_body() {
		let mut bytes = Vec::<u8>::new();
		write(&mut bytes, 7, &[8, 9]).await.expect("written");
		assert_eq!(bytes, [0, 0, 0, 2, 7, 8, 9]);
	}

	#[tokio::test]
	async fn frame_round_trips_and_end_of_stream_is_none() {
		let (mut near, mut far) = tokio::io::duplex(1 << 16);
		write(&mut near, 1, &[7; 1_000]).await.expect("written");
		drop(near);
		assert_eq!(read(&mut far, 1, MAX_FRAME).await.expect("read"), Some(vec![7; 1_000]));
		assert_eq!(read(&mut far, 1, MAX_FRAME).await.expect("the end"), None);
	}

	#[tokio::test]
	async fn frame_with_wrong_version_is_refused() {
		let result = read_bytes(&[0, 0, 0, 1, 2, 9]).await;
		assert!(matches!(result, Err(SessionError::WrongVersion { seen: 2, wanted: 1 })));
	}

	#[tokio::test]
	async fn frame_over_limit_is_refused() {
		let result = read_bytes(&[0, 0x10, 0, 1, 1]).await;
		assert!(matches!(
			result,
			Err(SessionError::TooLong { len, limit: MAX_FRAME }) if len == MAX_FRAME + 1
		));
		let long = vec![0; MAX_FRAME as usize + 1];
		let result = write(&mut Vec::<u8>::new(), 1, &long).await;
		assert!(matches!(result, Err(SessionError::TooLong { .. })));
	}

	#[tokio::test]
	async fn frame_cut_off_in_header_or_body_is_refused() {
		for cut in [&[0, 0][..], &[0, 0, 0, 4], &[0, 0, 0, 4, 1], &[0, 0, 0, 4, 1, 9]] {
			assert!(matches!(read_bytes(cut).await, Err(SessionError::Broken(_))), "{cut:?}");
		}
	}
}
