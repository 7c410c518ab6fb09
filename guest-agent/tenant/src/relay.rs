//! The way from the host's relay to services of the VM, such as sshd: ports of vsock.

use std::{net::SocketAddr, time::Duration};

use hcc_guest_protocol::{Listener, Stream};
use tokio::{io::copy_bidirectional, net::TcpStream, task::JoinSet};

/// Pause after the system could not accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Maximum number of connections at the same time.
const MAX_CONNECTIONS: usize = 64;

/// Connects each accepted connection to `target`.
pub(crate) async fn bridge(listener: Listener, target: SocketAddr) {
	let mut connections = JoinSet::new();
	loop {
		let accepted = tokio::select! {
			Some(_) = connections.join_next() => continue,
			accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => accepted,
		};
		match accepted {
			Ok(Some(stream)) => {
				connections.spawn(connect_to(stream, target));
			},
			Ok(None) => {},
			Err(error) => {
				tracing::warn!(%error, "cannot accept a connection");
				tokio::time::sleep(ACCEPT_PAUSE).await;
			},
		}
	}
}

async fn connect_to(mut stream: Box<dyn Stream>, target: SocketAddr) {
	let copied = match TcpStream::connect(target).await {
		Ok(mut connection) => copy_bidirectional(&mut stream, &mut connection).await,
		Err(error) => Err(error),
	};
	if let Err(error) = copied {
		tracing::debug!(%error, "a connection from the relay ended");
	}
}

#[cfg(test)]
mod tests {
	use hcc_guest_protocol::{connect, Address, Peers};
	use tokio::{
		io::{AsyncReadExt, AsyncWriteExt},
		net::TcpListener,
		time::timeout,
	};

	use super::*;

	const SOON: Duration = Duration::from_secs(5);

	#[tokio::test]
	async fn bridge_carries_both_directions_and_the_end() {
		let run = tempfile::tempdir().expect("a folder");
		let address = Address::Unix(run.path().join("ssh.sock"));
		let listener = Listener::bind(&address, Peers::privileged(2)).expect("it listens");
		let daemon = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
		let target = daemon.local_addr().expect("its address");
		let bridging = tokio::spawn(bridge(listener, target));
		let mut near = connect(&address).await.expect("connected");
		let (mut far, _) =
			timeout(SOON, daemon.accept()).await.expect("in time").expect("accepted");
		near.write_all(b"question").await.expect("sent");
		let mut seen = [0; 8];
		timeout(SOON, far.read_exact(&mut seen)).await.expect("in time").expect("received");
		assert_eq!(&seen, b"question");
		far.write_all(b"answered").await.expect("sent");
		drop(far);
		let mut rest = Vec::new();
		timeout(SOON, near.read_to_end(&mut rest)).await.expect("in time").expect("received");
		assert_eq!(rest, b"answered");
		bridging.abort();
	}
}
