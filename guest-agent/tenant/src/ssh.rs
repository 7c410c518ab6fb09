//! SSH: the daemon of the running VM, and its connection to the host's relay over vsock.

use std::{
	fs::DirBuilder,
	io,
	net::SocketAddr,
	os::unix::fs::DirBuilderExt,
	path::{Path, PathBuf},
	time::Duration,
};

use hcc_guest_protocol::{Listener, Stream};
use tokio::{io::copy_bidirectional, net::TcpStream, process::Command, task::JoinSet};

use crate::{
	record::{AUTHORIZED_KEYS, SSHD_CONFIG, SSH_HOST_KEY},
	Folder,
};

/// Pause before sshd starts again after it has exited.
const RESTART_PAUSE: Duration = Duration::from_secs(2);
/// Pause after the system could not accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Maximum number of connections from the relay at the same time.
const MAX_CONNECTIONS: usize = 64;
/// The folder that sshd requires for its separated process.
const SEPARATION: &str = "/run/sshd";

/// Writes the configuration of sshd, and returns its path. Over the network sshd listens only if the
/// tenant has published its port.
pub(crate) fn write_config(folder: &Folder, port: u16, is_published: bool) -> io::Result<PathBuf> {
	let address = if is_published { "0.0.0.0" } else { "127.0.0.1" };
	let (host_key, keys) = (folder.path(SSH_HOST_KEY), folder.path(AUTHORIZED_KEYS));
	let text = format!(
		"ListenAddress {address}:{port}\n\
		HostKey {}\n\
		AuthorizedKeysFile {} .ssh/authorized_keys\n\
		PermitRootLogin prohibit-password\n\
		PasswordAuthentication no\n\
		KbdInteractiveAuthentication no\n\
		UsePAM no\n\
		PidFile none\n\
		PrintMotd no\n\
		AcceptEnv LANG LC_*\n\
		Subsystem sftp internal-sftp\n",
		host_key.display(),
		keys.display(),
	);
	folder.write(SSHD_CONFIG, text.as_bytes())?;
	Ok(folder.path(SSHD_CONFIG))
}

/// Runs sshd, and starts it again whenever it exits.
pub(crate) async fn supervise(sshd: &Path, config: &Path) {
	loop {
		match run_once(sshd, config).await {
			Ok(status) => tracing::warn!(%status, "sshd has exited"),
			Err(error) => tracing::warn!(sshd = %sshd.display(), %error, "cannot run sshd"),
		}
		tokio::time::sleep(RESTART_PAUSE).await;
	}
}

async fn run_once(sshd: &Path, config: &Path) -> io::Result<std::process::ExitStatus> {
	DirBuilder::new().recursive(true).mode(0o755).create(SEPARATION)?;
	Command::new(sshd).args(["-D", "-e", "-f"]).arg(config).kill_on_drop(true).status().await
}

/// Connects each accepted connection to `target`.
pub(crate) async fn bridge(listener: &Listener, target: SocketAddr) {
	let mut connections = JoinSet::new();
	loop {
		let accepted = tokio::select! {
			Some(_) = connections.join_next() => continue,
			accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => accepted,
		};
		match accepted {
			Ok(Some(stream)) => {
				connections.spawn(relay(stream, target));
			},
			Ok(None) => {},
			Err(error) => {
				tracing::warn!(%error, "cannot accept a connection");
				tokio::time::sleep(ACCEPT_PAUSE).await;
			},
		}
	}
}

async fn relay(mut stream: Box<dyn Stream>, target: SocketAddr) {
	let copied = match TcpStream::connect(target).await {
		Ok(mut connection) => copy_bidirectional(&mut stream, &mut connection).await,
		Err(error) => Err(error),
	};
	if let Err(error) = copied {
		tracing::debug!(%error, "a connection to sshd ended");
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

	#[test]
	fn sshd_is_reachable_by_network_only_if_published() {
		let run = tempfile::tempdir().expect("a folder");
		let folder = Folder::of(run.path());
		let config = |is_published| {
			let path = write_config(&folder, 22, is_published).expect("written");
			std::fs::read_to_string(path).expect("readable")
		};
		assert!(config(false).starts_with("ListenAddress 127.0.0.1:22\n"));
		assert!(config(true).starts_with("ListenAddress 0.0.0.0:22\n"));
		assert!(config(false).contains("\nPasswordAuthentication no\n"));
		assert!(config(false).contains("/ssh_host_ed25519_key\n"));
	}

	#[tokio::test]
	async fn bridge_carries_both_directions_and_the_end() {
		let run = tempfile::tempdir().expect("a folder");
		let address = Address::Unix(run.path().join("ssh.sock"));
		let listener = Listener::bind(&address, Peers::privileged(2)).expect("it listens");
		let daemon = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
		let target = daemon.local_addr().expect("its address");
		let bridging = tokio::spawn(async move { bridge(&listener, target).await });
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
