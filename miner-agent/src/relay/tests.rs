//! A relay to VMs that are UNIX sockets of this process.

use std::{net::SocketAddr, path::Path};

use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::vm::{console_statement, VmId};
use hcc_guest_protocol::{
	relay::{ConsoleProof, Refusal, RelayRequest, RelayResponse, Service, VERSIONS},
	Session,
};
use tempfile::TempDir;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::{TcpListener, TcpStream, UnixListener},
	time::timeout,
};

use super::*;

const GENESIS: [u8; 32] = [1; 32];
const MINER: [u8; 32] = [2; 32];
const TIMEOUT: Duration = Duration::from_secs(20);
/// VMs of the test: one that runs, and one that has crashed.
const RUNNING: VmId = 7;
const CRASHED: VmId = 8;

struct TwoVms(VmAccess);

impl VmDirectory for TwoVms {
	fn find(&self, vm: VmId) -> Result<VmAccess, Refusal> {
		match vm {
			RUNNING => Ok(self.0.clone()),
			CRASHED => Err(Refusal::NotRunning),
			_ => Err(Refusal::UnknownVm),
		}
	}
}

fn tenant() -> SigningKey {
	SigningKey::from_bytes(&[9; 32])
}

/// A relay with its VM in a folder.
struct World {
	folder: TempDir,
	relay: SocketAddr,
}

impl World {
	/// Starts a relay. The agent of its VM is at `vm.sock` in the folder, by an address that starts
	/// with `scheme`.
	async fn with(config: RelayConfig, agent: impl Fn(&Path) -> String) -> Self {
		let folder = tempfile::tempdir().expect("a folder");
		let console = folder.path().join("console.log");
		std::fs::write(&console, "booting\n").expect("written");
		let access = VmAccess {
			genesis: GENESIS,
			miner: MINER,
			agent: Some(agent(&folder.path().join("vm.sock"))),
			published: vec![443, 444],
			console: Some(console),
			signer: tenant().verifying_key().to_bytes(),
		};
		let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
		let relay = listener.local_addr().expect("an address");
		tokio::spawn(Arc::new(Relay::new(TwoVms(access), &config)).accept(listener));
		Self { folder, relay }
	}

	async fn new(config: RelayConfig) -> Self {
		Self::with(config, |path| format!("unix:{}", path.display())).await
	}

	/// Listens on a port of the VM, and answers each request with its reverse once it has ended.
	fn serve(&self, port: u32) {
		let path = self.folder.path().join(format!("vm.sock_{port}"));
		let listener = UnixListener::bind(path).expect("bound");
		tokio::spawn(async move {
			while let Ok((mut stream, _)) = listener.accept().await {
				tokio::spawn(async move {
					let mut request = Vec::new();
					stream.read_to_end(&mut request).await.expect("read");
					request.reverse();
					stream.write_all(&request).await.expect("written");
				});
			}
		});
	}

	/// Requests a service. Returns the session and the first response.
	async fn request(&self, request: RelayRequest) -> (Session<TcpStream>, RelayResponse) {
		let stream = TcpStream::connect(self.relay).await.expect("connected");
		let mut session = Session::connect(stream, VERSIONS).await.expect("negotiated");
		session.send(&request).await.expect("sent");
		let response = next(&mut session).await;
		(session, response)
	}

	/// Opens a service of the VM that runs.
	async fn open(&self, service: Service) -> Result<TcpStream, Refusal> {
		let request = RelayRequest { genesis: GENESIS, vm: RUNNING, service };
		match self.request(request).await {
			(session, RelayResponse::Open) => Ok(session.into_stream()),
			(_, RelayResponse::Refused(refusal)) => Err(refusal),
			(_, other) => panic!("{other:?}"),
		}
	}

	/// Requests the console log, and proves with this key. Returns the response to the proof.
	async fn prove(&self, key: &SigningKey, vm: VmId) -> (Session<TcpStream>, RelayResponse) {
		let service = Service::Logs { follow: false };
		let request = RelayRequest { genesis: GENESIS, vm: RUNNING, service };
		let (mut session, response) = self.request(request).await;
		let RelayResponse::Prove { nonce } = response else { panic!("{response:?}") };
		let signature = key.sign(&console_statement(&GENESIS, &MINER, vm, &nonce)).to_bytes();
		session.send(&ConsoleProof { signature }).await.expect("sent");
		let response = next(&mut session).await;
		(session, response)
	}
}

async fn next(session: &mut Session<TcpStream>) -> RelayResponse {
	let response = timeout(TIMEOUT, session.receive()).await.expect("in time").expect("received");
	response.expect("a response")
}

async fn read_all(mut stream: TcpStream) -> Vec<u8> {
	let mut read = Vec::new();
	let reading = timeout(TIMEOUT, stream.read_to_end(&mut read));
	reading.await.expect("in time").expect("read");
	read
}

/// Sends a request, ends it, and returns the answer.
async fn answer(mut stream: TcpStream, request: &[u8]) -> Vec<u8> {
	stream.write_all(request).await.expect("written");
	stream.shutdown().await.expect("ended");
	read_all(stream).await
}

