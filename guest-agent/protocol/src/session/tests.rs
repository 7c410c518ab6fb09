use tokio::io::{duplex, AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;

/// Returns both ends of a pipe. The pipe is larger than any message of these tests, so a write
/// never waits for a read.
fn pipe() -> (DuplexStream, DuplexStream) {
	duplex(1 << 16)
}

type Opened = Result<Session<DuplexStream>, SessionError>;

/// Opens a session between a host and an agent with the given version ranges.
async fn open(host: (u8, u8), agent: (u8, u8)) -> (Opened, Opened) {
	let (near, far) = pipe();
	let host = VersionRange::new(host.0, host.1);
	let agent = VersionRange::new(agent.0, agent.1);
	tokio::join!(Session::connect(near, host), Session::accept(far, agent))
}

async fn opened(host: (u8, u8), agent: (u8, u8)) -> (Session<DuplexStream>, Session<DuplexStream>) {
	let (host, agent) = open(host, agent).await;
	(host.expect("the host connects"), agent.expect("the agent accepts"))
}

/// Sends bytes to an agent that supports versions 1 to 3. Returns the outcome on the agent's side.
async fn accept_bytes(bytes: &[u8]) -> Opened {
	let (mut near, far) = pipe();
	near.write_all(bytes).await.expect("written");
	drop(near);
	Session::accept(far, VersionRange::new(1, 3)).await
}

/// Sends bytes to a host that supports versions 1 to 3. Returns the outcome on the host's side.
async fn connect_bytes(bytes: &[u8]) -> Opened {
	let (mut near, far) = pipe();
	near.write_all(bytes).await.expect("written");
	near.shutdown().await.expect("shut down");
	let opened = Session::connect(far, VersionRange::new(1, 3)).await;
	drop(near);
	opened
}

#[tokio::test]
async fn messages_round_trip_in_both_directions() {
	let (mut host, mut agent) = opened((1, 1), (1, 1)).await;
	host.send(&vec![7u8; 1_000]).await.expect("sent");
	assert_eq!(agent.receive::<Vec<u8>>().await.expect("received"), Some(vec![7; 1_000]));
	agent.send(&5u32).await.expect("sent");
	assert_eq!(host.receive::<u32>().await.expect("received"), Some(5));
	drop(host);
	assert_eq!(agent.receive::<u32>().await.expect("the end"), None);
}

#[tokio::test]
async fn highest_common_version_is_chosen() {
	for (host, agent, version) in
		[((1, 1), (1, 1), 1), ((1, 4), (2, 3), 3), ((2, 3), (1, 4), 3), ((1, 3), (3, 5), 3)]
	{
		let (host, agent) = opened(host, agent).await;
		assert_eq!((host.version(), agent.version()), (version, version));
	}
}

#[tokio::test]
async fn old_peer_and_new_peer_speak_version_one() {
	for (host, agent) in [((1, 1), (1, 3)), ((1, 3), (1, 1))] {
		let (mut host, mut agent) = opened(host, agent).await;
		assert_eq!((host.version(), agent.version()), (1, 1));
		host.send(&5u32).await.expect("sent");
		assert_eq!(agent.receive::<u32>().await.expect("received"), Some(5));
	}
}

#[tokio::test]
async fn disjoint_ranges_are_refused_on_both_sides() {
	for (host, agent) in [((1, 2), (3, 4)), ((3, 4), (1, 2))] {
		let (host_range, agent_range) =
			(VersionRange::new(host.0, host.1), VersionRange::new(agent.0, agent.1));
		let (host, agent) = open(host, agent).await;
		for (opened, own, other) in
			[(host, host_range, agent_range), (agent, agent_range, host_range)]
		{
			let error = opened.expect_err("there is no common version");
			assert!(matches!(
				error,
				SessionError::NoCommonVersion { ours, theirs } if ours == own && theirs == other
			));
			let text = error.to_string();
			assert!(text.contains("1..=2") && text.contains("3..=4"), "{text}");
		}
	}
}

#[tokio::test]
async fn negotiation_has_fixed_bytes() {
	let (near, mut far) = pipe();
	let connecting = tokio::spawn(Session::connect(near, VersionRange::new(1, 3)));
	let mut hello = [0; 7];
	far.read_exact(&mut hello).await.expect("the hello");
	assert_eq!(hello, [0, 0, 0, 2, 0, 1, 3]);
	far.write_all(&[0, 0, 0, 2, 0, 0, 2]).await.expect("accepted");
	let session = connecting.await.expect("no panic").expect("connected");
	assert_eq!(session.version(), 2);
}

#[tokio::test]
async fn frame_with_other_version_is_refused_after_negotiation() {
	let (mut host, mut agent) = opened((1, 3), (1, 2)).await;
	frame::write(&mut host.stream, 1, &5u32.encode()).await.expect("written");
	let error = agent.receive::<u32>().await.expect_err("another version");
	assert!(matches!(error, SessionError::WrongVersion { seen: 1, wanted: 2 }));
	assert_eq!(error.to_string(), "a frame has version 1, but the session has version 2");
}

#[tokio::test]
async fn hello_within_session_is_refused() {
	let (mut host, mut agent) = opened((1, 1), (1, 1)).await;
	frame::write(&mut host.stream, NEGOTIATION, &[1, 1]).await.expect("written");
	let error = agent.receive::<u32>().await.expect_err("no second negotiation");
	assert!(matches!(error, SessionError::WrongVersion { seen: 0, wanted: 1 }));
}

#[tokio::test]
async fn message_before_negotiation_is_refused() {
	let error = accept_bytes(&[0, 0, 0, 1, 1, 9]).await.expect_err("no hello");
	assert!(matches!(error, SessionError::WrongVersion { seen: 1, wanted: NEGOTIATION }));
}

#[tokio::test]
async fn invalid_hello_is_refused() {
	for hello in [&[0, 0, 0, 2, 0, 2, 1][..], &[0, 0, 0, 2, 0, 0, 1], &[0, 0, 0, 1, 0, 1]] {
		let error = accept_bytes(hello).await.expect_err("an invalid hello");
		assert!(matches!(error, SessionError::Malformed), "{hello:?}");
	}
	let error = accept_bytes(&[0, 0, 0, 3, 0, 1, 1, 1]).await.expect_err("trailing byte");
	assert!(matches!(error, SessionError::Malformed));
	let error = accept_bytes(&[0, 0, 0, 4, 0, 1, 1, 1, 1]).await.expect_err("too long");
	assert!(matches!(error, SessionError::TooLong { len: 4, limit: MAX_NEGOTIATION }));
	let error = accept_bytes(&[0, 0, 0, 2, 0, 1]).await.expect_err("cut off");
	assert!(matches!(error, SessionError::Broken(_)));
	assert!(matches!(accept_bytes(&[]).await, Err(SessionError::Closed)));
}

#[tokio::test]
async fn invalid_hello_response_is_refused() {
	let error = connect_bytes(&[0, 0, 0, 2, 0, 0, 4]).await.expect_err("not offered");
	assert!(matches!(error, SessionError::NotOffered { chosen: 4, .. }));
	let error = connect_bytes(&[0, 0, 0, 3, 0, 1, 5, 4]).await.expect_err("not a range");
	assert!(matches!(error, SessionError::Malformed));
	let error = connect_bytes(&[0, 0, 0, 2, 0, 2, 1]).await.expect_err("an unknown variant");
	assert!(matches!(error, SessionError::Malformed));
	assert!(matches!(connect_bytes(&[]).await, Err(SessionError::Closed)));
}

#[tokio::test]
async fn message_over_limit_is_refused_by_sender() {
	let (mut host, _agent) = opened((1, 1), (1, 1)).await;
	let error = host.send(&vec![0u8; MAX_FRAME as usize]).await.expect_err("too long");
	assert!(matches!(error, SessionError::TooLong { limit: MAX_FRAME, .. }));
}

#[tokio::test]
async fn message_over_limit_is_refused_by_receiver() {
	let (mut host, mut agent) = opened((1, 1), (1, 1)).await;
	host.stream.write_all(&[0x7f, 0xff, 0xff, 0xff, 1]).await.expect("written");
	let error = agent.receive::<u32>().await.expect_err("too long");
	assert!(matches!(error, SessionError::TooLong { len: 0x7fff_ffff, limit: MAX_FRAME }));
}

#[tokio::test]
async fn message_cut_off_is_refused() {
	let (mut host, mut agent) = opened((1, 1), (1, 1)).await;
	host.stream.write_all(&[0, 0, 0, 4, 1, 9]).await.expect("written");
	drop(host);
	let error = agent.receive::<u32>().await.expect_err("cut off");
	assert!(matches!(error, SessionError::Broken(_)));
}

#[tokio::test]
async fn trailing_bytes_are_refused() {
	let (mut host, mut agent) = opened((1, 1), (1, 1)).await;
	frame::write(&mut host.stream, 1, &[1, 0, 0, 0, 9]).await.expect("written");
	let error = agent.receive::<u32>().await.expect_err("a byte too many");
	assert!(matches!(error, SessionError::Malformed));
}
