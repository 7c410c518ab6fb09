//! Connections between this machine and the network namespace of the rig, by UNIX sockets.

use std::{future::Future, io, path::Path, time::Duration};

use anyhow::Context;
use tokio::{
	io::{copy_bidirectional, AsyncRead, AsyncWrite},
	net::{TcpListener, TcpStream, UnixListener, UnixStream},
	time::sleep,
};

/// Pause after the system could not accept a connection, for example for lack of descriptors.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Forwards connections to a new UNIX socket to a port of this machine, until the program ends.
pub(crate) fn to_port(socket: &Path, port: u16) -> anyhow::Result<()> {
	let listener = UnixListener::bind(socket)
		.with_context(|| format!("cannot listen on {}", socket.display()))?;
	tokio::spawn(async move {
		loop {
			let accepted = listener.accept().await.map(|(stream, _)| stream);
			serve(accepted, TcpStream::connect(("127.0.0.1", port))).await;
		}
	});
	Ok(())
}

/// Forwards connections to a port of this machine to a UNIX socket, until the program ends.
pub(crate) async fn to_socket(port: u16, socket: &Path) -> anyhow::Result<()> {
	let listener = TcpListener::bind(("127.0.0.1", port))
		.await
		.with_context(|| format!("cannot listen on port {port}"))?;
	let socket = socket.to_owned();
	tokio::spawn(async move {
		loop {
			let accepted = listener.accept().await.map(|(stream, _)| stream);
			serve(accepted, UnixStream::connect(socket.clone())).await;
		}
	});
	Ok(())
}

/// Copies between an accepted connection and a new one, in the background. If the new one fails,
/// the accepted one ends: the client sees a closed connection.
async fn serve<A, B>(
	accepted: io::Result<A>,
	connect: impl Future<Output = io::Result<B>> + Send + 'static,
) where
	A: AsyncRead + AsyncWrite + Unpin + Send + 'static,
	B: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
	let Ok(mut from) = accepted else { return sleep(RETRY_AFTER).await };
	tokio::spawn(async move {
		if let Ok(mut to) = connect.await {
			// An error is the end of one of the two connections.
			drop(copy_bidirectional(&mut from, &mut to).await);
		}
	});
}

#[cfg(test)]
mod tests {
	use tokio::io::{AsyncReadExt, AsyncWriteExt};

	use super::*;

	/// Returns a port that no program uses.
	fn free_port() -> u16 {
		let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
		listener.local_addr().expect("it is bound").port()
	}

	#[tokio::test]
	async fn bytes_pass_through_socket_and_port() {
		let folder = tempfile::tempdir().expect("a folder");
		let socket = folder.path().join("node.sock");
		let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
		to_port(&socket, server.local_addr().expect("bound").port()).expect("a new socket");
		let outer = free_port();
		to_socket(outer, &socket).await.expect("a free port");

		let echo = async {
			let (mut stream, _) = server.accept().await.expect("a client");
			let mut text = [0; 4];
			stream.read_exact(&mut text).await.expect("four bytes");
			stream.write_all(&text).await.expect("the client reads");
		};
		let ask = async {
			let mut stream = TcpStream::connect(("127.0.0.1", outer)).await.expect("it listens");
			stream.write_all(b"ping").await.expect("it forwards");
			let mut text = String::new();
			stream.read_to_string(&mut text).await.expect("it ends");
			text
		};
		let ((), answer) = tokio::join!(echo, ask);
		assert_eq!(answer, "ping");
	}

	#[tokio::test]
	async fn absent_server_closes_connection() {
		let folder = tempfile::tempdir().expect("a folder");
		let outer = free_port();
		to_socket(outer, &folder.path().join("absent")).await.expect("a free port");
		let mut stream = TcpStream::connect(("127.0.0.1", outer)).await.expect("it listens");
		let mut rest = Vec::new();
		assert_eq!(stream.read_to_end(&mut rest).await.expect("it ends"), 0);
	}
}