#[tokio::test]
async fn services_of_running_vm_are_reached() {
	let world = World::new(RelayConfig::default()).await;
	world.serve(22);
	world.serve(443);
	for service in [Service::Ssh, Service::Port(443)] {
		let stream = world.open(service).await.expect("opened");
		assert_eq!(answer(stream, b"abc").await, b"cba", "{service:?}");
	}
}

#[tokio::test]
async fn each_cause_has_its_refusal() {
	let world = World::new(RelayConfig::default()).await;
	world.serve(22);
	let ssh = RelayRequest { genesis: GENESIS, vm: RUNNING, service: Service::Ssh };
	for (request, refusal) in [
		(RelayRequest { genesis: [0; 32], ..ssh }, Refusal::WrongChain),
		(RelayRequest { vm: 9, ..ssh }, Refusal::UnknownVm),
		(RelayRequest { vm: CRASHED, ..ssh }, Refusal::NotRunning),
		(RelayRequest { service: Service::Port(22), ..ssh }, Refusal::NotPublished),
		(RelayRequest { service: Service::Port(444), ..ssh }, Refusal::Unreachable),
	] {
		let (session, response) = world.request(request).await;
		assert_eq!(response, RelayResponse::Refused(refusal));
		assert_eq!(read_all(session.into_stream()).await, b"", "the relay closes the stream");
	}
}

#[tokio::test]
async fn connections_are_limited_and_free_again() {
	let limits = RelayConfig { connections_per_vm: 2, ..RelayConfig::default() };
	let world = World::new(limits).await;
	world.serve(22);
	let first = world.open(Service::Ssh).await.expect("opened");
	let _second = world.open(Service::Ssh).await.expect("opened");
	assert_eq!(world.open(Service::Ssh).await.err(), Some(Refusal::TooManyForVm));
	assert_eq!(answer(first, b"").await, b"");
	let again = async {
		while world.open(Service::Ssh).await.is_err() {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	timeout(TIMEOUT, again).await.expect("a place is free again");

	let world = World::new(RelayConfig { connections: 1, ..RelayConfig::default() }).await;
	world.serve(22);
	let _first = world.open(Service::Ssh).await.expect("opened");
	assert_eq!(world.open(Service::Ssh).await.err(), Some(Refusal::TooMany));
}

#[tokio::test]
async fn device_without_half_close_answers_completely() {
	let world =
		World::with(RelayConfig::default(), |path| format!("hybrid:{}:1", path.display())).await;
	let listener = UnixListener::bind(world.folder.path().join("vm.sock")).expect("bound");
	let device = tokio::spawn(async move {
		let (mut stream, _) = listener.accept().await.expect("accepted");
		let mut connect = [0; 11];
		stream.read_exact(&mut connect).await.expect("read");
		assert_eq!(&connect, b"CONNECT 22\n");
		// The device would drop bytes of a client before this answer.
		let early = timeout(Duration::from_millis(100), stream.read_u8()).await;
		assert!(early.is_err(), "nothing comes before the answer");
		stream.write_all(b"OK 1\nSSH-2.0-test\r\n").await.expect("written");
		let mut request = [0; 3];
		stream.read_exact(&mut request).await.expect("read");
		// The device drops the VM's output once it reads the end of the client's.
		let end = timeout(Duration::from_millis(100), stream.read_u8()).await;
		assert!(end.is_err(), "the end of the client's output must not come");
		stream.write_all(b"answer").await.expect("written");
	});
	let stream = world.open(Service::Ssh).await.expect("opened");
	assert_eq!(answer(stream, b"abc").await, b"SSH-2.0-test\r\nanswer");
	device.await.expect("the device saw what it should");
}

#[tokio::test]
async fn console_log_needs_key_of_configuration() {
	let world = World::new(RelayConfig::default()).await;
	let (session, response) = world.prove(&tenant(), RUNNING).await;
	assert_eq!(response, RelayResponse::Open);
	assert_eq!(read_all(session.into_stream()).await, b"booting\n");
	let other = SigningKey::from_bytes(&[8; 32]);
	let refused = RelayResponse::Refused(Refusal::NotTheTenant);
	assert_eq!(world.prove(&other, RUNNING).await.1, refused);
	assert_eq!(world.prove(&tenant(), CRASHED).await.1, refused, "a proof for another VM");
}

#[tokio::test]
async fn silent_and_malformed_clients_are_dropped() {
	let world = World::new(RelayConfig::default()).await;
	let silent = TcpStream::connect(world.relay).await.expect("connected");
	for bytes in [&b"SSH-2.0-client\r\n"[..], &[0, 0, 0, 2, 0, 1, 1, 0, 0x10, 0, 0, 1]] {
		let mut stream = TcpStream::connect(world.relay).await.expect("connected");
		stream.write_all(bytes).await.expect("written");
		let mut read = Vec::new();
		// The relay may reset the connection.
		let ended = timeout(Duration::from_secs(4), stream.read_to_end(&mut read)).await;
		assert!(ended.is_ok(), "{bytes:?}");
		assert!(read.len() <= 7, "at most the negotiation is answered: {read:?}");
	}
	assert_eq!(read_all(silent).await, b"");
}
