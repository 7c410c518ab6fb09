//! Addresses of agents, and the streams that lead to them.

use std::{
	fmt, io,
	os::fd::{AsRawFd, OwnedFd},
	path::{Path, PathBuf},
	str::FromStr,
	time::Duration,
};

use nix::{
	errno::Errno,
	sys::socket::{bind, connect as connect_socket, socket, AddressFamily, SockFlag, SockType},
};
use tokio::{
	io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
	net::UnixStream,
	time::timeout,
};
use tokio_vsock::{VsockAddr, VsockStream, VMADDR_CID_ANY};

/// An endpoint where an agent listens and to which its host connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
	/// A vsock address: `vsock:PORT` to listen, and `vsock:CID:PORT` to connect.
	Vsock { cid: u32, port: u32 },
	/// A UNIX socket: `unix:PATH`.
	Unix(PathBuf),
	/// `hybrid:PATH:PORT`, to connect only: a vsock port of a guest whose device is the UNIX socket
	/// at `PATH`, as that of `vhost-device-vsock`.
	Hybrid { path: PathBuf, port: u32 },
}

impl Address {
	/// Returns the address of another port of the same guest. A guest behind a UNIX socket has the
	/// socket `PATH_PORT` for it.
	pub fn with_port(&self, port: u32) -> Self {
		match self {
			Self::Vsock { cid, .. } => Self::Vsock { cid: *cid, port },
			Self::Unix(path) => {
				let mut path = path.clone().into_os_string();
				path.push(format!("_{port}"));
				Self::Unix(path.into())
			},
			Self::Hybrid { path, .. } => Self::Hybrid { path: path.clone(), port },
		}
	}

	/// Returns true if either side of a stream can end its output and still receive. The device
	/// behind a hybrid address drops the other direction as well.
	pub fn has_half_close(&self) -> bool {
		!matches!(self, Self::Hybrid { .. })
	}
}

impl FromStr for Address {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a number"));
		match text.split_once(':') {
			Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
			Some(("hybrid", rest)) => match rest.rsplit_once(':') {
				Some((path, port)) if !path.is_empty() => {
					Ok(Self::Hybrid { path: path.into(), port: number(port)? })
				},
				_ => Err(format!("{text:?} is not hybrid:PATH:PORT")),
			},
			Some(("vsock", rest)) => Ok(match rest.split_once(':') {
				Some((cid, port)) => Self::Vsock { cid: number(cid)?, port: number(port)? },
				None => Self::Vsock { cid: VMADDR_CID_ANY, port: number(rest)? },
			}),
			_ => {
				Err(format!("{text:?} is none of vsock:[CID:]PORT, unix:PATH and hybrid:PATH:PORT"))
			},
		}
	}
}

impl fmt::Display for Address {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Vsock { cid, port } if *cid == VMADDR_CID_ANY => write!(f, "vsock:{port}"),
			Self::Vsock { cid, port } => write!(f, "vsock:{cid}:{port}"),
			Self::Unix(path) => write!(f, "unix:{}", path.display()),
			Self::Hybrid { path, port } => write!(f, "hybrid:{}:{port}", path.display()),
		}
	}
}

/// A byte stream between a host and an agent, over vsock or a UNIX socket.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The highest privileged port of vsock. Only a privileged process can use a port up to this one as
/// its source port.
pub const MAX_PRIVILEGED_PORT: u32 = 1023;
/// The lowest source port that [`connect`] tries. Lower ports are left to other services of the
/// host.
const MIN_SOURCE_PORT: u32 = 512;

/// Time that the device behind a hybrid address has to reach its guest.
const HYBRID_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum length of its answer: `OK`, a port and a line feed.
const MAX_HYBRID_ANSWER: usize = 32;

/// Connects to an agent. Over vsock, the source port is privileged, because agents accept no other
/// source port.
///
/// ## Errors
/// Fails when nothing listens at the address, or when the socket is not accessible. Over vsock it
/// also fails without the capability `CAP_NET_BIND_SERVICE`. A hybrid address also fails when the
/// guest does not answer in time.
pub async fn connect(address: &Address) -> io::Result<Box<dyn Stream>> {
	Ok(match address {
		Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
		Address::Hybrid { path, port } => {
			let connecting = timeout(HYBRID_TIMEOUT, connect_hybrid(path, *port));
			Box::new(connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??)
		},
		Address::Vsock { cid, port } => {
			let peer = VsockAddr::new(*cid, *port);
			// The call blocks, but the kernel gives up after two seconds.
			let connecting = tokio::task::spawn_blocking(move || connect_privileged(&peer));
			let connected = connecting.await.map_err(io::Error::other)??;
			Box::new(VsockStream::new(connected)?)
		},
	})
}

/// Asks a device for a port of its guest. The device drops what is sent before its answer, so this
/// waits for the answer, and reads nothing beyond it.
async fn connect_hybrid(path: &Path, port: u32) -> io::Result<UnixStream> {
	let mut stream = UnixStream::connect(path).await?;
	stream.write_all(format!("CONNECT {port}\n").as_bytes()).await?;
	let mut answer = Vec::new();
	while answer.last() != Some(&b'\n') {
		let mut byte = [0];
		if answer.len() == MAX_HYBRID_ANSWER || stream.read(&mut byte).await? == 0 {
			let why = format!("the guest accepts no connection on port {port}");
			return Err(io::Error::new(io::ErrorKind::ConnectionRefused, why));
		}
		answer.extend(byte);
	}
	if !answer.starts_with(b"OK ") {
		return Err(io::Error::new(io::ErrorKind::InvalidData, "the device's answer is not OK"));
	}
	Ok(stream)
}

fn connect_privileged(peer: &VsockAddr) -> io::Result<vsock::VsockStream> {
	let socket = socket(AddressFamily::Vsock, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
	bind_privileged(&socket)?;
	connect_socket(socket.as_raw_fd(), peer)?;
	Ok(vsock::VsockStream::from(socket))
}

/// Binds a socket to a free privileged port.
fn bind_privileged(socket: &OwnedFd) -> io::Result<()> {
	for port in (MIN_SOURCE_PORT..=MAX_PRIVILEGED_PORT).rev() {
		match bind(socket.as_raw_fd(), &VsockAddr::new(VMADDR_CID_ANY, port)) {
			Ok(()) => return Ok(()),
			Err(Errno::EADDRINUSE) => {},
			Err(Errno::EACCES) => {
				let why = "a privileged vsock port needs root or CAP_NET_BIND_SERVICE";
				return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
			},
			Err(error) => return Err(error.into()),
		}
	}
	Err(io::Error::new(io::ErrorKind::AddrInUse, "all privileged vsock ports are in use"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn valid_addresses_round_trip() {
		for text in
			["unix:/run/hccam.sock", "vsock:5000", "vsock:3:5000", "hybrid:/run/a:b.sock:22"]
		{
			let address: Address = text.parse().expect("an address");
			assert_eq!(address.to_string(), text);
		}
	}

	#[test]
	fn invalid_addresses_are_refused() {
		for text in [
			"",
			"unix:",
			"vsock:x",
			"tcp:1:2",
			"/run/hccam.sock",
			"hybrid:",
			"hybrid:/run/a",
			"hybrid::22",
			"hybrid:/run/a:x",
		] {
			assert!(text.parse::<Address>().is_err(), "{text}");
		}
	}

	#[test]
	fn other_port_belongs_to_same_guest() {
		for (text, wanted) in [
			("vsock:3:5000", "vsock:3:22"),
			("unix:/run/vm-1.sock", "unix:/run/vm-1.sock_22"),
			("hybrid:/run/vm.sock:1", "hybrid:/run/vm.sock:22"),
		] {
			let address: Address = text.parse().expect("an address");
			assert_eq!(address.with_port(22).to_string(), wanted);
		}
	}

	/// Answers one connection to a device with `answer`, and then with `data`.
	async fn connected(answer: &'static [u8], data: &'static [u8]) -> io::Result<Vec<u8>> {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("vm.sock");
		let listener = tokio::net::UnixListener::bind(&path).expect("bound");
		let device = tokio::spawn(async move {
			let (mut stream, _) = listener.accept().await.expect("accepted");
			let mut request = [0; 11];
			stream.read_exact(&mut request).await.expect("a request");
			assert_eq!(&request, b"CONNECT 22\n");
			stream.write_all(&[answer, data].concat()).await.expect("answered");
		});
		let stream = connect(&Address::Hybrid { path, port: 22 }).await;
		device.await.expect("the device does not fail");
		let mut read = Vec::new();
		stream?.read_to_end(&mut read).await?;
		Ok(read)
	}

	#[tokio::test]
	async fn answer_of_device_is_no_data() {
		assert_eq!(connected(b"OK 1073741824\n", b"SSH").await.expect("connected"), b"SSH");
	}

	#[tokio::test]
	async fn closed_port_or_other_answer_is_refused() {
		let kind = |read: io::Result<Vec<u8>>| read.expect_err("refused").kind();
		assert_eq!(kind(connected(b"", b"").await), io::ErrorKind::ConnectionRefused);
		assert_eq!(kind(connected(b"NO\n", b"").await), io::ErrorKind::InvalidData);
		assert_eq!(kind(connected(&[b'O'; 40], b"").await), io::ErrorKind::ConnectionRefused);
	}
}
